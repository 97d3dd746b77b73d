"""The temperature explorer without a browser: traits, presets, checks, still figure."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
import traitlets
from PIL import Image

from effcv_lab.widgets.explorer import Preset, TemperatureExplorer

CAT = "cat, dog, bear"
TWO = "a 2 that resembles 7 and 1"


def snapshot(explorer):
    names = ("temperature", "logits", "student_logits", "classes", "preset", "entropy")
    return {name: getattr(explorer, name) for name in names} | {"probs": explorer.probs.tolist()}


@pytest.mark.parametrize("temperature", [0.05, 1, 4, 100])
@pytest.mark.parametrize("logits", [[2, 1, -1], [1e4, -1e4, 0], [0, 0, 0]])
def test_probs_and_entropy_are_those_of_scipy(logits, temperature):
    explorer = TemperatureExplorer(logits, temperature=temperature, student_logits=logits[::-1])
    wanted = scipy.special.softmax(np.array(logits) / temperature)
    assert explorer.probs.dtype == torch.float64
    assert explorer.probs.numpy() == pytest.approx(wanted, abs=1e-12)
    assert explorer.student_probs.numpy() == pytest.approx(wanted[::-1], abs=1e-12)
    assert explorer.entropy == pytest.approx(scipy.stats.entropy(wanted), abs=1e-12)
    assert explorer.student_entropy == pytest.approx(explorer.entropy, abs=1e-12)


def test_each_assignment_is_followed_by_new_probs_before_observers_look():
    explorer = TemperatureExplorer([1.0, 0.0])
    heard = []
    for name in ("temperature", "logits"):
        explorer.observe(lambda change: heard.append(explorer.probs[0].item()), name)
    explorer.temperature = 2
    explorer.logits = [0, 0]
    assert heard == pytest.approx([scipy.special.expit(0.5), 0.5])


def test_entropy_can_be_observed():
    explorer = TemperatureExplorer([1.0, 0.0])
    heard = []
    explorer.observe(lambda change: heard.append(change.new), "entropy")
    explorer.temperature = 100
    assert heard == [explorer.entropy]


def test_probs_and_entropy_cannot_be_assigned():
    explorer = TemperatureExplorer()
    for name in ("probs", "entropy", "student_probs", "student_entropy"):
        with pytest.raises(traitlets.TraitError):
            setattr(explorer, name, 1.0)


def test_scores_may_be_a_tensor_an_array_or_a_list():
    for scores in (torch.tensor([1.0, 2.0]), np.array([1, 2]), [1, 2], (1.0, 2.0)):
        explorer = TemperatureExplorer(scores)
        assert explorer.logits == (1.0, 2.0)
        assert explorer.classes == ("class 0", "class 1")


BAD = [
    ("temperature", 0, r"temperature must be a number in \[0.05, 100\], got 0"),
    ("temperature", -1, r"temperature .* got -1"),
    ("temperature", float("nan"), r"temperature .* got nan"),
    ("temperature", float("inf"), r"temperature .* got inf"),
    ("temperature", "warm", r"temperature .* got 'warm'"),
    ("temperature", None, r"temperature .* got None"),
    ("logits", [1, 2], r"logits must hold one number for each of the 3 classes .* got 2"),
    ("logits", [1, float("nan"), 2], r"logits\[1\] must be a number in .* got nan"),
    ("logits", [1, 2e6, 2], r"logits\[1\] must be a number in \[-1e\+06, 1e\+06\], got 2000000"),
    ("logits", [1, "2", 3], r"logits\[1\] must be a number in .* got '2'"),
    ("logits", [1, 2, True], r"logits\[2\] must be a number in .* got True"),
    ("logits", "abc", r"logits must be a row of 2 to 100 numbers, got 'abc'"),
    ("logits", [[1, 2, 3]], r"logits must be a row of 2 to 100 numbers, got 1"),
    ("logits", None, r"logits must be a row"),
    ("student_logits", [1, 2], r"student_logits must hold one number for each of the 3"),
    ("classes", ["a", "b"], r"logits must hold one number for each of the 2 classes"),
    ("classes", "abc", r"classes must be a list of 2 to 100 names, got 'abc'"),
    ("classes", ["a", "b", ""], r"classes\[2\] must be a str that is not empty"),
    ("preset", "cats", r"preset must be 'cat, dog, bear' or .* got 'cats'"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_a_bad_value_is_named_and_nothing_is_lost(name, value, message):
    explorer = TemperatureExplorer()
    before = snapshot(explorer)
    for kind in (ValueError, traitlets.TraitError):
        with pytest.raises(kind, match=message):
            setattr(explorer, name, value)
    assert snapshot(explorer) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": 0}, "temperature must be a number in"),
        ({"logits": [1, 2], "classes": ["a"]}, "classes must be a list of 2 to 100"),
        ({"logits": [1, 2], "classes": ["a", "b", "c"]}, "one number for each of the 3"),
        ({"logits": [1, 2], "student_logits": [1]}, "student_logits must be a row"),
        ({"classes": ["a", "b"]}, "classes must come with logits"),
        ({"student_logits": [1, 2]}, "student_logits must come with logits"),
        ({"presets": ["cats"]}, r"presets\[0\] must be a Preset, got 'cats'"),
        ({"presets": [Preset(CAT, [1, 2], ["cat", "dog"])]}, "different names"),
    ],
)
def test_a_bad_argument_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        TemperatureExplorer(**arguments)


def test_scores_and_classes_of_another_length_are_set_together():
    explorer = TemperatureExplorer()
    explorer.show([1, 2], ["a", "b"], student_logits=[2, 1])
    assert (explorer.logits, explorer.classes) == ((1.0, 2.0), ("a", "b"))
    assert len(explorer.probs) == len(explorer.student_probs) == 2
    with explorer.hold_trait_notifications():
        explorer.logits = [1, 2, 3, 4]
        explorer.student_logits = None
        explorer.classes = list("abcd")
    assert len(explorer.probs) == 4 and explorer.student_probs is None


def test_a_wrong_show_changes_nothing_at_all():
    explorer = TemperatureExplorer()
    explorer.show([1, 2, 3], student_logits=[3, 2, 1])
    before = snapshot(explorer)
    for arguments in (([1, 2], list("abc")), ([1, 2], list("ab"), [1, 2, 3]), ([1, None, 2],)):
        with pytest.raises(ValueError, match="logits"):
            explorer.show(*arguments)
        assert snapshot(explorer) == before


def test_a_preset_loads_its_scores_and_keeps_the_temperature():
    explorer = TemperatureExplorer(temperature=3)
    explorer.preset = TWO
    assert explorer.classes == tuple("0123456789")
    assert explorer.temperature == 3
    top = explorer.probs.argsort(descending=True)[:3].tolist()
    assert top == [2, 7, 1]


def test_reset_goes_back_to_the_preset_and_the_first_temperature():
    explorer = TemperatureExplorer(temperature=3)
    explorer.preset = TWO
    before = snapshot(explorer)
    explorer.show([1, 2], ["a", "b"], [0, 0])
    explorer.temperature = 9
    explorer.reset()
    assert snapshot(explorer) == before


def test_own_scores_come_first_then_given_presets_then_the_built_in_ones():
    boot = Preset("boot", [1, 2], ["boot", "shoe"], student_logits=[2, 1])
    own = TemperatureExplorer([5, 6], presets=[boot])
    assert [one["name"] for one in own._presets] == ["your logits", "boot", CAT, TWO]
    given = TemperatureExplorer(presets=[boot])
    assert (given.preset, given.logits, given.student_logits) == ("boot", (1, 2), (2, 1))


def test_what_the_browser_sends_is_taken_over_as_it_is():
    explorer = TemperatureExplorer()
    dragged = [0.5, 5.5, 12, 3, -1.5, -2.5, -3, 7, 2, 9]  # the last one is not the preset's
    explorer.set_state({"preset": TWO, "classes": list("0123456789"), "logits": dragged})
    assert explorer.logits == tuple(dragged) and explorer.preset == TWO
    before = snapshot(explorer)
    with pytest.raises(traitlets.TraitError):
        explorer.set_state({"logits": [1, 2], "temperature": 7})
    assert snapshot(explorer) == before


def test_a_picture_arrives_pixel_by_pixel():
    picture = torch.rand(28, 20, generator=torch.Generator().manual_seed(0))
    for image in (picture, picture[None], picture.numpy()):
        sent = Preset("a", [1, 2], ["a", "b"], image=image).for_browser()["image"]
        data = base64.b64decode(sent.removeprefix("data:image/png;base64,"))
        with Image.open(io.BytesIO(data)) as opened:
            assert opened.mode == "L"
            assert np.array_equal(np.asarray(opened), np.round(picture.numpy() * 255.0))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (torch.zeros(3, 4, 4), r"shape \(H, W\) or \(1, H, W\), got \(3, 4, 4\)"),
        (torch.zeros(4), r"shape .* got \(4,\)"),
        (torch.full((2, 2), 1.5), r"values in \[0, 1\], got 1.5 to 1.5"),
        (torch.full((2, 2), float("nan")), r"values in \[0, 1\]"),
    ],
)
def test_a_picture_that_is_none_is_refused(image, message):
    with pytest.raises(ValueError, match=message):
        Preset("a", [1, 2], ["a", "b"], image=image)


def test_the_bundle_has_the_live_view_and_a_figure_whose_alt_text_says_the_numbers():
    explorer = TemperatureExplorer(
        [2.0, 1.0, -1.0], ["<cat>", "dog", "bear"], student_logits=[0] * 3
    )
    data, _ = explorer._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.model_id
    alt = re.search('alt="([^"]*)"', data["text/html"])[1]
    assert (
        "&lt;cat&gt; 0.705" in alt
        and "dog 0.333" in alt
        and "teacher 0.71, student 1.10 nats" in alt
    )
    assert "<cat> 0.705" in data["text/plain"]
    picture = base64.b64decode(re.search('base64,([^"]*)"', data["text/html"])[1])
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.width > 400


def outputs_of(explorer, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    explorer._ipython_display_()
    return shown


def test_display_leaves_the_still_figure_and_then_the_live_view(monkeypatch):
    explorer = TemperatureExplorer()
    still, live = outputs_of(explorer, monkeypatch)
    assert "<img" in still["text/html"]
    assert "application/vnd.jupyter.widget-view+json" not in still
    assert "application/vnd.jupyter.widget-view+json" in live and "text/html" not in live


def test_a_closed_explorer_still_shows_its_figure(monkeypatch):
    explorer = TemperatureExplorer()
    explorer.close()
    (still,) = outputs_of(explorer, monkeypatch)
    assert "<img" in still["text/html"]
