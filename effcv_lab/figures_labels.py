"""Place words beside lines and points so that none covers another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from effcv_lab.figures_style import GREY, wrap_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def spread_apart(centres: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Move intervals as little as possible until none overlaps another.

    Overlapping neighbours are joined into a block around their mean, as often as needed.

    Examples
    --------
    >>> spread_apart([0.0, 0.0, 10.0], [2.0, 2.0, 2.0])
    [-1.0, 1.0, 10.0]
    """
    order = sorted(range(len(centres)), key=lambda index: centres[index])
    blocks: list[tuple[list[int], float, float]] = []  # members, centre, height
    for index in order:
        block = ([index], float(centres[index]), float(heights[index]))
        while blocks and blocks[-1][1] + blocks[-1][2] / 2 > block[1] - block[2] / 2:
            before = blocks.pop()
            members = before[0] + block[0]
            height = before[2] + block[2]
            offsets = np.cumsum([0, *(heights[m] for m in members)])
            wanted = [centres[m] - offsets[i] - heights[m] / 2 for i, m in enumerate(members)]
            block = (members, float(np.mean(wanted)) + height / 2, height)
        blocks.append(block)
    placed = [0.0] * len(centres)
    for members, centre, height in blocks:
        low = centre - height / 2
        for member in members:
            placed[member] = low + heights[member] / 2
            low += heights[member]
    return placed


def label_line_ends(axes: Axes, names: Sequence[str], ends: Sequence[float], colours) -> None:
    """Write each name right of the axes, at the height where its line ends, or close to it.

    A name that had to move is tied to its line by a thin leader.
    """
    figure = axes.get_figure()
    texts = []
    for name, end, colour in zip(names, ends, colours, strict=True):
        text = axes.annotate(name, (1, end), (14, 0), xycoords=("axes fraction", "data"),
                             textcoords="offset points", va="center", color=colour,
                             annotation_clip=False)
        wrap_text(text, 0.26 * figure.get_figwidth())
        texts.append(text)
    figure.draw_without_rendering()
    points = 72 / figure.dpi
    heights = [text.get_window_extent().height * points + 3 for text in texts]
    wanted = [axes.transData.transform((1, end))[1] * points for end in ends]
    for text, before, after, colour in zip(
        texts, wanted, spread_apart(wanted, heights), colours, strict=True
    ):
        text.set_position((14, after - before))
        if abs(after - before) > 3:
            axes.annotate("", (1, text.xy[1]), (13, after - before), annotation_clip=False,
                          xycoords=("axes fraction", "data"), textcoords="offset points",
                          arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.8,
                                      "shrinkA": 0, "shrinkB": 1})


def label_points(axes: Axes, names: Sequence[str], x, y, colours) -> None:
    """Write each name beside its point, where it covers no other name, point or edge."""
    figure = axes.get_figure()
    figure.draw_without_rendering()
    spots = axes.transData.transform(np.column_stack([x, y]))
    frame = axes.get_window_extent()
    taken = [_box(spot, 9, 9) for spot in spots]
    for index, (name, colour) in enumerate(zip(names, colours, strict=True)):
        text = axes.annotate(name, (x[index], y[index]), (0, 0), textcoords="offset points",
                             ha="center", va="center", color=colour, fontsize=13)
        wrap_text(text, 0.3 * figure.get_figwidth())
        extent = text.get_window_extent()
        best = None
        for distance, (across, up) in itertools.product(
            (10, 20, 34, 50, 70), ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
        ):
            shift = np.array([
                across * (extent.width / 2 + distance * figure.dpi / 72),
                up * (extent.height / 2 + distance * figure.dpi / 72),
            ])
            box = _box(spots[index] + shift, extent.width / 2 + 2, extent.height / 2 + 1)
            others = taken[:index] + taken[index + 1:]
            cost = sum(_shared(box, other) for other in others) + 3 * _outside(box, frame)
            if best is None or cost < best[0] - 1e-9:
                best = (cost, shift, box, distance)
            if cost == 0:
                break
        taken.append(best[2])
        text.set_position(tuple(best[1] * 72 / figure.dpi))
        if best[3] > 10:
            axes.annotate("", (x[index], y[index]), tuple(best[1] * 72 / figure.dpi * 0.5),
                          textcoords="offset points",
                          arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.8})


def _box(centre, half_width: float, half_height: float) -> tuple[float, float, float, float]:
    return (centre[0] - half_width, centre[1] - half_height,
            centre[0] + half_width, centre[1] + half_height)


def _shared(one, other) -> float:
    """Return the area that two boxes have in common."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)


def _outside(box, frame) -> float:
    """Return the area of a box that lies outside the axes."""
    whole = (box[2] - box[0]) * (box[3] - box[1])
    return whole - _shared(box, (frame.x0, frame.y0, frame.x1, frame.y1))
