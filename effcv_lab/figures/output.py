"""Bring a figure to the reader: on the page with its alt text, or into a file."""

from __future__ import annotations

import base64
import html
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from effcv_lab.figures.style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    where there are no images, and outside a notebook, the alt text itself is printed. A pyplot
    figure is closed, so that it does not appear a second time at the end of the cell.

    Raises
    ------
    ValueError
        If the figure has no alt text.
    """
    from IPython import get_ipython
    from IPython.display import display

    alt = get_alt(figure)
    if get_ipython() is None:
        print(alt)
        return
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
