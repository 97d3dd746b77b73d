"""How images are made small, what an epoch of them costs, and what a net knows of low frequencies."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.arguments import whole_number
from effcv_lab.curriculum import LowFrequencies, low_frequency_crop
from effcv_lab.data import ImageSet
from effcv_lab.evaluation import evaluate
from effcv_lab.models import count_macs, small_cnn

FULL = 28  # the side of a whole image of Fashion-MNIST
FORWARD_AND_BACKWARD = 3  # MACs of a training step, in forward passes: backward counts as two

Shrink = Callable[[Tensor, int], Tensor]


def area(images: Tensor, side: int) -> Tensor:
    """Make images small by taking means over areas: small images that no spectrum is needed for.

    Examples
    --------
    >>> area(torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]]), side=1)
    tensor([[[[0.5000]]]])
    """
    return F.interpolate(images, size=(side, side), mode="area")


def centre(images: Tensor, side: int) -> Tensor:
    """Cut the middle out of the images: as small, at full sharpness, and without the border.

    Examples
    --------
    >>> centre(torch.arange(16.0).reshape(1, 1, 4, 4), side=2)
    tensor([[[[ 5.,  6.],
              [ 9., 10.]]]])
    """
    first = (images.shape[-1] - side) // 2
    return images[..., first : first + side, first : first + side]


class Shrunk(LowFrequencies):
    """A ``batch_loss`` on images made small in another way, as a schedule says: the control.

    Parameters
    ----------
    schedule : sequence of int
        The side of each epoch's images.
    shrink : function ``(images, side) -> small images``
    """

    def __init__(self, schedule: Sequence[int], shrink: Shrink) -> None:
        super().__init__(schedule)
        self.shrink = shrink

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of one batch."""
        return self.batch_loss(model, self.shrink(images, self.bandwidth), labels)


def loss_of(schedule: Sequence[int], shrink: Shrink) -> LowFrequencies:
    """Return the loss that shrinks each epoch's images; the kit's own for its own crop."""
    if shrink is low_frequency_crop:
        return LowFrequencies(schedule)
    return Shrunk(schedule, shrink)


@functools.cache
def relative_macs(side: int) -> float:
    """Count what an image of this side costs ``small_cnn``, as a fraction of a whole image.

    Not quite ``(side / 28) ** 2``: the net rounds halves of odd sizes up.

    Examples
    --------
    >>> relative_macs(28), 0.25 < relative_macs(14) < 0.3
    (1.0, True)
    """
    net = small_cnn()
    return count_macs(net, (1, side, side)) / count_macs(net, (1, FULL, FULL))


def full_epochs(schedule: Sequence[int]) -> float:
    """Return what a schedule costs, in epochs of whole images.

    Examples
    --------
    >>> full_epochs([28, 28])
    2.0
    """
    return float(sum(relative_macs(side) for side in schedule))


def training_macs(schedule: Sequence[int], images: int) -> list[int]:
    """Return the MACs spent after each epoch: of forward and backward, over all images."""
    a_pass = FORWARD_AND_BACKWARD * images * count_macs(small_cnn(), (1, FULL, FULL))
    return [round(a_pass * full_epochs(schedule[: epoch + 1])) for epoch in range(len(schedule))]


def epochs_for(plan: Callable[[int], list[int]], cost: int) -> int:
    """Return the fewest epochs of a plan that cost at least ``cost`` epochs of whole images.

    So the baseline gets exactly that, and no schedule less: what is rounded favours the schedules.

    Examples
    --------
    >>> epochs_for(lambda epochs: [28] * epochs, cost=4)
    4
    >>> epochs_for(lambda epochs: [14] * epochs, cost=4)
    14
    """
    epochs = whole_number("cost", cost, 1)
    while full_epochs(plan(epochs)) < cost - 1e-9:
        epochs += 1
    return epochs


def low_pass(images: Tensor, bandwidth: int) -> Tensor:
    """Take away what :func:`low_frequency_crop` takes away, and keep every pixel.

    Examples
    --------
    >>> images = torch.rand(2, 1, 28, 28)
    >>> low_pass(images, 14).shape, torch.allclose(low_pass(images, 28), images, atol=1e-6)
    (torch.Size([2, 1, 28, 28]), True)
    """
    side = images.shape[-1]
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    first = side // 2 - bandwidth // 2
    kept = torch.zeros_like(spectrum)
    square = (..., slice(first, first + bandwidth), slice(first, first + bandwidth))
    kept[square] = spectrum[square]
    return torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1))).real


class LowPassProbe:
    """An ``after_step`` that asks, once an epoch, what the net gets right by low frequencies alone.

    Parameters
    ----------
    image_set : ImageSet
        Images to ask about.
    bandwidths : sequence of int
    steps : int
        Of one epoch.

    Attributes
    ----------
    accuracy : dict from bandwidth to a list with one accuracy for each epoch
    """

    def __init__(self, image_set: ImageSet, bandwidths: Sequence[int], steps: int) -> None:
        self.sets = {
            band: replace(image_set, images=low_pass(image_set.images, band).clamp(0, 1))
            for band in bandwidths
        }
        self.accuracy: dict[int, list[float]] = {band: [] for band in bandwidths}
        self.steps, self.done = whole_number("steps", steps, 1), 0

    def __call__(self, model: nn.Module) -> None:
        """Count a step; after the last one of an epoch, evaluate."""
        self.done += 1
        if self.done % self.steps == 0:
            for band, image_set in self.sets.items():
                self.accuracy[band].append(evaluate(model, image_set)[1])


def step_seconds(
    image_set: ImageSet, shrinks: dict[str, Shrink], sides: Sequence[int], rounds: int, device
) -> list[dict[str, object]]:
    """Time training steps at each size in turns, so that a busy machine disturbs all alike.

    Parameters
    ----------
    image_set : ImageSet
        Its first 64 images are the batch.
    shrinks : dict from name to function ``(images, side) -> small images``
    sides : sequence of int
    rounds : int >= 2
        Each times every pair once; a row holds the medians.
    device : torch.device

    Returns
    -------
    rows : list of dict
        ``shrink``, ``side``, ``ratio`` (seconds of a step, over those of a step on whole images
        in the same round), ``shrink_ratio`` (the same for making the images small, alone), and
        ``macs_ratio`` beside them.
    """
    images, labels = image_set.images[:64].to(device), image_set.labels[:64].to(device)
    model = small_cnn().to(device).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9)

    def step(loss) -> None:
        value = loss(model, images, labels)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        value.item()  # a GPU works on after the call: wait for it

    def seconds(work: Callable[[], object]) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    whole = loss_of([FULL], low_frequency_crop)
    pairs = [(name, side) for name in shrinks for side in sides]
    found: dict[tuple[str, int], list[tuple[float, float]]] = {pair: [] for pair in pairs}
    for turn in range(rounds + 1):
        for name, side in pairs:
            loss, shrink = loss_of([side], shrinks[name]), shrinks[name]
            base = seconds(lambda: step(whole))
            of_step = seconds(lambda loss=loss: step(loss))
            alone = seconds(lambda f=shrink, side=side: f(images, side).sum().item())
            if turn:  # the first round warms up
                found[name, side].append((of_step / base, alone / base))
    return [
        {
            "shrink": name,
            "side": side,
            "macs_ratio": relative_macs(side),
            "ratio": statistics.median(pair[0] for pair in values),
            "shrink_ratio": statistics.median(pair[1] for pair in values),
        }
        for (name, side), values in found.items()
    ]
