"""Predict, reveal and quiz as a student uses them: in JupyterLab, with keys alone, after a restart."""

import json

import pytest
from browser import Lab, chromium_or_skip, notebook

pytestmark = pytest.mark.browser

CELLS = (
    "from effcv_lab.widgets.predict import predict, reveal\n"
    "from effcv_lab.widgets.quiz import quiz",
    "predict('which', 'Which one is <larger>?', choices=['the MLP', 'the conv net', 'neither'])",
    "predict('factor', 'By what factor?', low=1, high=8, unit='times')",
    "quiz('What does T do?', {'flattens': (True, 'It does.'), 'sharpens': (False, 'For T < 1.')})",
    "quiz('Which are right?', {'a': (True, 'A is.'), 'b': (False, 'B not.'), 'c': (True, 'C is.')})",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    chromium_or_skip()
    folder = tmp_path_factory.mktemp("lab")
    (folder / "questions.ipynb").write_text(json.dumps(notebook(*CELLS)))
    with Lab(folder, height=1400, environment={"EFFCV_CACHE": str(folder / "cache")}) as lab:
        lab.open_notebook("questions.ipynb")
        lab.run_all()
        lab.page.locator(".effcv-question").nth(3).wait_for()
        yield lab
        assert lab.problems == [] and lab.errors() == []


ASKED = ("Which one is <larger>?", "By what factor?", "What does T do?", "Which are right?")


@pytest.fixture
def question(lab):
    """Find a question by its text, wherever JupyterLab has put its cell."""
    return lambda index: lab.page.locator(".effcv-question", has_text=ASKED[index])


def says(question, words):
    """Wait until the live line of a question says these words."""
    question.get_by_role("status").filter(has_text=words).wait_for()


def active_cell(lab):
    return lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex")


def test_the_readable_copies_are_hidden_where_widgets_run(lab):
    copies = lab.page.locator("[class^=effcv-copy-]")
    assert copies.count() == 4
    assert not any(copies.nth(i).is_visible() for i in range(4))


def test_questions_are_groups_of_real_inputs_with_names(lab, question):
    group = question(0).get_by_role("group", name="Which one is <larger>?")
    assert group.get_by_role("radio").count() == 3
    assert group.get_by_role("radio", name="the conv net", exact=True).count() == 1
    assert question(1).get_by_role("textbox", name="from 1 to 8 (times)").count() == 1
    assert question(2).get_by_role("radio").count() == 2
    assert question(3).get_by_role("checkbox").count() == 3


def test_an_answer_is_asked_for_twice_and_then_locked_for_good(lab, question):
    form = question(0)
    form.get_by_role("button", name="Commit").click()
    says(form, "Choose an answer first.")
    form.get_by_label("the MLP").check()
    form.get_by_role("button", name="Commit").click()
    form.get_by_label("the conv net").check()
    form.get_by_role("button", name="Commit").click()
    assert lab.python("print(__import__('effcv_lab.widgets.predict', fromlist='_')"
                      "._predictions.locked('which'))") == "None"  # fmt: skip
    form.get_by_role("button", name="Lock in “the conv net”").click()
    says(form, "Locked: the conv net.")
    assert form.get_by_role("button").count() == 0
    assert form.get_by_label("the MLP").is_disabled()
    assert form.get_by_label("the conv net").is_checked()


def test_the_keyboard_alone_answers_and_never_leaves_for_the_notebook(lab, question):
    form, keyboard = question(2), lab.page.keyboard
    form.get_by_label("flattens").focus()
    before = active_cell(lab)
    keyboard.press("ArrowDown")
    assert form.get_by_label("sharpens").is_checked()
    assert form.get_by_text("For T < 1.").first.is_hidden()
    keyboard.press("Tab")
    keyboard.press("Space")
    says(form, "Not this one.")
    assert form.locator("p", has_text="For T < 1.").first.is_visible()
    assert form.locator(".effcv-why", has_text="It does.").is_hidden()
    keyboard.press("Shift+Tab")
    keyboard.press("ArrowUp")
    keyboard.press("Enter")
    says(form, "That is right.")
    assert all(form.locator(".effcv-why").nth(i).is_visible() for i in range(2))
    assert active_cell(lab) == before


def test_a_number_is_typed_and_entered_by_keyboard(lab, question):
    form, keyboard = question(1), lab.page.keyboard
    field = form.get_by_role("textbox")
    for wrong in ("9", "two", ""):
        field.fill(wrong)
        field.press("Enter")
        says(form, "Type a number from 1 to 8 first.")
    field.fill("2,5")
    keyboard.press("Enter")
    form.get_by_role("button", name="Lock in “2.5”").wait_for()
    keyboard.press("Enter")
    says(form, "Locked: 2.5 times.")
    assert lab.page.evaluate("document.activeElement.role || document.activeElement.className") == (
        "status"
    )


def test_several_right_answers_must_all_be_ticked(lab, question):
    form = question(3)
    check = form.get_by_role("button", name="Check")
    check.click()
    says(form, "Tick at least one answer.")
    form.get_by_label("a", exact=True).check()
    check.click()
    says(form, "1 of the 2 right answers found.")
    form.get_by_label("b", exact=True).check()
    form.get_by_label("c", exact=True).check()
    check.click()
    says(form, "2 of the 2 right answers found.")
    assert form.locator(".effcv-wrong").count() == 1
    form.get_by_label("b", exact=True).uncheck()
    check.click()
    says(form, "That is right.")
    assert form.locator(".effcv-why:visible").count() == 3


def test_locked_answers_survive_a_restart_and_stand_beside_the_measurement(lab, question):
    lab.restart_kernel()
    lab.run_all()
    says(question(0), "Locked: the conv net.")
    says(question(1), "Locked: 2.5 times.")
    said = lab.python("reveal('factor', 3.81, 'Nearly four.')")
    assert said == "" or "2.5 times" in said


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_text_can_be_read_in_both_themes(lab, question, theme):
    lab.theme(theme)
    ratios = lab.page.evaluate(CONTRAST)
    assert len(ratios) > 10 and min(ratios.values()) >= 4.5, ratios


#: Contrast of each text with the surface behind it (WCAG 2.1, section 1.4.3: at least 4.5).
CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [r, g, b] = rgba(colour).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (rgba(colour)[3] === 255) return colour;
    }
    return "white";
  };
  const ratios = {};
  for (const node of document.querySelectorAll(".effcv-question *")) {
    const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
    if (!own || node.closest(".effcv-heard") || !node.checkVisibility()) continue;
    const [a, b] = [luminance(getComputedStyle(node).color), luminance(behind(node))];
    const key = `${node.closest(".effcv-question").textContent.slice(0, 20)}|${node.textContent}`;
    ratios[key] = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }
  return ratios;
}"""
