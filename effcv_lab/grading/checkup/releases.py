"""The assignments as they were handed out: the package carries them, as a student's copy may be damaged."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parent.parent / "releases"


def names() -> list[str]:
    """List the assignments, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def full_name(beginning: str) -> str:
    """Return the assignment that a name or its beginning stands for.

    Raises
    ------
    ValueError
        If none or several have that beginning.

    Examples
    --------
    >>> full_name("a1")
    'a1_temperature'
    """
    known = names()
    if beginning in known:
        return beginning
    found = [name for name in known if name.startswith(f"{beginning}_")]
    found = found or [name for name in known if beginning and name.startswith(beginning)]
    if len(found) != 1:
        raise ValueError(
            f"assignment must be one of {', '.join(known)} (or the beginning of one), or the path of a notebook; "
            f"got {beginning!r}"
        )
    return found[0]


def meant_by(name: str) -> str | None:
    """Return the assignment that a file's or folder's name may be meant for.

    Examples
    --------
    >>> meant_by("A1-Temperature (2)"), meant_by("a11"), meant_by("temperature")
    ('a1_temperature', None, None)
    """
    for known in names():
        short = re.escape(known.partition("_")[0])
        if name.casefold() == known or re.match(rf"{short}(?![0-9a-z])", name.casefold()):
            return known
    return None


def released(name: str) -> NotebookNode:
    """Return a fresh copy of an assignment's notebook as students get it."""
    import nbformat

    return nbformat.reads(_text(FOLDER / f"{name}.ipynb"), as_version=4)


@functools.lru_cache(maxsize=8)
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
