"""Any student from any teacher: an MLP from a conv net, a conv net from an MLP or an ensemble.

Soft targets are probabilities of classes, and nothing in them says what kind of net they come
from. Each student learns from each teacher, and from labels alone, in the same number of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from effcv_lab.arguments import one_of
from effcv_lab.data import ImageSet, Splits
from effcv_lab.distillation import DistillationLoss
from effcv_lab.experiments.distillation_labels import STUDENT, TEACHER
from effcv_lab.experiments.recipes import Recipe, checked_seeds, recorded, sizes, splits_for
from effcv_lab.experiments.students import Remembered, checked_counts, train_student
from effcv_lab.models import Ensemble, count_macs, count_parameters, mlp, small_cnn
from effcv_lab.records import Record
from effcv_lab.training import cross_entropy, evaluate, pick_device

TEMPERATURE, ALPHA = 2.0, 0.9
MEMBERS = 3  # of an ensemble
LABELS = {"class": (500, 8000), "paper": (500, 10_000)}
ALONE = "none (labels)"  # the teacher of a student that has none

MLP_TEACHER = Recipe("mlp((400,))", lambda: mlp((400,)), class_epochs=10, paper_epochs=20)
THIN_CNN = Recipe("small_cnn((4, 8, 16))", lambda: small_cnn((4, 8, 16)), 8, 20)
STUDENTS = {"MLP": STUDENT, "thin CNN": THIN_CNN}


def teachers_for(
    seed: int,
    splits: Splits,
    budget: str = "class",
    device: object = None,
    progress: bool = True,
) -> dict[str, nn.Module]:
    """Train the three kinds of teacher on all training images, or take them from the cache.

    Parameters
    ----------
    seed : int
        Of the MLP and the conv net. The ensemble holds the conv nets of this seed and the next
        two: ensembles of neighbouring seeds share members.
    splits, budget, device, progress
        As for ``Recipe.train``.

    Returns
    -------
    teachers : dict from name to Module
    """
    members = [
        TEACHER.train(splits, seed + step, budget, device, progress) for step in range(MEMBERS)
    ]
    return {
        "MLP": MLP_TEACHER.train(splits, seed, budget, device, progress),
        "CNN": members[0],
        f"{MEMBERS} CNNs": Ensemble(members).eval(),
    }


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] = (0, 1, 2),
    *,
    splits: Splits | None = None,
    folder: str | Path | None = None,
    label_counts: Sequence[int] | None = None,
    progress: bool = True,
) -> Record:
    """Train each student from each teacher, and alone, for each seed and number of labels.

    Parameters
    ----------
    budget : "class" or "paper"
        As for ``distillation_labels``, whose teacher and MLP student these are.
    device : str or torch.device, optional
    seeds : at least two different ints
        Of teachers and students, and of the draw of labelled images.
    splits : Splits, optional
        Other data, for trials.
    folder : path, optional
        As for ``splits_for``.
    label_counts : rising multiples of the number of classes, optional
        Default: ``LABELS[budget]``. Every epoch shows as many images as the largest.

    Returns
    -------
    record : Record
        One row for each seed, student, number of labelled images and teacher (``ALONE``: no
        teacher): ``accuracy`` and ``teacher_accuracy`` (validation; None without a teacher),
        ``test_accuracy``. The costs of the nets are in ``config``.
    """
    one_of("budget", budget, ("class", "paper"))
    seeds = checked_seeds(seeds)
    splits = splits or splits_for(budget, folder)
    classes = len(splits.train.classes)
    counts = checked_counts(LABELS[budget] if label_counts is None else label_counts, classes)
    device = pick_device(device)
    rows = []
    for seed in seeds:
        teachers = teachers_for(seed, splits, budget, device, progress)
        levels = {name: evaluate(net, splits.validation)[1] for name, net in teachers.items()}
        for name in STUDENTS:
            for count in counts:
                known = splits.train.per_class(count // classes, seed=seed)
                students = _students(
                    name, known, teachers, splits, seed, budget, device, shown=counts[-1]
                )
                for of, student in students.items():
                    row = {
                        "seed": seed,
                        "student": name,
                        "labels": count,
                        "teacher": of,
                        "accuracy": evaluate(student, splits.validation)[1],
                        "teacher_accuracy": levels.get(of),
                        "test_accuracy": evaluate(student, splits.test)[1],
                    }
                    rows.append(row)
                if progress:
                    print(f"seed {seed}, {name}, {count:,} labels: done", flush=True)
    return recorded(
        "any_teacher", _configuration(splits, budget, counts), rows, seeds, budget, device
    )


def _students(
    name: str, known: ImageSet, teachers: dict[str, nn.Module], splits: Splits, seed: int,
    budget: str, device: torch.device, shown: int,
) -> dict[str, nn.Module]:  # fmt: skip
    """Train the student of this name alone and from each teacher, all on the same images."""
    losses = {ALONE: cross_entropy}
    for of, teacher in teachers.items():
        remembered = Remembered(teacher, known.images)
        losses[of] = DistillationLoss(remembered, TEMPERATURE, ALPHA)
    return {
        of: train_student(STUDENTS[name], known, loss, splits, seed, budget, device, shown=shown)
        for of, loss in losses.items()
    }


def _configuration(splits: Splits, budget: str, counts: list[int]) -> dict[str, object]:
    nets = {"CNN teacher": TEACHER, "MLP teacher": MLP_TEACHER}
    nets |= {f"{name} student": recipe for name, recipe in STUDENTS.items()}
    in_shape = tuple(splits.train.images.shape[1:])
    return {
        **sizes(splits),
        "label_counts": counts,
        "temperature": TEMPERATURE,
        "alpha": ALPHA,
        "ensemble_members": MEMBERS,
        "nets": {
            role: {
                "network": recipe.name,
                "epochs": recipe.config(0, budget).epochs,
                "learning_rate": recipe.learning_rate,
                "parameters": count_parameters(recipe.build()),
                "macs": count_macs(recipe.build(), in_shape),
            }
            for role, recipe in nets.items()
        },
    }
