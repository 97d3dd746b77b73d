"""Hidden tests in a graded notebook: what they are, and taking them out of all that was shown.

A student's function is called by hidden tests and can print its caller's source. So each line of that source is looked for in
everything that the cells put out, whatever the spaces, quotes and colours in it, and blanked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from effcv_lab.grading.harmless_text import uncoloured

if TYPE_CHECKING:
    from nbformat import NotebookNode

HIDDEN = "[hidden]"
LEAST = 8  # characters of a line without spaces: shorter ones say nothing
_GAP = r"(?:\s|\\[nt]){0,40}"
_TOKEN = re.compile(r"\w+|\S")


def take_out_hidden(
    cells: list[NotebookNode], remove: Callable[[NotebookNode], Any]
) -> list[re.Pattern]:
    """Remove hidden tests from locked cells.

    Parameters
    ----------
    cells : list of NotebookNode
        Changed in place.
    remove : callable
        Removes the hidden region of a cell in place; RuntimeError if it has no end. Such a cell is hidden whole.

    Returns
    -------
    patterns : list of re.Pattern
        One for each line that was hidden and stands in no locked cell's visible part, longest first.
    """
    hidden: list[str] = []
    visible: set[str] = set()
    for cell in cells:
        if not is_locked(cell):
            continue
        before = cell.source.split("\n")
        try:
            remove(cell)
        except RuntimeError:
            cell.source = ""
        after = cell.source.split("\n")
        visible.update(_squeezed(line) for line in after)
        hidden += [line for line in before if line not in after]
    lines = {_squeezed(line): line for line in hidden}
    kept = [lines[s] for s in sorted(lines, key=len, reverse=True) if s not in visible]
    return [_pattern(line) for line in kept if _says_something(line)]


def is_locked(cell: NotebookNode) -> bool:
    """Say whether a cell is the course's own."""
    settings = cell.metadata.get("nbgrader", {})
    return bool(settings.get("locked") or (settings.get("grade") and not settings.get("solution")))


def _squeezed(line: str) -> str:
    return "".join(line.split())


def _says_something(line: str) -> bool:
    squeezed = _squeezed(line)
    return len(squeezed) >= LEAST and re.search(r"[A-Za-z]", squeezed) is not None


def _pattern(line: str) -> re.Pattern:
    r"""Match a line of code however it is spaced and quoted, also within the ``repr`` of a text.

    Examples
    --------
    >>> bool(_pattern('points = f("a", 2)').search(repr(["points=f( 'a',2 )"])))
    True
    """
    tokens = _TOKEN.findall(line)
    return re.compile(_GAP.join(r"\\{0,3}[\"']" if t in "\"'" else re.escape(t) for t in tokens))


def blank(text: str, patterns: list[re.Pattern]) -> str:
    r"""Blank hidden lines in a text; it loses its colours if there are any.

    Examples
    --------
    >>> blank("--> 3 \x1b[1massert\x1b[0m half(-3) == -1.5\n", [_pattern("assert half(-3) == -1.5")])
    '--> 3 [hidden]\n'
    """
    plain = uncoloured(text)
    if any(pattern.search(plain) for pattern in patterns):
        text = plain
        for pattern in patterns:
            text = pattern.sub(HIDDEN, text)
    return text


def blank_everywhere(found: Any, patterns: list[re.Pattern]) -> Any:
    """Return an output's content with hidden lines blanked in all its texts."""
    if isinstance(found, str):
        return blank(found, patterns)
    if isinstance(found, list):
        joined = "".join(part for part in found if isinstance(part, str))
        if blank(joined, patterns) != joined:  # also where a line is cut into pieces
            return [blank(joined, patterns)]
        return [blank_everywhere(part, patterns) for part in found]
    if isinstance(found, dict):
        return {
            key: part if key in ("image/png", "image/jpeg") else blank_everywhere(part, patterns)
            for key, part in found.items()
        }
    return found
