"""How the students of the distillation experiments learn: from whom, from what, for how long.

Whatever they learn from, students that are compared have the same first weights and take the same
number of steps. A teacher is asked about each image once, however long they learn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from effcv_lab.arguments import whole_number
from effcv_lab.data import ImageSet, Splits
from effcv_lab.experiments.recipes import Recipe
from effcv_lab.training import BatchLoss, fit, predict_logits, seed_everything


class Remembered(nn.Module):
    """A teacher asked once about each of its images; from then on it looks its answers up.

    It stands for the teacher in any loss, on any device, and answers about these very images only:
    it knows them by their bytes.

    Parameters
    ----------
    teacher : Module from images ``(B, C, H, W)`` to logits ``(B, K)``
    images : Tensor (N, C, H, W)

    Raises
    ------
    KeyError
        When asked about another image.

    Examples
    --------
    >>> from effcv_lab.data import digits
    >>> from effcv_lab.distillation import DistillationLoss
    >>> from effcv_lab.models import mlp
    >>> few = digits().train.per_class(2)
    >>> student, teacher = mlp((5,), (1, 8, 8)), mlp((9,), (1, 8, 8))
    >>> living = DistillationLoss(teacher, temperature=4.0, alpha=0.9)
    >>> loss = DistillationLoss(Remembered(teacher, few.images), temperature=4.0, alpha=0.9)
    >>> batch = few.images[:5], few.labels[:5]
    >>> torch.allclose(loss(student, *batch), living(student, *batch))
    True
    """

    def __init__(self, teacher: nn.Module, images: Tensor) -> None:
        super().__init__()
        self.logits = predict_logits(teacher, images)
        self.places = {key: place for place, key in enumerate(_keys(images))}

    def forward(self, images: Tensor) -> Tensor:
        """Look the logits of images ``(B, C, H, W)`` up; they come where the images are."""
        places = [self.places.get(key) for key in _keys(images)]
        if None in places:
            raise KeyError(
                f"images must be among the {len(self.logits):,} that the teacher was asked about, "
                f"bit for bit; {places.count(None):,} of these {len(images):,} are not"
            )
        return self.logits[places].to(images.device)


def _keys(images: Tensor) -> list[int]:
    """Return 64 bits for each image, which stand for its bytes and are compared faster."""
    return [hash(image.tobytes()) for image in images.detach().cpu().numpy()]


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
    >>> two = digits().train.subset([7, 5])
    >>> torch.equal(repeated(two, 5).labels, two.labels[[0, 1, 0, 1, 0]])
    True
    """
    whole_number("count", count, len(image_set))
    return image_set.subset(torch.arange(count) % len(image_set))


def train_student(
    recipe: Recipe,
    known: ImageSet,
    batch_loss: BatchLoss,
    splits: Splits,
    seed: int,
    budget: str = "class",
    device: object = None,
    *,
    shown: int | None = None,
    after_step: Callable[[nn.Module], None] | None = None,
) -> nn.Module:
    """Train one student on ``known`` alone; whatever the loss, it begins and goes on alike.

    Parameters
    ----------
    recipe : Recipe
        Of the student.
    known : ImageSet
        All that the student learns from.
    batch_loss : function ``(model, images, labels) -> scalar``
        As for :func:`effcv_lab.training.fit`. A teacher in it may be :class:`Remembered`.
    splits : Splits
        Its validation images watch the training; nothing is learnt from them.
    seed : int
        Of the first weights and of the order of the batches.
    budget, device
        As for :meth:`Recipe.train`.
    shown : int, optional
        Images in an epoch, at least those of ``known``, which are :func:`repeated`. Default: each
        once.
    after_step : function ``(model) -> None``, optional
        As for :func:`effcv_lab.training.fit`.

    Returns
    -------
    student : Module, in eval mode.
    """
    seed_everything(seed)
    student = recipe.build()
    fit(
        student, known if shown is None else repeated(known, shown), splits.validation,
        recipe.config(seed, budget), batch_loss=batch_loss, after_step=after_step, device=device,
        progress=False,
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
