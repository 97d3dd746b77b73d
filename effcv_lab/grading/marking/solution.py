"""The model solution first: its marks on this machine, the nets that it trains, the tests that are for free.

Who grades a class with a broken environment gives a class zeros. So nothing is graded before the solution has its points.
It is the instructor's own code: it is run once in the open, to keep the nets that it trains
(:mod:`effcv_lab.cache`), and once behind the same walls as submissions, which may read these nets.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from effcv_lab.grading.marking import steps
from effcv_lab.grading.marking.cells import is_test, run_cells
from effcv_lab.grading.marking.marks import replace_file
from effcv_lab.grading.marking.reading import clean
from effcv_lab.grading.marking.task import Task, plain_files

if TYPE_CHECKING:
    from nbformat import NotebookNode

KERNEL_SECONDS = 600


@dataclass(frozen=True)
class Control:
    """What the model solution told.

    Attributes
    ----------
    seconds : float
        Behind walls, from a cold start.
    points : float
    free : tuple of str
        Tests that give points to functions that do nothing.
    """

    seconds: float
    points: float
    free: tuple[str, ...]


def prepare(task: Task) -> tuple[Task, Control, bool]:
    """Run the model solution, unless it is known with the same release and rules.

    Returns
    -------
    task : Task
        With the folder of nets, the modules to import once, and the tests that are for free.
    control : Control
    new : bool
        Whether it was run just now.

    Raises
    ------
    ValueError
        If the solution does not have full marks: the message says in which test, and what that said.
    """
    nets = task.file("nets")
    settings = replace(task.settings, cache=str(nets), preload=task.imports)
    task = replace(task, settings=settings)
    kept = task.file("solution.json")
    now = _fingerprint(task)
    control, new = _known(kept, now), False
    if control is None or not nets.is_dir():
        control, new = _run(task, nets), True
        known = {"fingerprint": now, "seconds": control.seconds}
        replace_file(kept, json.dumps(known | {"points": control.points, "free": control.free}))
    return replace(task, free=frozenset(control.free)), control, new


def _fingerprint(task: Task) -> str:
    """Return a fingerprint of all that grades depend on, and of the solution itself."""
    texts = [json.dumps(task.solution(name), sort_keys=True) for name in task.notebooks]
    return hashlib.sha256("".join([task.fingerprint, *texts]).encode()).hexdigest()


def _known(path: Path, fingerprint: str) -> Control | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if found.get("fingerprint") != fingerprint:
        return None
    return Control(found["seconds"], found["points"], tuple(found["free"]))


def _run(task: Task, nets: Path) -> Control:
    shutil.rmtree(nets, ignore_errors=True)
    nets.mkdir(parents=True)
    folder = task.grades / ".work" / ".solution"
    shutil.rmtree(folder, ignore_errors=True)
    seconds, total, free = 0.0, 0.0, []
    try:
        _copy(task.course.folder("source", ".", task.assignment), folder)
        for name in task.notebooks:
            notebook = clean(task.solution(name))
            _train(notebook, folder, nets)
            notebook, _ = steps.sanitize(task, "solution", name, notebook)
            for cell in filter(is_test, notebook.cells):
                own = task.private.get(cell.metadata.nbgrader.grade_id)
                cell.source = (
                    cell.source if own is None else steps.with_private_tests(cell.source, own)
                )
            run = run_cells(
                notebook, folder, task.settings, task.allowed, task.answers[name], control=True
            )
            total += _full_marks(notebook, run.why)
            seconds, free = seconds + run.seconds, free + run.free
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Control(round(seconds, 2), total, tuple(free))


def _copy(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    for path in plain_files(source):
        (folder / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.relative_to(source))


def _train(notebook: NotebookNode, folder: Path, nets: Path) -> None:
    """Run the solution in the open, so that the nets it trains are kept; only the kit's own cache keeps any."""
    from copy import deepcopy

    from nbclient import NotebookClient

    if not any("effcv_lab" in cell.source and "cache" in cell.source for cell in notebook.cells):
        return
    client = NotebookClient(
        deepcopy(notebook),
        timeout=KERNEL_SECONDS,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    environment = os.environ | {"EFFCV_CACHE": str(nets), "OMP_NUM_THREADS": "1"}
    client.execute(env=environment, stderr=subprocess.DEVNULL)


def _full_marks(notebook: NotebookNode, why: str) -> float:
    """Return the points of all tests; they must be all there are."""
    from nbgrader.utils import determine_grade

    total = 0.0
    for cell in filter(is_test, notebook.cells):
        score, most = determine_grade(cell)
        if score < most:
            said = " ".join(
                str(output.get("text") or output.get("evalue") or "") for output in cell.outputs
            )
            raise ValueError(
                f"nothing was graded: on this machine the model solution itself has {score:g} of {most:g} points in "
                f"{cell.metadata.nbgrader.grade_id}. {why} {said.strip()[-600:]}"
            )
        total += score
    return total
