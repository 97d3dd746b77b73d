"""The temperature experiment: each test is one promise of its measurements or of its record."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from few import few_of
from scipy import special, stats
from torch.nn import functional as F
from torchmetrics.functional.classification import multiclass_calibration_error

from effcv_lab.cache import fit_cached
from effcv_lab.data import fashion
from effcv_lab.experiments import recipes, temperature
from effcv_lab.experiments.temperature_measures import (
    TEMPERATURES,
    agreement_with_others,
    calibration,
    over_temperatures,
    wrong_classes,
)
from effcv_lab.models import mlp
from effcv_lab.records import load_record, save_record
from effcv_lab.training import evaluate, predict_logits, seed_everything


def random_logits(rows=12, classes=10, seed=0, size=4.0):
    generator = torch.Generator().manual_seed(seed)
    return size * torch.randn(rows, classes, generator=generator, dtype=torch.float64)


@pytest.fixture
def curves():
    return over_temperatures(random_logits(seed=1), random_logits(seed=2))


def test_the_temperatures_rise_and_include_those_that_the_lecture_names():
    assert list(TEMPERATURES) == sorted(set(TEMPERATURES))
    assert {0.1, 1.0, 5.0, 20.0, 100.0, 1000.0, 10_000.0} <= set(TEMPERATURES)


def test_entropy_over_temperatures_is_scipys(curves):
    logits = random_logits(seed=1).numpy()
    for T, value in zip(TEMPERATURES, curves["entropy"], strict=True):
        expected = stats.entropy(special.softmax(logits / T, axis=1), axis=1).mean()
        assert value == pytest.approx(expected, abs=1e-9)


def test_the_gradient_is_that_of_torchs_kl_divergence_at_each_temperature(curves):
    teacher = random_logits(seed=1)
    for T, value in zip(TEMPERATURES, curves["gradient_norm"], strict=True):
        student = random_logits(seed=2).requires_grad_()
        log_q, p = F.log_softmax(student / T, dim=1), F.softmax(teacher / T, dim=1)
        F.kl_div(log_q, p, reduction="sum").backward()
        assert value == pytest.approx(student.grad.norm(dim=1).mean().item(), rel=1e-6)


def test_at_high_temperature_the_gradient_falls_like_one_over_t_squared(curves):
    norms = dict(zip(TEMPERATURES, curves["gradient_norm"], strict=True))
    assert norms[1000.0] / norms[10_000.0] == pytest.approx(100, rel=0.01)
    difference = random_logits(seed=2) - random_logits(seed=1)
    limit = (difference - difference.mean(dim=1, keepdim=True)).norm(dim=1).mean().item() / 10
    assert norms[10_000.0] * 10_000**2 == pytest.approx(limit, rel=0.01)
    assert curves["gradient_cosine"][-1] == pytest.approx(1, abs=1e-6)
    assert curves["gradient_cosine"][0] < 0.95


def test_the_order_kept_rises_and_falls_and_more_bits_keep_more(curves):
    for bits in (8, 16):
        kept = curves[f"order_kept_{bits}_bits"]
        assert max(kept) > kept[0] and max(kept) > kept[-1]
    pairs = zip(curves["order_kept_8_bits"], curves["order_kept_16_bits"], strict=True)
    assert all(eight <= sixteen for eight, sixteen in pairs)
    probs = special.softmax(random_logits(seed=1).numpy(), axis=1)
    halves = [len(set(row)) for row in probs.astype(np.float16).tolist()]
    assert set(halves) == {10}  # at T = 1 sixteen bits keep these ten apart, and eight do not
    assert curves["order_kept_16_bits"][TEMPERATURES.index(1.0)] == 1
    assert curves["order_kept_8_bits"][TEMPERATURES.index(1.0)] < 0.9


def test_the_table_of_wrong_classes_shares_out_what_the_label_leaves():
    probs = torch.tensor([[0.5, 0.4, 0.1], [0.8, 0.1, 0.1], [0.2, 0.6, 0.2]])
    table = wrong_classes(probs.log(), torch.tensor([0, 0, 1]), temperature=1.0)
    expected = [[0, (0.8 + 0.5) / 2, (0.2 + 0.5) / 2], [0.5, 0, 0.5], [0, 0, 0]]
    np.testing.assert_allclose(table, expected, atol=1e-6)


def test_a_higher_temperature_evens_the_table_out():
    logits, labels = random_logits(rows=50), torch.arange(50) % 10
    at_1, at_5 = (wrong_classes(logits, labels, T) for T in (1.0, 5.0))
    assert at_5.max() < at_1.max()
    torch.testing.assert_close(at_5.sum(dim=1), torch.ones(10, dtype=torch.float64))


def test_agreement_is_the_mean_over_the_other_teachers_only():
    labels = torch.arange(12) % 10
    logits = {seed: random_logits(seed=seed) for seed in (3, 4, 5)}
    expected = []
    for other in (4, 5):
        for a, b, label in zip(logits[3], logits[other], labels, strict=True):
            a, b = np.delete(a.numpy(), label), np.delete(b.numpy(), label)
            expected.append(stats.spearmanr(a, b).statistic)
    found = agreement_with_others(logits, 3, random_logits(seed=9), labels)
    assert found["agreement_teacher"] == pytest.approx(np.mean(expected), abs=1e-6)


def test_a_table_of_class_averages_says_all_where_images_of_a_class_are_alike():
    labels = torch.arange(20) % 10
    one_row_a_class = random_logits(rows=10)[labels]
    logits = {0: one_row_a_class, 1: one_row_a_class + 1e-3 * random_logits(rows=20, seed=7)}
    found = agreement_with_others(logits, 1, -logits[1], labels)
    assert found["agreement_label_only"] > 0.99
    assert found["agreement_untrained"] == pytest.approx(-1, abs=1e-6)


def test_the_class_averages_are_of_the_other_teachers():
    labels = torch.arange(20) % 10
    logits = {seed: random_logits(rows=10, seed=seed)[labels] for seed in (0, 1)}
    found = agreement_with_others(logits, 1, logits[1], labels)
    assert found["agreement_label_only"] == pytest.approx(found["agreement_teacher"])
    assert found["agreement_label_only"] < 0.5


def test_calibration_errors_are_torchmetrics_and_losses_are_torchs():
    logits, labels = random_logits(rows=60, size=2.0), torch.arange(60) % 10
    logits = logits + 2 * F.one_hot(labels, 10)
    row = calibration((logits[:40], labels[:40]), (logits[40:], labels[40:]))
    for part, chosen in {"validation": slice(40), "test": slice(40, 60)}.items():
        for when, T in {"before": 1.0, "after": row["fitted_temperature"]}.items():
            scaled, right = logits[chosen] / T, labels[chosen]
            error = multiclass_calibration_error(scaled.softmax(1), right, 10, n_bins=15)
            assert row[f"{part}_calibration_error_{when}"] == pytest.approx(error.item(), abs=1e-6)
            loss = F.nll_loss(scaled.log_softmax(1), right).item()
            assert row[f"{part}_loss_{when}"] == pytest.approx(loss)
        right = logits[chosen].argmax(1) == labels[chosen]
        assert row[f"{part}_accuracy"] == pytest.approx(right.double().mean().item())


def test_the_fitted_temperature_never_sees_the_test_set():
    logits, labels = random_logits(rows=60, size=2.0), torch.arange(60) % 10
    logits = logits + 2 * F.one_hot(labels, 10)
    fits = [
        calibration((logits, labels), test)["fitted_temperature"]
        for test in ((logits, labels), (random_logits(rows=8, seed=5), torch.arange(8)))
    ]
    assert fits[0] == fits[1]


@pytest.fixture(scope="module")
def few_images():
    return few_of(fashion(), 20, 20, 10)


@pytest.fixture(scope="module")
def record(few_images, own_cache):
    return temperature.run("class", "cpu", (0, 1), splits=few_images, progress=False)


def test_the_record_has_one_complete_row_for_each_seed(record):
    assert [row["seed"] for row in record.rows] == record.seeds == [0, 1]
    assert record.rows[0].keys() == record.rows[1].keys()
    assert record.config["temperatures"] == list(TEMPERATURES)
    assert record.config["train_images"] == 200
    assert np.shape(record.rows[0]["wrong_classes_T5"]) == (10, 10)
    assert record.rows[0]["entropy"] != record.rows[1]["entropy"]
    assert record.command == "effcv reproduce temperature --budget class --seeds 2"


def test_the_record_says_of_the_teacher_and_the_mlp_what_evaluate_says(record, few_images):
    for recipe, prefix in ((temperature.TEACHER, ""), (temperature.LONG_MLP, "mlp_")):
        model = recipe.train(few_images, 1, "class", "cpu", progress=False)
        for part in ("validation", "test"):
            loss, accuracy = evaluate(model, getattr(few_images, part))
            assert record.rows[1][f"{prefix}{part}_accuracy"] == pytest.approx(accuracy, rel=1e-4)
            assert record.rows[1][f"{prefix}{part}_loss_before"] == pytest.approx(loss, rel=1e-4)


def test_the_curves_and_tables_are_of_this_teacher_and_a_student_of_the_same_seed(
    record, few_images
):
    images, labels = few_images.validation.images, few_images.validation.labels
    teacher = temperature.TEACHER.train(few_images, 1, "class", "cpu", progress=False)
    logits = predict_logits(teacher, images)
    seed_everything(1)
    student = predict_logits(mlp((30,)), images)
    for name, curve in over_temperatures(logits, student).items():
        assert record.rows[1][name] == pytest.approx(curve, rel=1e-4, abs=1e-9)
    for name, T in {"wrong_classes_T1": 1.0, "wrong_classes_T5": 5.0}.items():
        expected = wrong_classes(logits, labels, T).numpy()
        np.testing.assert_allclose(record.rows[1][name], expected, rtol=1e-4)


@pytest.mark.parametrize("budget", ["class", "paper"])
def test_networks_are_trained_as_the_record_says(budget, few_images, own_cache, monkeypatch):
    asked = []

    def one_epoch(build, train, validation, config, **options):
        asked.append(config)
        return fit_cached(build, train, validation, replace(config, epochs=1), **options)

    monkeypatch.setattr(recipes, "fit_cached", one_epoch)
    record = temperature.run(budget, "cpu", (3, 4), splits=few_images, progress=False)
    said = record.config
    teacher = (said["teacher_epochs"], said["teacher_weight_decay"])
    long_mlp = (said["mlp_epochs"], said["mlp_weight_decay"])
    found = {(config.epochs, config.weight_decay, config.seed) for config in asked}
    assert found == {(*recipe, seed) for recipe in (teacher, long_mlp) for seed in (3, 4)}
    assert long_mlp[0] > teacher[0] and long_mlp[1] == 0 < teacher[1]
    assert record.budget == budget


def test_a_second_run_finds_the_networks_in_the_cache_and_gives_the_same(
    record, few_images, monkeypatch
):
    def no_training(*_arguments, **_options):
        raise AssertionError("trained again")

    monkeypatch.setattr("effcv_lab.cache.fit", no_training)
    again = temperature.run("class", "cpu", (0, 1), splits=few_images, progress=False)
    assert again.rows == record.rows


def test_the_record_survives_saving(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("temperature", tmp_path) == record


def test_the_random_network_is_undecided_and_untrained(record):
    for row in record.rows:
        assert row["untrained_entropy"] > 0.95 * np.log(10)
        assert row["agreement_untrained"] < row["agreement_teacher"]


def test_all_images_are_used_only_for_the_paper_budget_and_only_where_they_are(
    monkeypatch, tmp_path
):
    asked = []
    monkeypatch.setattr(recipes, "fashion", lambda **options: asked.append(options))
    monkeypatch.setenv("EFFCV_CACHE", str(tmp_path))
    monkeypatch.setattr(recipes, "DEBIAN_FOLDER", tmp_path / "debian")
    recipes.splits_for("paper")
    recipes.splits_for("class", folder="elsewhere")
    recipes.splits_for("paper", folder="elsewhere")
    (tmp_path / "fashion_mnist").mkdir()
    recipes.splits_for("class")
    recipes.splits_for("paper")
    (tmp_path / "fashion_mnist").rmdir()
    (tmp_path / "debian").mkdir()
    recipes.splits_for("class")
    recipes.splits_for("paper")
    wanted = [False, False, True, False, True, False, True]
    assert [options["full"] for options in asked] == wanted
    assert asked[2]["folder"] == "elsewhere"
    assert asked[4]["folder"] == tmp_path / "fashion_mnist"
    assert asked[6]["folder"] == tmp_path / "debian"
    assert all(options["folder"] is None for options in asked if not options["full"])
