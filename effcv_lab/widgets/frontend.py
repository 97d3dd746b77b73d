"""Show something in a notebook so that it can be read with and without a running front end."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anywidget import AnyWidget

_HERE = Path(__file__).parent


def source(*names: str) -> str:
    """Return the text of files of this folder one after another, as one ES module or style."""
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


def in_kernel() -> bool:
    """Tell whether a Jupyter kernel runs this code; only then can a front end show a widget."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


def show_html(html: str, text: str) -> None:
    """Display HTML in a notebook, or print the text where there is none."""
    if not in_kernel():
        print(text)
        return
    from IPython.display import display

    display({"text/html": html, "text/plain": text}, raw=True)


def show_widget(make: Callable[[str], AnyWidget], html: str, text: str) -> AnyWidget | None:
    """Display a widget over a readable copy of it.

    The copy comes first, as HTML of its own. A running widget hides it; where none runs (nbval,
    nbconvert, a notebook page on the web) it stays. Outside a kernel the text is printed and
    ``make`` is not called.

    Parameters
    ----------
    make : function of the name under which the widget hides its copy
    html, text : str
        The copy, for notebooks and for a terminal.
    """
    if not in_kernel():
        print(text)
        return None
    from IPython.display import display

    name = f"effcv-copy-{secrets.token_hex(6)}"
    display({"text/html": f'<div class="{name}">{html}</div>', "text/plain": text}, raw=True)
    widget = make(name)
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display({"application/vnd.jupyter.widget-view+json": view, "text/plain": ""}, raw=True)
    return widget
