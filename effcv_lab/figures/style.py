"""The house style of every figure: colours, letters, title, note, and what all kinds share.

Figures here are plain ``matplotlib.figure.Figure`` objects, outside pyplot: nothing is drawn
twice, nothing stays open, and no setting of the reader's own session is touched.
"""

from __future__ import annotations

import textwrap
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

# Okabe & Ito, *Color Universal Design* (2008), darkest contrasts first; its yellow is left out,
# because nobody can read a yellow line or word on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
INK, GREY, PAPER = "#1a1a1a", "#5f5f5f", "#ffffff"
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

# Letters of 14 points on a figure 8 inches wide are read from the back row of a class, and the
# paper is white and opaque, so that a dark theme shows a white card and not black on black.
_STYLE = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 14,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 14,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "font.size": 14,
    "grid.color": "#dddddd",
    "lines.linewidth": 2.5,
    "lines.markersize": 8,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "path",
    "svg.hashsalt": "effcv_lab",  # the same figure is the same file, byte by byte
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 13,
    "xtick.major.pad": 6,
    "ytick.labelsize": 13,
}
TITLE_SIZE, NOTE_SIZE = 17, 11


def style() -> AbstractContextManager:
    """Return a context in which matplotlib draws in the house style, and after it as before.

    Examples
    --------
    >>> import matplotlib
    >>> with style():
    ...     matplotlib.rcParams["font.size"]
    14.0
    """
    import matplotlib as mpl

    kept = ("backend", "backend_fallback", "interactive", "toolbar")  # the reader's own affair
    defaults = {key: value for key, value in mpl.rcParamsDefault.items() if key not in kept}
    return mpl.rc_context({**defaults, **_STYLE})


def start_figure(width: float = 8.0, height: float = 4.8) -> tuple[Figure, Axes]:
    """Return an empty figure of ``width`` by ``height`` inches and its one pair of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
    return figure, figure.add_subplot()


def finish_figure(figure: Figure, title: str, alt: str, note: str = "") -> Figure:
    """Write the takeaway above and the note below, keep the alt text, make long words fit."""
    width, height = figure.get_size_inches()
    heading = figure.suptitle(title, x=0.12 / width, ha="left", fontsize=TITLE_SIZE)
    wrap_text(heading, width - 0.4)
    if note:
        below = figure.supxlabel(note, x=0.12 / width, ha="left", fontsize=NOTE_SIZE, color=GREY)
        wrap_text(below, width - 0.4)
    for axes in figure.axes:
        wrap_text(axes.xaxis.label, 0.7 * width)
        wrap_text(axes.yaxis.label, 0.6 * height, along="height")
    set_alt(figure, alt)
    return figure


def sentence(text: str) -> str:
    """End a text with a full stop, unless it has an end."""
    text = text.strip()
    return text if text.endswith((".", "?", "!")) else f"{text}."


def wrap_text(text: Text, inches: float, along: str = "width") -> None:
    """Break the lines of a text so that it is at most so long; a long word stays whole."""
    dpi = text.get_figure().dpi
    words = " ".join(text.get_text().split())
    columns = len(words) + 1
    while getattr(text.get_window_extent(), along) > inches * dpi and columns > 8:
        columns -= 1
        text.set_text("\n".join(textwrap.wrap(words, columns, break_long_words=False)))


def readable(colour: str) -> str:
    """Darken a colour until words in it stand out from white (contrast 4.5 to 1, WCAG 1.4.3).

    Examples
    --------
    >>> readable("#000000"), readable("#56B4E9") < "#56B4E9"
    ('#000000', True)
    """
    from matplotlib.colors import to_hex, to_rgb

    shade = np.array(to_rgb(colour))
    while 1.05 / (_luminance(shade) + 0.05) < 4.5:
        shade = shade * 0.97
    return to_hex(shade)


def _luminance(shade: np.ndarray) -> float:
    """Return the relative luminance of an sRGB colour, as WCAG defines it."""
    linear = np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def numbers_of(name, values, shape=None, *, low=None, high=None, missing=False) -> np.ndarray:
    """Return a tensor, array or list as finite float64, of the shape and range that it must have.

    Raises
    ------
    ValueError
        If it is not; the message names the argument.
    """
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    numbers = np.asarray(values, dtype=np.float64)
    if shape is not None and numbers.shape != tuple(shape):
        raise ValueError(f"{name} must have shape {tuple(shape)}, got {numbers.shape}")
    known = numbers[~np.isnan(numbers)] if missing else numbers
    if not np.isfinite(known).all() or known.size == 0:
        raise ValueError(f"{name} must hold finite numbers")
    if (low is not None and known.min() < low - 1e-6) or (
        high is not None and known.max() > high + 1e-6
    ):
        raise ValueError(
            f"{name} must be in [{low}, {high}], got {known.min():g} to {known.max():g}"
        )
    return numbers


def set_alt(figure: Figure, text: str) -> None:
    """Give the figure the words that stand for it where it cannot be seen.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"alt must say in words what the figure shows, got {text!r}")
    figure.alt_text = " ".join(text.split())
