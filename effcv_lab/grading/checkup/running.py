"""All cells from top to bottom in a fresh kernel, and the points of the visible checks."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from effcv_lab.grading.checkup import kernel as of_kernel
from effcv_lab.grading.checkup.kernel import Ran, fresh_kernel

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Check:
    """What one visible check gave.

    Attributes
    ----------
    name : str
        The function's, as far as the check's id tells.
    points, possible : float
    text : str
        What it printed; or why it gave nothing.
    """

    name: str
    points: float
    possible: float
    text: str


@dataclass
class Run:
    """One run of a notebook.

    Attributes
    ----------
    cells : list of (NotebookNode, Ran)
        Code cells in their order, each with what came of it.
    seconds : float
        Wall-clock time.
    """

    cells: list[tuple[NotebookNode, Ran]] = field(default_factory=list)
    seconds: float = 0.0


def run(notebook: NotebookNode, seconds: float) -> Run:
    """Run a notebook's code cells; the notebook itself stays as it is.

    Parameters
    ----------
    notebook : NotebookNode
    seconds : float
        After which a cell is interrupted.

    Raises
    ------
    RuntimeError
        If no kernel starts.
    """
    from tqdm import tqdm

    started, found = time.monotonic(), Run()
    code = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    with fresh_kernel() as kernel:
        quiet = not sys.stdout.isatty()
        for cell in tqdm(
            code, desc="Running", unit=" cells", file=sys.stdout, disable=quiet, leave=False
        ):
            found.cells.append((cell, kernel.run(cell.source, seconds)))
    found.seconds = time.monotonic() - started
    return found


def is_check(cell: NotebookNode) -> bool:
    """Tell whether points are given to a cell by machine."""
    settings = cell.metadata.get("nbgrader", {})
    return bool(settings.get("grade")) and not settings.get("solution")


def checks(found: Run) -> list[Check]:
    """Count the points of the visible checks by nbgrader's own rules."""
    return [_check(cell, ran) for cell, ran in found.cells if is_check(cell)]


def _check(cell: NotebookNode, ran: Ran) -> Check:
    from nbgrader.utils import determine_grade

    settings = cell.metadata.nbgrader
    name = settings.grade_id.removeprefix("test_")
    possible = float(settings.points)
    if reason := _no_result(ran):
        return Check(name, 0.0, possible, reason)
    graded = cell.copy()
    graded.outputs = ran.outputs
    try:
        points = float(determine_grade(graded)[0])
    except (ValueError, KeyError) as error:
        return Check(name, 0.0, possible, f"the check's result cannot be counted: {error}")
    return Check(name, points, possible, ran.printed.strip() or _stderr(ran))


def _no_result(ran: Ran) -> str:
    if ran.ended == of_kernel.NOT_RUN:
        return "not run: the kernel had ended before"
    if ran.ended == of_kernel.TIMEOUT:
        return "not finished in time"
    if ran.ended in (of_kernel.DIED, of_kernel.EXITED):
        return "the kernel ended in this check"
    if ran.error is None:
        return ""
    if ran.error.ename == "NotImplementedError":
        return "not written yet"
    return f"it stopped with {ran.error.ename}: {ran.error.evalue}".strip(": ")


def _stderr(ran: Ran) -> str:
    wrote = [o.text for o in ran.outputs if o.output_type == "stream" and o.name == "stderr"]
    if not wrote:
        return ""
    return "a warning or message on stderr gives no points:\n" + "".join(wrote).strip()
