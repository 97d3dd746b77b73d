"""A submission's rows in nbgrader's gradebook: made once, found again, read."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import NamedTuple

from effcv_lab.grading.marking.patience import patiently
from effcv_lab.grading.marking.task import Task


def register(task: Task, student: str, folder: Path, notebooks: set[str]) -> None:
    """Make the rows of a student and a submission, as nbgrader's autograde does.

    Parameters
    ----------
    task : Task
    student : str
    folder : Path
        Where ``timestamp.txt`` may lie.
    notebooks : set of str
        Those that were handed in; others of the assignment count 0.

    Raises
    ------
    ValueError
        If the gradebook does not know the student and ``Autograde.create_student`` is off.
    """
    patiently(lambda: _register(task, student, folder, notebooks))


def _register(task: Task, student: str, folder: Path, notebooks: set[str]) -> None:
    from nbgrader.api import MissingEntry
    from sqlalchemy.exc import SAWarning

    create = task.course.config.get("Autograde", {}).get("create_student", True)
    with task.course.gradebook() as gradebook:
        try:
            gradebook.find_student(student)
        except MissingEntry:
            if not create:
                raise ValueError(f"the gradebook knows no student {student!r}") from None
            gradebook.update_or_create_student(student)
        when = task.course.directory.get_existing_timestamp(str(folder))
        about = {"timestamp": when} if when else {}
        with warnings.catch_warnings():  # nbgrader's own code, met by a newer SQLAlchemy
            warnings.simplefilter("ignore", SAWarning)
            submission = gradebook.update_or_create_submission(task.assignment, student, **about)
        for notebook in submission.notebooks:
            if notebook.name not in notebooks:
                for grade in notebook.grades:
                    grade.auto_score, grade.needs_manual_grade = 0, False
        gradebook.db.commit()


class Points(NamedTuple):
    """What the gradebook holds of a submission.

    Attributes
    ----------
    score, most : float
        Points by machine, of how many.
    by_hand : int
        Answers that wait for a person.
    cells : str
        Fingerprint of the points by machine of each cell.
    """

    score: float
    most: float
    by_hand: int
    cells: str


def points(task: Task, student: str) -> Points:
    """Return what the gradebook holds of a student."""

    def read():
        with task.course.gradebook() as gradebook:
            return _points(gradebook.find_submission(task.assignment, student))

    return patiently(read)


def all_points(task: Task) -> dict[str, Points]:
    """Return the same for every student, in one reading."""

    def read():
        with task.course.gradebook() as gradebook:
            found = gradebook.assignment_submissions(task.assignment)
            return {submission.student.id: _points(submission) for submission in found}

    return patiently(read)


def _points(submission) -> Points:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    tests = [
        grade for grade in grades if grade.cell.cell_type == "code" and grade.auto_score is not None
    ]
    score = sum(grade.auto_score for grade in tests)
    most = sum(grade.max_score for grade in tests)
    each = sorted((grade.notebook.name, grade.name, grade.auto_score) for grade in tests)
    cells = hashlib.sha256(repr(each).encode()).hexdigest()[:16]
    by_hand = sum(grade.needs_manual_grade for grade in grades)
    return Points(round(score, 6), round(most, 6), by_hand, cells)
