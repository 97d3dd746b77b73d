"""Paint scenes: plain ground, strokes behind, the shape in front, noise over all."""

from __future__ import annotations

import numpy as np

from effcv_lab.arguments import whole_number
from effcv_lab.shapes.raster import ellipse_ends, fill, polygon_ends, strips
from effcv_lab.shapes.scenes import ELLIPSE, Scenes, outlines, random_streams, rotations

SMALLEST, LARGEST = 16, 512  # sides of an image in pixels
PIXELS_AT_ONCE = 2**16  # small enough for the processor's own memory


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

    Raises
    ------
    TypeError, ValueError
        If ``size`` is not such a number.
    """
    whole_number("size", size, SMALLEST, LARGEST)
    images = np.empty((len(scenes), 1, size, size), dtype=np.float32)
    noise = random_streams(scenes.seed)[3]
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
    shape = outlines(scenes)
    heights, thickness = strips(shape.low[:, 1], shape.high[:, 1], canvas.shape[1])
    is_round = (scenes.labels == ELLIPSE)[:, None]
    round_left, round_right = ellipse_ends(shape.centre, shape.matrix, heights)
    left, right = polygon_ends(shape.corners, heights)
    left, right = np.where(is_round, round_left, left), np.where(is_round, round_right, right)
    blend(canvas, fill(left, right, thickness), scenes.foreground)


def paint_stroke(canvas: np.ndarray, scenes: Scenes, number: int) -> None:
    """Paint stroke ``number`` in those pictures that have so many, in place."""
    mine = scenes.clutter > number
    x, y, turn, length, grey = scenes.strokes[mine, number].T
    half = np.stack([0.05 + 0.1 * length, np.full_like(length, 0.015)], axis=1)
    around = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    corners = around * half[:, None] @ rotations(np.pi * turn).transpose(0, 2, 1)
    corners += np.stack([x, y], axis=1)[:, None]
    top, bottom = corners[:, :, 1].min(axis=1), corners[:, :, 1].max(axis=1)
    heights, thickness = strips(top, bottom, canvas.shape[1])
    # At most half way to the shape's grey, so that the shape stands out from every stroke.
    strength = (grey - 0.5) * (scenes.foreground - scenes.background)[mine]
    painted = canvas[mine]
    coverage = fill(*polygon_ends(corners, heights), thickness)
    blend(painted, coverage, np.clip(scenes.background[mine] + strength, 0, 1))
    canvas[mine] = painted


def blend(canvas: np.ndarray, coverage: np.ndarray, grey: np.ndarray) -> None:
    """Mix a grey into the canvas, in place, in proportion to the share of each pixel."""
    canvas += coverage * (grey[:, None, None].astype(np.float32) - canvas)
