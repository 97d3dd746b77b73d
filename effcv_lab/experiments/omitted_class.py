"""A student that never sees a class, and still knows it: what soft targets say about the absent.

The transfer set lacks one class. The student learns from the teacher's answers alone; a control
learns the labels of the same images. Then the missing class's bias is raised, step by step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from effcv_lab.arguments import one_of, whole_number
from effcv_lab.data import ImageSet, Splits, digits
from effcv_lab.distillation import DistillationLoss
from effcv_lab.experiments.distillation_labels import STUDENT, TEACHER
from effcv_lab.experiments.recipes import Recipe, checked_seeds, recorded, splits_for
from effcv_lab.experiments.students import Remembered, train_student
from effcv_lab.models import mlp
from effcv_lab.records import Record
from effcv_lab.training import BatchLoss, cross_entropy, evaluate, pick_device, predict_logits

TEMPERATURES = (1.0, 4.0, 20.0)
SHIFTS = tuple(step / 4 for step in range(49))  # of the missing class's bias: 0 to 12

DIGIT_TEACHER = Recipe("mlp((200,))", lambda: mlp((200,), (1, 8, 8)), 40, 40)
DIGIT_STUDENT = Recipe("mlp((30,))", lambda: mlp((30,), (1, 8, 8)), 40, 40, learning_rate=0.05)


@dataclass(frozen=True)
class Case:
    """A class to leave out, of which data, and who teaches whom."""

    splits: Splits
    omitted: str
    teacher: Recipe
    student: Recipe


def cases(fashion_splits: Splits, digit_splits: Splits) -> dict[str, Case]:
    """Return the three cases, by name.

    The three is the class of the source. A sneaker has near relatives among the other clothes,
    a pair of trousers has none.
    """
    return {
        "digits, 3": Case(digit_splits, "3", DIGIT_TEACHER, DIGIT_STUDENT),
        "clothes, sneaker": Case(fashion_splits, "Sneaker", TEACHER, STUDENT),
        "clothes, trouser": Case(fashion_splits, "Trouser", TEACHER, STUDENT),
    }


def arms(teacher: nn.Module) -> dict[str, BatchLoss]:
    """Return the loss of each arm by its name in the record; soft targets come without labels."""
    return {
        "labels": cross_entropy,
        **{f"T={T:g}": DistillationLoss(teacher, T, alpha=1.0) for T in TEMPERATURES},
    }


def without(image_set: ImageSet, omitted: int) -> ImageSet:
    """Return the images of all other classes; the class keeps its number and its place.

    Raises
    ------
    ValueError
        If ``omitted`` is no class number of the set.

    Examples
    --------
    >>> rest = without(digits().train, 3)
    >>> (rest.labels == 3).any().item(), len(rest.classes)
    (False, 10)
    """
    whole_number("omitted", omitted, 0, len(image_set.classes) - 1)
    return image_set.subset(image_set.labels != omitted)


def over_shifts(
    logits: Tensor, labels: Tensor, omitted: int, shifts: Sequence[float] = SHIFTS
) -> dict[str, list[float]]:
    """Raise one class's bias step by step, and count what is won and what is lost.

    A large shift calls everything by that class's name: its recall alone proves nothing.

    Parameters
    ----------
    logits : float Tensor (N, K)
    labels : int64 Tensor (N,), in [0, K)
    omitted : int
        The class whose logit each shift is added to.
    shifts : sequence of P numbers

    Returns
    -------
    curves : dict of lists of P numbers in [0, 1]
        ``accuracy`` over all images; of the omitted class ``recall`` (share of its images that
        are found), ``precision`` (share of its name's uses that are right, 0 if there are none)
        and ``f1``, their harmonic mean.

    Examples
    --------
    >>> import torch
    >>> logits, labels = torch.tensor([[2.0, 1.0], [1.0, 0.0], [4.0, 0.0]]), torch.tensor([1, 1, 0])
    >>> over_shifts(logits, labels, omitted=1, shifts=[0.0, 2.0, 9.0])["f1"]
    [0.0, 1.0, 0.8]
    """
    mine = labels == omitted
    curves: dict[str, list[float]] = {"accuracy": [], "recall": [], "precision": [], "f1": []}
    for shift in shifts:
        moved = logits.double().clone()
        moved[:, omitted] += shift
        guess = moved.argmax(dim=1)
        found = (mine & (guess == omitted)).sum().item()
        called = (guess == omitted).sum().item()
        curves["accuracy"].append((guess == labels).double().mean().item())
        curves["recall"].append(found / max(1, mine.sum().item()))
        curves["precision"].append(found / max(1, called))
        curves["f1"].append(2 * found / max(1, called + mine.sum().item()))
    return curves


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    *,
    splits: Splits | None = None,
    digit_splits: Splits | None = None,
    folder: str | Path | None = None,
    progress: bool = True,
) -> Record:
    """Train a student for each case, seed and arm, and move its bias.

    Parameters
    ----------
    budget : "class" or "paper"
        As for ``distillation_labels``, whose teachers and student these are.
    device : str or torch.device, optional
    seeds : at least two different ints
        Of teacher and student.
    splits, digit_splits : Splits, optional
        Other data for the clothes and the digits, for trials.
    folder : path, optional
        As for ``splits_for``.

    Returns
    -------
    record : Record
        One row for each case, seed and arm: the curves of :func:`over_shifts` (validation),
        ``best_shift``, the one with the largest accuracy (the smallest of equals), and
        ``test_before`` and ``test_after``: accuracy, recall, precision and F1 on the test set
        without and with that shift. ``teacher_accuracy`` and ``teacher_recall`` for comparison.
    """
    one_of("budget", budget, ("class", "paper"))
    seeds = checked_seeds(seeds)
    device = pick_device(device)
    chosen = cases(splits or splits_for(budget, folder), digit_splits or digits())
    rows = []
    for name, case in chosen.items():
        for seed in seeds:
            teacher = case.teacher.train(case.splits, seed, budget, device, progress)
            known = without(case.splits.train, case.splits.train.classes.index(case.omitted))
            for arm, loss in arms(Remembered(teacher, known.images)).items():
                student = train_student(
                    case.student, known, loss, case.splits, seed, budget, device
                )
                measured = _measures(student, teacher, case)
                rows.append({"case": name, "seed": seed, "arm": arm, **measured})
    return recorded("omitted_class", _configuration(chosen, budget), rows, seeds, budget, device)


def _measures(student: nn.Module, teacher: nn.Module, case: Case) -> dict[str, object]:
    """Choose the shift on the validation images; only then look at the test set, twice."""
    validation, test = case.splits.validation, case.splits.test
    omitted = validation.classes.index(case.omitted)

    def measure(net: nn.Module, images: ImageSet, shifts: Sequence[float]) -> dict[str, list]:
        return over_shifts(predict_logits(net, images.images), images.labels.cpu(), omitted, shifts)

    curves = measure(student, validation, SHIFTS)
    best_shift = SHIFTS[max(range(len(SHIFTS)), key=lambda place: curves["accuracy"][place])]
    on_test = measure(student, test, (0.0, best_shift))
    return {
        **curves,
        "best_shift": best_shift,
        "test_before": {name: pair[0] for name, pair in on_test.items()},
        "test_after": {name: pair[1] for name, pair in on_test.items()},
        "teacher_accuracy": evaluate(teacher, validation)[1],
        "teacher_recall": measure(teacher, validation, (0.0,))["recall"][0],
    }


def _configuration(chosen: dict[str, Case], budget: str) -> dict[str, object]:
    return {
        "shifts": SHIFTS,
        "temperatures": TEMPERATURES,
        "alpha": 1.0,
        "cases": {
            name: {
                "data": case.splits.train.name,
                "omitted": case.omitted,
                "validation_images_of_it": int(
                    (case.splits.validation.labels == case.splits.train.classes.index(case.omitted))
                    .sum()
                    .item()
                ),
                "teacher": case.teacher.name,
                "teacher_epochs": case.teacher.config(0, budget).epochs,
                "student": case.student.name,
                "student_epochs": case.student.config(0, budget).epochs,
                **{f"{part}_images": len(images) for part, images in case.splits._asdict().items()},
            }
            for name, case in chosen.items()
        },
    }
