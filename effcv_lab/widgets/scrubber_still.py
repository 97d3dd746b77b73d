"""The figure that stands in for a curriculum scrubber where nothing can move."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from effcv_lab.widgets.pictures import still_figure

DIMMED = 0.25  # what is left of the contrast of a picture outside the pool


def static_scrubber(scrubber: Any) -> tuple[str, str]:
    """Draw what a curriculum scrubber shows now: the wall of pictures, and the curves.

    Parameters
    ----------
    scrubber : CurriculumScrubber

    Returns
    -------
    tag, alt : as for :func:`effcv_lab.widgets.pictures.static_explorer`
    """
    from effcv_lab.figures.style import finish_figure, start_figure, style

    trace, epoch, words = scrubber.trace, scrubber.epoch, scrubber.words
    others = [
        f"{name} {other.easy_error[epoch]:.2f} and {other.hard_error[epoch]:.2f}"
        for name, other in scrubber.traces.items()
    ]
    alt = (
        f"A wall of {len(trace.labels)} pictures from easy to hard, dimmed where they are not in "
        "the pool, with a disc where the net is right and a cross where it is wrong; beside it "
        "curves over the epochs of the pool's share and of the validation error of the easier and "
        f"the harder half. {words} The two errors at that time: {'; '.join(others)}."
    )
    columns = math.ceil(math.sqrt(1.4 * len(trace.labels)))
    rows = math.ceil(len(trace.labels) / columns)
    with style():
        figure, axes = start_figure(11.0, 2.6 + 6.0 * rows / columns)
        axes.remove()
        wall, curves = figure.subplots(1, 2, width_ratios=(1.3, 1))
        _draw_wall(wall, trace, epoch, columns)
        _draw_curves(curves, trace, epoch)
        when = f"After {epoch} of {len(trace) - 1} epochs" if epoch else "Before the first epoch"
        note = f"{words} A still picture. In JupyterLab, with a kernel, the time moves."
        finish_figure(figure, f"{when}, {scrubber.shown}", alt, note)
    return still_figure(figure)


def _draw_wall(axes: Any, trace: Any, epoch: int, columns: int) -> None:
    """Lay the pictures out row by row, easiest first, each with its mark in a corner."""
    from effcv_lab.figures.style import PALETTE

    pictures = trace.images[:, 0].numpy()
    count, height, width = pictures.shape
    rows = math.ceil(count / columns)
    wall = np.ones((rows * (height + 4), columns * (width + 4)))
    corners = np.array([divmod(place, columns) for place in range(count)])
    corners = corners * (height + 4, width + 4) + 2
    inside, right = trace.in_pool[epoch].numpy(), trace.right[epoch].numpy()
    for picture, (top, left), used in zip(pictures, corners, inside, strict=True):
        shade = picture if used else 1 - DIMMED * (1 - picture)
        wall[top - 1 : top + height + 1, left - 1 : left + width + 1] = 0 if used else 1  # frame
        wall[top : top + height, left : left + width] = shade
    axes.imshow(wall, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    marks = corners[:, ::-1] + (width - 5, height - 5)
    plate = {"s": 75, "color": "white", "linewidths": 0}
    axes.scatter(*marks.T, **plate)
    axes.scatter(*marks[right].T, s=28, color=PALETTE[2], label="right")
    axes.scatter(*marks[~right].T, s=28, color=PALETTE[1], marker="x", linewidths=2, label="wrong")
    axes.set(xticks=[], yticks=[], xlabel="easiest first; framed: in the pool, pale: not")
    axes.spines[:].set_visible(False)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=2, frameon=False, borderpad=0)


def _draw_curves(axes: Any, trace: Any, epoch: int) -> None:
    """Draw pool and errors over the epochs, with a line at the chosen one."""
    from effcv_lab.figures.style import DASHES, GREY, INK, PALETTE

    epochs = np.arange(len(trace))
    for name, values, colour, dashes in (
        ("pool", trace.pool_fraction, GREY, DASHES[3]),
        ("error, easier half", trace.easy_error, PALETTE[0], DASHES[0]),
        ("error, harder half", trace.hard_error, PALETTE[1], DASHES[1]),
    ):
        axes.plot(epochs, values.numpy(), color=colour, linestyle=dashes, label=name)
    axes.axvline(epoch, color=INK, linewidth=1.5)
    axes.set(ylim=(0, 1.02), xlabel="Epochs done", ylabel="Share")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=1, frameon=False, borderpad=0)
