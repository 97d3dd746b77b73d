"""Hidden tests of an instructor's own, from a folder outside the course.

This repository is public, its hidden tests too. Who wants others keeps a folder elsewhere, with one file for each test
cell that is to change, named after the cell::

    FOLDER/a1_temperature/test_entropy.py

Its code takes the place of what stands between the markers of hidden tests in that cell; the visible part, the markers and
the last line, which shows the points, stay as they are.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from effcv_lab.grading.course import Course

HIDDEN = "HIDDEN TESTS"
BEGIN, END = f"BEGIN {HIDDEN}", f"END {HIDDEN}"  # nbgrader looks for these words in a line
_MARKER = re.compile(rf"{BEGIN}|{END}")


def load_private_tests(folder: str | Path, course: Course, assignment: str) -> dict[str, str]:
    """Read an instructor's own hidden tests for one assignment.

    Folders of other assignments are not looked at, nor are files that do not end in ``.py``. An assignment without
    a folder has no private tests.

    Parameters
    ----------
    folder : path
        Outside the course's folder; holds ``ASSIGNMENT/TEST_CELL.py``.
    course : Course
    assignment : str
        Its whole name, such as "a1_temperature".

    Returns
    -------
    private : dict of str
        By id of the test cell, the code as it stands in the file.

    Raises
    ------
    ValueError
        If the folder is none or lies in the course, if a file is named after no test cell of the assignment, or if what it
        holds is no Python code that can stand in a hidden region. The message names the file, and the line if there is one.
    """
    place = Path(folder).expanduser().resolve()
    if not place.is_dir():
        raise ValueError(f"folder must be one that holds {assignment}/TEST_CELL.py, got {folder}")
    if place.is_relative_to(course.root.resolve()):
        raise ValueError(
            f"folder must lie outside the course {course.root}, or its tests get about with it, got {place}"
        )
    files = sorted(p for p in (place / assignment).glob("*.py") if not p.name.startswith("."))
    if not files:
        return {}
    known = graded_tests(course, assignment)
    for path in files:
        if path.stem not in known:
            raise ValueError(
                f"{path}: {assignment} has no test cell {path.stem!r}; name the file after one of "
                f"{', '.join(known) or 'its test cells: it has none'}"
            )
    return {path.stem: _read(path) for path in files}


def graded_tests(course: Course, assignment: str) -> list[str]:
    """Return the ids of an assignment's test cells: those that the gradebook knows, else those of its solutions."""
    return _in_gradebook(course, assignment) or _in_solutions(course, assignment)


def overlay(source: str, private: str) -> str:
    r"""Put code in place of a test cell's hidden tests.

    Parameters
    ----------
    source : str
        Of a test cell. If it has several hidden regions, the first takes the code and the others are left empty; if it has
        none, one is made before its last expression, so that the points are still the last value (at the end if the last
        statement is no expression).
    private : str
        Code; indented as the region's marker is.

    Returns
    -------
    source : str
        Markers are kept; what stands outside of them is unchanged.

    Raises
    ------
    ValueError
        If markers are not in pairs, or if a cell without them is no plain Python.

    Examples
    --------
    >>> print(overlay("points = 2 * (half(4) == 2)\npoints", "points += 2 * (half(-6) == -3)"))
    points = 2 * (half(4) == 2)
    ### BEGIN HIDDEN TESTS
    points += 2 * (half(-6) == -3)
    ### END HIDDEN TESTS
    points
    """
    lines = source.split("\n")
    if not any(map(_MARKER.search, lines)):
        return _with_new_region(source, private)
    kept: list[str] = []
    inside = filled = False
    for number, line in enumerate(lines, start=1):
        marker = _MARKER.search(line)
        if marker and inside == (marker[0] == BEGIN):
            raise ValueError(f"line {number} of the test cell: {line.strip()!r} has no partner")
        if marker or not inside:
            kept.append(line)
        if marker:
            inside = marker[0] == BEGIN
            if inside and not filled:
                kept.append(_indented(private, line))
                filled = True
    if inside:
        raise ValueError(f"the test cell has a line with {BEGIN!r} and none with {END!r} below it")
    return "\n".join(kept)


def _indented(private: str, marker: str) -> str:
    """Indent code as a marker's line is."""
    return textwrap.indent(private.strip("\n"), re.match(r"\s*", marker)[0])


def _with_new_region(source: str, private: str) -> str:
    """Make a hidden region before the last expression, also where it shares its line with other code."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f"the test cell has no hidden region and is no plain Python ({error}): give it one in its master"
        ) from None
    region = f"### {BEGIN}\n{_indented(private, '')}\n### {END}"
    if not body or not isinstance(body[-1], ast.Expr):
        return f"{source.rstrip()}\n{region}".lstrip("\n")
    lines = source.split("\n")
    first = body[-1].lineno - 1
    raw, column = lines[first].encode(), body[-1].col_offset  # columns are counted in bytes
    above, last = lines[:first], lines[first:]
    if shared := raw[:column].decode().strip().rstrip(";").rstrip():
        above, last[0] = [*above, shared], raw[column:].decode()
    return "\n".join([*above, region, *last])


def _read(path: Path) -> str:
    """Return a file's code; compile it, because a mistake would be found in every submission."""
    try:
        source = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        for number, line in enumerate(source.split("\n"), start=1):
            if _MARKER.search(line):
                raise ValueError(f"line {number}: no markers in private tests, got {line!r}")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python warns of costs the whole class its points
            compile(source, path.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: it is no UTF-8 text (byte {error.start})") from None
    except SyntaxError as error:
        where = f"{path}, line {error.lineno}" if error.lineno else f"{path}"
        raise ValueError(f"{where}: {error.msg}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not ast.parse(source).body:
        raise ValueError(f"{path}: it holds no code; remove it to keep the course's hidden tests")
    return source


def _in_gradebook(course: Course, assignment: str) -> list[str]:
    from nbgrader.api import MissingEntry

    kind, _, file = course.directory.db_url.partition(":///")
    if kind == "sqlite" and not Path(file).is_file():
        return []  # opening it would make one
    with course.gradebook() as gradebook:
        try:
            notebooks = gradebook.find_assignment(assignment).notebooks
        except MissingEntry:
            return []
        found = []
        for notebook in notebooks:
            answers = {cell.name for cell in notebook.solution_cells}
            found += [cell.name for cell in notebook.grade_cells if cell.name not in answers]
    return sorted(found)


def _in_solutions(course: Course, assignment: str) -> list[str]:
    found = []
    for path in course.folder("source", ".", assignment).glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            settings = cell["metadata"].get("nbgrader", {})
            if settings.get("grade") and not settings.get("solution"):
                found.append(settings["grade_id"])
    return sorted(found)
