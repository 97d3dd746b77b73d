"""Find what was handed in, and what was handed in under another name."""

from __future__ import annotations

import difflib
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from effcv_lab.grading.course import Course

SIMILAR = 0.75
MISSING, MISNAMED = "missing", "misnamed"


@dataclass(frozen=True)
class Found:
    """What there is of one student.

    Attributes
    ----------
    student : str
    state : str
        "" (to be graded), "missing" or "misnamed".
    reason, advice : str
        Why it cannot be graded, and what to do.
    """

    student: str
    state: str = ""
    reason: str = ""
    advice: str = ""


def find_submissions(
    course: Course, assignment: str, notebooks: list[str], students: set[str]
) -> list[Found]:
    """Look at every student's folder.

    Parameters
    ----------
    course : Course
    assignment : str
    notebooks : list of str
        Names of the assignment's notebooks, without ending.
    students : set of str
        Those whom the gradebook knows: who of them has handed nothing in is missing.

    Returns
    -------
    found : list of Found, by student.
    """
    submitted = course.folder("submitted", "x", assignment).parent.parent
    folders = [p for p in submitted.glob("*") if p.is_dir() and not p.name.startswith(".")]
    names = students | {path.name for path in folders}
    found = [_look(course, assignment, notebooks, name) for name in sorted(names)]
    return found + [_loose(path, assignment) for path in sorted(submitted.glob("*.ipynb"))]


def _look(course: Course, assignment: str, notebooks: list[str], student: str) -> Found:
    folder = course.folder("submitted", student, assignment)
    if not folder.is_dir():
        return _elsewhere(folder, notebooks, student)
    present = [name for name in notebooks if _is_there(folder / f"{name}.ipynb")]
    right = {f"{name}.ipynb" for name in notebooks}
    others = [path for path in _notebooks(folder) if path.name not in right]
    if present:  # nbgrader gives a notebook of several that is not there no points
        return Found(student)
    if others:
        wanted = folder / f"{notebooks[0]}.ipynb"
        reason = f"the notebook is called {', '.join(repr(path.name) for path in others)}"
        return Found(student, MISNAMED, reason, _move(others, wanted))
    reason = f"{folder.name}/ holds no notebook"
    return Found(student, MISSING, reason, "ask the student; nbgrader's export counts it as 0")


def _elsewhere(folder: Path, notebooks: list[str], student: str) -> Found:
    """Look for a submission beside the place where it should be."""
    home = folder.parent
    strays = [path for path in _notebooks(home) if _alike(path.stem, notebooks[0])]
    if strays:
        reason = f"{strays[0].name!r} lies in {home.name}/ and not in {home.name}/{folder.name}/"
        return Found(student, MISNAMED, reason, _move(strays, folder / f"{notebooks[0]}.ipynb"))
    near = [
        p for p in home.glob("*") if p.is_dir() and _notebooks(p) and _alike(p.name, folder.name)
    ]
    if near:
        reason = f"the folder is called {', '.join(repr(path.name) for path in near)}"
        return Found(student, MISNAMED, reason, _move(near, folder))
    return Found(
        student,
        MISSING,
        "nothing was handed in",
        "ask the student; nbgrader's export counts it as 0",
    )


def _loose(path: Path, assignment: str) -> Found:
    reason = f"{path.name!r} lies in {path.parent.name}/ without a student's folder"
    advice = f"move it to {path.parent.name}/STUDENT/{assignment}/"
    return Found(f"? ({path.name})", MISNAMED, reason, advice)


def _move(found: list[Path], wanted: Path) -> str:
    if len(found) > 1:
        return f"ask the student which one counts, and move it to {str(wanted)!r}"
    make = "" if wanted.parent.is_dir() else f"mkdir -p {shlex.quote(str(wanted.parent))} && "
    paths = f"{shlex.quote(str(found[0]))} {shlex.quote(str(wanted))}"
    return f"if it is the submission: {make}mv {paths}"


def _alike(name: str, wanted: str) -> bool:
    """Say whether a name may be meant for another, and not for another assignment: a1 is not a2.

    Examples
    --------
    >>> _alike("A1-Temperature (2)", "a1_temperature"), _alike("a10_temperature", "a1_temperature")
    (True, False)
    """
    name, wanted = name.casefold(), wanted.casefold()
    numbers = [re.match(r"[a-z]+[ _-]?(\d+)", text) for text in (name, wanted)]
    if all(numbers) and len({number[1] for number in numbers}) > 1:
        return False
    short = re.escape(wanted.partition("_")[0])
    return (
        bool(re.match(rf"{short}(?!\d)", name))
        or difflib.SequenceMatcher(None, name, wanted).ratio() >= SIMILAR
    )


def _notebooks(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*") if ".ipynb" in p.name.casefold() and p.is_file())


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()
