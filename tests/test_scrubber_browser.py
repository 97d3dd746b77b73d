"""The curriculum scrubber in a real JupyterLab: mouse, keyboard, playing, themes, restart."""

from __future__ import annotations

import json

import pytest
from live_demo import (
    changed_by_keys,
    contrast,
    exported,
    last_frame,
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
from effcv_lab.curriculum import TrainingTrace, elongation
from effcv_lab.shapes import geometric_shapes
from effcv_lab.widgets.scrubber import CurriculumScrubber

shapes = geometric_shapes(60, seed=1)
order = elongation(shapes.images).argsort()
sample = shapes.subset(order)
share = torch.linspace(0.1, 1, 9)

def made_up(seed, in_pool, pool):
    noise = torch.Generator().manual_seed(seed)
    probs = torch.rand(9, 60, 3, generator=noise).softmax(dim=2)
    return TrainingTrace(
        images=sample.images, labels=sample.labels, classes=sample.classes,
        difficulty=elongation(sample.images), in_pool=in_pool, predicted=probs.argmax(dim=2),
        right_probs=probs[:, torch.arange(60), sample.labels], pool_fraction=pool,
        easy_error=0.65 - 0.2 * torch.rand(9, generator=noise),
        hard_error=0.66 - 0.1 * torch.rand(9, generator=noise))

easiest = torch.arange(60) < 60 * share[:, None]
traces = {
    "easiest first": made_up(0, easiest, share),
    "hardest first": made_up(1, easiest.flip(1), share),
    "all": made_up(2, torch.ones(9, 60).bool(), torch.ones(9)),
}
scrubber = CurriculumScrubber(traces)
def back():
    with scrubber.hold_sync():
        scrubber.epoch, scrubber.shown = 2, "easiest first"
"""
OTHER = "other = CurriculumScrubber(traces['all']); other"
ROOT = ".effcv-scrubber"
SLIDER = f"{ROOT} .demo-slider"
FIELD = f"{ROOT} .demo-field"
PLAY = f"{ROOT} .cs-play"
EXAMPLES = f"{ROOT} .cs-example"
LAST = 8


def state(lab, view=0):
    """Return what a view drew in its last frame."""
    return last_frame(lab, ROOT, "scrubber", view)


def python(lab):
    """Return what Python holds of the present moment."""
    return json.loads(
        lab.python(
            "import json\n"
            "trace, t = scrubber.trace, scrubber.epoch\n"
            "print(json.dumps(dict(epoch=t, shown=scrubber.shown, words=scrubber.words,"
            " in_pool=trace.in_pool[t].tolist(), right=trace.right[t].tolist(),"
            " predicted=trace.predicted[t].tolist(), probs=trace.right_probs[t].tolist())))"
        )
    )


def settle(lab):
    """Wait until browser and Python hold the same moment; return what each holds."""

    def same(here, there):
        return (here["epoch"], here["shown"]) == (there["epoch"], there["shown"])

    return meet(lab, lambda: state(lab), lambda: python(lab), same)


server, lab = stage(ROOT, SETUP, "scrubber", "scrubber", OTHER, settle=settle, height=1500)


def pressed(lab, *keys):
    press(lab, *keys)
    return settle(lab)[1]


def first(lab, selector):
    return lab.page.locator(ROOT).first.locator(selector)


def wait_until(lab, condition):
    """Wait until a condition holds for ``view``, the first view of the page, as it was drawn."""
    lab.page.wait_for_function(
        f"(root) => {{ const view = document.querySelector(root); return {condition}; }}", arg=ROOT
    )


def button_says(lab, text):
    wait_until(lab, f"view.querySelector('.cs-play').textContent === '{text}'")
    return True


def wall(lab):
    """Return for each picture of the first view: dimmed, and the shape of its mark."""
    return lab.page.evaluate(
        """(root) => [...document.querySelector(root).querySelectorAll('.cs-example')].map((one) => {
            const mark = getComputedStyle(one.querySelector('.cs-mark'), '::before');
            return [Number(getComputedStyle(one.querySelector('img')).opacity) < 0.5,
                    mark.clipPath.startsWith('polygon') ? 'cross' : 'disc'];
        })""",
        ROOT,
    )


def test_jupyterlab_shows_the_live_view_and_not_the_still_figure(lab):
    assert only_live(lab, ROOT, 3)


@pytest.mark.parametrize("name", ["easiest first", "hardest first", "all"])
def test_wall_and_words_are_those_of_python_at_every_moment(lab, name):
    for epoch in (0, 3, LAST):
        lab.python(f"scrubber.epoch, scrubber.shown = {epoch}, {name!r}")
        _, there = settle(lab)
        lab.page.wait_for_timeout(300)  # pictures fade
        signs = [[not used, "disc" if right else "cross"]
                 for used, right in zip(there["in_pool"], there["right"], strict=True)]  # fmt: skip
        assert wall(lab) == signs
        assert first(lab, ".cs-words").inner_text() == there["words"]


def test_the_table_compares_all_runs_at_the_chosen_time(lab):
    lab.python("scrubber.epoch = 5")
    settle(lab)
    wanted = json.loads(
        lab.python(
            "print(json.dumps([[f'{t.pool_fraction[5]:.0%}'.replace('%', ' %'),"
            " f'{int(t.right[5].sum())}/60', f'{t.easy_error[5]:.2f}', f'{t.hard_error[5]:.2f}']"
            " for t in traces.values()]))"
        )
    )
    rows = first(lab, ".cs-traces tbody tr")
    for index, name in enumerate(("easiest first", "hardest first", "all")):
        assert rows.nth(index).locator("th").inner_text() == name
        assert rows.nth(index).locator("td").all_inner_texts() == wanted[index]


def test_the_mouse_drags_the_time_on_the_slider_and_on_the_curves(lab):
    for part, at, epoch in ((".demo-slider", 0.75, 6), (".cs-plot-error .cs-area", 0.5, 4)):
        box = first(lab, part).bounding_box()
        inset = box["height"] / 2 if part == ".demo-slider" else 0  # the thumb's half
        y = box["y"] + box["height"] / 2
        lab.page.mouse.move(box["x"] + inset + 0.25 * (box["width"] - 2 * inset), y)
        lab.page.mouse.down()
        lab.page.mouse.move(box["x"] + inset + at * (box["width"] - 2 * inset), y, steps=6)
        lab.page.mouse.up()
        assert settle(lab)[1]["epoch"] == epoch, part
        lab.page.mouse.move(box["x"] + inset, y)  # let go, it stays
        assert settle(lab)[1]["epoch"] == epoch, part


def test_every_key_of_the_slider_moves_the_time(lab):
    lab.page.locator(SLIDER).first.focus()
    for key, epoch in (("ArrowRight", 3), ("ArrowDown", 2), ("PageUp", 4), ("PageDown", 2),
                       ("End", LAST), ("ArrowUp", LAST), ("Home", 0), ("ArrowLeft", 0)):  # fmt: skip
        assert pressed(lab, key)["epoch"] == epoch, key


def test_a_number_can_be_typed_and_a_wrong_one_is_given_back(lab):
    field = lab.page.locator(FIELD).first
    field.fill("7")
    assert settle(lab)[1]["epoch"] == 7
    for wrong in ("9", "2.5"):
        field.fill(wrong)
        assert field.get_attribute("aria-invalid") == "true"
        field.press("Enter")
        assert field.input_value() == "7"
        status = first(lab, "[role=status]").inner_text()
        assert status == "Epochs done must be a whole number from 0 to 8."
    assert settle(lab)[1]["epoch"] == 7


def test_a_run_is_chosen_by_mouse_and_by_arrow_keys_at_the_same_time(lab):
    lab.page.get_by_text("hardest first", exact=True).first.click()
    there = settle(lab)[1]
    assert (there["shown"], there["epoch"]) == ("hardest first", 2)
    first(lab, "input[type=radio]:checked").focus()
    assert pressed(lab, "ArrowDown")["shown"] == "all"
    assert pressed(lab, "ArrowUp", "ArrowUp")["shown"] == "easiest first"
    assert first(lab, ".cs-chosen").inner_text().startswith("easiest first")


def test_it_plays_to_the_end_stops_there_and_begins_anew(lab):
    lab.python("scrubber.epoch = 6")
    settle(lab)
    button = lab.page.locator(PLAY).first
    button.focus()
    lab.page.keyboard.press("Space")
    assert button_says(lab, "Pause") and button_says(lab, "Play")
    assert settle(lab)[1]["epoch"] == LAST
    lab.page.wait_for_timeout(700)
    assert state(lab)["epoch"] == LAST  # it stays there
    lab.page.keyboard.press("Enter")
    wait_until(lab, "view.scrubber.epoch === 1")
    button.click()
    assert button_says(lab, "Play")
    stopped = settle(lab)[1]["epoch"]
    lab.page.wait_for_timeout(700)
    assert state(lab)["epoch"] == stopped < LAST


def test_a_hand_on_the_time_ends_the_playing_and_another_run_does_not(lab):
    lab.page.locator(PLAY).first.click()
    lab.page.get_by_text("all", exact=True).first.click()
    wait_until(lab, "view.scrubber.epoch > 2 && view.scrubber.shown === 'all'")
    assert state(lab)["playing"]
    lab.page.locator(SLIDER).first.focus()
    lab.page.keyboard.press("Home")
    lab.page.wait_for_timeout(700)
    assert settle(lab)[1]["epoch"] == 0 and not state(lab)["playing"]


def seconds_for_one_epoch(lab):
    """Play, and return how long one moment is shown, as the page measures it."""
    lab.python("scrubber.epoch = 5")
    settle(lab)
    lab.page.locator(PLAY).first.click()
    times = lab.page.evaluate(
        """(root) => new Promise((done) => {
            const times = {};
            const look = (now) => {
                times[document.querySelector(root).scrubber.epoch] ??= now;
                if (times[7] === undefined) requestAnimationFrame(look);
                else done(times);
            };
            requestAnimationFrame(look);
        })""",
        ROOT,
    )
    assert button_says(lab, "Play")
    return (times["7"] - times["6"]) / 1000


def test_who_wants_less_motion_gets_slower_steps_and_no_fading(lab):
    fading = "(root) => getComputedStyle(document.querySelector(root + ' .cs-example img'))"
    fading += ".transitionDuration"
    assert lab.page.evaluate(fading, ROOT) == "0.2s"
    usual = seconds_for_one_epoch(lab)
    lab.page.emulate_media(reduced_motion="reduce")
    try:
        assert lab.page.evaluate(fading, ROOT) == "0s"
        assert 0.4 < usual < 0.9 < seconds_for_one_epoch(lab)
    finally:
        lab.page.emulate_media(reduced_motion="no-preference")


def described(there, index):
    """Return what must be said of a picture, from Python's numbers."""
    classes = ["rectangle", "ellipse", "triangle"]
    says, p = classes[there["predicted"][index]], f"{there['probs'][index]:.3f}"
    verdict = "the net is right, p = " if there["right"][index] else f"the net says {says}, p of "
    where = "in the pool" if there["in_pool"][index] else "not in the pool"
    return where, verdict, p


def test_hovering_and_focus_say_class_difficulty_and_probability(lab):
    there = settle(lab)[1]
    detail = first(lab, ".cs-detail p")
    for index, come in ((40, "hover"), (17, "focus"), (3, "click")):
        getattr(lab.page.locator(EXAMPLES).nth(index), come)()
        start = f"Picture {index + 1} of 60, "
        wait_until(lab, f"view.querySelector('.cs-detail p').textContent.startsWith('{start}')")
        text = detail.inner_text()
        assert "difficulty 0." in text
        assert all(part in text for part in described(there, index)), (text, come)
        label = lab.page.locator(EXAMPLES).nth(index).get_attribute("aria-label")
        assert label == text.replace("Picture ", "").replace(" of 60,", ":", 1)
        lab.page.mouse.move(5, 5)
    assert detail.inner_text().startswith("Picture 4 of 60, ")  # what was clicked stays


def test_arrow_keys_walk_along_the_wall_which_is_one_stop_of_the_tab_key(lab):
    def here():
        label = lab.page.evaluate("document.activeElement.getAttribute('aria-label')")
        return int(label.partition(":")[0])

    tops = first(lab, ".cs-example").evaluate_all("(all) => all.map((one) => one.offsetTop)")
    columns = tops.count(tops[0])
    lab.page.locator(EXAMPLES).first.focus()
    for key, place in (
        ("ArrowRight", 2), ("ArrowDown", 2 + columns), ("ArrowLeft", 1 + columns), ("ArrowUp", 1),
        ("ArrowUp", 1), ("ArrowLeft", 1), ("End", 60), ("ArrowRight", 60), ("ArrowDown", 60),
        ("Home", 1),
    ):  # fmt: skip
        lab.page.keyboard.press(key)
        assert here() == place, key
    wait_until(lab, "view.querySelector('.cs-example').tabIndex === 0")
    tabs = first(lab, ".cs-example").evaluate_all("(all) => all.map((one) => one.tabIndex)")
    assert tabs == [0] + [-1] * 59
    assert settle(lab)[1]["epoch"] == 2  # the time did not move


def test_the_tab_key_reaches_every_control_in_order_with_a_visible_ring(lab):
    lab.page.locator(f"{ROOT} input[type=radio]:checked").first.focus()
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("Shift+Tab")
    reached = stops(lab, 5)
    names = [name.split()[:2] for name, _ in reached]
    assert names[0] == ["cs-radio"] and names[1] == ["demo-button", "cs-play"]
    assert [name[0] for name in names[2:]] == ["demo-field", "demo-slider", "cs-example"]
    assert all(ring for _, ring in reached)


def test_no_key_touches_the_notebook(lab):
    controls = [f"{ROOT} input[type=radio]:checked", PLAY, SLIDER, EXAMPLES]
    assert changed_by_keys(lab, controls, ["x", "b", "ArrowUp"]) is None


def test_the_moment_is_said_once_when_the_time_stands_still(lab):
    said = """(root) => {
        const node = document.querySelector(root + ' [role=status]');
        window.said = [];
        new MutationObserver(() => window.said.push(node.textContent))
            .observe(node, { childList: true, characterData: true, subtree: true });
        return node.getAttribute('aria-live');
    }"""
    lab.page.wait_for_timeout(800)
    assert lab.page.evaluate(said, ROOT) == "polite"
    lab.page.locator(PLAY).first.click()
    wait_until(lab, "view.scrubber.epoch === 5")
    lab.page.locator(PLAY).first.click()
    there = settle(lab)[1]
    wait_until(lab, "window.said.length > 0")
    lab.page.wait_for_timeout(700)
    assert lab.page.evaluate("window.said") == [there["words"]]


def test_screen_readers_hear_names_and_sensible_values(lab):
    there = settle(lab)[1]
    page = lab.page
    right = sum(there["right"])
    slider = page.get_by_role("slider", name="Epochs done").first
    heard = f"2 of 8 epochs; 32 % in the pool, {right} of 60 right"
    assert slider.get_attribute("aria-valuetext") == heard
    assert page.get_by_role("region", name="Curriculum scrubber").count() == 3
    assert page.get_by_role("textbox", name="Epochs done").count() == 3
    assert page.get_by_role("radio", name="hardest first").count() == 2
    assert page.get_by_role("radio", name="training").count() == 1
    assert page.get_by_role("listbox", name="Examples, easiest first").count() == 3
    assert page.locator(ROOT).get_by_role("option").count() == 3 * 60
    assert page.get_by_role("table", name="Training runs at the chosen time").count() == 3
    assert page.get_by_role("columnheader", name="error, harder half").count() == 3


def test_two_views_move_together_and_python_moves_them(lab):
    lab.page.locator(SLIDER).nth(1).focus()
    pressed(lab, "PageUp")
    lab.python("scrubber.shown = 'hardest first'")
    settle(lab)
    for view in (0, 1):
        assert (state(lab, view)["epoch"], state(lab, view)["shown"]) == (4, "hardest first")
        assert lab.page.locator(FIELD).nth(view).input_value() == "4"
    assert state(lab, 2)["epoch"] == 0
    ids = lab.page.evaluate(
        "(root) => [...document.querySelectorAll(root + ' [id]')].map((node) => node.id)", ROOT
    )
    assert len(ids) == len(set(ids)) == 2 * (3 + 2) + 1 + 2


def test_a_value_that_python_refuses_changes_nothing_in_the_browser(lab):
    for code, message in (
        ("scrubber.epoch = 9", r"epoch must be a whole number in \[0, 8\]"),
        ("scrubber.shown = 'none'", "shown must be"),
    ):
        with pytest.raises(RuntimeError, match=message):
            lab.python(code)
    there = settle(lab)[1]
    assert (there["epoch"], there["shown"]) == (2, "easiest first")


def test_the_curves_are_drawn_where_their_numbers_are(lab):
    for epoch in (0, 5):
        lab.python(f"scrubber.epoch = {epoch}")
        settle(lab)
        shares = lab.page.evaluate(
            """([root, epoch]) => {
                const view = document.querySelector(root);
                const of = (plot, name) => {
                    const area = view.querySelector(plot).getBoundingClientRect();
                    const dot = view.querySelector(`${plot} .cs-dot.cs-${name}`)
                        .getBoundingClientRect();
                    const curve = view.querySelector(`${plot} .cs-curve.cs-${name}:not(.cs-other)`);
                    const point = curve.getAttribute('d').slice(1).split('L')[epoch].split(' ');
                    return [((dot.left + dot.right) / 2 - area.left) / area.width,
                            (area.bottom - (dot.top + dot.bottom) / 2) / area.height,
                            point[0] / 1000, 1 - point[1] / 1000];
                };
                return [of('.cs-plot-pool .cs-area', 'pool'), of('.cs-plot-error .cs-area', 'easy'),
                        of('.cs-plot-error .cs-area', 'hard')];
            }""",
            [ROOT, epoch],
        )
        pool, easy, hard = json.loads(
            lab.python(
                f"t = scrubber.trace; print([round(float(v[{epoch}]), 6) for v in"
                " (t.pool_fraction, t.easy_error, t.hard_error)])"
            )
        )
        ticks = first(lab, ".cs-plot-error .cs-tick").all_inner_texts()
        low, high = float(ticks[0]), float(ticks[-1])
        heights = [pool, (easy - low) / (high - low), (hard - low) / (high - low)]
        for (x, y, at, up), height in zip(shares, heights, strict=True):
            assert (x, at) == pytest.approx((epoch / LAST, epoch / LAST), abs=0.02)
            assert y == pytest.approx(height, abs=0.03)
            assert up == pytest.approx(height, abs=0.001)


def test_light_and_dark_themes_both_have_enough_contrast(lab):
    papers = []
    try:
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            lab.theme(theme)
            for words in (".cs-words", ".cs-traces td", ".cs-tick", ".cs-detail p", ".demo-help"):
                assert contrast(lab, ROOT, words)[0] >= 4.5, (theme, words)
            for mark in (".cs-dot.cs-easy", ".cs-dot.cs-hard", ".cs-dot.cs-pool", ".cs-cursor"):
                ratio, paper = contrast(lab, ROOT, mark, "backgroundColor")
                assert ratio >= 3, (theme, mark)
            papers.append(sum(paper))
    finally:
        lab.theme("JupyterLab Light")
    assert papers[0] > 600 and papers[1] < 200


LABELS = (
    ".cs-words, .cs-traces th > *, .cs-traces td, .demo-ticks > span, .cs-sign, .cs-ends > span,"
    " .cs-line > label, .cs-line > .demo-soft, .cs-play, .cs-title, .cs-detail p, .demo-help"
)


@pytest.mark.parametrize("width", [320, 400, 620, 848, 1060])
def test_nothing_is_cut_or_overlaps_in_narrow_and_wide_cells(lab, width):
    for settings in ("0, 'hardest first'", "8, 'all'"):
        lab.python(f"scrubber.epoch, scrubber.shown = {settings}")
        settle(lab)
        assert misfits(lab, ROOT, width, LABELS) == [], settings


def test_nothing_jumps_while_the_time_moves(lab):
    seen = set()
    for epoch in range(LAST + 1):
        lab.python(f"scrubber.epoch = {epoch}")
        settle(lab)
        seen.add(
            lab.page.evaluate(
                """([root, widths]) => {
                    const view = document.querySelector(root);
                    const boxes = widths.map((width) => {
                        view.style.width = `${width}px`;
                        return [...view.querySelectorAll(
                            '.cs-traces, .cs-chart, .demo-slider, .cs-wall, .cs-large, .demo-help')]
                            .map((part) => part.getBoundingClientRect());
                    });
                    view.style.width = '';
                    return JSON.stringify(boxes);
                }""",
                [ROOT, [320, 500, 620, 848]],
            )
        )
    assert len(seen) == 1


def test_it_goes_on_through_a_kernel_restart_and_runs_again(server):
    server.restart_kernel()
    page = server.page
    page.locator(SLIDER).first.focus()
    press(server, "End", "PageDown")
    page.get_by_text("hardest first", exact=True).first.click()
    page.locator(PLAY).first.click()
    wait_until(server, "view.scrubber.epoch === 8 && !view.scrubber.playing")
    assert "After 8 of 8 epochs, hardest first" in first(server, ".cs-words").inner_text()
    assert server.problems == []
    run_again(server, ROOT, views=3)
    assert settle(server)[1]["epoch"] == 0
    assert server.problems == []


def test_an_exported_page_shows_the_still_figure_without_a_network(server, tmp_path):
    page = exported(server, "demo.ipynb", tmp_path / "demo.html")
    image = page.locator(".effcv-still img").first
    assert image.is_visible()
    assert image.get_attribute("alt").startswith("A wall of 60 pictures from easy to hard")
    page.close()
