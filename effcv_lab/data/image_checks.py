"""What makes a set of labelled images sound, each part checked with a message that says what is not.

Used by :class:`effcv_lab.data.image_set.ImageSet`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def checked_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the class names as a tuple if they are texts, at least one, all different.

    Examples
    --------
    >>> checked_classes(["cat", "cat"])
    Traceback (most recent call last):
        ...
    ValueError: classes must be at least one name, all different, got ['cat', 'cat']
    """
    if not isinstance(classes, tuple | list) or not all(isinstance(name, str) for name in classes):
        raise TypeError(f"classes must be a tuple of texts, got {classes!r}")
    if not classes or len(set(classes)) < len(classes):
        raise ValueError(f"classes must be at least one name, all different, got {classes!r}")
    return tuple(classes)


def check_images(images: Tensor) -> None:
    """Make sure that the images are float32 (N, C, H, W) in [0, 1], nothing empty.

    Examples
    --------
    >>> check_images(torch.full((1, 1, 2, 2), 255.0))
    Traceback (most recent call last):
        ...
    ValueError: images must be in [0, 1], got values from 255 to 255
    """
    if not isinstance(images, Tensor) or images.dtype != torch.float32:
        raise TypeError(f"images must be a float32 Tensor, got {_kind(images)}")
    if images.dim() != 4 or 0 in images.shape:
        raise ValueError(
            f"images must have shape (N, C, H, W), none of them zero, got {tuple(images.shape)}"
        )
    low, high = (bound.item() for bound in images.detach().aminmax())
    if not (low >= 0 and high <= 1):  # written so that NaN fails too
        raise ValueError(f"images must be in [0, 1], got values from {low:g} to {high:g}")


def check_labels(labels: Tensor, images: Tensor, classes: tuple[str, ...]) -> None:
    """Make sure that every image has one class number, int64, on the device of the images.

    Examples
    --------
    >>> check_labels(torch.tensor([2]), torch.zeros(1, 1, 2, 2), ("cat", "dog"))
    Traceback (most recent call last):
        ...
    ValueError: labels must be in [0, 1], a number for each class name, got values from 2 to 2
    """
    if not isinstance(labels, Tensor) or labels.dtype != torch.int64:
        raise TypeError(f"labels must be an int64 Tensor, got {_kind(labels)}")
    if labels.shape != images.shape[:1]:
        raise ValueError(
            f"labels must have shape ({len(images)},), one for each image, "
            f"got {tuple(labels.shape)}"
        )
    if labels.device != images.device:
        raise ValueError(
            f"labels must be on the device of the images, {images.device}, got {labels.device}"
        )
    low, high = (bound.item() for bound in labels.aminmax())
    if low < 0 or high >= len(classes):
        raise ValueError(
            f"labels must be in [0, {len(classes) - 1}], a number for each class name, "
            f"got values from {low} to {high}"
        )


def checked_indices(indices: Sequence[int] | Tensor, count: int) -> Tensor:
    """Return places in a set of ``count`` images as int64 on the CPU, if all are in it.

    Examples
    --------
    >>> checked_indices([0, -1], count=10)
    Traceback (most recent call last):
        ...
    ValueError: indices must be in [0, 9], got values from -1 to 0
    """
    try:
        chosen = torch.as_tensor(indices, device="cpu")
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(f"indices must be whole numbers, got {indices!r}") from None
    if chosen.dtype == torch.bool:
        if chosen.shape != (count,):
            raise ValueError(
                f"indices, as a mask, must have shape ({count},), got {tuple(chosen.shape)}"
            )
        chosen = chosen.nonzero().flatten()
    if chosen.dim() != 1 or len(chosen) == 0:
        raise ValueError(
            f"indices must be a list of at least one whole number, got shape {tuple(chosen.shape)}"
        )
    if chosen.is_floating_point() or chosen.is_complex():
        raise TypeError(f"indices must be whole numbers, got {chosen.dtype}")
    low, high = (bound.item() for bound in chosen.aminmax())
    if low < 0 or high >= count:
        raise ValueError(f"indices must be in [0, {count - 1}], got values from {low} to {high}")
    return chosen.long()


def _kind(value: object) -> str:
    return str(value.dtype) if isinstance(value, Tensor) else type(value).__name__
