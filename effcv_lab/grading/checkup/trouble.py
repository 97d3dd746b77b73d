"""What did not go well in a run, in words: errors, cells without an end, names from an old kernel."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from effcv_lab.grading.checkup import kernel as of_kernel
from effcv_lab.grading.checkup.names import imports_all, made_by, needed_by
from effcv_lab.grading.checkup.problem import Cells, Problem, first_line
from effcv_lab.grading.checkup.running import Run, is_check

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from effcv_lab.grading.checkup.kernel import Ran

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
NO_NAME = re.compile(
    r"NameError: (?:free |cannot access )?(?:local |global )?(?:variable |name )'(\w+)'"
)
OPENED = re.compile(r"'([^']+)'")
MUCH = 200_000  # characters of one cell


def troubles(found: Run, cells: Cells, beside: Path, seconds: float) -> list[Problem]:
    """Say what a run from a fresh kernel has shown.

    Parameters
    ----------
    found : Run
    cells : Cells
    beside : Path
        The notebook's folder: files that lie there are not handed in.
    seconds : float
        That a cell had.
    """
    problems, told = [], set()
    for index, (cell, ran) in enumerate(found.cells):
        where = cells.name(cell)
        if ran.ended in ENDED:
            what, how = ENDED[ran.ended]
            problems.append(Problem(what.format(seconds=seconds), how, where))
            if ran.ended == of_kernel.TIMEOUT and _rest_not_run(found, index):
                problems[-1] = Problem(
                    f"{problems[-1].what} It did not heed the interrupt.", how, where
                )
        if ran.characters > MUCH:
            problems.append(
                Problem(
                    f"The cell prints {ran.characters / 1e6:.1f} million characters: grading cuts that.",
                    "print less, or only every so often",
                    where,
                )
            )
        for name in _names_missed(cell, ran):
            if name not in told:
                told.add(name)
                problems.append(_old_kernel(name, found, index, cells))
        if ran.ended == of_kernel.ERROR and not is_check(cell):
            problems += _raised(cell, ran, where, beside)
    return problems + _never_made(found, cells, told)


ENDED = {
    of_kernel.TIMEOUT: (
        "The cell did not finish within {seconds:g} s and was stopped, as in grading.",
        "look for a loop whose condition never changes, or give it less to do",
    ),
    of_kernel.DIED: (
        "The kernel died in this cell; the cells below it did not run.",
        "look for os._exit, endless recursion in compiled code, or arrays beyond memory",
    ),
    of_kernel.EXITED: (
        "The cell ends the kernel: the cells below it do not run.",
        "delete exit() or quit() from it",
    ),
}


def _rest_not_run(found: Run, index: int) -> bool:
    rest = found.cells[index + 1 :]
    return bool(rest) and rest[0][1].ended == of_kernel.NOT_RUN


def _names_missed(cell: NotebookNode, ran: Ran) -> list[str]:
    """Find names that were missing: in an error, or in what a check says of a function."""
    said = f"{ran.error.ename}: {ran.error.evalue}" if ran.error else ""
    if is_check(cell):
        said += "\n" + ran.printed
    return NO_NAME.findall(said)


def _old_kernel(name: str, found: Run, index: int, cells: Cells) -> Problem:
    """Explain a name that a fresh kernel does not know."""
    makers = [i for i, (cell, _) in enumerate(found.cells) if name in made_by(cell.source)]
    above = [i for i in makers if i < index]
    below = [i for i in makers if i > index]
    users = [i for i, (c, _) in enumerate(found.cells[: index + 1]) if name in needed_by(c.source)]
    where = cells.name(found.cells[users[-1] if users else index][0])
    if above:
        maker = cells.name(found.cells[above[-1]][0])
        return Problem(
            f"`{name}` is missing here: the cell that makes it did not get so far.",
            f"first repair {maker}",
            where,
        )
    if below:
        maker = cells.name(found.cells[below[0]][0])
        return Problem(
            f"`{name}` is made only further down: it worked for you because of an older run.",
            f"make it above; now it stands in {maker}",
            where,
        )
    return Problem(
        f"`{name}` is made by no cell of the notebook: it came from a cell that is deleted or changed.",
        f"write what makes `{name}` again, in a cell above or in this one",
        where,
    )


def _raised(cell: NotebookNode, ran: Ran, where: str, beside: Path) -> list[Problem]:
    """Explain an error in a cell that is no check; what follows from an unwritten answer is told there."""
    error = ran.error
    name, text = error.ename, error.evalue.strip()
    expected = "raises-exception" in cell.metadata.get("tags", [])
    if expected or name in ("NameError", "NotImplementedError", "StdinNotImplementedError"):
        return []
    line = _line(error)
    what = f"The cell stops with {name}" + (f": {first_line(text)}" if text else "") + line
    if name in ("FileNotFoundError", "ModuleNotFoundError"):
        missed = _file_beside(text, beside)
        if missed:
            return [
                Problem(
                    f"The cell needs {missed!r}, but only the notebook is handed in.",
                    "put what it holds into the notebook itself",
                    where,
                )
            ]
    if name == "SystemExit":
        return [
            Problem("The cell calls sys.exit().", "delete that: the cell is over at its end", where)
        ]
    return [Problem(what, "repair the cell, or delete it if it was only for trying", where)]


def _line(error: NotebookNode) -> str:
    text = ANSI.sub("", "\n".join(map(str, error.traceback)))
    found = re.search(r"Cell In\[\d+\], line (\d+)", text)
    return f" (line {found.group(1)})" if found else ""


def _file_beside(text: str, beside: Path) -> str | None:
    """Return the file beside the notebook that an error's words are about."""
    for name in OPENED.findall(text):
        module = name.partition(".")[0]
        for candidate in (name, f"{module}.py", module):
            if not Path(candidate).is_absolute() and (beside / candidate).exists():
                return candidate
    return None


def _never_made(found: Run, cells: Cells, told: set[str]) -> list[Problem]:
    """Find names in functions that no cell makes: no error yet, as nobody called them that far."""
    if any(imports_all(cell.source) for cell, _ in found.cells):
        return []
    made = {name for cell, _ in found.cells for name in made_by(cell.source)}
    problems = []
    for cell, _ in found.cells:
        for name in sorted(needed_by(cell.source) - made - told):
            told.add(name)
            problems.append(
                Problem(
                    f"`{name}` is used here, but no cell makes it.",
                    f"write what makes `{name}`, or mend its spelling",
                    cells.name(cell),
                    note=True,
                )
            )
    return problems
