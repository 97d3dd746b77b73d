"""What ``soft_targets`` and ``hint_loss`` of assignment a2 are checked on: nets with random weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from effcv_lab.grading.drawing import between, normal

Cases = list[tuple]


def _with_numbers(generator: torch.Generator, layer: nn.Module) -> nn.Module:
    """Give a layer weights from the generator: what a check draws depends on its seed alone."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(normal(generator, *parameter.shape))
    return layer


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
            layer.running_mean.copy_(normal(generator, 6))
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
    warm = between(generator, 2, 5)
    frozen = _in_modes(_teacher(generator, 4), True, nn.BatchNorm1d)
    noisy = _in_modes(_teacher(generator, 3), False, nn.Dropout)
    cool = between(generator, 0.5, 0.7)
    return [
        (_teacher(generator, 3).train(), _images(generator, 2), warm),
        (_photographer(generator, 3).train(), _images(generator, 3), 3),
        (_teacher(generator, 5).eval(), _images(generator, 3), cool),
        (frozen, _images(generator, 4), warm),
        (noisy, _images(generator, 2), warm),
    ]


def teachers_that_train(generator: torch.Generator) -> Cases:
    """Draw two teachers in the midst of training: there is most to change in them."""
    dense, photographer = _teacher(generator, 3), _photographer(generator, 3)
    return [
        (_half_trained(generator, dense), _images(generator, 2), between(generator, 2, 5)),
        (_half_trained(generator, photographer), _images(generator, 3), 3),
    ]


def _half_trained(generator: torch.Generator, teacher: nn.Module) -> nn.Module:
    """Freeze the first weights, give all others a gradient."""
    first, *others = teacher.train().parameters()
    first.requires_grad_(False)
    for parameter in others:
        parameter.grad = normal(generator, *parameter.shape)
    return teacher


def teachers_refused(generator: torch.Generator) -> Cases:
    """Draw temperatures that must be refused, with a teacher in train mode."""
    temperatures = [0, 0.0, -1, -between(generator, 0.1, 5)]
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
        (_teacher(generator, 2).eval(), _images(generator, 2), between(generator, 2, 5)),
        (double, _images(generator, 2).double(), between(generator, 2, 5)),
        (_teacher(generator, 4, size=2000.0).train(), _images(generator, 3), 1000.0),
        (nn.Flatten(), pair, 2.0),
    ]


# hint_loss


def _translating(generator: torch.Generator, wide: int, wider: int) -> nn.Module:
    return _with_numbers(generator, nn.Conv2d(wide, wider, kernel_size=1))


def usual_features(generator: torch.Generator) -> Cases:
    """Draw rows and feature maps; the regressor widens, narrows, or keeps the width."""
    same_width = _with_numbers(generator, nn.Linear(3, 3))
    narrower = _with_numbers(generator, nn.Linear(4, 2))
    return [
        (normal(generator, 2, 3), normal(generator, 2, 3), same_width),
        (normal(generator, 1, 4), normal(generator, 1, 2), narrower),
        (
            normal(generator, 3, 2, 2, 2),
            normal(generator, 3, 2, 2, 2),
            _translating(generator, 2, 2),
        ),
        (
            normal(generator, 2, 2, 3, 2),
            normal(generator, 2, 4, 3, 2),
            _translating(generator, 2, 4),
        ),
    ]


def stretched_features(generator: torch.Generator) -> Cases:
    """Draw teacher's features that torch would stretch silently to the regressor's output."""
    student = normal(generator, 3, 2, 2, 2)
    shapes = [(3, 1, 2, 2), (1, 4, 2, 2), (3, 4, 1, 1)]
    return [(student, normal(generator, *shape), _translating(generator, 2, 4)) for shape in shapes]


def reordered_features(generator: torch.Generator) -> Cases:
    """Draw teacher's features with as many numbers as the regressor's output, in another shape."""
    student = normal(generator, 3, 2, 2, 2)
    return [
        (student, normal(generator, 3, 2, 2, 4), _translating(generator, 2, 4)),
        (student, normal(generator, 3, 16), _translating(generator, 2, 4)),
    ]


def other_features(generator: torch.Generator) -> Cases:
    """Draw a function instead of a module, one number for each image, double precision, sizes."""
    wide = _with_numbers(generator, nn.Linear(5, 40))
    double = _with_numbers(generator, nn.Linear(3, 2)).double()
    return [
        (normal(generator, 2, 3), normal(generator, 2, 3), torch.tanh),
        (normal(generator, 3, 1), normal(generator, 3, 1), nn.Identity()),
        (
            normal(generator, 2, 3, dtype=torch.float64),
            normal(generator, 2, 2, dtype=torch.float64),
            double,
        ),
        (normal(generator, 20, 5), normal(generator, 20, 40), wide),
    ]
