"""The teacher size experiment: each test is one promise of its measurements or of its record."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from few import few_of
from torch import nn
from torch.nn import functional as F

from effcv_lab.data import fashion
from effcv_lab.distillation import DistillationLoss, early_stopped, kd_loss
from effcv_lab.experiments import teacher_size, teacher_size_lesson
from effcv_lab.experiments.teacher_size_lesson import BETWEEN, STUDENTS, TEACHERS, Lesson
from effcv_lab.experiments.teacher_size_measures import (
    TermsOverTime,
    agreements,
    best_setting,
    certainty,
    stop_epochs,
)
from effcv_lab.models import mlp
from effcv_lab.records import load_record, save_record
from effcv_lab.training import cross_entropy, evaluate, predict_logits, seed_everything


@pytest.fixture(scope="module")
def few_images():
    return few_of(fashion(), 13, 10, 10)


@pytest.fixture(scope="module")
def short():
    """Two epochs for every net, one learning rate, two mixes, a point every two steps."""
    with pytest.MonkeyPatch.context() as patch:
        for recipes in (TEACHERS, STUDENTS):
            for name, recipe in recipes.items():
                patch.setitem(recipes, name, replace(recipe, class_epochs=2))
        patch.setattr(teacher_size, "LEARNING_RATES", (0.03,))
        patch.setattr(teacher_size, "MIXES", ((1.0, 0.9), (4.0, 0.9)))
        patch.setattr(teacher_size, "CURVE_STEPS", 2)
        yield


@pytest.fixture(scope="module")
def lesson(few_images, short, own_cache):
    return Lesson(few_images, 1, "class", "cpu", progress=False)


@pytest.fixture(scope="module")
def record(few_images, short, own_cache):
    return teacher_size.run("class", "cpu", (0, 1), splits=few_images, progress=False)


def rows_of(record, **fixed):
    return [r for r in record.rows if all(r.get(k) == v for k, v in fixed.items())]


def same(net, other):
    pairs = zip(net.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_the_terms_over_time_are_torchs_at_each_point(few_images):
    subset, teacher, student = few_images.validation, mlp((7,)), mlp((5,))
    terms = TermsOverTime(subset, teacher, temperature=4.0, every=3)
    for _ in range(7):
        terms(student)
    assert terms.steps == [3, 6]
    z, v = (predict_logits(net, subset.images).double() for net in (student, teacher))
    hard = F.cross_entropy(z, subset.labels).item()
    p, q = (v / 4).softmax(1), (z / 4).softmax(1)
    soft = 16 * (p * (p / q).log()).sum(1).mean().item()
    assert terms.hard == pytest.approx([hard] * 2, rel=1e-5)
    assert terms.soft == pytest.approx([soft] * 2, rel=1e-4)


def test_measuring_the_terms_does_not_change_the_training(lesson):
    terms = TermsOverTime(lesson.splits.train, lesson.models["large"], 4.0, every=1)
    measured = lesson.student("6 units", cross_entropy, 0.03, terms)
    assert same(measured, lesson.student("6 units", cross_entropy, 0.03))
    assert terms.hard[-1] < terms.hard[0]


def test_agreement_counts_equal_answers():
    student = nn.Flatten()  # its logits are the pixels
    images = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]).reshape(4, 1, 1, 2)
    teachers = {"all": images.flatten(1), "half": torch.tensor([[1.0, 0.0]]).expand(4, 2)}
    assert agreements(student, teachers, images) == {"all": 1.0, "half": 0.5}


def test_certainty_is_the_mean_of_the_largest_probability_and_of_the_entropy():
    found = certainty(torch.tensor([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]]).log())
    assert found["confidence"] == pytest.approx(0.6)
    wanted = -(0.7 * np.log(0.7) + 0.2 * np.log(0.2) + 0.1 * np.log(0.1)) + 1.5 * np.log(2)
    assert found["entropy"] == pytest.approx(wanted / 2, rel=1e-5)


def test_the_best_setting_is_that_of_the_best_mean_on_validation_never_on_test():
    settings = [(0.1, 1.0, 0.9, None), (0.1, 4.0, 0.9, None)]
    rows = [
        {**dict(zip(("learning_rate", "temperature", "alpha", "stop_epoch"), setting, strict=True)),
         "student": "a", "validation_accuracy": right, "test_accuracy": 1 - right}
        for setting, runs in zip(settings, ((0.5, 0.9), (0.69, 0.69)), strict=True)
        for right in runs
    ]  # fmt: skip
    assert best_setting(rows, student="a")["temperature"] == 1.0  # mean 0.7 against 0.69
    with pytest.raises(ValueError, match="fixed must describe"):
        best_setting(rows, student="b")


def test_a_teacher_stops_after_a_quarter_or_a_half():
    assert stop_epochs(24) == [6, 12]


def test_after_the_stop_the_loss_is_that_of_the_labels(lesson):
    teacher = lesson.teachers["large"]
    images, labels = lesson.splits.train.images[:9], lesson.splits.train.labels[:9]
    student, loss = mlp((6,)), early_stopped(DistillationLoss(teacher, 4.0, 0.9), stop_epoch=1)
    before = kd_loss(student(images), teacher(images), labels, 4.0, 0.9)
    for epoch, wanted in ((0, before), (1, cross_entropy(student, images, labels))):
        loss.start_epoch(epoch)
        torch.testing.assert_close(loss(student, images, labels), wanted)


def test_a_teacher_that_stops_before_it_begins_leaves_the_student_from_scratch(lesson):
    silent = early_stopped(DistillationLoss(lesson.teachers["large"], 4.0, 0.9), stop_epoch=0)
    assert same(
        lesson.student("6 units", silent, 0.03), lesson.student("6 units", cross_entropy, 0.03)
    )


def test_the_chain_s_student_learns_from_the_net_in_between(lesson, monkeypatch):
    asked = []
    chain = teacher_size_lesson.distill_chain

    def watched(teacher, builds, train, validation, config, **options):
        links = chain(teacher, builds, train, validation, config, **options)
        asked.append((teacher, links[-1][0], config.learning_rate, options["temperature"]))
        return links

    monkeypatch.setattr(teacher_size_lesson, "distill_chain", watched)
    monkeypatch.setattr(lesson, "_between", None)
    student = lesson.chained("6 units", learning_rate=0.03, temperature=1.0, alpha=0.9)
    (first, between, *of_between), (second, last, *of_last) = asked
    assert first is lesson.teachers["large"] and student is last
    images = lesson.splits.train.images[:9]
    torch.testing.assert_close(second(images), predict_logits(between, images))
    assert between.block1[0].out_channels == 8  # the medium size
    assert (of_between, of_last) == ([0.2, BETWEEN["temperature"]], [0.03, 1.0])
    assert same(student, lesson.student("6 units", DistillationLoss(between, 1.0, 0.9), 0.03))
    lesson.chained("16 units", learning_rate=0.03, temperature=4.0, alpha=0.9)
    assert len(asked) == 3 and asked[-1][0] is second  # distilled once, for both students


def test_every_row_is_complete(record):
    assert record.seeds == [0, 1]
    for part, count in {"teacher": 3, "curve": 3, "student": 2 * (1 + 6 + 6 + 1)}.items():
        rows = rows_of(record, part=part)
        assert len(rows) == 2 * count
        assert len({tuple(row) for row in rows}) == 1
        assert all(row["seed"] in (0, 1) for row in rows)


def test_each_student_is_trained_in_every_way(record):
    for student in STUDENTS:
        rows = rows_of(record, part="student", seed=1, student=student)
        ways = [(row["method"], row["teacher"]) for row in rows]
        assert ways.count(("scratch", None)) == 1
        assert ways.count(("chain", "large")) == 1
        for teacher in TEACHERS:
            assert ways.count(("KD", teacher)) == 2  # mixes
            assert ways.count(("ESKD", teacher)) == 2  # stops


def test_the_remedies_use_the_setting_that_did_best_on_validation(record):
    for teacher in TEACHERS:
        chosen = best_setting(record.rows, student="6 units", method="KD", teacher=teacher)
        for row in rows_of(record, student="6 units", method="ESKD", teacher=teacher):
            assert {**chosen, "stop_epoch": row["stop_epoch"]}.items() <= row.items()
    chosen = best_setting(record.rows, student="6 units", method="KD", teacher="medium")
    for row in rows_of(record, student="6 units", method="chain"):
        assert chosen.items() <= row.items() and row["teacher"] == "large"


def test_rows_say_what_evaluate_says_of_the_same_run(record, lesson, few_images):
    model = lesson.student("16 units", DistillationLoss(lesson.teachers["medium"], 4.0, 0.9), 0.03)
    way = {"student": "16 units", "method": "KD", "teacher": "medium", "temperature": 4.0}
    (row,) = rows_of(record, seed=1, **way)
    loss, accuracy = evaluate(model, few_images.validation)
    assert row["validation_loss"] == pytest.approx(loss, rel=1e-4)
    assert row["validation_accuracy"] == pytest.approx(accuracy)
    assert row["test_accuracy"] == pytest.approx(evaluate(model, few_images.test)[1])


def test_curves_have_a_point_each_so_many_steps_and_part_where_the_loss_does(record):
    rows = rows_of(record, part="curve", seed=0)
    by_method = {row["method"]: row for row in rows}
    for row in rows:
        assert row["steps"] == [2, 4, 6]  # three batches an epoch, two epochs
        assert len(row["hard"]) == len(row["soft"]) == 3
    assert by_method["KD"]["soft"][0] == by_method["ESKD"]["soft"][0]  # step 2: before the stop
    assert by_method["KD"]["soft"][-1] != by_method["ESKD"]["soft"][-1]
    assert by_method["KD"]["soft"][-1] < by_method["scratch"]["soft"][-1]


def test_the_record_survives_saving(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("teacher_size", tmp_path) == record


def test_seeds_start_the_student_whatever_it_learns(lesson):
    seed_everything(1)
    first = mlp((6,))
    model = lesson.student("6 units", cross_entropy, 1e-9)
    for a, b in zip(model.parameters(), first.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
