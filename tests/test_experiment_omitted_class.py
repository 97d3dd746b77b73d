"""The omitted class: each test is one promise of a function or of the record."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from few import few_of
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from effcv_lab.data import digits, fashion
from effcv_lab.distillation import DistillationLoss
from effcv_lab.experiments import omitted_class
from effcv_lab.experiments.omitted_class import SHIFTS, arms, cases, over_shifts, without
from effcv_lab.experiments.recipes import Recipe
from effcv_lab.experiments.students import train_student
from effcv_lab.models import mlp
from effcv_lab.records import load_record, save_record
from effcv_lab.training import evaluate, predict_logits

ARMS = ("labels", "T=1", "T=4", "T=20")
CASES = ("digits, 3", "clothes, sneaker", "clothes, trouser")


def small(in_shape, **options):
    return Recipe("mlp((8,))", lambda: mlp((8,), in_shape), 15, 16, **options)


@pytest.fixture(scope="module")
def few_images():
    return [few_of(splits, 4, 5, 6) for splits in (fashion(), digits())]


@pytest.fixture(scope="module")
def small_nets(own_cache):
    with pytest.MonkeyPatch.context() as patch:
        for name, shape in (("", (1, 28, 28)), ("DIGIT_", (1, 8, 8))):
            patch.setattr(omitted_class, f"{name}TEACHER", small(shape, learning_rate=0.2))
            patch.setattr(omitted_class, f"{name}STUDENT", small(shape))
        yield


@pytest.fixture(scope="module")
def seen():
    """Collect all images that a student of the run is trained on, with its recipe."""
    return []


@pytest.fixture(scope="module")
def record(few_images, small_nets, seen):
    def watched(recipe, known, *arguments, **options):
        seen.append(known)
        return train_student(recipe, known, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(omitted_class, "train_student", watched)
        return omitted_class.run(
            "class", "cpu", (0, 1), splits=few_images[0], digit_splits=few_images[1], progress=False
        )


@pytest.mark.parametrize("omitted", [0, 3, 9])
def test_without_leaves_out_one_class_and_nothing_else(omitted, few_images):
    train = few_images[0].train
    rest = without(train, omitted)
    assert len(rest) == len(train) - 4 and rest.classes == train.classes
    assert torch.bincount(rest.labels, minlength=10).tolist() == [
        0 if number == omitted else 4 for number in range(10)
    ]
    kept = [
        image for image, label in zip(train.images, train.labels, strict=True) if label != omitted
    ]
    assert torch.equal(rest.images, torch.stack(kept))


@pytest.mark.parametrize("omitted", [-1, 10])
def test_a_class_that_is_not_there_cannot_be_left_out(omitted, few_images):
    with pytest.raises(ValueError, match="omitted must be a whole number in"):
        without(few_images[0].train, omitted)


def test_the_curves_are_scikit_learns():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 5
    logits = torch.randn(60, 5, generator=generator) + 2 * torch.eye(5)[labels]
    shifts = (0.0, 1.0, 3.0, 20.0)
    found = over_shifts(logits, labels, 2, shifts)
    for place, shift in enumerate(shifts):
        guess = (logits + shift * torch.eye(5)[2]).argmax(dim=1)
        options = {"labels": [2], "average": "macro", "zero_division": 0.0}
        assert found["accuracy"][place] == pytest.approx(accuracy_score(labels, guess))
        for name, score in {
            "recall": recall_score,
            "precision": precision_score,
            "f1": f1_score,
        }.items():
            assert found[name][place] == pytest.approx(score(labels, guess, **options)), name


def test_a_large_shift_finds_every_image_of_the_class_and_is_wrong_about_all_others():
    labels = torch.arange(20) % 10
    curves = over_shifts(torch.randn(20, 10), labels, 4, [1000.0])
    assert curves == {
        "accuracy": [0.1], "recall": [1.0], "precision": [0.1], "f1": [pytest.approx(2 / 11)],
    }  # fmt: skip


def test_a_class_that_is_never_named_has_precision_and_f1_zero():
    curves = over_shifts(torch.tensor([[1.0, 0.0]]), torch.tensor([0]), 1, [0.0])
    assert curves == {"accuracy": [1.0], "recall": [0.0], "precision": [0.0], "f1": [0.0]}


def test_the_logits_are_left_as_they_were():
    logits = torch.zeros(3, 4, dtype=torch.float64)
    over_shifts(logits, torch.tensor([0, 1, 2]), 1, [5.0, 7.0])
    assert not logits.any()


def test_the_shifts_begin_at_none_and_rise():
    assert SHIFTS[0] == 0 and list(SHIFTS) == sorted(set(SHIFTS)) and 3.5 in SHIFTS


def test_soft_arms_hear_no_label_and_the_control_hears_nothing_else():
    images, labels, others = torch.randn(6, 1, 28, 28), torch.arange(6), torch.arange(6) + 1
    student, teacher, another = mlp((3,)), mlp((4,)), mlp((5,))
    for T in (1.0, 4.0, 20.0):
        loss = arms(teacher)[f"T={T:g}"]
        found = loss(student, images, labels)
        assert torch.equal(found, loss(student, images, others))
        expected = DistillationLoss(teacher, T, alpha=1.0)(student, images, labels)
        torch.testing.assert_close(found, expected)
    control = arms(teacher)["labels"](student, images, labels)
    assert torch.equal(control, arms(another)["labels"](student, images, labels))
    assert not torch.equal(control, arms(teacher)["labels"](student, images, others))


def test_no_student_sees_an_image_of_its_omitted_class(record, seen, few_images):
    clothes, numbers = (splits.train for splits in few_images)
    assert len(seen) == 3 * 2 * len(ARMS)
    for row, known in zip(record.rows, seen, strict=True):
        train = numbers if row["case"] == "digits, 3" else clothes
        omitted = {"digits, 3": "3", "clothes, sneaker": "Sneaker", "clothes, trouser": "Trouser"}
        number = train.classes.index(omitted[row["case"]])
        assert len(known) == 36 and number not in known.labels
        theirs = train.images[train.labels == number].flatten(1)
        assert torch.cdist(known.images.flatten(1), theirs).min() > 0


def test_the_record_has_a_complete_row_for_each_case_seed_and_arm(record):
    keys = [(row["case"], row["seed"], row["arm"]) for row in record.rows]
    assert keys == [(case, seed, arm) for case in CASES for seed in (0, 1) for arm in ARMS]
    for row in record.rows:
        assert all(
            len(row[name]) == len(SHIFTS) for name in ("accuracy", "recall", "precision", "f1")
        )
    assert record.config["shifts"] == list(SHIFTS)
    assert record.config["cases"]["digits, 3"]["validation_images_of_it"] == 5
    assert record.command == "effcv reproduce omitted_class --budget class --seeds 2"


def test_a_row_is_of_the_student_of_its_case_seed_and_arm(record, few_images, small_nets):
    case = cases(*few_images)["clothes, trouser"]
    teacher = case.teacher.train(case.splits, 1, "class", "cpu", progress=False)
    known = without(case.splits.train, 1)
    student = train_student(case.student, known, arms(teacher)["T=4"], case.splits, 1)
    (row,) = (
        row
        for row in record.rows
        if (row["case"], row["seed"], row["arm"]) == ("clothes, trouser", 1, "T=4")
    )
    validation, test = case.splits.validation, case.splits.test
    expected = over_shifts(predict_logits(student, validation.images), validation.labels, 1)
    for name, curve in expected.items():
        np.testing.assert_allclose(row[name], curve, rtol=1e-5)
    best = SHIFTS[int(np.argmax(expected["accuracy"]))]
    assert row["best_shift"] == best
    on_test = over_shifts(predict_logits(student, test.images), test.labels, 1, (0.0, best))
    for place, when in enumerate(("test_before", "test_after")):
        assert row[when] == pytest.approx({k: v[place] for k, v in on_test.items()}, rel=1e-5)
    assert row["teacher_accuracy"] == pytest.approx(evaluate(teacher, validation)[1], rel=1e-5)


def test_the_shift_is_chosen_without_the_test_set(few_images, record, small_nets):
    swapped = []
    for splits in few_images:
        wrong = replace(splits.test, labels=(splits.test.labels + 1) % 10)
        swapped.append(splits._replace(test=wrong))
    again = omitted_class.run(
        "class", "cpu", (0, 1), splits=swapped[0], digit_splits=swapped[1], progress=False
    )
    assert [row["best_shift"] for row in again.rows] == [row["best_shift"] for row in record.rows]
    assert again.rows != record.rows


def test_seeds_differ(record):
    curves = {
        row["seed"]: row["accuracy"]
        for row in record.rows
        if row["case"] == "digits, 3" and row["arm"] == "T=4"
    }
    assert curves[0] != curves[1]


def test_the_record_survives_saving(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("omitted_class", tmp_path) == record
