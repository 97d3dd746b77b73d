"""Guidance: synthetic images between what is typical of a class and a real image, in what order."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from effcv_lab.arguments import number_in, whole_number
from effcv_lab.data import ImageSet
from effcv_lab.evaluation import predict_logits
from effcv_lab.shapes import Scenes, sample_scenes
from effcv_lab.training import TrainConfig, fit

#: What the generator draws where nobody shows it an image: in the middle, large, upright, clear.
TYPICAL = {
    "position": (0.4, 0.6),
    "scale": (0.65, 0.8),
    "aspect": (0.5, 0.6),
    "rotation": (-15, 15),
    "contrast": (0.8, 1),
}
BLENDED = ("position", "scale", "aspect", "rotation", "foreground", "background")


def guided_scenes(scenes: Scenes, level: float, seed: int = 0) -> Scenes:
    """Decide what synthetic pictures show: between typical ones and the real ones given.

    A diffusion model that begins its work from a noisy real image, not from noise alone, makes
    something between what its prompt says and that image. In its place, every dial of the scene
    (place, size, turn, greys, how far it is squeezed) is blended: ``level`` times the real value
    plus ``1 - level`` times a value drawn from :data:`TYPICAL`. So a low level gives diverse
    pictures that are easy and far from the real ones, a high level gives close copies.

    It is an optimistic stand-in: it knows the dials of the real pictures and keeps every class
    (an unsqueezed shape stays unsqueezed, a squeezed one keeps its direction, dark stays dark), so
    no synthetic picture has to be filtered out. A diffusion model does not know what makes a class.

    Parameters
    ----------
    scenes : Scenes, of N real pictures
    level : float in [0, 1]
        Image guidance: 0 = typical of the class, 1 = the real scenes themselves.
    seed : int >= 0
        Of the typical values; the same ones at every level.

    Returns
    -------
    guided : Scenes, of N pictures

    Raises
    ------
    ValueError
        If ``level`` is outside [0, 1].

    References
    ----------
    Liang et al., *Diffusion Curriculum*, arXiv 2410.13674v4, section 3.1 (equation 3: the step at
    which denoising begins is the level; 0 is text alone, 1 a replica of the image).

    Examples
    --------
    >>> real = sample_scenes(3, position=0, scale=0.4, aspect=1, rotation=90, contrast=1,
    ...                      noise=0, clutter=0)
    >>> [guided_scenes(real, level).scale.max().round(2).item() for level in (0, 0.5, 1)]
    [0.79, 0.6, 0.4]
    """
    level = number_in("level", level, 0, 1)
    drawn = sample_scenes(len(scenes), seed=seed, noise=0, clutter=0, **TYPICAL)
    dark = np.minimum(drawn.foreground, drawn.background)
    bright = np.maximum(drawn.foreground, drawn.background)
    inverted = scenes.foreground < scenes.background
    typical = replace(
        drawn,
        aspect=np.where(scenes.aspect == 1, 1, drawn.aspect),
        foreground=np.where(inverted, dark, bright),
        background=np.where(inverted, bright, dark),
    )
    ways = ((name, getattr(scenes, name), getattr(typical, name)) for name in BLENDED)
    return replace(scenes, **{name: level * real + (1 - level) * far for name, real, far in ways})


def in_stages(sets: Sequence[ImageSet], epochs: int) -> Callable[[int], ImageSet]:
    """Return the ``train`` of a fixed schedule: one set after the other, for equally long.

    With sets from the lowest guidance level to the highest this is the curriculum from diverse to
    specific; the reversed sequence and a shuffled one are its controls.

    Parameters
    ----------
    sets : sequence of ImageSet, at least one
    epochs : int, at least as many as there are sets

    Returns
    -------
    train : function from the epoch, counted from 0, to an ImageSet

    Raises
    ------
    ValueError
        If there is no set, or there are fewer epochs than sets.

    References
    ----------
    Liang et al., arXiv 2410.13674v4, section 3.2 and algorithm 1.

    Examples
    --------
    >>> from effcv_lab.shapes import basic_shapes, geometric_shapes
    >>> train = in_stages([basic_shapes(6), geometric_shapes(6)], epochs=4)
    >>> [train(epoch).name for epoch in range(4)]
    ['basic shapes', 'basic shapes', 'geometric shapes', 'geometric shapes']
    """
    sets = _some(sets)
    whole_number("epochs", epochs, len(sets))
    return lambda epoch: sets[_stage(epoch, epochs, len(sets))]


def interleaved(sets: Sequence[ImageSet]) -> Callable[[int], ImageSet]:
    """Return the ``train`` of the control without an order: a part of every set in each epoch.

    Epoch e shows picture i of set ``(i + e) % S``. So S epochs show every picture of all S sets
    once, just as S stages of one epoch do, and only the order tells the two apart.

    Parameters
    ----------
    sets : sequence of S ImageSet, at least one
        With the same label at each place, as the same classes at different levels have.

    Returns
    -------
    train : function from the epoch, counted from 0, to an ImageSet

    Raises
    ------
    ValueError
        If there is no set, or labels differ.

    References
    ----------
    Liang et al., arXiv 2410.13674v4, section 5.1 (their control is called all-level guidance).

    Examples
    --------
    >>> from effcv_lab.shapes import basic_shapes, geometric_shapes
    >>> easy, hard = basic_shapes(6), geometric_shapes(6)
    >>> mixed = interleaved([easy, hard])(0).images
    >>> torch.equal(mixed[::2], easy.images[::2]), torch.equal(mixed[1::2], hard.images[1::2])
    (True, True)
    """
    sets = _some(sets)
    if any(not torch.equal(one.labels, sets[0].labels) for one in sets):
        raise ValueError("sets must have the same label at each place, got different ones")
    places = torch.arange(len(sets[0]))
    images = torch.stack([one.images for one in sets])
    mixed = [
        replace(sets[0], images=images[(places + shift) % len(sets), places])
        for shift in range(len(sets))
    ]
    return lambda epoch: mixed[epoch % len(sets)]


class MostProgress:
    """The ``train`` of an adaptive schedule: each stage takes the level that is learned fastest.

    Before each stage a copy of the net practises for one epoch on real images. The level of which
    it then gives its held-out images the largest rise in the probability of their class is the
    level of the stage. The net itself takes no more steps than in any other schedule; the practice
    is extra compute. No validation or test image is looked at.

    Parameters
    ----------
    model : Module
        The net that ``fit`` trains with this.
    set_of : function ``(stage, level) -> ImageSet``
        What to train on.
    held_out : dict from level to ImageSet
        Synthetic images of each level that are never trained on.
    practice : ImageSet, of real images
    stages : int in [1, config.epochs]
    config : TrainConfig
        The one given to ``fit``.

    Attributes
    ----------
    chosen : list of levels, one for each stage so far

    References
    ----------
    Liang et al., arXiv 2410.13674v4, algorithm 2 (there the net itself does the practice).
    """

    def __init__(
        self,
        model: nn.Module,
        set_of: Callable[[int, float], ImageSet],
        held_out: Mapping[float, ImageSet],
        practice: ImageSet,
        stages: int,
        config: TrainConfig,
    ) -> None:
        self.model, self.set_of, self.held_out = model, set_of, dict(held_out)
        self.practice, self.config = practice, config
        self.stages = whole_number("stages", stages, 1, config.epochs)
        self.chosen: list[float] = []

    def __call__(self, epoch: int) -> ImageSet:
        """Return the images of this epoch; at the first one of a stage, choose their level."""
        stage = _stage(epoch, self.config.epochs, self.stages)
        if stage == len(self.chosen):
            progress = self.progress(epoch)
            self.chosen.append(max(progress, key=progress.get))
            self.images = self.set_of(stage, self.chosen[-1])
        return self.images

    def progress(self, epoch: int) -> dict[float, float]:
        """Return by how much practice now would raise the probability of the class, by level."""
        rate = self.config.learning_rate * (1 + math.cos(math.pi * epoch / self.config.epochs)) / 2
        practised = copy.deepcopy(self.model)
        config = replace(self.config, epochs=1, learning_rate=rate)
        first = next(iter(self.held_out.values()))
        device = next(self.model.parameters()).device
        fit(practised, self.practice, first, config, device=device, progress=False)
        return {
            level: _confidence(practised, images) - _confidence(self.model, images)
            for level, images in self.held_out.items()
        }


def _confidence(model: nn.Module, image_set: ImageSet) -> float:
    """Return the mean probability that the model gives to the true class."""
    probs = predict_logits(model, image_set.images).softmax(dim=1)
    return probs.gather(1, image_set.labels.cpu()[:, None]).mean().item()


def _some(sets: Sequence[ImageSet]) -> list[ImageSet]:
    if len(sets) == 0:
        raise ValueError("sets must hold at least one image set, got none")
    return list(sets)


def _stage(epoch: int, epochs: int, stages: int) -> int:
    return epoch * stages // epochs
