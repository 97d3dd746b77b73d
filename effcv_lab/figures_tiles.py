"""Figures made of bars and tiles: probabilities, images side by side, a table as colours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from effcv_lab.figures_style import (
    INK,
    PALETTE,
    finish_figure,
    numbers_of,
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
        height = 1.5 + len(classes) * (0.42 if len(rows) == 1 else 0.64)
        figure, axes = start_figure(height=height)
        for index, (name, values) in enumerate(rows.items()):
            places = np.arange(len(classes)) + (index - (len(rows) - 1) / 2) * thickness
            bars = axes.barh(places, values, thickness * 0.94, color=PALETTE[index], label=name)
            axes.bar_label(bars, [_short(value) for value in values], padding=4, fontsize=12)
        axes.set(xlim=(0, 1.1), xlabel=x_label, yticks=range(len(classes)), yticklabels=classes)
        axes.set(xticks=np.linspace(0, 1, 6), ylim=(len(classes) - 0.45, -0.55))
        axes.tick_params(axis="y", length=0)
        if len(rows) == 2:
            axes.legend(
                loc="lower left", bbox_to_anchor=(-0.01, 1), ncols=2, frameon=False,
                labelcolor="linecolor", handlelength=1, handleheight=1, borderpad=0,
            )
        said = [f"{name} {_listed(values, classes)}".strip() for name, values in rows.items()]
        alt = alt or f"Bar chart. {title}. {x_label}: {'; '.join(said)}."
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
        Default: a grid with no more than 6 columns.
    title, alt, note : str
        As in :func:`probability_bars`.
    """
    pictures = numbers_of("images", images)
    if pictures.ndim == 3:
        pictures = pictures[:, None]
    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or not len(pictures):
        raise ValueError(f"images must be (N, C, H, W) with C 1 or 3, got {pictures.shape}")
    count = len(pictures)
    if captions is not None and len(captions) != count:
        raise ValueError(f"captions must be {count}, one for each image, got {len(captions)}")
    columns = columns or min(count, 6, max(math.ceil(math.sqrt(count)), 4))
    rows = math.ceil(count / columns)
    with style():
        tile = min(8.0 / columns, 2.6)
        width = max(tile * columns, 5.0)
        caption_room = 0.0 if captions is None else 0.55
        figure, axes = start_figure(width, rows * (tile + caption_room) + 0.7)
        axes.remove()
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for index, panel in enumerate(panels):
            panel.axis("off")
            if index < count:
                picture = np.moveaxis(pictures[index], 0, -1)
                panel.imshow(picture.squeeze(-1) if picture.shape[-1] == 1 else picture,
                             cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        if captions is not None:
            for panel, caption in zip(panels, captions, strict=False):
                text = panel.text(0.5, -0.04, caption, transform=panel.transAxes,
                                  ha="center", va="top", fontsize=12)
                wrap_text(text, width / columns - 0.15)
        said = "" if captions is None else ": " + ", ".join(map(str, captions))
        plural = "image" if count == 1 else "images"
        alt = alt or f"{count} {plural}{said}. {title}."
        return finish_figure(figure, title, alt, note)


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
        figure, axes = start_figure(
            4.0 + 0.55 * len(columns), 2.7 + 0.42 * len(rows)
        )
        image = axes.imshow(table, cmap="cividis", aspect="auto")
        axes.set(xlabel=column_label, ylabel=row_label)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right",
                        rotation_mode="anchor")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        for (row, column), value in np.ndenumerate(table):
            if np.isfinite(value):
                light = sum(np.array(image.to_rgba(value))[:3] * (0.299, 0.587, 0.114)) > 0.5
                axes.text(column, row, f"{value:.{decimals}f}", ha="center", va="center",
                          fontsize=11, color=INK if light else "white")
        bar = figure.colorbar(image, ax=axes, label=value_label, aspect=30)
        bar.outline.set_visible(False)
        row, column = np.unravel_index(np.nanargmax(table), table.shape)
        alt = alt or (
            f"Heat map, {len(rows)} rows ({row_label}) by {len(columns)} columns ({column_label}). "
            f"{title}. Largest: {table[row, column]:.{decimals}f} at {rows[row]}, "
            f"{columns[column]}."
        )
        return finish_figure(figure, title, alt, note)


def _short(probability: float) -> str:
    return "<0.01" if 0 < probability < 0.005 else f"{probability:.2f}"


def _listed(values: np.ndarray, classes: Sequence[str], most: int = 12) -> str:
    """Say the values by class; of many classes, the likeliest."""
    order = range(len(classes)) if len(classes) <= most else np.argsort(-values)[:5]
    return ", ".join(f"{classes[index]} {values[index]:.3f}" for index in order)
