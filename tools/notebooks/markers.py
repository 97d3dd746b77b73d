"""Solution and hidden-test regions: what nbgrader cuts out of the student's copy.

nbgrader takes any line that contains ``BEGIN SOLUTION`` for a marker, and only complains about a missing end when
it makes the release. Here every slip is an error before anything is written.
"""

from __future__ import annotations

import ast

from tools.notebooks.headers import Cell, MasterError

HOMES = {"SOLUTION": ("answer", "written"), "HIDDEN TESTS": ("tests",), "MARK SCHEME": ()}


def check_markers(cell: Cell) -> None:
    """Accept a cell whose regions are closed, not nested, and in a cell of the right role.

    Raises
    ------
    MasterError
        Otherwise; also for an answer without a solution, and for tests whose last expression, the points, is hidden.

    Examples
    --------
    >>> check_markers(Cell("code", "### BEGIN SOLUTION", {"role": "answer", "id": "kl"}))
    Traceback (most recent call last):
        ...
    tools.notebooks.headers.MasterError: '### BEGIN SOLUTION' has no '### END SOLUTION'
    """
    role = cell.header.get("role")
    found = regions(cell)
    if role in HOMES["SOLUTION"] and not found:
        raise MasterError(f"a cell with role={role!r} needs a solution between {_pair(cell)}")
    if role == "tests":
        _check_points_are_visible(cell, found)


def regions(cell: Cell) -> list[tuple[int, int]]:
    """Find the regions of a cell as pairs of line numbers, from 1, markers included."""
    found, opened = [], None
    for number, line in enumerate(cell.source.split("\n"), start=1):
        marker = next((m for m in _all_markers() if m in line), None)
        if marker is None:
            continue
        edge, name = marker.split(" ", 1)
        written = _written(cell, marker)
        if cell.header.get("role") not in HOMES[name]:
            homes = " or ".join(f'role="{home}"' for home in HOMES[name]) or "no cell of this kit"
            raise MasterError(f"'{marker}' belongs in {homes}")
        if line.strip() != written:
            raise MasterError(f"write the marker alone on its line: {written!r}, not {line!r}")
        if edge == "BEGIN" and opened:
            raise MasterError(f"{written!r} inside another region")
        if edge == "END" and not opened:
            raise MasterError(f"{written!r} has no {_written(cell, 'BEGIN ' + name)!r}")
        if edge == "END":
            found.append((opened, number))
        opened = number if edge == "BEGIN" else None
    if opened:
        raise MasterError(
            f"{_written(cell, 'BEGIN ' + name)!r} has no {_written(cell, 'END ' + name)!r}"
        )
    return found


def _all_markers() -> list[str]:
    return [f"{edge} {name}" for name in HOMES for edge in ("BEGIN", "END")]


def _written(cell: Cell, marker: str) -> str:
    return f"{'###' if cell.kind == 'code' else '==='} {marker}"


def _pair(cell: Cell) -> str:
    return f"{_written(cell, 'BEGIN SOLUTION')!r} and {_written(cell, 'END SOLUTION')!r}"


def _check_points_are_visible(cell: Cell, hidden: list[tuple[int, int]]) -> None:
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:  # a magic, say: nothing to find out
        return
    last = statements[-1] if statements else None
    if isinstance(last, ast.Expr) and any(low < last.lineno < high for low, high in hidden):
        raise MasterError(
            "the last expression, the points, is hidden: move it below the hidden tests"
        )
