"""Nothing of a submission acts in the page of a grader or a student, and nothing honest is lost."""

import base64
import copy
import functools
import json
import re
import time
from pathlib import Path

import nbformat
import nbgrader
import pytest
from attacks import PICTURE, TAGS, VECTORS, Acting, hostile
from browser import FLAGS, chromium_or_skip
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from traitlets.config import Config

from effcv_lab.grading.harmless import make_harmless
from effcv_lab.grading.harmless_text import JOINER, MOST_COLOURS, passive, printed

FORMGRADER = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader"
SITE = "http://formgrader.test"
#: What the templates themselves are given besides the notebook.
RESOURCES = {
    "formgrade": {
        **{"assignment_id": "a1", "notebook_id": "a1", "submission_id": "0123", "base_url": SITE},
        **{"index": 0, "total": 1, "student": "s", "last_name": None, "first_name": None},
        "notebook_path": "autograded/s/a1/a1.ipynb",
    },
    "feedback": {"nbgrader": {"notebook": "a1", "score": 1, "max_score": 2, "late_penalty": 0}},
}
TEMPLATES = list(RESOURCES)


@functools.cache
def exporter(template):
    """Return nbconvert's exporter with a template of nbgrader's, as nbgrader makes it."""
    config = Config()
    config.HTMLExporter.template_name = template
    config.HTMLExporter.extra_template_basedirs = [str(FORMGRADER / "templates")]
    css = FORMGRADER / "static" / "node_modules" / "bootstrap" / "dist" / "css"
    config.HTMLExporter.extra_template_paths = [str(css)]
    return HTMLExporter(config=config)


def page(notebook, template):
    resources = copy.deepcopy(RESOURCES[template])
    return exporter(template).from_notebook_node(notebook, resources)[0]


def harmless(notebook):
    node = nbformat.from_dict(copy.deepcopy(notebook))
    make_harmless(node)
    return node


def markdown(text, **nbgrader):
    metadata = {"nbgrader": nbgrader} if nbgrader else {}
    return {"cell_type": "markdown", "source": text, "metadata": metadata, "id": "a"}


def code(*outputs):
    cell = {"cell_type": "code", "source": "1", "metadata": {}, "id": "a", "execution_count": None}
    return cell | {"outputs": list(outputs)}


def notebook(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def display(data, metadata=None, kind="display_data"):
    return {"output_type": kind, "data": data, "metadata": metadata or {}}


def shown(output):
    return harmless(notebook(code(output))).cells[0].outputs[0]


@functools.cache
def calm(template):
    return Acting(page(harmless(hostile("calm text")), template))


def test_the_look_for_what_acts_finds_it():
    """Without making them harmless, most of the vectors are found in a page: the test below can fail."""
    for template in TEMPLATES:
        quiet = Acting(page(nbformat.from_dict(notebook(markdown("calm"))), template)).found
        loud = [
            Acting(page(nbformat.from_dict(notebook(markdown(vector))), template)).found
            for vector in VECTORS
            if "attachment:" not in vector
        ]
        assert sum(found != quiet for found in loud) > len(VECTORS) / 2


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_of_a_submission_acts_in_a_page_of_nbgrader_s(template):
    assert len(VECTORS) >= 40
    for vector in VECTORS:
        acting = Acting(page(harmless(hostile(vector)), template))
        assert acting.found == calm(template).found, vector
        assert acting.ids["why"] == calm(template).ids["why"], vector


PIECES = ["<", ">", "/", "!", "?", "\\", "&", "#", "#x3c;", "lt;", "script", "img", " src=x ", "onerror=alert(1)", "a href=",
          "javascript", ":", "data:", "&colon;", "[", "]", "(", ")", "x", " ", "\n", "\n\n", "\t", "\r", "\x00", "\x01", "`", "```",
          "mermaid\n", "$", "$$", "|", "-", "=", ">", "* ", "1. ", "'", '"', "http://e.example/", "<details>", "</details>",
          "<summary>", "</div>", "files/", JOINER, "\u2028", "\x85", "é", "\\begin{a}", "\\end{a}", "<!--", "-->", "]]>"]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=2, max_size=25).map("".join))
def test_no_text_made_of_dangerous_pieces_acts(text):
    made, _ = passive(text)
    assert Acting(markdown2html_mistune(made)).found == {}
    assert passive(made)[0] == made, "it is passive already"
    assert made.replace(JOINER, "").split() == without_controls(text).replace(JOINER, "").split()


def without_controls(text):
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or not (c < " " or "\x7f" <= c <= "\x9f" or c in "\u2028\u2029"))  # fmt: skip


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def paths(found, at=()):
    """Return the places of all values in a notebook."""
    yield at
    items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()  # fmt: skip
    for key, value in items:
        yield from paths(value, (*at, key))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_wrong_types_anywhere_raise_nothing_and_leave_a_valid_notebook(data):
    found = hostile("<b>")
    for _ in range(3):
        *way, last = data.draw(st.sampled_from([p for p in paths(found) if p]))
        place = functools.reduce(lambda inner, key: inner[key], way, found)
        place[last] = data.draw(ANYTHING)
    node = harmless(found)
    nbformat.validate(node)
    json.dumps(node, allow_nan=False)
    page(node, "formgrade")


def test_a_heading_does_not_take_the_id_of_a_box_for_points():
    """formgrader finds a box by the id that is its cell's name; nbconvert gives headings their text as id."""
    box = markdown("x", schema_version=3, grade_id="test_half", grade=True, solution=True, locked=False, points=2)  # fmt: skip
    for text in ("# test_half", "#test_half", "> ## test\\_half", "test_half\n=====", "- test_half\n  ---", "# t*es*t_half"):  # fmt: skip
        acting = Acting(page(harmless(notebook(markdown(text), box)), "formgrade"))
        assert acting.ids["test_half"] == 1, text


def test_locked_cells_are_the_course_s_own_and_stay():
    text = (
        "<details><summary>Hint</summary>\n\n![a](b.png) <b>bold</b> &amp; $\\href{x}{y}$</details>"
    )
    locked = markdown(text, schema_version=3, grade_id="q", locked=True, grade=False, solution=False)  # fmt: skip
    node = nbformat.from_dict(notebook(locked))
    assert make_harmless(node) == []
    assert node.cells[0].source == text


def test_an_honest_text_is_not_touched():
    text = (
        "*Because* I measured it: 2 < 3 and `a<=b`, see [the paper](https://arxiv.org/abs/1503.02531) or https://example.org/a?b=1.\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n1. one\n2. two\n\n---\n\n$$\\frac{a}{b} \\begin{aligned} x &= y \\end{aligned}$$\n\n"
        "```python\nx = y[0](1) if a & b else c  # no comment\n```\n\n<details><summary>More</summary>\n\ntext\n\n</details>"
    )
    made, kinds = passive(text)
    assert made.replace(f"]{JOINER}(1)", "](1)").replace(f"#{JOINER}", "#").replace(f"# {JOINER}", "# ") == text  # fmt: skip
    assert set(kinds) <= {"links that are not plain"}
    assert 'href="https://arxiv.org/abs/1503.02531"' in markdown2html_mistune(made)


def test_each_kind_of_change_is_told_once():
    node = nbformat.from_dict(hostile("<b>[x](javascript:alert(1))\x1b[2J"))
    lines = make_harmless(node)
    assert len(lines) == len(set(lines))
    for words in ("HTML", "widgets", "JavaScript", "PDF", "attachments", "links that are not plain", "ids of cells"):  # fmt: skip
        assert any(words in line for line in lines), words
    assert make_harmless(node) == [], "nothing is left to change"


def test_pictures_text_and_colours_stay():
    kept = shown(display({"image/png": PICTURE, "text/html": "<b>", "text/plain": "<Figure>"}))
    assert kept.data == {"image/png": PICTURE, "text/plain": "<Figure>"}
    assert shown(display({"text/plain": ["0", ".5"]}, kind="execute_result")).data == {"text/plain": "0.5"}  # fmt: skip
    red = "\x1b[1;31mred\x1b[0m"
    assert shown({"output_type": "stream", "name": "stdout", "text": red}).text == red
    jpeg = base64.b64encode(b"\xff\xd8\xff\xe0 ...").decode()
    assert shown(display({"image/jpeg": jpeg[:8] + "\n" + jpeg[8:]})).data == {"image/jpeg": jpeg}


def test_a_picture_keeps_its_alt_text_alone():
    given = {"image/png": {"alt": 'a "curve"', "width": 7}, "isolated": True}
    assert shown(display({"image/png": PICTURE}, given)).metadata == {
        "image/png": {"alt": "a curve"}
    }


@pytest.mark.parametrize(
    ("data", "words"),
    {
        "widget": ({"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider(value=0)"}, "a widget: shown only in a live notebook"),
        "html": ({"text/html": "<b>", "text/plain": "<IPython.core.display.HTML object>"}, "HTML: not shown"),
        "svg": ({"image/svg+xml": "<svg/>"}, "a drawing (SVG): not shown"),
        "script": ({"application/javascript": "alert(1)"}, "JavaScript: not run"),
        "no_png": ({"image/png": base64.b64encode(b"<svg onload=alert(1)>").decode()}, "a picture that is none: not shown"),
        "no_base64": ({"image/png": PICTURE + '"onerror="alert(1)'}, "a picture that is none: not shown"),
        "unknown": ({"application/x-thing": "x"}, "something of a kind that is not shown"),
        "nothing": ({}, "something of a kind that is not shown"),
    }.values(),
)  # fmt: skip
def test_where_nothing_is_left_it_says_what_stood_there(data, words):
    assert shown(display(data)).data == {"text/plain": f"[{words}]"}


def test_of_a_terminal_s_escapes_only_colours_stay():
    text = "\x1b[2J\x1b[1;1Ha\x1b[31mb\x1b[0m\x1b]0;title\x07c\x1bPq\x1b\\d\x9b5me\x08\x00f"
    assert printed(text) == "a\x1b[31mb\x1b[0mcdef"
    assert printed("10 %\r20 %\r\nnext") == "20 %\nnext"


def test_many_colours_and_long_lines_take_no_time():
    started = time.perf_counter()
    text = printed("\x1b[31m" * 200_000 + "x")
    printed("\x1b[" * 500_000)
    printed("\r" * 1_000_000)
    passive("[" * 50_000 + "<" * 50_000 + "#" * 50_000 + "&" * 50_000 + "\\" * 50_000 + "=" * 50_000)  # fmt: skip
    assert text == "x"
    assert printed("\x1b[31m" * MOST_COLOURS + "x") == "\x1b[31m" * MOST_COLOURS + "x"
    assert time.perf_counter() - started < 5


def test_settings_of_nbgrader_stay_where_they_have_their_type():
    noted = {"schema_version": 3, "grade_id": "test_half", "grade": True, "solution": False, "locked": True,
             "points": 4, "score": 2.5, "checksum": "0af", "cell_type": "code", "comment": "good", "task": False}  # fmt: skip
    cell = code() | {"metadata": {"nbgrader": noted | {"other": "<b>"}, "slideshow": {}}}
    assert harmless(notebook(cell)).cells[0].metadata == {"nbgrader": noted}
    for wrong in ({"points": float("nan")}, {"points": 10**400}, {"points": "4"}, {"score": True}):
        cell = code() | {"metadata": {"nbgrader": noted | wrong}}
        kept = harmless(notebook(cell)).cells[0].metadata.nbgrader
        assert kept.get("points" if "points" in wrong else "score") in (0, None), "0 of 0 points"


LOOK = """([text, tags]) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const found = [];
    for (const element of page.querySelectorAll("*")) {
        const tag = element.localName;
        const box = tag === "input" && element.type === "checkbox" && element.disabled;
        if (tags.includes(tag) && !box) found.push(tag);
        for (const { name, value } of element.attributes) {
            const squeezed = value.toLowerCase().replace(/[\\u0000- ]/g, "");
            const acts = name !== "alt" && /^(javascript|vbscript|data|blob|file):/.test(squeezed);
            if (name.startsWith("on") || (acts && !squeezed.startsWith("data:image/png;base64,")))
                found.push(`${tag} ${name}`);
        }
    }
    return found.sort();
}"""
CHECKED = sorted(TAGS - {"a", "img", "html", "head", "body", "title"})
CLICK_ALL = """() => {
    for (const element of document.querySelectorAll(".rendered_html *, .output *"))
        for (const kind of ["mouseover", "click", "focus", "toggle"])
            if (kind !== "click" || !element.closest("a[href^='http']")) // a plain link leads away
                element.dispatchEvent(new MouseEvent(kind, { bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def tab():
    path = chromium_or_skip()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        tab = browser.new_page()
        tab.set_default_timeout(60_000)
        yield tab
        browser.close()


@functools.cache
def all_in_one(template, calm=False):
    """Return the page of a notebook that holds every vector, or as often nothing that could act."""
    everything = hostile("calm text")
    for vector in VECTORS:
        everything["cells"] += hostile("calm text" if calm else vector)["cells"][:5]
    return page(harmless(everything), template)


@pytest.mark.browser
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_browser_s_own_parser_finds_nothing_of_a_submission_that_acts(tab, template):
    found, calm = (tab.evaluate(LOOK, [all_in_one(template, calm), CHECKED]) for calm in (0, 1))
    assert found == calm
    bare = page(nbformat.from_dict(notebook(markdown("<img src=x onerror=alert(1)>"))), template)
    assert "img onerror" in tab.evaluate(LOOK, [bare, CHECKED]), (
        "what is not made harmless is found"
    )


def opened(tab, text):
    """Open a formgrader's page with formgrader's own scripts, touch all of it, and return what happened."""
    happened = []

    def answer(route):
        path = route.request.url.removeprefix(f"{SITE}/formgrader/static/")
        file = FORMGRADER / "static" / path
        if route.request.url == f"{SITE}/page":
            route.fulfill(body=text, content_type="text/html")
        elif route.request.url.startswith(f"{SITE}/formgrader/static/") and file.is_file():
            route.fulfill(path=file)
        elif route.request.url.startswith(f"{SITE}/formgrader/api/"):
            route.fulfill(body="[]", content_type="application/json")
        else:
            happened.append(f"asked for {route.request.url}")
            route.abort()

    def dialog(box):
        happened.append(f"dialog {box.message}")
        box.dismiss()

    tab.route("**/*", answer)
    tab.on("dialog", dialog)
    tab.goto(f"{SITE}/page")
    tab.evaluate(CLICK_ALL)
    tab.wait_for_timeout(500)
    happened.append(f"at {re.split('[?#]', tab.url)[0]}")
    tab.unroute("**/*")
    tab.remove_listener("dialog", dialog)
    return sorted(set(happened))


@pytest.mark.browser
def test_nothing_of_a_submission_runs_when_its_page_is_opened_and_clicked_through(tab):
    assert opened(tab, all_in_one("formgrade")) == opened(tab, all_in_one("formgrade", calm=True))
    bare = nbformat.from_dict(notebook(markdown("<img src=x onerror=alert(1)>")))
    assert "dialog 1" in opened(tab, page(bare, "formgrade")), "what is not made harmless runs"
