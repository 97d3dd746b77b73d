"""What to measure on the answers of two networks: pure counting, no training, no device."""

from __future__ import annotations

import torch
from torch import Tensor


def kept_answers(first: Tensor, second: Tensor) -> float:
    """Return the share of images on which two lists of answers agree, in [0, 1].

    With the labels as the one and a network's answers as the other, this is its accuracy.

    Examples
    --------
    >>> kept_answers(torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 1, 2]))
    0.75
    """
    return (first == second).double().mean().item()


def shared_mistakes(teacher: Tensor, student: Tensor, labels: Tensor) -> dict[str, float]:
    """Ask how often a student gives the teacher's wrong answer, and how often it would by chance.

    Chance is a student that errs exactly as much and in the same ways, class by class, but on
    other images: its answers are dealt out anew among the images of a class. The corrected share
    is Cohen's: 0 for no more than chance, 1 for every mistake shared.

    Parameters
    ----------
    teacher, student : int64 Tensor (N,)
        Their answers.
    labels : int64 Tensor (N,)

    Returns
    -------
    shares : dict
        ``wrong`` (of all images, the share that the teacher gets wrong); of these: ``right`` (the
        student is right), ``same`` (it gives the teacher's wrong answer), ``chance`` (expected of
        ``same``) and ``corrected``, ``(same - chance) / (1 - chance)``.

    Raises
    ------
    ValueError
        If the teacher makes no mistake.

    References
    ----------
    Cohen, *A Coefficient of Agreement for Nominal Scales*, Educational and Psychological
    Measurement 20(1), 1960: agreement beyond chance.

    Examples
    --------
    >>> labels = torch.tensor([0, 0, 0, 0])
    >>> teacher = torch.tensor([1, 0, 0, 0])
    >>> shared_mistakes(teacher, torch.tensor([1, 0, 0, 0]), labels)["chance"]
    0.25
    """
    wrong = teacher != labels
    if not wrong.any():
        raise ValueError("teacher must be wrong on at least one image, got none")
    classes = int(torch.cat([teacher, student, labels]).max()) + 1
    counts = torch.bincount(labels * classes + student, minlength=classes**2).double()
    table = counts.reshape(classes, classes)  # row: label, column: the student's answer
    chance = table[labels[wrong], teacher[wrong]] / table.sum(dim=1)[labels[wrong]]
    same = kept_answers(teacher[wrong], student[wrong])
    by_chance = chance.mean().item()
    return {
        "wrong": wrong.double().mean().item(),
        "right": kept_answers(labels[wrong], student[wrong]),
        "same": same,
        "chance": by_chance,
        "corrected": (same - by_chance) / (1 - by_chance),
    }
