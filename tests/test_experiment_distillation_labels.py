"""Labels and any_teacher experiments: each test is one promise of a loss, a helper or a record."""

from dataclasses import replace

import pytest
import torch
from few import few_of
from torch import nn
from torch.nn import functional as F

from effcv_lab.data import fashion
from effcv_lab.distillation import DistillationLoss
from effcv_lab.experiments import any_teacher, students
from effcv_lab.experiments import distillation_labels as labels_experiment
from effcv_lab.experiments.distillation_labels import WithoutT2, quiet_labels
from effcv_lab.experiments.recipes import Recipe
from effcv_lab.experiments.students import Remembered, checked_counts, repeated, train_student
from effcv_lab.models import mlp, small_cnn
from effcv_lab.records import load_record, save_record
from effcv_lab.training import (
    cross_entropy,
    evaluate,
    fit,
    pick_device,
    predict_logits,
    seed_everything,
)

ARMS = ["labels", "T=1", "T=4", "T=20", "T=20, no T²", "labels, weight 0.1", "own teacher"]
SMALL = Recipe("mlp((8,))", lambda: mlp((8,)), class_epochs=15, paper_epochs=16)


class Says(nn.Module):
    """A net whose logits are given: what a loss makes of them is all that is looked at."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def forward(self, _images):
        return self.logits


def random_batch(rows=6, classes=10, seed=0):
    """Return a student, a teacher, images that neither looks at, and labels."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(2, rows, classes, generator=generator, dtype=torch.float64)
    student, teacher = Says(logits[0].clone().requires_grad_()), Says(logits[1])
    return student, teacher, torch.zeros(rows, 1, 2, 2), torch.arange(rows) % classes


def gradient(loss, student, *batch):
    return torch.autograd.grad(loss(student, *batch), student.logits)[0]


@pytest.mark.parametrize("T", [0.5, 4.0, 20.0])
def test_without_t2_the_teachers_gradient_is_that_much_smaller_and_the_labels_stay(T):
    student, teacher, *batch = random_batch()
    hard = gradient(cross_entropy, student, *batch)
    right = gradient(DistillationLoss(teacher, T, 0.9), student, *batch) - 0.1 * hard
    wrong = gradient(WithoutT2(teacher, T, 0.9), student, *batch) - 0.1 * hard
    torch.testing.assert_close(wrong, right / T**2, rtol=1e-9, atol=1e-12)


def test_without_t2_is_the_textbook_divergence_beside_the_labels():
    student, teacher, images, labels = random_batch(seed=3)
    p, q = (teacher.logits / 4).softmax(dim=1), (student.logits / 4).softmax(dim=1)
    divergence = (p * (p / q).log()).sum(dim=1).mean()
    expected = 0.3 * F.cross_entropy(student.logits, labels) + 0.7 * divergence
    found = WithoutT2(teacher, 4.0, alpha=0.7)(student, images, labels)
    torch.testing.assert_close(found, expected)


def test_at_temperature_1_nothing_is_forgotten():
    student, teacher, *batch = random_batch(seed=4)
    wrong = WithoutT2(teacher, 1.0, 0.9)(student, *batch)
    torch.testing.assert_close(wrong, DistillationLoss(teacher, 1.0, 0.9)(student, *batch))


@pytest.mark.parametrize("alpha", [-0.1, 1.1])
def test_an_alpha_that_is_no_weight_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha"):
        WithoutT2(nn.Flatten(), 4.0, alpha)


def test_quiet_labels_are_what_is_left_when_the_teacher_says_nothing():
    student, _, *batch = random_batch()
    found = quiet_labels(student, *batch)
    left = DistillationLoss(Says(student.logits.detach()), 4.0, labels_experiment.ALPHA)
    torch.testing.assert_close(found, left(student, *batch))  # a teacher of the student's opinion


def test_the_arms_are_those_that_the_lecture_compares():
    student, teacher, *batch = random_batch()
    _, own, *_ = random_batch(seed=1)
    arms, alpha = labels_experiment.arms(teacher, own), labels_experiment.ALPHA
    assert list(arms) == ARMS
    expected = {f"T={T:g}": DistillationLoss(teacher, T, alpha) for T in (1.0, 4.0, 20.0)} | {
        "labels": cross_entropy,
        "T=20, no T²": WithoutT2(teacher, 20.0, alpha),
        "labels, weight 0.1": quiet_labels,
        "own teacher": DistillationLoss(own, 1.0, alpha),
    }
    for name, loss in arms.items():
        torch.testing.assert_close(loss(student, *batch), expected[name](student, *batch))


@pytest.fixture(scope="module")
def few_images():
    return few_of(fashion(), 10, 8, 9)


@pytest.fixture(scope="module")
def small_nets(own_cache):
    """All nets are tiny MLPs: what is promised does not depend on how good they are."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (labels_experiment, any_teacher):
            patch.setattr(module, "TEACHER", replace(SMALL, learning_rate=0.2))
        patch.setattr(labels_experiment, "OWN_TEACHER", SMALL)
        patch.setattr(any_teacher, "MLP_TEACHER", SMALL)
        patch.setattr(any_teacher, "STUDENTS", {"MLP": SMALL, "other": replace(SMALL, name="o")})
        yield


def test_each_epoch_shows_every_image_and_none_much_more_often_than_another(few_images):
    views = repeated(few_images.train, 250)
    order = torch.arange(250) % 100
    assert torch.equal(views.images, few_images.train.images[order])
    assert torch.equal(views.labels, few_images.train.labels[order])


def test_a_pass_that_would_leave_images_out_is_refused(few_images):
    with pytest.raises(ValueError, match="count must be a whole number >= 100, got 99"):
        repeated(few_images.train, 99)


def test_a_remembered_teacher_gives_each_image_the_answer_of_the_teacher():
    images = torch.rand(7, 1, 28, 28)
    teacher = small_cnn((2, 3))
    order = torch.tensor([5, 0, 5, 6])
    found = Remembered(teacher, images)(images[order])
    torch.testing.assert_close(found, predict_logits(teacher, images)[order])


@pytest.mark.parametrize("place", range(9))
def test_a_remembered_teacher_knows_no_other_image(place):
    images = torch.rand(4, 1, 3, 3)
    other = images.clone()
    other[2].flatten()[place] += 2**-20
    with pytest.raises(KeyError, match=r"among the 4 .* 1 of these 4 are not"):
        Remembered(nn.Flatten(), images)(other)


def test_answers_come_where_the_images_are():
    images = torch.rand(4, 1, 3, 3, device=pick_device())
    found = Remembered(nn.Flatten().to(images.device), images)(images)
    assert found.device == images.device
    torch.testing.assert_close(found, images.flatten(1))


def test_a_student_of_remembered_answers_is_the_student_of_the_living_teacher(few_images):
    seed_everything(7)
    teacher, known = mlp((9,)), few_images.train
    remembered = DistillationLoss(Remembered(teacher, known.images), temperature=4.0, alpha=0.9)
    learned = train_student(SMALL, known, remembered, few_images, seed=1)
    seed_everything(1)
    expected = SMALL.build()
    loss = DistillationLoss(teacher, temperature=4.0, alpha=0.9)
    config = SMALL.config(1, "class")
    fit(expected, known, few_images.validation, config, batch_loss=loss, progress=False)
    for found, wanted in zip(learned.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(found, wanted)


def test_a_teacher_is_asked_about_each_image_exactly_once(few_images):
    asked = []

    class Counting(nn.Module):
        def forward(self, images):
            asked.append(len(images))
            return images.flatten(1)[:, :10]

    known = few_images.train
    loss = DistillationLoss(Remembered(Counting(), known.images), 2.0, 0.5)
    for seed in (0, 1):
        train_student(SMALL, known, loss, few_images, seed, shown=120)
    assert sum(asked) == len(known)


@pytest.mark.parametrize("counts", [(), (15,), (20, 10), (10, 10)])
def test_label_counts_that_are_no_rising_multiples_are_refused(counts):
    with pytest.raises(ValueError, match="rising multiples of 10"):
        checked_counts(counts, 10)


@pytest.fixture(scope="module")
def steps():
    """Collect the optimiser's steps of every student that the experiments train."""
    return []


@pytest.fixture(scope="module")
def record(few_images, small_nets, steps):
    real = students.fit

    def counting(*arguments, after_step, **options):
        taken = []
        history = real(*arguments, after_step=lambda _model: taken.append(1), **options)
        steps.append(len(taken))
        return history

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(students, "fit", counting)
        return labels_experiment.run(
            "class", "cpu", (0, 1), splits=few_images, label_counts=(10, 100), progress=False
        )


def test_every_student_takes_the_same_number_of_steps(record, steps):
    assert len(steps) == 2 * 2 * len(ARMS)
    assert set(steps) == {row["steps"] for row in record.rows} == {16}  # 8 epochs of two batches


def test_the_record_has_a_complete_row_for_each_seed_and_number_of_labels(record):
    assert [(row["seed"], row["labels"]) for row in record.rows] == [
        (0, 10), (0, 100), (1, 10), (1, 100),
    ]  # fmt: skip
    for row in record.rows:
        for part in ("accuracy", "test_accuracy"):
            assert list(row[part]) == ARMS
            assert all(0 <= value <= 1 for value in row[part].values())
    assert record.config["label_counts"] == [10, 100]
    assert record.command == "effcv reproduce distillation_labels --budget class --seeds 2"


def test_seeds_differ(record):
    rows = {row["seed"]: row["accuracy"] for row in record.rows if row["labels"] == 10}
    assert rows[0] != rows[1]


def test_a_row_is_what_its_student_scores(record, few_images, small_nets):
    known = few_images.train.per_class(1, seed=1)
    teacher = labels_experiment.TEACHER.train(few_images, 1, "class", "cpu", progress=False)
    row = record.rows[2]
    assert (row["seed"], row["labels"]) == (1, 10)
    assert row["teacher_accuracy"] == pytest.approx(
        evaluate(teacher, few_images.validation)[1], rel=1e-5
    )
    arms = labels_experiment.arms(teacher, teacher)
    for arm in ("T=4", "T=20, no T²"):
        student = train_student(
            labels_experiment.STUDENT, known, arms[arm], few_images, 1, shown=100
        )
        for part, name in (("validation", "accuracy"), ("test", "test_accuracy")):
            expected = evaluate(student, getattr(few_images, part))[1]
            assert row[name][arm] == pytest.approx(expected, rel=1e-5)


def test_the_own_teacher_knows_the_students_labels_only(few_images, small_nets, monkeypatch):
    taught = []
    real = Recipe.train

    def watched(self, *arguments, train=None, **options):
        taught.append((self.name, self.learning_rate, train))
        return real(self, *arguments, train=train, **options)

    monkeypatch.setattr(Recipe, "train", watched)
    record = labels_experiment.run(
        "class", "cpu", (0, 1), splits=few_images, label_counts=(10, 100), progress=False
    )
    own = [
        train for _, rate, train in taught if rate == labels_experiment.OWN_TEACHER.learning_rate
    ]
    assert len(own) == 2  # with all labels the teacher itself is the own teacher
    for seed, train in enumerate(own):
        known = few_images.train.per_class(1, seed=seed)
        assert torch.equal(train.images, repeated(known, 100).images)
    assert record.rows[1]["own_teacher_accuracy"] == record.rows[1]["teacher_accuracy"]


def test_the_own_teachers_student_hears_no_other_teacher(few_images, small_nets, monkeypatch):
    heard = []

    def silent(recipe, known, loss, *arguments, **options):
        heard.append(getattr(loss, "teacher", None))
        return SMALL.build()

    monkeypatch.setattr(labels_experiment, "train_student", silent)
    labels_experiment.run(
        "class", "cpu", (0, 1), splits=few_images, label_counts=(10,), progress=False
    )
    for seed, first in enumerate((0, len(ARMS))):
        *others, own = heard[first : first + len(ARMS)]
        images = few_images.train.per_class(1, seed=seed).images
        teacher = labels_experiment.TEACHER.train(few_images, seed, "class", "cpu", progress=False)
        said = predict_logits(teacher, images)
        assert [one is None for one in others] == ["labels" in name for name in ARMS[:-1]]
        assert all(torch.equal(one(images), said) for one in others if one is not None)
        assert not torch.allclose(own(images), said)


def test_the_record_survives_saving(record, tmp_path):
    save_record(record, tmp_path)
    assert load_record("distillation_labels", tmp_path) == record


@pytest.mark.parametrize("experiment", [labels_experiment, any_teacher])
def test_label_counts_are_looked_at_before_anything_is_trained(experiment, few_images):
    with pytest.raises(ValueError, match="rising multiples"):
        experiment.run("class", "cpu", (0, 1), splits=few_images, label_counts=(15,))


@pytest.fixture(scope="module")
def any_record(few_images, small_nets):
    return any_teacher.run(
        "class", "cpu", (3, 4), splits=few_images, label_counts=(10, 100), progress=False
    )


def test_any_teacher_has_a_row_for_each_seed_student_number_and_teacher(any_record, tmp_path):
    keys = [tuple(r[k] for k in ("seed", "student", "labels", "teacher")) for r in any_record.rows]
    teachers = (any_teacher.ALONE, "MLP", "CNN", "3 CNNs")
    expected = [
        (seed, student, count, teacher)
        for seed in (3, 4)
        for student in ("MLP", "other")
        for count in (10, 100)
        for teacher in teachers
    ]
    assert keys == expected
    for row in any_record.rows:
        assert (row["teacher_accuracy"] is None) == (row["teacher"] == any_teacher.ALONE)
    save_record(any_record, tmp_path)
    assert load_record("any_teacher", tmp_path) == any_record


def test_any_teacher_measures_the_student_that_it_names(any_record, few_images, small_nets):
    teacher = any_teacher.teachers_for(4, few_images, "class", "cpu", False)["3 CNNs"]
    known = few_images.train.per_class(1, seed=4)
    soft = DistillationLoss(teacher, any_teacher.TEMPERATURE, any_teacher.ALPHA)
    for of, loss in (("3 CNNs", soft), (any_teacher.ALONE, cross_entropy)):
        student = train_student(SMALL, known, loss, few_images, 4, shown=100)
        (row,) = (
            row
            for row in any_record.rows
            if (row["seed"], row["student"], row["labels"], row["teacher"]) == (4, "MLP", 10, of)
        )
        assert row["accuracy"] == pytest.approx(
            evaluate(student, few_images.validation)[1], rel=1e-5
        )
        assert row["test_accuracy"] == pytest.approx(
            evaluate(student, few_images.test)[1], rel=1e-5
        )


def test_an_ensemble_holds_the_conv_nets_of_three_seeds_its_own_first(few_images, small_nets):
    teachers = any_teacher.teachers_for(2, few_images, "class", "cpu", False)
    assert list(teachers) == ["MLP", "CNN", "3 CNNs"]
    for member, seed in zip(teachers["3 CNNs"].members, (2, 3, 4), strict=True):
        alone = any_teacher.TEACHER.train(few_images, seed, "class", "cpu", progress=False)
        for found, wanted in zip(member.parameters(), alone.parameters(), strict=True):
            assert torch.equal(found, wanted)
