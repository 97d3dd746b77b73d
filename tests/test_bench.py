"""The distillation bench without a browser: its numbers, its checks, its still figure."""

from __future__ import annotations

import base64
import io
import math
import re

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
import traitlets
from PIL import Image
from torch.nn import functional as F

from effcv_lab.distillation import kd_loss
from effcv_lab.soft_targets import soft_gradient
from effcv_lab.widgets.bench import DistillationBench
from effcv_lab.widgets.presets import Preset

CLASSES = ["cat", "dog", "bear", "emu"]


def preset(name="a", seed=0, **keywords):
    noise = torch.Generator().manual_seed(seed)
    teacher, student = 4 * torch.randn(2, 4, generator=noise, dtype=torch.float64)
    return Preset(
        name, **{"logits": teacher, "classes": CLASSES, "student_logits": student} | keywords
    )


def bench(**keywords):
    return DistillationBench([preset("a", 0), preset("b", 1)], [2, 0], **keywords)


def rows(one):
    """Return teacher and student of the chosen example as batches of one."""
    return [
        torch.tensor([values], dtype=torch.float64)
        for values in (one.example.logits, one.example.student_logits)
    ]


def snapshot(one):
    return [getattr(one, name) for name in ("temperature", "alpha", "squared", "chosen")]


SETTINGS = [
    (temperature, alpha) for temperature in (0.5, 1.0, 4.0, 100.0) for alpha in (0.0, 0.3, 1.0)
]


@pytest.mark.parametrize(("temperature", "alpha"), SETTINGS)
def test_losses_are_those_of_torch_s_own_functions(temperature, alpha):
    for seed in range(3):
        one = DistillationBench([preset(seed=seed)], [seed], temperature, alpha)
        teacher, student = rows(one)
        hard = F.cross_entropy(student, torch.tensor([seed])).item()
        soft = temperature**2 * F.kl_div(
            (student / temperature).log_softmax(1),
            (teacher / temperature).softmax(1),
            reduction="batchmean",
        )
        assert one.losses.hard == pytest.approx(hard, rel=1e-12)
        assert one.losses.soft == pytest.approx(soft.item(), rel=1e-6, abs=1e-12)
        mixed = kd_loss(student, teacher, torch.tensor([seed]), temperature, alpha).item()
        assert one.losses.total == pytest.approx(mixed, rel=1e-12)
        one.squared = False
        assert one.losses.hard == pytest.approx(hard, rel=1e-12)
        assert one.losses.soft == pytest.approx(soft.item() / temperature**2, rel=1e-6, abs=1e-12)
        mixed = (1 - alpha) * one.losses.hard + alpha * one.losses.soft
        assert one.losses.total == pytest.approx(mixed, rel=1e-12)


@pytest.mark.parametrize(("temperature", "alpha"), SETTINGS)
def test_gradients_are_autograd_s_and_those_of_the_closed_form(temperature, alpha):
    for seed in range(3):
        one = DistillationBench([preset(seed=seed)], [seed], temperature, alpha)
        teacher, student = rows(one)
        hard, soft, total = one.gradients
        student.requires_grad_()
        kd_loss(student, teacher, torch.tensor([seed]), temperature, alpha).backward()
        assert total.numpy() == pytest.approx(student.grad[0].numpy(), abs=1e-12)
        onehot = np.eye(4)[seed]
        plain = scipy.special.softmax(np.array(one.example.student_logits))
        assert hard.numpy() == pytest.approx((1 - alpha) * (plain - onehot), abs=1e-12)
        bare = alpha * soft_gradient(student.detach(), teacher, temperature)[0].numpy()
        assert soft.numpy() == pytest.approx(temperature**2 * bare, abs=1e-12)
        one.squared = False
        assert one.gradients.soft.numpy() == pytest.approx(bare, abs=1e-12)
        assert one.gradients.hard.numpy() == pytest.approx(hard.numpy(), abs=1e-12)
        assert one.gradients.total.numpy() == pytest.approx(hard.numpy() + bare, abs=1e-12)
        assert {part.dtype for part in one.gradients} == {torch.float64}


def test_probabilities_and_bits_are_those_of_scipy():
    one = bench(temperature=3.0)
    for chosen in (0, 1):
        one.chosen = chosen
        teacher = scipy.special.softmax(np.array(one.example.logits) / 3)
        student = scipy.special.softmax(np.array(one.example.student_logits) / 3)
        assert one.teacher_probs.numpy() == pytest.approx(teacher, abs=1e-12)
        assert one.student_probs.numpy() == pytest.approx(student, abs=1e-12)
        assert one.teacher_bits == pytest.approx(scipy.stats.entropy(teacher, base=2), abs=1e-12)


def test_without_t_squared_the_teacher_s_push_vanishes_and_with_it_it_stays():
    one = bench(alpha=1.0)
    lengths = {}
    for squared in (True, False):
        for temperature in (20.0, 100.0):
            one.squared, one.temperature = squared, temperature
            lengths[squared, temperature] = one.gradients.soft.norm().item()
    assert lengths[False, 20.0] == pytest.approx(lengths[True, 20.0] / 400, rel=1e-12)
    assert lengths[False, 100.0] < lengths[False, 20.0] / 20
    assert lengths[True, 100.0] == pytest.approx(lengths[True, 20.0], rel=0.1)


def test_a_step_against_the_gradient_lowers_the_total():
    one = bench(temperature=2.0, alpha=0.7)
    before = one.losses.total
    moved = torch.tensor(one.example.student_logits) - 0.01 * one.gradients.total
    after = DistillationBench([preset("a", student_logits=moved)], [2], 2.0, 0.7).losses.total
    step = 0.01 * one.gradients.total.square().sum().item()
    assert after == pytest.approx(before - step, abs=step / 20)


def test_the_chosen_example_is_the_one_that_is_measured():
    one = bench()
    assert (one.example.name, one.label, one.chosen) == ("a", 2, 0)
    one.chosen = 1
    assert (one.example.name, one.label) == ("b", 0)
    alone = DistillationBench([preset("b", 1)], [0])
    assert one.losses == alone.losses
    assert torch.equal(one.gradients.total, alone.gradients.total)


def test_the_browser_gets_each_example_with_its_label():
    picture = torch.rand(5, 4, generator=torch.Generator().manual_seed(0))
    one = DistillationBench([preset(image=picture, caption="words")], torch.tensor([3]))
    (sent,) = one._examples
    assert sent["label"] == 3 and sent["name"] == "a" and sent["caption"] == "words"
    assert sent["logits"] == one.example.logits
    assert sent["student_logits"] == one.example.student_logits
    assert sent["classes"] == tuple(CLASSES)
    data = base64.b64decode(sent["image"].removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.size == (4, 5)


def test_what_the_browser_sends_is_taken_over_all_or_nothing():
    one = bench()
    one.set_state({"temperature": 7, "alpha": 1, "squared": False, "chosen": 1})
    assert snapshot(one) == [7.0, 1.0, False, 1]
    with pytest.raises(traitlets.TraitError):
        one.set_state({"temperature": 9, "chosen": 2})
    assert snapshot(one) == [7.0, 1.0, False, 1]


BAD = [
    ("temperature", 0.4, r"temperature must be a number in \[0.5, 100\], got 0.4"),
    ("temperature", 101, r"temperature must be a number in \[0.5, 100\], got 101"),
    ("temperature", "warm", r"temperature .* got 'warm'"),
    ("alpha", -0.1, r"alpha must be a number in \[0, 1\], got -0.1"),
    ("alpha", 1.01, r"alpha .* got 1.01"),
    ("alpha", math.nan, r"alpha .* got nan"),
    ("chosen", 2, r"chosen must be a whole number in \[0, 1\], got 2"),
    ("chosen", -1, r"chosen .* got -1"),
    ("chosen", "a", r"chosen .* got 'a'"),
    ("squared", 1, r"squared must be True or False, got 1"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_a_bad_value_is_named_and_nothing_is_lost(name, value, message):
    one = bench(temperature=3.0, alpha=0.25)
    before = snapshot(one)
    for kind in (ValueError, traitlets.TraitError):
        with pytest.raises(kind, match=message):
            setattr(one, name, value)
    assert snapshot(one) == before


@pytest.mark.parametrize(
    ("presets", "labels", "message"),
    [
        ([], [], "presets must be one Preset or more, got none"),
        (["cats"], [0], r"presets\[0\] must be a Preset, got 'cats'"),
        ([preset(student_logits=None)], [0], r"presets\[0\] must have student_logits, got None"),
        ([preset(), preset()], [0, 0], "presets must have different names, got 'a' twice"),
        (
            [preset(), preset("b", classes=["cat", "dog", "bear", "gnu"])],
            [0, 0],
            r"presets must all have the same classes, got \('cat', .* in presets\[1\], .*'gnu'",
        ),
        (preset(), [0], r"presets must be a list of Preset, got Preset\("),
        ([preset()], 0, "labels must be a list of whole numbers, got 0"),
        ([preset()], [0, 1], "labels must be one for each of the 1 presets, got 2"),
        ([preset()], [4], r"labels\[0\] must be a whole number in \[0, 3\], got 4"),
        ([preset()], ["cat"], r"labels\[0\] must be a whole number in \[0, 3\], got 'cat'"),
        ([preset()], [-1], r"labels\[0\] .* got -1"),
    ],
)
def test_a_bad_argument_is_named(presets, labels, message):
    for kind in (ValueError, traitlets.TraitError):
        with pytest.raises(kind, match=message):
            DistillationBench(presets, labels)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [({"temperature": 0}, "temperature"), ({"alpha": 2}, "alpha"), ({"squared": "no"}, "squared")],
)
def test_a_bad_setting_is_named_at_once(keywords, message):
    with pytest.raises(ValueError, match=f"{message} must be"):
        bench(**keywords)


def test_the_bundle_has_the_live_view_and_a_figure_whose_alt_text_says_the_numbers():
    one = DistillationBench(
        [Preset("<boot>", [0.0, 4.0], ["shoe", "boot"], student_logits=[0.0, 0.0])], [1]
    )
    data, _ = one._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == one.model_id
    alt = re.search('alt="([^"]*)"', data["text/html"])[1]
    assert "&lt;boot&gt;, label boot, at T = 4, alpha = 0.5" in alt
    assert "shoe 0.269, 0.500, -0.250, -0.462; boot 0.731, 0.500, +0.250, +0.462" in alt
    assert "Hard loss 0.693, soft loss (T² times KL) 1.775, total 1.234" in alt
    assert "teacher&#x27;s entropy 0.84 bits" in alt
    assert "<boot>, label boot" in data["text/plain"]
    picture = base64.b64decode(re.search('base64,([^"]*)"', data["text/html"])[1])
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.width > 400
    one.squared = False
    assert "soft loss (KL, without T²) 0.111" in one.still()[1]


@pytest.mark.parametrize("closed", [False, True])
def test_display_leaves_the_still_figure_and_then_the_live_view(closed, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    one = bench()
    if closed:
        one.close()
    one._ipython_display_()
    live = "application/vnd.jupyter.widget-view+json"
    assert "<img" in shown[0]["text/html"] and live not in shown[0]
    assert [live in data for data in shown[1:]] == ([] if closed else [True])
