"""The shape dial in a real JupyterLab: mouse, keyboard, Python, themes, a kernel that is gone."""

from __future__ import annotations

import json

import pytest
from live_demo import (
    changed_by_keys,
    contrast,
    exported,
    meet,
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
from effcv_lab.models import mlp
from effcv_lab.widgets.shape_dial import DIALS, ShapeDial

torch.set_num_threads(1)
def net(seed):
    torch.manual_seed(seed)
    made = mlp((8,), (1, 32, 32), 3)
    with torch.no_grad():
        for weight in made.parameters():
            weight *= 3  # so that an untrained net has opinions
    return made
nets = {"one": net(1), "a longer name": net(2)}
dial = ShapeDial(nets, drawn_with={"contrast": (0.5, 1)})
def back():
    dial.set_state({**dial.presets["easy"], "label": 0, "seed": 0})
    dial.send_state()
"""
OTHER = "other = ShapeDial(); other"
ROOT = ".effcv-dial"
NAMES = ["across", "down", "scale", "aspect", "rotation", "contrast", "noise", "clutter"]
CLASSES = ["rectangle", "ellipse", "triangle"]
STATE = """([root, view]) => {
    const { pixels, ...rest } = document.querySelectorAll(root)[view].dial;
    return rest;
}"""
GREYS = """([root, view]) => [...document.querySelectorAll(root)[view].querySelectorAll('canvas')].map(
    (canvas) => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]
        .filter((_, k) => k % 4 === 0))"""


def state(lab, view=0):
    """Return what the last frame of a view shows."""
    return lab.page.evaluate(STATE, [ROOT, view])


def python(lab):
    """Return where Python's dials stand, and what it makes of them."""
    return json.loads(
        lab.python(
            "import json\n"
            "print(json.dumps(dict(of={n: getattr(dial, n) for n in (*DIALS, 'seed')},"
            " label=dial.label, elongation=dial.elongation.tolist(), outside=dial.outside,"
            " nets=[dict(name=n, probs=dial.probs[n].tolist(), losses=dial.losses[n].tolist())"
            " for n in nets])))"
        )
    )


def settle(lab):
    """Wait until browser and Python hold the same; return what Python holds."""

    def same(here, there):
        return here.pop("answered") and all(here[name] == there[name] for name in there)

    return meet(lab, lambda: state(lab), lambda: python(lab), same)[1]


server, lab = stage(ROOT, SETUP, "dial", "dial", OTHER, settle=settle, height=1500)


def pressed(lab, *keys):
    press(lab, *keys)
    return settle(lab)


def control(lab, kind, name, view=0):
    """Return the slider (``demo-slider``) or field (``demo-field``) of a dial."""
    return lab.page.locator(ROOT).nth(view).locator(f".{kind}").nth(NAMES.index(name))


def button(lab, text, view=0):
    return lab.page.locator(ROOT).nth(view).get_by_role("button", name=text, exact=True)


def option(lab, label, view=0):
    return lab.page.locator(ROOT).nth(view).get_by_role("radio").nth(label)


def spoken(lab):
    return lab.page.locator(f"{ROOT} [role=status]").first.inner_text()


def text_of(lab, part):
    return lab.page.locator(ROOT).first.locator(part).first.inner_text()


def painted_as_drawn(lab):
    """Tell whether the large picture and the three small ones have Python's greys."""
    drawn = json.loads(
        lab.python(
            "import json\nfrom effcv_lab.shapes import draw_shapes\n"
            "rest = {k: v for k, v in dial.arguments.items() if k != 'label'}\n"
            "chosen = draw_shapes(1, **dial.arguments).images\n"
            "each = [draw_shapes(1, label=k, **rest).images for k in range(3)]\n"
            "print(json.dumps([(255 * x).round().int().flatten().tolist() for x in [chosen, *each]]))"
        )
    )
    return lab.page.evaluate(GREYS, [ROOT, 0]) == drawn


def test_jupyterlab_shows_the_live_view_and_not_the_still_figure(lab):
    assert only_live(lab, ROOT, 3)


@pytest.mark.parametrize("preset", ["easy", "hard"])
def test_the_pixels_on_the_page_are_those_of_draw_shapes(lab, preset):
    for label in range(3):
        lab.python(f"dial.set_state(dict(dial.presets[{preset!r}], label={label}, seed={label}))")
        lab.python("dial.send_state(); dial.noise, dial.clutter = 0.1, 3 * dial.label")
        settle(lab)
        assert painted_as_drawn(lab), label


def drag(lab, name, pixels):
    """Drag the thumb of a slider from its place; return the slider's travel in pixels."""
    slider = control(lab, "demo-slider", name)
    box = slider.bounding_box()
    travel = box["width"] - box["height"]  # the thumb is as wide as the slider is high
    x = box["x"] + box["height"] / 2 + float(slider.input_value()) * travel
    y = box["y"] + box["height"] / 2
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(x + pixels, y, steps=10)
    lab.page.mouse.up()
    return travel


def test_the_mouse_drags_a_dial_and_python_draws_the_picture(lab):
    for name, pixels, low, high in (("aspect", -80, 0.2, 1), ("clutter", 90, 0, 20)):
        before = python(lab)["of"][name]
        travel = drag(lab, name, pixels)
        there = settle(lab)["of"][name]
        unit = 1 if name == "clutter" else 0.01
        assert there == pytest.approx(before + pixels / travel * (high - low), abs=unit)
        assert there != before and painted_as_drawn(lab)


KEYS = {
    "across": [("ArrowRight", 0.51), ("PageUp", 0.61), ("Home", 0), ("ArrowLeft", 0)],
    "down": [("ArrowDown", 0.49), ("PageDown", 0.39), ("End", 1), ("ArrowUp", 1)],
    "scale": [("ArrowUp", 0.71), ("PageDown", 0.61), ("Home", 0.1), ("End", 0.875)],
    "aspect": [("ArrowLeft", 0.99), ("PageDown", 0.89), ("Home", 0.2), ("PageUp", 0.3)],
    "rotation": [("ArrowRight", 1), ("PageUp", 16), ("End", 360), ("ArrowLeft", 359)],
    "contrast": [("PageDown", 0.9), ("ArrowRight", 0.91), ("Home", 0.05), ("End", 1)],
    "noise": [("ArrowRight", 0.01), ("PageUp", 0.11), ("End", 0.5), ("ArrowLeft", 0.49)],
    "clutter": [("ArrowRight", 1), ("PageUp", 6), ("End", 20), ("ArrowDown", 19)],
}


@pytest.mark.parametrize("name", NAMES)
def test_every_key_turns_its_dial_and_jupyterlab_takes_none(lab, name):
    lab.page.locator(".jp-Cell .jp-InputPrompt").nth(1).click()  # command mode
    control(lab, "demo-slider", name).focus()
    for key, value in KEYS[name]:
        assert pressed(lab, key)["of"][name] == value, key
    assert painted_as_drawn(lab)


def test_numbers_can_be_typed_and_a_wrong_one_is_given_back(lab):
    for name, good, value, bad, words in (
        ("aspect", "0,55", 0.55, "0.1", "Aspect must be from 0.2 to 1."),
        ("rotation", "22.5", 22.5, "-3", "Rotation (°) must be from 0 to 360."),
        ("clutter", "7", 7, "7.5", "Clutter must be a whole number from 0 to 20."),
    ):
        field = control(lab, "demo-field", name)
        field.fill(good)
        assert settle(lab)["of"][name] == value
        field.fill(bad)
        assert field.get_attribute("aria-invalid") == "true"
        field.press("Enter")
        assert field.input_value() == str(value)
        assert spoken(lab) == words
        assert settle(lab)["of"][name] == value


def test_a_class_is_chosen_by_mouse_and_by_arrow_keys_without_a_new_drawing(lab):
    frames = lab.python("dial._shown is None or print(id(dial._shown))")
    option(lab, 1).click()
    assert settle(lab)["label"] == 1
    assert painted_as_drawn(lab)
    for key, label in (("ArrowRight", 2), ("ArrowDown", 0), ("ArrowLeft", 2), ("ArrowUp", 1)):
        assert pressed(lab, key)["label"] == label, key
        assert option(lab, label).evaluate("(node) => node === document.activeElement")
    checked = [(option(lab, k).get_attribute("aria-checked"), option(lab, k).get_attribute("tabindex"))
               for k in range(3)]  # fmt: skip
    assert checked == [("false", "-1"), ("true", "0"), ("false", "-1")]
    assert lab.python("print(id(dial._shown))") == frames
    assert spoken(lab).startswith("ellipse: elongation 0.00, one ")


def test_presets_and_draw_anew_work_by_mouse_and_by_keys(lab):
    presets = json.loads(lab.python("import json; print(json.dumps(dial.presets))"))
    button(lab, "hard").click()
    assert settle(lab)["of"] == presets["hard"] | {"seed": 0}
    before = lab.page.evaluate(GREYS, [ROOT, 0])
    button(lab, "draw anew").click()
    assert settle(lab)["of"] == presets["hard"] | {"seed": 1}
    assert painted_as_drawn(lab) and lab.page.evaluate(GREYS, [ROOT, 0]) != before
    button(lab, "easy").focus()
    assert pressed(lab, "Enter")["of"] == presets["easy"] | {"seed": 1}
    button(lab, "draw anew").focus()
    assert pressed(lab, "Space")["of"]["seed"] == 2
    assert spoken(lab).startswith("rectangle: elongation 0.00, one ")


def test_many_moves_at_once_are_not_all_drawn_but_the_last_one_is(lab):
    lab.python("drawn = []; dial.observe(drawn.append, '_shown')")
    lab.page.evaluate(
        """(root) => {
            const slider = document.querySelectorAll(`${root} .demo-slider`)[4];
            for (let k = 1; k <= 90; k += 1) {
                slider.value = k / 360;
                slider.dispatchEvent(new Event('input'));
            }
        }""",
        ROOT,
    )
    assert settle(lab)["of"]["rotation"] == 90
    assert 1 <= int(lab.python("print(len(drawn))")) <= 5
    assert painted_as_drawn(lab)


def test_difficulty_and_answers_are_python_s(lab):
    lab.python("dial.set_state(dict(aspect=0.6, label=1)); dial.send_state()")
    there = settle(lab)
    assert text_of(lab, ".sd-difficulty").startswith(
        f"Difficulty by rule\nelongation {there['elongation'][1]:.2f}\n1 − aspect = 0.4"
    )
    blocks = lab.page.locator(ROOT).first.locator(".sd-net")
    for block, net in zip(blocks.all(), there["nets"], strict=True):
        probs = net["probs"][1]
        said = probs.index(max(probs))
        verdict = "✓ right" if said == 1 else f"✗ wrong, says {CLASSES[said]}"
        head = block.locator(".sd-head").inner_text().split()
        assert head == f"{net['name']} {verdict}; loss {net['losses'][1]:.2f} nats".split()
        rows = block.locator(".demo-row")
        assert rows.nth(1).evaluate("(row) => row.classList.contains('sd-true')")
        for k, row in enumerate(rows.all()):
            bar, room = (row.locator(part).bounding_box() for part in (".demo-bar", ".demo-bars"))
            assert bar["width"] == pytest.approx(probs[k] * room["width"], abs=1.5)
            if probs[k] >= 0.0005:
                assert row.locator(".sd-number").inner_text() == f"{probs[k]:.3f}"
    for label in range(3):
        marks = option(lab, label).locator(".sd-verdict > span").all_inner_texts()
        right = [net["probs"][label][label] == max(net["probs"][label]) for net in there["nets"]]
        assert [mark[-1] for mark in marks] == ["✓" if good else "✗" for good in right]


def test_it_says_which_dials_make_the_picture_unlike_the_easy_set(lab):
    def said():
        settle(lab)
        first = lab.page.locator(ROOT).first
        entry = first.locator(".sd-entry", has_text="Difficulty by dial").inner_text()
        return entry.split("\n")[1:], [
            tag for tag in first.locator(".sd-tag").all_inner_texts() if tag
        ]

    assert said() == (["as in the easy set"], [])
    lab.python("dial.aspect = 0.6")
    assert said() == (
        [
            "unlike the easy set: aspect",
            "the easy set has aspect 1; the hard set has such pictures",
        ],
        ["hard set only"],
    )
    lab.python("dial.set_state(dict(noise=0.1, contrast=0.3)); dial.send_state()")
    assert said() == (
        [
            "unlike the easy set: aspect, contrast, noise",
            "the easy set has aspect 1, contrast 0.5 to 1, noise 0; "
            "the hard set has no such picture either",
        ],
        ["hard set only", "in no set", "in no set"],
    )
    assert "but pixels of noise mislead the rule" in text_of(lab, ".sd-difficulty")


def test_the_line_of_code_draws_the_very_picture(lab):
    lab.python(
        "dial.set_state(dict(across=0.2, clutter=4, noise=0.05, label=2)); dial.send_state()"
    )
    settle(lab)
    call = text_of(lab, ".sd-code")
    assert lab.python(f"print(torch.equal({call}.images[0], dial.images[2]))") == "True"


def test_screen_readers_hear_names_and_sensible_values(lab):
    lab.python("dial.aspect = 0.5")
    there = settle(lab)
    page, first = lab.page, lab.page.locator(ROOT).first
    answers = []
    for net in there["nets"]:
        said = net["probs"][0].index(max(net["probs"][0]))
        answers.append(f"{net['name']} {'right' if said == 0 else f'wrong, says {CLASSES[said]}'}")
    heard = ", ".join(answers)
    slider = first.get_by_role("slider", name="Aspect")
    assert slider.get_attribute("aria-valuetext") == f"0.5, hard set only, {heard}"
    assert (
        first.get_by_role("slider", name="Noise").get_attribute("aria-valuetext") == f"0, {heard}"
    )
    assert first.get_by_role("textbox").count() == first.get_by_role("slider").count() == 8
    assert first.get_by_role("img", name="Picture of a rectangle").count() == 1
    assert first.get_by_role("radiogroup", name="Class").count() == 1
    assert first.get_by_role("radio", name=f"rectangle, {heard}").count() == 1
    assert first.get_by_role("table", name="one: probabilities").count() == 1
    assert first.get_by_role("rowheader").count() == first.get_by_role("cell").count() == 6
    assert page.get_by_role("region", name="Shape dial").count() == 3


def test_a_dial_without_nets_shows_no_answers_and_two_views_share_no_id(lab):
    other = lab.page.locator(ROOT).nth(2)
    assert not other.locator(".sd-nets").is_visible()
    assert other.locator(".sd-verdict").all_inner_texts() == ["", "", ""]
    ids = lab.page.evaluate(
        "(root) => [...document.querySelectorAll(root + ' [id]')].map((node) => node.id)", ROOT
    )
    assert len(ids) == len(set(ids)) == 3 * 16


def test_two_views_move_together_and_python_moves_them_and_the_third_stays(lab):
    control(lab, "demo-slider", "aspect", view=1).focus()
    pressed(lab, "PageDown")
    lab.python("dial.rotation = 45")
    settle(lab)
    pictures = [lab.page.evaluate(GREYS, [ROOT, view]) for view in range(3)]
    assert pictures[0] == pictures[1] != pictures[2]
    for view in (0, 1):
        assert control(lab, "demo-field", "aspect", view).input_value() == "0.9"
        assert control(lab, "demo-field", "rotation", view).input_value() == "45"
    assert state(lab, 2)["of"]["aspect"] == 1


def test_a_value_that_python_refuses_changes_nothing_in_the_browser(lab):
    before = lab.page.evaluate(GREYS, [ROOT, 0])
    with pytest.raises(RuntimeError, match=r"noise must be a number in \[0, 0.5\], got 0.6"):
        lab.python("dial.noise = 0.6")
    settle(lab)
    assert lab.page.evaluate(GREYS, [ROOT, 0]) == before


def test_no_key_touches_the_notebook(lab):
    controls = [f"{ROOT} {part}" for part in (".sd-class", ".demo-button", ".demo-slider")]
    assert changed_by_keys(lab, controls, ["x", "b", "y", "ArrowUp"]) is None


def test_the_tab_key_reaches_every_control_in_order_with_a_visible_ring(lab):
    option(lab, 0).focus()
    names = ["sd-class", *["demo-button"] * 3, *["demo-field", "demo-slider"] * 8]
    assert stops(lab, len(names)) == [[name, True] for name in names]


def test_light_and_dark_themes_both_have_enough_contrast(lab):
    lab.python("dial.aspect = 0.5")
    settle(lab)
    words = (
        ".demo-help",
        ".sd-tag",
        ".sd-legend",
        ".sd-code",
        ".sd-verdict",
        ".sd-entry .demo-soft",
    )
    marks = (
        ".sd-band",
        ".sd-key.sd-easy",
        ".sd-true .demo-bar",
        ".demo-row:not(.sd-true) .demo-bar",
    )
    papers = []
    try:
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            lab.theme(theme)
            for selector in words:
                assert contrast(lab, ROOT, selector)[0] >= 4.5, (theme, selector)
            for selector in marks:
                if "key" not in selector:
                    ratio, paper = contrast(lab, ROOT, selector, "backgroundColor")
                    assert ratio >= 3, (theme, selector)
            papers.append(sum(paper))
    finally:
        lab.theme("JupyterLab Light")
    assert papers[0] > 600 and papers[1] < 200


LABELS = (
    ".sd-line > label, .sd-tag, .sd-line > .demo-field, .sd-key, .sd-class > span, .demo-button,"
    " .sd-entry > *, .sd-head > *, .demo-name, .sd-number, .demo-help, .sd-code"
)
HARD_TO_FIT = (
    "dict(scale=0.123, aspect=0.234, rotation=359, contrast=0.234, noise=0.123, clutter=20)"
)


@pytest.mark.parametrize("width", [320, 400, 600, 700, 848, 1060])
def test_nothing_is_cut_or_overlaps_in_narrow_and_wide_cells(lab, width):
    assert misfits(lab, ROOT, width, LABELS) == []
    lab.python(f"dial.set_state({HARD_TO_FIT}); dial.send_state()")
    settle(lab)
    assert misfits(lab, ROOT, width, LABELS) == []


def test_nothing_jumps_while_dials_move(lab):
    boxes = set()
    for settings in ("{}", "dict(aspect=0.5)", "dict(noise=0.12, clutter=12)", HARD_TO_FIT):
        lab.python(f"dial.set_state({settings}); dial.send_state()")
        settle(lab)
        boxes.add(
            lab.page.evaluate(
                """(root) => JSON.stringify([...document.querySelector(root).querySelectorAll(
                    'canvas, .demo-slider, .demo-field, .demo-bars, .demo-button, .sd-entry')]
                    .map((part) => part.getBoundingClientRect()))""",
                ROOT,
            )
        )
    assert len(boxes) == 1


def test_without_a_kernel_the_last_picture_stays_and_the_dial_says_so(server):
    before = server.page.evaluate(GREYS, [ROOT, 0])
    note = server.page.locator(f"{ROOT} .sd-note").first
    assert not note.is_visible()
    server.restart_kernel()
    control(server, "demo-slider", "aspect").focus()
    server.page.keyboard.press("Home")
    note.wait_for(state="visible")
    assert "the picture is older than the dials" in note.inner_text()
    assert spoken(server) == note.inner_text()
    assert server.page.evaluate(GREYS, [ROOT, 0]) == before
    assert control(server, "demo-field", "aspect").input_value() == "0.2"
    option(server, 1).click()  # needs no new picture
    server.page.wait_for_function(
        "(root) => document.querySelector(root).dial.label === 1", arg=ROOT
    )
    assert server.problems == []
    run_again(server, ROOT, views=3)
    assert settle(server)["of"]["aspect"] == 1
    assert not note.is_visible()
    assert server.problems == []


def test_an_exported_page_shows_the_still_figure_without_a_network(server, tmp_path):
    page = exported(server, "demo.ipynb", tmp_path / "demo.html")
    image = page.locator(".effcv-still img").first
    assert image.is_visible()
    assert image.get_attribute("alt").startswith("Three pictures at the same dials: across 0.5, ")
    page.close()
