"""The shape dial without a browser: its pictures, its difficulties, its checks, its still figure."""

from __future__ import annotations

import base64
import io
import math
import re
import threading

import numpy as np
import pytest
import scipy.special
import torch
import traitlets
from PIL import Image

from effcv_lab.curriculum import elongation
from effcv_lab.models import mlp
from effcv_lab.shapes import basic_shapes, draw_shapes, geometric_shapes
from effcv_lab.widgets.shape_dial import DIALS, ShapeDial

CONTRAST = {"contrast": (0.5, 1)}
TURNED = {
    "across": 0.2, "down": 0.9, "scale": 0.55, "aspect": 0.7, "rotation": 100, "contrast": 0.8,
    "noise": 0.15, "clutter": 6,
}  # fmt: skip


def net(seed=0):
    torch.manual_seed(seed)
    return mlp((8,), (1, 32, 32), 3)


def snapshot(dial):
    return [getattr(dial, name) for name in (*DIALS, "label", "seed")]


SETTINGS = [{}, TURNED, {"noise": 0.5}, {"clutter": 20, "across": 0}, {"rotation": 360, "down": 1}]


@pytest.mark.parametrize("settings", SETTINGS)
def test_what_is_shown_is_drawn_by_the_generator(settings):
    for seed in (0, 7):
        dial = ShapeDial(seed=seed, **settings)
        at = dial.presets["easy"] | settings
        across, down = at.pop("across"), at.pop("down")
        for label in range(3):
            dial.label = label
            expected = draw_shapes(
                1, seed=seed, label=label, position=((across, across), (down, down)), **at
            )
            assert torch.equal(dial.images[label], expected.images[0])
            assert torch.equal(draw_shapes(1, **dial.arguments).images, expected.images)
            assert expected.labels.tolist() == [label]


def test_a_picture_at_one_place_of_both_axes_is_the_first_of_a_set_of_shapes():
    at = {"scale": 0.5, "aspect": 0.6, "rotation": 20, "contrast": 0.9, "noise": 0.1, "clutter": 3}
    for seed in range(4):
        whole = draw_shapes(12, seed=seed, position=0.3, **at)
        dial = ShapeDial(seed=seed, across=0.3, down=0.3, **at)
        assert torch.equal(dial.images[whole.labels[0]], whole.images[0])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("across", 0.3), ("down", 0.8), ("scale", 0.5), ("aspect", 0.69), ("rotation", 101),
        ("contrast", 0.7), ("noise", 0.1), ("clutter", 9), ("seed", 1),
    ],
)  # fmt: skip
def test_every_dial_changes_the_picture_that_is_shown(name, value):
    dial = ShapeDial(**TURNED | {"noise": 0})
    before, sent = dial.images, dial._shown["pixels"]
    setattr(dial, name, value)
    assert not torch.equal(dial.images, before) and dial._shown["pixels"] != sent
    assert dial._shown["of"][name] == value


def test_the_browser_gets_the_pictures_byte_for_byte():
    dial = ShapeDial(seed=3, **TURNED)
    sent = np.frombuffer(dial._shown["pixels"], dtype=np.uint8).reshape(3, 1, 32, 32)
    assert np.array_equal(sent, np.round(dial.images.numpy() * 255))
    assert sent.std() > 10


def test_the_rule_is_the_chapter_s_own():
    dial = ShapeDial(aspect=0.6)
    assert torch.equal(dial.elongation, elongation(dial.images))
    assert dial.elongation.tolist() == pytest.approx([0.4] * 3, abs=0.05)
    assert dial._shown["elongation"] == dial.elongation.tolist()


def test_answers_and_losses_are_the_nets_own():
    nets = {"one": net(1), "two": net(2)}
    nets["two"].train()
    dial = ShapeDial(nets, **TURNED)
    assert nets["two"].training
    for sent, name in zip(dial._shown["nets"], nets, strict=True):
        with torch.no_grad():
            logits = nets[name].eval()(dial.images).numpy()
        probs = scipy.special.softmax(logits.astype(float), axis=1)
        assert dial.probs[name].numpy() == pytest.approx(probs, abs=1e-6)
        losses = -np.log(np.diag(probs))
        assert dial.losses[name].numpy() == pytest.approx(losses, abs=1e-6)
        assert sent["name"] == name
        assert sent["probs"] == dial.probs[name].tolist()
        assert sent["losses"] == dial.losses[name].tolist()


def test_the_dials_that_no_picture_of_a_set_has_are_named():
    dial = ShapeDial(drawn_with=CONTRAST)
    assert dial.outside == {"easy": [], "hard": []}
    for change, easy, hard in (
        ({"aspect": 0.99}, ["aspect"], []),
        ({"aspect": 0.49}, ["aspect"], ["aspect"]),
        ({"contrast": 0.5}, [], []),
        ({"contrast": 0.49}, ["contrast"], ["contrast"]),
        ({"scale": 0.4}, [], []),
        ({"scale": 0.81}, ["scale"], ["scale"]),
        ({"across": 0, "down": 1, "rotation": 360}, [], []),
        ({"noise": 0.01, "clutter": 1}, ["noise", "clutter"], ["noise", "clutter"]),
        ({"aspect": 0.7, "noise": 0.1}, ["aspect", "noise"], ["noise"]),
    ):
        other = ShapeDial(drawn_with=CONTRAST, **change)
        assert other.outside == {"easy": easy, "hard": hard} == other._shown["outside"]


def test_the_sets_may_have_been_drawn_with_any_dials():
    dial = ShapeDial(drawn_with={"position": ((0, 0.5), 0.5), "noise": (0, 0.2), "aspect": 0.8})
    assert (dial.ranges["hard"]["across"], dial.ranges["hard"]["down"]) == ((0, 0.5), (0.5, 0.5))
    assert dial.ranges["hard"]["aspect"] == (0.8, 0.8)
    assert dial.ranges["easy"]["aspect"] == (1, 1)
    dial.across, dial.noise = 0.6, 0.1
    assert dial.outside["hard"] == ["across", "aspect"]


def test_the_presets_are_of_their_sets_and_the_hard_one_is_not_easy():
    dial = ShapeDial(drawn_with=CONTRAST)
    assert {name: getattr(dial, name) for name in DIALS} == dial.presets["easy"]
    hard = ShapeDial(drawn_with=CONTRAST, **dial.presets["hard"])
    assert hard.outside == {"easy": ["aspect"], "hard": []}
    assert (hard.aspect, hard.contrast, hard.scale) == (0.5, 0.5, 0.4)
    for name in ("easy", "hard"):
        draws = {"easy": basic_shapes, "hard": geometric_shapes}[name]
        low, high = dial.ranges[name]["scale"]
        drawn = draws(200, scale=(low, high), **CONTRAST)  # the ranges are what the sets allow
        assert torch.equal(drawn.images, draws(200, **CONTRAST).images)


def test_a_dial_that_turns_back_while_another_thread_draws_is_drawn_again(monkeypatch):
    dial = ShapeDial()
    begun, turned = threading.Event(), threading.Event()

    def slow(*arguments, **keywords):
        begun.set()
        turned.wait(0.2)
        return draw_shapes(*arguments, **keywords)

    monkeypatch.setattr("effcv_lab.shapes.draw_shapes", slow)
    other = threading.Thread(target=lambda: dial.set_state({"across": 0.9}))
    other.start()
    begun.wait()
    dial.across = 0.5
    turned.set()
    other.join()
    assert dial.across == dial._shown["of"]["across"] == 0.5
    expected = draw_shapes(1, **dial.arguments).images[0]
    assert torch.equal(dial.images[dial.label], expected)


def test_several_dials_together_are_drawn_once_and_a_class_is_only_chosen(monkeypatch):
    dial = ShapeDial()
    drawn = []

    def counting(*arguments, **keywords):
        drawn.append(keywords["label"])
        return draw_shapes(*arguments, **keywords)

    monkeypatch.setattr("effcv_lab.shapes.draw_shapes", counting)
    dial.set_state({**dial.presets["hard"], "seed": 4})
    assert drawn == [0, 1, 2] and dial.elongation[1] > 0.4
    dial.set_state({"label": 2})
    assert drawn == [0, 1, 2]
    dial.noise = 0.1
    assert drawn == [0, 1, 2] * 2


def test_what_the_browser_sends_is_taken_over_all_or_nothing():
    dial = ShapeDial()
    dial.set_state({"aspect": 0.5, "clutter": 3})
    before, images = snapshot(dial), dial.images
    with pytest.raises(traitlets.TraitError):
        dial.set_state({"scale": 0.5, "clutter": 2.5})
    assert snapshot(dial) == before and dial.images is images


BAD = [
    ("across", -0.1, r"across must be a number in \[0, 1\], got -0.1"),
    ("down", 1.1, r"down must be a number in \[0, 1\], got 1.1"),
    ("scale", 0.9, r"scale must be a number in \[0.1, 0.875\], got 0.9"),
    ("aspect", 0.1, r"aspect must be a number in \[0.2, 1\], got 0.1"),
    ("rotation", -1, r"rotation must be a number in \[0, 360\], got -1"),
    ("contrast", math.nan, r"contrast must be a number in \[0.05, 1\], got nan"),
    ("noise", "much", r"noise must be a number in \[0, 0.5\], got 'much'"),
    ("clutter", 2.5, r"clutter must be a whole number in \[0, 20\], got 2.5"),
    ("label", 3, r"label must be a whole number in \[0, 2\], got 3"),
    ("seed", -1, r"seed must be a whole number in \[0, 2147483647\], got -1"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_a_bad_value_is_named_and_nothing_is_lost(name, value, message):
    dial = ShapeDial(**TURNED)
    before, images = snapshot(dial), dial.images
    for kind in (ValueError, traitlets.TraitError):
        with pytest.raises(kind, match=message):
            setattr(dial, name, value)
        with pytest.raises(kind, match=message):
            ShapeDial(**{name: value})
    assert snapshot(dial) == before and dial.images is images


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"nets": [net()]}, "nets must be a dict from name to net, got "),
        ({"nets": {1: net()}}, "the name of a net must be a str, got 1"),
        ({"nets": {" ": net()}}, "the name of a net must be a str that is not empty, got ' '"),
        ({"nets": {"a": "net"}}, r"nets\['a'\] must be a Module, got 'net'"),
        (
            {"nets": {"a": mlp((8,), (1, 32, 32), 10)}},
            r"nets\['a'\] must turn images \(B, 1, 32, 32\) into logits \(B, 3\), got a shape \(2, 10\)",
        ),
        (
            {"nets": {"a": mlp((8,), (1, 28, 28), 3)}},
            r"nets\['a'\] must turn images \(B, 1, 32, 32\) into logits \(B, 3\), got an error",
        ),
        ({"drawn_with": (0, 1)}, r"drawn_with must be a dict of dials, got \(0, 1\)"),
        ({"drawn_with": {"colour": 1}}, "a dial in drawn_with must be 'position' or .*'colour'"),
        ({"drawn_with": {"noise": 1}}, r"noise must be a number in \[0, 0.5\], got 1"),
        ({"drawn_with": {"rotation": (-9, 9)}}, r"rotation must be .* in \[0, 360\], got -9"),
        ({"position": 0.5}, "the name of a dial must be 'across' or 'down' or .*'position'"),
    ],
)
def test_a_bad_argument_is_named(keywords, message):
    for kind in (ValueError, traitlets.TraitError):
        with pytest.raises(kind, match=message):
            ShapeDial(**keywords)


def test_the_bundle_has_the_live_view_and_a_figure_whose_alt_text_says_what_is_seen():
    dial = ShapeDial({"<net>": net()}, aspect=0.5, rotation=20, clutter=0)
    data, _ = dial._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == dial.model_id
    alt = re.search('alt="([^"]*)"', data["text/html"])[1]
    assert alt.startswith("Three pictures at the same dials: across 0.5, down 0.5, scale 0.7,")
    assert "aspect 0.5, rotation 20, contrast 1, noise 0, clutter 0." in alt
    for label, name in enumerate(("rectangle", "ellipse", "triangle")):
        said = ("rectangle", "ellipse", "triangle")[dial.probs["<net>"][label].argmax()]
        words = f"{name}: elongation {dial.elongation[label]:.2f}, &lt;net&gt; says {said} "
        assert f"{words}{dial.probs['<net>'][label].max():.2f}" in alt
    assert "<net> says" in data["text/plain"]
    picture = base64.b64decode(re.search('base64,([^"]*)"', data["text/html"])[1])
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.width > 400
    dial.aspect = 1
    assert "aspect 1," in dial.still()[1]


@pytest.mark.parametrize("closed", [False, True])
def test_display_leaves_the_still_figure_and_then_the_live_view(closed, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    dial = ShapeDial()
    if closed:
        dial.close()
    dial._ipython_display_()
    live = "application/vnd.jupyter.widget-view+json"
    assert "<img" in shown[0]["text/html"] and live not in shown[0]
    assert [live in data for data in shown[1:]] == ([] if closed else [True])
