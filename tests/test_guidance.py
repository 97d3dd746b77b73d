"""Guided pictures and the order in which they are shown: each test is one promise."""

import copy
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from effcv_lab.curriculum import MostProgress, guided_scenes, in_stages, interleaved
from effcv_lab.curriculum.guidance import BLENDED, TYPICAL
from effcv_lab.models import mlp
from effcv_lab.shapes import basic_shapes, geometric_shapes, render, sample_scenes
from effcv_lab.training import TrainConfig, fit, predict_logits, seed_everything

DIALS = {"position": (0, 1), "scale": (0.4, 0.8), "rotation": (-180, 180), "contrast": (0.5, 1)}


@pytest.fixture(scope="module")
def real():
    return sample_scenes(60, seed=5, aspect=(0.4, 0.9), noise=0, clutter=0, **DIALS)


@pytest.fixture(scope="module")
def sets():
    drawn = [geometric_shapes(30, seed=seed, size=16) for seed in range(3)]
    return [one.subset(one.labels.argsort(stable=True)) for one in drawn]  # labels agree


def contents(image_sets):
    """Count every picture, with its label."""
    return Counter(
        (image.numpy().tobytes(), label)
        for one in image_sets
        for image, label in zip(one.images, one.labels.tolist(), strict=True)
    )


# The spectrum


def test_at_level_1_the_pictures_are_the_real_ones(real):
    np.testing.assert_array_equal(render(guided_scenes(real, 1, seed=3)), render(real))


def test_at_level_0_every_dial_is_typical(real):
    made = guided_scenes(real, 0)
    for name in ("position", "scale", "aspect", "rotation"):
        low, high = TYPICAL[name]
        value = getattr(made, name)
        assert low <= value.min() < value.max() <= high
    contrast = np.abs(made.foreground - made.background)
    assert TYPICAL["contrast"][0] <= contrast.min() < contrast.max() <= TYPICAL["contrast"][1]


@given(st.floats(0, 1))
def test_between_them_every_dial_is_blended_by_the_level(level):
    real = sample_scenes(9, seed=5, aspect=0.7, noise=0, clutter=0, **DIALS)
    made, typical = guided_scenes(real, level, seed=2), guided_scenes(real, 0, seed=2)
    for name in BLENDED:
        expected = np.stack([getattr(typical, name), getattr(real, name)])
        blended = np.average(expected, axis=0, weights=[1 - level, level])
        np.testing.assert_allclose(getattr(made, name), blended, atol=1e-9)


@pytest.mark.parametrize("aspect", [1, (0.4, 0.7)])
@pytest.mark.parametrize("level", [0, 0.3, 0.9])
def test_no_level_changes_the_class_the_squeezed_direction_or_which_is_darker(level, aspect):
    real = sample_scenes(60, seed=5, aspect=aspect, noise=0, clutter=0, **DIALS)
    made = guided_scenes(real, level, seed=1)
    np.testing.assert_array_equal(made.labels, real.labels)
    np.testing.assert_array_equal(made.squeeze, real.squeeze)
    np.testing.assert_array_equal(made.aspect < 1, real.aspect < 1)
    np.testing.assert_array_equal(
        made.foreground < made.background, real.foreground < real.background
    )


def test_the_higher_the_level_the_closer_to_the_real_picture_and_the_less_diverse(real):
    levels = (0, 0.25, 0.5, 0.75, 1)
    pictures = np.stack(
        [[render(guided_scenes(real, level, seed)) for level in levels] for seed in range(4)]
    )  # (4, 5, 60, 1, 32, 32)
    distance = np.abs(pictures - render(real)).mean(axis=(0, 2, 3, 4, 5))
    diversity = pictures.std(axis=0).mean(axis=(1, 2, 3, 4))
    for falling in (distance, diversity):
        assert (np.diff(falling) < 0).all() and falling[-1] == 0


def test_the_seed_draws_the_typical_values(real):
    one, same, other = (guided_scenes(real, 0.5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.scale, same.scale)
    assert (one.scale != other.scale).all()


@pytest.mark.parametrize("level", [-0.1, 1.1, float("nan")])
def test_a_level_outside_0_to_1_is_refused(real, level):
    with pytest.raises(ValueError, match=r"level must be a number in \[0, 1\]"):
        guided_scenes(real, level)


# The order


@given(st.integers(1, 6), st.integers(0, 30))
def test_stages_come_in_order_and_last_equally_long_to_one_epoch(count, more):
    one = basic_shapes(3, size=16)
    named = [replace(one, name=str(stage)) for stage in range(count)]
    train = in_stages(named, count + more)
    order = [int(train(epoch).name) for epoch in range(count + more)]
    assert order == sorted(order)
    lengths = np.bincount(order, minlength=count)
    assert lengths.min() >= 1 and lengths.max() - lengths.min() <= 1


def test_without_an_order_the_same_pictures_are_shown_equally_often(sets):
    staged, mixed = in_stages(sets, 6), interleaved(sets)
    assert contents(staged(epoch) for epoch in range(6)) == contents(
        mixed(epoch) for epoch in range(6)
    )


def test_every_mixed_epoch_holds_an_equal_part_of_each_set(sets):
    mixed = interleaved(sets)
    for epoch in range(4):
        shown = contents([mixed(epoch)])
        assert [(shown & contents([one])).total() for one in sets] == [10, 10, 10]


def test_sets_that_do_not_fit_are_refused(sets):
    with pytest.raises(ValueError, match="epochs must be a whole number >= 3, got 2"):
        in_stages(sets, 2)
    for schedule in (lambda: in_stages([], 3), lambda: interleaved([])):
        with pytest.raises(ValueError, match="at least one image set"):
            schedule()
    turned = sets[0].subset(torch.arange(29, -1, -1))
    with pytest.raises(ValueError, match="same label at each place"):
        interleaved([sets[0], turned])


# The adaptive order


@pytest.fixture
def adaptive(sets):
    """Practice on set 0; level 0.2 is more of the same, level 0.8 has its labels exchanged."""
    seed_everything(0)
    net, config = mlp((16,), (1, 16, 16), 3), TrainConfig(epochs=4, learning_rate=0.05, seed=1)
    wrong = replace(sets[0], labels=(sets[0].labels + 1) % 3)
    held_out = {0.8: wrong, 0.2: sets[0]}
    asked = []

    def set_of(stage, level):
        asked.append((stage, level))
        return sets[stage]

    return MostProgress(net, set_of, held_out, sets[0], 2, config), asked


def test_each_stage_takes_the_level_that_practice_helps_most(adaptive, sets):
    train, asked = adaptive
    shown = [train(epoch) for epoch in range(4)]
    assert asked == [(0, 0.2), (1, 0.2)]
    assert train.chosen == [0.2, 0.2]
    assert [one is sets[stage] for one, stage in zip(shown, (0, 0, 1, 1), strict=True)] == [
        True
    ] * 4


def test_progress_is_the_rise_of_the_true_classs_probability(adaptive, sets):
    train, _ = adaptive
    twin = copy.deepcopy(train.model)

    def probability(net, images):
        probs = predict_logits(net, images.images).softmax(dim=1)
        return np.mean([row[label] for row, label in zip(probs, images.labels, strict=True)])

    before = {level: probability(twin, images) for level, images in train.held_out.items()}
    rate = 0.05 * (1 + np.cos(np.pi * 2 / 4)) / 2  # what fit has come down to by epoch 2 of 4
    config = TrainConfig(epochs=1, learning_rate=rate, seed=1)
    fit(twin, sets[0], sets[1], config, device="cpu", progress=False)
    for level, found in train.progress(epoch=2).items():
        rise = probability(twin, train.held_out[level]) - before[level]
        assert found == pytest.approx(rise, abs=1e-5) and found != 0


def test_practice_leaves_the_net_as_it_was(adaptive):
    train, _ = adaptive
    before = copy.deepcopy(train.model.state_dict())
    train(0)
    assert all(torch.equal(before[name], value) for name, value in train.model.state_dict().items())
    assert train.model.training


@pytest.mark.parametrize("stages", [0, 5])
def test_there_is_a_stage_for_at_least_one_epoch(adaptive, stages):
    train, _ = adaptive
    with pytest.raises(ValueError, match="stages"):
        MostProgress(
            train.model, train.set_of, train.held_out, train.practice, stages, train.config
        )
