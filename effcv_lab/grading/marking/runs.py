"""What may be used for running a notebook, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Run:
    """What became of a notebook.

    Attributes
    ----------
    state : str
        "ok", "timed out" or "failed" (the kernel ended).
    why : str
        Of the last two, in words.
    raised : list of str
        Cells that raised an error, and which: no fault of the run.
    tampered : list of str
        How tests were bent.
    notes : list of str
        What else a grader should know.
    free : list of str
        Tests that give points to functions that do nothing: asked of the model solution.
    seconds : float
        Wall-clock time.
    """

    state: str = "ok"
    why: str = ""
    raised: list[str] = field(default_factory=list)
    tampered: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    free: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Allowed:
    """How long things may take, in seconds of wall-clock time: one cell, and all together."""

    cell_seconds: float
    all_seconds: float
