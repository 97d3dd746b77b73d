"""Run a submission's cells in the sandbox and write down what came, so that nbgrader's rules can count it.

nbgrader gives a test cell full marks unless it holds an error, something on stderr, or a number. So a test that was not run,
or whose outputs were lost, gets an error here.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from effcv_lab.grading.marking import canary
from effcv_lab.grading.marking.outputs import (
    as_error,
    as_output,
    joined,
    what_was_raised,
)
from effcv_lab.grading.marking.runs import Allowed, Run
from effcv_lab.grading.sandbox.limits import MB
from effcv_lab.grading.sandbox.session import Outcome, sandboxed_kernel
from effcv_lab.grading.sandbox.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

    from effcv_lab.grading.sandbox.session import SandboxedKernel

KEPT_BYTES = 20 * MB  # of a whole notebook's outputs
NOT_RUN, TAMPERED, TIMED_OUT, LOST = "NotRun", "Tampered", "TimedOut", "OutputLost"
#: Before any cell of a stranger: what checks stand on is remembered as it is.
FIRST_OF_ALL = """
def _first(names):
    for name in names:
        try:
            __import__(name)
        except ImportError:
            pass
_first({names!r})
del _first
"""
CHECKS = "effcv_lab.grading."
FIRST_SECONDS = 120  # a cold start imports torch, and other programs may be at work


class _Runner:
    """Runs the cells of one notebook in one kernel."""

    def __init__(
        self, kernel: SandboxedKernel, settings: Settings, allowed: Allowed, started: float
    ):
        self.kernel, self.allowed, self.run = kernel, allowed, Run()
        self.checks = [f"{CHECKS}checks", *(n for n in settings.preload if n.startswith(CHECKS))]
        self.started, self.kept = started, 0

    @property
    def left(self) -> float:
        return self.started + self.allowed.all_seconds - time.monotonic()

    def cells(self, notebook: NotebookNode) -> None:
        """Run all cells in their order."""
        first = FIRST_OF_ALL.format(names=self.checks)
        self.kernel.run(first, max(1, min(FIRST_SECONDS, self.left)))
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            if self.kernel.alive and self.left > 0:
                self._cell(cell, _name(cell, index))
            elif is_test(cell):
                cell.outputs = [as_error(NOT_RUN, self._why_not())]
        if self.left <= 0 and self.run.state == "ok":
            self._ends(
                "timed out", f"more than {self.allowed.all_seconds:g} s for the whole notebook"
            )

    def _cell(self, cell: NotebookNode, name: str) -> None:
        bent = canary.asserts_count(self.kernel) if is_test(cell) else None
        if not cell.source.strip():
            return
        outcome = self.kernel.run(cell.source, max(0.1, min(self.allowed.cell_seconds, self.left)))
        cell.outputs = self._kept(outcome, name)
        if is_test(cell):
            bent = bent or canary.no_score(outcome, cell.metadata.nbgrader.points)
            if outcome.cut and not bent:
                cell.outputs.insert(
                    0,
                    as_error(
                        LOST,
                        "more was printed than is kept: it cannot be told what this test found",
                    ),
                )
            if bent:
                self.reject(cell, name, bent)
            self.run.tampered += [f"{name}: {line}" for line in canary.marked(outcome)]
        if outcome.ended in ("timeout", "died"):
            self._stopped(cell, name, outcome.ended)
        elif outcome.ended == "error" and not is_test(cell):
            self.run.raised.append(f"{name} raised {what_was_raised(outcome)}")

    def _stopped(self, cell: NotebookNode, name: str, ended: str) -> None:
        """Write down that a cell did not come to its end."""
        if ended == "timeout":
            seconds = min(self.allowed.cell_seconds, self.allowed.all_seconds)
            words = f"{name} was stopped after {seconds:g} s"
            if self.left <= 0:
                words = (
                    f"more than {self.allowed.all_seconds:g} s for the whole notebook, in {name}"
                )
            self._ends("timed out", words if self.kernel.alive else f"{words} and did not heed it")
        else:
            self._ends("failed", f"{self._why_not()}, in {name}")
        kind = TIMED_OUT if ended == "timeout" else NOT_RUN
        cell.outputs.insert(0, as_error(kind, self.run.why))  # before any number: it counts

    def _ends(self, state: str, why: str) -> None:
        if self.run.state != "failed":  # how it ended counts more than what was slow before
            self.run.state, self.run.why = state, why

    def _why_not(self) -> str:
        if self.run.why and self.run.state != "ok":
            return self.run.why
        status = self.kernel.status if self.kernel.alive else self.kernel.end()
        return status.words or "the kernel ended"

    def reject(self, cell: NotebookNode, name: str, bent: str) -> None:
        """Give a test no points."""
        self.run.tampered.append(f"{name}: {bent}")
        cell.outputs = [as_error(TAMPERED, bent)]

    def _kept(self, outcome: Outcome, name: str) -> list[NotebookNode]:
        outputs = [as_output(output) for output in outcome.outputs]
        self.kept += sum(len(str(output)) for output in outputs)
        if outcome.cut or self.kept > KEPT_BYTES:
            self.run.notes.append(f"{name}: more was printed or shown than is kept: cut")
        if self.kept > KEPT_BYTES:
            outputs = [o for o in outputs if o.output_type in ("error", "execute_result")]
        return joined(outputs)

    def probe(
        self, notebook: NotebookNode, names: list[str], free: frozenset[str], control: bool
    ) -> None:
        """Run each test that gave points once more, on stubs in place of the answers."""
        from nbgrader.utils import determine_grade

        def score(cell: NotebookNode) -> float:
            return determine_grade(cell)[0]

        tests = [c for c in notebook.cells if is_test(c) and score(c) > 0]
        if not (tests and names and self.kernel.alive and self.left > 0):
            return
        canary.put_stubs(self.kernel, names)
        for cell in tests:
            name = cell.metadata.nbgrader.grade_id
            if name in free or not self.kernel.alive or self.left <= 0:
                continue
            outcome = self.kernel.run(
                cell.source, max(0.1, min(self.allowed.cell_seconds, self.left))
            )
            again = cell | {"outputs": [as_output(output) for output in outcome.outputs]}
            if outcome.ended in ("ok", "error") and score(_as_node(again)) > 0:
                self.run.free.append(name)
                if not control:
                    self.reject(cell, name, "it gives points to functions that do nothing")


def run_cells(
    notebook: NotebookNode,
    folder: str | Path,
    settings: Settings,
    allowed: Allowed,
    names: list[str],
    free: frozenset[str] = frozenset(),
    *,
    control: bool = False,
) -> Run:
    """Run a notebook in a sandbox of its own; its cells' outputs are filled in.

    Parameters
    ----------
    notebook : NotebookNode
        With the release's own test cells (:class:`effcv_lab.grading.intake.Intake`).
    folder : path
        With the files that the notebook may read.
    settings : Settings
    allowed : Allowed
    names : list of str
        Functions and classes that the student was to write.
    free : set of str
        Tests that are not to be tried on stubs.
    control : bool
        It is the model solution: tests that give points to stubs are listed, not rejected.

    Raises
    ------
    SandboxUnavailable
        If this system has no sandbox: nothing was run.
    """
    started, runner = time.monotonic(), None
    with contextlib.ExitStack() as stack:
        try:
            kernel = stack.enter_context(sandboxed_kernel(folder, settings))
        except RuntimeError as problem:
            if type(problem) is not RuntimeError:  # there is no sandbox
                raise
            return _not_started(notebook, str(problem))
        runner = _Runner(kernel, settings, allowed, started)
        runner.cells(notebook)
        runner.probe(notebook, names, free, control)
    runner.run.seconds = round(time.monotonic() - started, 2)
    return runner.run


def _not_started(notebook: NotebookNode, why: str) -> Run:
    for cell in filter(is_test, notebook.cells):
        cell.outputs = [as_error(NOT_RUN, why)]
    return Run("failed", why)


def is_test(cell: NotebookNode) -> bool:
    """Say whether a cell is graded by running it."""
    settings = cell.metadata.get("nbgrader", {})
    return (
        cell.cell_type == "code"
        and settings.get("grade", False)
        and not settings.get("solution", False)
    )


def _name(cell: NotebookNode, index: int) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id") or f"cell {index + 1}"


def _as_node(cell: dict) -> NotebookNode:
    from nbformat import from_dict

    return from_dict(cell)
