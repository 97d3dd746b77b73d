"""A class that hands in one short assignment, for the tests of ``effcv grade``: cells that take milliseconds."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from classroom import Classroom, answered
from small_course import ROOT

from tools.notebooks.convert import build_notebook

NAME = "a9_both"
MASTER = '''\
# %% [markdown]
# # A test that asserts, and a check of the kit

# %% role="given" id="setup"
import torch


# %% role="answer" id="half"
def half(x):
    """Return half of x."""
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION


# %% role="tests" id="test_half" points=4
assert half(4) == 2
### BEGIN HIDDEN TESTS
assert half(-3) == -1.5, "hidden: half of -3"
### END HIDDEN TESTS


# %% role="answer" id="entropy"
def entropy(probs):
    """Return the entropy in nats of each row of probs (B, K), as (B,)."""
    ### BEGIN SOLUTION
    return -torch.special.xlogy(probs, probs).sum(dim=1)
    ### END SOLUTION


# %% role="tests" id="test_entropy" points=3
from effcv_lab.grading.a1_temperature import grade

points = grade("entropy", entropy, points=3, seed=2)
### BEGIN HIDDEN TESTS
points = grade("entropy", entropy, points=3, seed=987654, hidden=True)
### END HIDDEN TESTS
points

# %% [markdown] role="given" id="why_question"
# Why?

# %% [markdown] role="written" id="why" points=2
# === BEGIN SOLUTION
# The model answer.
# === END SOLUTION
'''
RIGHT = {
    "half": "def half(x):\n    return 0.5 * x",
    "entropy": "def entropy(probs):\n    return torch.special.entr(probs).sum(dim=1)",
    "why": "Because I measured it.",
}
FULL = {"test_half": 4.0, "test_entropy": 3.0, "why": None}


def bubblewrap_or_skip():
    """Without bubblewrap fail in CI and skip on a laptop, naming the cure; skip where no namespaces are allowed."""
    if sys.platform != "linux":
        pytest.skip("bubblewrap is for Linux only")
    if shutil.which("bwrap") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs: apt-get install bubblewrap")
    simplest = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "/usr/bin/true"]
    tried = subprocess.run(simplest, capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"this system refuses namespaces: {tried.stderr.strip()}")


class GradedClass(Classroom):
    """A classroom graded by ``effcv grade``; ``config`` is added to the course's ``nbgrader_config.py``."""

    def __init__(self, folder: Path, config: str = ""):
        self.config = config
        super().__init__(folder, NAME, build_notebook(MASTER))

    def nbgrader(self, *arguments):
        path = self.folder / "nbgrader_config.py"
        if self.config and self.config not in path.read_text("utf-8"):
            path.write_text(path.read_text("utf-8") + "\n" + self.config, encoding="utf-8")
        super().nbgrader(*arguments)

    def answer(self, student: str, **answers: str) -> None:
        """Hand in right answers but for those given."""
        self.submit(student, answered(self.release(), RIGHT | answers))

    def command(self, *words: str) -> list[str]:
        """Return the words that start the command line."""
        return [sys.executable, "-m", "effcv_lab.cli", *words]

    def environment(self) -> dict[str, str]:
        """Return the environment of a command in this class."""
        python = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        return os.environ | {"PYTHONPATH": python, "OMP_NUM_THREADS": "1"}

    def effcv(self, *words: str, code: int = 0, seconds: float = 300) -> str:
        """Run a command of the kit here; return what it says."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        self.said_ = done.stdout + done.stderr
        assert done.returncode == code, self.said_
        return self.said_

    def table(self) -> dict[str, dict[str, str]]:
        """Return the status table by student."""
        with open(self.folder / "grades" / "a9_status.csv", encoding="utf-8", newline="") as file:
            return {row["student"]: row for row in csv.DictReader(file)}

    def gradebook(self, db_url: str | None = None) -> dict[str, dict[str, float | None]]:
        """Return everybody's automatic scores by cell; a submission that is there twice fails."""
        from nbgrader.api import Gradebook

        found = {}
        with Gradebook(db_url or f"sqlite:///{self.folder}/gradebook.db", "effcv") as gradebook:
            for submission in gradebook.assignment_submissions(NAME):
                assert submission.student.id not in found
                grades = [g for notebook in submission.notebooks for g in notebook.grades]
                assert len({grade.name for grade in grades}) == len(grades) == 3
                found[submission.student.id] = {g.name: g.auto_score for g in grades}
        return found

    def shown(self, student: str) -> str:
        """Return the text of a graded notebook's file."""
        return json.dumps(self.graded_notebook(student), ensure_ascii=False)

    def graded_notebook(self, student: str) -> dict:
        path = self.folder / "autograded" / student / NAME / f"{NAME}.ipynb"
        return json.loads(path.read_text(encoding="utf-8"))
