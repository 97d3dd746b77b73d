"""Figures made of bars and tiles: probabilities, images side by side, a table as colours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from effcv_lab.arguments import whole_number
from effcv_lab.figures.style import (
    INK,
    PALETTE,
    finish_figure,
    numbers_of,
    readable,
    sentence,
    start_figure,
    style,
    wrap_text,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def probability_bars(
    distributions,
    classes: Sequence[str],
    *,
    title: str,
    alt: str | None = None,
    note: str = "",
    x_label: str = "Probability",
) -> Figure:
    """Draw one or two distributions over named classes as horizontal bars with their values.

    Parameters
    ----------
    distributions : (K,) numbers in [0, 1], or dict of one or two such, by name
        With two, such as ``{"teacher": p, "student": q}``, the bars stand in pairs.
    classes : K names, drawn from top to bottom
    title, alt, note : str
        The takeaway; words for who cannot see it (default: from the data); small print.

    Raises
    ------
    ValueError
        If there are more than two distributions, or their lengths or values do not fit.
    """
    if not isinstance(distributions, Mapping):
        distributions = {"": distributions}
    if not 1 <= len(distributions) <= 2:
        raise ValueError(f"distributions must be 1 or 2, got {len(distributions)}")
    rows = {
        name: numbers_of("distributions", values, (len(classes),), low=0, high=1)
        for name, values in distributions.items()
    }
    with style():
        thickness = 0.8 / len(rows)
        height = 1.5 + len(classes) * (0.42 if len(rows) == 1 else 0.57)  # ten pairs fit a slide
        figure, axes = start_figure(height=height)
        for index, (name, values) in enumerate(rows.items()):
            places = np.arange(len(classes)) + (index - (len(rows) - 1) / 2) * thickness
            bars = axes.barh(places, values, thickness * 0.94, color=PALETTE[index], label=name)
            axes.bar_label(bars, [_short(value) for value in values], padding=4, fontsize=12)
        axes.set(xlim=(0, 1.1), xlabel=x_label, yticks=range(len(classes)), yticklabels=classes)
        axes.set(xticks=np.linspace(0, 1, 6), ylim=(len(classes) - 0.45, -0.55))
        axes.tick_params(axis="y", length=0)
        axes.spines.bottom.set_bounds(0, 1)
        if len(rows) == 2:
            axes.legend(
                loc="lower left",
                bbox_to_anchor=(-0.01, 1),
                ncols=2,
                frameon=False,
                labelcolor=[readable(colour) for colour in PALETTE[:2]],
                handlelength=1,
                handleheight=1,
                borderpad=0,
            )
        said = [f"{name} {_listed(values, classes)}".strip() for name, values in rows.items()]
        alt = alt or f"Bar chart. {sentence(title)} {x_label}: {'; '.join(said)}."
        return finish_figure(figure, title, alt, note)


def image_grid(
    images,
    captions: Sequence[str] | None = None,
    *,
    title: str,
    columns: int | None = None,
    alt: str | None = None,
    note: str = "",
) -> Figure:
    """Draw images side by side, each with its caption below.

    Parameters
    ----------
    images : (N, H, W), (N, 1, H, W) or (N, 3, H, W), values in [0, 1]
        0 is black: the same value has the same grey in every image.
    captions : N texts, optional
    columns : int, optional
        Default: few empty places; up to 6, and up to 10 for more than 24 images.
    title, alt, note : str
        As in :func:`probability_bars`.
    """
    pictures = numbers_of("images", images)
    if pictures.ndim == 3:
        pictures = pictures[:, None]
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or not len(pictures):
        raise ValueError(f"images must be (N, C, H, W) with C 1 or 3, got {pictures.shape}")
    count = len(pictures)
    captions = [""] * count if captions is None else [str(caption) for caption in captions]
    if len(captions) != count:
        raise ValueError(f"captions must be {count}, one for each image, got {len(captions)}")
    columns = _columns(count) if columns is None else whole_number("columns", columns, 1)
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    with style():
        tile = min(8.0 / columns, 2.6)
        width = max(tile * columns, 5.0)
        figure, axes = start_figure(width, rows * tile)
        axes.remove()
        if columns > 6:
            figure.get_layout_engine().set(w_pad=0.04, h_pad=0.04)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel in panels[count:]:
            panel.remove()
        lines = 0
        for panel, picture, caption in zip(panels, pictures, captions, strict=False):
            picture = picture[0] if len(picture) == 1 else np.moveaxis(picture, 0, -1)
            panel.imshow(picture, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            panel.set(xticks=[], yticks=[], anchor="N")  # what room is left, is left below
            panel.spines[:].set_visible(False)
            panel.set_xlabel(caption, fontsize=12)
            wrap_text(panel.xaxis.label, width / columns - 0.2)
            lines = max(lines, panel.xaxis.label.get_text().count("\n") + bool(caption))
        plural = "image" if count == 1 else "images"
        said = ": " + "; ".join(captions) if any(captions) else ""
        finish_figure(figure, title, alt or f"{count} {plural}{said}. {sentence(title)}", note)
        heading = 0.25 + 0.3 * (figure.get_suptitle().count("\n") + 1)
        small_print = 0.2 * (figure.get_supxlabel().count("\n") + 1) + 0.1 if note else 0.0
        figure.set_figheight(rows * (tile + 0.2 * lines) + heading + small_print)
        return figure


def heat_map(
    matrix,
    rows: Sequence[str],
    columns: Sequence[str] | None = None,
    *,
    title: str,
    row_label: str,
    column_label: str,
    value_label: str = "",
    decimals: int = 2,
    alt: str | None = None,
    note: str = "",
) -> Figure:
    """Draw a table of numbers as colours, with the numbers in it.

    Parameters
    ----------
    matrix : (R, C) numbers; NaN leaves a cell empty
    rows, columns : R and C names; ``columns`` defaults to ``rows``
    row_label, column_label, value_label : str
        What the rows, the columns and the numbers are, with the unit.
    title, alt, note : str
        As in :func:`probability_bars`.
    """
    columns = rows if columns is None else columns
    table = numbers_of("matrix", matrix, (len(rows), len(columns)), missing=True)
    with style():
        width = max(5.0, 4.0 + 0.6 * len(columns))
        figure, axes = start_figure(width, 2.4 + 0.45 * len(rows))
        # Pale is small and dark is large; a cell without a number is grey.
        image = axes.imshow(table, cmap="Blues", aspect="auto")
        axes.set_facecolor("#d0d0d0")
        axes.set(xlabel=column_label, ylabel=row_label)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xticks(range(len(columns)), columns)
        if max(map(len, columns)) * 0.12 > (width - 3.0) / len(columns):  # inches
            axes.tick_params(axis="x", rotation=45)
            for label in axes.get_xticklabels():
                label.set(ha="right", rotation_mode="anchor")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        for (row, column), value in np.ndenumerate(table):
            if np.isfinite(value):
                pale = sum(np.array(image.to_rgba(value))[:3] * (0.299, 0.587, 0.114)) > 0.5
                axes.text(
                    column,
                    row,
                    f"{value:.{decimals}f}",
                    ha="center",
                    va="center",
                    fontsize=12,
                    color=INK if pale else "white",
                )
        bar = figure.colorbar(image, ax=axes, label=value_label, aspect=30)
        bar.outline.set_visible(False)
        row, column = np.unravel_index(np.nanargmax(table), table.shape)
        alt = alt or (
            f"Heat map, {len(rows)} rows ({row_label}) by {len(columns)} columns ({column_label}). "
            f"{sentence(title)} Largest: {table[row, column]:.{decimals}f} at {rows[row]}, "
            f"{columns[column]}."
        )
        return finish_figure(figure, title, alt, note)


def _columns(count: int) -> int:
    """Choose the width of a grid that leaves the fewest places empty, the widest of these."""
    if count <= 6:
        return count
    return min((6, 5, 4) if count <= 24 else (10, 9, 8), key=lambda columns: -count % columns)


def _short(probability: float) -> str:
    return "<0.01" if 0 < probability < 0.005 else f"{probability:.2f}"


def _listed(values: np.ndarray, classes: Sequence[str], most: int = 12) -> str:
    """Say the values by class; of many classes, the likeliest."""
    order = range(len(classes)) if len(classes) <= most else np.argsort(-values)[:5]
    return ", ".join(f"{classes[index]} {values[index]:.3f}" for index in order)
