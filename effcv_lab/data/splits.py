"""Which image goes into which set: decided once, the same on every machine, equal per class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def split_per_class(labels: np.ndarray, sizes: Sequence[int], seed: int = 0) -> list[np.ndarray]:
    """Deal the images of every class into parts of fixed sizes, at random but always the same.

    Parameters
    ----------
    labels : whole numbers (N,)
    sizes : sequence of int
        Images of each class in each part. What is left over makes one more part.
    seed : int
        Of NumPy's ``RandomState``, whose stream is frozen for good: the parts are the same
        with every version of NumPy.

    Returns
    -------
    parts : list of int64 arrays
        Places in ``labels``, ``len(sizes) + 1`` parts, each in random order.

    Raises
    ------
    ValueError
        If a class has fewer images than the sizes add up to.

    Examples
    --------
    >>> [sorted(part.tolist()) for part in split_per_class(np.array([0, 0, 1, 1]), [1])]
    [[1, 2], [0, 3]]
    """
    random = np.random.RandomState(seed)
    order = random.permutation(len(labels))
    rank = np.empty(len(labels), dtype=np.int64)  # of an image among those of its class
    for label in np.unique(labels):
        mine = labels[order] == label
        if mine.sum() < sum(sizes):
            raise ValueError(
                f"sizes must add up to at most the images of each class, got {list(sizes)}, "
                f"but class {label} has {mine.sum()}"
            )
        rank[mine] = np.arange(mine.sum())
    part_of = np.searchsorted(np.cumsum(sizes), rank, side="right")
    return [order[part_of == part] for part in range(len(sizes) + 1)]


def fashion_parts(arrays: dict[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Say which original image goes where: packaged part first, then the rest of the full set.

    Parameters
    ----------
    arrays : dict
        The original files, as :func:`effcv_lab.data.fashion_files.read_fashion` gives them.

    Returns
    -------
    parts : dict
        For ``train``, ``validation`` (places in the original training files) and ``test``
        (places in the original test files): [packaged places, remaining places].
    """
    mixed = split_per_class(arrays["train-labels-idx1-ubyte"], [800, 4200, 200, 800])
    return {
        "train": mixed[0:2],
        "validation": mixed[2:4],
        "test": split_per_class(arrays["t10k-labels-idx1-ubyte"], [200, 800])[:2],
    }
