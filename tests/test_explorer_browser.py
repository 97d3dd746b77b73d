"""The temperature explorer in a real JupyterLab: mouse, finger, keyboard, Python, restart."""

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
from effcv_lab.widgets.explorer import Preset, TemperatureExplorer

boot = Preset(
    "an ankle boot", [-3.1, 6.1, 7.8, 9.7], ["shirt", "sandal", "sneaker", "ankle boot"],
    image=torch.rand(28, 28), student_logits=[-1.1, 3.1, 4.8, 4.7], caption="A test image.",
)
explorer = TemperatureExplorer(presets=[boot])
explorer.preset = "cat, dog, bear"
"""
ROOT = ".effcv-explorer"
SLIDER = f"{ROOT} .demo-slider"
FIELD = f"{ROOT} .demo-field"


def state(lab, view=0):
    """Return what the browser computed for its last frame."""
    return last_frame(lab, ROOT, "explorer", view)


def python(lab):
    """Return what Python holds and computed."""
    return json.loads(
        lab.python(
            "import json\n"
            "print(json.dumps(dict(temperature=explorer.temperature, logits=explorer.logits,"
            " student_logits=explorer.student_logits, classes=explorer.classes,"
            " preset=explorer.preset, probs=explorer.probs.tolist(), entropy=explorer.entropy,"
            " student_probs=None if explorer.student_probs is None"
            " else explorer.student_probs.tolist())))"
        )
    )


def settle(lab):
    """Wait until browser and Python hold the same; return what each holds."""

    def same(here, there):
        student = here["student"] and here["student"]["logits"]
        return (
            here["temperature"] == there["temperature"]
            and here["teacher"]["logits"] == there["logits"]
            and student == there["student_logits"]
        )

    return meet(lab, lambda: state(lab), lambda: python(lab), same)


server, lab = stage(
    ROOT,
    SETUP,
    "explorer",
    "explorer",
    settle=settle,
    reset="explorer.preset = 'cat, dog, bear'; explorer.reset()",
)


def pressed(lab, *keys):
    press(lab, *keys)
    return settle(lab)[1]


def test_jupyterlab_shows_the_live_view_and_not_the_still_figure(lab):
    assert only_live(lab, ROOT, 2)


def test_the_mouse_drags_the_temperature_slider_and_python_sees_it(lab):
    box = lab.page.locator(SLIDER).first.bounding_box()
    x, y = middle(lab, f"{ROOT} .tx-stem")[0], box["y"] + box["height"] / 2
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(x + 60, y, steps=8)
    lab.page.mouse.up()
    width = lab.page.locator(f"{ROOT} .tx-plot").first.bounding_box()["width"]
    here, there = settle(lab)
    assert there["temperature"] == pytest.approx(2000 ** (60 / width), rel=0.03)
    assert here["temperature"] == there["temperature"]


def test_the_thumb_stands_below_the_marker_of_the_curve(lab):
    for temperature in (0.05, 1, 100):
        lab.python(f"explorer.temperature = {temperature}")
        settle(lab)
        thumb = lab.page.locator(SLIDER).first.evaluate(
            "(s) => { const box = s.getBoundingClientRect();"
            " return box.left + box.height / 2 + (box.width - box.height) * s.value; }"
        )
        assert middle(lab, f"{ROOT} .demo-marker.demo-teacher")[0] == pytest.approx(thumb, abs=1)


def test_every_key_of_the_slider_works_and_jupyterlab_takes_none(lab):
    cell = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    lab.page.locator(".jp-Cell .jp-InputPrompt").nth(1).click()  # command mode, cells on both sides
    x, y = middle(lab, f"{ROOT} .demo-slider")
    lab.page.mouse.click(x, y)
    lab.page.locator(f"{ROOT} .tx-reset").first.click()
    lab.page.locator(SLIDER).first.focus()
    assert lab.page.evaluate(cell) == 1
    for keys, temperature in (
        (["ArrowRight"], 1.1),
        (["ArrowUp"], 1.2),
        (["ArrowLeft"], 1.1),
        (["ArrowDown", "ArrowDown"], 0.99),
        (["PageUp"], 1),
        (["PageUp", "PageUp", "PageUp"], 10),
        (["PageDown"], 5),
        (["End", "ArrowRight"], 100),
        (["Home", "ArrowLeft"], 0.05),
    ):
        assert pressed(lab, *keys)["temperature"] == temperature
        assert lab.page.evaluate(cell) == 1
        assert lab.page.evaluate("document.activeElement.className") == "demo-slider"


def test_the_menu_works_by_arrow_keys_and_no_key_touches_the_notebook(lab):
    controls = [f"{ROOT} {part}" for part in ("select", ".tx-reset", ".demo-slider", ".demo-knob")]
    assert changed_by_keys(lab, controls, ["x", "b", "y"]) is None
    assert changed_by_keys(lab, [f"{ROOT} .tx-reset"], ["ArrowUp"]) is None
    lab.page.locator(f"{ROOT} select").first.focus()
    assert pressed(lab, "ArrowDown")["preset"] == "a 2 that resembles 7 and 1"
    assert lab.page.evaluate("document.activeElement.localName") == "select"


def test_a_number_can_be_typed_and_a_wrong_one_is_given_back(lab):
    field = lab.page.locator(FIELD).first
    field.fill("4,5")
    assert settle(lab)[1]["temperature"] == 4.5
    field.fill("0")
    assert field.get_attribute("aria-invalid") == "true"
    field.press("Enter")
    assert field.input_value() == "4.5"
    assert field.get_attribute("aria-invalid") == "false"
    assert "from 0.05 to 100" in lab.page.locator(f"{ROOT} [role=status]").first.inner_text()
    assert settle(lab)[1]["temperature"] == 4.5


def test_a_click_on_the_curve_sets_the_temperature(lab):
    box = lab.page.locator(f"{ROOT} .tx-plot").first.bounding_box()
    share = math.log(20 / 0.05) / math.log(2000)
    lab.page.mouse.click(box["x"] + share * box["width"], box["y"] + 40)
    assert settle(lab)[1]["temperature"] == pytest.approx(20, rel=0.03)


def test_a_logit_can_be_dragged_by_mouse_and_stops_at_the_end_of_the_axis(lab):
    x, y = middle(lab, f"{ROOT} .demo-knob", 2)
    track = lab.page.locator(f"{ROOT} .demo-track[role=cell]").nth(2).bounding_box()
    low, high = (
        float(lab.page.locator(f"{ROOT} .demo-knob").nth(2).get_attribute(f"aria-value{end}"))
        for end in ("min", "max")
    )
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(x + 30, y, steps=5)
    here = settle(lab)[1]["logits"]
    assert here[2] == pytest.approx(0.5 + 30 * (high - low) / track["width"], abs=0.02)
    assert here[:2] == [4.0, 2.5]
    lab.page.mouse.move(x + 3000, y, steps=3)
    lab.page.mouse.up()
    assert settle(lab)[1]["logits"][2] == high
    lab.page.mouse.move(x, y)  # let go: the mouse no longer moves it
    assert settle(lab)[1]["logits"][2] == high


def test_a_logit_can_be_dragged_by_finger(lab):
    x, y = middle(lab, f"{ROOT} .demo-knob", 1)
    touch = lab.page.context.new_cdp_session(lab.page)
    send = "Input.dispatchTouchEvent"
    touch.send(send, {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 5):
        points = [{"x": x + 10 * step, "y": y}]
        touch.send(send, {"type": "touchMove", "touchPoints": points})
    touch.send(send, {"type": "touchEnd", "touchPoints": []})
    touch.detach()
    logits = settle(lab)[1]["logits"]
    assert logits[1] > 2.6 and [logits[0], logits[2]] == [4.0, 0.5]


def test_every_key_of_a_logit_works_and_leaves_the_axis_when_asked(lab):
    knob = lab.page.locator(f"{ROOT} .demo-knob").first
    knob.focus()
    assert pressed(lab, "ArrowRight", "ArrowUp")["logits"] == [4.2, 2.5, 0.5]
    assert pressed(lab, "ArrowLeft", "ArrowDown", "ArrowDown")["logits"] == [3.9, 2.5, 0.5]
    assert pressed(lab, "PageUp")["logits"][0] == 4.9
    assert pressed(lab, "PageDown")["logits"][0] == 3.9
    low = float(knob.get_attribute("aria-valuemin"))
    assert pressed(lab, "Home")["logits"][0] == low
    assert pressed(lab, "End", "ArrowRight")["logits"][0] > 5
    assert float(knob.get_attribute("aria-valuemax")) > 5


def test_a_preset_brings_scores_classes_picture_and_student(lab):
    menu = lab.page.locator(f"{ROOT} select").first
    menu.select_option("an ankle boot")
    there = settle(lab)[1]
    assert there["preset"] == "an ankle boot"
    assert there["classes"] == ["shirt", "sandal", "sneaker", "ankle boot"]
    assert there["logits"] == [-3.1, 6.1, 7.8, 9.7]
    picture = lab.page.locator(f"{ROOT} .tx-picture").first
    assert picture.is_visible() and picture.get_attribute("alt") == "A test image."
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 28
    assert lab.page.locator(f"{ROOT} .demo-legend").first.inner_text().split() == [
        "teacher",
        "student",
    ]
    menu.select_option("a 2 that resembles 7 and 1")
    there = settle(lab)[1]
    assert there["classes"] == list("0123456789") and there["student_logits"] is None
    assert not picture.is_visible()


def test_reset_goes_back_to_the_preset_and_the_first_temperature(lab):
    lab.page.locator(f"{ROOT} .demo-knob").first.focus()
    pressed(lab, "PageUp")
    lab.page.locator(SLIDER).first.focus()
    pressed(lab, "PageUp")
    lab.page.locator(f"{ROOT} .tx-reset").first.click()
    there = settle(lab)[1]
    assert there["logits"] == [4.0, 2.5, 0.5] and there["temperature"] == 1


def test_a_caption_is_shown_only_while_it_is_true(lab):
    lab.python("explorer.preset = 'an ankle boot'")
    settle(lab)
    caption, changed, picture = (
        lab.page.locator(f"{ROOT} {part}").first
        for part in (".demo-caption", ".tx-changed", ".tx-picture")
    )
    assert caption.is_visible() and not changed.is_visible()
    lab.python("explorer.temperature = 9")
    settle(lab)
    assert caption.is_visible()
    lab.page.locator(f"{ROOT} .demo-knob").first.focus()
    pressed(lab, "ArrowRight")
    assert changed.is_visible() and not caption.is_visible() and picture.is_visible()
    pressed(lab, "ArrowLeft")
    assert caption.is_visible()
    lab.python("explorer.show([1, 2], ['a', 'b'])")
    settle(lab)
    assert changed.is_visible() and not picture.is_visible()


def test_both_distributions_can_be_moved(lab):
    lab.python("explorer.preset = 'an ankle boot'")
    settle(lab)
    lab.page.locator(f"{ROOT} .demo-knob.demo-student").nth(1).focus()
    there = pressed(lab, "ArrowRight")
    assert there["student_logits"] == [-1.1, 3.2, 4.8, 4.7]
    assert there["logits"] == [-3.1, 6.1, 7.8, 9.7]


def test_assigning_in_python_moves_every_view(lab):
    lab.python("explorer.show([1, 2], ['heads', 'tails'], [0, 0]); explorer.temperature = 2")
    settle(lab)
    for view in (0, 1):
        here = state(lab, view)
        assert here["temperature"] == 2
        assert here["teacher"]["logits"] == [1, 2] and here["student"]["logits"] == [0, 0]
        root = lab.page.locator(ROOT).nth(view)
        names = root.locator(".demo-name[role=rowheader]").all_inner_texts()
        assert names == ["heads", "tails"]
        assert root.locator(".demo-number").nth(1).inner_text().split() == ["0.378", "0.500"]
        assert root.locator(".demo-field").input_value() == "2"


def test_a_value_that_python_refuses_changes_nothing_in_the_browser(lab):
    before = state(lab)
    with pytest.raises(RuntimeError, match=r"temperature must be a number in \[0.05, 100\]"):
        lab.python("explorer.temperature = 0")
    with pytest.raises(RuntimeError, match="one number for each of the 3 classes"):
        lab.python("explorer.logits = [1, 2]")
    settle(lab)
    assert state(lab)["teacher"] == before["teacher"]


def test_two_views_of_one_explorer_move_together(lab):
    lab.page.locator(SLIDER).nth(1).focus()
    pressed(lab, "PageUp")
    assert state(lab, 0)["temperature"] == state(lab, 1)["temperature"] == 2


CASES = [
    ([4.0, 2.5, 0.5], None),
    ([1e4, -1e4, 0.0], [1e4, 1e4, -1e4]),
    ([0.0, 0.0, 0.0], [5.0, 4.999, -800.0]),
    ([-1e6, 1e6, 1e6], [1e-9, 0.0, -1e-9]),
    ([12.0, 7.0, 5.5], [-3.25, 700.0, 710.0]),
]


@pytest.mark.parametrize("temperature", [0.05, 0.7, 1, 20, 100])
def test_browser_and_python_agree_to_a_millionth(lab, temperature):
    for teacher, student in CASES:
        lab.python(
            f"with explorer.hold_sync():\n    explorer.temperature = {temperature}\n"
            f"    explorer.show({teacher}, student_logits={student})"
        )
        here, there = settle(lab)
        assert here["teacher"]["probs"] == pytest.approx(there["probs"], abs=1e-6, rel=1e-6)
        assert here["teacher"]["entropy"] == pytest.approx(there["entropy"], abs=1e-6, rel=1e-6)
        if student:
            assert here["student"]["probs"] == pytest.approx(
                there["student_probs"], abs=1e-6, rel=1e-6
            )


def test_the_curve_passes_through_the_marker(lab):
    lab.python("explorer.temperature = 3")
    settle(lab)
    gap = lab.page.evaluate(
        """(root) => {
            const plot = document.querySelector(root + ' .tx-plot');
            const curve = plot.querySelector('.tx-curve.demo-teacher');
            const box = plot.getBoundingClientRect();
            const dot = plot.querySelector('.demo-marker.demo-teacher').getBoundingClientRect();
            const x = 1000 * (dot.left + dot.width / 2 - box.left) / box.width;
            const y = 1000 * (dot.top + dot.height / 2 - box.top) / plot.clientHeight;
            let best = Infinity;
            for (let s = 0; s <= curve.getTotalLength(); s += 1) {
                const point = curve.getPointAtLength(s);
                best = Math.min(best, Math.hypot(point.x - x, point.y - y));
            }
            return best;
        }""",
        ROOT,
    )
    assert gap < 6  # thousandths of the plot


def test_a_busy_kernel_is_not_flooded_and_gets_the_last_value(lab):
    lab.python("seen = []; note = lambda change: seen.append(change.new)")
    lab.python("explorer.observe(note, 'temperature')")
    lab.page.evaluate(
        "() => void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".requestExecute({ code: 'import time; time.sleep(1.5)' })"
    )
    lab.page.locator(SLIDER).first.focus()
    for _ in range(60):
        lab.page.keyboard.press("ArrowRight")
    assert state(lab)["temperature"] > 6  # the browser did not wait
    there = settle(lab)[1]
    seen = json.loads(lab.python("print(seen); explorer.unobserve(note, 'temperature')"))
    assert seen[-1] == there["temperature"] == 7
    assert len(seen) <= 40


def test_screen_readers_hear_names_and_sensible_values(lab):
    lab.python("explorer.temperature = 4")
    settle(lab)
    slider = lab.page.get_by_role("slider", name="Temperature T").first
    assert slider.get_attribute("aria-valuetext") == (
        "T = 4; entropy 1.04 nats, 95 percent of the most possible"
    )
    knob = lab.page.get_by_role("slider", name="logit of dog").first
    assert knob.get_attribute("aria-valuetext") == "2.50, probability 0.327"
    assert float(knob.get_attribute("aria-valuenow")) == 2.5
    assert lab.page.get_by_role("textbox", name="Temperature T").count() == 2
    assert lab.page.get_by_role("combobox", name="Scores").count() == 2
    assert lab.page.get_by_role("row", name="cat").count() == 2


def test_the_tab_key_reaches_every_control_in_order_with_a_visible_ring(lab):
    lab.page.locator(f"{ROOT} select").first.focus()
    reached = stops(lab, 7)
    names = ["select", "demo-button tx-reset", "demo-field", "demo-slider"]
    names += ["demo-knob demo-teacher"] * 3
    assert reached == [[name, True] for name in names]


def test_light_and_dark_themes_both_have_enough_contrast(lab):
    lab.python("explorer.preset = 'an ankle boot'")
    settle(lab)
    words = (".demo-number", ".demo-caption", ".demo-value", ".demo-help", ".tx-level")
    papers = []
    try:
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            lab.theme(theme)
            for selector in words:
                assert contrast(lab, ROOT, selector)[0] >= 4.5, (theme, selector)
            for selector in (".demo-bar.demo-teacher", ".demo-marker.demo-student"):
                ratio, paper = contrast(lab, ROOT, selector, "backgroundColor")
                assert ratio >= 3, (theme, selector)
            papers.append(sum(paper))
    finally:
        lab.theme("JupyterLab Light")
    assert papers[0] > 600 and papers[1] < 200


HARD_TO_FIT = [
    "explorer.preset = 'an ankle boot'",
    "explorer.preset = 'a 2 that resembles 7 and 1'",
    "explorer.show([1e4, -1e4, 0], ['a very long name of a class', 'b', 'c'], [-5e3, 9e3, 1e3])",
    "explorer.show([1e6, -1e6, 0]); explorer.temperature = 0.05",
    "explorer.show([0.001, 0.002, -0.001], student_logits=[0, 0, -0.3])",
    "explorer.show([15.33, -7.4, -5.86, 0.87, -1.5, 3.64], [f'garment {k}' for k in range(6)])",
    "explorer.show([k * 0.37 - 3 for k in range(30)], [f'class {k}' for k in range(30)])",
]
LABELS = (
    ".demo-axis > * > span, .demo-ticks > span, .tx-level, .demo-name, .demo-head > span, .demo-value,"
    " .demo-number > span, .tx-ceiling, .demo-legend, .demo-caption, .tx-entropy"
)


@pytest.mark.parametrize("width", [320, 540, 848, 900, 1700])
def test_nothing_is_cut_or_overlaps_in_narrow_and_wide_cells(lab, width):
    for scores in HARD_TO_FIT:
        lab.python(f"explorer.preset = 'cat, dog, bear'; explorer.reset(); {scores}")
        settle(lab)
        assert misfits(lab, ROOT, width, LABELS) == [], scores


def test_nothing_jumps_while_a_logit_is_dragged(lab):
    x, y = middle(lab, f"{ROOT} .demo-knob", 0)
    boxes = set()
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    for shift in range(0, 200, 20):
        lab.page.mouse.move(x - shift, y)
        boxes.add(
            lab.page.evaluate(
                """(root) => new Promise((done) => requestAnimationFrame(() => {
                    const parts = '.demo-row, .demo-track, .demo-bars, .tx-plot, .demo-slider, .tx-readout';
                    const all = [...document.querySelector(root).querySelectorAll(parts)];
                    const others = [...document.querySelector(root).querySelectorAll('.demo-knob')];
                    const axis = document.querySelector(root + ' .demo-axis').textContent;
                    done(axis + JSON.stringify([...all, ...others.slice(1)]
                        .map((part) => part.getBoundingClientRect())));
                }))""",
                ROOT,
            )
        )
    lab.page.mouse.up()
    assert len(boxes) == 1


def test_less_motion_is_respected(lab):
    assert glide_seconds(lab, ROOT, ".demo-bar") == [{0.25}, {0}]


def test_it_goes_on_drawing_through_a_kernel_restart_and_runs_again(server):
    server.restart_kernel()
    server.page.locator(SLIDER).first.focus()
    for key in ("Home", "PageUp"):
        server.page.keyboard.press(key)
    server.page.locator(f"{ROOT} .demo-knob").first.focus()
    server.page.keyboard.press("PageUp")
    server.page.locator(f"{ROOT} select").first.select_option("a 2 that resembles 7 and 1")
    server.page.wait_for_function(
        "(root) => document.querySelector(root).explorer.teacher.probs.length === 10", arg=ROOT
    )
    here = state(server)
    assert here["temperature"] == 0.1
    assert here["teacher"]["probs"][2] == pytest.approx(1)
    assert server.problems == []
    run_again(server, ROOT, views=2)
    assert settle(server)[1]["preset"] == "cat, dog, bear"
    assert server.problems == []


def test_an_exported_page_shows_the_still_figure_without_a_network(server, tmp_path):
    page = exported(server, "demo.ipynb", tmp_path / "demo.html")
    image = page.locator(".effcv-still img").first
    assert image.is_visible()
    assert image.get_attribute("alt").startswith("Bar chart. Softmax at T = 1")
    page.close()
