"""Grades for Canvas and Moodle, as exporters of nbgrader's.

::

    nbgrader export --exporter=effcv_lab.grading.lms.CanvasExportPlugin --assignment '["a1_temperature"]'

Names and addresses come from nbgrader's table of students (``nbgrader db student import``), scores from its gradebook, counted
as its own export counts them: late penalties are taken off, and nobody is below zero. What has no score yet stays empty.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbgrader.api import MissingEntry
from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Unicode

from effcv_lab.grading.marking.marks import replace_file

if TYPE_CHECKING:
    from nbgrader.api import Gradebook, Student, SubmittedAssignment

#: With these a spreadsheet takes a text for a formula, the wide ones of East Asian keyboards too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass
class Exported:
    """What a file of grades holds.

    Attributes
    ----------
    path : Path
    scores : int
        Cells with a score.
    waiting : dict of list of str
        By assignment, students with an answer that a person still has to grade: left empty.
    missing : dict of list of str
        By assignment, students without a graded submission: left empty, or 0 if that was asked for.
    """

    path: Path
    scores: int = 0
    waiting: dict[str, list[str]] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)


class _LmsExportPlugin(ExportPlugin):
    """What both have in common."""

    missing_zero = Bool(False, help="0 for who has handed in nothing, not an empty cell").tag(
        config=True
    )
    column = Unicode("", help="the assignment's name in the LMS; default: its own").tag(config=True)
    default_file = ""

    def export(self, gradebook: Gradebook) -> Exported:
        """Write the file.

        Parameters
        ----------
        gradebook : Gradebook

        Returns
        -------
        exported : Exported

        Raises
        ------
        ValueError
            If the gradebook does not know an assignment or a student, or if ``column`` names several assignments.
        """
        assignments = _named(gradebook.assignments, self.assignment, "assignment", "name")
        students = _named(gradebook.students, self.student, "student", "id")
        if self.column and len(assignments) != 1:
            raise ValueError(
                f"column can name one assignment, got {self.column!r} for {len(assignments)}"
            )
        done = Exported(Path(self.to or self.default_file))
        by_student = {student.id: {} for student in students}
        for assignment in assignments:
            for student in students:
                score, submission = self._score(gradebook, assignment.name, student.id, done)
                by_student[student.id][assignment.name] = (score, submission)
        text = io.StringIO()
        table = csv.writer(text)
        for row in self.rows(assignments, students, by_student):
            table.writerow([_number(v) if isinstance(v, float) else _safe(v) for v in row])
        replace_file(done.path, text.getvalue())
        for words, found in {"wait for a person": done.waiting, "missing": done.missing}.items():
            for name, who in found.items():
                self.log.warning("%s, %s: %s", name, words, ", ".join(who))
        return done

    def _score(
        self, gradebook: Gradebook, assignment: str, student: str, done: Exported
    ) -> tuple[float | str, SubmittedAssignment | None]:
        """Return a score, or "" where there is none, and the submission."""
        try:
            submission = gradebook.find_submission(assignment, student)
        except MissingEntry:
            done.missing.setdefault(assignment, []).append(student)
            return (0.0 if self.missing_zero else ""), None
        if submission.needs_manual_grade:
            done.waiting.setdefault(assignment, []).append(student)
            return "", submission
        done.scores += 1
        return max(0.0, submission.score - (submission.late_submission_penalty or 0.0)), submission

    def title(self, assignment: Any) -> str:
        """Return what an assignment's column is called."""
        return self.column or assignment.name

    def rows(self, assignments: list, students: list, found: dict) -> Iterable[list]:
        """Return the file's rows, the header first."""
        raise NotImplementedError


class CanvasExportPlugin(_LmsExportPlugin):
    """Grades as Canvas imports them into its gradebook.

    Columns as in a file that Canvas itself exports, in its order: Student, ID, SIS User ID, SIS Login ID, Section, then one for
    each assignment; below the header a row "Points Possible". Canvas finds a student by ID, else by SIS User ID, SIS Login ID
    or name. ID is nbgrader's ``lms_user_id``, SIS Login ID its student id. Assignments are found by their title, so give
    ``column`` as Canvas's own export writes it: "Temperature (12345)". An empty cell takes away a grade that is there.

    References
    ----------
    Canvas Instructor Guide, *How do I import grades in the Gradebook?*
    """

    default_file = "grades_canvas.csv"

    def rows(self, assignments: list, students: list, found: dict) -> Iterable[list]:
        """Return the file's rows, the header first."""
        columns = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        yield columns + [self.title(assignment) for assignment in assignments]
        yield ["    Points Possible", "", "", "", ""] + [float(a.max_score) for a in assignments]
        for student in students:
            about = [_name(student), student.lms_user_id or "", "", student.id, ""]
            yield about + [found[student.id][assignment.name][0] for assignment in assignments]


class MoodleExportPlugin(_LmsExportPlugin):
    """Grades as Moodle imports them from a CSV file.

    Columns: Username, ID number, Email address, First name, Last name, then for each assignment its grade and "Feedback
    comments" (with several: "Feedback comments: NAME"). In Moodle's form map one of the first three to the user (username,
    useridnumber, useremail), the grade to its item and the comments to the feedback of the same item: Moodle loses grades where
    feedback is mapped without them. An empty grade takes away a grade that is there.

    References
    ----------
    Moodle documentation, *Grade import*, section "CSV import".
    """

    default_file = "grades_moodle.csv"

    def rows(self, assignments: list, students: list, found: dict) -> Iterable[list]:
        """Return the file's rows, the header first."""
        columns = ["Username", "ID number", "Email address", "First name", "Last name"]
        one = len(assignments) == 1
        for assignment in assignments:
            comments = "Feedback comments" if one else f"Feedback comments: {assignment.name}"
            columns += [self.title(assignment), comments]
        yield columns
        for student in students:
            row = [student.id, student.lms_user_id or "", student.email or ""]
            row += [student.first_name or "", student.last_name or ""]
            for assignment in assignments:
                score, submission = found[student.id][assignment.name]
                row += [score, "" if score == "" else _comments(submission)]
            yield row


#: By the name on the command line.
EXPORTERS = {"canvas": CanvasExportPlugin, "moodle": MoodleExportPlugin}


def _named(known: Iterable, wanted: list, kind: str, key: str) -> list:
    """Return those wanted, all if none are; in the gradebook's order."""
    by_name = {str(getattr(one, key)): one for one in known}
    for name in map(str, wanted):
        if name not in by_name:
            raise ValueError(
                f"{kind} must be one of the {len(by_name)} in the gradebook, got {name!r}"
            )
    names = {str(name) for name in wanted} or set(by_name)
    return [one for name, one in by_name.items() if name in names]


def _name(student: Student) -> str:
    return ", ".join(filter(None, [student.last_name, student.first_name])) or student.id


def _comments(submission: SubmittedAssignment | None) -> str:
    """Return what graders wrote, answer by answer."""
    if submission is None:
        return ""
    comments = [comment for notebook in submission.notebooks for comment in notebook.comments]
    said = [(comment.name, (comment.comment or "").strip()) for comment in comments]
    return "\n".join(f"{name}: {text}" for name, text in sorted(said) if text)


def _number(value: float) -> str:
    """Return a number as short as it is exact to six digits after the point.

    Examples
    --------
    >>> _number(7.0), _number(2.6700000000000004)
    ('7', '2.67')
    """
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _safe(text: str) -> str:
    r"""Return a text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> _safe("=HYPERLINK()"), _safe(" @ann"), _safe("O'Neill")
    ("'=HYPERLINK()", "' @ann", "O'Neill")
    """
    text = str(text).replace("\0", "")
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text
