"""The experiment on difficulty and levels: each test is one promise of its arms or of its record."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from effcv_lab.cache import fit_cached
from effcv_lab.curriculum import elongation, levels_pacing, loss_difficulty, within_classes
from effcv_lab.evaluation import evaluate
from effcv_lab.experiments import difficulty_levels
from effcv_lab.experiments.difficulty_levels import BASELINE, LONGER, Arm, arms_of, levels_of
from effcv_lab.experiments.difficulty_levels_measures import (
    differences,
    epochs_until,
    errors_of,
    facts_of,
)
from effcv_lab.experiments.shapes_task import ShapesTask
from effcv_lab.records import load_record, save_record
from effcv_lab.replicates import fit_replicates
from effcv_lab.shapes import basic_shapes, geometric_shapes
from effcv_lab.training import TrainConfig, fit, seed_everything

EPOCHS = 5


@pytest.fixture(scope="module")
def task():
    easy, hard = basic_shapes(30, size=16), geometric_shapes(30, size=16)
    return ShapesTask(easy, hard, *(geometric_shapes(30, seed=s, size=16) for s in (1, 2)))


@pytest.fixture(scope="module")
def asked():
    """Remember what the run asks ``fit_replicates`` to do."""
    return []


@pytest.fixture(scope="module")
def record(task, asked, own_cache):
    def remember(build, train, validation, config, seeds, **options):
        asked.append((train, config, list(seeds)))
        return fit_replicates(build, train, validation, config, seeds, **options)

    def one_epoch(build, train, validation, config, **options):
        return fit_cached(build, train, validation, replace(config, epochs=1), **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(difficulty_levels, "fit_replicates", remember)
        patch.setattr(difficulty_levels, "fit_cached", one_epoch)
        patch.setattr(difficulty_levels, "EPOCHS", {"class": EPOCHS})
        patch.setattr(difficulty_levels, "BATCH", 15)
        yield difficulty_levels.run("class", "cpu", (0, 1), task=task)


@pytest.fixture(scope="module")
def scores(task):
    nets = []
    for make in (difficulty_levels.build, difficulty_levels.build_other):
        seed_everything(len(nets))
        nets.append(make(task).eval())
    return nets, difficulty_levels.scores_of(task.hard, *nets, seed=4)


# Arms


@pytest.mark.parametrize("epochs", difficulty_levels.EPOCHS.values())
def test_while_the_pool_grows_every_arm_uses_half_of_the_images_on_average(epochs):
    growing = round(difficulty_levels.FULL_AT * epochs)
    assert levels_of(epochs) == (2, 5, growing + 1)
    for levels in levels_of(epochs):
        pace = [levels_pacing(e, epochs, levels, difficulty_levels.FULL_AT) for e in range(epochs)]
        assert np.mean(pace[:growing]) == pytest.approx(0.5)
        assert set(pace[growing:]) == {1.0} and len(set(pace)) == levels


def test_every_score_comes_in_all_levels_and_has_its_controls():
    names = [arm.name for arm in arms_of(20)]
    assert len(set(names)) == len(names) == 4 * 3 + 1 + 3
    for score in ("rule", "own loss", "other net's loss", "random"):
        assert {f"{score}, {levels} levels" for levels in (2, 5, 9)} <= set(names)
    assert sum(name.endswith("hard first") for name in names) == 3


def test_scores_are_the_rule_the_losses_and_a_random_order_of_each_seed(task, scores):
    (own, other), found = scores
    hard = task.hard
    torch.testing.assert_close(found["rule"], elongation(hard.images))
    torch.testing.assert_close(found["own loss"], loss_difficulty(own, hard))
    torch.testing.assert_close(found["other net's loss"], loss_difficulty(other, hard))
    expected = within_classes(found["own loss"], hard.labels)
    torch.testing.assert_close(found["own loss within classes"], expected)
    torch.testing.assert_close(found["random"].sort().values, found["rule"].sort().values)
    another = difficulty_levels.scores_of(hard, own, other, seed=5)["random"]
    assert not torch.equal(another, found["random"])


def test_easy_first_and_hard_first_begin_at_opposite_ends(task, scores):
    hard, rule = task.hard, scores[1]["rule"]
    ends = {}
    for hard_first in (False, True):
        arm = Arm("rule", 5, hard_first)
        first = difficulty_levels.train_of(arm, hard, scores[1], 20, seed=0)(0)
        ends[hard_first] = elongation(first.images)
        assert len(first) == len(hard) and len(first.images.unique(dim=0)) == 6
    assert ends[False].max() <= rule.sort().values[5] < rule.sort().values[24] <= ends[True].min()


# The record


def test_every_arm_has_a_row_for_each_seed(record):
    names = [BASELINE, LONGER, *(arm.name for arm in arms_of(EPOCHS))]
    assert [row["seed"] for name in names for row in record.rows if row["arm"] == name] == [
        0, 1,
    ] * len(names)  # fmt: skip
    assert len(record.rows) == 2 * len(names)
    assert all(errors_of(record, name) and errors_of(record, name, "test") for name in names)


def test_all_arms_take_the_same_steps_and_only_one_control_takes_twice_as_many(record, asked, task):
    *_, baseline, longer, first, second = asked
    assert baseline[0] is longer[0] is task.hard
    assert longer[1] == replace(baseline[1], epochs=2 * EPOCHS)
    assert baseline[2] == longer[2] == [0, 1]
    for seed, (trains, config, seeds) in enumerate((first, second)):
        assert config == baseline[1] and seeds == [seed] * len(arms_of(EPOCHS))
        for train in trains:
            assert [len(train(epoch)) for epoch in range(EPOCHS)] == [len(task.hard)] * EPOCHS
            assert train(EPOCHS - 1) is task.hard


def test_the_rate_is_chosen_for_the_baseline_on_validation(record, asked, task):
    tried = asked[: len(difficulty_levels.RATES)]
    assert all(train is task.hard for train, _, _ in tried)
    assert [config.learning_rate for _, config, _ in tried] == list(difficulty_levels.RATES)
    means = record.config["baseline_error_by_rate"]
    assert means[f"{record.config['learning_rate']:g}"] == min(means.values())
    error = np.mean(errors_of(record, BASELINE))
    assert min(means.values()) == pytest.approx(error, abs=1e-5)


def test_a_curriculum_of_the_record_is_what_fit_makes_of_its_score(record, task):
    config = TrainConfig(EPOCHS, 15, record.config["learning_rate"], seed=1)
    rows = {row["arm"]: row for row in record.rows if row["seed"] == 1}

    def trained(train):
        seed_everything(1)
        net = difficulty_levels.build(task)
        history = fit(net, train, task.validation, config, device="cpu", progress=False)
        return net, [1 - epoch.val_accuracy for epoch in history.epochs]

    own, curve = trained(task.hard)
    assert rows[BASELINE]["curve"] == pytest.approx(curve, abs=1e-4)
    assert rows[BASELINE]["test_error"] == pytest.approx(1 - evaluate(own, task.test)[1], abs=1e-5)
    scores = difficulty_levels.scores_of(task.hard, own, own, seed=1)
    for arm in (Arm("own loss", 5), Arm("rule", 5, hard_first=True), Arm("random", 2)):
        train = difficulty_levels.train_of(arm, task.hard, scores, EPOCHS, seed=1)
        assert rows[arm.name]["curve"] == pytest.approx(trained(train)[1], abs=1e-4)
        assert rows[arm.name]["validation_error"] == pytest.approx(trained(train)[1][-1], abs=1e-5)


def test_agreement_is_the_correlation_of_ranks_and_shares_are_of_the_easiest_fifth(task, scores):
    (own, other), found = scores
    facts = facts_of(task, found, own, own, other)
    ranks = {name: score.argsort().argsort().numpy() for name, score in found.items()}
    for name in ("rule", "other net's loss"):
        expected = np.corrcoef(ranks[name], ranks["own loss"])[0, 1]
        assert facts["agreement"][name] == pytest.approx(expected)
    assert facts["agreement"]["another seed's loss"] == pytest.approx(1)  # here the same net
    labels = task.hard.labels.numpy()
    for name, shares in facts["easiest_fifth"].items():
        assert shares == pytest.approx([(labels[ranks[name] < 6] == k).mean() for k in range(3)])
    assert facts["easiest_fifth"]["own loss within classes"] == pytest.approx([1 / 3] * 3)


def test_errors_by_elongation_are_of_groups_from_the_least_to_the_most_drawn_out(task, scores):
    (own, other), found = scores
    facts = facts_of(task, found, own, own, other)
    errors = facts["error_by_elongation"]
    assert np.mean(errors) == pytest.approx(1 - evaluate(own, task.validation)[1])
    least = elongation(task.validation.images).argsort()[:6]
    assert errors[0] == pytest.approx(1 - evaluate(own, task.validation.subset(least))[1])
    assert facts["other_net_error"] == pytest.approx(1 - evaluate(other, task.validation)[1])


def test_differences_are_taken_seed_by_seed(record):
    found = differences(record, LONGER, BASELINE)
    for seed, difference in enumerate(found):
        rows = {row["arm"]: row for row in record.rows if row["seed"] == seed}
        expected = rows[LONGER]["validation_error"] - rows[BASELINE]["validation_error"]
        assert difference == pytest.approx(expected)


def test_epochs_are_counted_until_the_mean_error_is_low_enough(record):
    rows = [
        {"seed": 0, "arm": "a", "curve": [0.6, 0.5, 0.2]},
        {"seed": 1, "arm": "a", "curve": [0.6, 0.3, 0.2]},
    ]
    made = replace(record, rows=rows)
    assert [epochs_until(made, "a", error) for error in (0.7, 0.4, 0.3, 0.1)] == [1, 2, 3, None]


def test_the_record_says_what_a_score_costs_and_survives_saving(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("difficulty_levels", tmp_path) == record
    costs = record.config["steps_of_scores"]
    assert (costs["rule"], costs["own loss"]) == (0, EPOCHS * record.config["steps_an_epoch"])
    assert record.config["steps_an_epoch"] == 2
    assert record.config["macs"]["own"] == 16 * 16 * 100 + 2 * 100 * 100 + 300
    assert all("agreement" in row for row in record.rows if row["arm"] == BASELINE)
