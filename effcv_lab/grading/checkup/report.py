"""What a student reads."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from effcv_lab.grading.checkup.checkup import Checkup
    from effcv_lab.grading.checkup.problem import Problem
    from effcv_lab.grading.checkup.running import Check

WIDTH = 100
INDENT = 4  # of what a check says
MOST_LINES = 60  # of what one check says
NOT_TEXT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\n\t -\x7e\xa0-\U0010ffff]")


def report(found: Checkup, kept: Path | None = None) -> str:
    """Write down what was found, the verdict last.

    Parameters
    ----------
    found : Checkup
    kept : Path, optional
        Where the notebook lies as it was, if a mended one was written.
    """
    parts = [f"{found.assignment}: {_from_here(found.path)}"]
    if found.checks:
        parts.append(_points(found))
    mended = [p for p in found.problems if p.by_mend and kept]
    left = [p for p in found.to_mend if p not in mended]
    if mended:
        parts.append(
            _listed("Mended", mended, how=False) + f"\n  The notebook as it was: {kept.name}"
        )
    if left:
        parts.append(_listed("To mend before you hand in", left))
    notes = [p for p in found.problems if p.note]
    if notes:
        parts.append(_listed("Good to know", notes))
    parts.append(_verdict(found, left))
    return "\n\n".join(parts)


def _from_here(path: Path) -> str:
    """Return the shorter of a path and the way to it from the working folder."""
    try:
        return min(os.path.relpath(path), str(path), key=len)
    except ValueError:  # another drive
        return str(path)


def still_to_mend(found: Checkup, kept: Path | None) -> bool:
    """Tell whether something is left to do."""
    return any(not (p.by_mend and kept) for p in found.to_mend)


def show(text: str) -> None:
    """Print, also where the terminal has no sign for a letter."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), flush=True)


def _points(found: Checkup) -> str:
    lines = [f"Visible checks, run from a fresh kernel in {found.seconds:.0f} s"]
    width = max(len(check.name) for check in found.checks)
    for check in found.checks:
        lines.append(f"  {check.name:<{width}}  {check.points:>5g} of {check.possible:g}")
        lines += [f"{' ' * INDENT}{line}".rstrip() for line in _said(check)]
    points = sum(check.points for check in found.checks)
    possible = sum(check.possible for check in found.checks)
    total = f"So far {points:g} of {possible:g} points by the visible checks"
    if found.by_hand:
        total += f"; {found.by_hand:g} more are graded by a person"
    lines += [
        "",
        f"{total}.",
        "Grading draws new inputs and also tries promises that stay hidden until then.",
    ]
    return "\n".join(lines)


def _said(check: Check) -> list[str]:
    """Return what a check printed, without what the report says anyway."""
    lines = NOT_TEXT.sub("", check.text).expandtabs(4).splitlines()
    lines = [line for line in lines if not line.startswith("Grading draws new inputs")]
    if lines and lines[0] == f"{check.name}: {check.points:g} of {check.possible:g} points":
        lines = lines[1:]
    lines = [part for line in lines for part in _folded(line)]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"... ({len(lines) - MOST_LINES} more lines)"]
    return lines


def _folded(line: str) -> list[str]:
    """Fold a long line under itself."""
    if len(line) <= WIDTH - INDENT:
        return [line]
    indent = " " * min(len(line) - len(line.lstrip()), 40)
    return textwrap.wrap(
        line.strip(), WIDTH - INDENT, initial_indent=indent, subsequent_indent=indent + "  "
    )


def _listed(title: str, problems: list[Problem], how: bool = True) -> str:
    lines = [f"{title} ({len(problems)})"]
    for number, problem in enumerate(problems, start=1):
        lines.append(_entry(f"{number:>3}. ", problem.what))
        if problem.where:
            lines.append(_entry("     where  ", problem.where))
        if how:
            lines.append(
                _entry("     mend   " if not problem.note else "     so     ", problem.mend)
            )
    return "\n".join(lines)


def _entry(start: str, text: str) -> str:
    return textwrap.fill(
        NOT_TEXT.sub("", text),
        WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )


def _verdict(found: Checkup, left: list[Problem]) -> str:
    if not left:
        return f"Nothing is left to mend. Hand in the file {found.assignment}.ipynb."
    things = "one thing" if len(left) == 1 else f"{len(left)} things"
    return f"Before you hand in, mend {things} (see above)."
