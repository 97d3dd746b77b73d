"""A throw-away course folder in which nbgrader releases, receives and grades, as an instructor would."""

import copy
import functools
import importlib
import importlib.util
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

from small_course import ROOT


class Grade(NamedTuple):
    """What nbgrader gave for one cell: None until a person has looked at it."""

    score: float | None
    out_of: float
    needs_a_person: bool


class Classroom:
    """One assignment in a folder of its own, with the course's own ``nbgrader_config.py``.

    Parameters
    ----------
    folder : Path
        Empty; nothing outside it is touched.
    name : str
        The assignment.
    solution : str
        Text of the notebook with answers and hidden tests.
    """

    def __init__(self, folder: Path, name: str, solution: str):
        self.folder, self.name, self.log = folder, name, ""
        shutil.copy(ROOT / "nbgrader_config.py", folder)
        source = folder / "solutions" / name / f"{name}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(solution, encoding="utf-8")
        self.nbgrader("generate_assignment", name)
        self.release_text = (folder / "assignments" / name / f"{name}.ipynb").read_text("utf-8")

    def nbgrader(self, *arguments: str) -> None:
        """Run nbgrader in the folder; keep what it says."""
        self._run("nbgrader", *arguments)

    def _run(self, *words: str) -> None:
        cache = str(self.folder / "cache")
        python = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1", "EFFCV_CACHE": cache, "PYTHONPATH": python},
            capture_output=True,
            text=True,
        )
        self.log += done.stdout + done.stderr
        assert done.returncode == 0, self.log

    def release(self) -> dict:
        """Return a fresh copy of what a student receives."""
        return json.loads(self.release_text)

    def submit(self, student: str, notebook: dict) -> None:
        """Hand a notebook in."""
        path = self.folder / "submitted" / student / self.name / f"{self.name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")

    def grade(self, plain: bool = False) -> None:
        """Grade everybody in one run and read the gradebook.

        By ``effcv grade`` where this system has a sandbox; else, or if ``plain``, by nbgrader itself.
        """
        from nbgrader.api import Gradebook

        if plain or not has_sandbox():
            self.nbgrader("autograde", self.name, "--Execute.timeout=300")  # busy test machines
        else:
            with open(self.folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
                config.write("\nc.Execute.timeout = 300\n")
            # One at a time: files of tests run side by side already, and each worker imports torch.
            limits = ("--limit-seconds", "900", "--workers", "1")
            self._run("effcv_lab.cli", "grade", self.name, *limits)
        self.grades = {}
        with Gradebook(f"sqlite:///{self.folder}/gradebook.db") as gradebook:
            for submission in gradebook.assignment_submissions(self.name):
                self.grades[submission.student.id] = {
                    grade.name: Grade(grade.auto_score, grade.max_score, grade.needs_manual_grade)
                    for notebook in submission.notebooks
                    for grade in notebook.grades
                }

    def scores(self, student: str) -> dict[str, float | None]:
        """Return a student's automatic scores by cell; None waits for a person."""
        return {name: grade.score for name, grade in self.grades[student].items()}

    def graded_notebook(self, student: str) -> dict:
        """Return a student's notebook after grading."""
        path = self.folder / "autograded" / student / self.name / f"{self.name}.ipynb"
        return json.loads(path.read_text(encoding="utf-8"))

    def said(self, student: str, cell_id: str) -> str:
        """Return everything that one graded cell printed, spaces and line ends made one space."""
        cell = find(self.graded_notebook(student), cell_id)
        texts = ["".join(output.get("text", "")) for output in cell["outputs"]]
        return " ".join(" ".join(texts).split())


def has_sandbox() -> bool:
    """Say whether this system lets bubblewrap make a sandbox."""
    from effcv_lab.grading.sandbox.bubblewrap import require_sandbox
    from effcv_lab.grading.sandbox.refusals import SandboxUnavailable

    try:
        require_sandbox()
    except SandboxUnavailable:
        return False
    return True


def find(notebook: dict, grade_id: str) -> dict:
    """Return the first cell with a grade id."""
    return next(
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


def answered(release: dict, answers: dict[str, str]) -> dict:
    """Return a copy of the release with some cells' sources replaced, by grade id."""
    notebook = copy.deepcopy(release)
    for grade_id, source in answers.items():
        find(notebook, grade_id)["source"] = source
    return notebook


def answers_in(notebook: dict) -> dict[str, str]:
    """Return the sources of all answer cells of a notebook with solutions."""
    return {
        cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("solution")
    }


def source_as(name: str, function) -> str:
    """Return a function's source under another name, as a student might have written it.

    Examples
    --------
    >>> print(source_as("answer", find).splitlines()[0])
    def answer(notebook: dict, grade_id: str) -> dict:
    """
    source = textwrap.dedent(inspect.getsource(function))
    return re.sub(rf"\b{function.__name__}\b", name, source).rstrip("\n")


def right_answers(assignment: str) -> dict[str, dict]:
    """Load ``tests/answers/ASSIGNMENT.py``: by function name, its differently written right versions."""
    path = ROOT / "tests" / "answers" / f"{assignment}.py"
    spec = importlib.util.spec_from_file_location(f"answers_{assignment}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, dict] = {}
    for name, value in vars(module).items():
        function, _, variant = name.partition("__")
        if function and variant and inspect.isfunction(value):
            found.setdefault(function, {})[variant] = value
    return found


def catalogue(assignment: str) -> dict:
    """Load an assignment's checks, by function name."""
    return importlib.import_module(f"effcv_lab.grading.{assignment}").CHECKS


def as_in_the_notebook(assignment: str, function):
    """Run a function's own source after the assignment's setup cell, with nothing else there."""
    space: dict = {}
    exec(_setup_cell(assignment), space)
    exec(compile(inspect.getsource(function), "<cell>", "exec"), space)
    return space[function.__name__]


@functools.cache
def _setup_cell(assignment: str) -> str:
    path = ROOT / "solutions" / assignment / f"{assignment}.ipynb"
    return "".join(find(json.loads(path.read_text(encoding="utf-8")), "setup")["source"])
