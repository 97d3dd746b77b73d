"""A pool that grows from the easiest examples on: difficulty, pacing, batches, epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.arguments import number_in, whole_number
from effcv_lab.data import ImageSet
from effcv_lab.evaluation import predict_logits
from effcv_lab.tensor_arguments import class_numbers, finite_floats
from effcv_lab.training import epoch_seed

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


def levels_pacing(step: int, total_steps: int, levels: int, full_at: float) -> float:
    """Return the fraction in use if it grows in equal jumps: 1 / levels, 2 / levels, ..., 1.

    Each level but the last lasts equally long, so that until ``full_at`` half of the examples are
    in use on average, whatever ``levels`` is (from 2 on): only the number of jumps differs.

    Parameters
    ----------
    step, total_steps, full_at
        As for :func:`pacing`.
    levels : int >= 1
        1 has everything in use from step 0 on.

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> [levels_pacing(step, total_steps=8, levels=2, full_at=0.5) for step in (0, 3, 4, 7)]
    [0.5, 0.5, 1.0, 1.0]
    >>> [levels_pacing(step, total_steps=8, levels=5, full_at=0.5) for step in (0, 1, 2, 3, 4)]
    [0.2, 0.4, 0.6, 0.8, 1.0]
    """
    whole_number("levels", levels, 1)
    grown = _grown(step, total_steps, full_at, times=levels - 1)
    return (math.floor(grown) + 1) / levels


def _paced(step, total_steps, start_fraction, full_at, shape, power=1) -> float:
    """Go from ``start_fraction ** power`` to 1 along ``shape``, a function from [0, 1] to itself."""
    start = number_in("start_fraction", start_fraction, 0, 1, open_low=True) ** power
    grown = _grown(step, total_steps, full_at)
    return 1.0 if grown == 1 else start + (1 - start) * shape(grown)


def _grown(step, total_steps, full_at, times=1) -> float:
    """Return how much of the growth is done at a step, in [0, 1], times ``times``."""
    whole_number("step", step, 0)
    whole_number("total_steps", total_steps, 1)
    full_at = number_in("full_at", full_at, 0, 1, open_low=True)
    return min(step * times / (full_at * total_steps), times)


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


def within_classes(difficulty: Tensor, labels: Tensor) -> Tensor:
    """Rank difficulties within each class, so that any pool of the easiest has all classes evenly.

    The easiest examples of a net may be of one or two classes. Then the pool changes how often a
    class is seen, beside how difficult the examples are; ranks within the class take that apart.

    Parameters
    ----------
    difficulty : float Tensor (N,)
    labels : int64 Tensor (N,), each >= 0

    Returns
    -------
    difficulty : Tensor (N,), same dtype and device: the share of the example's class that is
        easier, in [0, 1). Of equally difficult examples the earlier is the easier one.

    Raises
    ------
    ValueError
        If the two do not fit together.

    Examples
    --------
    >>> within_classes(torch.tensor([0.1, 0.2, 5.0, 7.0]), labels=torch.tensor([0, 0, 1, 1]))
    tensor([0.0000, 0.5000, 0.0000, 0.5000])
    """
    finite_floats("difficulty", difficulty, ndim=1)
    class_numbers("labels", labels, rows=len(difficulty), classes=int(labels.max()) + 1)
    ranks = torch.empty_like(difficulty)
    for k in labels.unique():
        members = (labels == k).nonzero()[:, 0]
        easiest_first = members[difficulty[members].argsort(stable=True)]
        ranks[easiest_first] = torch.arange(len(members)).to(ranks) / len(members)
    return ranks


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
    whole_number("batch_size", batch_size, 1, len(difficulty))
    whole_number("total_steps", total_steps, 1)
    generator = torch.Generator().manual_seed(whole_number("seed", seed, 0))
    return [
        pool[torch.randperm(len(pool), generator=generator)[:batch_size]]
        for pool in growing_pools(difficulty, pacing_fn, total_steps, least=batch_size)
    ]


def paced(
    image_set: ImageSet, difficulty: Tensor, pacing_fn: Pacing, epochs: int, seed: int = 0
) -> Callable[[int], ImageSet]:
    """Return the ``train`` of a growing pool: every epoch is as long as the whole set.

    A step of ``pacing_fn`` is an epoch here. Epoch e shows the easiest ``ceil(pacing_fn(e) * N)``
    examples, each equally often to within once, N images in all: fewer examples are shown more
    often, and the number of steps never tells one curriculum from another. Which of them come
    once more is drawn anew in each epoch. From the epoch on that has everything in use it is the
    image set itself, as without a curriculum.

    Parameters
    ----------
    image_set : ImageSet
    difficulty : float Tensor (N,)
        Smaller is easier; the controls are those of :func:`curriculum_batches`.
    pacing_fn : function ``(epoch) -> fraction in (0, 1]``
        Epochs count from 0. It must reach 1 by the last.
    epochs : int >= 1
    seed : int >= 0

    Returns
    -------
    train : function from the epoch, counted from 0, to an ImageSet
        For :func:`effcv_lab.training.fit` and :func:`effcv_lab.replicates.fit_replicates`.

    Raises
    ------
    ValueError
        If there is not one difficulty for each image, a number is outside its range, or some
        examples never come into use.

    Examples
    --------
    >>> from effcv_lab.shapes import draw_shapes
    >>> train = paced(draw_shapes(6), torch.arange(6.0), lambda epoch: (0.5, 1)[epoch], epochs=2)
    >>> [len(train(epoch)) for epoch in (0, 1)], len(train(0).images.unique(dim=0))
    ([6, 6], 3)
    """
    finite_floats("difficulty", difficulty, ndim=1)
    count = len(image_set)
    if len(difficulty) != count:
        raise ValueError(
            f"difficulty must be one for each of {count} images, got {len(difficulty)}"
        )
    whole_number("epochs", epochs, 1)
    whole_number("seed", seed, 0)
    pools = list(growing_pools(difficulty, pacing_fn, epochs))
    if len(pools[-1]) < count:
        raise ValueError(
            f"pacing_fn must reach 1 by epoch {epochs - 1}, got {pacing_fn(epochs - 1)}: "
            f"{count - len(pools[-1])} examples would never be used"
        )

    def train(epoch: int) -> ImageSet:
        pool = pools[epoch]
        if len(pool) == count:
            return image_set
        generator = torch.Generator().manual_seed(epoch_seed(seed, epoch))
        times, rest = divmod(count, len(pool))
        once_more = pool[torch.randperm(len(pool), generator=generator)[:rest]]
        return image_set.subset(torch.cat([pool.repeat(times), once_more]))

    return train


def growing_pools(
    difficulty: Tensor, pacing_fn: Pacing, steps: int, least: int = 1
) -> Iterator[Tensor]:
    """Yield for each step which examples are in use, the easiest first; never below ``least``.

    Examples
    --------
    >>> pools = growing_pools(torch.tensor([3.0, 1.0, 2.0]), lambda step: (0.5, 1.0)[step], steps=2)
    >>> [pool.tolist() for pool in pools]
    [[1, 2], [1, 2, 0]]
    """
    easiest_first = difficulty.cpu().argsort(stable=True)
    for step in range(steps):
        fraction = number_in("pacing_fn(step)", pacing_fn(step), 0, 1, open_low=True)
        yield easiest_first[: max(least, math.ceil(fraction * len(difficulty)))]
