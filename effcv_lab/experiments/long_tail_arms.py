"""What each arm of the long-tail experiment trains on, and by which loss.

In every arm an epoch has the same number of images, six times those of the largest class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.curriculum import MostProgress, in_stages, interleaved
from effcv_lab.data import ImageSet
from effcv_lab.experiments.long_tail_task import LongTail, filled_up, mixed_seed, synthetic
from effcv_lab.training import BatchLoss, TrainConfig

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)  # 0 = typical, 1 = copies of the real images
HELD_OUT = 99  # the draw by which progress is measured; no arm trains on it

Train = Callable[[int], ImageSet]


@dataclass(frozen=True)
class Run:
    """One net that is to be trained: on which tail, with which settings."""

    tail: LongTail
    config: TrainConfig
    model: nn.Module


def as_is(run: Run) -> Train:
    """Show the long tail as it is: all its images in turn, as often as an epoch has room."""
    real, room = run.tail.real, len(run.tail.ranked) * len(run.tail.scenes[0])
    shuffled = torch.randperm(len(real), generator=_generator(run, 0))
    return lambda epoch: real.subset(shuffled[(torch.arange(room) + epoch * room) % len(real)])


def at_level(level: float) -> Callable[[Run], Train]:
    """Fill up with one level only, in as many fresh draws as a curriculum has stages."""

    def train_of(run: Run) -> Train:
        sets = [filled_up(run.tail, level, draw) for draw in range(len(LEVELS))]
        return in_stages(sets, run.config.epochs)

    return train_of


def in_order(order: Callable[[Run], Sequence[int]]) -> Callable[[Run], Train]:
    """Fill up with one level in each stage; ``order`` says which place in LEVELS comes when."""

    def train_of(run: Run) -> Train:
        sets = [filled_up(run.tail, LEVELS[place], place) for place in order(run)]
        return in_stages(sets, run.config.epochs)

    return train_of


def rising(run: Run) -> Sequence[int]:
    """From what is typical to copies of the real images."""
    return range(len(LEVELS))


def falling(run: Run) -> Sequence[int]:
    """From copies of the real images to what is typical."""
    return range(len(LEVELS))[::-1]


def at_random(run: Run) -> Sequence[int]:
    """In an order that the seed draws."""
    return torch.randperm(len(LEVELS), generator=_generator(run, 1)).tolist()


def all_mixed(run: Run) -> Train:
    """Show the very images of the orders, all levels in every epoch."""
    return interleaved([filled_up(run.tail, level, draw) for draw, level in enumerate(LEVELS)])


def adaptive(run: Run) -> MostProgress:
    """Let practice on real images say which level comes next.

    Level 1 is no choice: its pictures are the real ones, of which none can be held out.
    """
    held_out = {level: synthetic(run.tail, level, HELD_OUT) for level in LEVELS[:-1]}
    few = torch.randperm(len(held_out[0.0]), generator=_generator(run, 2))[:200]
    return MostProgress(
        run.model,
        set_of=lambda stage, level: filled_up(run.tail, level, stage),
        held_out={level: images.subset(few) for level, images in held_out.items()},
        practice=run.tail.real,
        stages=len(LEVELS),
        config=run.config,
    )


def turned(train_of: Callable[[Run], Train]) -> Callable[[Run], Train]:
    """Add plain augmentation: in each epoch every image is turned, mirrored, inverted at random."""

    def augmented(run: Run) -> Train:
        train = train_of(run)
        return lambda epoch: turn_and_mirror(train(epoch), mixed_seed(run.config.seed, epoch, 4))

    return augmented


def turn_and_mirror(image_set: ImageSet, seed: int) -> ImageSet:
    """Turn each image by a multiple of 90 degrees, mirror every other, invert every other's greys.

    Shapes stay what they are, so labels stay true: 16 variants of each image for no work at all.
    """
    draws = np.random.default_rng(seed).integers(0, (4, 2, 2), (len(image_set), 3))
    turns, mirrored, inverted = torch.from_numpy(draws).T
    images = image_set.images.clone()
    for quarter in range(1, 4):
        images[turns == quarter] = images[turns == quarter].rot90(quarter, (2, 3))
    images[mirrored == 1] = images[mirrored == 1].flip(-1)
    images[inverted == 1] = 1 - images[inverted == 1]
    return replace(image_set, images=images)


def balanced_softmax(tail: LongTail) -> BatchLoss:
    """Tell the loss how frequent each class is, so that the net need not learn it.

    The logarithm of the counts is added to the logits in training only: what the net answers
    itself then belongs to equally frequent classes.

    References
    ----------
    Ren et al., *Balanced Meta-Softmax for Long-Tailed Visual Recognition*, NeurIPS 2020.
    """
    log_counts = tail.real.labels.bincount().log()

    def loss(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(model(images) + log_counts.to(labels.device), labels)

    return loss


ARMS: dict[str, Callable[[Run], Train]] = {
    "as is": as_is,
    "balanced softmax": as_is,
    "re-sampling": at_level(1.0),
    **{f"level {level:g} only": at_level(level) for level in LEVELS[:-1]},
    "all levels mixed": all_mixed,
    "low to high": in_order(rising),
    "high to low": in_order(falling),
    "random order": in_order(at_random),
    "adaptive": adaptive,
    "re-sampling, turned": turned(at_level(1.0)),
    "all levels mixed, turned": turned(all_mixed),
    "low to high, turned": turned(in_order(rising)),
}

LOSSES: dict[str, Callable[[LongTail], BatchLoss]] = {"balanced softmax": balanced_softmax}


def _generator(run: Run, purpose: int) -> torch.Generator:
    return torch.Generator().manual_seed(mixed_seed(run.config.seed, purpose, 5))
