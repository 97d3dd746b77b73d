"""Read a stranger's notebook: whatever the file holds, a clean notebook comes out, or a reason why not.

Nothing of the file is believed. Text and kind of each cell and what nbgrader noted on it are taken over, each with the type
that it must have; outputs, attachments and all other settings stay behind.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

MOST_BYTES = 25_000_000
MOST_BRACKETS = 2_000_000  # in the whole file; each may be a list or a dictionary, of 80 bytes
MOST_CELLS = 2_000
MOST_CHARACTERS = 1_000_000  # of one cell
SETTINGS = {
    "grade_id": str,
    "grade": bool,
    "solution": bool,
    "locked": bool,
    "task": bool,
    "points": (int, float),
    "schema_version": int,
    "cell_type": str,
    "checksum": str,
}
ASK = "ask the student for the notebook again"
CLEAR = "let the student clear all outputs, save and hand in again"


class Unreadable(ValueError):
    """A file is no notebook that can be graded.

    Attributes
    ----------
    advice : str
        What to do about it.
    """

    def __init__(self, reason: str, advice: str = ASK):
        super().__init__(reason)
        self.advice = advice


def read_notebook(path: str | Path) -> NotebookNode:
    """Read a notebook file of format 4.

    Returns
    -------
    notebook : NotebookNode
        Valid for ``nbformat``, without outputs.

    Raises
    ------
    Unreadable
        Whatever is wrong with the file; the message says what, and ``advice`` what to do.
    FileNotFoundError
        If there is none.
    """
    return clean(_parse(_read(path)))


def _read(path: str | Path) -> bytes:
    """Return a plain file's content: no link is followed, no pipe waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unreadable("it is no plain file but a link") from None
        raise Unreadable(f"it cannot be opened ({error.strerror})") from None
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable("it is no plain file")
        if about.st_size > MOST_BYTES:
            raise Unreadable(
                f"it has {about.st_size / 1e6:.0f} MB, of which at most {MOST_BYTES / 1e6:.0f} are read",
                CLEAR,
            )
        with open(handle, "rb", closefd=False) as file:
            return file.read(MOST_BYTES + 1)
    finally:
        os.close(handle)


def _parse(content: bytes) -> Any:
    if not content.strip():
        raise Unreadable("it is empty")
    brackets = content.count(b"{") + content.count(b"[")
    if brackets > MOST_BRACKETS:
        raise Unreadable(
            f"it holds {brackets} brackets, of which at most {MOST_BRACKETS} are read", CLEAR
        )
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is no UTF-8 text (byte {error.start})") from None
    except RecursionError:
        raise Unreadable("it is no notebook: it is nested too deeply") from None
    except ValueError as error:
        raise Unreadable(f"it is no JSON ({error})") from None


def clean(content: Any) -> NotebookNode:
    """Make a notebook of what a file held.

    Raises
    ------
    Unreadable
        If it is no notebook of format 4, or larger than notebooks are.

    Examples
    --------
    >>> notebook = clean({"nbformat": 4, "cells": [{"cell_type": "code", "source": ["1", " + 1"], "outputs": 7}]})
    >>> notebook.cells[0].source, notebook.cells[0].outputs
    ('1 + 1', [])
    """
    from nbformat.v4 import new_notebook

    if not isinstance(content, dict):
        raise Unreadable(f"it is no notebook but a JSON {type(content).__name__}")
    version = content.get("nbformat")
    if "worksheets" in content or (isinstance(version, int) and version < 4):
        raise Unreadable(
            "it has the old notebook format 3",
            "let the student open it in JupyterLab, save it and hand in again",
        )
    cells = content.get("cells")
    if version != 4 or not isinstance(cells, list):
        raise Unreadable("it is no notebook of format 4: it has no list of cells")
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"it has {len(cells)} cells, of which at most {MOST_CELLS} are read")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = [_cell(cell) for cell in cells if isinstance(cell, dict)]
    return new_notebook(cells=made, metadata={"kernelspec": kernel})


def _cell(cell: dict) -> NotebookNode:
    from nbformat.v4 import new_code_cell, new_markdown_cell

    make = new_code_cell if cell.get("cell_type") == "code" else new_markdown_cell
    metadata = cell.get("metadata")
    settings = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    kept = {"nbgrader": _settings(settings)} if settings else {}
    return make(_text(cell.get("source", "")), metadata=kept)


def _text(source: Any) -> str:
    """Join lines; what is no text is none. Half a character (a lone surrogate) becomes a question mark."""
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    if len(text) > MOST_CHARACTERS:
        raise Unreadable(
            f"a cell has {len(text)} characters, of which at most {MOST_CHARACTERS} are read"
        )
    return text.encode("utf-8", "replace").decode("utf-8")


def _settings(found: Any) -> dict:
    """Keep nbgrader's settings that have their type; a cell with none of them is still told from an ordinary one."""
    known = found if isinstance(found, dict) else {}
    kept = {k: known[k] for k, kind in SETTINGS.items() if isinstance(known.get(k), kind)}
    if "grade_id" in kept:
        kept["grade_id"] = _text(kept["grade_id"])
    return kept or {"grade_id": None}
