"""An easy set first, the hard one afterwards: the two-stage curriculum, and its controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from effcv_lab.arguments import whole_number
from effcv_lab.data import ImageSet


def switch_schedule(epochs: int, switch_epoch: int) -> list[str]:
    """Name the set of each epoch: "easy" before ``switch_epoch``, "hard" from it on.

    Parameters
    ----------
    epochs : int >= 1
    switch_epoch : int in [0, epochs]
        Epochs count from 0: at 0 all are hard, at ``epochs`` all are easy.

    Returns
    -------
    names : list of ``epochs`` str

    Raises
    ------
    ValueError
        If an argument is outside its range.

    References
    ----------
    Bengio et al., *Curriculum Learning*, ICML 2009, section on shape recognition.

    Examples
    --------
    >>> switch_schedule(epochs=4, switch_epoch=1)
    ['easy', 'hard', 'hard', 'hard']
    """
    whole_number("epochs", epochs, 1)
    whole_number("switch_epoch", switch_epoch, 0, epochs)
    return ["easy" if epoch < switch_epoch else "hard" for epoch in range(epochs)]


def two_stages(
    easy: ImageSet, hard: ImageSet, epochs: int, switch_epoch: int
) -> Callable[[int], ImageSet]:
    """Return the ``train`` of a two-stage curriculum: the easy set, then the hard one.

    For the control that sees the hard examples first, exchange the two sets.

    Parameters
    ----------
    easy, hard : ImageSet
        Of the same classes and of one length, so that every ``switch_epoch`` takes the same steps.
    epochs, switch_epoch
        As for :func:`switch_schedule`.

    Returns
    -------
    train : function from the epoch, counted from 0, to an ImageSet
        For :func:`effcv_lab.training.fit` and :func:`effcv_lab.replicates.fit_replicates`.

    Raises
    ------
    ValueError
        If the sets differ in length or in classes, or a number is outside its range.

    References
    ----------
    Bengio et al., *Curriculum Learning*, ICML 2009, section on shape recognition.

    Examples
    --------
    >>> from effcv_lab.shapes import basic_shapes, geometric_shapes
    >>> train = two_stages(basic_shapes(6), geometric_shapes(6), epochs=2, switch_epoch=1)
    >>> train(0).name, train(1).name
    ('basic shapes', 'geometric shapes')
    """
    _alike(easy, hard)
    names = switch_schedule(epochs, switch_epoch)
    return lambda epoch: easy if names[epoch] == "easy" else hard


def union(easy: ImageSet, hard: ImageSet, seed: int = 0) -> Callable[[int], ImageSet]:
    """Return the ``train`` of the control that sees both sets, mixed, from the first step on.

    A curriculum has seen more different images than a net that trains on the hard set alone. This
    control has seen as many, in no order: what it gains is not the order's. An epoch is as long as
    one set: half of its images are drawn from each set, in turns, so that two epochs show all.

    Parameters
    ----------
    easy, hard : ImageSet
        Of the same classes and of one length.
    seed : int >= 0
        Which images are drawn when.

    Returns
    -------
    train : function from the epoch, counted from 0, to an ImageSet

    Raises
    ------
    ValueError
        If the sets differ in length or in classes.

    Examples
    --------
    >>> from effcv_lab.shapes import basic_shapes, geometric_shapes
    >>> train = union(basic_shapes(6), geometric_shapes(6))
    >>> len(train(0)), len(train(1))
    (6, 6)
    """
    _alike(easy, hard)
    whole_number("seed", seed, 0)
    both = replace(
        easy,
        images=torch.cat([easy.images, hard.images]),
        labels=torch.cat([easy.labels, hard.labels]),
        name=f"{easy.name} and {hard.name}",
    )
    count = len(easy)
    orders = [
        torch.randperm(count, generator=torch.Generator().manual_seed(seed + part))
        for part in range(2)
    ]
    half = (count + 1) // 2
    first = torch.cat([orders[0][:half], count + orders[1][: count - half]])
    second = torch.cat([orders[0][half:], count + orders[1][count - half :]])
    halves = (both.subset(first), both.subset(second))
    return lambda epoch: halves[epoch % 2]


def _alike(easy: ImageSet, hard: ImageSet) -> None:
    if len(easy) != len(hard) or easy.classes != hard.classes:
        raise ValueError(
            f"easy and hard must have the same classes and one length, got {easy!r} and {hard!r}"
        )
