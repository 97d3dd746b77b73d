"""Copied, edited and deleted cells of a student's notebook, told and mended."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from effcv_lab.grading import mending
from effcv_lab.grading.checkup.names import made_by
from effcv_lab.grading.checkup.problem import Cells, Problem, grade_id

if TYPE_CHECKING:
    from nbformat import NotebookNode

WORDS = {
    mending.FOREIGN: (
        "The cell carries grading settings of another assignment.",
        "{command} --mend makes it an ordinary cell",
    ),
    mending.COPIED: (
        "`{name}` is there more than once. Only the first one counts, but all of them run.",
        "delete the copy, or {command} --mend makes it an ordinary cell",
    ),
    mending.SETTINGS: (
        "Points or locks of `{name}` were changed. Grading uses the true ones.",
        "{command} --mend restores them",
    ),
    mending.TYPE: (
        "`{name}` is no longer {kind}, as it was handed out.",
        "{command} --mend turns it back",
    ),
    mending.EDITED: (
        "`{name}` was edited, but is graded as it was handed out. Own code in it will be lost.",
        "move what is yours to a cell of your own, then {command} --mend restores this one",
    ),
    mending.DELETED: ("`{name}` was deleted.", "{command} --mend puts it back"),
}
ELSEWHERE = Problem(
    "`{name}` stands in a cell of your own, not in the one that was handed out.",
    "nothing to do: it counts there, too",
    note=True,
)


def mend(
    notebook: NotebookNode, release: NotebookNode, cells: Cells, command: str
) -> list[Problem]:
    """Mend a notebook in place, and say what was mended. No answer's text is touched.

    Parameters
    ----------
    notebook : NotebookNode
    release : NotebookNode
        The assignment as it was handed out.
    cells : Cells
        Names the notebook's cells.
    command : str
        What a student types, such as ``effcv check a1``.

    Returns
    -------
    problems : list of Problem
        A note, where an answer stands in another cell.
    """
    official = {grade_id(cell): cell for cell in release.cells if grade_id(cell)}
    handed_out = {name: cell.source for name, cell in official.items()}
    changes = mending.mend_settings(notebook, official, handed_out)
    changes += mending.put_back(notebook, official, _lost(notebook, official))
    problems = []
    for change in changes:
        problems.append(_told(change, official, cells, command))
        if change.kind in (mending.FOREIGN, mending.COPIED):
            _unlock(change.cell)
    for cell in notebook.cells:
        if name := grade_id(cell):
            _restore(cell, official[name])
    _tell_apart(notebook)
    return problems


def _lost(notebook: NotebookNode, official: dict[str, NotebookNode]) -> set[str]:
    """Find the answers whose functions no other cell makes."""
    made = {
        name for cell in notebook.cells if cell.cell_type == "code" for name in made_by(cell.source)
    }
    return {name for name, cell in official.items() if not made_by(cell.source) & made}


def _told(
    change: mending.Change, official: dict[str, NotebookNode], cells: Cells, command: str
) -> Problem:
    if change.kind == mending.NO_ANSWER:
        return Problem(ELSEWHERE.what.format(name=change.name), ELSEWHERE.mend, note=True)
    kind = ""
    if change.name:
        kind = {"code": "a code cell"}.get(official[change.name].cell_type, "a text cell")
    what, how = WORDS[change.kind]
    return Problem(
        what.format(name=change.name, kind=kind),
        how.format(command=command),
        cells.name(change.cell),
        by_mend=True,
    )


def _tell_apart(notebook: NotebookNode) -> None:
    """Give a new id to a cell whose id another one has: one that was put back, say."""
    from nbformat.corpus.words import generate_corpus_id

    seen: set[str] = set()
    for cell in notebook.cells:
        if cell.id in seen:
            cell.id = generate_corpus_id()
        seen.add(cell.id)


def _unlock(cell: NotebookNode) -> None:
    """Let a copy be edited and deleted."""
    for key in ("deletable", "editable"):
        cell.metadata.pop(key, None)


def _restore(cell: NotebookNode, released: NotebookNode) -> None:
    """Give a cell its type and locks back and, if it is locked, its text."""
    _unlock(cell)
    cell.metadata |= deepcopy(released.metadata)
    if cell.cell_type != released.cell_type:
        cell.cell_type = released.cell_type
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell |= {"outputs": [], "execution_count": None}
        else:
            cell.pop("outputs", None)
            cell.pop("execution_count", None)
    if released.metadata.nbgrader.locked and cell.source != released.source:
        cell.source = released.source
        if cell.cell_type == "code":
            cell |= {"outputs": [], "execution_count": None}
