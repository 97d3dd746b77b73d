"""The figure that shows how runs are spread: a box for each group, a dot for each run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from effcv_lab.figures.style import (
    INK,
    PALETTE,
    finish_figure,
    numbers_of,
    sentence,
    start_figure,
    style,
    wrap_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FEW = 30  # so many dots in a box can be told apart


def boxes(
    groups: Mapping[str, object],
    *,
    title: str,
    x_label: str,
    y_label: str,
    beside: Mapping[str, object] | None = None,
    alt: str | None = None,
    note: str = "",
) -> Figure:
    """Draw how the runs of each group are spread: their middle half as a box, the median in it.

    The whiskers end at the smallest and the largest run. Up to 30 runs of a group are drawn as
    dots, too, from left to right in the order given: of several groups with the same seeds, a
    seed has the same place in each box.

    Parameters
    ----------
    groups : dict from name to (R,) numbers, one for each of R >= 2 runs
        Drawn from left to right.
    beside : dict as ``groups``, optional
        Drawn right of them in another colour, after a gap: the controls.
    title, x_label, y_label, alt, note : str
        As in :func:`curves`; the small print says what box and whiskers are.
    """
    if not groups:
        raise ValueError("groups must hold at least one group of runs")
    if both := set(groups) & set(beside or {}):
        raise ValueError(f"beside must have names of its own, got {sorted(both)} in groups, too")
    named = {**groups, **(beside or {})}
    runs = {name: _runs(name, values) for name, values in named.items()}
    gap = 0.6
    places = [n + gap * (n >= len(groups)) for n in range(len(runs))]
    colours = [PALETTE[int(n >= len(groups))] for n in range(len(runs))]
    with style():
        figure, axes = start_figure(height=5.4)
        for place, colour, values in zip(places, colours, runs.values(), strict=True):
            _draw_box(axes, place, colour, values)
        axes.set(xlabel=x_label, ylabel=y_label, xlim=(-0.6, places[-1] + 0.6))
        axes.grid(True, axis="y")
        axes.tick_params(axis="x", length=0)
        _name_groups(axes, places, list(runs), figure.get_figwidth() - 1.2)
        explained = f"Box: middle half and median of {_counted(runs)}; whiskers: all of them."
        alt = alt or _in_words(title, runs, x_label, y_label)
        return finish_figure(figure, title, alt, f"{explained} {note}".strip())


def _runs(name: str, values) -> np.ndarray:
    numbers = numbers_of(f"group {name!r}", values)
    if numbers.ndim != 1 or len(numbers) < 2:
        raise ValueError(f"group {name!r} must be at least 2 numbers, got {np.shape(values)}")
    return numbers


def _draw_box(axes: Axes, place: float, colour: str, values: np.ndarray) -> None:
    line = {"color": colour, "linewidth": 1.8}
    axes.boxplot(
        values, positions=[place], widths=0.62, whis=(0, 100), showfliers=False,
        manage_ticks=False, patch_artist=True, capprops=line, whiskerprops=line,
        boxprops={"edgecolor": colour, "facecolor": f"{colour}30", "linewidth": 1.8},
        medianprops={"color": INK, "linewidth": 2.5},
    )  # fmt: skip
    if len(values) <= _FEW:
        across = place + np.linspace(-0.2, 0.2, len(values))
        axes.plot(across, values, "o", color=colour, markersize=4.5, zorder=3)


def _name_groups(axes: Axes, places: list[float], names: list[str], inches: float) -> None:
    """Write each name below its box: in several lines, or aslant where a word is too long."""
    room = inches / (places[-1] + 1.2)
    axes.set_xticks(places, names)
    labels = axes.get_xticklabels()
    for label in labels:
        wrap_text(label, room - 0.08)
    dpi = axes.get_figure().dpi
    if max(label.get_window_extent().width for label in labels) <= room * dpi:
        axes.set_xticks(places, [label.get_text() for label in labels])
        return
    axes.set_xticks(places, names, rotation=45, ha="right", rotation_mode="anchor")


def _counted(runs: Mapping[str, np.ndarray]) -> str:
    counts = sorted({len(values) for values in runs.values()})
    return f"{' or '.join(map(str, counts))} runs"


def _in_words(title: str, runs: Mapping[str, np.ndarray], x_label: str, y_label: str) -> str:
    said = [
        f"{name}: median {np.median(values):.4g}, {values.min():.4g} to {values.max():.4g}"
        for name, values in runs.items()
    ]
    return (
        f"Box plot of {y_label} over {x_label}, {_counted(runs)} each. {sentence(title)} "
        f"{'; '.join(said)}."
    )
