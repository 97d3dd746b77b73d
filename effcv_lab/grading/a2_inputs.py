"""Inputs that assignment a2 is checked on: small, random, and drawn from the generator given."""

from __future__ import annotations

import torch
from torch import Tensor, nn

Cases = list[tuple]


def _normal(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=generator, dtype=dtype)


def _between(generator: torch.Generator, low: float, high: float) -> float:
    return low + (high - low) * torch.rand(1, generator=generator).item()


# kd_loss


def _losses(
    generator: torch.Generator,
    shape: tuple[int, int],
    temperature: float,
    alpha: float,
    size: float = 2.0,
    dtype: torch.dtype = torch.float32,
) -> tuple:
    student, teacher = (size * _normal(generator, *shape, dtype=dtype) for _ in range(2))
    labels = torch.randint(shape[1], (shape[0],), generator=generator)
    return student, teacher, labels, temperature, alpha


def usual_losses(generator: torch.Generator) -> Cases:
    """Draw small batches, a square and a single row among them, T well off 1, alpha off a half."""
    return [
        _losses(generator, (2, 3), _between(generator, 2.5, 6), _between(generator, 0.6, 0.9)),
        _losses(generator, (3, 5), _between(generator, 0.5, 0.7), _between(generator, 0.1, 0.4)),
        _losses(generator, (4, 4), 3, _between(generator, 0.6, 0.9)),
        _losses(generator, (1, 4), _between(generator, 2.5, 6), _between(generator, 0.1, 0.4)),
    ]


def huge_losses(generator: torch.Generator) -> Cases:
    """Whole numbers and powers of two, so that float32 does not round before the softmax."""
    step = float(torch.randint(1, 4, (1,), generator=generator))
    rows = torch.tensor([[1e4, 0.0, -1e4], [1e4 - step, 1e4, -1e4], [0.0, -1e4, step - 1e4]])
    label = torch.randint(3, (3,), generator=generator)
    alpha = _between(generator, 0.3, 0.7)
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
    temperatures = [0, 0.0, -1, -_between(generator, 0.1, 5)]
    return [_losses(generator, (2, 3), temperature, 0.7) for temperature in temperatures]


def other_losses(generator: torch.Generator) -> Cases:
    """Draw alpha 0 and 1, one image, two classes, double precision, a large batch, any T."""
    alpha = _between(generator, 0.6, 0.9)
    return [
        _losses(generator, (2, 3), _between(generator, 2, 6), 0.0),
        _losses(generator, (2, 3), _between(generator, 2, 6), 1.0),
        _losses(generator, (1, 2), 1.0, alpha),
        _losses(generator, (3, 4), 1000.0, alpha, dtype=torch.float64),
        _losses(generator, (3, 4), 1000.0, alpha, size=2000.0),
        _losses(generator, (50, 10), 0.5, alpha),
    ]


# hint_loss


def _with_numbers(generator: torch.Generator, layer: nn.Module) -> nn.Module:
    """Give a layer weights from the generator: what a check draws depends on its seed alone."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(_normal(generator, *parameter.shape))
    return layer


def _translating(generator: torch.Generator, wide: int, wider: int) -> nn.Module:
    return _with_numbers(generator, nn.Conv2d(wide, wider, kernel_size=1))


def usual_features(generator: torch.Generator) -> Cases:
    """Draw rows and feature maps; the regressor widens, narrows, or keeps the width."""
    same_width = _with_numbers(generator, nn.Linear(3, 3))
    narrower = _with_numbers(generator, nn.Linear(4, 2))
    return [
        (_normal(generator, 2, 3), _normal(generator, 2, 3), same_width),
        (_normal(generator, 1, 4), _normal(generator, 1, 2), narrower),
        (
            _normal(generator, 3, 2, 2, 2),
            _normal(generator, 3, 2, 2, 2),
            _translating(generator, 2, 2),
        ),
        (
            _normal(generator, 2, 2, 3, 2),
            _normal(generator, 2, 4, 3, 2),
            _translating(generator, 2, 4),
        ),
    ]


def stretched_features(generator: torch.Generator) -> Cases:
    """Draw teacher's features that torch would stretch silently to the regressor's output."""
    student = _normal(generator, 3, 2, 2, 2)
    shapes = [(3, 1, 2, 2), (1, 4, 2, 2), (3, 4, 1, 1)]
    return [
        (student, _normal(generator, *shape), _translating(generator, 2, 4)) for shape in shapes
    ]


def reordered_features(generator: torch.Generator) -> Cases:
    """Draw teacher's features with as many numbers as the regressor's output, in another shape."""
    student = _normal(generator, 3, 2, 2, 2)
    return [
        (student, _normal(generator, 3, 2, 2, 4), _translating(generator, 2, 4)),
        (student, _normal(generator, 3, 16), _translating(generator, 2, 4)),
    ]


def other_features(generator: torch.Generator) -> Cases:
    """Draw a function instead of a module, one number for each image, double precision, sizes."""
    wide = _with_numbers(generator, nn.Linear(5, 40))
    double = _with_numbers(generator, nn.Linear(3, 2)).double()
    return [
        (_normal(generator, 2, 3), _normal(generator, 2, 3), torch.tanh),
        (_normal(generator, 3, 1), _normal(generator, 3, 1), nn.Identity()),
        (
            _normal(generator, 2, 3, dtype=torch.float64),
            _normal(generator, 2, 2, dtype=torch.float64),
            double,
        ),
        (_normal(generator, 20, 5), _normal(generator, 20, 40), wide),
    ]


# kd_weight


def _epoch(generator: torch.Generator, low: int, high: int) -> int:
    """Draw a whole number in [low, high]."""
    return int(torch.randint(low, high + 1, (1,), generator=generator))


def _alpha(generator: torch.Generator) -> float:
    return round(_between(generator, 0.2, 0.45), 3)


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
        (last, 10**6, alpha),
        (1, 5, 1.0),
        (1, 5, 0.0),
        (10**6, 5, 1.0),
    ]


# soft_targets


def _teacher(generator: torch.Generator, classes: int, size: float = 2.0) -> nn.Sequential:
    """Build a net for images (1, 2, 2) with BatchNorm and Dropout, some of it nested.

    Its running statistics are not those of any batch, so eval and train mode differ.
    """
    teacher = nn.Sequential(
        nn.Flatten(),
        nn.Linear(4, 6),
        nn.Sequential(nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.5)),
        nn.BatchNorm1d(6),
        nn.Dropout(0.5),
        nn.Linear(6, classes),
    )
    _with_numbers(generator, teacher)
    with torch.no_grad():
        teacher[-1].weight.mul_(size)
        for layer in (teacher[2][0], teacher[3]):
            layer.running_mean.copy_(_normal(generator, 6))
            layer.running_var.copy_(0.5 + torch.rand(6, generator=generator))
    return teacher


def _photographer(generator: torch.Generator, classes: int) -> nn.Sequential:
    """Build a convolutional net for images (1, 2, 2)."""
    teacher = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), nn.Tanh()),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(3, classes),
    )
    return _with_numbers(generator, teacher)


def _in_modes(teacher: nn.Module, outside: bool, *turned: type) -> nn.Module:
    """Put all of a teacher in one mode (True: train), layers of some types in the other."""
    teacher.train(outside)
    for layer in teacher.modules():
        if isinstance(layer, turned):
            layer.train(not outside)
    return teacher


def _images(generator: torch.Generator, count: int) -> Tensor:
    return torch.rand(count, 1, 2, 2, generator=generator)


def teachers(generator: torch.Generator) -> Cases:
    """Draw teachers in train mode, in eval mode, and with single layers in the other mode."""
    warm = _between(generator, 2, 5)
    frozen = _in_modes(_teacher(generator, 4), True, nn.BatchNorm1d)
    noisy = _in_modes(_teacher(generator, 3), False, nn.Dropout)
    cool = _between(generator, 0.5, 0.7)
    return [
        (_teacher(generator, 3).train(), _images(generator, 2), warm),
        (_photographer(generator, 3).train(), _images(generator, 3), 3),
        (_teacher(generator, 5).eval(), _images(generator, 3), cool),
        (frozen, _images(generator, 4), warm),
        (noisy, _images(generator, 2), warm),
    ]


def teachers_that_train(generator: torch.Generator) -> Cases:
    """Draw two teachers in train mode: there is most to change in them."""
    return [
        (_teacher(generator, 3).train(), _images(generator, 2), _between(generator, 2, 5)),
        (_photographer(generator, 3).train(), _images(generator, 3), 3),
    ]


def teachers_refused(generator: torch.Generator) -> Cases:
    """Draw temperatures that must be refused, with a teacher in train mode."""
    temperatures = [0, 0.0, -1, -_between(generator, 0.1, 5)]
    return [(_teacher(generator, 3).train(), _images(generator, 2), t) for t in temperatures]


def pixel_teachers(generator: torch.Generator) -> Cases:
    """Draw a teacher whose scores are the pixels themselves: they share their memory."""
    return [(nn.Flatten(), _images(generator, count), 2.0) for count in (1, 3)]


def other_teachers(generator: torch.Generator) -> Cases:
    """Draw one image, two classes, double precision, large scores, T from 0.5 to 1000."""
    double = _teacher(generator, 3).double()
    pair = torch.randint(-10_000, 10_001, (2, 1, 2, 2), generator=generator).float()
    return [
        (_teacher(generator, 3).train(), _images(generator, 1), 0.5),
        (_teacher(generator, 2).eval(), _images(generator, 2), _between(generator, 2, 5)),
        (double, _images(generator, 2).double(), _between(generator, 2, 5)),
        (_teacher(generator, 4, size=2000.0).train(), _images(generator, 3), 1000.0),
        (nn.Flatten(), pair, 2.0),
    ]
