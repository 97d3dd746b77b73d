"""Ask a teacher about each image once, however long a student then learns from its answers.

A ``batch_loss`` gets images and labels, and not which images they are. So the labels of a
:func:`numbered` set *are* the numbers of its images, and :class:`AskedOnce` looks up the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.arguments import whole_number
from effcv_lab.data import ImageSet, Splits
from effcv_lab.distillation import kd_loss
from effcv_lab.experiments.recipes import Recipe
from effcv_lab.training import fit, predict_logits, seed_everything

LogitLoss = Callable[[Tensor, Tensor, Tensor], Tensor]  # of student, teacher (B, K), labels (B,)


def numbered(image_set: ImageSet) -> ImageSet:
    """Return the same images, each with its place in the set as its label.

    Examples
    --------
    >>> from effcv_lab.data import digits
    >>> numbered(digits().train.subset([7, 5])).labels
    tensor([0, 1])
    """
    places = torch.arange(len(image_set), device=image_set.labels.device)
    names = tuple(str(place) for place in places.tolist())
    return replace(image_set, labels=places, classes=names)


def repeated(image_set: ImageSet, count: int) -> ImageSet:
    """Return ``count`` images: all of the set, again and again, so that epochs are equally long.

    With few labels a pass over the data is short. To give every student the same number of steps,
    whatever it learns from, show it the few images more often.

    Raises
    ------
    ValueError
        If ``count`` is smaller than the set, which would leave images out.

    Examples
    --------
    >>> from effcv_lab.data import digits
    >>> repeated(numbered(digits().train.subset([7, 5])), 5).labels
    tensor([0, 1, 0, 1, 0])
    """
    whole_number("count", count, len(image_set))
    return image_set.subset(torch.arange(count) % len(image_set))


@dataclass(frozen=True, eq=False)
class AskedOnce:
    """A ``batch_loss`` over a :func:`numbered` set, with the teacher's answers beside it.

    Parameters
    ----------
    teacher_logits : float Tensor (N, K)
        One row for each image of the set.
    labels : int64 Tensor (N,)
        What the images really are.
    loss : function ``(student_logits, teacher_logits, labels) -> scalar``

    Examples
    --------
    >>> from effcv_lab.data import digits
    >>> from effcv_lab.distillation import DistillationLoss
    >>> from effcv_lab.models import mlp
    >>> few = digits().train.per_class(2)
    >>> student, teacher = mlp((5,), (1, 8, 8)), mlp((9,), (1, 8, 8))
    >>> loss = AskedOnce.about(few, teacher, distil(temperature=4.0, alpha=0.9))
    >>> usual = DistillationLoss(teacher, temperature=4.0, alpha=0.9)
    >>> pair = loss(student, few.images, numbered(few).labels), usual(student, few.images, few.labels)
    >>> torch.allclose(*pair)
    True
    """

    teacher_logits: Tensor
    labels: Tensor
    loss: LogitLoss

    @classmethod
    def about(cls, image_set: ImageSet, teacher: nn.Module, loss: LogitLoss) -> AskedOnce:
        """Ask ``teacher`` about every image of a set with its real labels."""
        logits = predict_logits(teacher, image_set.images)
        return cls(logits.to(image_set.labels.device), image_set.labels, loss)

    def __call__(self, student: nn.Module, images: Tensor, places: Tensor) -> Tensor:
        """Return the loss of one batch whose labels are places in the set."""
        at = places.to(self.labels.device)
        teacher_logits = self.teacher_logits[at].to(images.device)
        return self.loss(student(images), teacher_logits, self.labels[at].to(images.device))


def distil(temperature: float, alpha: float) -> LogitLoss:
    """Return :func:`effcv_lab.distillation.kd_loss` with its two numbers filled in."""

    def loss(student_logits: Tensor, teacher_logits: Tensor, labels: Tensor) -> Tensor:
        return kd_loss(student_logits, teacher_logits, labels, temperature, alpha)

    return loss


def labels_only(student_logits: Tensor, teacher_logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross-entropy with the labels; the teacher is not listened to."""
    return F.cross_entropy(student_logits, labels)


def train_student(
    recipe: Recipe,
    known: ImageSet,
    teacher: nn.Module,
    loss: LogitLoss,
    splits: Splits,
    seed: int,
    budget: str = "class",
    device: object = None,
    *,
    shown: int | None = None,
) -> nn.Module:
    """Train one student on ``known`` alone, beside the teacher's answers about it.

    Parameters
    ----------
    recipe : Recipe
        Of the student.
    known : ImageSet
        All that the student learns from.
    teacher : Module
        Asked once about each image of ``known``.
    loss : function ``(student_logits, teacher_logits, labels) -> scalar``
    splits : Splits
        Its validation images watch the training; nothing is learnt from them.
    seed : int
        Of the first weights and of the order of the batches.
    budget, device
        As for :meth:`Recipe.train`.
    shown : int, optional
        Images in an epoch, at least those of ``known``, which are :func:`repeated`. Default: each
        once.

    Returns
    -------
    student : Module, in eval mode.
    """
    views = numbered(known)
    views = views if shown is None else repeated(views, shown)
    seed_everything(seed)
    student = recipe.build()
    fit(
        student, views, splits.validation, recipe.config(seed, budget),
        batch_loss=AskedOnce.about(known, teacher, loss), device=device, progress=False,
    )  # fmt: skip
    return student


def checked_counts(label_counts: Sequence[int], classes: int) -> list[int]:
    """Return numbers of labelled images as a list, of which each class has an equal share.

    Raises
    ------
    ValueError
        If they do not rise, or one is no multiple of ``classes``.

    Examples
    --------
    >>> checked_counts([20, 25], classes=10)
    Traceback (most recent call last):
        ...
    ValueError: label_counts must be rising multiples of 10, got [20, 25]
    """
    counts = [whole_number("label_counts", count, classes) for count in label_counts]
    rising = all(a < b for a, b in pairwise(counts))
    if not counts or not rising or any(count % classes for count in counts):
        raise ValueError(f"label_counts must be rising multiples of {classes}, got {counts}")
    return counts
