"""What is the same for all submissions of one run: the release, the rules, the sandbox."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import effcv_lab
from effcv_lab.grading.course import Course
from effcv_lab.grading.marking.canary import defined
from effcv_lab.grading.marking.cells import Allowed
from effcv_lab.grading.marking.patience import patiently
from effcv_lab.grading.sandbox.settings import Settings

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: What kernels need besides; imported once for a class.
COMMON = (
    "effcv_lab.grading.checks",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "IPython.core.completer",
    "IPython.core.oinspect",
    "ipykernel.debugger",
    "pygments.formatters.terminal256",
    "sqlite3",
    "stack_data",
    "torch.utils.serialization",
)
#: What in ``nbgrader_config.py`` no grade depends on: where things lie, what is handed out and given back, programs.
NO_RULES = (
    *("CourseDirectory", "Exchange", "Generate", "Export", "Formgrade", "BaseFormgrade"),
    *("NbGrader", "ServerApp", "NotebookApp", "JupyterApp", "Application", "ZipCollect"),
    *("FileNameCollector", "ClearSolutions", "ClearOutput", "IncludeHeaderFooter", "Validat"),
)


@dataclass(frozen=True)
class Task:
    """One assignment of a course and how its submissions are graded; travels to other processes.

    Parameters
    ----------
    course : Course
    assignment : str
        Its whole name.
    allowed : Allowed
    settings : Settings
        Of the sandbox.
    private : dict of str
        Hidden tests of the instructor's own by test cell (:mod:`effcv_lab.grading.private_tests`).
    free : frozenset of str
        Tests that give the model solution points for functions that do nothing.
    """

    course: Course
    assignment: str
    allowed: Allowed
    settings: Settings = field(default_factory=Settings)
    private: dict[str, str] = field(default_factory=dict)
    free: frozenset[str] = frozenset()

    @property
    def grades(self) -> Path:
        """The folder of what grading writes beside nbgrader's own."""
        return self.course.root / "grades"

    def file(self, ending: str) -> Path:
        """Return a file or folder of this assignment in ``grades/``: ``a1_status.csv`` for "status.csv"."""
        return self.grades / f"{self.course.short_name(self.assignment)}_{ending}"

    @functools.cached_property
    def notebooks(self) -> list[str]:
        """Names of the assignment's notebooks in the gradebook, without ending.

        Raises
        ------
        ValueError
            If the gradebook does not know the assignment.
        """
        names = patiently(self._stored)
        if not names:
            raise ValueError(
                f"the gradebook does not know {self.assignment!r} yet: run nbgrader generate_assignment {self.assignment}"
            )
        return names

    def _stored(self) -> list[str]:
        from nbgrader.api import MissingEntry

        with self.course.gradebook() as gradebook:
            try:
                stored = gradebook.find_assignment(self.assignment).notebooks
            except MissingEntry:
                return []
            return sorted(notebook.name for notebook in stored)

    @functools.cached_property
    def answers(self) -> dict[str, list[str]]:
        """Functions and classes that students write, by notebook, as the model solution has them."""
        return {
            name: defined(map(_source, _answers(self.solution(name)))) for name in self.notebooks
        }

    def solution(self, notebook: str) -> dict:
        """Return a notebook of the course's source folder.

        Raises
        ------
        FileNotFoundError
            If it is not there.
        """
        path = self.course.folder("source", ".", self.assignment) / f"{notebook}.ipynb"
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: grading begins with the model solution")
        return json.loads(path.read_text(encoding="utf-8"))

    @functools.cached_property
    def imports(self) -> tuple[str, ...]:
        """Modules that the model solution imports: a warm interpreter has them before the first submission."""
        found: list[str] = []
        for notebook in self.notebooks:
            for cell in self.solution(notebook)["cells"]:
                if cell["cell_type"] == "code":
                    found += _imported(_source(cell))
        return tuple(dict.fromkeys([*found, *COMMON]))

    @functools.cached_property
    def fingerprint(self) -> str:
        """Fingerprint of what all grades depend on: the released cells, the course's own files and settings, the package."""
        found = hashlib.sha256(json.dumps([_package(), self.private]).encode())
        with self.course.gradebook() as gradebook:
            for name in self.notebooks:
                stored = gradebook.find_notebook(name, self.assignment)
                points = {cell.name: cell.max_score for cell in stored.grade_cells}
                for cell in sorted(stored.source_cells, key=lambda cell: cell.name):
                    content = [name, cell.name, cell.source, points.get(cell.name)]
                    found.update(json.dumps(content).encode())
        rules = {k: v for k, v in self.course.config.items() if not k.startswith(NO_RULES)}
        text = json.dumps(rules, sort_keys=True, default=repr)
        found.update(re.sub(r" at 0x[0-9a-f]+", "", text).encode())
        for path in plain_files(self.course.folder("source", ".", self.assignment)):
            found.update(path.name.encode() + path.read_bytes())
        return found.hexdigest()


@functools.cache
def _package() -> str:
    """Return a fingerprint of this package's code: checks are part of it."""
    found = hashlib.sha256()
    for path in sorted(Path(effcv_lab.__file__).parent.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


def plain_files(folder: Path) -> list[Path]:
    """Return a folder's files, without notebooks, links and what nbgrader ignores."""
    found = []
    for path in sorted(folder.rglob("*")):
        hidden = any(p in (".ipynb_checkpoints", "__pycache__", ".git") for p in path.parts)
        linked = any(p.is_symlink() for p in [path, *path.parents] if p.is_relative_to(folder))
        if not hidden and not linked and path.is_file() and path.suffix.lower() != ".ipynb":
            found.append(path)
    return found


def _answers(notebook: dict) -> list[dict]:
    found = []
    for cell in notebook["cells"]:
        settings = cell.get("metadata", {}).get("nbgrader", {})
        if cell["cell_type"] == "code" and settings.get("solution"):
            found.append(cell)
    return found


def _source(cell: dict | NotebookNode) -> str:
    return "".join(cell["source"])


def _imported(source: str) -> list[str]:
    r"""Return the modules that a cell imports; of ``from a import b`` both a and, should it be one, a.b.

    Examples
    --------
    >>> _imported("import math, torch.nn as nn\nfrom effcv_lab import figures")
    ['math', 'torch.nn', 'effcv_lab', 'effcv_lab.figures']
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:  # magics
        return []
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found
