"""Read a student's notebook file, whatever it holds, and keep all that is theirs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from effcv_lab.grading.marking.reading import (
    MOST_BYTES,
    MOST_CELLS,
    MOST_CHARACTERS,
    Unreadable,
)

if TYPE_CHECKING:
    from nbformat import NotebookNode

CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)
MOST_LEVELS = 60  # of lists in lists
SAVE_AGAIN = "open it in JupyterLab, save it (Ctrl-S), then check again"
START_AGAIN = "take a fresh copy of the assignment and paste your answers into it, cell by cell"
CLEAR = "in JupyterLab: Edit > Clear Outputs of All Cells, then save"


def read(path: Path) -> NotebookNode:
    """Read a notebook; what is of no use in a cell (an output that is none, say) stays until it is written.

    Raises
    ------
    Unreadable
        If it is no notebook of format 4, or larger than grading reads; ``advice`` says what to do.
    """
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise Unreadable(
            f"The file has {size / 1e6:.0f} MB; grading reads at most {MOST_BYTES / 1e6:.0f} MB.",
            CLEAR,
        )
    content = path.read_bytes()
    if not content.strip(b"\0 \t\r\n"):
        raise Unreadable("The file is empty.", _older(path))
    try:
        text = content.decode("utf-8-sig")
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(*_damage(content, error, path)) from None
    return _notebook(found, path)


def _damage(content: bytes, error: Exception, path: Path) -> tuple[str, str]:
    """Say why a file is no JSON, and what to do."""
    if content[:4] in (b"PK\3\4", b"%PDF") or content[:1] == b"<":
        kinds = {b"PK": "a zip archive", b"%P": "a PDF file"}
        kind = kinds.get(content[:2], "a web page")
        return f"The file is {kind}, not a notebook.", "hand in the .ipynb file itself"
    if b"<<<<<<< " in content and b">>>>>>> " in content:
        return (
            "The file holds the marks of a Git merge (<<<<<<<): it is no notebook any more.",
            "git checkout --ours (or --theirs) on the file, then look at your answers",
        )
    if isinstance(error, json.JSONDecodeError):
        if error.msg.startswith("Unterminated") or error.pos >= len(error.doc.rstrip()):
            return "The file breaks off in the middle: it is no notebook.", _older(path)
        return f"The file is damaged in line {error.lineno}: it is no notebook (no JSON).", _older(
            path
        )
    return "The file is damaged: it is no notebook (no text, or no JSON).", _older(path)


def _older(path: Path) -> str:
    """Say where an older version may be."""
    kept = path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint.ipynb"
    if kept.is_file() and kept.stat().st_size:
        return f"JupyterLab kept an older version: look at {kept}, and copy it back if it is good"
    return START_AGAIN


def _notebook(content: Any, path: Path) -> NotebookNode:
    import nbformat

    if not isinstance(content, dict):
        raise Unreadable("The file is JSON, but no notebook.", _older(path))
    version = content.get("nbformat")
    if "worksheets" in content or (isinstance(version, int) and 0 < version < 4):
        raise Unreadable("The notebook has the old format 3, which is not graded.", SAVE_AGAIN)
    cells = content.get("cells")
    if version != 4 or not isinstance(cells, list):
        raise Unreadable(
            "The file has no list of cells: it is no notebook of format 4.", _older(path)
        )
    if len(cells) > MOST_CELLS:
        raise Unreadable(
            f"It has {len(cells)} cells; grading reads at most {MOST_CELLS}.", START_AGAIN
        )
    if _levels(content) > MOST_LEVELS:
        raise Unreadable("The notebook is nested too deeply to be one.", START_AGAIN)
    made = [_cell(cell) for cell in cells if isinstance(cell, dict)]
    metadata = content.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return nbformat.from_dict(
        {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    )


def _levels(content: Any) -> int:
    """Count how deep lists stand in lists; not by recursion, which has an end."""
    levels, inner = 0, [content]
    while inner:
        levels += 1
        holders = [
            x.values() if isinstance(x, dict) else x for x in inner if isinstance(x, dict | list)
        ]
        inner = [value for holder in holders for value in holder if isinstance(value, dict | list)]
    return levels


def _cell(cell: dict) -> dict:
    from nbformat.corpus.words import generate_corpus_id

    kind = cell.get("cell_type")
    kind = kind if kind in ("code", "raw") else "markdown"
    name = cell.get("id")
    if not isinstance(name, str) or not CELL_ID.fullmatch(name):
        name = generate_corpus_id()
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    made = {
        "cell_type": kind,
        "id": name,
        "metadata": metadata,
        "source": _text(cell.get("source")),
    }
    if kind == "code":
        outputs, count = cell.get("outputs"), cell.get("execution_count")
        made["outputs"] = outputs if isinstance(outputs, list) else []
        made["execution_count"] = count if type(count) is int else None
    elif isinstance(cell.get("attachments"), dict):
        made["attachments"] = cell["attachments"]
    return made


def _text(source: Any) -> str:
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    if len(text) > MOST_CHARACTERS:
        raise Unreadable(
            f"A cell has {len(text):,} characters; grading reads at most {MOST_CHARACTERS:,}.",
            f"shorten it; it begins: {text[:40]!r}",
        )
    return text.encode("utf-8", "replace").decode("utf-8")


def to_text(notebook: NotebookNode) -> str:
    """Write a notebook as JupyterLab reads it; outputs or notes that break the format are left out."""
    import nbformat

    def bare(cell: NotebookNode) -> None:
        kept = {
            k: v for k, v in cell.metadata.items() if k in ("nbgrader", "deletable", "editable")
        }
        cell.metadata = nbformat.from_dict(kept)
        cell.pop("attachments", None)

    steps = [
        lambda cell: None,
        lambda cell: cell.update({"outputs": []} if "outputs" in cell else {}),
        bare,
    ]
    for step in steps:
        for cell in notebook.cells:
            step(cell)
        try:
            nbformat.validate(notebook)
            break
        except nbformat.ValidationError:
            continue
    else:
        notebook.metadata = nbformat.from_dict({})
        nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"
