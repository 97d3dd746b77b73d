"""From outlines to grey pixels: what share of every pixel a convex shape covers.

A row of pixels is cut into thin strips. A horizontal line meets a convex shape between two
points, left and right, so that within a strip the share of each pixel is known exactly; a row
is the mean of its strips. The strips start and end with the shape, hence a shape that covers a
row in part, however little, is drawn with that part.

Lengths are in sides of the image, x to the right, y downwards, the upper left corner is (0, 0).
"""

from __future__ import annotations

import numpy as np

STRIPS = 16  # to a row: a pixel is then right to 0.03, on average over the outline to 0.001

# Ends of strips are rounded to this part of a pixel. Then all sums are exact, a pixel beside the
# shape is exactly 0, and the last bits of a sine on another processor do not show.
GRID = 2**20


def ellipse_ends(
    centre: np.ndarray, matrix: np.ndarray, heights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find where horizontal lines enter and leave ellipses.

    Parameters
    ----------
    centre : (N, 2)
    matrix : (N, 2, 2)
        The ellipse is ``centre + matrix @ u`` over all ``u`` of the unit circle.
    heights : (N, R)
        The y of R lines, all of which meet the ellipse.

    Returns
    -------
    left, right : (N, R)

    Examples
    --------
    >>> circle = np.array([[0.5, 0.5]]), 0.25 * np.eye(2)[None]
    >>> [end.tolist() for end in ellipse_ends(*circle, np.array([[0.5]]))]
    [[[0.25]], [[0.75]]]
    """
    spread = matrix @ matrix.transpose(0, 2, 1)
    down = heights - centre[:, 1:]
    slope = (spread[:, 0, 1] / spread[:, 1, 1])[:, None]
    middle = centre[:, :1] + slope * down
    widest = np.abs(np.linalg.det(matrix)) / np.sqrt(spread[:, 1, 1])
    inside = np.clip(1 - down**2 / spread[:, 1, 1, None], 0, 1)
    half = widest[:, None] * np.sqrt(inside)
    return middle - half, middle + half


def polygon_ends(corners: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find where horizontal lines enter and leave convex polygons.

    Parameters
    ----------
    corners : (N, K, 2)
        In order around the polygon; a corner may be repeated to fill up K.
    heights : (N, R)
        The y of R lines, all of which meet the polygon.

    Returns
    -------
    left, right : (N, R)

    Examples
    --------
    >>> square = np.array([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]])
    >>> [end.tolist() for end in polygon_ends(square, np.array([[0.5]]))]
    [[[0.0]], [[1.0]]]
    """
    left = np.full(heights.shape, np.inf)
    right = np.full(heights.shape, -np.inf)
    for first in range(corners.shape[1]):
        start, stop = corners[:, first - 1], corners[:, first]
        rise = stop[:, 1] - start[:, 1]
        slope = (stop[:, 0] - start[:, 0]) / np.where(rise == 0, 1, rise)
        crossing = start[:, :1] + slope[:, None] * (heights - start[:, 1:])
        # A line through a corner belongs to one of its two edges; a level edge to none.
        meets = (heights < start[:, 1:]) != (heights < stop[:, 1:])
        left = np.where(meets, np.minimum(left, crossing), left)
        right = np.where(meets, np.maximum(right, crossing), right)
    return left, right


def strips(top: np.ndarray, bottom: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut what the shapes cover of each row of pixels into :data:`STRIPS` equal strips.

    Parameters
    ----------
    top, bottom : (N,)
        Where the shapes start and end.
    size : int
        Rows of the image.

    Returns
    -------
    heights : (N, size * STRIPS)
        The y of the middle of each strip.
    thickness : (N, size)
        What part of the row one of its strips is; zero where the shape is not.

    Examples
    --------
    >>> heights, thickness = strips(np.array([0.5]), np.array([0.75]), size=2)
    >>> thickness * STRIPS
    array([[0. , 0.5]])
    """
    edges = np.arange(size + 1) / size
    edges = np.clip(edges, top[:, None], bottom[:, None])
    start, height = edges[:, :-1], np.diff(edges, axis=1)
    middles = (np.arange(STRIPS) + 0.5) / STRIPS
    heights = start[:, :, None] + height[:, :, None] * middles
    return heights.reshape(len(top), -1), height * size / STRIPS


def fill(left: np.ndarray, right: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    """Add up strips to the share of each pixel that the shape covers.

    Parameters
    ----------
    left, right : (N, size * STRIPS)
        Ends of the shape in each strip; it may reach beyond the image.
    thickness : (N, size)
        As :func:`strips` gives it.

    Returns
    -------
    coverage : float32 (N, size, size) in [0, 1]

    Examples
    --------
    >>> heights, thickness = strips(np.array([0.0]), np.array([0.5]), size=2)
    >>> fill(np.full_like(heights, 0.25), np.full_like(heights, 0.75), thickness)
    array([[[0.5, 0.5],
            [0. , 0. ]]], dtype=float32)
    """
    count, size = thickness.shape
    rows = np.arange(count * size).repeat(STRIPS) * (size + 2)
    # A pixel's share of all that lies left of x falls from 1 to 0 over the one or two columns at
    # x. Adding up these falls along the row gives the shares: less work than asking every pixel.
    steps = np.zeros(count * size * (size + 2))
    for end, sign in ((right, 1.0), (left, -1.0)):
        x = np.round(np.clip(end.ravel() * size, 0, size) * GRID) / GRID
        column = np.floor(x)
        part = x - column
        place = rows + column.astype(np.int64)
        steps += np.bincount(place, sign * (part - 1), len(steps))
        steps += np.bincount(place + 1, -sign * part, len(steps))
    shares = steps.reshape(count, size, size + 2).cumsum(axis=2)[:, :, :size]
    return np.clip(shares * thickness[:, :, None], 0, 1).astype(np.float32)
