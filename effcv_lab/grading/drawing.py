"""Draw random numbers for checks from the generator given, and from nothing else."""

from __future__ import annotations

import torch
from torch import Tensor


def normal(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Draw numbers with mean 0 and standard deviation 1.

    Examples
    --------
    >>> normal(torch.Generator().manual_seed(0), 2, 3).shape
    torch.Size([2, 3])
    """
    return torch.randn(*shape, generator=generator, dtype=dtype)


def between(generator: torch.Generator, low: float, high: float) -> float:
    """Draw a number from low to high, each as likely as the others.

    Examples
    --------
    >>> 2 <= between(torch.Generator().manual_seed(0), 2, 3) < 3
    True
    """
    return low + (high - low) * torch.rand(1, generator=generator).item()
