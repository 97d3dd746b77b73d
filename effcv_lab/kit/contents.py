"""What is in a kit: named here, file by file or by kind; whatever is not named stays at home."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from string import Template
from typing import TYPE_CHECKING

from effcv_lab.kit.problem import Problem

if TYPE_CHECKING:
    from effcv_lab.grading.course import Course

#: Copied as they are.
ROOT_FILES = ("LICENSE", "constraints.txt", "pyproject.toml")
ENVIRONMENT, README, TEMPLATE = "environment.yml", "README.md", "effcv_lab/kit/students.md"
#: What may lie beside a notebook.
PLAIN = {
    ".csv", ".gif", ".jpeg", ".jpg", ".json", ".md", ".npy", ".npz", ".png", ".svg", ".tsv", ".txt",
}  # fmt: skip
NOTEBOOK = ".ipynb"
CACHES = {"__pycache__", "__MACOSX"}
_RECORD = re.compile(r"""\bload_record\(\s*\\?["'](\w+)""")  # as in a notebook's JSON


def collect(course: Course) -> tuple[dict[str, bytes], list[Problem]]:
    """Read everything that a kit holds.

    - lectures and released assignments: notebooks, and plain data beside them;
    - the package: its modules, and the data that ``pyproject.toml`` installs with them;
    - the records that lectures load;
    - how to install: environment, versions, licence, and a README for students.

    Returns
    -------
    files : dict of bytes
        By path from the kit's own root, in order.
    problems : list of Problem
        What is missing, and what lies where only notebooks and data should.
    """
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    release = course.folder("release", ".", "x").parent
    for name, folder in {"lectures": course.root / "lectures", "assignments": release}.items():
        found, wrong = _below(name, folder)
        files |= found
        problems += wrong
        if not _notebooks(found):
            problems.append(Problem(f"{name}/", "", "holds no notebook", "run make notebooks"))
    needed = [f"results/{name}.json" for name in _records(files)]
    for name in [*ROOT_FILES, ENVIRONMENT, TEMPLATE, *needed]:
        if (course.root / name).is_file():
            files[name] = (course.root / name).read_bytes()
        else:
            problems.append(Problem(name, "", "is missing", "a kit needs it: restore it"))
    found, wrong = _package(course.root)
    files |= found
    problems += wrong
    if not problems:
        files[ENVIRONMENT] = for_students(files[ENVIRONMENT].decode()).encode()
        files[README] = _readme(files).encode()
    return dict(sorted(files.items())), problems


def for_students(environment: str) -> str:
    r"""Leave out of conda's list what only the kit's tests need.

    Examples
    --------
    >>> print(for_students("  - numpy\n  # what its tests need\n  - pytest\n  - pip:\n      - --editable .[test]\n"))
      - numpy
      # the kit itself, from this folder
      - pip:
          - --editable .
    <BLANKLINE>
    """
    kept, tests, _ = environment.partition("  # what its tests need\n")
    own = "  # the kit itself, from this folder\n  - pip:\n      - --editable .\n"
    return kept + own if tests else environment


def title(notebook: bytes) -> str:
    """Return a notebook's first heading; empty if it has none.

    Examples
    --------
    >>> title(b'{"cells": [{"cell_type": "markdown", "source": ["# One lecture"]}]}')
    'One lecture'
    """
    for cell in json.loads(notebook)["cells"]:
        if heading := re.search(r"^# +(.+)$", "".join(cell["source"]), re.MULTILINE):
            return heading[1].strip() if cell["cell_type"] == "markdown" else ""
    return ""


def visible(folder: Path) -> Iterator[Path]:
    """Yield a folder's files and links, without hidden ones and caches."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith((".", "~")) or part in CACHES for part in parts)
        if not hidden and (path.is_symlink() or path.is_file()):
            yield path


def _below(name: str, folder: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """Read notebooks and data below a folder."""
    files, problems = {}, []
    for path in visible(folder):
        place = f"{name}/{path.relative_to(folder).as_posix()}"
        if path.is_symlink():
            problems.append(Problem(place, "", "is a link", "put the file itself there"))
        elif path.suffix in {NOTEBOOK, *PLAIN}:
            files[place] = path.read_bytes()
        else:
            advice = f"students get notebooks and plain data ({' '.join(sorted(PLAIN))}): move it"
            problems.append(Problem(place, "", "is neither notebook nor data", advice))
    return files, problems


def _package(root: Path) -> tuple[dict[str, bytes], list[Problem]]:
    """Read what an installation would hold."""
    package, patterns = root / "effcv_lab", ["**/*.py"]
    if (root / "pyproject.toml").is_file():  # said where the root's files are read
        settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        patterns += settings["tool"]["setuptools"]["package-data"]["effcv_lab"]
    wanted = {path for pattern in patterns for path in package.glob(pattern)}
    files, problems = {}, []
    for path in visible(package):
        place = f"effcv_lab/{path.relative_to(package).as_posix()}"
        if path in wanted and path.is_symlink():
            problems.append(Problem(place, "", "is a link", "put the file itself there"))
        elif path in wanted:
            files[place] = path.read_bytes()
    return files, problems


def _notebooks(files: dict[str, bytes], part: str = "") -> list[str]:
    return [name for name in files if name.startswith(part) and name.endswith(NOTEBOOK)]


def _records(files: dict[str, bytes]) -> list[str]:
    """Return the records that notebooks load."""
    texts = (files[name].decode("utf-8", "replace") for name in _notebooks(files))
    return sorted({found for text in texts for found in _RECORD.findall(text)})


def _readme(files: dict[str, bytes]) -> str:
    """Fill the README for students in: what there is to open."""
    lists = {
        part: "\n".join(f"- [{_label(name, files)}]({name})" for name in _notebooks(files, part))
        for part in ("lectures", "assignments")
    }
    first = _notebooks(files, "assignments")[0]
    short = PurePosixPath(first).stem.partition("_")[0]
    return Template(files[TEMPLATE].decode()).substitute(lists, first=first, short=short)


def _label(name: str, files: dict[str, bytes]) -> str:
    try:
        return title(files[name]) or PurePosixPath(name).stem
    except (ValueError, KeyError, TypeError, AttributeError):  # said when it is looked through
        return PurePosixPath(name).stem
