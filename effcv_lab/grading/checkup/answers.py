"""What is not answered yet, and cells that wait for somebody to type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from effcv_lab.grading.checkup.names import asks, same_code
from effcv_lab.grading.checkup.problem import Cells, Problem, grade_id

if TYPE_CHECKING:
    from nbformat import NotebookNode

STUB = re.compile(r"^\s*raise NotImplementedError\(.*\)\s*$", re.MULTILINE)


def unanswered(
    notebook: NotebookNode,
    release: NotebookNode,
    cells: Cells,
    copies: list[tuple[str, NotebookNode]],
) -> list[Problem]:
    """Find answers that are still as they were handed out.

    Parameters
    ----------
    notebook : NotebookNode
        Mended.
    release : NotebookNode
    cells : Cells
    copies : list of (str, NotebookNode)
        Cells that carried an answer's id a second time, with it: the answer may stand there.
    """
    official = {grade_id(cell): cell for cell in release.cells if grade_id(cell)}
    problems = []
    for cell in notebook.cells:
        name = grade_id(cell)
        if not name or not official[name].metadata.nbgrader.solution:
            continue
        what, how = _look(cell, official[name])
        if not what:
            continue
        if any(name == other_name and not _look(c, official[name])[0] for other_name, c in copies):
            how = "your answer stands in a copy of this cell: move it here, then delete the copy"
        problems.append(Problem(what.format(name=name), how, cells.name(cell)))
    return problems


def _look(cell: NotebookNode, released: NotebookNode) -> tuple[str, str]:
    if released.cell_type != "code":
        if cell.source.strip() in ("", released.source.strip()):
            return (
                "The written question `{name}` is not answered.",
                "write your answer in this cell",
            )
        return "", ""
    if not cell.source.strip() or same_code(cell.source, released.source):
        return "`{name}` is not written yet.", "write it: unwritten, it earns no points"
    stub = STUB.search(released.source)
    if stub and stub.group().strip() in [line.strip() for line in cell.source.splitlines()]:
        return (
            "`{name}` still holds the line that raises NotImplementedError.",
            "delete that line",
        )
    return "", ""


def questions(notebook: NotebookNode, cells: Cells) -> list[Problem]:
    """Find cells that ask for input: nobody is there to type when they are graded."""
    problems = []
    for cell in notebook.cells:
        line = asks(cell.source) if cell.cell_type == "code" else None
        if line:
            problems.append(
                Problem(
                    f"The cell waits for somebody to type: {line[:60]}",
                    "put a value there instead: nobody types when it is graded",
                    cells.name(cell),
                )
            )
    return problems
