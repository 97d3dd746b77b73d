"""The distillation bench in a real JupyterLab: mouse, keyboard, Python, themes, restart."""

from __future__ import annotations

import json
import math

import pytest
from live_demo import (
    changed_by_keys,
    contrast,
    exported,
    glide_seconds,
    last_frame,
    meet,
    middle,
    misfits,
    only_live,
    press,
    run_again,
    stage,
    stops,
)

pytestmark = pytest.mark.browser

SETUP = """
import torch
from effcv_lab.widgets.bench import DistillationBench
from effcv_lab.widgets.presets import Preset

classes = ["shirt", "sandal", "sneaker", "ankle boot"]
rows = {
    "easy": ([-3.1, 1.1, 2.8, 9.7], [-1.1, 0.1, 1.8, 4.7], 3),
    "hard": ([-3.1, 6.1, 7.8, 7.7], [2.1, 3.1, -4.8, 0.7], 3),
    "wrong": ([0.0, 9.0, 1.0, 2.0], [1e4, -1e4, 0.0, 3.0], 2),
}
presets = [
    Preset(name, v, classes, torch.rand(28, 28), student_logits=z, caption=f"Case {name}.")
    for name, (v, z, _) in rows.items()
]
labels = [label for *_, label in rows.values()]
bench = DistillationBench(presets, labels)
def back():
    with bench.hold_sync():
        bench.temperature, bench.alpha, bench.chosen, bench.squared = 4, 0.5, 0, True
"""
OTHER = "other = DistillationBench(presets[:1], labels[:1]); other"
ROOT = ".effcv-bench"
SLIDERS = f"{ROOT} .demo-slider"  # 0: temperature, 1: alpha
FIELDS = f"{ROOT} .demo-field"
SWITCH = f"{ROOT} .db-check"
OPTIONS = f"{ROOT} .db-example"


def state(lab, view=0):
    """Return what the browser computed for its last frame."""
    return last_frame(lab, ROOT, "bench", view)


def python(lab):
    """Return what Python holds and computed."""
    return json.loads(
        lab.python(
            "import json\n"
            "print(json.dumps(dict(temperature=bench.temperature, alpha=bench.alpha,"
            " chosen=bench.chosen, squared=bench.squared, losses=bench.losses._asdict(),"
            " gradients={k: g.tolist() for k, g in bench.gradients._asdict().items()},"
            " teacher=bench.teacher_probs.tolist(), student=bench.student_probs.tolist(),"
            " bits=bench.teacher_bits)))"
        )
    )


def settle(lab):
    """Wait until browser and Python hold the same; return what each holds."""
    names = ("temperature", "alpha", "chosen", "squared")

    def same(here, there):
        return all(here[name] == there[name] for name in names)

    return meet(lab, lambda: state(lab), lambda: python(lab), same)


server, lab = stage(ROOT, SETUP, "bench", "bench", OTHER, settle=settle, height=1400)


def pressed(lab, *keys):
    press(lab, *keys)
    return settle(lab)[1]


def active(lab):
    return lab.page.evaluate("() => [document.activeElement.className, "
                             "document.activeElement.textContent]")  # fmt: skip


def test_jupyterlab_shows_the_live_view_and_not_the_still_figure(lab):
    assert only_live(lab, ROOT, 3)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_browser_and_python_agree_to_a_millionth(lab, chosen, squared):
    for temperature, alpha in ((0.5, 0.5), (1, 0), (4, 1), (20, 0.9), (100, 0.25)):
        lab.python(
            f"with bench.hold_sync():\n    bench.temperature, bench.alpha = {temperature}, {alpha}"
            f"\n    bench.chosen, bench.squared = {chosen}, {squared}"
        )
        here, there = settle(lab)
        close = {"abs": 1e-6, "rel": 1e-6}
        for name in ("teacher", "student", "losses", "bits"):
            assert here[name] == pytest.approx(there[name], **close), name
        for part in ("hard", "soft", "total"):
            assert here["gradients"][part] == pytest.approx(there["gradients"][part], **close)


def drag(lab, index, pixels):
    """Drag the thumb of a slider from its place; return the slider's travel in pixels."""
    slider = lab.page.locator(SLIDERS).nth(index)
    box = slider.bounding_box()
    share = float(slider.input_value())
    travel = box["width"] - box["height"]  # the thumb is as wide as the slider is high
    x = box["x"] + box["height"] / 2 + share * travel
    y = box["y"] + box["height"] / 2
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(x + pixels, y, steps=8)
    lab.page.mouse.up()
    return travel


def test_the_mouse_drags_both_sliders_and_python_sees_it(lab):
    travel = drag(lab, 0, 60)
    assert settle(lab)[1]["temperature"] == pytest.approx(4 * 200 ** (60 / travel), rel=0.03)
    travel = drag(lab, 1, -50)
    assert settle(lab)[1]["alpha"] == pytest.approx(0.5 - 50 / travel, abs=0.02)


def test_every_key_of_both_sliders_works_and_jupyterlab_takes_none(lab):
    cell = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    lab.page.locator(".jp-Cell .jp-InputPrompt").nth(1).click()  # command mode
    for index, name, steps in (
        (0, "temperature", [("ArrowRight", 4.1), ("ArrowDown", 4), ("PageUp", 5),
                            ("PageDown", 2), ("End", 100), ("ArrowUp", 100), ("Home", 0.5)]),
        (1, "alpha", [("ArrowRight", 0.51), ("ArrowDown", 0.5), ("PageUp", 0.6),
                      ("PageDown", 0.5), ("End", 1), ("ArrowUp", 1), ("Home", 0)]),
    ):  # fmt: skip
        lab.page.locator(SLIDERS).nth(index).focus()
        for key, value in steps:
            assert pressed(lab, key)[name] == value, (name, key)
            assert lab.page.evaluate(cell) == 1
            assert lab.page.evaluate("document.activeElement.className") == "demo-slider"


def test_numbers_can_be_typed_and_a_wrong_one_is_given_back(lab):
    for index, name, good, value, bad, words in (
        (0, "temperature", "7,5", 7.5, "0.2", "from 0.5 to 100"),
        (1, "alpha", ".25", 0.25, "1.5", "from 0 to 1"),
    ):
        field = lab.page.locator(FIELDS).nth(index)
        field.fill(good)
        assert settle(lab)[1][name] == value
        field.fill(bad)
        assert field.get_attribute("aria-invalid") == "true"
        field.press("Enter")
        assert field.input_value() == str(value)
        assert field.get_attribute("aria-invalid") == "false"
        assert words in lab.page.locator(f"{ROOT} [role=status]").first.inner_text()
        assert settle(lab)[1][name] == value


def test_an_example_is_chosen_by_mouse(lab):
    option = lab.page.locator(OPTIONS).nth(1)
    x, y = middle(lab, OPTIONS, 1)
    lab.page.mouse.click(x, y)
    assert settle(lab)[1]["chosen"] == 1
    assert option.get_attribute("aria-selected") == "true"
    caption = lab.page.locator(f"{ROOT} .demo-caption").first.inner_text()
    assert caption == "hard: the label says ankle boot. Case hard."
    spoken = lab.page.locator(f"{ROOT} [role=status]").first.inner_text()
    assert spoken.startswith("hard, label ankle boot: hard loss ")


def test_arrow_keys_move_along_the_strip_and_one_tab_stop_holds_it(lab):
    lab.page.locator(OPTIONS).first.focus()
    for key, chosen in (
        ("ArrowRight", 1), ("ArrowDown", 2), ("ArrowRight", 2), ("ArrowLeft", 1),
        ("End", 2), ("Home", 0), ("ArrowUp", 0), ("ArrowRight", 1),
    ):  # fmt: skip
        assert pressed(lab, key)["chosen"] == chosen, key
        assert active(lab) == ["db-example", ["easy", "hard", "wrong"][chosen]]
    first = lab.page.locator(ROOT).first
    selected = first.locator(".db-example").evaluate_all(
        "(options) => options.map((o) => [o.getAttribute('aria-selected'), o.tabIndex])"
    )
    assert selected == [["false", -1], ["true", 0], ["false", -1]]


def test_the_switch_takes_t_squared_away_by_mouse_and_by_space(lab):
    lab.python("bench.temperature, bench.alpha = 20, 1")
    here, _ = settle(lab)
    widths = "(root) => [...document.querySelectorAll(root + ' .db-part.db-soft')].slice(0, 4)"
    widths += ".map((part) => part.getBoundingClientRect().width)"
    before = lab.page.evaluate(widths, ROOT)
    lab.page.locator(f"{ROOT} .db-switch").first.click()
    there = settle(lab)[1]
    assert there["squared"] is False
    lab.page.wait_for_timeout(500)  # the bars glide
    after = lab.page.evaluate(widths, ROOT)
    assert max(before) > 20 > 1 > max(after)
    soft = [value / 400 for value in here["gradients"]["soft"]]
    assert there["gradients"]["soft"] == pytest.approx(soft, rel=1e-6)
    note = lab.page.locator(f"{ROOT} .db-entry").nth(1).inner_text()
    assert "without T²" in note
    spoken = lab.page.locator(f"{ROOT} [role=status]").first.inner_text()
    assert spoken.startswith("Without T²: the teacher’s push has length ")
    lab.page.locator(SWITCH).first.focus()
    assert pressed(lab, "Space")["squared"] is True
    assert "T² · KL" in lab.page.locator(f"{ROOT} .db-entry").nth(1).inner_text()


def test_no_key_touches_the_notebook(lab):
    controls = [OPTIONS, SLIDERS, SWITCH]
    assert changed_by_keys(lab, controls, ["x", "b", "y", "ArrowUp"]) is None


def geometry(lab):
    """Return, for each class of the first view, where its bars and its mark are drawn."""
    return lab.page.evaluate(
        """(root) => [...document.querySelector(root).querySelectorAll(
            '.demo-row:not(.demo-head, .demo-axis)')].map((row) => {
            const box = (name) => row.querySelector(name).getBoundingClientRect();
            const push = box('.db-push'), zero = (push.left + push.right) / 2;
            const part = (name) => {
                const { left, right } = box(name);
                return [left - zero, right - zero];
            };
            return {
                half: push.width / 2, hard: part('.db-part.db-hard'), soft: part('.db-part.db-soft'),
                sum: part('.db-mark'), teacher: box('.demo-bar.demo-teacher').width,
                student: box('.demo-bar.demo-student').width, room: box('.demo-bars').width,
            };
        })""",
        ROOT,
    )


@pytest.mark.parametrize("chosen", [0, 1])
def test_bars_are_as_long_as_their_numbers_and_point_against_the_gradient(lab, chosen):
    lab.python(f"bench.chosen, bench.temperature, bench.alpha = {chosen}, 3, 0.6")
    here, there = settle(lab)
    lab.page.wait_for_timeout(400)
    last = lab.page.locator(f"{ROOT} .demo-axis .db-push > span").nth(4).inner_text()
    reach = float(last.replace("+", ""))
    for k, row in enumerate(geometry(lab)):
        for part in ("hard", "soft"):
            push = -there["gradients"][part][k] / reach * row["half"]
            assert row[part] == pytest.approx([min(push, 0), max(push, 0)], abs=1), (part, k)
        total = -there["gradients"]["total"][k] / reach * row["half"]
        assert sum(row["sum"]) / 2 == pytest.approx(total, abs=1)
        for whose in ("teacher", "student"):
            assert row[whose] == pytest.approx(here[whose][k] * row["room"], abs=1.5)
    label = geometry(lab)[3]
    assert label["hard"][1] > 1  # the label pushes its own logit up, and only that one
    assert all(row["hard"][0] < 0.1 for row in geometry(lab))


def test_only_another_picture_changes_the_axis_and_every_push_fits(lab):
    def axis():
        return lab.page.locator(f"{ROOT} .demo-axis .db-push").first.inner_text()

    for chosen in (0, 1, 2):
        lab.python(f"bench.chosen = {chosen}")
        settle(lab)
        seen = set()
        for temperature in (0.5, 3, 100):
            for alpha in (0, 1):
                lab.python(f"bench.temperature, bench.alpha = {temperature}, {alpha}")
                settle(lab)
                seen.add(axis())
                for row in geometry(lab):
                    for part in ("hard", "soft", "sum"):
                        assert max(map(abs, row[part])) <= row["half"] + 3
        assert len(seen) == 1


def test_the_rows_say_class_label_numbers_and_pushes(lab):
    lab.python("bench.alpha = 0.25")
    there = settle(lab)[1]
    first = lab.page.locator(ROOT).first
    tagged = first.locator(".db-tag").evaluate_all("(tags) => tags.map((t) => t.offsetWidth > 0)")
    assert tagged == [False, False, False, True]
    row = first.locator(".demo-row[role=row]").nth(4)
    p, q = there["teacher"][3], there["student"][3]
    push = {part: -there["gradients"][part][3] for part in ("hard", "soft", "total")}
    said = row.evaluate("(row) => row.textContent")
    assert f"ankle bootlabelteacher {p:.3f}student {q:.3f}" in said
    assert (
        f"label +{push['hard']:.3f}, teacher +{push['soft']:.3f}, sum +{push['total']:.3f}" in said
    )


def test_the_line_of_numbers_is_python_s(lab):
    there = settle(lab)[1]
    values = lab.page.locator(ROOT).first.locator(".db-entry b").all_inner_texts()
    length = {part: math.hypot(*there["gradients"][part]) for part in ("hard", "soft")}
    wanted = [*(there["losses"][part] for part in ("hard", "soft", "total"))]
    wanted += [length["hard"], length["soft"]]
    assert values == [*(f"{number:.3f}" for number in wanted), f"{there['bits']:.2f} bits"]


def test_screen_readers_hear_names_and_sensible_values(lab):
    there = settle(lab)[1]
    page = lab.page
    losses = there["losses"]
    spoken = f"soft loss {losses['soft']:.2f}, total {losses['total']:.2f}"
    slider = page.get_by_role("slider", name="Temperature T").first
    bits = f"teacher’s entropy {there['bits']:.2f} bits"
    assert slider.get_attribute("aria-valuetext") == f"T = 4; {spoken}; {bits}"
    slider = page.get_by_role("slider", name="α, weight of the teacher").first
    assert slider.get_attribute("aria-valuetext") == f"α = 0.5; {spoken}"
    assert page.get_by_role("textbox", name="Temperature T").count() == 3
    assert page.get_by_role("textbox", name="α, weight of the teacher").count() == 3
    assert page.get_by_role("switch", name="without T²").count() == 3
    assert page.get_by_role("listbox", name="Examples").count() == 3
    assert page.get_by_role("option", name="wrong, label sneaker").count() == 2
    assert page.get_by_role("row", name="ankle boot").count() == 3
    assert page.get_by_role("cell").count() == 2 * 3 * 4  # each with a header:
    assert page.get_by_role("columnheader", name="probabilities").count() == 3
    assert page.get_by_role("columnheader", name="pushes on the student’s logit").count() == 3
    assert page.get_by_role("columnheader").count() == 3 * 3
    assert page.get_by_role("region", name="Distillation bench").count() == 3


def test_two_benches_on_a_page_share_no_id(lab):
    ids = lab.page.evaluate(
        "(root) => [...document.querySelectorAll(root + ' [id]')].map((node) => node.id)", ROOT
    )
    assert len(ids) == len(set(ids)) == 15
    lab.page.locator(ROOT).nth(2).locator(".db-switch").click()
    lab.page.wait_for_function("(r) => document.querySelectorAll(r)[2].bench.squared === false",
                               arg=ROOT)  # fmt: skip
    assert state(lab, 0)["squared"] is True
    lab.python("other.squared = True")


def test_the_tab_key_reaches_every_control_in_order_with_a_visible_ring(lab):
    lab.page.locator(FIELDS).first.focus()
    lab.page.keyboard.press("Shift+Tab")
    names = ["db-example", "demo-field", "demo-slider", "demo-field", "demo-slider", "db-check"]
    assert stops(lab, 6) == [[name, True] for name in names]


def test_two_views_move_together_and_python_moves_them(lab):
    lab.page.locator(SLIDERS).nth(2).focus()  # the temperature of the second view
    pressed(lab, "PageUp")
    lab.python("bench.alpha = 0.75")
    settle(lab)
    for view in (0, 1):
        assert (state(lab, view)["temperature"], state(lab, view)["alpha"]) == (5, 0.75)
        root = lab.page.locator(ROOT).nth(view)
        assert root.locator(".demo-field").nth(1).input_value() == "0.75"


def test_a_value_that_python_refuses_changes_nothing_in_the_browser(lab):
    before = state(lab)["losses"]
    for code, message in (
        ("bench.temperature = 0", r"temperature must be a number in \[0.5, 100\]"),
        ("bench.alpha = 2", r"alpha must be a number in \[0, 1\]"),
        ("bench.chosen = 3", r"chosen must be a whole number in \[0, 2\]"),
    ):
        with pytest.raises(RuntimeError, match=message):
            lab.python(code)
    settle(lab)
    assert state(lab)["losses"] == before


def test_light_and_dark_themes_both_have_enough_contrast(lab):
    words = (".demo-number", ".demo-caption", ".demo-help", ".db-way", ".db-tag", ".db-sum")
    papers = []
    try:
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            lab.theme(theme)
            for selector in words:
                assert contrast(lab, ROOT, selector)[0] >= 4.5, (theme, selector)
            for bar in (
                ".demo-bar.demo-teacher",
                ".db-part.db-hard",
                ".db-part.db-soft",
                ".db-mark",
            ):
                ratio, paper = contrast(lab, ROOT, bar, "backgroundColor")
                assert ratio >= 3, (theme, bar)
            papers.append(sum(paper))
    finally:
        lab.theme("JupyterLab Light")
    assert papers[0] > 600 and papers[1] < 200


LABELS = (
    ".demo-axis > * > span, .demo-ticks > span, .demo-name, .demo-head > * > span, .demo-key,"
    " .demo-number > span, .demo-caption, .db-sum, .db-entry > *, .db-switch, .db-line > label"
)
HARD_TO_FIT = [
    "back()",
    "bench.temperature, bench.chosen, bench.squared = 0.5, 1, False",
    "bench.temperature, bench.chosen = 100, 2",
    "bench.temperature, bench.alpha, bench.squared = 99.9, 0.01, False",
]


@pytest.mark.parametrize("width", [320, 400, 600, 700, 848, 1060])
def test_nothing_is_cut_or_overlaps_in_narrow_and_wide_cells(lab, width):
    for settings in HARD_TO_FIT:
        lab.python(f"back(); {settings}")
        settle(lab)
        lab.page.wait_for_timeout(400)
        assert misfits(lab, ROOT, width, LABELS) == [], settings


def test_nothing_jumps_while_the_temperature_moves(lab):
    boxes = set()
    for temperature in (0.5, 0.9, 4, 33.3, 100):
        lab.python(f"bench.temperature = {temperature}")
        settle(lab)
        boxes.add(
            lab.page.evaluate(
                """(root) => JSON.stringify([...document.querySelector(root).querySelectorAll(
                    '.demo-row, .demo-bars, .db-push, .demo-slider, .demo-field, .db-entry')]
                    .map((part) => part.getBoundingClientRect()))""",
                ROOT,
            )
        )
    assert len(boxes) == 1


def test_less_motion_is_respected(lab):
    assert glide_seconds(lab, ROOT, ".demo-bar", ".db-part", ".db-mark") == [{0.25}, {0}]


def test_it_goes_on_drawing_through_a_kernel_restart_and_runs_again(server):
    server.restart_kernel()
    server.page.locator(SLIDERS).first.focus()
    for key in ("End", "PageDown"):
        server.page.keyboard.press(key)
    server.page.locator(OPTIONS).first.focus()
    server.page.keyboard.press("ArrowRight")
    server.page.locator(SWITCH).first.click()
    server.page.wait_for_function(
        "(root) => { const { temperature, chosen, squared } = document.querySelector(root).bench;"
        " return temperature === 50 && chosen === 1 && !squared; }", arg=ROOT,
    )  # fmt: skip
    assert server.problems == []
    run_again(server, ROOT, views=3)
    assert settle(server)[1]["temperature"] == 4
    assert server.problems == []


def test_an_exported_page_shows_the_still_figure_without_a_network(server, tmp_path):
    page = exported(server, "demo.ipynb", tmp_path / "demo.html")
    image = page.locator(".effcv-still img").first
    assert image.is_visible()
    assert image.get_attribute("alt").startswith("Two bar charts. easy, label ankle boot, at T = 4")
    page.close()


def test_a_saved_notebook_that_is_opened_again_shows_the_still_figure_until_it_runs(server):
    server.command("docmanager:save")
    server.page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    )
    server.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    server.open_notebook("demo.ipynb")
    still = server.page.locator(".effcv-still img").first
    still.wait_for(state="visible")
    assert server.page.locator(ROOT).count() == 0
    run_again(server, ROOT, views=3)
    assert not server.page.locator(".effcv-still").first.is_visible()
    assert settle(server)[1]["temperature"] == 4
