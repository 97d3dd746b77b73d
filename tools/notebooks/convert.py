"""A whole master to a notebook, and back. Building and absorbing are inverse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import zip_longest

import nbformat
from nbformat.v4.rwbase import rejoin_lines

from tools.notebooks.headers import Cell, MasterError
from tools.notebooks.percent import read_cells, usual_blank_lines, write_cells
from tools.notebooks.roles import check_cell, content_id, from_metadata, to_metadata

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SET_BY_BUILD = ("kernelspec", "language_info", "effcv")
NOTEBOOK_NOISE = {"celltoolbar", "jupytext", "orig_nbformat", "signature", "vscode", "widgets"}


def fingerprint(master: str) -> str:
    """Sixteen hex digits that stand for a master's text; a notebook remembers what it was built from."""
    return hashlib.sha256(master.encode()).hexdigest()[:16]


def build_notebook(master: str) -> str:
    """Return the notebook of a master: the same text always gives the same bytes, without outputs.

    Raises
    ------
    MasterError
        If the master breaks a rule or is not written the way that :func:`absorb_notebook` writes it.
    """
    cells, metadata = read_cells(master)
    _check(cells, lambda cell, _: f"line {cell.line}")
    taken = {cell.header["id"] for cell in cells if "id" in cell.header}
    nodes = []
    for cell in cells:
        name = cell.header.get("id") or content_id(cell.kind, cell.source, taken)
        taken.add(name)
        node = {"cell_type": cell.kind, "id": name, "metadata": to_metadata(cell)}
        if cell.kind == "code":
            node |= {"execution_count": None, "outputs": []}
        if "attachments" in cell.header:
            node["attachments"] = cell.header["attachments"]
        nodes.append(node | {"source": cell.source})
    metadata = metadata | {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    metadata["effcv"] = {"master": fingerprint(master)}
    text = dump({"cells": nodes, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    _compare(master, absorb_notebook(text))
    return text


def absorb_notebook(notebook: str) -> str:
    """Return the master of a notebook, whoever edited it: outputs, counts and drawn ids are left out.

    Raises
    ------
    MasterError
        If it is no notebook, or a cell breaks a rule; the message names the cell.
    """
    content = parse(notebook)
    cells = []
    for number, node in enumerate(content["cells"], start=1):
        try:
            cells.append(from_metadata(node))
        except MasterError as error:
            raise MasterError(f"cell {number}: {error}") from None
    _check(cells, lambda _, index: f"cell {index + 1}")
    for cell, following in zip_longest(cells, cells[1:]):
        if following is None or cell.blank_lines == usual_blank_lines(cell, following):
            cell.blank_lines = None
    dropped = {*SET_BY_BUILD, *NOTEBOOK_NOISE}
    return write_cells(cells, {k: v for k, v in content["metadata"].items() if k not in dropped})


def parse(notebook: str) -> dict:
    """Read a notebook's JSON, sources joined to one string each.

    Raises
    ------
    MasterError
        If it is not a notebook in format 4.
    """
    try:
        content = json.loads(notebook)
        if content["nbformat"] != 4:
            raise MasterError(f"format {content['nbformat']} is too old: save it in JupyterLab")
        return rejoin_lines(nbformat.from_dict(content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MasterError(f"not a notebook ({type(error).__name__}: {error})") from None


def dump(content: dict) -> str:
    """Write a notebook's JSON as git keeps it: keys sorted, one newline at the end.

    Raises
    ------
    MasterError
        If it breaks the notebook format (a tag with a comma, say).
    """
    node = nbformat.from_dict(content)
    try:
        nbformat.validate(node)
    except nbformat.ValidationError as error:
        place = "/".join(map(str, error.absolute_path))
        raise MasterError(f"the notebook format does not allow {place}: {error.message}") from None
    return nbformat.writes(node) + "\n"


def _check(cells: list[Cell], place: Callable[[Cell, int], str]) -> None:
    """Check each cell and that no id is given twice; errors say where."""
    first: dict[str, str] = {}
    for index, cell in enumerate(cells):
        name = cell.header.get("id")
        where = place(cell, index) + (f' ("{name}")' if name else "")
        try:
            check_cell(cell)
        except MasterError as error:
            raise MasterError(f"{where}: {error}") from None
        if name in first:
            raise MasterError(f"{where}: this id is taken by {first[name]}")
        if name:
            first[name] = place(cell, index)


def _compare(master: str, expected: str) -> None:
    """Refuse a master that would come back in other bytes, and say which line to change."""
    ours, theirs = master.split("\n"), expected.split("\n")
    for number, (found, wanted) in enumerate(zip(ours, theirs, strict=False), start=1):
        if found != wanted:
            raise MasterError(f"line {number}: write {wanted!r}, not {found!r}")
    if len(ours) != len(theirs):
        raise MasterError(f"line {min(len(ours), len(theirs))}: unexpected end")
