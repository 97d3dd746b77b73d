"""Why a kit is refused: one thing in one place, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHOWN = 20


@dataclass(frozen=True)
class Problem:
    """One thing that must not reach students.

    Parameters
    ----------
    file : str
        Where it stands, from the root of the kit or of the course.
    cell : str
        Of a notebook: its id for nbgrader, or its number; empty for a whole file.
    what : str
    advice : str
        What to do.

    Examples
    --------
    >>> print(Problem("lectures/01_one.ipynb", "cell 2", "has outputs", "clear them"))
    lectures/01_one.ipynb, cell 2: has outputs; clear them
    """

    file: str
    cell: str
    what: str
    advice: str

    def __str__(self) -> str:
        place = f"{self.file}, {self.cell}" if self.cell else self.file
        return f"{place}: {self.what}; {self.advice}"


class KitRefused(ValueError):
    """A kit was not written.

    Attributes
    ----------
    problems : list of Problem
    """

    def __init__(self, problems: Sequence[Problem]):
        self.problems = list(problems)
        lines = [f"  {problem}" for problem in self.problems[:SHOWN]]
        if (more := len(self.problems) - SHOWN) > 0:
            lines.append(f"  and {more} more")
        super().__init__("\n".join(["no kit was written:", *lines]))
