"""What makes a shape easy, by a rule that needs no network: how far it is from being squeezed."""

from __future__ import annotations

import torch
from torch import Tensor

from effcv_lab.tensor_arguments import finite_floats


def elongation(images: Tensor) -> Tensor:
    """Measure how far the shape in each picture is drawn out: 0 = not at all, towards 1 = a line.

    What differs from the ground is taken as mass. Its spread along its longest and its shortest
    direction (the roots of the eigenvalues of its covariance) are compared: 1 - short / long.
    Squares, circles and equilateral triangles spread alike in all directions, however they are
    turned, so these easy shapes have 0; squeezed 2 : 1 they have 0.5.

    Parameters
    ----------
    images : float Tensor (B, 1, H, W)
        One shape on a plain ground; the upper left pixel belongs to the ground. Dark shapes and
        bright ones count alike.

    Returns
    -------
    elongation : Tensor (B,), in [0, 1], same dtype and device

    Raises
    ------
    ValueError
        If the shape is not (B, 1, H, W), or a picture shows nothing but ground.

    Examples
    --------
    >>> from effcv_lab.shapes import draw_shapes
    >>> easy, squeezed = draw_shapes(9, aspect=1), draw_shapes(9, aspect=0.5)
    >>> elongation(easy.images).max() < 0.1, elongation(squeezed.images).min() > 0.4
    (tensor(True), tensor(True))
    """
    finite_floats("images", images, ndim=4)
    if images.shape[1] != 1:
        raise ValueError(f"images must have one channel, (B, 1, H, W), got {tuple(images.shape)}")
    mass = (images - images[:, :, :1, :1]).abs()[:, 0]  # (B, H, W)
    total = mass.sum(dim=(1, 2), keepdim=True)
    if (total == 0).any():
        blank = (total[:, 0, 0] == 0).nonzero()[0].item()
        raise ValueError(f"images must show a shape each, image {blank} is nothing but ground")
    share = mass / total
    rows = torch.arange(images.shape[2], dtype=images.dtype, device=images.device)[:, None]
    columns = torch.arange(images.shape[3], dtype=images.dtype, device=images.device)
    down = rows - (share * rows).sum(dim=(1, 2), keepdim=True)
    across = columns - (share * columns).sum(dim=(1, 2), keepdim=True)
    var_down = (share * down**2).sum(dim=(1, 2))
    var_across = (share * across**2).sum(dim=(1, 2))
    covariance = (share * down * across).sum(dim=(1, 2))
    middle = (var_down + var_across) / 2
    apart = ((var_down - var_across) ** 2 / 4 + covariance**2).sqrt()  # of the two eigenvalues
    return 1 - ((middle - apart).clamp_min(0) / (middle + apart)).sqrt()
