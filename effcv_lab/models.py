"""Small nets to compare.

All of them are made of named parts (``print(model)`` shows the names), take images
``(B, C, H, W)`` and give logits ``(B, K)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.arguments import whole_number
from effcv_lab.costs import count_macs, count_parameters, latency_ms, size_bytes
from effcv_lab.evaluation import features

__all__ = [
    "Ensemble", "count_macs", "count_parameters", "features", "latency_ms", "mlp", "size_bytes",
    "small_cnn", "small_resnet",
]  # fmt: skip


def mlp(
    hidden: Sequence[int] = (100,), in_shape: tuple[int, ...] = (1, 28, 28), classes: int = 10
) -> nn.Sequential:
    """Build fully connected layers with ReLU between them; it sees no neighbourhoods.

    Parameters
    ----------
    hidden : sequence of int >= 1
        Widths of the hidden layers, called ``hidden1``, ``hidden2``, ... Empty: a linear model.
    in_shape : tuple (C, H, W)
        The shape of one image.
    classes : int >= 1
        Numbers in the answer.

    Examples
    --------
    >>> mlp(hidden=(5,), in_shape=(1, 2, 2), classes=3)
    Sequential(
      (flatten): Flatten(start_dim=1, end_dim=-1)
      (hidden1): Linear(in_features=4, out_features=5, bias=True)
      (relu1): ReLU()
      (head): Linear(in_features=5, out_features=3, bias=True)
    )
    """
    model = nn.Sequential()
    model.add_module("flatten", nn.Flatten())
    width = math.prod(whole_number("in_shape", side, 1) for side in in_shape)
    for i, next_width in enumerate(hidden, start=1):
        model.add_module(f"hidden{i}", nn.Linear(width, whole_number("hidden", next_width, 1)))
        model.add_module(f"relu{i}", nn.ReLU())
        width = next_width
    model.add_module("head", nn.Linear(width, whole_number("classes", classes, 1)))
    return model


def small_cnn(
    widths: Sequence[int] = (16, 32, 64), in_channels: int = 1, classes: int = 10
) -> nn.Sequential:
    """Build a plain convolutional net that takes images of any size.

    Each block is a 3x3 convolution, BatchNorm and ReLU; all blocks but the last halve the image
    by a max pool, right after the convolution because the rest then costs a quarter. The mean
    over all positions (global average pooling) feeds the linear head, so the image may have any
    height and width.

    Parameters
    ----------
    widths : sequence of int >= 1, at least one
        Channels of ``block1``, ``block2``, ...
    in_channels : int >= 1
        1 for grey, 3 for colour.
    classes : int >= 1

    References
    ----------
    Global average pooling: Lin et al., *Network In Network*, ICLR 2014, section 3.2.

    Examples
    --------
    >>> model = small_cnn()
    >>> count_parameters(model), count_macs(model, in_shape=(1, 28, 28))
    (24058, 1919872)
    """
    if len(widths) == 0:
        raise ValueError(f"widths must name at least one block, got {widths!r}")
    model = nn.Sequential()
    model.add_module("layout", ChannelsLast())
    channels = whole_number("in_channels", in_channels, 1)
    for i, width in enumerate(widths, start=1):
        block = _convolution(channels, whole_number("widths", width, 1))
        if i < len(widths):
            block.insert(1, nn.MaxPool2d(2, ceil_mode=True))
        model.add_module(f"block{i}", block)
        channels = width
    model.add_module("pool", nn.AdaptiveAvgPool2d(1))
    model.add_module("flatten", nn.Flatten())
    model.add_module("head", nn.Linear(channels, whole_number("classes", classes, 1)))
    return model


class ChannelsLast(nn.Module):
    """Lay the numbers of an image out in memory position by position, not channel by channel.

    Values and shape stay as they are, and every layer after it keeps the order. Convolutions,
    BatchNorm and pooling are faster on a CPU this way.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return a copy of ``x (B, C, H, W)`` with strides of channels_last."""
        copy = x.permute(0, 2, 3, 1).clone(memory_format=torch.contiguous_format)
        return copy.permute(0, 3, 1, 2)  # not .to(memory_format=...): that fails under vmap


def _convolution(channels: int, width: int, stride: int = 1) -> nn.Sequential:
    """3x3 convolution, BatchNorm, ReLU. BatchNorm has its own bias, so the convolution has none."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


class ResidualBlock(nn.Module):
    """Two convolutions that learn what to add to the input: ``relu(shortcut(x) + change(x))``.

    The shortcut is the input itself, or a 1x1 convolution where the shape changes.

    References
    ----------
    He et al., *Deep Residual Learning for Image Recognition*, CVPR 2016, section 3.2.
    """

    def __init__(self, channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.change = nn.Sequential(
            *_convolution(channels, width, stride),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.shortcut = nn.Identity()
        if stride != 1 or channels != width:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(B, channels, H, W)`` to ``(B, width, H / stride, W / stride)``, rounded up."""
        return F.relu(self.shortcut(x) + self.change(x))


def small_resnet(
    width: int = 16, blocks: int = 3, in_channels: int = 1, classes: int = 10
) -> nn.Sequential:
    """Build a small residual net that takes images of any size.

    ``block1`` works on the whole image with ``width`` channels; each further block halves the
    image and doubles the channels. Global average pooling feeds the linear head.

    Parameters
    ----------
    width : int >= 1
        Channels of the first block.
    blocks : int >= 1
    in_channels, classes : int >= 1

    Examples
    --------
    >>> count_parameters(small_resnet())
    77754
    """
    whole_number("width", width, 1)
    model = nn.Sequential()
    model.add_module("layout", ChannelsLast())
    model.add_module("stem", _convolution(whole_number("in_channels", in_channels, 1), width))
    for i in range(1, whole_number("blocks", blocks, 1) + 1):
        wider = width if i == 1 else 2 * width
        model.add_module(f"block{i}", ResidualBlock(width, wider, stride=1 if i == 1 else 2))
        width = wider
    model.add_module("pool", nn.AdaptiveAvgPool2d(1))
    model.add_module("flatten", nn.Flatten())
    model.add_module("head", nn.Linear(width, whole_number("classes", classes, 1)))
    return model


class Ensemble(nn.Module):
    """Several classifiers that answer as one: the mean of their *probabilities*.

    It puts out the logarithm of that mean, so that a softmax at T = 1 gives it back.

    Parameters
    ----------
    members : sequence of Module from images ``(B, C, H, W)`` to logits ``(B, K)``, at least one

    References
    ----------
    Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015, section 1.

    Examples
    --------
    >>> always_a, always_b = nn.Linear(1, 2), nn.Linear(1, 2)
    >>> for member, bias in ((always_a, [9.0, 0.0]), (always_b, [0.0, 9.0])):
    ...     _ = member.load_state_dict({"weight": torch.zeros(2, 1), "bias": torch.tensor(bias)})
    >>> Ensemble([always_a, always_b])(torch.zeros(1, 1)).softmax(dim=1).detach()
    tensor([[0.5000, 0.5000]])
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        if len(members) == 0:
            raise ValueError("members must hold at least one model, got none")
        self.members = nn.ModuleList(members)

    def forward(self, images: Tensor) -> Tensor:
        """Map images ``(B, C, H, W)`` to log-probabilities ``(B, K)``."""
        log_probs = torch.stack([member(images).log_softmax(dim=-1) for member in self.members])
        return log_probs.logsumexp(dim=0) - math.log(len(self.members))
