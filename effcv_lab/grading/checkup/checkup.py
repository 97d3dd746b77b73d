"""Everything that can be said of a student's notebook before it is handed in."""

from __future__ import annotations

import os
import shutil
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from effcv_lab.arguments import number_in
from effcv_lab.grading.checkup.answers import questions, unanswered
from effcv_lab.grading.checkup.copies import mend
from effcv_lab.grading.checkup.locating import assignment_of, name_problems
from effcv_lab.grading.checkup.problem import Cells, Problem, grade_id
from effcv_lab.grading.checkup.reading import CLEAR, Unreadable, read, to_text
from effcv_lab.grading.checkup.releases import released
from effcv_lab.grading.checkup.running import Check, checks, run
from effcv_lab.grading.checkup.trouble import troubles

if TYPE_CHECKING:
    from nbformat import NotebookNode

LARGE_BYTES = 5_000_000


@dataclass
class Checkup:
    """What was found.

    Attributes
    ----------
    path : Path
    assignment : str
    problems : list of Problem
    checks : list of Check
        None where the notebook cannot be read or run.
    by_hand : float
        Points that a person gives.
    mended : NotebookNode or None
        The notebook with its cells put right; None where nothing of that kind was wrong.
    seconds : float
        That the run took.
    """

    path: Path
    assignment: str
    problems: list[Problem] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    by_hand: float = 0.0
    mended: NotebookNode | None = None
    seconds: float = 0.0

    @property
    def to_mend(self) -> list[Problem]:
        """What has to be mended before handing in."""
        return [problem for problem in self.problems if not problem.note]


def check_up(
    path: str | Path, assignment: str | None = None, seconds: float = 60.0, command: str = ""
) -> Checkup:
    """Look at a notebook, run it from a fresh kernel, and say what to mend. The file is only read.

    Parameters
    ----------
    path : str or Path
    assignment : str, optional
        Or its beginning. Default: as name, cells or folder tell.
    seconds : float in (0, 86400]
        For one cell; grading gives 60.
    command : str
        What a student types to run this again; shown in advice.

    Raises
    ------
    ValueError
        If it cannot be told which assignment it is.
    OSError
        If there is no such file, or it may not be read.
    RuntimeError
        If no kernel starts.
    """
    number_in("seconds", seconds, 0, 86_400, open_low=True)
    path = Path(path)
    try:
        notebook, unreadable = read(path), None
    except Unreadable as error:
        notebook, unreadable = None, error
    ids = {grade_id(cell) for cell in notebook.cells} if notebook else set()
    name = assignment_of(path, ids, assignment)
    found = Checkup(path, name, name_problems(path, name))
    if unreadable:
        found.problems.append(Problem(str(unreadable), unreadable.advice))
        return found
    if path.stat().st_size > LARGE_BYTES:
        size = f"The file has {path.stat().st_size / 1e6:.0f} MB, most of it outputs."
        found.problems.append(Problem(size, CLEAR, note=True))
    _look(found, notebook, released(name), seconds, command or f"effcv check {name}")
    return found


def _look(
    found: Checkup, notebook: NotebookNode, release: NotebookNode, seconds: float, command: str
) -> None:
    """Look into a notebook that can be read."""
    cells = Cells(notebook)
    carried = [(grade_id(cell), cell) for cell in notebook.cells if grade_id(cell)]
    mends = mend(notebook, release, cells, command)
    copies = [(name, cell) for name, cell in carried if not grade_id(cell)]
    found.problems += mends
    if any(problem.by_mend for problem in mends):
        found.mended = deepcopy(notebook)
    found.problems += unanswered(notebook, release, cells, copies)
    found.problems += questions(notebook, cells)
    done = run(notebook, seconds)
    found.seconds = done.seconds
    found.problems += troubles(done, cells, found.path.resolve().parent, seconds)
    found.checks = checks(done)
    settings = [cell.metadata.nbgrader for cell in release.cells if grade_id(cell)]
    found.by_hand = float(sum(s.points for s in settings if s.grade and s.solution))


def write_mended(found: Checkup) -> Path | None:
    """Write the mended notebook in the place of the student's, which is kept beside it.

    Returns
    -------
    kept : Path or None
        Where the notebook is as it was before; None if there was nothing to mend in this way.
    """
    if found.mended is None:
        return None
    path = found.path
    kept = path.with_name(f"{path.stem}.before-mend.ipynb")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.stem}.before-mend-{number}.ipynb")
    text = to_text(found.mended)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(text.encode("utf-8", "replace"))  # half a character is none
    shutil.copy2(path, kept)
    draft.replace(path)
    return kept
