"""What a teacher is worth to a small student, from few labels to many.

The arms differ in the loss alone: labels only, distillation at several temperatures, and controls
that say where a gain comes from. All students take the same number of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.arguments import number_in, one_of
from effcv_lab.data import ImageSet, Splits
from effcv_lab.distillation import kd_terms
from effcv_lab.experiments.asked_once import (
    LogitLoss,
    checked_counts,
    distil,
    labels_only,
    repeated,
    train_student,
)
from effcv_lab.experiments.recipes import Recipe, checked_seeds, rounded, splits_for
from effcv_lab.models import mlp, small_cnn
from effcv_lab.records import Record, describe_machine
from effcv_lab.training import evaluate, pick_device

ALPHA = 0.9
TEMPERATURES = (1.0, 4.0, 20.0)
OWN_TEMPERATURE = 1.0  # of the student whose teacher knows no more labels than it does
LABELS = {"class": (200, 500, 1000, 2000, 8000), "paper": (200, 500, 1000, 2000, 5000, 10_000)}

TEACHER = Recipe("small_cnn", small_cnn, class_epochs=10, paper_epochs=10, learning_rate=0.2)
OWN_TEACHER = Recipe("small_cnn", small_cnn, class_epochs=4, paper_epochs=10, learning_rate=0.2)
# 0.05: of 0.01, 0.02, 0.05, 0.1 the best on validation, or near it, for labels and T = 1, 4, 20
STUDENT = Recipe("mlp((30,))", lambda: mlp((30,)), 8, 20, learning_rate=0.05)


def distil_without_t2(temperature: float, alpha: float) -> LogitLoss:
    """Return the distillation loss with its factor T² forgotten.

    ``(1 - alpha) * CE + alpha * KL(p_T || q_T)``: the teacher's gradient is T² times too small.
    Wrong on purpose, to see what that costs.

    Examples
    --------
    >>> student, teacher = torch.zeros(1, 2), torch.tensor([[0.0, 4.0]])
    >>> right, wrong = distil(4.0, alpha=1.0), distil_without_t2(4.0, alpha=1.0)
    >>> labels = torch.tensor([1])
    >>> round((right(student, teacher, labels) / wrong(student, teacher, labels)).item(), 3)
    16.0
    """
    alpha = number_in("alpha", alpha, 0, 1)

    def loss(student_logits: Tensor, teacher_logits: Tensor, labels: Tensor) -> Tensor:
        hard, soft = kd_terms(student_logits, teacher_logits, labels, temperature)
        return (1 - alpha) * hard + alpha * soft / temperature**2

    return loss


def quiet_labels(student_logits: Tensor, teacher_logits: Tensor, labels: Tensor) -> Tensor:
    """Return ``(1 - ALPHA) * CE``: what is left of the distillation loss if the teacher is mute."""
    return (1 - ALPHA) * F.cross_entropy(student_logits, labels)


def arms() -> dict[str, LogitLoss]:
    """Return the loss of each arm, by its name in the record; the own teacher's arm comes last."""
    return {
        "labels": labels_only,
        **{f"T={T:g}": distil(T, ALPHA) for T in TEMPERATURES},
        f"T={TEMPERATURES[-1]:g}, no T²": distil_without_t2(TEMPERATURES[-1], ALPHA),
        "labels, weight 0.1": quiet_labels,
        "own teacher": distil(OWN_TEMPERATURE, ALPHA),
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
            rows.append(rounded(row))
            if progress:
                print(f"seed {seed}, {count:>6,} labels: {row['accuracy']}", flush=True)
    return Record(
        name="distillation_labels",
        command=f"effcv reproduce distillation_labels --budget {budget} --seeds {len(seeds)}",
        config=_configuration(splits, budget, counts),
        seeds=seeds,
        rows=rows,
        device=device.type,
        budget=budget,
        **describe_machine(),
    )


def _students(
    known: ImageSet, teachers: dict[str, nn.Module], splits: Splits, seed: int, budget: str,
    device: torch.device, shown: int,
) -> dict[str, object]:  # fmt: skip
    """Train one student for each arm and measure it, and measure both teachers."""
    students = {
        name: train_student(
            STUDENT, known, teachers.get(name, teachers["teacher"]), loss, splits, seed, budget,
            device, shown=shown,
        )
        for name, loss in arms().items()
    }  # fmt: skip
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
        "data": splits.train.name,
        **{f"{part}_images": len(images) for part, images in splits._asdict().items()},
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
