"""The long-tail experiment: each test is one promise of its images, its arms or its record."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional as F

from effcv_lab.curriculum import elongation
from effcv_lab.experiments import long_tail as experiment
from effcv_lab.experiments import long_tail_task
from effcv_lab.experiments.long_tail import against, of_arm
from effcv_lab.experiments.long_tail_arms import ARMS, LEVELS, Run, turn_and_mirror
from effcv_lab.experiments.long_tail_task import (
    balanced,
    filled_up,
    group_accuracy,
    long_tail,
    synthetic,
    tail_counts,
)
from effcv_lab.models import small_cnn
from effcv_lab.records import load_record, save_record
from effcv_lab.training import TrainConfig, predict_logits

MOST, LEAST = 20, 2
UNTURNED = [name for name in ARMS if "turned" not in name and name not in ("as is", "adaptive")]
TRAINED = ("as is", "balanced softmax", "all levels mixed", "low to high", "adaptive")
FILLED = [name for name in UNTURNED if name != "balanced softmax"]


@pytest.fixture(scope="module")
def tail():
    return long_tail(0, MOST, LEAST)


def epochs_of(name, tail, seed=0):
    config = TrainConfig(epochs=5, seed=seed, learning_rate=0.1)
    net = small_cnn((4,), in_channels=1, classes=6)
    train = ARMS[name](Run(tail, config, net))
    return [train(epoch) for epoch in range(5)]


def contents(image_sets):
    """Count every picture, with its label."""
    return Counter(
        (image.numpy().tobytes(), label)
        for one in image_sets
        for image, label in zip(one.images, one.labels.tolist(), strict=True)
    )


# Images


@pytest.mark.parametrize(("most", "least"), [(500, 5), (1280, 5), (100, 100), (20, 2)])
def test_counts_fall_by_the_same_factor_from_rank_to_rank(most, least):
    counts = tail_counts(most, least)
    assert (counts[0], counts[-1], len(counts)) == (most, least, 6)
    ideal = most * (least / most) ** (np.arange(6) / 5)
    assert np.abs(counts - ideal).max() <= 0.5


def test_the_classes_have_the_counts_of_their_ranks(tail):
    found = tail.real.labels.bincount()[list(tail.ranked)]
    assert found.tolist() == tail_counts(MOST, LEAST)
    assert [len(scenes) for scenes in tail.scenes] == tail_counts(MOST, LEAST)


def test_six_seeds_see_every_class_once_at_every_rank_and_its_squeezed_form_three_away():
    ranked = np.array([long_tail(seed, 6, 6).ranked for seed in range(6)])
    assert (np.sort(ranked, axis=0) == np.arange(6)[:, None]).all()
    assert (np.roll(ranked, -3, axis=1) == (ranked + 3) % 6).all()


def test_the_label_says_whether_the_shape_is_squeezed(monkeypatch):
    monkeypatch.setattr(long_tail_task, "SIZE", 64)
    drawn = balanced(40, seed=3)
    found = elongation(drawn.images)
    assert found[drawn.labels < 3].max() < 0.05
    assert found[drawn.labels >= 3].min() > 1 - long_tail_task.NARROW[1] - 0.05


def test_no_picture_is_in_two_of_the_sets(tail, monkeypatch):
    monkeypatch.setattr(long_tail_task, "VALIDATION", 10)
    monkeypatch.setattr(long_tail_task, "TEST", 10)
    sets = [tail.real, long_tail(1, MOST, LEAST).real, *long_tail_task.judges()]
    assert [len(one) for one in sets[2:]] == [60, 60]
    assert max(contents(sets).values()) == 1


@pytest.mark.parametrize("level", LEVELS)
def test_synthetic_pictures_fill_every_class_up_and_the_largest_gets_none(tail, level):
    made = synthetic(tail, level)
    missing = [MOST - count for count in tail_counts(MOST, LEAST)]
    assert made.labels.bincount(minlength=6)[list(tail.ranked)].tolist() == missing
    both = filled_up(tail, level)
    assert both.labels.bincount().tolist() == [MOST] * 6
    torch.testing.assert_close(both.images[: len(tail.real)], tail.real.images)


def test_level_1_is_re_sampling_each_real_picture_almost_equally_often(tail):
    found, real = contents([filled_up(tail, 1.0, draw=3)]), contents([tail.real])
    assert set(found) == set(real)
    for number in range(6):
        times = [count for (_, label), count in found.items() if label == number]
        assert max(times) - min(times) <= 1


def test_below_level_1_no_picture_is_a_copy_and_every_draw_has_its_own(tail):
    drawn = [synthetic(tail, 0.75, draw) for draw in range(3)]
    assert max(contents([tail.real, *drawn]).values()) == 1
    again = synthetic(tail, 0.75, 1)
    assert torch.equal(again.images, drawn[1].images)


# Arms


@pytest.mark.parametrize("name", ARMS)
def test_every_arm_takes_the_same_steps(tail, name):
    assert {len(one) for one in epochs_of(name, tail)} == {6 * MOST}


@pytest.mark.parametrize("name", FILLED)
def test_filled_arms_are_balanced_and_always_show_the_real_images(tail, name):
    for shown in epochs_of(name, tail):
        assert shown.labels.bincount().tolist() == [MOST] * 6
        assert contents([tail.real]) <= contents([shown])


def test_the_long_tail_as_it_is_shows_each_real_image_equally_often(tail):
    times = contents(epochs_of("as is", tail))
    assert set(times) == set(contents([tail.real]))
    assert max(times.values()) - min(times.values()) <= 1


def test_orders_and_no_order_show_the_very_same_pictures(tail):
    names = ("low to high", "high to low", "random order", "all levels mixed")
    shown = [contents(epochs_of(name, tail)) for name in names]
    assert all(one == shown[0] for one in shown)


def test_the_orders_are_what_they_are_called(tail):
    sets = [contents([filled_up(tail, level, draw)]) for draw, level in enumerate(LEVELS)]

    def order_of(name, seed=0):
        return [sets.index(contents([shown])) for shown in epochs_of(name, tail, seed)]

    assert order_of("low to high") == [0, 1, 2, 3, 4]
    assert order_of("high to low") == [4, 3, 2, 1, 0]
    assert len({tuple(order_of("random order", seed)) for seed in range(5)}) > 2


def test_one_level_only_has_as_many_different_pictures_as_a_curriculum(tail):
    one, all_levels = (
        contents(epochs_of(name, tail)) for name in ("level 0.5 only", "low to high")
    )
    copies = len(contents([tail.real]))
    assert len(one) == copies + 5 * len(synthetic(tail, 0.5))
    assert len(all_levels) == copies + 4 * len(synthetic(tail, 0.5))  # level 1 has copies only


def test_the_adaptive_arm_measures_progress_on_pictures_that_it_never_shows(tail):
    run = Run(tail, TrainConfig(epochs=5), small_cnn((4,), in_channels=1, classes=6))
    train = ARMS["adaptive"](run)
    shown = contents(train(epoch) for epoch in range(5))
    assert len(train.chosen) == 5 and set(train.chosen) <= set(train.held_out) == set(LEVELS[:-1])
    assert all(not shown & contents([images]) for images in train.held_out.values())


def test_turned_images_are_turned_mirrored_or_inverted_and_nothing_else():
    drawn = balanced(40, seed=0)
    turned = turn_and_mirror(drawn, seed=1)
    assert torch.equal(turned.labels, drawn.labels)
    seen = []
    for before, after in zip(drawn.images, turned.images, strict=True):
        variants = [
            grey.rot90(quarter, (1, 2)).flip(-1) if mirror else grey.rot90(quarter, (1, 2))
            for grey in (before, 1 - before)
            for quarter in range(4)
            for mirror in (False, True)
        ]
        fits = [torch.equal(variant, after) for variant in variants]
        assert any(fits)
        seen.append(fits.index(True))
    assert set(seen) == set(range(16))
    assert torch.equal(turn_and_mirror(drawn, seed=1).images, turned.images)


def test_turning_changes_from_epoch_to_epoch(tail):
    first, second = epochs_of("re-sampling, turned", tail)[:2]
    assert not torch.equal(first.images, second.images)


def test_balanced_softmax_counts_each_class_by_its_frequency(tail):
    logits = torch.randn(7, 6)
    labels = torch.tensor([0, 1, 2, 3, 4, 5, 0])
    loss = experiment.LOSSES["balanced softmax"](tail)(nn.Identity(), logits, labels)
    counts = tail.real.labels.bincount()
    weighed = counts * logits.exp()
    by_hand = -(weighed[range(7), labels] / weighed.sum(dim=1)).log().mean()
    torch.testing.assert_close(loss, by_hand)
    assert loss != F.cross_entropy(logits, labels)


# The record


@pytest.fixture(scope="module")
def record():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "COUNTS", {"class": (12, 2)})
        patch.setattr(experiment, "EPOCHS", {"class": 5})
        patch.setattr(experiment, "WIDTHS", (4, 4))
        patch.setattr(experiment, "ARMS", {arm: ARMS[arm] for arm in TRAINED})
        patch.setattr(long_tail_task, "VALIDATION", 3)
        patch.setattr(long_tail_task, "TEST", 5)
        yield experiment.run("class", "cpu", (0, 1, 4))


def test_every_arm_has_a_row_for_each_seed(record):
    assert [(row["arm"], row["seed"]) for row in record.rows] == [
        (arm, seed) for arm in TRAINED for seed in (0, 1, 4)
    ]
    for row in record.rows:
        chosen = row["levels"] or []
        assert len(chosen) == (5 if row["arm"] == "adaptive" else 0)


def test_all_is_the_mean_of_the_groups_which_are_equally_large(record):
    for row in record.rows:
        for part in ("validation", "test"):
            groups = [row[part][group] for group in ("many", "medium", "few")]
            assert row[part]["all"] == pytest.approx(np.mean(groups), abs=1e-5)


def test_the_record_says_what_a_net_trained_again_says(record):
    config = replace(experiment.config_of("class", 4), epochs=5)
    tail, test = long_tail(4, 12, 2), balanced(5, seed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiment, "WIDTHS", (4, 4))
        net, _ = experiment.train_arm("low to high", tail, test, config, "cpu")
    labels, given = test.labels, predict_logits(net, test.images).argmax(dim=1)
    for group, ranks in (("many", tail.ranked[:2]), ("few", tail.ranked[4:])):
        mine = torch.isin(labels, torch.tensor(ranks))
        accuracy = (given[mine] == labels[mine]).double().mean().item()
        assert of_arm(record, "low to high", group)[2] == pytest.approx(accuracy, abs=1e-5)


def test_groups_go_by_rank_not_by_class_number(tail):
    class Always(nn.Module):
        def forward(self, images):
            return F.one_hot(torch.full((len(images),), tail.ranked[5]), 6).float()

    found = group_accuracy(Always(), balanced(4, seed=0), tail.ranked)
    assert found == {"many": 0, "medium": 0, "few": 0.5, "all": pytest.approx(1 / 6)}


@pytest.mark.parametrize("group", ["few", "all"])
def test_the_interval_is_that_of_scipys_paired_t_test(record, group):
    found = against(record, "all levels mixed", "as is", group)
    arms = [of_arm(record, arm, group) for arm in ("all levels mixed", "as is")]
    interval = stats.ttest_rel(*arms).confidence_interval(0.95)
    assert found[2:] == pytest.approx((interval.low, interval.high))


def test_the_record_survives_saving_and_says_how_it_was_made(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("long_tail", tmp_path) == record
    assert record.config["counts"][0] == 12 and record.config["counts"][-1] == 2
    assert record.config["real_images"] + record.config["synthetic_images"] == 6 * 12


def test_what_does_not_exist_is_refused(record, tail):
    with pytest.raises(ValueError, match="arm must be in the record, got 'else'"):
        of_arm(record, "else")
    with pytest.raises(ValueError, match="arm must be"):
        experiment.train_arm("else", tail, tail.real, TrainConfig())
