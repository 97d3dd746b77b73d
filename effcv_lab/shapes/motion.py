"""Clips of one shape that moves: what it does is the class, what it is does not matter.

A clip is an image whose channels are its frames in order, so that everything that takes an
:class:`~effcv_lab.data.ImageSet` takes clips as well.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch

from effcv_lab.arguments import whole_number
from effcv_lab.data.image_set import ImageSet
from effcv_lab.shapes.painting import LARGEST, SMALLEST, render
from effcv_lab.shapes.scenes import (
    MARGIN,
    Range,
    Scenes,
    balanced_labels,
    checked_range,
    outlines,
    sample_scenes,
)

MOTIONS = (
    "left", "right", "up", "down", "clockwise", "anticlockwise", "there and back", "stop and go",
    "zigzag",
)  # fmt: skip
LEFT, RIGHT, UP, DOWN, CLOCKWISE, ANTICLOCKWISE, THERE_AND_BACK, STOP_AND_GO, ZIGZAG = range(9)
HEADINGS = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])  # left, right, up, down; y points down
LIMITS = {"travel": (0.1, 1), "turns": (0.25, 4)}
FEWEST, MOST = 2, 300  # frames of a clip


@dataclass(frozen=True, eq=False)
class Moves:
    """What N shapes do: the truth that their clips are drawn from."""

    labels: np.ndarray  # int64 (N,), places in MOTIONS
    travel: np.ndarray  # (N,) length of the way, or diameter of the circle, as a share of the room
    turns: np.ndarray  # (N,) times around the circle
    heading: np.ndarray  # int64 (N,), place in HEADINGS; the label says it for the first four
    phase: np.ndarray  # (N,) in [0, 1): where a circle starts, or a rhythm
    beats: np.ndarray  # (N,) stops, or strokes of the zigzag
    turning: np.ndarray  # (N,) share of the time after which the way back begins

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: np.ndarray | slice) -> Moves:
        return replace(self, **{f.name: getattr(self, f.name)[chosen] for f in fields(self)})


def moving_shapes(
    count: int,
    *,
    seed: int = 0,
    frames: int = 30,
    size: int = 16,
    travel: Range = (0.4, 0.8),
    turns: Range = (0.75, 1.75),
    position: Range = (0, 1),
    scale: Range = (0.25, 0.4),
    aspect: Range = (0.5, 1),
    rotation: Range = (0, 360),
    contrast: Range = (0.3, 1),
    noise: Range = 0,
    clutter: Range = 0,
) -> ImageSet:
    """Draw clips of a shape that moves; the class is the motion, all else is a nuisance.

    ``left``, ``right``, ``up``, ``down``: straight and steady. ``clockwise``, ``anticlockwise``:
    around a circle. The rest goes in one of the four directions: ``there and back`` turns once,
    ``stop and go`` halts several times, ``zigzag`` swings sideways. Each dial takes a range, from
    which every clip draws its own value, or one number for all. Turning one dial changes no draw
    of the others.

    Parameters
    ----------
    count : int >= 1
        Clips; the classes have equal shares, to within one clip.
    seed : int >= 0
        The same seed gives the same clips on every device; a smaller ``count`` gives the first of
        them; other ``frames`` show the same motions at another rate and another ``size`` at
        another resolution (noise apart, which belongs to pixels).
    frames : int in [2, 300]
        The first shows the start of the motion and the last its end.
    size : int in [16, 512]
        Side of a frame in pixels.
    travel : in [0.1, 1]
        How far it goes (the diameter, for a circle), as a share of the room that the shape
        leaves: at 1 from margin to margin in its tighter direction.
    turns : in [0.25, 4]
        How often it goes around in a clip.
    position : in [0, 1]
        Where the whole motion lies, from far left (and, drawn anew, far up) to far right.
    scale, aspect, rotation, contrast, noise, clutter
        As for :func:`effcv_lab.shapes.draw_shapes`; the shape, its grey, the ground and the
        strokes stay the same through a clip, and noise is new in each frame.

    Returns
    -------
    clips : ImageSet
        Images (count, frames, size, size), labels in the order of :data:`MOTIONS`. The whole
        shape keeps 1/16 of the side from the border in every frame.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number or range; names it and the allowed range.

    Examples
    --------
    >>> clips = moving_shapes(18, seed=1)
    >>> clips
    ImageSet('moving shapes': 18 images 30x16x16, 9 classes, on cpu)
    >>> clips.labels.bincount()
    tensor([2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    whole_number("frames", frames, FEWEST, MOST)
    whole_number("size", size, SMALLEST, LARGEST)
    scenes = sample_scenes(
        count,
        seed=seed,
        position=position,
        scale=scale,
        aspect=aspect,
        rotation=rotation,
        contrast=contrast,
        noise=noise,
        clutter=clutter,
    )
    moves = sample_moves(count, seed=seed, travel=travel, turns=turns)
    filmed = film(scenes, moves, frames)
    images = render(filmed, size).reshape(count, frames, size, size)
    return ImageSet(
        images=torch.from_numpy(images),
        labels=torch.from_numpy(moves.labels),
        classes=MOTIONS,
        name="moving shapes",
        source=f"drawn by effcv_lab.shapes.moving_shapes, seed {seed}",
        licence="MIT",
    )


def sample_moves(count: int, *, seed: int = 0, travel: Range, turns: Range) -> Moves:
    """Draw at random what ``count`` shapes do, apart from what they are and where.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number or range.
    """
    whole_number("count", count, 1)
    whole_number("seed", seed, 0)
    given = {"travel": travel, "turns": turns}
    ranges = {name: checked_range(name, given[name], LIMITS) for name in LIMITS}
    # The first four children of this seed draw the scenes: see random_streams.
    dealer, mover = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(6)[4:]
    )
    labels = balanced_labels(count, dealer, len(MOTIONS))
    draws = mover.random((count, 6)).T
    value = {}
    for (name, (low, high)), draw in zip(ranges.items(), draws[:2], strict=True):
        value[name] = low + (high - low) * draw
    return Moves(
        labels=labels,
        travel=value["travel"],
        turns=value["turns"],
        heading=np.where(labels <= DOWN, labels, np.floor(4 * draws[2]).astype(np.int64)),
        phase=draws[3],
        beats=2 + 2 * draws[4],
        turning=0.35 + 0.3 * draws[5],
    )


def film(scenes: Scenes, moves: Moves, frames: int) -> Scenes:
    """Repeat each scene for every frame, with the shape where its motion has brought it.

    Returns
    -------
    filmed : Scenes
        ``len(scenes) * frames`` of them, clip after clip.
    """
    shape = outlines(scenes)
    room = 1 - 2 * MARGIN - (shape.high - shape.low)  # (N, 2), of the shape's box
    extent = (moves.travel * room.min(axis=1))[:, None]
    start = scenes.position * (room - extent)
    places = start[:, None] + extent[:, None] * paths(moves, frames)
    each = {
        f.name: np.repeat(getattr(scenes, f.name), frames, axis=0)
        for f in fields(scenes)
        if f.name not in ("position", "seed")
    }
    position = (places / room[:, None]).reshape(-1, 2)
    return Scenes(position=np.clip(position, 0, 1), seed=scenes.seed, **each)


def paths(moves: Moves, frames: int) -> np.ndarray:
    """Say where a motion is in its own unit square, at equal steps of time.

    Returns
    -------
    paths : (N, frames, 2) in [0, 1]
        x to the right, y downwards; what does not swing stays in the middle.

    Examples
    --------
    >>> moves = sample_moves(9, travel=1, turns=1)
    >>> right = moves[moves.labels == RIGHT]
    >>> paths(right, 3)[0].tolist()
    [[0.0, 0.5], [0.5, 0.5], [1.0, 0.5]]
    """
    time = np.linspace(0, 1, frames)
    labels, phase, beats = moves.labels[:, None], moves.phase[:, None], moves.beats[:, None]
    turning = moves.turning[:, None]
    there_and_back = np.minimum(time / turning, (1 - time) / (1 - turning))
    begun = halting(phase)
    stop_and_go = (halting(phase + beats * time) - begun) / (halting(phase + beats) - begun)
    along = np.broadcast_to(time, (len(moves), frames))
    along = np.where(labels == THERE_AND_BACK, there_and_back, along)
    along = np.where(labels == STOP_AND_GO, stop_and_go, along)
    swing = np.abs((phase + beats * time) % 1 - 0.5) - 0.25  # a triangle wave, up and down by 1/4
    sideways = np.where(labels == ZIGZAG, swing, 0)
    heading = HEADINGS[moves.heading][:, None]  # (N, 1, 2)
    straight = 0.5 + heading * (along - 0.5)[:, :, None]
    straight = straight + np.abs(heading[:, :, ::-1]) * sideways[:, :, None]
    angle = 2 * np.pi * (phase + moves.turns[:, None] * time)
    angle = np.where(labels == CLOCKWISE, -angle, angle)
    circle = 0.5 + 0.5 * np.stack([np.cos(angle), -np.sin(angle)], axis=2)
    is_round = (labels == CLOCKWISE) | (labels == ANTICLOCKWISE)
    return np.where(is_round[:, :, None], circle, straight)


def halting(time: np.ndarray) -> np.ndarray:
    """Let a clock run at double speed in the first half of each beat and stand in the second.

    Examples
    --------
    >>> halting(np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.25]))
    array([0. , 0.5, 1. , 1. , 1. , 1.5])
    """
    return np.floor(time) + np.minimum(2 * (time % 1), 1)
