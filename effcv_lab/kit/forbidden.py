"""What must not reach students, read from the places where it stands: solutions, and private tests if there are any."""

from __future__ import annotations

import functools
import json
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from effcv_lab.grading.private_tests import load_private_tests

if TYPE_CHECKING:
    from effcv_lab.grading.course import Course

#: What a piece of text is, and where it must not stand: the package answers the same questions as students do.
ANSWER, HIDDEN, MODEL, PRIVATE = "solution", "hidden test", "model answer", "private test"
_REGIONS = {"SOLUTION": ANSWER, "HIDDEN TESTS": HIDDEN, "MARK SCHEME": MODEL}
MARKER = re.compile(rf"\b(BEGIN|END) ({'|'.join(_REGIONS)})\b")
_SEED = re.compile(r"\b\w*seed\w*[=(]\d{3,}\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
SHORTEST = 8  # characters without spaces
FEWEST_WORDS = {ANSWER: 2, HIDDEN: 2, PRIVATE: 2, MODEL: 6}


@dataclass(frozen=True)
class Secret:
    """One line of code or one sentence that only instructors have.

    Parameters
    ----------
    kind : str
        "solution", "hidden test", "model answer" or "private test".
    text : str
        As it stands there, in one line.
    home : str
        Where it comes from: file and cell.
    """

    kind: str
    text: str
    home: str

    @functools.cached_property
    def plain(self) -> str:
        """The text as :func:`plain` writes it: this is looked for."""
        return plain(self.text)


@dataclass(frozen=True)
class Forbidden:
    """All that must not be in a kit.

    Parameters
    ----------
    secrets : list of Secret
    notebooks : set of str
        "ASSIGNMENT/NAME" of every notebook that has a source: no other one is a release.
    tests : set of str
        Ids of test cells; a private test is a file with such a name.
    """

    secrets: list[Secret]
    notebooks: set[str]
    tests: set[str]


def plain(text: str) -> str:
    r"""Write text so that line ends, indentation, comment signs and spaces around ``=`` make no difference.

    Examples
    --------
    >>> plain("    x = half(3,\n      seed = 7)\n    # and so on")
    'x=half(3, seed=7) and so on'
    """
    return re.sub(r" ?= ?", "=", _in_one_line(text))


def _in_one_line(text: str) -> str:
    lines = (re.sub(r"^[\s#>*]+", "", line) for line in text.splitlines())
    return " ".join(" ".join(lines).split())


def what_is_forbidden(course: Course, private: str | Path | None = None) -> Forbidden:
    """Read solutions, hidden tests, model answers and private tests.

    A line or sentence is left out if it is short, or if students see it anyway: if it stands outside of the markers in any
    source notebook.

    Parameters
    ----------
    course : Course
    private : path, optional
        Folder of :func:`effcv_lab.grading.private_tests.load_private_tests`.

    Raises
    ------
    ValueError
        If there is no source notebook, or one cannot be read, or a private test is in the wrong place.
    """
    source = course.folder("source", ".", "x").parent
    secrets, seen, notebooks, tests = [], [], set(), set()
    for path in sorted(source.glob("*/*.ipynb")):
        notebooks.add(f"{path.parent.name}/{path.stem}")
        for name, kind, settings, text in _cells(path):
            home = f"{source.name}/{path.parent.name}/{path.name}, {name}"
            hidden, shown = split_regions(text, settings.get("solution", False), kind == "code")
            seen += [plain(piece) for piece in shown]
            secrets += [Secret(k, piece, home) for k, whole in hidden for piece in pieces(k, whole)]
            if settings.get("grade") and not settings.get("solution"):
                tests.add(settings["grade_id"])
    if not notebooks:
        raise ValueError(f"{source} holds no notebook: a kit is compared with the solutions there")
    if private is not None:
        secrets += _private(private, course, {name.partition("/")[0] for name in notebooks})
    text = "\n".join(seen)
    kept = {(s.kind, s.plain): s for s in secrets if not stands_in(s.plain, text)}
    return Forbidden(list(kept.values()), notebooks, tests)


def stands_in(words: str, text: str) -> bool:
    """Say whether words stand in a text, not as a part of longer ones.

    Examples
    --------
    >>> [stands_in("low=1", text) for text in ("below=1", "low=10", "if low=1:")]
    [False, False, True]
    """
    if words not in text:
        return False
    before = r"(?<!\w)" if re.match(r"\w", words) else ""
    after = r"(?!\w)" if re.search(r"\w$", words) else ""
    return bool(re.search(before + re.escape(words) + after, text))


def split_regions(
    source: str, is_solution: bool, is_code: bool
) -> tuple[list[tuple[str, str]], list[str]]:
    r"""Split a cell into what stands between markers, with its kind, and what students see.

    nbgrader hides all of a solution cell that has no markers.

    Examples
    --------
    >>> split_regions("a\n### BEGIN SOLUTION\nb\n### END SOLUTION\nc", is_solution=True, is_code=True)
    ([('solution', 'b')], ['a', 'c'])
    """
    parts = MARKER.split(source)
    if len(parts) == 1 and is_solution:
        return [(ANSWER if is_code else MODEL, source)], []
    hidden, shown = [], []
    for index, part in enumerate(parts[::3]):
        text = _without_signs(part, first=index == 0, last=3 * index + 1 == len(parts))
        edge, region = parts[3 * index - 2 : 3 * index] if index else ("END", "")
        if edge == "END":
            shown.append(text)
        else:
            kind = _REGIONS[region]
            hidden.append((kind if is_code or kind == HIDDEN else MODEL, text))
    return hidden, shown


def pieces(kind: str, text: str) -> list[str]:
    r"""Return the lines of code, or the sentences of a text, by which a leak is known.

    Imports, short lines and lines of Python's own words alone say nothing, nor do short sentences; of a short text, all is
    taken together. The seed of a hidden test is known by itself.

    Examples
    --------
    >>> pieces("hidden test", "import math\npoints = grade(f, seed=9001)\nelse:\n    x = 1")
    ['points = grade(f, seed=9001)', 'seed=9001']
    >>> pieces("solution", "while True:\n    break\nreturn secret")
    ['return secret']
    >>> pieces("model answer", "Train it\nanew, with the same steps. Look. Compare.")
    ['Train it anew, with the same steps.']
    """
    if kind == MODEL:
        lines = _SENTENCE_END.split(_in_one_line(text))
    else:
        lines = [_in_one_line(line) for line in text.splitlines()]
        lines = [line for line in lines if not line.startswith(("import ", "from "))]
    found = [line for line in lines if _says_something(line, FEWEST_WORDS[kind])]
    if not found and _says_something(_in_one_line(text), 2):
        found = [_in_one_line(text)]
    if kind in (HIDDEN, PRIVATE):
        found += _SEED.findall(plain(text))
    return found


def _says_something(line: str, words: int) -> bool:
    silent = {*keyword.kwlist} - {"return"}
    own = [word for word in re.findall(r"\w+", line) if word not in silent]
    return len(line.replace(" ", "")) >= SHORTEST and len(own) >= words


def _without_signs(part: str, first: bool, last: bool) -> str:
    """Take off what is left of marker lines on both sides."""
    lines = part.split("\n")
    lines = lines if first else lines[1:]
    return "\n".join(lines if last else lines[:-1])


def _cells(path: Path) -> Iterator[tuple[str, str, dict, str]]:
    """Yield name, kind, nbgrader's settings and text of each cell."""
    try:
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], 1):
            settings = cell["metadata"].get("nbgrader", {})
            name = settings.get("grade_id") or f"cell {number}"
            yield name, cell["cell_type"], settings, "".join(cell["source"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a notebook ({type(error).__name__}: {error})") from None


def _private(folder: str | Path, course: Course, assignments: set[str]) -> list[Secret]:
    found = []
    for assignment in sorted(assignments):
        for name, text in load_private_tests(folder, course, assignment).items():
            home = f"{folder}/{assignment}/{name}.py"
            found += [Secret(PRIVATE, piece, home) for piece in pieces(PRIVATE, text)]
    return found
