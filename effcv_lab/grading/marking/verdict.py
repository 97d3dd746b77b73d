"""One state, one reason and one piece of advice, from all that was noticed on the way."""

from __future__ import annotations

from effcv_lab.grading.marking.cells import Run
from effcv_lab.grading.marking.marks import Mark
from effcv_lab.grading.mending import EDITED, NO_ANSWER, SETTINGS, TYPE

#: Kinds of changes to cells: something that tests stand on was changed by hand, or an answer is not where it should be.
CHANGED, LOST = (EDITED, SETTINGS, TYPE), (NO_ANSWER,)
ADVICE = {
    "ok": "",
    "needs a person": "open it in formgrader: its answer may stand in another cell",
    "tampered": "look at the top of the graded notebook; an edited cell may be an accident",
    "timed out": "look at that cell; was the machine busy, grade again with --force or a larger --limit-seconds",
    "failed": "look at that cell; grade again with --force if you think that the machine was to blame",
}


def judge(mark: Mark, runs: dict[str, Run], flags: list[tuple[str, str]]) -> None:
    """Fill in a mark's state, reason, advice, notes and seconds.

    Examples
    --------
    >>> mark = Mark("ann", "a1", "error", score=3, most=4)
    >>> judge(mark, {"a1": Run("timed out", "`half` was stopped after 60 s")}, [])
    >>> mark.state, mark.reason
    ('timed out', '`half` was stopped after 60 s')
    """
    changed = [words for kind, words in flags if kind in CHANGED]
    lost = [words for kind, words in flags if kind in LOST]
    bent = [line for run in runs.values() for line in run.tampered]
    slow = [run.why for run in runs.values() if run.state == "timed out"]
    dead = [run.why for run in runs.values() if run.state == "failed"]
    raised = [line for run in runs.values() for line in run.raised]
    for state, reasons in {
        "failed": dead,
        "timed out": slow,
        "tampered": bent + changed,
        "needs a person": lost,
        "ok": raised,
    }.items():
        if reasons or state == "ok":
            mark.state, mark.reason, mark.advice = state, "; ".join(reasons), ADVICE[state]
            break
    mark.notes = [
        *(words for _, words in flags),
        *bent,
        *(note for run in runs.values() for note in run.notes),
    ]
    mark.notes = [note for note in dict.fromkeys(mark.notes) if note not in mark.reason]
    mark.seconds = round(sum(run.seconds for run in runs.values()), 2)
