"""Figures made of lines and points: curves over seeds, cost against accuracy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from effcv_lab.figures.labels import label_line_ends, label_marks, label_points
from effcv_lab.figures.style import (
    DASHES,
    GREY,
    MARKERS,
    PALETTE,
    finish_figure,
    numbers_of,
    sentence,
    start_figure,
    style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def curves(
    x,
    series: Mapping[str, object],
    *,
    title: str,
    x_label: str,
    y_label: str,
    references: Mapping[str, object] | None = None,
    marks: Mapping[str, float] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    y_range: tuple[float, float] | None = None,
    alt: str | None = None,
    note: str = "",
) -> Figure:
    """Draw lines over a common x axis, each named at its end; over seeds, mean and a band.

    Parameters
    ----------
    x : (P,) increasing numbers, at least 2
    series : dict from name to (P,) numbers, or (R, P) with one row for each of R >= 2 seeds
        The line is the mean over seeds, the band one sample standard deviation up and down,
        and the small print says so.
    references : dict from name to a number (a level) or (P,) numbers (such as a slope), optional
        Drawn grey and dashed, named like the series.
    marks : dict from name to a place on the x axis, optional
        Vertical lines, named above the axes.
    log_x, log_y : bool
        Logarithmic axes. On one, a band ends below at the lowest seed, as mean minus deviation
        may be negative.
    y_range : (low, high), optional
    title, x_label, y_label, alt, note : str
        The takeaway; the axes with units; words for who cannot see it (default: from the data);
        small print.
    """
    x = numbers_of("x", x)
    if x.ndim != 1 or len(x) < 2 or (np.diff(x) <= 0).any():
        raise ValueError(f"x must be at least 2 increasing numbers, got {x.tolist()}")
    if not series:
        raise ValueError("series must hold at least one line")
    lines = {name: _mean_and_band(name, values, len(x), log_y) for name, values in series.items()}
    _check_positive(log_x=x if log_x else 1.0)
    _check_positive(log_y=[mean.min() for mean, *_ in lines.values()] if log_y else 1.0)
    seeds = {count for *_, count in lines.values() if count > 1}
    with style():
        figure, axes = start_figure()
        for index, (mean, low, high, _) in enumerate(lines.values()):
            colour, dash = PALETTE[index % len(PALETTE)], DASHES[index % len(DASHES)]
            axes.plot(x, mean, color=colour, linestyle=dash)
            axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        for name, values in (references or {}).items():
            level = np.broadcast_to(numbers_of(f"references[{name!r}]", values), x.shape)
            axes.plot(x, level, color=GREY, linestyle=(0, (4, 3)), linewidth=1.5)
        axes.set(xlabel=x_label, ylabel=y_label, xlim=(x.min(), x.max()))
        if y_range is not None:
            axes.set_ylim(y_range)
        _set_scales(axes, log_x, log_y)
        if not log_x and (x == x.round()).all():
            axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(True)
        if seeds:
            note = f"Line: mean; band: ± 1 standard deviation{_over(seeds, note)}. {note}".strip()
        alt = alt or _curves_in_words(title, x, lines, x_label, y_label, marks or {})
        finish_figure(figure, title, alt, note)
        drawn = list(axes.lines)  # before the marks, which are lines too
        if marks:
            label_marks(axes, marks)
        label_line_ends(axes, drawn, [*lines, *(references or {})])
        return figure


def scatter_labelled(
    points: Mapping[str, tuple[float, object]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    alt: str | None = None,
    note: str = "",
) -> Figure:
    """Draw named points, such as cost against accuracy; over seeds, mean and standard deviation.

    Parameters
    ----------
    points : dict from name to ``(x, y)``
        ``y`` is a number, or a list of at least 2 (one for each seed).
    log_x : bool
        Logarithmic cost axis.
    title, x_label, y_label, alt, note : str
        As in :func:`curves`.
    """
    if not points:
        raise ValueError("points must hold at least one point")
    places = {}
    for name, (cost, values) in points.items():
        runs = numbers_of(f"points[{name!r}]", values).reshape(-1, 1)
        mean, low, _, count = _mean_and_band(name, runs, 1, False)
        places[name] = (float(cost), mean[0], mean[0] - low[0], count)
    x, y, deviation, counts = (np.array(column) for column in zip(*places.values(), strict=True))
    numbers_of("the x of points", x)
    _check_positive(log_x=x if log_x else 1.0)
    with style():
        figure, axes = start_figure()
        colours = [PALETTE[index % len(PALETTE)] for index in range(len(places))]
        for index, colour in enumerate(colours):
            axes.errorbar(
                x[index],
                y[index],
                deviation[index] or None,
                color=colour,
                capsize=4,
                marker=MARKERS[index % len(MARKERS)],
                markersize=10,
                linewidth=2,
            )
        _set_scales(axes, log_x, False)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.margins(0.18)
        axes.grid(True)
        if (counts > 1).any():
            seeds = _over(set(counts[counts > 1].tolist()), note)
            note = f"Point: mean; bar: ± 1 standard deviation{seeds}. {note}".strip()
        said = "; ".join(f"{name} {a:g}, {b:.4g}" for name, (a, b, *_) in places.items())
        alt = alt or f"Scatter plot of {y_label} against {x_label}. {sentence(title)} {said}."
        finish_figure(figure, title, alt, note)
        label_points(axes, list(places), x, y, colours, deviation)
        return figure


def _mean_and_band(name: str, values, points: int, positive: bool):
    """Return mean, lower and upper edge of the band, each (P,), and the number of seeds."""
    rows = np.atleast_2d(numbers_of(f"series {name!r}", values))
    if rows.ndim != 2 or rows.shape[1] != points:
        raise ValueError(
            f"series {name!r} must be ({points},) or (R, {points}), got {np.shape(values)}"
        )
    mean = rows.mean(axis=0)
    deviation = rows.std(axis=0, ddof=1) if len(rows) > 1 else np.zeros_like(mean)
    low = np.maximum(mean - deviation, rows.min(axis=0)) if positive else mean - deviation
    return mean, low, mean + deviation, len(rows)


def _check_positive(**axes) -> None:
    for name, values in axes.items():
        if np.min(values) <= 0:
            raise ValueError(f"{name} needs numbers > 0, got {np.min(values):g}")


def _over(seeds: set[int], note: str) -> str:
    """Say how many seeds, unless the note says it already."""
    return "" if "seed" in note else f" over {' or '.join(map(str, sorted(seeds)))} seeds"


def _set_scales(axes, log_x: bool, log_y: bool) -> None:
    """Make axes logarithmic: 1, 2, 5 below two decades, else powers of ten; plain if short."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for wanted, set_scale, axis in (
        (log_x, axes.set_xscale, axes.xaxis),
        (log_y, axes.set_yscale, axes.yaxis),
    ):
        if not wanted:
            continue
        set_scale("log")
        low, high = sorted(axis.get_view_interval())
        if high / low < 100:  # powers of ten alone would be one label, or two
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        write = _plain_number if low >= 1e-3 and high < 1e5 else _power_of_ten
        axis.set_major_formatter(FuncFormatter(write))
        axis.set_minor_formatter(NullFormatter())


def _plain_number(value: float, _position: int) -> str:
    return f"{value:g}"


def _power_of_ten(value: float, _position: int) -> str:
    power = math.floor(math.log10(value) + 1e-9)
    factor = round(value / 10**power)
    digits = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{digits}" if factor == 1 else f"{factor}·10{digits}"


def _curves_in_words(title, x, lines, x_label, y_label, marks) -> str:
    """Say of each line where it begins, ends, and is highest and lowest."""
    said = []
    for name, (mean, *_, count) in lines.items():
        seeds = f" (mean of {count} seeds)" if count > 1 else ""
        said.append(
            f"{name}{seeds}: {mean[0]:.4g} at {x[0]:g}, {mean[-1]:.4g} at {x[-1]:g}, "
            f"lowest {mean.min():.4g} at {x[mean.argmin()]:g}, "
            f"highest {mean.max():.4g} at {x[mean.argmax()]:g}"
        )
    said += [f"{name} is marked at {place:g}" for name, place in marks.items()]
    return f"Line chart of {y_label} against {x_label}. {sentence(title)} {'; '.join(said)}."
