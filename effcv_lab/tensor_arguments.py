"""Check tensors that come in as arguments: scores, probabilities, class numbers."""

from __future__ import annotations

import torch
from torch import Tensor

INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def finite_floats(name: str, value: Tensor, *, ndim: int | None = None) -> Tensor:
    """Return ``value`` if it is a float tensor of finite numbers with a non-empty last axis.

    Parameters
    ----------
    name : str
        What the caller calls the argument; the error repeats it.
    value : float Tensor (..., K)
    ndim : int, optional
        Number of axes wanted; by default one or more.

    Raises
    ------
    TypeError
        If it is not a tensor of floating point numbers.
    ValueError
        If it has the wrong number of axes, no entry along the last one, or a NaN or infinity.

    Examples
    --------
    >>> finite_floats("logits", torch.tensor([0.0, float("nan")]))
    Traceback (most recent call last):
        ...
    ValueError: logits must be finite, got a NaN or an infinity
    """
    if not isinstance(value, Tensor) or not value.is_floating_point():
        got = str(value.dtype) if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"{name} must be a tensor of floating point numbers, got {got}")
    if value.ndim < 1 or (ndim is not None and value.ndim != ndim) or value.shape[-1] < 1:
        axes = "at least one axis" if ndim is None else f"{ndim} axes"
        raise ValueError(
            f"{name} must have {axes}, the last one with one or more classes, "
            f"got shape {tuple(value.shape)}"
        )
    if not torch.isfinite(value).all():
        raise ValueError(f"{name} must be finite, got a NaN or an infinity")
    return value


def probabilities(name: str, value: Tensor, *, ndim: int | None = None) -> Tensor:
    """Return ``value`` if each of its rows is a distribution: none below 0, sum 1 within 0.001.

    Raises
    ------
    TypeError, ValueError
        As :func:`finite_floats`, and if a row is no distribution.

    Examples
    --------
    >>> probabilities("probs", torch.tensor([0.5, 0.6]))
    Traceback (most recent call last):
        ...
    ValueError: probs must sum to 1 over the last axis, got a row with sum 1.1
    """
    finite_floats(name, value, ndim=ndim)
    with torch.no_grad():
        if (value < 0).any():
            raise ValueError(f"{name} must not be negative, got {value.min().item():g}")
        sums = value.sum(dim=-1).flatten()
        off = (sums - 1).abs() > 1e-3
        if off.any():
            raise ValueError(
                f"{name} must sum to 1 over the last axis, "
                f"got a row with sum {sums[off][0].item():.4g}"
            )
    return value


def class_numbers(name: str, value: Tensor, *, rows: int, classes: int) -> Tensor:
    """Return ``value`` as int64 if it holds one whole number in ``[0, classes)`` for each row.

    Raises
    ------
    TypeError
        If it is not a tensor of whole numbers.
    ValueError
        If its shape is not ``(rows,)`` or a number is out of range.

    Examples
    --------
    >>> class_numbers("labels", torch.tensor([0, 3]), rows=2, classes=3)
    Traceback (most recent call last):
        ...
    ValueError: labels must be class numbers in [0, 3), got 3
    """
    if not isinstance(value, Tensor) or value.dtype not in INTEGERS:
        got = str(value.dtype) if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"{name} must be a tensor of whole numbers, got {got}")
    if value.shape != (rows,):
        raise ValueError(f"{name} must have shape ({rows},), got {tuple(value.shape)}")
    outside = (value < 0) | (value >= classes)
    if outside.any():
        raise ValueError(
            f"{name} must be class numbers in [0, {classes}), got {value[outside][0].item()}"
        )
    return value.long()
