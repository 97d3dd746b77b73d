"""Feedback for a class: nbgrader's own converter, one student at a time, and only where something has changed."""

from __future__ import annotations

import glob
import hashlib
import json
import logging
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory

import effcv_lab
from effcv_lab.grading.course import Course
from effcv_lab.grading.feedback_page import HERE, STAMP, TEMPLATE, FeedbackPage, stamp_of

PREPROCESSORS = [
    "nbgrader.preprocessors.GetGrades",
    "effcv_lab.grading.feedback.ForStudents",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
#: What nbgrader's release_feedback looks for beside the pages.
KEPT = ("timestamp.txt", "submission_secret.txt")
NOTHING = "nothing of it is graded yet"


@dataclass
class Made:
    """What became of everybody's pages.

    Attributes
    ----------
    written, unchanged : list of str
        Students.
    waiting : dict of int
        By student, answers that a person still has to grade.
    failed : dict of str
        By student, why there is no page.
    """

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class _Pages(GenerateFeedback):
    """nbgrader's converter for one student; it keeps what went wrong, and stamps each page."""

    problem: Exception | None = None
    stamp = ""

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        """Copy no file of a submission to where students' browsers open files, but those of nbgrader's own."""
        source, dest = (
            Path(make(assignment_id, student_id))
            for make in (self._format_source, self._format_dest)
        )
        for name in KEPT:
            if (source / name).is_file() and not (source / name).is_symlink():
                dest.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source / name, dest / name)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Convert one notebook."""
        try:
            resources = self.init_single_notebook_resources(notebook_filename)
            page, resources = self.exporter.from_filename(notebook_filename, resources=resources)
            page = f"{page.rstrip()}\n<!-- {STAMP} {self.stamp} -->"
            self.write_single_notebook(page, resources)
        except Exception as error:
            self.problem = error
            raise


def write_feedback(
    course: Course, assignment: str, students: Collection[str] = (), *, force: bool = False
) -> Made:
    """Write the pages of an assignment to ``feedback/STUDENT/ASSIGNMENT``, where nbgrader releases them from.

    A page is made anew if the graded notebook, its points and comments, or this package have changed. A notebook that cannot
    be shown stops nobody else's.

    Parameters
    ----------
    course : Course
    assignment : str
        Its name or the beginning of it.
    students : collection of str
        Only these; everybody with a submission in the gradebook if empty.
    force : bool
        Make every page anew.

    Raises
    ------
    ValueError
        If there is no such assignment, if nothing of it is graded, or if a student is not known.
    """
    name = course.assignment(assignment)
    kind, _, file = course.directory.db_url.partition(":///")
    if kind == "sqlite" and not Path(file).is_file():  # opening it would make one
        raise ValueError(f"nothing of {name} is graded yet: run effcv grade {name} first")
    with course.gradebook() as gradebook:
        facts = _facts(gradebook, name)
        known = {student.id for student in gradebook.students} | set(facts)
    for student in students:
        if student not in known:
            raise ValueError(
                f"student must be one of the {len(known)} in the gradebook, got {student!r}"
            )
    if not facts:
        raise ValueError(f"nothing of {name} is graded yet: run effcv grade {name} first")
    made = Made()
    for student in sorted(set(students) or facts):
        if student in facts:
            _one(course, name, student, facts[student], force, made)
        else:
            made.failed[student] = NOTHING
    return made


def _facts(gradebook: Gradebook, assignment: str) -> dict[str, dict]:
    """Return all that the gradebook gives to a page, by student."""
    try:
        submissions = gradebook.assignment_submissions(assignment)
    except MissingEntry:
        return {}
    found = {}
    for one in submissions:
        grades = [grade for notebook in one.notebooks for grade in notebook.grades]
        comments = [comment for notebook in one.notebooks for comment in notebook.comments]
        found[one.student.id] = {
            "grades": sorted((g.name, g.score, g.max_score, g.needs_manual_grade) for g in grades),
            "comments": sorted((c.name, c.comment or "") for c in comments),
            "late": one.late_submission_penalty,
        }
    return found


def _one(
    course: Course, assignment: str, student: str, facts: dict, force: bool, made: Made
) -> None:
    graded = course.folder("autograded", student, assignment)
    notebooks = sorted(graded.glob("*.ipynb"))
    if not notebooks:
        made.failed[student] = NOTHING
        return
    waiting = sum(needs for *_, needs in facts["grades"])
    if waiting:
        made.waiting[student] = waiting
    stamp = _stamp(notebooks, facts)
    folder = course.folder("feedback", student, assignment)
    if not force and all(stamp_of(folder / f"{p.stem}.html") == stamp for p in notebooks):
        made.unchanged.append(student)
        return
    problem = _convert(course, assignment, student, stamp)
    if problem:
        made.failed[student] = problem
    else:
        made.written.append(student)


def _stamp(notebooks: list[Path], facts: dict) -> str:
    found = hashlib.sha256(json.dumps([effcv_lab.__version__, facts]).encode())
    for path in [*notebooks, *sorted((HERE / TEMPLATE).iterdir())]:
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


def _convert(course: Course, assignment: str, student: str, stamp: str) -> str:
    """Make one student's pages; return what went wrong."""
    log = logging.getLogger("effcv_lab.feedback")
    log.propagate, log.handlers = False, [logging.NullHandler()]
    directory = CourseDirectory(
        config=course.config,
        root=str(course.root),
        assignment_id=assignment,
        student_id=glob.escape(student),
        log=log,
    )
    pages = _Pages(coursedir=directory, config=course.config, log=log)
    pages.preprocessors, pages.exporter_class = PREPROCESSORS, FeedbackPage
    pages.force, pages.stamp = True, stamp
    try:
        pages.start()
    except Exception as error:
        problem = pages.problem or error
        return f"{type(problem).__name__}: {problem}".strip()[:300]
    return ""
