"""Decide what a picture of shapes shows, then draw it.

A square, a circle or an equilateral triangle is squeezed, turned, put somewhere and painted.
What to paint is drawn at random in lengths that know no pixels (:func:`sample_scenes`); painting
(:func:`render`) then works at any resolution and adds what belongs to pixels, the noise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from effcv_lab.arguments import number_in, whole_number
from effcv_lab.raster import ellipse_ends, fill, polygon_ends, strips

CLASSES = ("rectangle", "ellipse", "triangle")
ELLIPSE, TRIANGLE = 1, 2
CORNER_ANGLES = np.array([[45, 135, 225, 315], [0, 90, 180, 270], [90, 210, 330, 330]])  # degrees
STROKE_COUNT = 20
PIXELS_AT_ONCE = 2**16  # small enough for the processor's own memory
SMALLEST, LARGEST = 16, 512  # sides of an image in pixels
MARGIN = 1 / SMALLEST  # of the side: one pixel in the smallest image, two at 32x32
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


def sample_scenes(count: int, *, seed: int = 0, **dials: Range) -> Scenes:
    """Draw at random what ``count`` pictures show, one independent value per dial and picture.

    Parameters
    ----------
    count : int >= 1
    seed : int >= 0
    **dials
        All seven of :data:`LIMITS`, as explained at :func:`effcv_lab.shapes.draw_shapes`.

    Returns
    -------
    scenes : Scenes
    """
    whole_number("count", count, 1)
    whole_number("seed", seed, 0)
    ranges = {name: checked_range(name, dials[name]) for name in LIMITS}
    # One row for each picture, one column for each thing to decide: so no dial, and no larger
    # count, changes what is drawn for another.
    draws = np.random.default_rng(seed).random((count, 11)).T
    value = {}
    for name, draw in zip(
        ("scale", "aspect", "rotation", "contrast", "noise"), draws, strict=False
    ):
        low, high = ranges[name]
        value[name] = low + (high - low) * draw
    low, high = ranges["position"]
    position = low + (high - low) * draws[5:7].T
    low, high = ranges["clutter"]
    clutter = np.floor(low + (high - low + 1) * draws[7]).astype(np.int64)
    labels = balanced_labels(count, seed)
    squeeze = np.pi * np.where(labels == TRIANGLE, draws[8], np.floor(2 * draws[8]) / 2)
    dark = draws[9] * (1 - value["contrast"])
    bright = dark + value["contrast"]
    inverted = draws[10] < 0.5
    stroke_count = STROKE_COUNT if clutter.any() else 0
    strokes = np.random.default_rng([seed, 2]).random((count, stroke_count, 5))
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


def balanced_labels(count: int, seed: int) -> np.ndarray:
    """Deal class numbers so that in each run of three pictures every class comes once."""
    rounds = -(-count // len(CLASSES))
    order = np.random.default_rng([seed, 1]).random((rounds, len(CLASSES)))
    return order.argsort(axis=1).ravel()[:count].astype(np.int64)


def checked_range(name: str, given: Range) -> tuple[float, float]:
    """Turn a number or a pair into ``(low, high)``, within what :data:`LIMITS` allows."""
    low_limit, high_limit = LIMITS[name]
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


def outlines(scenes: Scenes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Work out where the shapes lie, in sides of the image, x to the right, y downwards.

    Parameters
    ----------
    scenes : Scenes

    Returns
    -------
    centre : (N, 2)
        Of the ellipse around the shape.
    matrix : (N, 2, 2)
        That ellipse is ``centre + matrix @ u`` over all ``u`` of the unit circle.
    corners : (N, 4, 2)
        Of rectangles and of triangles (their last one twice); without meaning for ellipses.
    """
    turn, along = rotations(np.deg2rad(scenes.rotation)), rotations(scenes.squeeze)
    axes = np.ones((len(scenes), 2, 1))
    axes[:, 1, 0] = scenes.aspect
    half = (scenes.scale / 2)[:, None, None]
    matrix = half * (turn @ along @ (axes * along.transpose(0, 2, 1)))
    angles = np.deg2rad(CORNER_ANGLES)[scenes.labels]
    corners = np.stack([np.cos(angles), -np.sin(angles)], axis=2) @ matrix.transpose(0, 2, 1)
    round_half = np.linalg.norm(matrix, axis=2)
    is_round = (scenes.labels == ELLIPSE)[:, None]
    low = np.where(is_round, -round_half, corners.min(axis=1))
    high = np.where(is_round, round_half, corners.max(axis=1))
    centre = MARGIN - low + scenes.position * (1 - 2 * MARGIN - (high - low))
    return centre, matrix, centre[:, None] + corners


def render(scenes: Scenes, size: int = 32) -> np.ndarray:
    """Draw the scenes: each pixel is the mean grey of the square that it stands for.

    Parameters
    ----------
    scenes : Scenes
    size : int in [16, 512]
        Side of the images in pixels.

    Returns
    -------
    images : float32 (N, 1, size, size) in [0, 1]
    """
    whole_number("size", size, SMALLEST, LARGEST)
    images = np.empty((len(scenes), 1, size, size), dtype=np.float32)
    noise = np.random.default_rng([scenes.seed, 3])
    step = max(1, PIXELS_AT_ONCE // size**2)
    for start in range(0, len(scenes), step):
        piece = scenes[start : start + step]
        canvas = np.empty((len(piece), size, size), dtype=np.float32)
        canvas[:] = piece.background[:, None, None]
        for number in range(piece.clutter.max()):
            paint_stroke(canvas, piece, number)
        paint_shape(canvas, piece)
        if scenes.noise.any():
            grain = noise.standard_normal(canvas.shape, dtype=np.float32)
            canvas += piece.noise[:, None, None].astype(np.float32) * grain
        np.clip(canvas, 0, 1, out=images[start : start + step, 0])
    return images


def paint_shape(canvas: np.ndarray, scenes: Scenes) -> None:
    """Paint the shapes over what is on the canvas (N, size, size), in place."""
    size = canvas.shape[1]
    centre, matrix, corners = outlines(scenes)
    is_round = (scenes.labels == ELLIPSE)[:, None]
    half = np.linalg.norm(matrix[:, 1], axis=1)
    top = np.where(is_round[:, 0], centre[:, 1] - half, corners[:, :, 1].min(axis=1))
    bottom = np.where(is_round[:, 0], centre[:, 1] + half, corners[:, :, 1].max(axis=1))
    heights, thickness = strips(top, bottom, size)
    round_ends = ellipse_ends(centre, matrix, heights)
    straight_ends = polygon_ends(corners, heights)
    left, right = (
        np.where(is_round, *pair) for pair in zip(round_ends, straight_ends, strict=True)
    )
    blend(canvas, fill(left, right, thickness), scenes.foreground)


def paint_stroke(canvas: np.ndarray, scenes: Scenes, number: int) -> None:
    """Paint stroke ``number`` of the pictures that have so many, in place."""
    x, y, turn, length, grey = scenes.strokes[:, number].T
    half = np.stack([0.05 + 0.1 * length, np.full_like(length, 0.015)], axis=1)
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    corners = signs * half[:, None] @ rotations(np.pi * turn).transpose(0, 2, 1)
    corners += np.stack([x, y], axis=1)[:, None]
    heights, thickness = strips(
        corners[:, :, 1].min(axis=1), corners[:, :, 1].max(axis=1), canvas.shape[1]
    )
    coverage = fill(*polygon_ends(corners, heights), thickness)
    coverage[scenes.clutter <= number] = 0
    # At most half way to the shape, so that the shape stands out from every stroke.
    strength = (grey - 0.5) * (scenes.foreground - scenes.background)
    blend(canvas, coverage, np.clip(scenes.background + strength, 0, 1))


def blend(canvas: np.ndarray, coverage: np.ndarray, grey: np.ndarray) -> None:
    """Mix a grey into the canvas, in place, in proportion to the share of each pixel."""
    canvas += coverage * (grey[:, None, None].astype(np.float32) - canvas)


def rotations(angles: np.ndarray) -> np.ndarray:
    """Give the matrices (N, 2, 2) of anticlockwise turns (radians) where y points down."""
    cosine, sine = np.cos(angles), np.sin(angles)
    return np.stack([np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)], axis=-2)
