"""Six classes of shapes, few of which have many images: a long tail, and what fills it up.

Square, circle, triangle, and the squeezed form of each: the label is a fact of the generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from effcv_lab.arguments import whole_number
from effcv_lab.curriculum import guided_scenes
from effcv_lab.data import ImageSet
from effcv_lab.evaluation import predict_logits
from effcv_lab.shapes import Scenes, render, sample_scenes

CLASSES = ("square", "circle", "triangle", "rectangle", "ellipse", "narrow triangle")
SIZE = 24  # pixels
DIALS = {
    "position": (0, 1), "scale": (0.4, 0.8), "rotation": (-180, 180), "contrast": (0.5, 1),
    "noise": 0, "clutter": 0,
}  # fmt: skip
NARROW = (0.4, 0.7)  # the aspect of what is squeezed; the others have 1
ORDER = (0, 4, 2, 3, 1, 5)  # a class and its squeezed form always stand three ranks apart
GROUPS = {"many": (0, 1), "medium": (2, 3), "few": (4, 5), "all": (0, 1, 2, 3, 4, 5)}  # of ranks
VALIDATION, TEST = 100, 500  # images of each class


class LongTail(NamedTuple):
    """A training set with a long tail; rank 0 is the class with the most images."""

    seed: int
    ranked: tuple[int, ...]  # the class of each rank
    scenes: tuple[Scenes, ...]  # what the real pictures of each rank show
    real: ImageSet  # these pictures, rank by rank


def tail_counts(most: int, least: int) -> list[int]:
    """Return how many images each rank has: they fall by the same factor from rank to rank.

    Examples
    --------
    >>> tail_counts(500, 5)
    [500, 199, 79, 32, 13, 5]
    """
    whole_number("most", most, 1)
    whole_number("least", least, 1, most)
    ranks = len(CLASSES)
    return [round(most * (least / most) ** (rank / (ranks - 1))) for rank in range(ranks)]


def draw_scenes(number: int, count: int, seed: int) -> Scenes:
    """Draw what real pictures of one class show."""
    aspect = NARROW if number >= 3 else 1
    return sample_scenes(count, seed=seed, label=number % 3, aspect=aspect, **DIALS)


def class_of(scenes: Scenes) -> np.ndarray:
    """Read the class numbers (N,) off the scenes: the shape, and whether it is squeezed."""
    return scenes.labels + 3 * (scenes.aspect < 1)


def pictures(parts: Sequence[Scenes], name: str) -> ImageSet:
    """Draw scenes, one part after the other, as an image set of the six classes."""
    return ImageSet(
        images=torch.from_numpy(np.concatenate([render(part, SIZE) for part in parts])),
        labels=torch.from_numpy(np.concatenate([class_of(part) for part in parts])),
        classes=CLASSES,
        name=name,
        source="drawn by effcv_lab.experiments.long_tail_task",
        licence="MIT",
    )


def long_tail(seed: int = 0, most: int = 500, least: int = 5) -> LongTail:
    """Draw a training set in which each class has fewer images than the one before.

    Every seed draws other images, and moves each class by one rank: six seeds see every class once
    at every rank, so that "few" is not the name of one hard class.

    Parameters
    ----------
    seed : int >= 0
    most, least : int, 1 <= least <= most
        Images of the first and of the last rank; see :func:`tail_counts`.

    Returns
    -------
    tail : LongTail

    Examples
    --------
    >>> tail = long_tail(seed=0)
    >>> [tail.real.classes[number] for number in tail.ranked]
    ['square', 'ellipse', 'triangle', 'rectangle', 'circle', 'narrow triangle']
    >>> len(tail.real), len(tail.scenes[-1])
    (828, 5)
    """
    whole_number("seed", seed, 0)
    ranked = tuple(ORDER[(rank + seed) % len(ORDER)] for rank in range(len(ORDER)))
    scenes = tuple(
        draw_scenes(number, count, mixed_seed(seed, number, 1))
        for number, count in zip(ranked, tail_counts(most, least), strict=True)
    )
    return LongTail(seed, ranked, scenes, pictures(scenes, "long tail"))


def balanced(per_class: int, seed: int) -> ImageSet:
    """Draw equally many real pictures of each class, to judge by.

    Examples
    --------
    >>> balanced(2, seed=0).labels.tolist()
    [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    """
    parts = [draw_scenes(k, per_class, mixed_seed(seed, k, 2)) for k in range(len(CLASSES))]
    return pictures(parts, "balanced shapes")


def judges() -> tuple[ImageSet, ImageSet]:
    """Return the validation and the test set; no training set shares a picture with them."""
    return balanced(VALIDATION, seed=0), balanced(TEST, seed=1)


def synthetic(tail: LongTail, level: float, draw: int = 0) -> ImageSet:
    """Make as many guided pictures as each class lacks, from its real ones in turn.

    Parameters
    ----------
    tail : LongTail
    level : float in [0, 1]
        As for :func:`effcv_lab.curriculum.guided_scenes`; at 1 they are copies of the real ones.
    draw : int >= 0
        Other typical values, hence other pictures, wherever the level is below 1.

    Examples
    --------
    >>> len(synthetic(long_tail(), level=0.5))  # 6 classes of 500, less 828 real images
    2172
    """
    most = len(tail.scenes[0])
    parts = [
        guided_scenes(
            real[np.arange(most - len(real)) % len(real)],
            level,
            mixed_seed(tail.seed, rank, 3, draw),
        )
        for rank, real in enumerate(tail.scenes)
        if len(real) < most
    ]
    return pictures(parts, f"guidance {level:g}")


def filled_up(tail: LongTail, level: float, draw: int = 0) -> ImageSet:
    """Return the real images and, up to equal counts, synthetic ones of a level.

    At level 1 this is plain re-sampling: real images are repeated until all classes are as large.

    Examples
    --------
    >>> filled_up(long_tail(), level=1).labels.bincount()
    tensor([500, 500, 500, 500, 500, 500])
    """
    made = synthetic(tail, level, draw)
    return ImageSet(
        images=torch.cat([tail.real.images, made.images]),
        labels=torch.cat([tail.real.labels, made.labels]),
        classes=CLASSES,
        name=f"real images and {made.name}",
        source=made.source,
        licence=made.licence,
    )


def group_accuracy(model: nn.Module, image_set: ImageSet, ranked: Sequence[int]) -> dict:
    """Return the accuracy in [0, 1] of the classes with many, medium and few images, and of all.

    Parameters
    ----------
    model : Module
    image_set : ImageSet, with images of each class
    ranked : the class of each rank, as in :class:`LongTail`
    """
    right = predict_logits(model, image_set.images).argmax(dim=1) == image_set.labels.cpu()
    labels = image_set.labels.cpu()
    of_rank = [right[labels == number].double().mean().item() for number in ranked]
    return {
        group: float(np.mean([of_rank[rank] for rank in ranks])) for group, ranks in GROUPS.items()
    }


def mixed_seed(*numbers: int) -> int:
    """Make one seed of several numbers, another for each choice of them."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
