"""Grade a class: find what was handed in, grade what is new, write down what became of everybody."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from effcv_lab.grading.course import Course
from effcv_lab.grading.marking.cells import Allowed
from effcv_lab.grading.marking.finding import Found, find_submissions
from effcv_lab.grading.marking.marks import Mark, Records
from effcv_lab.grading.marking.register import Points, all_points
from effcv_lab.grading.marking.report import Report, say
from effcv_lab.grading.marking.solution import prepare
from effcv_lab.grading.marking.steps import quiet_steps
from effcv_lab.grading.marking.submission import NO_SPACE, mark_submission
from effcv_lab.grading.marking.task import Task
from effcv_lab.grading.sandbox.bubblewrap import require_sandbox
from effcv_lab.grading.sandbox.limits import MB, Limits
from effcv_lab.grading.sandbox.scratch import sweep
from effcv_lab.grading.sandbox.settings import UNSAFE, Settings

LIMIT_SECONDS = 300


@dataclass(frozen=True)
class Wishes:
    """What an instructor may ask for.

    Parameters
    ----------
    students : collection of str
        Only these; everybody if empty.
    force : bool
        Grade again what is graded and unchanged.
    limit_seconds : int
        Wall-clock time for each submission.
    limit_megabytes : int
        Memory for each submission.
    workers : int
        Submissions at a time; 0 for one on each core.
    scheduler : str, optional
        Of a dask cluster.
    private : path, optional
        Folder with private tests.
    unsafe : bool
        Without a sandbox.
    """

    students: Collection[str] = ()
    force: bool = False
    limit_seconds: int = LIMIT_SECONDS
    limit_megabytes: int = 3000
    workers: int = 0
    scheduler: str | None = None
    private: str | Path | None = None
    unsafe: bool = False


def grade_class(course: Course, assignment: str, wishes: Wishes) -> Report:
    """Grade an assignment; print progress and a summary, write ``grades/a1_status.csv``.

    What is graded and unchanged, by the fingerprint of its record and its points in the gradebook, is not graded again.

    Parameters
    ----------
    course : Course
    assignment : str
        Its name or the beginning of it.
    wishes : Wishes

    Returns
    -------
    report : Report
        ``report.complete`` says whether every submission has a score or a named reason.

    Raises
    ------
    SandboxUnavailable
        If this system has no sandbox and ``wishes.unsafe`` is not set: nothing is run.
    ValueError
        If the gradebook does not know the assignment or a student, or the model solution has not full marks.
    OSError
        If another run is grading this course, or nobody answers at the scheduler's address.
    """
    task = _task(course, course.assignment(assignment), wishes)
    if not wishes.unsafe:
        require_sandbox()
    with _alone(task.grades):
        sweep()
        shutil.rmtree(task.grades / ".work", ignore_errors=True)
        known = all_points(task)
        found = _found(task, set(known) | _students(course))
        chosen = _chosen(found, wishes.students)
        records = Records(task.file("records"), task.assignment)
        prints = {f.student: _fingerprint(task, f.student) for f in chosen if not f.state}
        wanted = {
            student: now
            for student, now in prints.items()
            if wishes.force or not _is_done(task, records.load(student), now, known.get(student))
        }
        marks = {f.student: _mark_of(task, f, records) for f in found}
        report = Report(task, marks, {f.student for f in chosen})
        try:
            print(
                f"{len(prints) - len(wanted)} graded before and unchanged, {len(wanted)} to grade."
            )
            if wanted:
                _grade(task, wanted, wishes, report)
        finally:
            shutil.rmtree(task.grades / ".work", ignore_errors=True)
            report.write()
        say(report)
    return report


def _task(course: Course, assignment: str, wishes: Wishes) -> Task:
    seconds = course.config.get("Execute", {}).get("timeout") or 30
    limits = Limits(
        cpu_seconds=min(86_400, max(60, 2 * wishes.limit_seconds)),
        memory_bytes=wishes.limit_megabytes * MB,
    )
    settings = Settings(limits, kind=UNSAFE) if wishes.unsafe else Settings(limits)
    private = {}
    if wishes.private is not None:
        from effcv_lab.grading.private_tests import load_private_tests

        private = load_private_tests(wishes.private, course, assignment)
        print(f"Private tests of {', '.join(private) or 'no cell'}, from {wishes.private}.")
    return Task(course, assignment, Allowed(seconds, wishes.limit_seconds), settings, private)


@contextlib.contextmanager
def _alone(grades: Path) -> Iterator[None]:
    """Keep a second run out of the same course, on this machine and, where the file system tells, on others."""
    grades.mkdir(exist_ok=True)
    with open(grades / ".lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OSError(
                f"another effcv grade is at work in {grades.parent}: wait for its end"
            ) from None
        yield


def _students(course: Course) -> set[str]:
    with course.gradebook() as gradebook:
        return {student.id for student in gradebook.students}


def _found(task: Task, students: set[str]) -> list[Found]:
    return find_submissions(task.course, task.assignment, task.notebooks, students)


def _chosen(found: list[Found], students: Collection[str]) -> list[Found]:
    names = {one.student for one in found}
    for student in students:
        if student not in names:
            raise ValueError(
                f"student must be one of the {len(names)} in submitted/ and in the gradebook, got {student!r}"
            )
    return [one for one in found if not students or one.student in students]


def _fingerprint(task: Task, student: str) -> str:
    """Return a fingerprint of a submission's files and of all else that its grade depends on; links are not followed."""
    folder = task.course.folder("submitted", student, task.assignment)
    found = hashlib.sha256(task.fingerprint.encode())
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            found.update(f"\0{path.relative_to(folder)}\0".encode("utf-8", "surrogateescape"))
            if path.is_symlink():
                found.update(os.fsencode(os.readlink(path)))
            elif path.is_file():
                with contextlib.suppress(OSError), open(path, "rb") as file:
                    found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def _is_done(task: Task, mark: Mark | None, fingerprint: str, points: Points | None) -> bool:
    """Say whether a record is of this very submission and all that it stands for is there."""
    if mark is None or mark.fingerprint != fingerprint:
        return False
    if mark.state == "timed out" and mark.limit_seconds != task.allowed.all_seconds:
        return False
    if not mark.graded:
        return mark.state == "corrupt"
    graded = task.course.folder("autograded", mark.student, task.assignment)
    kept = [graded / f"{name}.ipynb" for name in task.notebooks]
    there = any(path.is_file() for path in kept)
    same = (mark.score, mark.most, mark.cells)
    return there and points is not None and (points.score, points.most, points.cells) == same


def _mark_of(task: Task, found: Found, records: Records) -> Mark:
    """Return what is known of a student before this run."""
    if found.state:
        return Mark(found.student, task.assignment, found.state, found.reason, found.advice)
    kept = records.load(found.student)
    return kept or _waiting(task, found.student)


def _waiting(task: Task, student: str) -> Mark:
    return Mark(student, task.assignment, "waiting", "", "run effcv grade")


def _grade(task: Task, wanted: dict[str, str], wishes: Wishes, report: Report) -> None:
    task, control, new = prepare(task)
    report.task = task
    if new:
        print(f"The model solution has its {control.points:g} points ({control.seconds:.1f} s).")
    for student in wanted:
        report.marks[student] = _waiting(task, student)
    with contextlib.closing(_marks(task, wanted, wishes)) as marks:
        for mark in report.bar(marks, len(wanted)):
            report.marks[mark.student] = mark
            if mark.reason == NO_SPACE:
                print("There is no space left on the disk: grading stops here.", flush=True)
                break


def _marks(task: Task, wanted: dict[str, str], wishes: Wishes) -> Iterator[Mark]:
    """Grade several at a time; one alone right here, which takes less than to set a pool up."""
    if len(wanted) == 1 and not wishes.scheduler:
        with quiet_steps():
            yield from (mark_submission(task, *one) for one in wanted.items())
        return
    from effcv_lab.grading.marking.pool import mark_all

    workers = wishes.workers or os.cpu_count() or 1
    with contextlib.closing(
        mark_all(task, wanted, workers=workers, scheduler=wishes.scheduler)
    ) as marks:
        yield from marks
