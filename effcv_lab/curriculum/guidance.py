"""Guidance levels: examples between what is typical of a class and the real, hard image."""

from __future__ import annotations

import torch
from torch import Tensor

from effcv_lab.arguments import number_in
from effcv_lab.data import ImageSet


def prototypes(image_set: ImageSet) -> Tensor:
    """Return the mean image of each class: what is typical of it, and nothing else.

    Parameters
    ----------
    image_set : ImageSet, with at least one image of each class

    Returns
    -------
    means : float Tensor (K, C, H, W), on the set's device.

    Raises
    ------
    ValueError
        If a class has no image.

    Examples
    --------
    >>> from effcv_lab.shapes import basic_shapes
    >>> prototypes(basic_shapes(6)).shape
    torch.Size([3, 1, 32, 32])
    """
    counts = torch.bincount(image_set.labels, minlength=len(image_set.classes))
    if (counts == 0).any():
        missing = [image_set.classes[k] for k in (counts == 0).nonzero()[:, 0].tolist()]
        raise ValueError(f"image_set must have an image of each class, it has none of {missing}")
    sums = torch.zeros(len(counts), *image_set.images.shape[1:], device=image_set.images.device)
    sums.index_add_(0, image_set.labels, image_set.images)
    return sums / counts[:, None, None, None]


def guided(images: Tensor, labels: Tensor, means: Tensor, level: float) -> Tensor:
    """Blend each image with the prototype of its class: a stand-in for a guided generator.

    Diffusion curricula make synthetic images at several strengths of image guidance, from an
    easy, typical one to one close to the real image. Here ``level`` is the share of the image:
    0 gives the prototype, 1 the image itself.

    Parameters
    ----------
    images : float Tensor (B, C, H, W)
    labels : int64 Tensor (B,)
    means : float Tensor (K, C, H, W)
        As :func:`prototypes` makes them.
    level : float in [0, 1]

    Returns
    -------
    blended : Tensor (B, C, H, W)

    Raises
    ------
    ValueError
        If ``level`` is outside [0, 1].

    References
    ----------
    Liang et al., *Diffusion Curriculum*, arXiv 2410.13674 (the idea of a spectrum of guidance;
    blending with a mean is this kit's stand-in, not their generator).

    Examples
    --------
    >>> images, means = torch.ones(1, 1, 2, 2), torch.zeros(3, 1, 2, 2)
    >>> guided(images, torch.tensor([2]), means, level=0.25).unique()
    tensor([0.2500])
    """
    level = number_in("level", level, 0, 1)
    return level * images + (1 - level) * means[labels]
