"""What a teacher is worth to a small student, from few labels to many.

The arms differ in the loss alone: labels only, distillation at several temperatures, and controls
that say where a gain comes from. All students take the same number of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from effcv_lab.arguments import one_of
from effcv_lab.data import ImageSet, Splits
from effcv_lab.distillation import DistillationLoss, kd_terms
from effcv_lab.distillation.outputs import ask
from effcv_lab.experiments.recipes import Recipe, checked_seeds, recorded, sizes, splits_for
from effcv_lab.experiments.students import Remembered, checked_counts, repeated, train_student
from effcv_lab.models import mlp, small_cnn
from effcv_lab.records import Record
from effcv_lab.training import BatchLoss, cross_entropy, evaluate, pick_device

ALPHA = 0.9
TEMPERATURES = (1.0, 4.0, 20.0)
OWN_TEMPERATURE = 1.0  # of the student whose teacher knows no more labels than it does
LABELS = {"class": (200, 500, 1000, 2000, 8000), "paper": (200, 500, 1000, 2000, 5000, 10_000)}

TEACHER = Recipe("small_cnn", small_cnn, class_epochs=10, paper_epochs=10, learning_rate=0.2)
OWN_TEACHER = Recipe("small_cnn", small_cnn, class_epochs=4, paper_epochs=10, learning_rate=0.2)
# 0.05: of 0.01, 0.02, 0.05, 0.1 the best on validation, or near it, for labels and T = 1, 4, 20
STUDENT = Recipe("mlp((30,))", lambda: mlp((30,)), 8, 20, learning_rate=0.05)


@dataclass(frozen=True)
class WithoutT2(DistillationLoss):
    """The distillation loss with its factor T² forgotten: wrong on purpose, to see what that costs.

    ``(1 - alpha) * CE + alpha * KL(p_T || q_T)``: the teacher's gradient is T² times too small.

    Examples
    --------
    >>> images, labels = torch.tensor([[[[0.0, 4.0]]]]), torch.tensor([1])
    >>> teacher = nn.Flatten()  # its logits are the pixels
    >>> student = nn.Sequential(teacher, nn.Softplus())
    >>> right, wrong = (
    ...     loss(teacher, temperature=4.0, alpha=1.0)(student, images, labels)
    ...     for loss in (DistillationLoss, WithoutT2)
    ... )
    >>> round((right / wrong).item(), 3)
    16.0
    """

    def __call__(self, student: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of one batch; only the student gets a gradient."""
        logits = student(images), ask(self.teacher, images)
        hard, soft = kd_terms(*logits, labels, self.temperature)
        return (1 - self.alpha) * hard + self.alpha * soft / self.temperature**2


def quiet_labels(student: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return ``(1 - ALPHA) * CE``: what is left of the distillation loss if the teacher is mute."""
    return (1 - ALPHA) * cross_entropy(student, images, labels)


def arms(teacher: nn.Module, own_teacher: nn.Module) -> dict[str, BatchLoss]:
    """Return the loss of each arm, by its name in the record; the own teacher's arm comes last.

    Parameters
    ----------
    teacher : Module
        Trained on all labels.
    own_teacher : Module
        Trained on the labels that the student knows.
    """
    hottest = TEMPERATURES[-1]
    return {
        "labels": cross_entropy,
        **{f"T={T:g}": DistillationLoss(teacher, T, ALPHA) for T in TEMPERATURES},
        f"T={hottest:g}, no T²": WithoutT2(teacher, hottest, ALPHA),
        "labels, weight 0.1": quiet_labels,
        "own teacher": DistillationLoss(own_teacher, OWN_TEMPERATURE, ALPHA),
    }


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    *,
    splits: Splits | None = None,
    folder: str | Path | None = None,
    label_counts: Sequence[int] | None = None,
    progress: bool = True,
) -> Record:
    """Train a student for each seed, number of labelled images and arm.

    Parameters
    ----------
    budget : "class" or "paper"
        ``class``: the packaged 8,000 training images, students of 8 epochs. ``paper``: 20 epochs,
        and a teacher of all 50,000 images where ``splits_for`` finds them.
    device : str or torch.device, optional
    seeds : at least two different ints
        Of the teacher, of the student, and of the draw of labelled images.
    splits : Splits, optional
        Other data, for trials.
    folder : path, optional
        As for ``splits_for``.
    label_counts : rising multiples of the number of classes, optional
        Default: ``LABELS[budget]``. Every epoch shows as many images as the largest.

    Returns
    -------
    record : Record
        One row for each seed and number of labelled images: ``accuracy`` (validation) and
        ``test_accuracy`` of the student of each arm, ``teacher_accuracy`` and
        ``own_teacher_accuracy`` (validation), ``steps`` of each student.
    """
    one_of("budget", budget, ("class", "paper"))
    seeds = checked_seeds(seeds)
    splits = splits or splits_for(budget, folder)
    classes = len(splits.train.classes)
    counts = checked_counts(LABELS[budget] if label_counts is None else label_counts, classes)
    device = pick_device(device)
    rows = []
    for seed in seeds:
        teacher = TEACHER.train(splits, seed, budget, device, progress)
        for count in counts:
            known = splits.train.per_class(count // classes, seed=seed)
            own = teacher
            if count < len(splits.train):
                views = repeated(known, counts[-1])
                own = OWN_TEACHER.train(splits, seed, budget, device, progress, train=views)
            teachers = {"teacher": teacher, "own teacher": own}
            measured = _students(known, teachers, splits, seed, budget, device, shown=counts[-1])
            row = {"seed": seed, "labels": count, **measured}
            rows.append(row)
            if progress:
                print(f"seed {seed}, {count:>6,} labels: {row['accuracy']}", flush=True)
    return recorded(
        "distillation_labels", _configuration(splits, budget, counts), rows, seeds, budget, device
    )


def _students(
    known: ImageSet, teachers: dict[str, nn.Module], splits: Splits, seed: int, budget: str,
    device: torch.device, shown: int,
) -> dict[str, object]:  # fmt: skip
    """Train one student for each arm and measure it, and measure both teachers."""
    losses = arms(*(Remembered(teacher, known.images) for teacher in teachers.values()))
    students = {
        name: train_student(STUDENT, known, loss, splits, seed, budget, device, shown=shown)
        for name, loss in losses.items()
    }
    config = STUDENT.config(seed, budget)
    return {
        "steps": config.epochs * -(-shown // config.batch_size),
        "teacher_accuracy": evaluate(teachers["teacher"], splits.validation)[1],
        "own_teacher_accuracy": evaluate(teachers["own teacher"], splits.validation)[1],
        "accuracy": {name: evaluate(net, splits.validation)[1] for name, net in students.items()},
        "test_accuracy": {name: evaluate(net, splits.test)[1] for name, net in students.items()},
    }


def _configuration(splits: Splits, budget: str, counts: list[int]) -> dict[str, object]:
    return {
        **sizes(splits),
        "label_counts": counts,
        "alpha": ALPHA,
        "temperatures": TEMPERATURES,
        "own_temperature": OWN_TEMPERATURE,
        **{
            f"{role}_{name}": value
            for role, recipe in {
                "teacher": TEACHER,
                "own_teacher": OWN_TEACHER,
                "student": STUDENT,
            }.items()
            for name, value in {
                "network": recipe.name,
                "epochs": recipe.config(0, budget).epochs,
                "learning_rate": recipe.learning_rate,
            }.items()
        },
    }
