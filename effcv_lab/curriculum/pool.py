"""A pool that grows from the easiest examples on: difficulty, pacing, batches."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.arguments import number_in, whole_number
from effcv_lab.data import ImageSet
from effcv_lab.evaluation import predict_logits
from effcv_lab.tensor_arguments import finite_floats

Pacing = Callable[[int], float]  # from the step to the fraction of the sorted examples in use


def pacing(step: int, total_steps: int, start_fraction: float, full_at: float) -> float:
    """Return the fraction of the sorted examples in use at a step: it grows linearly.

    Parameters
    ----------
    step : int >= 0
        Counted from 0; beyond ``total_steps`` everything stays in use.
    total_steps : int >= 1
    start_fraction : float in (0, 1]
        In use at step 0.
    full_at : float in (0, 1]
        Share of the training after which all examples are in use: from step
        ``full_at * total_steps`` on the fraction is 1.0.

    Returns
    -------
    fraction : float in (0, 1]

    Raises
    ------
    ValueError
        If an argument is outside its range.

    References
    ----------
    Hacohen and Weinshall, *On The Power of Curriculum Learning in Training Deep Networks*, ICML
    2019, abstract (the two problems of a curriculum: a score and a pace; theirs rises in steps).

    Examples
    --------
    >>> [pacing(step, total_steps=10, start_fraction=0.5, full_at=0.4) for step in (0, 2, 4, 9)]
    [0.5, 0.75, 1.0, 1.0]
    """
    return _paced(step, total_steps, start_fraction, full_at, lambda share: share)


def root_pacing(step: int, total_steps: int, start_fraction: float, full_at: float) -> float:
    """Return the fraction in use if it grows like a square root: fast first, then slower.

    The square of the fraction grows linearly, from ``start_fraction ** 2`` to 1. Parameters and
    errors as for :func:`pacing`.

    Examples
    --------
    >>> [round(root_pacing(step, 10, 0.2, 0.4), 3) for step in (0, 2, 4, 9)]
    [0.2, 0.721, 1.0, 1.0]
    """
    squared = _paced(step, total_steps, start_fraction, full_at, lambda share: share, power=2)
    return math.sqrt(squared)


def step_pacing(step: int, total_steps: int, start_fraction: float, full_at: float) -> float:
    """Return the fraction in use if it jumps once: ``start_fraction``, then everything.

    Parameters and errors as for :func:`pacing`.

    Examples
    --------
    >>> [step_pacing(step, 10, 0.2, 0.4) for step in (0, 3, 4, 9)]
    [0.2, 0.2, 1.0, 1.0]
    """
    return _paced(step, total_steps, start_fraction, full_at, math.floor)


def _paced(step, total_steps, start_fraction, full_at, shape, power=1) -> float:
    """Go from ``start_fraction ** power`` to 1 along ``shape``, a function from [0, 1] to itself."""
    whole_number("step", step, 0)
    whole_number("total_steps", total_steps, 1)
    start = number_in("start_fraction", start_fraction, 0, 1, open_low=True) ** power
    full_at = number_in("full_at", full_at, 0, 1, open_low=True)
    share = step / (full_at * total_steps)
    return 1.0 if share >= 1 else start + (1 - start) * shape(share)


def loss_difficulty(model: nn.Module, image_set: ImageSet) -> Tensor:
    """Call an example difficult if a trained model is surprised by its label: its cross-entropy.

    With the model that is to be trained, trained before, this is self-paced difficulty; with
    another, larger model it is difficulty by transfer.

    Parameters
    ----------
    model : Module, trained
        Left as it was.
    image_set : ImageSet

    Returns
    -------
    difficulty : float Tensor (N,), in nats, on the CPU; smaller is easier.

    References
    ----------
    Hacohen and Weinshall, ICML 2019, abstract (scores by transfer, and by the net itself).

    Examples
    --------
    >>> from effcv_lab.data import digits
    >>> from effcv_lab.models import mlp
    >>> loss_difficulty(mlp((5,), (1, 8, 8)), digits().train.per_class(1)).shape
    torch.Size([10])
    """
    logits = predict_logits(model, image_set.images)
    return F.cross_entropy(logits, image_set.labels.cpu(), reduction="none")


def shuffled(difficulty: Tensor, seed: int = 0) -> Tensor:
    """Return the same difficulties, dealt out at random: the control that has a pace and no order.

    Examples
    --------
    >>> sorted(shuffled(torch.tensor([0.0, 1.0, 2.0])).tolist())
    [0.0, 1.0, 2.0]
    """
    generator = torch.Generator().manual_seed(whole_number("seed", seed, 0))
    return difficulty[torch.randperm(len(difficulty), generator=generator).to(difficulty.device)]


def curriculum_batches(
    difficulty: Tensor, pacing_fn: Pacing, batch_size: int, total_steps: int, seed: int
) -> list[Tensor]:
    """Draw batches from a pool of the easiest examples, which grows as ``pacing_fn`` says.

    The controls are other difficulties: ``-difficulty`` begins with the hardest examples,
    ``shuffled(difficulty)`` with any.

    Batch s is drawn, without repetition within the batch, from the easiest
    ``max(batch_size, ceil(pacing_fn(s) * N))`` examples. Of equally difficult examples the earlier
    is the easier one.

    Parameters
    ----------
    difficulty : float Tensor (N,)
        Smaller is easier.
    pacing_fn : function ``(step) -> fraction in (0, 1]``
    batch_size : int in [1, N]
    total_steps : int >= 1
    seed : int >= 0
        The same seed gives the same batches.

    Returns
    -------
    batches : list of ``total_steps`` int64 Tensor (batch_size,), on the CPU

    Raises
    ------
    ValueError
        If an argument, or a fraction that ``pacing_fn`` returns, is outside its range.

    Examples
    --------
    >>> difficulty = torch.tensor([3.0, 1.0, 2.0, 0.0])
    >>> first, last = curriculum_batches(difficulty, lambda s: (0.5, 1.0)[s], 2, 2, seed=0)
    >>> sorted(first.tolist())
    [1, 3]
    """
    finite_floats("difficulty", difficulty, ndim=1)
    count = len(difficulty)
    whole_number("batch_size", batch_size, 1, count)
    whole_number("total_steps", total_steps, 1)
    generator = torch.Generator().manual_seed(whole_number("seed", seed, 0))
    easiest_first = difficulty.cpu().argsort(stable=True)
    batches = []
    for step in range(total_steps):
        fraction = number_in("pacing_fn(step)", pacing_fn(step), 0, 1, open_low=True)
        pool = max(batch_size, math.ceil(fraction * count))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches
