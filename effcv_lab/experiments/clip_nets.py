"""A network for clips: it picks frames, encodes each by itself, and remembers them in order.

A clip is an image ``(B, F, H, W)`` whose channels are its frames. All weights are in ``Linear``
layers, so that ``count_macs`` counts everything.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from effcv_lab.arguments import whole_number


class EveryNth(nn.Module):
    """Look at every ``step``-th frame only: 0, step, 2 · step, ...

    Examples
    --------
    >>> EveryNth(10)(torch.zeros(2, 30, 16, 16)).shape
    torch.Size([2, 3, 16, 16])
    """

    def __init__(self, step: int) -> None:
        super().__init__()
        self.step = whole_number("step", step, 1)

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips ``(B, F, H, W)`` to ``(B, F / step, H, W)``, rounded up."""
        return clips[:, :: self.step]

    def extra_repr(self) -> str:
        """Say the step wherever the model is printed."""
        return f"step={self.step}"


class FirstFrames(nn.Module):
    """Look at the first ``count`` frames only: cheap, too, and blind to what comes later.

    Examples
    --------
    >>> FirstFrames(3)(torch.zeros(2, 30, 16, 16)).shape
    torch.Size([2, 3, 16, 16])
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = whole_number("count", count, 1)

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips ``(B, F, H, W)`` to ``(B, count, H, W)``."""
        return clips[:, : self.count]

    def extra_repr(self) -> str:
        """Say the count wherever the model is printed."""
        return f"count={self.count}"


class StandOut(nn.Module):
    """Say how far each pixel is from the mean grey of its frame, in standard deviations.

    So a dark shape on a bright ground looks like a bright one on a dark ground, at any contrast.

    Examples
    --------
    >>> clip = torch.tensor([[[[0.0, 0.0], [0.0, 1.0]]]])
    >>> torch.allclose(StandOut()(clip), StandOut()(0.9 - 0.3 * clip))
    True
    """

    def forward(self, clips: Tensor) -> Tensor:
        """Map clips ``(B, F, H, W)`` to numbers >= 0 of the same shape."""
        away = clips - clips.mean(dim=(2, 3), keepdim=True)
        deviation = away.square().mean(dim=(2, 3), keepdim=True).sqrt()
        return away.abs() / deviation.clamp_min(1e-3)


class Recurrent(nn.Module):
    """Read features in order and remember: a gated recurrent unit made of two linear layers.

    Its answer is the state after the last frame; it equals ``torch.nn.GRU`` with these weights.

    References
    ----------
    Cho et al., *Learning Phrase Representations using RNN Encoder-Decoder*, EMNLP 2014,
    section 2.3; the reset gate stands where ``torch.nn.GRU`` has it.
    """

    def __init__(self, in_features: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.see = nn.Linear(in_features, 3 * width)  # reset gate, update gate, candidate
        self.recall = nn.Linear(width, 3 * width)

    def forward(self, features: Tensor) -> Tensor:
        """Map features ``(B, F, in_features)`` to the last state ``(B, width)``."""
        gates = 2 * self.width
        state = features.new_zeros(len(features), self.width)
        for seen in self.see(features).unbind(dim=1):
            recalled = self.recall(state)
            both = torch.sigmoid(seen[:, :gates] + recalled[:, :gates])
            reset, keep = both.chunk(2, dim=1)
            candidate = torch.tanh(seen[:, gates:] + reset * recalled[:, gates:])
            state = candidate + keep * (state - candidate)
        return state


def clip_net(
    pick: nn.Module, size: int = 16, classes: int = 9, width: int = 48, encoding: int = 32
) -> nn.Sequential:
    """Build a network for clips; ``pick`` decides which frames it looks at.

    Parameters
    ----------
    pick : EveryNth or FirstFrames
        The only thing in which see-it-all teacher and see-very-little student differ.
    size : int, even
        Side of a frame in pixels.
    classes, width, encoding : int >= 1
        Numbers in the answer, in the memory, and in what ``encoding`` puts out.

    Examples
    --------
    >>> from effcv_lab.costs import count_macs, count_parameters
    >>> teacher, student = clip_net(EveryNth(1)), clip_net(EveryNth(10))
    >>> count_parameters(teacher) == count_parameters(student)
    True
    >>> round(count_macs(teacher, (30, 16, 16)) / count_macs(student, (30, 16, 16)), 1)
    9.7
    """
    model = nn.Sequential()
    model.add_module("pick", pick)
    model.add_module("shrink", nn.AvgPool2d(2))
    model.add_module("stand_out", StandOut())
    model.add_module("flatten", nn.Flatten(start_dim=2))
    model.add_module("frame", nn.Linear((size // 2) ** 2, width))
    model.add_module("relu", nn.ReLU())
    model.add_module("memory", Recurrent(width, width))
    model.add_module("encoding", nn.Sequential(nn.Linear(width, encoding), nn.Tanh()))
    model.add_module("head", nn.Linear(encoding, classes))
    return model
