"""The switch-epoch experiment: each test is one promise of its arms or of its record."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from effcv_lab.evaluation import evaluate
from effcv_lab.experiments import switch_epoch, switch_epoch_10k
from effcv_lab.experiments.shapes_task import DIALS, shapes_task
from effcv_lab.experiments.switch_epoch import (
    BASELINE,
    CONTROLS,
    Setting,
    against,
    arms_of,
    config_of,
    epochs_to_reach,
    of_arm,
    shapes_net,
)
from effcv_lab.records import load_record, save_record
from effcv_lab.replicates import fit_replicates
from effcv_lab.shapes import basic_shapes, geometric_shapes
from effcv_lab.training import TrainingDiverged, fit, seed_everything

SETTING = Setting(30, 8, (0, 2, 6), CONTROLS, 2)
TASK = shapes_task(30)


@pytest.fixture(scope="module")
def quick():
    """Two learning rates, a quarter of the curve, few images to judge by."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(switch_epoch, "RATES", (0.05, 0.5))
        patch.setattr(switch_epoch, "POINTS", 4)
        patch.setattr(switch_epoch, "CHECKED_IMAGES", 60)
        patch.setattr(switch_epoch, "shapes_task", few_to_judge_by)
        yield


def few_to_judge_by(images):
    task = shapes_task(images)
    return task._replace(
        validation=task.validation.subset(range(60)), test=task.test.subset(range(60))
    )


@pytest.fixture(scope="module")
def record(quick):
    return switch_epoch.run("class", "cpu", (3, 5), setting=SETTING)


def seen(arm):
    """Return the images of each epoch of an arm, one row for an image."""
    return [arm.train(epoch).images.flatten(1) for epoch in range(SETTING.epochs)]


def different(images):
    return len(torch.unique(torch.cat(images), dim=0))


def names_of(arm):
    return [arm.train(epoch).name.partition(" ")[0] for epoch in range(SETTING.epochs)]


ARMS = {arm.name: arm for arm in arms_of(SETTING, TASK)}


def test_the_baseline_comes_first_and_sees_hard_images_alone():
    assert list(ARMS) == [BASELINE, "switch at 2", "switch at 6", *CONTROLS]
    assert [arm.switch for arm in ARMS.values()] == [0, 2, 6, None, None, None, None]
    assert set(names_of(ARMS[BASELINE])) == {"geometric"}


def test_a_curriculum_switches_once_from_easy_to_hard():
    assert names_of(ARMS["switch at 2"]) == ["basic"] * 2 + ["geometric"] * 6


def test_orders_have_as_many_epochs_of_each_set_as_the_switch_at_half():
    assert names_of(ARMS["hard, then easy"]) == ["geometric"] * 4 + ["basic"] * 4
    between = ["geometric"] * 2 + ["basic"] * 4 + ["geometric"] * 2
    assert names_of(ARMS["hard, easy, hard"]) == between


def test_every_arm_takes_the_same_steps():
    assert {len(images) for arm in ARMS.values() for images in seen(arm)} == {30}


def test_the_controls_see_as_many_different_images_as_a_curriculum():
    counts = {name: different(seen(arm)) for name, arm in ARMS.items()}
    assert counts.pop(BASELINE) == 30
    assert set(counts.values()) == {60}


def test_the_strictest_control_sees_hard_images_alone_and_none_that_judge():
    images = seen(ARMS["more hard"])
    hard = TASK.hard.images.flatten(1)
    assert different([*images, hard]) == 60  # the hard set is part of them
    more = geometric_shapes(30, seed=106, **DIALS).images.flatten(1)
    assert different([*images, more]) == 60
    judges = torch.cat([TASK.validation.images, TASK.test.images]).flatten(1)
    assert different([*images, judges]) == 60 + len(judges)


def test_the_net_has_three_hidden_layers_and_plain_steps():
    assert [layer.out_features for layer in shapes_net() if hasattr(layer, "out_features")] == [
        100, 100, 100, 3
    ]  # fmt: skip
    config = config_of(SETTING, 0.3)
    assert (config.learning_rate, config.momentum, config.weight_decay) == (0.3, 0, 0)
    assert config.epochs == 8


def test_the_record_has_a_row_for_each_arm_and_seed(record):
    assert [(row["arm"], row["seed"]) for row in record.rows] == [
        (name, seed) for name in ARMS for seed in (3, 5)
    ]
    assert [row["switch"] for row in record.rows[::2]] == [0, 2, 6, None, None, None, None]


@pytest.mark.parametrize("name", ["switch at 2", "more hard"])
def test_the_record_says_what_one_net_trained_alone_says(record, name, quick):
    task = few_to_judge_by(30)
    seed_everything(5)
    net, config = shapes_net(), config_of(SETTING, record.config["learning_rate"])
    history = fit(net, ARMS[name].train, task.validation, replace(config, seed=5), device="cpu")
    row = next(row for row in record.rows if (row["arm"], row["seed"]) == (name, 5))
    easy = basic_shapes(60, seed=105, **DIALS)
    errors = [1 - epoch.val_accuracy for epoch in history.epochs]
    assert row["test_error"] == pytest.approx(1 - evaluate(net, task.test)[1], abs=0.02)
    assert row["easy_error"] == pytest.approx(1 - evaluate(net, easy)[1], abs=0.02)
    assert row["validation_error"] == pytest.approx(errors[-1], abs=0.02)
    assert row["best_validation_error"] == pytest.approx(min(errors), abs=0.02)
    assert row["curve"] == pytest.approx(errors[1::2], abs=0.02)


def test_the_best_epoch_is_one_of_the_curve_and_no_worse_than_its_end(record):
    for row in record.rows:
        assert row["best_validation_error"] <= min(row["curve"])
        assert row["curve"][-1] == row["validation_error"]
        assert 1 <= row["best_epoch"] <= SETTING.epochs
        if row["best_epoch"] % 2 == 0:
            assert row["curve"][row["best_epoch"] // 2 - 1] == row["best_validation_error"]


def test_the_learning_rate_is_best_on_validation_for_the_baseline(record, quick):
    task = few_to_judge_by(30)
    tried = {
        entry["learning_rate"]: entry["validation_errors"] for entry in record.config["search"]
    }
    assert list(tried) == [0.05, 0.5]
    assert record.config["learning_rate"] == min(tried, key=lambda rate: np.mean(tried[rate]))
    runs = fit_replicates(
        shapes_net, task.hard, task.validation, config_of(SETTING, 0.5), [3, 5], device="cpu"
    )
    assert tried[0.5] == [1 - history.final.val_accuracy for history in runs.histories]
    assert of_arm(record, BASELINE, "validation_error") == pytest.approx(
        tried[record.config["learning_rate"]], abs=0.02
    )


def test_a_rate_that_diverges_is_recorded_and_not_chosen(monkeypatch, capsys):
    monkeypatch.setattr(switch_epoch, "RATES", (1e6, 0.1))
    setting, task = SETTING._replace(epochs=2), few_to_judge_by(30)
    rate, tried = switch_epoch.search_rate(setting, task, (0, 1), "cpu")
    assert rate == 0.1 and tried[0] == {"learning_rate": 1e6, "validation_errors": None}
    monkeypatch.setattr(switch_epoch, "RATES", (1e6,))
    with pytest.raises(TrainingDiverged, match="every learning rate"):
        switch_epoch.search_rate(setting, task, (0, 1), "cpu")


def with_rows(record, **columns):
    """Return the record with other values in the rows of two arms."""
    rows = [dict(row) for row in record.rows]
    for arm, changes in columns.items():
        for row, change in zip([row for row in rows if row["arm"] == arm], changes, strict=True):
            row.update(change)
    return replace(record, rows=rows)


def test_differences_are_paired_and_the_interval_is_students(record):
    rng = np.random.default_rng(0)
    ours, theirs = rng.uniform(0.2, 0.5, (2, 2))
    made = with_rows(
        record,
        union=[{"test_error": value} for value in ours],
        **{BASELINE: [{"test_error": value} for value in theirs]},
    )
    found = against(made, "union")
    oracle = stats.ttest_rel(ours, theirs)
    assert found.mean == pytest.approx(np.mean(ours - theirs))
    assert found.sd == pytest.approx(np.std(ours - theirs, ddof=1))
    assert found[2:] == pytest.approx(tuple(oracle.confidence_interval(0.95)))
    assert against(made, BASELINE, "union").mean == pytest.approx(-found.mean)


def test_epochs_to_reach_an_error_are_counted_from_one_and_none_is_never(record):
    curves = [{"curve": [0.6, 0.4, 0.5, 0.3]}, {"curve": [0.6, 0.6, 0.6, 0.6]}]
    made = with_rows(record, union=curves)
    assert made.config["curve_every"] == 2
    assert epochs_to_reach(made, "union", 0.4) == [4, None]
    assert epochs_to_reach(made, "union", 0.6) == [2, 2]


def test_the_record_survives_saving_and_says_how_it_was_made(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("switch_epoch", tmp_path) == record
    assert record.command == "effcv reproduce switch_epoch --budget class --seeds 2"
    assert record.config["images"] == 30 and record.config["dials"] == {"contrast": [0.5, 1.0]}


def test_the_paper_budget_is_the_grid_of_the_paper():
    paper = switch_epoch.SETTINGS["paper"]
    assert paper == (10_000, 256, (0, 2, 4, 8, 16, 32, 64, 96, 128), CONTROLS, 20)


def test_every_setting_begins_with_the_baseline_and_has_the_switch_at_half():
    for settings in (switch_epoch.SETTINGS, switch_epoch_10k.SETTINGS):
        for setting in settings.values():
            assert setting.switches[0] == 0 and setting.epochs // 2 in setting.switches
            assert setting.epochs % 4 == 0


def test_more_images_are_the_same_run_with_another_setting(quick, monkeypatch):
    few = Setting(33, 4, (0, 2), ("union",), 2)
    monkeypatch.setitem(switch_epoch_10k.SETTINGS, "class", few)
    found = switch_epoch_10k.run("class", "cpu")
    assert found.name == "switch_epoch_10k" and found.config["images"] == 33
    assert {row["arm"] for row in found.rows} == {BASELINE, "switch at 2", "union"}
    assert found.seeds == [0, 1]


def test_unknown_arms_are_refused(record):
    with pytest.raises(ValueError, match="arm must be"):
        of_arm(record, "easiest last")


@pytest.mark.slow
def test_the_benchmark_prints_the_ratio_of_the_grid_on_this_machine():
    command = [sys.executable, "-m", "tools.bench_curriculum", "--seeds", "1", "--epochs", "2"]
    command += ["--repeats", "1", "--images", "30"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
        env=os.environ | {"EFFCV_DEVICE": "cpu"},
    )  # fmt: skip
    first, second, third = done.stdout.splitlines()
    assert first.startswith("cpu: ") and "torch" in first
    assert second.startswith("6 nets, 2 epochs of 30 images")
    assert third.startswith("the whole grid: one after another") and "ratio" in third
    assert done.stderr == ""
