"""Show a small table in a notebook: one dict for each row, as records hold them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any


def markdown_table(rows: Sequence[dict[str, Any]], missing: str = "") -> str:
    """Write rows as a Markdown table; a column appears as soon as one row has it.

    Parameters
    ----------
    rows : sequence of dict, at least one
        Keys are the column names, in order of first appearance. Floats are written with four
        significant digits, whole numbers with commas; text stays as it is, so format what needs
        another form. Columns of numbers, formatted ones too, stand on the right, others on the
        left.
    missing : str
        Stands where a row lacks a column.

    Returns
    -------
    text : str

    Raises
    ------
    ValueError
        If there is no row.

    Examples
    --------
    >>> print(markdown_table([{"T": 1, "entropy": 0.30102}, {"T": 5, "entropy": 2.0, "note": "soft"}]))
    | T | entropy | note |
    | ---: | ---: | :--- |
    | 1 | 0.301 |  |
    | 5 | 2 | soft |
    """
    if not rows:
        raise ValueError("rows must hold at least one dict, got none")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name, missing)) for name in columns] for row in rows]
    sides = [
        "---:" if all(_starts_like_a_number(cell) for cell in column if cell != missing) else ":---"
        for column in zip(*cells, strict=True)
    ]
    lines = [columns, sides, *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def show_table(rows: Sequence[dict[str, Any]], missing: str = "") -> None:
    """Display the table of :func:`markdown_table`; where nothing is rendered, its text.

    A number, its ± and its unit are not torn apart by a narrow window.
    """
    from IPython.display import display

    text = markdown_table(rows, missing)
    whole = re.sub(r"(?<=\d) (?=[±%])|(?<=±) ", "\u00a0", text)
    display({"text/markdown": whole, "text/plain": text}, raw=True)


def _starts_like_a_number(cell: str) -> bool:
    return cell.lstrip("<>~+-−±. ")[:1].isdigit()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = f"{value:,}" if isinstance(value, int) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
