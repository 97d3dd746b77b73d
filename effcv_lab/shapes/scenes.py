"""Decide what pictures of shapes show, in lengths that know no pixels.

A square, a circle or an equilateral triangle is squeezed, turned and put somewhere. Painting is
the next step (:mod:`effcv_lab.shapes.painting`), at any resolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from effcv_lab.arguments import number_in, whole_number

CLASSES = ("rectangle", "ellipse", "triangle")
ELLIPSE, TRIANGLE = 1, 2
CORNER_ANGLES = np.array([[45, 135, 225, 315], [0, 90, 180, 270], [90, 210, 330, 330]])  # degrees
STROKE_COUNT = 20
MARGIN = 1 / 16  # of the side: one pixel in the smallest image, 16x16, two in 32x32
LIMITS = {
    "position": (0, 1),
    "scale": (0.1, 1 - 2 * MARGIN),
    "aspect": (0.2, 1),
    "rotation": (-360, 360),
    "contrast": (0.05, 1),
    "noise": (0, 0.5),
    "clutter": (0, STROKE_COUNT),
}

Range = float | tuple[float, float]


@dataclass(frozen=True, eq=False)
class Scenes:
    """What N pictures show, in sides of the image: the truth that a picture is drawn from."""

    labels: np.ndarray  # int64 (N,), places in CLASSES
    position: np.ndarray  # (N, 2) in [0, 1], share of the free room to the left and above
    scale: np.ndarray  # (N,) longer axis of the circumscribed ellipse
    aspect: np.ndarray  # (N,) shorter axis by longer axis
    squeeze: np.ndarray  # (N,) radians, direction of the longer axis before the turn
    rotation: np.ndarray  # (N,) degrees, anticlockwise
    foreground: np.ndarray  # (N,) grey of the shape in [0, 1]
    background: np.ndarray  # (N,) grey behind it
    noise: np.ndarray  # (N,) standard deviation
    clutter: np.ndarray  # int64 (N,), how many of the strokes to draw
    strokes: np.ndarray  # (N, 20 or 0, 5) in [0, 1]: x, y, angle, length, grey
    seed: int  # of the noise

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, piece: slice) -> Scenes:
        cut = {f.name: getattr(self, f.name)[piece] for f in fields(self) if f.name != "seed"}
        return replace(self, **cut)


def sample_scenes(
    count: int, *, seed: int = 0, label: int | None = None, **dials: Range | tuple[Range, Range]
) -> Scenes:
    """Draw at random what ``count`` pictures show, one independent value per dial and picture.

    Parameters
    ----------
    count : int >= 1
    seed : int >= 0
    label : int in [0, 2], optional
        The class of all pictures; default: equal shares.
    **dials
        All seven of :data:`LIMITS`, as explained at :func:`effcv_lab.shapes.draw_shapes`.

    Returns
    -------
    scenes : Scenes

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number or range.
    """
    whole_number("count", count, 1)
    whole_number("seed", seed, 0)
    ranges = {name: checked_range(name, dials[name]) for name in LIMITS if name != "position"}
    main, dealer, scribbler, _ = random_streams(seed)
    # One row for each picture, one column for each thing to decide: so no dial, and no larger
    # count, changes what is drawn for another.
    draws = main.random((count, 11)).T
    value = {}
    for name, draw in zip(
        ("scale", "aspect", "rotation", "contrast", "noise"), draws[:5], strict=True
    ):
        low, high = ranges[name]
        value[name] = low + (high - low) * draw
    low, high = ranges_of_both_axes(dials["position"])
    position = low + (high - low) * draws[5:7].T
    low, high = ranges["clutter"]
    clutter = np.minimum(high, np.floor(low + (high - low + 1) * draws[7])).astype(np.int64)
    labels = balanced_labels(count, dealer)
    if label is not None:
        labels[:] = whole_number("label", label, 0, len(CLASSES) - 1)
    squeeze = np.pi * np.where(labels == TRIANGLE, draws[8], np.floor(2 * draws[8]) / 2)
    dark = draws[9] * (1 - value["contrast"])
    bright = dark + value["contrast"]
    inverted = draws[10] < 0.5
    strokes = scribbler.random((count, STROKE_COUNT if clutter.any() else 0, 5))
    return Scenes(
        labels=labels,
        position=position,
        scale=value["scale"],
        aspect=value["aspect"],
        squeeze=squeeze,
        rotation=value["rotation"],
        foreground=np.where(inverted, dark, bright),
        background=np.where(inverted, bright, dark),
        noise=value["noise"],
        clutter=clutter,
        strokes=strokes,
        seed=seed,
    )


def random_streams(seed: int) -> list[np.random.Generator]:
    """Make four independent streams: for the dials, the classes, the strokes and the noise."""
    return [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)]


def balanced_labels(
    count: int, random: np.random.Generator, classes: int = len(CLASSES)
) -> np.ndarray:
    """Deal class numbers so that in each run of so many pictures every class comes once."""
    rounds = -(-count // classes)
    order = random.random((rounds, classes)).argsort(axis=1)
    return order.ravel()[:count].astype(np.int64)


def checked_range(
    name: str, given: Range, limits: Mapping[str, tuple[float, float]] = LIMITS
) -> tuple[float, float]:
    """Turn a number or a pair into ``(low, high)``, within what ``limits`` allow it."""
    low_limit, high_limit = limits[name]
    ends = given if isinstance(given, tuple | list) else (given, given)
    if len(ends) != 2:
        raise ValueError(f"{name} must be a number or a pair (low, high), got {given!r}")
    if name == "clutter":
        low, high = (whole_number(name, end, low_limit, high_limit) for end in ends)
    else:
        low, high = (number_in(name, end, low_limit, high_limit) for end in ends)
    if low > high:
        raise ValueError(f"{name} must be a pair (low, high) with low <= high, got {given!r}")
    return low, high


def ranges_of_both_axes(position: Range | tuple[Range, Range]) -> np.ndarray:
    """Turn a range for both axes, or one across and one down, into what is lowest and highest."""
    pairs = tuple | list
    apart = isinstance(position, pairs) and any(isinstance(end, pairs) for end in position)
    axes = position if apart else (position, position)
    if len(axes) != 2:
        raise ValueError(f"position must be a range or a pair (across, down), got {position!r}")
    return np.array([checked_range("position", axis) for axis in axes]).T


class Outlines(NamedTuple):
    """Where N shapes lie, in sides of the image, x to the right, y downwards."""

    centre: np.ndarray  # (N, 2) of the ellipse around the shape
    matrix: np.ndarray  # (N, 2, 2); that ellipse is centre + matrix @ u, u on the unit circle
    corners: np.ndarray  # (N, 4, 2), a triangle's last one twice; without meaning for ellipses
    low: np.ndarray  # (N, 2) upper left corner of the upright box around the shape
    high: np.ndarray  # (N, 2) lower right corner


def outlines(scenes: Scenes) -> Outlines:
    """Squeeze, turn and place the shapes of ``scenes``.

    Examples
    --------
    >>> dials = {"position": 0, "scale": 0.5, "aspect": 1, "rotation": 0, "contrast": 1}
    >>> round_one = sample_scenes(3, **dials, noise=0, clutter=0)
    >>> outlines(round_one).low[round_one.labels == ELLIPSE]
    array([[0.0625, 0.0625]])
    """
    turn, along = rotations(np.deg2rad(scenes.rotation)), rotations(scenes.squeeze)
    axes = np.ones((len(scenes), 2, 1))
    axes[:, 1, 0] = scenes.aspect
    half = (scenes.scale / 2)[:, None, None]
    matrix = half * (turn @ along @ (axes * along.transpose(0, 2, 1)))
    angles = np.deg2rad(CORNER_ANGLES)[scenes.labels]
    corners = np.stack([np.cos(angles), -np.sin(angles)], axis=2) @ matrix.transpose(0, 2, 1)
    reach = np.linalg.norm(matrix, axis=2)
    is_round = (scenes.labels == ELLIPSE)[:, None]
    low = np.where(is_round, -reach, corners.min(axis=1))
    high = np.where(is_round, reach, corners.max(axis=1))
    centre = MARGIN - low + scenes.position * (1 - 2 * MARGIN - (high - low))
    return Outlines(centre, matrix, centre[:, None] + corners, centre + low, centre + high)


def rotations(angles: np.ndarray) -> np.ndarray:
    """Give the matrices (N, 2, 2) of anticlockwise turns (radians) where y points down."""
    cosine, sine = np.cos(angles), np.sin(angles)
    return np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], axis=-2)
