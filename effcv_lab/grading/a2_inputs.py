"""What ``kd_loss`` and ``kd_weight`` of assignment a2 are checked on: small and random."""

from __future__ import annotations

import torch

from effcv_lab.grading.drawing import between, normal

Cases = list[tuple]


# kd_loss


def _losses(
    generator: torch.Generator,
    shape: tuple[int, int],
    temperature: float,
    alpha: float,
    size: float = 2.0,
    dtype: torch.dtype = torch.float32,
) -> tuple:
    student, teacher = (size * normal(generator, *shape, dtype=dtype) for _ in range(2))
    labels = torch.randint(shape[1], (shape[0],), generator=generator)
    return student, teacher, labels, temperature, alpha


def usual_losses(generator: torch.Generator) -> Cases:
    """Draw small batches, a square and a single row among them, T well off 1, alpha off a half."""
    return [
        _losses(generator, (2, 3), between(generator, 2.5, 6), between(generator, 0.6, 0.9)),
        _losses(generator, (3, 5), between(generator, 0.5, 0.7), between(generator, 0.1, 0.4)),
        _losses(generator, (4, 4), 3, between(generator, 0.6, 0.9)),
        _losses(generator, (1, 4), between(generator, 2.5, 6), between(generator, 0.1, 0.4)),
    ]


def huge_losses(generator: torch.Generator) -> Cases:
    """Whole numbers and powers of two, so that float32 does not round before the softmax."""
    step = float(torch.randint(1, 4, (1,), generator=generator))
    rows = torch.tensor([[1e4, 0.0, -1e4], [1e4 - step, 1e4, -1e4], [0.0, -1e4, step - 1e4]])
    label = torch.randint(3, (3,), generator=generator)
    alpha = between(generator, 0.3, 0.7)
    return [
        (rows[:1], rows[:1].flip(1), label[:1], 2.0, alpha),
        (rows[1:2], rows[1:2].roll(1, 1), label[:1], 1.0, alpha),
        (rows, rows.roll(1, 0), label, 2.0, alpha),
        (rows, rows.flip(1), label, 1024.0, alpha),
        (torch.zeros(1, 2), torch.tensor([[0.0, -512.0]]), label[:1] % 2, 2.0, alpha),
        (torch.tensor([[0.0, -512.0]]), torch.zeros(1, 2), label[:1] % 2, 2.0, alpha),
    ]


def bad_temperatures(generator: torch.Generator) -> Cases:
    """Draw temperatures that must be refused."""
    temperatures = [0, 0.0, -1, -between(generator, 0.1, 5)]
    return [_losses(generator, (2, 3), temperature, 0.7) for temperature in temperatures]


def other_losses(generator: torch.Generator) -> Cases:
    """Draw alpha 0 and 1, one image, two classes, double precision, a large batch, any T."""
    alpha = between(generator, 0.6, 0.9)
    return [
        _losses(generator, (2, 3), between(generator, 2, 6), 0.0),
        _losses(generator, (2, 3), between(generator, 2, 6), 1.0),
        _losses(generator, (1, 2), 1.0, alpha),
        _losses(generator, (3, 4), 1000.0, alpha, dtype=torch.float64),
        _losses(generator, (3, 4), 1000.0, alpha, size=2000.0),
        _losses(generator, (50, 10), 0.5, alpha),
    ]


# kd_weight


def _epoch(generator: torch.Generator, low: int, high: int) -> int:
    """Draw a whole number in [low, high]."""
    return int(torch.randint(low, high + 1, (1,), generator=generator))


def _alpha(generator: torch.Generator) -> float:
    return round(between(generator, 0.2, 0.45), 3)


def usual_epochs(generator: torch.Generator) -> Cases:
    """Draw epochs well before and well after the teacher falls silent."""
    stop = _epoch(generator, 6, 12)
    return [
        (_epoch(generator, 1, stop - 3), stop, _alpha(generator)),
        (_epoch(generator, 1, stop - 3), stop, 1 - _alpha(generator)),
        (stop + _epoch(generator, 2, 4), stop, _alpha(generator)),
        (2 * stop + _epoch(generator, 1, 4), stop, 1 - _alpha(generator)),
    ]


def epochs_at_the_edge(generator: torch.Generator) -> Cases:
    """Draw the first epoch, the last one with the teacher, and the first one without."""
    stop = _epoch(generator, 3, 9)
    alpha = _alpha(generator)
    return [(0, stop, alpha), (stop - 1, stop, alpha), (stop, stop, alpha), (1, 1, alpha)]


def other_epochs(generator: torch.Generator) -> Cases:
    """Draw a teacher that is never asked, one that never stops, the ends of alpha."""
    alpha = _alpha(generator)
    last = _epoch(generator, 2, 50)
    return [
        (0, 0, alpha),
        (last, 0, alpha),
        (1000 * last, 10**6, alpha),
        (1, 5, 1.0),
        (1, 5, 0.0),
        (10**6, 5, 1.0),
    ]
