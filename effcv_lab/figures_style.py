"""The house style of every figure: colours, letters, title, alt text, showing and saving.

Figures here are plain ``matplotlib.figure.Figure`` objects, outside pyplot: nothing is drawn
twice, nothing stays open, and no setting of the reader's own session is touched.
"""

from __future__ import annotations

import base64
import html
import io
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "font.size": 14,
    "grid.color": "#dddddd",
    "lines.linewidth": 2.5,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "path",
    "svg.hashsalt": "effcv_lab",  # the same figure is the same file, byte by byte
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 13,
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
    """Write the takeaway above and the note below, both wrapped to the width; keep the alt text."""
    margin = 0.12 / figure.get_figwidth()
    heading = figure.suptitle(title, x=margin, ha="left", fontsize=TITLE_SIZE)
    wrap_text(heading, figure.get_figwidth() - 0.3)
    if note:
        below = figure.supxlabel(note, x=margin, ha="left", fontsize=NOTE_SIZE, color=GREY)
        wrap_text(below, figure.get_figwidth() - 0.3)
    set_alt(figure, alt)
    return figure


def wrap_text(text, width_inches: float) -> None:
    """Break the lines of a matplotlib text so that it is at most so wide."""
    import textwrap

    figure = text.get_figure()
    original = " ".join(text.get_text().split())
    for columns in range(len(original), 7, -1):
        text.set_text("\n".join(textwrap.wrap(original, columns, break_long_words=False)))
        if text.get_window_extent().width <= width_inches * figure.dpi:
            return


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


def get_alt(figure: Figure) -> str:
    """Return the alt text of a figure.

    Raises
    ------
    ValueError
        If it has none.
    """
    text = getattr(figure, "alt_text", "")
    if not text:
        raise ValueError("this figure has no alt text: call set_alt(figure, 'what it shows') first")
    return text


def show(figure: Figure) -> None:
    """Display a figure in a notebook, with its alt text for screen readers and exports.

    The image is a PNG inside ``<img alt="...">``, which JupyterLab, nbconvert and slides keep;
    where there are no images the alt text itself is printed. A pyplot figure is closed, so that
    it does not appear a second time at the end of the cell.

    Raises
    ------
    ValueError
        If the figure has no alt text.
    """
    import sys

    from IPython.display import display

    alt = get_alt(figure)
    picture = base64.b64encode(_rendered(figure, "png", dpi=200)).decode()
    width = round(figure.get_figwidth() * 100)  # half of the pixels: sharp on dense screens
    tag = f'<img alt="{html.escape(alt)}" width="{width}" src="data:image/png;base64,{picture}">'
    display({"text/html": tag, "text/plain": alt}, raw=True)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure as ``.png`` or ``.svg``: the same figure gives the same bytes.

    The alt text goes into the file as its description; no date and no program name do.

    Raises
    ------
    ValueError
        If the ending is another one, or the figure has no alt text.
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".")
    if kind not in ("png", "svg"):
        raise ValueError(f"path must end in .png or .svg, got {path.name!r}")
    path.write_bytes(_rendered(figure, kind, dpi=200))
    return path


def _rendered(figure: Figure, kind: str, dpi: int) -> bytes:
    metadata = {"Description": get_alt(figure)}
    metadata |= {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


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
