"""One thing to mend, and the name of a cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

SHOWN = 86  # characters of a cell's name


@dataclass(frozen=True)
class Problem:
    """What is wrong, where, and how to mend it.

    Attributes
    ----------
    what : str
        Whole sentences.
    mend : str
        What to do.
    where : str
        The cell, as :class:`Cells` names it; "" where it is about the file.
    by_mend : bool
        ``effcv check --mend`` does it.
    note : bool
        Good to know; nothing has to be done.
    """

    what: str
    mend: str
    where: str = ""
    by_mend: bool = False
    note: bool = False


class Cells:
    """Names a notebook's cells as a student can find them: by place, id and first line.

    Made before anything is put back, so that places are those in the student's own file.

    Parameters
    ----------
    notebook : NotebookNode
    """

    def __init__(self, notebook: NotebookNode):
        self._places = {id(cell): place for place, cell in enumerate(notebook.cells, start=1)}
        self._names = {id(cell): grade_id(cell) for cell in notebook.cells}

    def name(self, cell: NotebookNode) -> str:
        """Return something like ``cell 4, half: def half(x):``."""
        place = self._places.get(id(cell))
        shown = [f"cell {place}"] if place else []
        shown += filter(None, [grade_id(cell) or self._names.get(id(cell), "")])
        start = f"{', '.join(shown) or 'a cell'}: "
        return start + first_line(cell.source, max(20, SHOWN - len(start)))


def grade_id(cell: NotebookNode) -> str:
    """Return a cell's id in nbgrader's settings, or ""."""
    settings = cell.metadata.get("nbgrader")
    name = settings.get("grade_id") if isinstance(settings, dict) else None
    return name if isinstance(name, str) else ""


def first_line(source: str, most: int = SHOWN) -> str:
    r"""Return the first line that is not blank, cut to at most ``most`` characters.

    Examples
    --------
    >>> first_line("\n\n# A title\n\nand text")
    '# A title'
    >>> first_line("def half(x):", 8), first_line(" ")
    ('def h...', '(empty)')
    """
    line = next((line.strip() for line in source.splitlines() if line.strip()), "(empty)")
    line = "".join(letter if letter.isprintable() else " " for letter in line)
    return line if len(line) <= most else f"{line[: most - 3]}..."
