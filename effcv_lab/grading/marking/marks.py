"""What became of each submission: a small file each, written last, that a later run believes if nothing has changed.

``grades/a1_records/STUDENT.json`` is written after the gradebook and the graded notebook. So whenever a run is ended, be it
by force, what has a record is complete, and what has none is graded again from the start: into the same rows.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: The states of a submission, in the order of a summary, with what they mean.
STATES = {
    "ok": "graded",
    "needs a person": "graded as far as a machine can, look at it",
    "tampered": "graded; something that tests stand on was changed and put back, or a test was rejected",
    "timed out": "graded as far as it came",
    "failed": "graded as far as it came before its kernel ended",
    "corrupt": "not graded: no notebook that can be read",
    "misnamed": "not graded: handed in under another name",
    "missing": "not graded: nothing was handed in",
    "waiting": "not graded yet",
    "error": "not graded: the grader itself failed",
}
GRADED = ("ok", "needs a person", "tampered", "timed out", "failed")


@dataclass
class Mark:
    """One submission of one assignment.

    Attributes
    ----------
    student, assignment : str
    state : str
        One of ``STATES``.
    reason : str
        Why it is not "ok", or what its cells raised.
    advice : str
        What to do.
    notes : list of str
        What was mended, cut or made harmless.
    score, most : float or None
        Points by machine, of how many; None where nothing was graded.
    by_hand : int
        Answers that wait for a person in nbgrader's formgrader.
    cells : str
        Fingerprint of the points of each cell.
    seconds : float
        Wall-clock time.
    limit_seconds : float
        What was allowed.
    sandbox : str
        "bubblewrap", "unsafe-no-sandbox", or "" where nothing was run.
    fingerprint : str
        Fingerprint of all that the grade depends on.
    """

    student: str
    assignment: str
    state: str
    reason: str = ""
    advice: str = ""
    notes: list[str] = field(default_factory=list)
    score: float | None = None
    most: float | None = None
    by_hand: int = 0
    cells: str = ""
    seconds: float = 0.0
    limit_seconds: float = 0.0
    sandbox: str = ""
    fingerprint: str = ""

    @property
    def graded(self) -> bool:
        """Whether there is a score."""
        return self.state in GRADED


class Records:
    """The records of one assignment.

    Parameters
    ----------
    folder : Path
        ``grades/a1_records`` of the course.
    assignment : str
    """

    def __init__(self, folder: Path, assignment: str):
        self.folder, self.assignment = folder, assignment

    def load(self, student: str) -> Mark | None:
        """Return a student's record; None if there is none that can be read."""
        with contextlib.suppress(OSError, ValueError, TypeError, RecursionError):
            mark = Mark(**json.loads(self._path(student).read_text(encoding="utf-8")))
            if (mark.student, mark.assignment) == (student, self.assignment):
                return mark
        return None

    def save(self, mark: Mark) -> None:
        """Write a record whole or not at all, and so that it is there after a power cut."""
        replace_file(self._path(mark.student), json.dumps(asdict(mark), indent=1))

    def drop(self, student: str) -> None:
        """Forget a student's record: from now on it is not complete."""
        self._path(student).unlink(missing_ok=True)

    def _path(self, student: str) -> Path:
        return self.folder / f"{student}.json"


def replace_file(path: Path, text: str) -> None:
    """Write a file anew in one step: a reader sees the old one or the new one, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    try:
        with open(draft, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
