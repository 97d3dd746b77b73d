"""A class that hands in one short assignment, for the tests of ``effcv grade``: cells that take milliseconds."""

import contextlib
import copy
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
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
#: Right answers and wrong ones in turn, so that nobody's scores can pass for another's.
KINDS = (
    ({}, FULL),
    ({"half": "def half(x):\n    return x"}, FULL | {"test_half": 0.0}),
    ({"entropy": "def entropy(probs):\n    return None"}, FULL | {"test_entropy": 0.0}),
)


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


def wait_until(happened: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait for something to be true; return it."""
    stop = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < stop, f"{what}: not within {seconds:g} s"
        time.sleep(0.02)
    return found


class Begun:
    """A command at work, and all that it started."""

    def __init__(self, program: subprocess.Popen, log: Path):
        self.program, self._log = program, log
        self._known = {psutil.Process(program.pid)}

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def family(self) -> list[psutil.Process]:
        """Return what it, or what it started, has started so far and still runs; whose parent died is known from before."""
        for process in list(self._known):
            with contextlib.suppress(psutil.NoSuchProcess):
                self._known |= set(process.children(recursive=True))
        return [p for p in self._known if p.pid != self.program.pid and _runs(p)]

    def named(self, part: str) -> list[psutil.Process]:
        """Return those of the family with some words in their command line."""
        found = []
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                if part in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def wait(self, seconds: float) -> int:
        """Wait for its end; return the exit code."""
        try:
            return self.program.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it did not end within {seconds:g} s; it said: {self.said[-2000:]}")


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _hear_ctrl_c():
    """Let a program hear Ctrl-C though these tests may not: a shell lets what it starts in the background ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


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

    @classmethod
    def like(cls, other: "GradedClass", folder: Path) -> "GradedClass":
        """Return another class with the same release, before anything is handed in; ``folder`` is not there yet."""
        shutil.copytree(other.folder, folder, ignore=shutil.ignore_patterns("submitted", "grades"))
        room = copy.copy(other)
        room.folder = folder
        return room

    def answer(self, student: str, **answers: str) -> None:
        """Hand in right answers but for those given."""
        self.submit(student, answered(self.release(), RIGHT | answers))

    def answer_in_turn(self, count: int, seconds: float) -> dict[str, dict]:
        """Hand in several answers, each slow by so much; return the scores that each must get."""
        right = {}
        for number in range(count):
            student, (answers, scores) = f"s{number:02}", KINDS[number % len(KINDS)]
            answers = {"half": RIGHT["half"]} | answers
            answers["half"] = f"import time\ntime.sleep({seconds})\n{answers['half']}"
            self.answer(student, **answers)
            right[student] = scores
        return right

    def records(self) -> dict[str, int]:
        """Return when each record was written, in ns, by student."""
        found = {}
        for path in (self.folder / "grades" / "a9_records").glob("[!.]*.json"):
            with contextlib.suppress(FileNotFoundError):  # dropped just now
                found[path.stem] = path.stat().st_mtime_ns
        return found

    #: Put before each command.
    prefix: tuple[str, ...] = ()

    def command(self, *words: str) -> list[str]:
        """Return the words that start the command line."""
        return [*self.prefix, sys.executable, "-m", "effcv_lab.cli", *words]

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

    @contextlib.contextmanager
    def begun(self, *words: str) -> Iterator["Begun"]:
        """Start a command of the kit here, in a process group of its own; whatever is left of it at the end is killed."""
        log = self.folder.with_name(f"{self.folder.name}-{time.monotonic_ns()}.log")
        with open(log, "wb") as file:
            program = subprocess.Popen(
                self.command(*words),
                cwd=self.folder,
                env=self.environment(),
                stdout=file,
                stderr=file,
                start_new_session=True,
                preexec_fn=_hear_ctrl_c,
            )
        begun = Begun(program, log)
        try:
            yield begun
        finally:
            for process in begun.family():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            program.kill()
            program.wait()

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
