"""The deep, thin nets of the hints experiment: as of 2014, and with two later remedies."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from effcv_lab.arguments import whole_number

DEPTH, WIDTH = 12, 8


def thin_student(depth: int = DEPTH, width: int = WIDTH, classes: int = 10) -> nn.Sequential:
    """Build a deep, thin conv net of 2014's kind: tanh, no BatchNorm, no shortcuts.

    The image is halved at once, and again after ``block1``; then ``depth - 1`` blocks of
    ``width`` channels follow, each a 3x3 convolution and tanh.

    Examples
    --------
    >>> from effcv_lab.models import count_parameters
    >>> net = thin_student(depth=3, width=4)
    >>> [name for name, _ in net.named_children()]
    ['halve', 'block1', 'block2', 'block3', 'pool', 'flatten', 'head']
    >>> count_parameters(net)
    386
    """
    return _deep_net(depth, width, classes, lambda channels: [nn.Tanh()])


def with_batch_norm(depth: int = DEPTH, width: int = WIDTH, classes: int = 10) -> nn.Sequential:
    """Build the same net with BatchNorm before each tanh: a remedy of 2015.

    References
    ----------
    Ioffe and Szegedy, *Batch Normalization*, ICML 2015, section 3.
    """
    return _deep_net(depth, width, classes, lambda channels: [nn.BatchNorm2d(channels), nn.Tanh()])


def with_scaled_weights(depth: int = DEPTH, width: int = WIDTH, classes: int = 10) -> nn.Sequential:
    """Build the same net with first weights that keep the signal's size: a remedy of 2010.

    References
    ----------
    Glorot and Bengio, *Understanding the difficulty of training deep feedforward neural
    networks*, AISTATS 2010, section 4.2 (the gain for tanh is torch's).
    """
    net = thin_student(depth, width, classes)
    for part in net.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.xavier_uniform_(part.weight, nn.init.calculate_gain("tanh"))
            nn.init.zeros_(part.bias)
    return net


def _deep_net(
    depth: int, width: int, classes: int, after: Callable[[int], list[nn.Module]]
) -> nn.Sequential:
    whole_number("depth", depth, 2)
    whole_number("width", width, 1)
    net = nn.Sequential()
    net.add_module("halve", nn.AvgPool2d(2))
    for i in range(1, depth + 1):
        channels = 1 if i == 1 else width
        block = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), *after(width))
        if i == 1:
            block.append(nn.MaxPool2d(2))
        net.add_module(f"block{i}", block)
    net.add_module("pool", nn.AdaptiveAvgPool2d(1))
    net.add_module("flatten", nn.Flatten())
    net.add_module("head", nn.Linear(width, classes))
    return net
