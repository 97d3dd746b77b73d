"""Place words beside lines and points so that none covers another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from effcv_lab.figures.style import GREY, readable, wrap_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_LEADER = {"arrowstyle": "-", "color": GREY, "lw": 0.8, "shrinkA": 0, "shrinkB": 1}
_DISTANCES = (10, 20, 34, 50, 70)  # points
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))


def spread_apart(
    centres: Sequence[float],
    sizes: Sequence[float],
    low: float = -math.inf,
    high: float = math.inf,
) -> list[float]:
    """Move intervals as little as possible until none overlaps another and all are in range.

    Overlapping neighbours are joined into a block around their mean, as often as needed. The
    range gives way where there is more to place than room.

    Examples
    --------
    >>> spread_apart([0.0, 0.0, 10.0], [2.0, 2.0, 2.0])
    [-1.0, 1.0, 10.0]
    >>> spread_apart([0.0, 0.0], [2.0, 2.0], low=0.0)
    [1.0, 3.0]
    """
    order = sorted(range(len(centres)), key=lambda index: centres[index])
    blocks: list[tuple[list[int], float, float]] = []  # members, lower end, size
    for index in order:
        members = [index]
        while True:
            offsets = np.cumsum([0.0, *(sizes[member] for member in members)])
            wanted = [
                centres[member] - offset - sizes[member] / 2
                for member, offset in zip(members, offsets, strict=False)
            ]
            size = float(offsets[-1])
            start = max(min(float(np.mean(wanted)), high - size), low)
            if not blocks or blocks[-1][1] + blocks[-1][2] <= start:
                break
            members = blocks.pop()[0] + members
        blocks.append((members, start, size))
    placed = [0.0] * len(centres)
    for members, start, _ in blocks:
        for member in members:
            placed[member] = start + sizes[member] / 2
            start += sizes[member]
    return placed


def label_line_ends(axes: Axes, lines: Sequence[Line2D], names: Sequence[str]) -> None:
    """Write each name right of the axes, at the height where its line ends, or close to it.

    A name that had to move is tied to its line by a thin leader.
    """
    figure = axes.get_figure()
    colours = [line.get_color() for line in lines]
    ends = [line.get_ydata()[-1] for line in lines]
    texts = []
    for name, end, colour in zip(names, ends, colours, strict=True):
        text = axes.annotate(
            name, (1, end), (16, 0), xycoords=("axes fraction", "data"), va="center",
            textcoords="offset points", color=readable(colour), annotation_clip=False,
        )  # fmt: skip
        wrap_text(text, 0.26 * figure.get_figwidth())
        texts.append(text)
    figure.draw_without_rendering()
    points = 72 / figure.dpi
    frame = axes.get_window_extent()
    sizes = [text.get_window_extent().height * points + 4 for text in texts]
    line_ends = [axes.transData.transform((1, end))[1] * points for end in ends]
    places = spread_apart(line_ends, sizes, frame.y0 * points - 4, frame.y1 * points + 4)
    for text, before, after, colour in zip(texts, line_ends, places, colours, strict=True):
        text.set_position((16, after - before))
        if abs(after - before) > 3:
            axes.annotate(
                "", text.xy, (14, after - before), xycoords=("axes fraction", "data"),
                textcoords="offset points", annotation_clip=False,
                arrowprops=_LEADER | {"color": colour},
            )  # fmt: skip


def label_marks(axes: Axes, marks: Mapping[str, float]) -> None:
    """Draw vertical lines and write their names above the axes, side by side."""
    figure = axes.get_figure()
    texts = []
    for name, place in marks.items():
        axes.axvline(place, color=GREY, linewidth=1.2)
        text = axes.annotate(
            name, (place, 1), (0, 4), xycoords=("data", "axes fraction"), ha="center",
            textcoords="offset points", color=GREY, annotation_clip=False,
        )  # fmt: skip
        wrap_text(text, 0.3 * figure.get_figwidth())
        texts.append(text)
    figure.draw_without_rendering()
    points = 72 / figure.dpi
    frame = axes.get_window_extent()
    sizes = [text.get_window_extent().width * points + 16 for text in texts]
    middles = [axes.transData.transform((place, 1))[0] * points for place in marks.values()]
    places = spread_apart(middles, sizes, frame.x0 * points, frame.x1 * points)
    shifts = np.subtract(places, middles)
    rise = 14 if (abs(shifts) > 3).any() else 4
    for text, shift in zip(texts, shifts, strict=True):
        text.set_position((shift, rise))
        if rise > 4:
            axes.annotate(
                "", text.xy, (shift, rise - 3), xycoords=("data", "axes fraction"),
                textcoords="offset points", annotation_clip=False, arrowprops=_LEADER,
            )  # fmt: skip


def label_points(
    axes: Axes, names: Sequence[str], x: Sequence[float], y: Sequence[float], colours, reach
) -> None:
    """Write each name beside its point, where it covers no other name, point or edge.

    ``reach`` is how far each point's error bar goes up and down, in units of y.
    """
    figure = axes.get_figure()
    figure.draw_without_rendering()
    scale = figure.dpi / 72
    spots = axes.transData.transform(np.column_stack([x, y]))
    tops = axes.transData.transform(np.column_stack([x, np.add(y, reach)]))
    frame = axes.get_window_extent()
    taken = [
        _box(spot, 8 * scale, max(8 * scale, top[1] - spot[1] + 2 * scale))
        for spot, top in zip(spots, tops, strict=True)
    ]
    for index, (name, colour) in enumerate(zip(names, colours, strict=True)):
        text = axes.annotate(
            name, (x[index], y[index]), (0, 0), textcoords="offset points", ha="center",
            va="center", color=readable(colour), fontsize=13,
        )  # fmt: skip
        wrap_text(text, 0.28 * figure.get_figwidth())
        extent = text.get_window_extent()
        half = np.array([extent.width / 2, extent.height / 2])
        best_cost = math.inf
        for distance, direction in itertools.product(_DISTANCES, _DIRECTIONS):
            shift = np.array(direction) * (half + distance * scale)
            box = _box(spots[index] + shift, *(half + 2 * scale))
            cost = 3 * _outside(box, frame) + sum(_shared(box, other) for other in taken)
            if cost < best_cost:
                best_cost, best_shift, best_box, far = cost, shift, box, distance > _DISTANCES[0]
            if cost == 0:
                break
        taken.append(best_box)
        text.set_position(tuple(best_shift / scale))
        text.set_multialignment(("center", "left", "right")[int(np.sign(best_shift[0]))])
        if far:  # a leader from the point to the nearest edge of the name
            edge = best_shift - np.clip(best_shift, -half, half)
            axes.annotate(
                "", (x[index], y[index]), tuple(edge / scale), textcoords="offset points",
                arrowprops=_LEADER,
            )  # fmt: skip


def _box(centre, half_width: float, half_height: float) -> tuple[float, float, float, float]:
    return (
        centre[0] - half_width,
        centre[1] - half_height,
        centre[0] + half_width,
        centre[1] + half_height,
    )


def _shared(one, other) -> float:
    """Return the area that two boxes have in common."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)


def _outside(box, frame) -> float:
    """Return the area of a box that lies outside the axes."""
    whole = (box[2] - box[0]) * (box[3] - box[1])
    return whole - _shared(box, (frame.x0, frame.y0, frame.x1, frame.y1))
