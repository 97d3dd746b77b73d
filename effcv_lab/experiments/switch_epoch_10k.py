"""The same curriculum with as many shapes as in the paper, 10,000 of each kind, in fewer epochs.

Whether the order or the larger number of images helps may depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence

from effcv_lab.arguments import one_of
from effcv_lab.experiments import switch_epoch
from effcv_lab.experiments.switch_epoch import MORE_HARD, UNION, Setting
from effcv_lab.records import Record

SETTINGS = {
    "class": Setting(10_000, 32, (0, 16), (UNION, MORE_HARD), 5),
    "paper": Setting(10_000, 64, (0, 32), (UNION, MORE_HARD), 20),
}


def run(budget: str = "class", device: object = None, seeds: Sequence[int] | None = None) -> Record:
    """Train hard only, the switch at half, and two controls; see :func:`switch_epoch.run`.

    Parameters
    ----------
    budget : "class" or "paper"
        ``paper``: twice as many epochs and seeds.
    device, seeds
        As for :func:`switch_epoch.run`.

    Returns
    -------
    record : Record, with the rows of :func:`switch_epoch.run`
    """
    setting = SETTINGS[one_of("budget", budget, tuple(SETTINGS))]
    return switch_epoch.run(budget, device, seeds, setting=setting, name="switch_epoch_10k")
