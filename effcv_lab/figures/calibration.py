"""The figure that asks whether a model is as sure as it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from effcv_lab.arguments import whole_number
from effcv_lab.figures.style import (
    GREY,
    PALETTE,
    finish_figure,
    numbers_of,
    sentence,
    start_figure,
    style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def reliability_diagram(
    probs,
    labels,
    *,
    title: str,
    bins: int = 15,
    alt: str | None = None,
    note: str = "",
) -> Figure:
    """Draw accuracy against confidence: on the diagonal, a model is as sure as it is right.

    Parameters
    ----------
    probs : (N, K) probabilities
    labels : (N,) class numbers
    bins : int
        Equal steps of confidence. A point is drawn for each bin that holds an image; the bars
        below show what share of the images it holds.
    title, alt, note : str
        As in :func:`curves`.
    """
    probs = numbers_of("probs", probs, low=0, high=1)
    if probs.ndim != 2:
        raise ValueError(f"probs must have shape (N, K), got {probs.shape}")
    labels = numbers_of("labels", labels, (len(probs),)).astype(int)
    bins = whole_number("bins", bins, 1)
    confidence, share, accuracy = _calibration(probs, labels, bins)
    full = share > 0
    with style():
        figure, axes = start_figure(height=6.2)
        axes.remove()
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        axes.set(ylabel="Accuracy", ylim=(0, 1.02), xlim=(0, 1.02))
        axes.grid(True)
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=(0, (4, 3)), linewidth=1.5)
        axes.plot(confidence[full], accuracy[full], "o-", color=PALETTE[0], clip_on=False)
        axes.annotate("above the line: less sure than right", (0.03, 0.95), color=GREY)
        axes.annotate("below the line: more sure than right", (0.99, 0.04), color=GREY, ha="right")
        below.bar((np.arange(bins) + 0.5) / bins, share, 0.9 / bins, color=PALETTE[0])
        below.set(xlabel="Confidence (largest probability)", ylabel="Share\nof images")
        figure.align_ylabels([axes, below])
        sure = (accuracy[full] < confidence[full]).sum()
        alt = alt or (
            f"Reliability diagram, {bins} bins, {len(probs)} images. {sentence(title)} "
            f"{sure} of {full.sum()} bins that hold images lie below the diagonal (too sure). "
            f"Mean confidence {probs.max(axis=1).mean():.3f}, "
            f"accuracy {(probs.argmax(axis=1) == labels).mean():.3f}."
        )
        return finish_figure(figure, title, alt, note)


def _calibration(probs: np.ndarray, labels: np.ndarray, bins: int):
    """Return mean confidence, share of images and accuracy of each bin (zero if empty)."""
    confidence = probs.max(axis=1)
    right = probs.argmax(axis=1) == labels
    # Bin i holds the confidences in (i / bins, (i + 1) / bins].
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    total = np.maximum(count, 1)
    return (
        np.bincount(place, confidence, bins) / total,
        count / len(probs),
        np.bincount(place, right, bins) / total,
    )
