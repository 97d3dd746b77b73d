"""A set of labelled images: plain tensors in memory, checked once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from effcv_lab.arguments import whole_number
from effcv_lab.data.image_checks import check_images, check_labels, checked_classes, checked_indices


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images in memory, checked when made so that no later code has to.

    Parameters
    ----------
    images : float32 Tensor (N, C, H, W) in [0, 1], none of the four sizes zero
    labels : int64 Tensor (N,), on the same device
        Class numbers, from 0 to ``len(classes) - 1``.
    classes : tuple of str
        Class names, all different, in the order of the class numbers.
    name, source, licence : str
        What it is called, where it comes from, what may be done with it.

    Raises
    ------
    TypeError
        If something is not a tensor or not a text, or a tensor has another dtype.
    ValueError
        If a shape, a length, a device or a value does not fit.

    Examples
    --------
    >>> pair = ImageSet(
    ...     images=torch.zeros(2, 1, 4, 4),
    ...     labels=torch.tensor([1, 0]),
    ...     classes=("cat", "dog"),
    ...     name="pair",
    ...     source="made up",
    ...     licence="MIT",
    ... )
    >>> pair
    ImageSet('pair': 2 images 1x4x4, 2 classes, on cpu)
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    name: str
    source: str
    licence: str

    def __post_init__(self) -> None:
        for field in ("name", "source", "licence"):
            if not isinstance(getattr(self, field), str):
                raise TypeError(f"{field} must be a text, got {getattr(self, field)!r}")
        object.__setattr__(self, "classes", checked_classes(self.classes))
        check_images(self.images)
        check_labels(self.labels, self.images, self.classes)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        size = "x".join(str(side) for side in self.images.shape[1:])
        return (
            f"ImageSet({self.name!r}: {len(self)} images {size}, "
            f"{len(self.classes)} classes, on {self.images.device})"
        )

    def to(self, device: str | torch.device) -> ImageSet:
        """Return the same set with its tensors on ``device``."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def subset(self, indices: Sequence[int] | Tensor) -> ImageSet:
        """Return a copy of the images at ``indices``, in that order; repeats are allowed.

        Parameters
        ----------
        indices : whole numbers in [0, N), at least one; or a bool Tensor (N,), True = keep

        Raises
        ------
        TypeError
            If they are not whole numbers.
        ValueError
            If there is none, or one is outside the set (negative ones too).

        Examples
        --------
        >>> from effcv_lab.data import digits
        >>> digits().train.subset([5, 3]).labels.shape
        torch.Size([2])
        """
        chosen = checked_indices(indices, len(self)).to(self.labels.device)
        return replace(self, images=self.images[chosen], labels=self.labels[chosen])

    def per_class(self, count: int, seed: int = 0) -> ImageSet:
        """Draw ``count`` images of each class at random, without repeats, in mixed order.

        With the same seed a smaller draw is part of a larger one, so that a curve over
        ``count`` adds images and never swaps them.

        Raises
        ------
        TypeError
            If ``count`` or ``seed`` is not a whole number.
        ValueError
            If ``count`` is below 1, or a class has fewer images.

        Examples
        --------
        >>> from effcv_lab.data import digits
        >>> len(digits().train.per_class(5))
        50
        """
        whole_number("count", count, 1)
        labels = self.labels.cpu()
        order = _shuffled(len(self), seed)
        ranked = labels[order]
        keep = torch.zeros(len(self), dtype=torch.bool)
        for number, title in enumerate(self.classes):
            places = (ranked == number).nonzero().flatten()
            if len(places) < count:
                raise ValueError(
                    f"count must be at most the images of each class, got {count}, "
                    f"but {title!r} has {len(places)}"
                )
            keep[places[:count]] = True
        return self.subset(order[keep])

    def batches(self, batch_size: int, seed: int | None = None) -> Batches:
        """Cut the set into batches: every image once, the last batch may be short.

        Parameters
        ----------
        batch_size : int >= 1
        seed : int >= 0, or None
            Shuffles the order, the same on every device; None keeps the order of the set.

        Returns
        -------
        batches : Batches
            Iterate for pairs (images (B, C, H, W), labels (B,)); ``len`` counts the pairs.
            Iterating again gives the same batches. Not to be written to: in the order of
            the set they share its memory.

        Raises
        ------
        TypeError, ValueError
            If ``batch_size`` or ``seed`` is not such a number.

        Examples
        --------
        >>> from effcv_lab.data import digits
        >>> [len(labels) for images, labels in digits().test.batches(150, seed=0)]
        [150, 150, 60]
        """
        whole_number("batch_size", batch_size, 1)
        order = None if seed is None else _shuffled(len(self), seed).to(self.labels.device)
        return Batches(self, batch_size, order)


@dataclass(frozen=True, eq=False)
class Batches:
    """One pass over an :class:`ImageSet` in pieces; made by :meth:`ImageSet.batches`."""

    image_set: ImageSet
    batch_size: int
    order: Tensor | None  # int64 (N,), or None: as they lie

    def __len__(self) -> int:
        return -(-len(self.image_set) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        images, labels = self.image_set.images, self.image_set.labels
        for start in range(0, len(labels), self.batch_size):
            piece = slice(start, start + self.batch_size)
            if self.order is not None:
                piece = self.order[piece]
            yield images[piece], labels[piece]


def _shuffled(count: int, seed: int) -> Tensor:
    # Drawn on the CPU whatever the device: each kind of device has its own random stream.
    generator = torch.Generator("cpu").manual_seed(whole_number("seed", seed, 0, 2**63 - 1))
    return torch.randperm(count, generator=generator, device="cpu")
