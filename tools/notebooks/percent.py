"""A master's text and its cells: the ``py:percent`` layout, read and written without loss.

Any editor that knows ``# %%`` cells opens a master (JupyterLab through jupytext, VS Code). The kit
reads it itself because a master must never change its meaning: jupytext turns the comment
``# cat or dog?`` of a code cell into the shell command ``cat or dog?``, and passes over a header
that it cannot read. Here a header that cannot be read is an error.

Three rules make a notebook's cell fit into a Python file:

- a line of a text cell is a comment; an empty line is a lone ``#``, and ``%% x`` gets one more space before it;
- a magic (``%time``, ``!ls``) is commented out: ``# %time``; a comment that looks like one gets one more ``#``;
- a line of code that looks like a cell header gets two more: ``# # # %% not a header``.
"""

from __future__ import annotations

import json
import re
from itertools import zip_longest

from tools.notebooks.headers import Cell, MasterError, dump_json, read_header, write_header

_HEADER = re.compile(r"# %%(?:$| )")
_LINE = re.compile(r"([ \t]*)((?:# )*)(.*)")
_MAGIC = re.compile(r"%%?[A-Za-z]|![A-Za-z./~${\\]")
_LIKE_A_HEADER = re.compile(r"\s*(?:#\s*)?%%+(?:\s|$)")
_TEXT_LIKE_A_HEADER = re.compile(r" *%%+(?:\s|$)")
_PREAMBLE = "# jupyter: "


def usual_blank_lines(cell: Cell, following: Cell) -> int:
    """Count the blank lines that a formatter leaves between two cells: two around a def or class.

    Examples
    --------
    >>> usual_blank_lines(Cell("markdown", "A function:"), Cell("code", "def f(): ..."))
    2
    """
    definition = re.compile(r"(?:async def|def|class) |@")
    for line in following.source.split("\n") if following.kind == "code" else []:
        if line and not line.startswith("#"):
            if definition.match(line):
                return 2
            break
    for line in reversed(cell.source.split("\n") if cell.kind == "code" else []):
        if line and not line.startswith((" ", "\t", "#", ")")):
            return 2 if definition.match(line) else 1
    return 1


def write_cells(cells: list[Cell], metadata: dict | None = None) -> str:
    """Lay cells out as a master's text. The inverse of :func:`read_cells`.

    Examples
    --------
    >>> print(write_cells([Cell("code", "%time x = 1", {"id": "timing"})]), end="")
    # %% id="timing"
    # %time x = 1
    """
    lines = []
    if metadata:
        lines += ["# ---", _PREAMBLE + dump_json(metadata), "# ---", ""]
    for cell, following in zip_longest(cells, cells[1:]):
        source = cell.source.rstrip("\n") if cell.kind == "code" else cell.source
        lines.append(write_header(cell, trailing=len(cell.source) - len(source)))
        if cell.kind == "code":
            lines += [_hide(line) for line in source.split("\n")] if source else []
        else:
            lines += [_comment(line) for line in source.split("\n")]
        if following:
            usual = usual_blank_lines(cell, following)
            lines += [""] * (usual if cell.blank_lines is None else cell.blank_lines)
    return "".join(line + "\n" for line in lines)


def read_cells(text: str) -> tuple[list[Cell], dict]:
    r"""Read a master's text into its cells and the notebook's own metadata (usually none).

    Raises
    ------
    MasterError
        At a line that is no header, text or code; the message starts with the line's number.

    Examples
    --------
    >>> cells, _ = read_cells('# %% [markdown] tags=["intro"]\n# Hello\n')
    >>> cells[0].kind, cells[0].source, cells[0].metadata
    ('markdown', 'Hello', {'tags': ['intro']})
    """
    lines = text.split("\n")
    if lines.pop() != "" or (lines and lines[-1] == ""):
        raise MasterError(f"line {len(lines)}: a master ends with exactly one newline")
    metadata, first = _read_preamble(lines)
    starts = [i for i in range(first, len(lines)) if _HEADER.match(lines[i])]
    if lines[first:] and starts[:1] != [first]:
        raise MasterError(f"line {first + 1}: text before the first cell header (# %%)")
    cells = [
        _read_cell(lines[start:stop], start + 1)
        for start, stop in zip_longest(starts, starts[1:], fillvalue=len(lines))
    ]
    for cell, following in zip_longest(cells, cells[1:]):
        if following is None or cell.blank_lines == usual_blank_lines(cell, following):
            cell.blank_lines = None
    return cells, metadata


def _read_cell(lines: list[str], number: int) -> Cell:
    """Read one cell: its header, its source, the blank lines below it."""
    try:
        cell, trailing = read_header(lines[0])
    except MasterError as error:
        raise MasterError(f"line {number}: {error}") from None
    blank_lines = next(n for n, line in enumerate(reversed(lines)) if line)
    read = _show if cell.kind == "code" else _uncomment
    body = lines[1 : len(lines) - blank_lines]
    cell.source = "\n".join(read(line, number + n) for n, line in enumerate(body, start=1))
    cell.source += "\n" * (trailing if cell.kind == "code" else 0)
    cell.blank_lines, cell.line = blank_lines, number
    return cell


def _read_preamble(lines: list[str]) -> tuple[dict, int]:
    """Read the notebook's own metadata at the top, if there are any, and say where cells start."""
    if lines[:1] != ["# ---"]:
        return {}, 0
    if len(lines) < 4 or not lines[1].startswith(_PREAMBLE) or lines[2:4] != ["# ---", ""]:
        raise MasterError('line 1: write notebook metadata in one line: # jupyter: {"key": value}')
    try:
        return json.loads(lines[1].removeprefix(_PREAMBLE)), 4
    except json.JSONDecodeError as error:
        raise MasterError(f"line 2: notebook metadata is not JSON ({error})") from None


def _split(line: str) -> tuple[str, str, str, int]:
    """Cut a line of code into indent, leading ``#`` signs and rest; say how many more hide it."""
    indent, hashes, rest = _LINE.fullmatch(line).groups()
    return indent, hashes, rest, 2 if _LIKE_A_HEADER.match(rest) else bool(_MAGIC.match(rest))


def _hide(line: str) -> str:
    """Comment out a magic, and what could be taken for a cell header or for a hidden magic."""
    indent, hashes, rest, more = _split(line)
    return f"{indent}{'# ' * more}{hashes}{rest}"


def _show(line: str, number: int) -> str:
    """Undo :func:`_hide`."""
    indent, hashes, rest, fewer = _split(line)
    if len(hashes) < 2 * fewer:
        wanted = "'# %%' at the margin for a cell" if fewer == 2 else f"a magic as '# {rest}'"
        raise MasterError(f"line {number}: write {wanted}, not {line.strip()!r}")
    return indent + hashes[2 * fewer :] + rest


def _comment(line: str) -> str:
    """Write a line of text as a comment that is no cell header."""
    more = " " if _TEXT_LIKE_A_HEADER.match(line) else ""
    return f"# {more}{line}" if line else "#"


def _uncomment(line: str, number: int) -> str:
    """Undo :func:`_comment`."""
    if line != "#" and not line.startswith("# "):
        raise MasterError(f"line {number}: a line of text starts with '# ', this one is {line!r}")
    text = line[2:]
    return text[1:] if text.startswith(" ") and _TEXT_LIKE_A_HEADER.match(text) else text
