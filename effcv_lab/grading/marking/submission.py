"""One submission from what was handed in to what nbgrader shows: read, mended, run, counted, made harmless.

nbgrader's own steps are used as ``nbgrader_config.py`` lists them, but for reading (files are not believed), running (behind
walls) and what is shown (nothing active). What was graded before is replaced in one step at the end.
"""

from __future__ import annotations

import errno
import os
import shutil
import traceback
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from effcv_lab.grading.marking import steps
from effcv_lab.grading.marking.cells import Run, is_test, run_cells
from effcv_lab.grading.marking.marks import Mark, Records
from effcv_lab.grading.marking.reading import Unreadable, read_notebook
from effcv_lab.grading.marking.register import points, register
from effcv_lab.grading.marking.task import Task, plain_files
from effcv_lab.grading.marking.verdict import judge
from effcv_lab.grading.sandbox.bubblewrap import require_sandbox
from effcv_lab.grading.sandbox.limits import MB
from effcv_lab.grading.sandbox.refusals import SandboxUnavailable

if TYPE_CHECKING:
    from nbformat import NotebookNode

MOST_FILES, MOST_BYTES = 1_000, 150 * MB  # beside the notebook
NO_SPACE = "no space left on the disk"


def mark_submission(task: Task, student: str, fingerprint: str = "") -> Mark:
    """Grade one submission anew and keep its record, whatever it holds.

    Parameters
    ----------
    task : Task
    student : str
        Who has handed something in.
    fingerprint : str
        Fingerprint to keep with the record.

    Raises
    ------
    SandboxUnavailable
        If this system has no sandbox. Everything else that goes wrong becomes the mark's state and reason.
    """
    records = Records(task.file("records"), task.assignment)
    blank = Mark(student, task.assignment, "error", fingerprint=fingerprint)
    blank.limit_seconds, blank.sandbox = task.allowed.all_seconds, task.settings.kind
    try:
        records.drop(student)
        mark = _mark(task, student, blank)
        records.save(mark)
    except SandboxUnavailable as error:
        require_sandbox()  # raises, unless it was this submission alone
        return _trouble(blank, error)
    except Exception as error:
        return _trouble(blank, error)
    return mark


def _trouble(mark: Mark, error: Exception) -> Mark:
    """Say what went wrong in the grader itself; nothing of this is kept, so that the next run tries again."""
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or any(
        words in str(error) for words in ("disk is full", os.strerror(errno.ENOSPC))
    )
    last = traceback.extract_tb(error.__traceback__)[-1]
    mark.state = "error"
    mark.reason = (
        NO_SPACE
        if full
        else f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"[:300]
    )
    mark.advice = (
        "make room"
        if full
        else "run effcv grade again; if it stays, look at this submission by hand"
    )
    return mark


def _mark(task: Task, student: str, mark: Mark) -> Mark:
    folder = task.course.folder("submitted", student, task.assignment)
    try:
        _bound(folder)
        notebooks = {
            name: read_notebook(folder / f"{name}.ipynb")
            for name in task.notebooks
            if _there(folder, name)
        }
    except Unreadable as problem:
        mark.state, mark.reason, mark.advice = "corrupt", str(problem), problem.advice
        return mark
    # Of its own: a worker that was thought dead may still be at the same submission.
    work = task.grades / ".work" / f"{student}.{uuid.uuid4().hex[:12]}"
    try:
        new = work / "new"
        _copy(task, folder, new)
        register(task, student, folder, set(notebooks))
        runs, flags = {}, []
        for name, notebook in notebooks.items():
            found, runs[name], said = _grade(task, student, name, notebook, new)
            flags += said
            _write(new / f"{name}.ipynb", found)
        _replace(task, student, new, work / "old")
        mark.score, mark.most, mark.by_hand, mark.cells = points(task, student)
        judge(mark, runs, flags)
        return mark
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _grade(
    task: Task, student: str, name: str, notebook: NotebookNode, folder: Path
) -> tuple[NotebookNode, Run, list[tuple[str, str]]]:
    """Take one notebook through all steps; return it as it is to be shown, what became of it, and what was mended."""
    notebook, flags = steps.sanitize(task, student, name, notebook)
    for cell in filter(is_test, notebook.cells):
        own = task.private.get(cell.metadata.nbgrader.grade_id)
        if own is not None:
            cell.source = steps.with_private_tests(cell.source, own)
    run = run_cells(notebook, folder, task.settings, task.allowed, task.answers[name], task.free)
    notebook = steps.count(task, student, name, notebook)
    run.notes += steps.show(notebook, flags, run)
    return notebook, run, flags


def _there(folder: Path, name: str) -> bool:
    return os.path.lexists(folder / f"{name}.ipynb")


def _bound(folder: Path) -> None:
    """Refuse a folder with more beside its notebook than a sandbox takes."""
    files = plain_files(folder)
    size = sum(path.stat().st_size for path in files)
    if len(files) > MOST_FILES or size > MOST_BYTES:
        raise Unreadable(
            f"its folder holds {len(files)} files with {size / MB:.0f} MB beside the notebook; at most {MOST_FILES} "
            f"with {MOST_BYTES // MB} MB are graded",
            "take away what does not belong there, then run effcv grade again",
        )


def _copy(task: Task, folder: Path, new: Path) -> None:
    """Copy plain files of the submission, then those of the course over them, as nbgrader does."""
    new.mkdir(parents=True)
    source = task.course.folder("source", ".", task.assignment)
    own = set(steps.autograde(task).exclude_overwriting.get(task.assignment, []))
    for origin in (folder, source):
        for path in plain_files(origin):
            name = path.relative_to(origin)
            if origin == source and name.as_posix() in own and (new / name).exists():
                continue
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, new / name, follow_symlinks=False)


def _write(path: Path, notebook: NotebookNode) -> None:
    import nbformat

    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def _replace(task: Task, student: str, new: Path, old: Path) -> None:
    """Put the graded folder where nbgrader looks for it."""
    permissions = int(str(steps.autograde(task).permissions), 8)
    for path in new.rglob("*"):
        if path.is_file():
            path.chmod(permissions)
    place = task.course.folder("autograded", student, task.assignment)
    if place.exists():
        _move(place, old)
    place.parent.mkdir(parents=True, exist_ok=True)
    _move(new, place)


def _move(folder: Path, place: Path) -> None:
    """Rename a folder, or copy it to another disk; never into a folder that is there, as ``shutil.move`` would."""
    try:
        folder.rename(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(folder, place)
        shutil.rmtree(folder)
