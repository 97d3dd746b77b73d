"""What ``curriculum_batches`` of assignment a4 is checked on: few examples, many steps.

With a pool of p examples and batches of b, a right version leaves one of them out of t steps with
a chance below ``p * (1 - b / p) ** t``; ``_enough`` makes that less than one of 10 ** 10.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from effcv_lab.grading.batch_promises import Pace

Cases = list[tuple]


def _difficulty(generator: torch.Generator, count: int) -> Tensor:
    """Draw difficulties that are all clearly different, some below zero, in random order.

    The hard ones lie further apart than the easy ones: a share of the examples is no share of the range.
    """
    order = torch.randperm(count, generator=generator)
    return 1.5**order - 3 + 0.2 * torch.rand(count, generator=generator)


def _seed(generator: torch.Generator) -> int:
    return int(torch.randint(1, 1000, (1,), generator=generator))


def _enough(pool: int, batch_size: int) -> int:
    """Count the steps after which all of a pool have been seen."""
    if batch_size >= pool:
        return 1
    return math.ceil(math.log(1e-10 / pool) / math.log(1 - batch_size / pool))


def _stretches(fractions: list[float], count: int, batch_size: int) -> Pace:
    """Keep each fraction for as many steps as its pool needs."""
    steps = [_enough(max(batch_size, math.ceil(f * count)), batch_size) for f in fractions]
    ends = torch.tensor(steps).cumsum(0).tolist()
    words = ", ".join(
        f"{f:g} in step{f's {end - n} to' if n > 1 else ''} {end - 1}"
        for f, n, end in zip(fractions, steps, ends, strict=True)
    )
    values = [f for f, n in zip(fractions, steps, strict=True) for _ in range(n)]
    return Pace(tuple(values), words)


def _turns(even: float, odd: float, count: int, batch_size: int) -> Pace:
    """Take two fractions in turns: who asks about a wrong step sees the other pool."""
    steps = 2 * _enough(count, batch_size)
    return Pace((even, odd) * (steps // 2), f"{even:g} in even steps, {odd:g} in odd ones")


def _case(generator: torch.Generator, count: int, batch_size: int, pace: Pace) -> tuple:
    difficulty = _difficulty(generator, count)
    return difficulty, pace, batch_size, len(pace.fractions), _seed(generator)


def few_batches(generator: torch.Generator) -> Cases:
    """Draw a handful of batches, one of them a single batch."""
    pace = Pace((0.5, 0.75, 1.0), "0.5 in step 0, 0.75 in step 1, 1 from step 2 on")
    return [
        (_difficulty(generator, 8), pace, 2, 5, _seed(generator)),
        (_difficulty(generator, 12), pace, 5, 4, _seed(generator)),
        (_difficulty(generator, 8), pace, 3, 1, _seed(generator)),
    ]


def usual_pools(generator: torch.Generator) -> Cases:
    """Draw pools that are a whole number of examples, one after the other and in turns."""
    return [
        _case(generator, 8, 4, _stretches([0.5, 0.75, 1.0], 8, 4)),
        _case(generator, 8, 4, _turns(0.5, 1.0, 8, 4)),
    ]


def rounded_pools(generator: torch.Generator) -> Cases:
    """Draw pools that are no whole number of examples: one ends on .3, the other on .7."""
    low = int(torch.randint(3, 5, (1,), generator=generator)) / 10 + 0.03
    return [_case(generator, 10, 3, _stretches([low, low + 0.24], 10, 3))]


def least_pools(generator: torch.Generator) -> Cases:
    """Draw fractions of fewer examples than a batch holds."""
    return [
        _case(generator, 9, 5, _stretches([0.1, 0.5, 1.0], 9, 5)),
        _case(generator, 8, 4, _stretches([0.125, 0.25, 0.75], 8, 4)),
    ]


def crowded_pools(generator: torch.Generator) -> Cases:
    """Draw from a pool that is hardly larger than a batch: chance alone would repeat an example."""
    return [_case(generator, 8, 4, Pace((0.625,) * 30, "0.625 in every step"))]


def steady_pools(generator: torch.Generator) -> Cases:
    """Draw one pool for 600 steps, twice: each example comes 225 times, give or take 12."""
    pace = Pace((1.0,) * 600, "1 in every step")
    return [_case(generator, 8, 3, pace), (*_case(generator, 8, 3, pace)[:-1], 0)]


def pools_to_seed(generator: torch.Generator) -> Cases:
    """Draw so many batches that two seeds cannot agree by chance."""
    pace = Pace((0.5,) * 4 + (1.0,) * 6, "0.5 in steps 0 to 3, 1 from step 4 on")
    return [_case(generator, 20, 4, pace)]


def other_pools(generator: torch.Generator) -> Cases:
    """Draw a falling pace, batches of one and of all, a lone example, double precision."""
    double = _case(generator, 6, 3, _stretches([0.5, 1.0], 6, 3))
    return [
        _case(generator, 8, 4, _stretches([1.0, 0.5], 8, 4)),
        _case(generator, 2, 1, _stretches([0.5, 1.0], 2, 1)),
        _case(generator, 4, 4, Pace((0.25, 1.0), "0.25 in step 0, 1 from step 1 on")),
        _case(generator, 1, 1, Pace((0.5, 1.0), "0.5 in step 0, 1 from step 1 on")),
        (double[0].double(), *double[1:]),
    ]


def equal_difficulties(generator: torch.Generator) -> Cases:
    """Draw examples of two or three kinds, and some that are all alike."""
    pace = Pace((0.25,) * 10 + (0.6,) * 10, "0.25 in steps 0 to 9, 0.6 in steps 10 to 19")
    kinds = torch.tensor([0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0])
    shuffled = kinds[torch.randperm(8, generator=generator)]
    return [(shuffled, pace, 2, 20, _seed(generator)), (torch.ones(5), pace, 2, 20, 0)]
