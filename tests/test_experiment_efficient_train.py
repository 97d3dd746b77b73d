"""EfficientTrain as an experiment: each test is one promise of its schedules or of its record."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from few import few_of
from torch import nn

from effcv_lab.cache import fit_cached
from effcv_lab.curriculum import LowFrequencies, low_frequency_crop
from effcv_lab.data import fashion
from effcv_lab.evaluation import evaluate
from effcv_lab.experiments import efficient_train
from effcv_lab.experiments import efficient_train_measures as measures
from effcv_lab.experiments.efficient_train import ARMS, MAIN
from effcv_lab.experiments.efficient_train_curves import (
    clock_after,
    macs_after,
    of_arm,
    validation_over,
)
from effcv_lab.models import count_macs, small_cnn
from effcv_lab.records import load_record, save_record
from effcv_lab.training import TrainConfig, fit, seed_everything

COSTS = (3, 4, 5)

# Schedules and what they cost


def test_the_papers_stages_are_its_fractions_of_pixels_and_of_epochs():
    schedule = efficient_train.staged(300)
    assert Counter(schedule) == {20: 180, 24: 60, 28: 60}
    assert [side * 224 // 28 for side in (20, 24, 28)] == [160, 192, 224]
    assert schedule == sorted(schedule)


@pytest.mark.parametrize("epochs", [5, 7, 13, 30])
def test_the_other_order_is_the_same_epochs_in_another_order(epochs):
    rising = ARMS["14, 20, 28"].plan(epochs)
    assert rising == sorted(rising)
    other = ARMS["20, 14, 28"].plan(epochs)
    assert Counter(other) == Counter(rising)
    assert other[0] == 20 and other[-1] == 28 and other != rising


@pytest.mark.parametrize("arm", ARMS.values(), ids=ARMS)
@pytest.mark.parametrize("cost", [5, 10, 20])
def test_no_schedule_gets_less_compute_than_the_baseline_or_an_epoch_more(arm, cost):
    epochs = measures.epochs_for(arm.plan, cost)
    assert cost <= measures.full_epochs(arm.plan(epochs)) < cost + 1
    if epochs > cost:
        assert measures.full_epochs(arm.plan(epochs - 1)) < cost


def test_macs_are_those_of_every_image_forward_and_backward():
    macs = measures.training_macs([14, 28, 28], images=10)
    small, whole = (count_macs(small_cnn(), (1, side, side)) for side in (14, 28))
    assert macs == [30 * small, 30 * (small + whole), 30 * (small + 2 * whole)]


def test_pytorchs_backward_costs_two_forward_passes():
    """In a net whose first layer needs no gradient for the image, a little less."""
    from torch.utils.flop_counter import FlopCounterMode

    net = small_cnn().train()
    counts = {}
    for name, finish in {"forward": lambda x: x, "both": lambda x: x.backward()}.items():
        with FlopCounterMode(display=False) as counter:
            finish(net(torch.rand(4, 1, 28, 28)).sum())
        counts[name] = counter.get_total_flops()
    assert counts["forward"] == 2 * 4 * count_macs(net, (1, 28, 28))
    assert 2.9 < counts["both"] / counts["forward"] <= measures.FORWARD_AND_BACKWARD


# Ways to make images small


def test_area_takes_means_of_blocks():
    images = torch.rand(2, 1, 28, 28)
    blocks = images.reshape(2, 1, 14, 2, 14, 2).mean(dim=(3, 5))
    torch.testing.assert_close(measures.area(images, 14), blocks)


def test_the_centre_is_cut_from_the_middle():
    images = torch.rand(2, 1, 28, 28)
    torch.testing.assert_close(measures.centre(images, 20), images[..., 4:-4, 4:-4])


@pytest.mark.parametrize("shrink", [measures.area, measures.centre, low_frequency_crop])
def test_the_loss_shows_the_net_what_the_arm_makes_of_the_images(shrink):
    images, seen = torch.rand(2, 1, 28, 28), []
    loss = measures.loss_of([14, 28], shrink)

    class Spy(nn.Module):
        def forward(self, images):
            seen.append(images)
            return images.mean(dim=(1, 2, 3))[:, None].expand(-1, 2)

    for epoch in (0, 1):
        loss.start_epoch(epoch)
        loss(Spy(), images, torch.tensor([0, 1]))
    torch.testing.assert_close(seen[0], shrink(images, 14))
    torch.testing.assert_close(seen[1], images)
    assert (type(loss) is LowFrequencies) == (shrink is low_frequency_crop)


# What a net knows of low frequencies


def test_low_pass_keeps_the_pixels_and_agrees_with_the_crop():
    images = torch.rand(3, 1, 28, 28, dtype=torch.float64)
    smooth = measures.low_pass(images, 14)
    assert smooth.shape == images.shape
    edge = measures.low_pass(smooth, 13 - 1)  # without the unpaired frequency -7
    torch.testing.assert_close(edge[..., ::2, ::2], low_frequency_crop(edge, 14))
    torch.testing.assert_close(measures.low_pass(smooth, 20), smooth)
    assert (smooth - images).abs().max() > 0.01


def test_the_probe_asks_after_the_last_step_of_each_epoch():
    bags = fashion().validation.per_class(2)
    bags = bags.subset(bags.labels == 2)
    probe = measures.LowPassProbe(bags, (28,), steps=3)
    for step in range(6):
        answer = nn.Linear(28 * 28, 10)
        answer.weight.data.zero_()
        answer.bias.data = torch.eye(10)[step]  # at step 2, and only then, all are right
        probe(nn.Sequential(nn.Flatten(), answer))
    assert probe.accuracy == {28: [1.0, 0.0]}


def test_the_probe_agrees_with_validation_and_leaves_training_alone():
    splits = few_of(fashion(), 7, 2, 1)
    config = TrainConfig(epochs=2, batch_size=32)
    weights = {}
    for name in ("with", "without"):
        seed_everything(0)
        net = small_cnn((2, 2))
        probe = measures.LowPassProbe(splits.validation, (6, 28), steps=3)
        hook = probe if name == "with" else None
        history = fit(net, *splits[:2], config, after_step=hook, device="cpu", progress=False)
        weights[name] = net.head.weight
        if hook:
            assert probe.accuracy[28] == [record.val_accuracy for record in history.epochs]
            assert len(probe.accuracy[6]) == 2
    torch.testing.assert_close(weights["with"], weights["without"])


# The record


@pytest.fixture(scope="module")
def few():
    return few_of(fashion(), 2, 2, 2)


@pytest.fixture(scope="module")
def asked(own_cache):
    """Train tiny budgets; remember what was asked."""
    calls = []

    def remember(build, train, validation, config, **options):
        calls.append((config, options))
        return fit_cached(build, train, validation, config, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(efficient_train, "fit_cached", remember)
        patch.setitem(efficient_train.BUDGETS, "class", COSTS)
        patch.setattr(efficient_train, "RATES", (0.1, 0.2))
        patch.setattr(efficient_train, "ROUNDS", 2)
        yield calls


@pytest.fixture(scope="module")
def record(few, asked):
    return efficient_train.run("class", "cpu", (0, 1), splits=few)


def runs_of(record):
    return [row for row in record.rows if row["kind"] == "run"]


def test_every_arm_has_a_row_for_each_seed_and_question(record):
    found = Counter((row["question"], row["arm"], row["cost"]) for row in runs_of(record))
    expected = {("equal compute", arm.name, cost) for arm in MAIN for cost in COSTS}
    expected |= {("equal compute", arm, COSTS[0]) for arm in ARMS}
    expected |= {("equal compute", "14, 20, 28", COSTS[1])}
    expected |= {("equal epochs", arm.name, COSTS[1]) for arm in MAIN}
    assert set(found) == expected and set(found.values()) == {2}
    for arm in ARMS:
        assert [row["seed"] for row in of_arm(record, arm, COSTS[0])] == [0, 1]


def test_the_two_questions_are_equal_compute_and_equal_epochs(record):
    for row in runs_of(record):
        schedule = ARMS[row["arm"]].plan(row["epochs"])
        assert row["full_epochs"] == pytest.approx(measures.full_epochs(schedule), rel=1e-4)
        if row["question"] == "equal epochs":
            assert row["epochs"] == row["cost"]
        else:
            assert row["cost"] <= row["full_epochs"] + 1e-4 < row["cost"] + 1
        if row["arm"] == "full size":
            assert row["epochs"] == row["cost"] == row["full_epochs"]


def test_the_rate_is_the_baselines_best_and_everybodys(record, asked):
    means = {float(rate): mean for rate, mean in record.config["validation_by_rate"].items()}
    assert means[record.config["rate"]] == max(means.values()) and len(means) == 2
    baseline = of_arm(record, "full size", COSTS[0])
    assert np.mean([row["validation"] for row in baseline]) == pytest.approx(max(means.values()))
    later = asked[2 * len(means) :]
    assert {config.learning_rate for config, _ in later} == {record.config["rate"]}
    assert len({replace(config, epochs=1, seed=0) for config, _ in later}) == 1


def test_each_way_to_train_has_a_name_of_its_own(record, asked):
    names = {}
    for _, options in asked:
        loss = options["batch_loss"]
        about = (tuple(loss.schedule), getattr(loss, "shrink", low_frequency_crop))
        names.setdefault(options["loss_name"], set()).add(about)
    assert all(len(losses) == 1 for losses in names.values())
    assert len(set.union(*names.values())) == len(names)


def test_the_record_says_what_evaluate_says_on_whole_images(record, few, asked):
    row = of_arm(record, "always 14", COSTS[0])[1]
    rate = record.config["rate"]
    model, _ = efficient_train.train_arm(
        ARMS["always 14"], row["epochs"], 1, rate, few, "cpu", False
    )
    for part in ("validation", "test"):
        assert row[part] == pytest.approx(evaluate(model, getattr(few, part))[1], rel=1e-4)
    assert few.test.images.shape[-1] == 28
    assert row["validation"] == row["validation_after"][-1] and row["macs"] == row["macs_after"][-1]
    assert len(row["macs_after"]) == row["epochs"] == len(row["validation_after"])


def test_steps_are_timed_beside_a_step_on_whole_images(record):
    rows = [row for row in record.rows if row["kind"] == "step"]
    assert {(row["shrink"], row["side"]) for row in rows} == {
        (shrink, side) for shrink in ("low frequencies", "area") for side in (14, 20, 24)
    }
    for row in rows:
        assert 0 < row["shrink_ratio"] < row["ratio"]
        assert row["macs_ratio"] == pytest.approx(measures.relative_macs(row["side"]), rel=1e-4)


def test_low_pass_rows_follow_a_net_that_trains_on_whole_images(record):
    rows = [row for row in record.rows if row["kind"] == "low pass"]
    assert len(rows) == 2 * COSTS[0] * len(efficient_train.BANDS)
    for baseline in of_arm(record, "full size", COSTS[0]):
        whole = [
            row["accuracy"]
            for row in rows
            if (row["seed"], row["bandwidth"]) == (baseline["seed"], 28)
        ]
        assert whole == baseline["validation_after"]


def test_a_curve_over_compute_shows_the_last_finished_epoch(record):
    row = of_arm(record, "14, 20, 28", COSTS[0])[1]
    small = measures.relative_macs(14)
    schedule = ARMS["14, 20, 28"].plan(row["epochs"])
    assert schedule[:2] == [14, 14] and 20 in schedule
    ends = macs_after(record, row)
    assert ends[:2] == pytest.approx([small, 2 * small], rel=1e-4)
    assert ends[-1] == pytest.approx(row["full_epochs"], rel=1e-4)
    grid = [small, 1.9 * small, 2 * small, 99.0]
    curve = validation_over(record, "14, 20, 28", COSTS[0], grid)
    after = row["validation_after"]
    assert curve[1] == [after[0], after[0], after[1], after[-1]] and len(curve) == 2
    with pytest.raises(ValueError, match="grid"):
        validation_over(record, "14, 20, 28", COSTS[0], [small / 2])


def test_the_clock_adds_the_ratios_of_timed_steps(record):
    ratio = {
        (row["shrink"], row["side"]): row["ratio"] for row in record.rows if row["kind"] == "step"
    }
    for arm, shrink in (("14, 20, 28", "low frequencies"), ("14, 20, 28 by area", "area")):
        row = of_arm(record, arm, COSTS[0])[0]
        clock = clock_after(record, row)
        assert clock[1] == pytest.approx(2 * ratio[shrink, 14])
        counts = Counter(ARMS[arm].plan(row["epochs"]))
        assert clock[-1] == pytest.approx(
            counts[14] * ratio[shrink, 14] + counts[20] * ratio[shrink, 20] + counts[28]
        )
    whole = of_arm(record, "full size", COSTS[0])[0]
    assert clock_after(record, whole) == [1, 2, 3]


def test_the_record_survives_saving_and_says_how_it_was_made(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("efficient_train", tmp_path) == record
    assert record.command == "effcv reproduce efficient_train --budget class --seeds 2"


def test_unknown_arms_are_refused(record):
    with pytest.raises(ValueError, match="arm must be"):
        of_arm(record, "15, 28", 6)
