"""What a cell header says, and what JupyterLab and nbgrader store of it in the notebook.

=======  ======================  =======================
role     in nbgrader's toolbar   grade, solution, locked
=======  ======================  =======================
given    Read-only               False, False, True
answer   Autograded answer       False, True,  False
tests    Autograder tests        True,  False, True
written  Manually graded answer  True,  True,  False
=======  ======================  =======================
"""

from __future__ import annotations

import hashlib
import math
import re

from tools.notebooks.headers import Cell, MasterError
from tools.notebooks.markers import check_markers

ROLES = {
    "given": {"grade": False, "solution": False, "locked": True},
    "answer": {"grade": False, "solution": True, "locked": False},
    "tests": {"grade": True, "solution": False, "locked": True},
    "written": {"grade": True, "solution": True, "locked": False},
}
KINDS_OF_ROLE = {
    "given": ("code", "markdown"),
    "answer": ("code",),
    "tests": ("code",),
    "written": ("markdown",),
}
SLIDES = ("slide", "subslide", "fragment", "skip", "notes")
MADE_BY_A_MACHINE = re.compile(r"[0-9a-f]{8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Notes that a front end keeps for itself, and values that mean "nothing set".
NOISE = {"collapsed", "scrolled", "trusted", "execution", "ExecuteTime", "is_executing", "vscode"}
NOTHING_SET = {"tags": [], "deletable": True, "editable": True, "slideshow": {}, "jupyter": {}}


def check_cell(cell: Cell) -> None:
    """Accept a cell whose role, id, points, kind and markers fit together.

    Raises
    ------
    MasterError
        Otherwise, with what to write instead.

    Examples
    --------
    >>> check_cell(Cell("code", "1", {"role": "tests", "id": "test_kl"}))
    Traceback (most recent call last):
        ...
    tools.notebooks.headers.MasterError: role="tests" needs points=...
    """
    role, name, points = (cell.header.get(key) for key in ("role", "id", "points"))
    if role not in (None, *ROLES):
        raise MasterError(f"role={role!r} is not one of {', '.join(ROLES)}")
    if role and name is None:
        raise MasterError(f'role="{role}" needs id="..."')
    if name is not None:
        _check_id(name)
    graded = role is not None and ROLES[role]["grade"]
    if graded and points is None:
        raise MasterError(f'role="{role}" needs points=...')
    if not graded and points is not None:
        raise MasterError(f'points={points!r} belongs in a cell with role="tests" or "written"')
    if graded and not (type(points) in (int, float) and math.isfinite(points) and points >= 0):
        raise MasterError(f"points must be a number >= 0, got {points!r}")
    if role and cell.kind not in KINDS_OF_ROLE[role]:
        raise MasterError(f'role="{role}" is for {KINDS_OF_ROLE[role][0]} cells, not {cell.kind}')
    if cell.header.get("slide", SLIDES[0]) not in SLIDES:
        raise MasterError(f"slide={cell.header['slide']!r} is not one of {', '.join(SLIDES)}")
    if cell.kind == "code" and "attachments" in cell.header:
        raise MasterError("a code cell has no attachments")
    check_markers(cell)


def _check_id(name: object) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise MasterError(f"id={name!r} must be 1 to 64 of the characters A-Z a-z 0-9 _ -")
    if MADE_BY_A_MACHINE.fullmatch(name):
        raise MasterError(f"id={name!r} looks like the ids that JupyterLab draws: choose a word")


def to_metadata(cell: Cell) -> dict:
    """Translate a header into the metadata of a notebook's cell."""
    header, metadata = cell.header, dict(cell.metadata)
    if "role" in header:
        points = {"points": header["points"]} if "points" in header else {}
        identity = {"schema_version": 3, "grade_id": header["id"], "task": False}
        metadata["nbgrader"] = identity | ROLES[header["role"]] | points
    if "slide" in header:
        metadata["slideshow"] = {"slide_type": header["slide"]}
    if cell.blank_lines is not None:
        metadata["lines_to_next_cell"] = cell.blank_lines  # jupytext's name for it
    return metadata


def from_metadata(notebook_cell: dict) -> Cell:
    """Translate a notebook's cell back, leaving out what a front end only keeps for itself."""
    metadata = {k: v for k, v in notebook_cell["metadata"].items() if k not in NOISE}
    source = notebook_cell["source"].replace("\r\n", "\n").replace("\r", "\n")
    cell = Cell(notebook_cell["cell_type"], source)
    name = notebook_cell.get("id", "")
    blank_lines = metadata.pop("lines_to_next_cell", None)
    if type(blank_lines) is int and blank_lines >= 0:
        cell.blank_lines = blank_lines
    slideshow = metadata.get("slideshow")
    if isinstance(slideshow, dict) and slideshow.keys() == {"slide_type"}:
        del metadata["slideshow"]
        if slideshow["slide_type"] not in ("", "-", None):
            cell.header["slide"] = slideshow["slide_type"]
    if isinstance(metadata.get("jupyter"), dict):
        kept = {k: v for k, v in metadata["jupyter"].items() if k != "outputs_hidden"}
        metadata["jupyter"] = kept
    cell.header |= _from_nbgrader(metadata.pop("nbgrader", None) or {})
    if "role" not in cell.header and name and not MADE_BY_A_MACHINE.fullmatch(name):
        cell.header["id"] = name
    if notebook_cell.get("attachments"):
        cell.header["attachments"] = notebook_cell["attachments"]
    unset = {k for k, nothing in NOTHING_SET.items() if k in metadata and metadata[k] == nothing}
    cell.metadata = {k: v for k, v in metadata.items() if k not in unset}
    return cell


def _from_nbgrader(metadata: dict) -> dict:
    """Find the role that nbgrader's toolbar set."""
    if metadata.get("task"):
        raise MasterError('"Manually graded task" has no role here: use "Manually graded answer"')
    grade, solution = bool(metadata.get("grade")), bool(metadata.get("solution"))
    locked = bool(metadata.get("locked"))
    if not (grade or solution or locked):
        return {}
    flags = {"grade": grade, "solution": solution}
    role = next(r for r, f in ROLES.items() if flags.items() <= f.items())
    header = {"role": role, "id": metadata.get("grade_id")}
    if grade:
        points = metadata.get("points")
        whole = isinstance(points, float) and points.is_integer()
        header["points"] = int(points) if whole else points
    return header


def content_id(kind: str, source: str, taken: set[str]) -> str:
    """Name a cell after its content, so that editing one cell does not rename its neighbours.

    Examples
    --------
    >>> content_id("code", "x = 1", taken=set())
    '89811aa6'
    """
    digest = hashlib.sha256(f"{kind}\n{source}".encode()).hexdigest()[:8]
    while digest in taken:
        digest = hashlib.sha256(digest.encode()).hexdigest()[:8]
    return digest
