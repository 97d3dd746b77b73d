"""What a check found, and how it is told to a student."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from effcv_lab.grading.promises import Promise


@dataclass(frozen=True)
class Misconception:
    """A wrong version of a function, and what to tell a student whose numbers are the same.

    Parameters
    ----------
    name : str
        Short, unique in its function's catalogue.
    message : str
        What the mistake is, without blame, and an experiment that shows it.
    version : callable
        A self-contained top-level function. It keeps every other promise of the right one.
    recognises : callable (args, result) -> bool, optional
        For mistakes that show in many numbers (any too narrow search, say): true if this result
        is one of them. Asked, for every broken case, when no version gives equal numbers and
        this one keeps all that the student's keeps.
    """

    name: str
    message: str
    version: Callable
    recognises: Callable[[tuple, Any], bool] | None = None

    @classmethod
    def of(
        cls, version: Callable, recognises: Callable[[tuple, Any], bool] | None = None
    ) -> Misconception:
        """Read name and message off a function: its own name, and its docstring."""
        message = " ".join(inspect.getdoc(version).split())
        return cls(version.__name__.replace("_", " "), message, version, recognises)


@dataclass(frozen=True)
class Finding:
    """One promise: kept or not; if not, the smallest example and the mistake behind it."""

    promise: Promise
    kept: bool
    inputs: str = ""  # of the smallest example
    problem: str = ""  # what went wrong with it
    misconception: Misconception | None = None


@dataclass(frozen=True)
class Outcome:
    """What a check found: ``points`` earned of ``possible``, and ``text`` that explains them."""

    points: float
    possible: float
    text: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def misconceptions(self) -> list[str]:
        """Names of the mistakes found, each once, in the order of the promises."""
        return list(dict.fromkeys(f.misconception.name for f in self.findings if f.misconception))


def explain(
    name: str, findings: list[Finding], points: float, said: list[str], later: int
) -> Outcome:
    """Add up the shares of the promises kept and write the explanation.

    Parameters
    ----------
    name : str
        Of the student's function.
    said : list of str
        What it printed or warned, call by call; the first that is not blank is shown.
    later : int
        Number of promises that only grading tries.
    """
    worth = points / sum(finding.promise.share for finding in findings)
    kept = [finding.promise.share for finding in findings if finding.kept]
    earned = float(points) if len(kept) == len(findings) else round(worth * sum(kept), 2)
    lines = [f"{name}: {earned:g} of {points:g} points"]
    explained: set[str] = set()
    for finding in findings:
        lines += _lines(finding, worth * finding.promise.share, explained)
    heard = next((text.strip() for text in said if text.strip()), "")
    if heard:
        lines += ["Your function printed or warned:", textwrap.indent(heard, "  > ")]
    if later:
        more = "1 more promise" if later == 1 else f"{later} more promises"
        lines.append(f"Grading draws new inputs and tries {more} of the text above.")
    return Outcome(earned, points, "\n".join(lines), findings)


def _lines(finding: Finding, worth: float, explained: set[str]) -> list[str]:
    """Write one promise; what has been explained before is not explained again."""
    text = finding.promise.text
    if finding.kept:
        return [f"  kept    {text}"]
    indent = " " * 10
    lines = [f"  broken  {text} (worth {worth:.3g})"]
    if finding.problem in explained:
        return [*lines, f"{indent}the same as above"]
    explained.add(finding.problem)
    example = f"With\n{finding.inputs}\n" if finding.inputs else ""
    lines.append(textwrap.indent(example + finding.problem, indent))
    cause = finding.misconception
    if cause and cause.name in explained:
        lines.append(f"{indent}-> The cause looks like the one above.")
    elif cause:
        explained.add(cause.name)
        said = f"{cause.name.capitalize()}? {cause.message}"
        lines.append(
            textwrap.fill(
                said,
                96,
                initial_indent=f"{indent}-> ",
                subsequent_indent=indent + "   ",
                break_on_hyphens=False,
            )
        )
    return lines
