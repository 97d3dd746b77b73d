"""Read the record of ``efficient_train``: runs of one arm, and accuracy over what was spent."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from effcv_lab.arguments import number_in, one_of
from effcv_lab.curriculum import low_frequency_crop
from effcv_lab.experiments.efficient_train import ARMS
from effcv_lab.experiments.efficient_train_measures import FULL
from effcv_lab.records import Record


def of_arm(
    record: Record, arm: str, cost: int, question: str = "equal compute"
) -> list[dict[str, object]]:
    """Return the runs of one arm, one row for each seed."""
    wanted = ("run", question, one_of("arm", arm, tuple(ARMS)), cost)
    keys = ("kind", "question", "arm", "cost")
    return [row for row in record.rows if tuple(row.get(key) for key in keys) == wanted]


def clock_after(record: Record, row: dict[str, object]) -> list[float]:
    """Return the time spent after each epoch of a run, in epochs of whole images.

    From the steps that were timed in turns, as the seconds of a whole run depend on what else the
    machine does meanwhile.
    """
    cropped = ARMS[row["arm"]].shrink is low_frequency_crop
    name = "low frequencies" if cropped else "area"
    steps = [step for step in record.rows if step["kind"] == "step" and step["shrink"] == name]
    ratio = {FULL: 1.0, **{step["side"]: step["ratio"] for step in steps}}
    return list(accumulate(ratio[side] for side in ARMS[row["arm"]].plan(row["epochs"])))


def macs_after(record: Record, row: dict[str, object]) -> list[float]:
    """Return the MACs spent after each epoch of a run, in epochs of whole images."""
    return [row["full_epochs"] * macs / row["macs"] for macs in row["macs_after"]]


def validation_over(
    record: Record,
    arm: str,
    cost: int,
    grid: Sequence[float],
    spent: Callable[[Record, dict], list[float]] = macs_after,
) -> list[list[float]]:
    """Read an arm's runs as curves: the validation accuracy when so much was spent.

    Parameters
    ----------
    grid : G increasing numbers
        Places on the axis that ``spent`` measures, in epochs of whole images.
    spent : :func:`macs_after` or :func:`clock_after`

    Returns
    -------
    accuracy : list of R lists of G floats
        One row for each seed; of the last epoch that was finished by then.

    Raises
    ------
    ValueError
        If no epoch was finished at the first place.
    """
    found = []
    for row in of_arm(record, arm, cost):
        ends = spent(record, row)
        number_in("grid", min(grid), ends[0] - 1e-6)
        finished = [bisect_right(ends, place + 1e-6) for place in grid]
        found.append([row["validation_after"][count - 1] for count in finished])
    return found
