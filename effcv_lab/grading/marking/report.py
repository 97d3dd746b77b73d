"""What became of everybody: a table for a spreadsheet, and a summary to read."""

from __future__ import annotations

import csv
import io
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from effcv_lab.grading.marking.marks import STATES, Mark, replace_file
from effcv_lab.grading.marking.task import Task
from effcv_lab.grading.sandbox.settings import UNSAFE

COLUMNS = (
    *("student", "state", "points", "of", "answers for a person", "reason", "what to do", "notes"),
    *("seconds", "sandbox"),
)
WIDTH = 100
NAMED = 12  # students named for each state
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class Report:
    """The marks of an assignment.

    Attributes
    ----------
    task : Task
    marks : dict of Mark
        By student, everybody's.
    chosen : set of str
        Students whom this run was about.
    """

    task: Task
    marks: dict[str, Mark]
    chosen: set[str]

    @property
    def path(self) -> Path:
        """Where the table lies."""
        return self.task.file("status.csv")

    @property
    def complete(self) -> bool:
        """Whether each of the chosen has a score or a reason of its own: the grader never failed."""
        return not any(self.marks[student].state in ("error", "waiting") for student in self.chosen)

    def write(self) -> None:
        """Write the table anew, whole or not at all."""
        text = io.StringIO()
        table = csv.writer(text)
        table.writerow(COLUMNS)
        for student in sorted(self.marks):
            table.writerow(map(_cell, _row(self.marks[student])))
        replace_file(self.path, text.getvalue())

    @staticmethod
    def bar(marks: Iterable[Mark], total: int) -> Iterator[Mark]:
        """Show progress on stdout."""
        from tqdm import tqdm

        return iter(tqdm(marks, total=total, desc="Grading", unit=" submissions", file=sys.stdout))


def _row(mark: Mark) -> list:
    points = ["", ""] if mark.score is None else [f"{mark.score:g}", f"{mark.most:g}"]
    notes = "; ".join(mark.notes)
    seconds = f"{mark.seconds:.1f}" if mark.seconds else ""
    return [
        *(mark.student, mark.state, *points, mark.by_hand or "", mark.reason, mark.advice),
        *(notes, seconds, mark.sandbox),
    ]


def _cell(value: object) -> str:
    """Return a cell's text: one line, and no formula of a stranger's in a spreadsheet.

    Examples
    --------
    >>> _cell("=HYPERLINK()"), _cell(3)
    ("'=HYPERLINK()", '3')
    """
    text = _line(str(value))
    return f"'{text}" if text.startswith(FORMULA) else text


def _line(text: str) -> str:
    r"""Return one line of characters that can be seen: nothing of a stranger's acts in a terminal.

    Examples
    --------
    >>> _line("half raised\n\x1b[2J")
    'half raised ?[2J'
    """
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def say(report: Report) -> None:
    """Print a summary of the chosen students' marks."""
    marks = [report.marks[student] for student in sorted(report.chosen)]
    print(f"\n{report.task.assignment}: {len(marks)} students")
    for state, meaning in STATES.items():
        found = [mark for mark in marks if mark.state == state]
        if found:
            print(f"{len(found):5}  {state:<15} {meaning}")
    _say_each([mark for mark in marks if mark.state != "ok"])
    waiting = [mark for mark in marks if mark.by_hand]
    if waiting:
        answers = sum(mark.by_hand for mark in waiting)
        print(
            f"\n{answers} answers of {len(waiting)} students wait for a person: nbgrader formgrader"
        )
    if any(mark.sandbox == UNSAFE for mark in marks):
        print("\nGRADED WITHOUT A SANDBOX, as was asked for: see the column sandbox.")
    print(f"\nTable: {report.path}")


def _say_each(marks: list[Mark]) -> None:
    for state in STATES:
        found = [mark for mark in marks if mark.state == state]
        for mark in found[:NAMED]:
            print(f"\n{state}: {_line(mark.student)}")
            for text in (mark.reason, f"-> {mark.advice}" if mark.advice else ""):
                if text:
                    print(
                        textwrap.fill(
                            _line(text),
                            WIDTH,
                            initial_indent="  ",
                            subsequent_indent="  ",
                        )
                    )
        if len(found) > NAMED:
            print(f"\n{state}: {len(found) - NAMED} more, see the table")
