"""Inputs that assignment a1 is checked on: small, random, and drawn from the generator given."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from effcv_lab.grading.drawing import between, normal

Cases = list[tuple]


def _scores(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return 2 * normal(generator, *shape, dtype=dtype)


def _probs(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.softmax(_scores(generator, *shape, dtype=dtype), dim=1)


# softmax_with_temperature


def usual_scores(generator: torch.Generator) -> Cases:
    """Draw small batches, a square and a single row among them, at T well off 1."""
    return [
        (_scores(generator, 2, 3), between(generator, 2, 6)),
        (_scores(generator, 3, 5), between(generator, 0.3, 0.6)),
        (_scores(generator, 4, 4), 3),
        (_scores(generator, 1, 4), between(generator, 2, 6)),
    ]


def huge_scores(generator: torch.Generator) -> Cases:
    """Whole numbers and powers of two, so that float32 does not round before the softmax."""
    step = float(torch.randint(1, 4, (1,), generator=generator))
    anywhere = torch.randint(-10_000, 10_001, (3, 5), generator=generator).float()
    return [
        (torch.tensor([[1e4, 1e4 - step]]), 1.0),
        (torch.tensor([[-1e4, -1e4 + step]]), 2.0),
        (torch.tensor([[1e4, 1e4 - 2 * step, -1e4], [-1e4, step - 1e4, -1e4]]), 2.0),
        (torch.tensor([[1e4, 1e4 - 2000 * step, -1e4]]), 8192.0),
        (torch.tensor([[1e4, 1e4 - 100 * step, 0.0]]), 0.5),
        (torch.tensor([[1e4, 1e4 - step, -1e4]]), 0.001),
        (torch.tensor([[1e4, -1e4, 0.0]]), 1e6),
        (anywhere, 4096.0),
    ]


def bad_temperatures(generator: torch.Generator) -> Cases:
    """Draw temperatures that must be refused."""
    temperatures = [0, 0.0, -1, -between(generator, 0.1, 5)]
    return [(_scores(generator, 2, 3), temperature) for temperature in temperatures]


def other_shapes(generator: torch.Generator) -> Cases:
    """Draw one class, double precision, a large batch."""
    return [
        (_scores(generator, 2, 1), between(generator, 2, 6)),
        (_scores(generator, 2, 3, dtype=torch.float64), between(generator, 2, 6)),
        (_scores(generator, 50, 10), between(generator, 0.3, 0.6)),
    ]


# entropy


def usual_probs(generator: torch.Generator) -> Cases:
    """Draw rows without zeros, a square batch and a single row among them."""
    return [(_probs(generator, *shape),) for shape in [(2, 3), (4, 4), (1, 5), (6, 10)]]


def probs_with_zeros(generator: torch.Generator) -> Cases:
    """Draw rows with zeros, certain rows among them."""
    some = _probs(generator, 3, 4)
    some[:, torch.randint(4, (1,), generator=generator)] = 0
    return [
        (torch.tensor([[0.5, 0.5, 0.0]]),),
        (torch.tensor([[1.0, 0.0], [0.0, 1.0]]),),
        (some / some.sum(dim=1, keepdim=True),),
    ]


def other_probs(generator: torch.Generator) -> Cases:
    """Draw one class, double precision, a hundred equal probabilities."""
    return [
        (torch.ones(2, 1),),
        (_probs(generator, 2, 3, dtype=torch.float64),),
        (torch.full((1, 100), 0.01),),
    ]


# temperature_for_entropy


def _one_winner(generator: torch.Generator, classes: int) -> Tensor:
    """Draw scores whose largest is clearly the largest."""
    logits = _scores(generator, classes)
    return logits + F.one_hot(logits.argmax(), classes)


def _target(generator: torch.Generator, classes: int, low: float, high: float) -> float:
    return between(generator, low, high) * math.log(classes)


def usual_targets(generator: torch.Generator) -> Cases:
    """Draw targets that a temperature near 1 meets."""
    return [
        (_one_winner(generator, k), _target(generator, k, *share))
        for k, share in [(3, (0.2, 0.4)), (3, (0.6, 0.8)), (5, (0.3, 0.7)), (10, (0.3, 0.7))]
    ]


def far_targets(generator: torch.Generator) -> Cases:
    """Draw targets whose temperature is far below or above 1."""
    return [
        (1e4 * _one_winner(generator, 3), _target(generator, 3, 0.4, 0.6)),
        (0.01 * _one_winner(generator, 3), _target(generator, 3, 0.4, 0.6)),
        (1e4 * _one_winner(generator, 6), _target(generator, 6, 0.97, 0.99)),
        (0.01 * _one_winner(generator, 6), _target(generator, 6, 0.01, 0.03)),
        (0.01 * _one_winner(generator, 2), _target(generator, 2, 0.01, 0.02)),
        (1e4 * _one_winner(generator, 10), _target(generator, 10, 0.98, 0.99)),
    ]


def impossible_targets(generator: torch.Generator) -> Cases:
    """Draw targets that no temperature meets: zero, negative, above ln K, by little too."""
    targets = [0.0, -between(generator, 0.1, 1), math.log(4) + 1e-4, 2 * math.log(4)]
    return [(_one_winner(generator, 4), target) for target in targets]


def other_targets(generator: torch.Generator) -> Cases:
    """Draw two classes, scores moved by a constant, double precision."""
    quarters = torch.tensor([0.0, 1.0, 2.75, -2.0])[torch.randperm(4, generator=generator)]
    return [
        (_one_winner(generator, 2), _target(generator, 2, 0.3, 0.7)),
        (quarters + 1000, _target(generator, 4, 0.3, 0.7)),
        (_one_winner(generator, 4).double(), _target(generator, 4, 0.3, 0.7)),
    ]


# dark_knowledge


def usual_labels(generator: torch.Generator) -> Cases:
    """Draw labels of which the first is not the most probable class."""
    cases = []
    for shape in [(2, 3), (4, 4), (5, 6)]:
        probs = _probs(generator, *shape)
        labels = torch.randint(shape[1], (shape[0],), generator=generator)
        labels[0] = (probs[0].argmax() + 1) % shape[1]  # the model is wrong about this one
        labels[1] = (labels[0] + 1) % shape[1]
        cases.append((probs, labels))
    return cases


def certain_rows(generator: torch.Generator) -> Cases:
    """Draw rows whose label holds everything, alone and among others."""
    label = int(torch.randint(3, (1,), generator=generator))
    certain = F.one_hot(torch.tensor([label]), 3).float()
    mixed = torch.cat([certain, _probs(generator, 2, 3)])
    return [(certain, torch.tensor([label])), (mixed, torch.tensor([label, label, 0]))]


def nearly_certain_rows(generator: torch.Generator) -> Cases:
    """Draw rows that leave so little that 1 - p has lost most of its digits."""
    small = between(generator, 3e-6, 6e-6)
    row = torch.tensor([[1 - 1.3 * small, small, 0.3 * small]])
    least = torch.tensor([[1.0, 2e-8, 1e-8]])  # sums to 1 as far as float32 can tell
    zero, two = torch.tensor([0]), torch.tensor([2])
    return [(row, zero), (row.flip(1), two), (least, zero)]


def other_labels(generator: torch.Generator) -> Cases:
    """Draw one class and double precision."""
    return [
        (torch.ones(2, 1), torch.tensor([0, 0])),
        (_probs(generator, 2, 3, dtype=torch.float64), torch.tensor([2, 0])),
    ]
