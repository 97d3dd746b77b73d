"""Easy shapes first, then hard ones: the best switch epoch, and whether it is the order that helps.

All nets, every arm with every seed, train at once and take equally many steps; those of one seed
begin with the same weights. The learning rate is the best, on validation images, for the net that
trains on hard images alone. Controls: both sets mixed from the start, other orders of the same
epochs, and hard images alone, but as many different ones as a curriculum sees.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import nn

from effcv_lab.arguments import one_of
from effcv_lab.curriculum import two_stages, union
from effcv_lab.data import ImageSet
from effcv_lab.experiments.recipes import checked_seeds, recorded
from effcv_lab.experiments.shapes_task import (
    CHECKED_IMAGES,
    DIALS,
    ShapesTask,
    shapes_task,
)
from effcv_lab.models import mlp
from effcv_lab.records import MeanInterval, Record, mean_interval
from effcv_lab.replicates import Replicates, fit_replicates
from effcv_lab.shapes import basic_shapes, geometric_shapes
from effcv_lab.training import TrainConfig, TrainingDiverged, pick_device

BASELINE, UNION = "hard only", "union"
HARD_THEN_EASY, EASY_BETWEEN, MORE_HARD = "hard, then easy", "hard, easy, hard", "more hard"
CONTROLS = (UNION, HARD_THEN_EASY, EASY_BETWEEN, MORE_HARD)
RATES = (0.1, 0.2, 0.4, 0.8)  # tried for the baseline alone
SEARCH_SEEDS = 3
POINTS = 64  # at most so many epochs of a validation curve are kept


class Setting(NamedTuple):
    """How large a run of the grid is; ``images`` in each set, ``seeds`` of each arm."""

    images: int
    epochs: int
    switches: tuple[int, ...]  # 0, the baseline, comes first
    controls: tuple[str, ...]
    seeds: int


# On validation images the net that sees hard images alone still improves with more epochs than the
# 48 of a class, which has no time for them: nobody has converged there, and the paper's 256 decide.
SETTINGS = {
    "class": Setting(4_000, 48, (0, 6, 12, 24, 36), CONTROLS, 12),
    "paper": Setting(10_000, 256, (0, 2, 4, 8, 16, 32, 64, 96, 128), CONTROLS, 20),
}


@dataclass(frozen=True)
class Arm:
    """What one kind of net sees: ``train`` gives the images of an epoch."""

    name: str
    switch: int | None  # the first epoch on hard images; None for a control
    train: Callable[[int], ImageSet]


def shapes_net() -> nn.Module:
    """Build the net of every arm: three hidden layers of 100.

    Examples
    --------
    >>> import torch
    >>> shapes_net()(torch.zeros(2, 1, 32, 32)).shape
    torch.Size([2, 3])
    """
    return mlp((100, 100, 100), (1, 32, 32), 3)


def config_of(setting: Setting, rate: float) -> TrainConfig:
    """Return the settings that all arms share: plain steps, no momentum, no weight decay."""
    return TrainConfig(setting.epochs, 50, rate, momentum=0.0, weight_decay=0.0)


def arm_name(switch: int) -> str:
    """Name the curriculum that switches before this epoch, counted from 0.

    Examples
    --------
    >>> arm_name(0), arm_name(24)
    ('hard only', 'switch at 24')
    """
    return f"switch at {switch}" if switch else BASELINE


def arms_of(setting: Setting, task: ShapesTask) -> list[Arm]:
    """List the arms of a grid, the baseline first; all see equally many images in an epoch.

    Parameters
    ----------
    setting : Setting
    task : ShapesTask, as :func:`shapes_task` makes it for ``setting.images``

    Returns
    -------
    arms : list of Arm
        One for each switch epoch; ``union``: both sets mixed; ``hard, then easy``: the order of
        the curriculum that switches at half, turned round; ``hard, easy, hard``: as many epochs
        of each set, and hard ones last; ``more hard``: hard images alone, twice as many different
        ones.

    Examples
    --------
    >>> few = SETTINGS["class"]._replace(images=6)
    >>> [arm.name for arm in arms_of(few, shapes_task(6))][-4:]
    ['union', 'hard, then easy', 'hard, easy, hard', 'more hard']
    """
    easy, hard, epochs = task.easy, task.hard, setting.epochs
    half, quarter = epochs // 2, epochs // 4
    controls = {
        UNION: lambda: union(easy, hard),
        HARD_THEN_EASY: lambda: two_stages(hard, easy, epochs, epochs - half),
        EASY_BETWEEN: lambda: lambda e: easy if quarter <= e < quarter + half else hard,
        MORE_HARD: lambda: union(hard, geometric_shapes(len(hard), seed=106, **DIALS)),
    }
    curricula = [Arm(arm_name(s), s, two_stages(easy, hard, epochs, s)) for s in setting.switches]
    return curricula + [Arm(name, None, controls[name]()) for name in setting.controls]


def search_rate(
    setting: Setting, task: ShapesTask, seeds: Sequence[int], device: object = None
) -> tuple[float, list[dict]]:
    """Find the learning rate with the lowest mean validation error, for the baseline alone.

    Returns
    -------
    rate : float, one of ``RATES``
    tried : list of dict
        ``learning_rate`` and the ``validation_errors`` of the first seeds; None where a run
        diverged.

    Raises
    ------
    TrainingDiverged
        If runs diverge at every rate.
    """
    seeds, tried = list(seeds)[:SEARCH_SEEDS], []
    for rate in RATES:
        try:
            runs = fit_replicates(
                shapes_net, task.hard, task.validation, config_of(setting, rate), seeds,
                device=device, progress=False,
            )  # fmt: skip
            errors = [1 - history.final.val_accuracy for history in runs.histories]
        except TrainingDiverged:
            errors = None
        tried.append({"learning_rate": rate, "validation_errors": errors})
        print(f"rate {rate:g}: validation errors {errors}", flush=True)
    finished = [entry for entry in tried if entry["validation_errors"]]
    if not finished:
        raise TrainingDiverged(f"the baseline diverged at every learning rate of {RATES}")
    best = min(finished, key=lambda entry: statistics.fmean(entry["validation_errors"]))
    return best["learning_rate"], tried


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] | None = None,
    *,
    setting: Setting | None = None,
    name: str = "switch_epoch",
    progress: bool = False,
) -> Record:
    """Search the baseline's learning rate, then train the whole grid at once.

    Parameters
    ----------
    budget : "class" or "paper"
        ``paper``: 10,000 images in each set, 256 epochs, 20 seeds, all switch epochs of the
        paper; for a GPU.
    device : str or torch.device, optional
    seeds : at least two different ints, optional
        Default: as many as the setting says.
    setting : Setting, optional
        Another grid; default: that of the budget.
    name : str
        Of the record.
    progress : bool

    Returns
    -------
    record : Record
        A row for each net: ``seed``, ``arm``, ``switch`` (None for a control), and as fractions
        ``test_error`` and ``validation_error`` at the end, ``best_validation_error`` with its
        ``best_epoch`` (from 1), ``easy_error`` on 3,000 easy images of their own, and ``curve``,
        the validation error after each ``config["curve_every"]`` epochs. ``config["search"]``
        holds the learning rates that were tried.

    References
    ----------
    Bengio, Louradour, Collobert, Weston, *Curriculum Learning*, ICML 2009, section on shape
    recognition.
    """
    setting = setting or SETTINGS[one_of("budget", budget, tuple(SETTINGS))]
    seeds = checked_seeds(range(setting.seeds) if seeds is None else seeds)
    device, task = pick_device(device), shapes_task(setting.images)
    rate, tried = search_rate(setting, task, seeds, device)
    arms = arms_of(setting, task)
    grid = [(arm, seed) for arm in arms for seed in seeds]
    runs = fit_replicates(
        shapes_net, [arm.train for arm, _ in grid], task.validation, config_of(setting, rate),
        [seed for _, seed in grid], device=device, progress=progress,
    )  # fmt: skip
    config = {
        "images": setting.images,
        "epochs": setting.epochs,
        "switches": setting.switches,
        "controls": setting.controls,
        "checked_images": CHECKED_IMAGES,
        "dials": DIALS,
        "batch_size": config_of(setting, rate).batch_size,
        "learning_rate": rate,
        "search": tried,
        "curve_every": max(1, setting.epochs // POINTS),
    }
    rows = list(_rows(grid, runs, task, config["curve_every"]))
    return recorded(name, config, rows, seeds, budget, device)


def _rows(
    grid: list[tuple[Arm, int]], runs: Replicates, task: ShapesTask, every: int
) -> Iterator[dict[str, object]]:
    """Make the row of each net."""
    easy = basic_shapes(CHECKED_IMAGES, seed=105, **DIALS)
    found = [errors_of(runs, images) for images in (task.test, easy)]
    for (arm, seed), history, test_error, easy_error in zip(
        grid, runs.histories, *found, strict=True
    ):
        errors = [1 - epoch.val_accuracy for epoch in history.epochs]
        yield {
            "seed": seed,
            "arm": arm.name,
            "switch": arm.switch,
            "test_error": test_error,
            "validation_error": errors[-1],
            "best_validation_error": min(errors),
            "best_epoch": errors.index(min(errors)) + 1,
            "easy_error": easy_error,
            "curve": errors[every - 1 :: every],
        }


def errors_of(runs: Replicates, image_set: ImageSet) -> list[float]:
    """Return the error of each net: the fraction of the images that it gets wrong."""
    wrong = runs.logits(image_set.images).argmax(dim=2) != image_set.labels.cpu()
    return wrong.double().mean(dim=1).tolist()


def of_arm(record: Record, arm: str, column: str = "test_error") -> list:
    """Return one column of an arm, a value for each seed, in the order of the seeds.

    Raises
    ------
    ValueError
        If the record has no such arm.
    """
    one_of("arm", arm, {row["arm"]: None for row in record.rows})
    return [row[column] for row in record.rows if row["arm"] == arm]


def against(
    record: Record, arm: str, other: str = BASELINE, column: str = "test_error"
) -> MeanInterval:
    """Compare two arms seed by seed, as nets of a pair began with the same weights.

    Below 0, ``arm`` has the smaller error.
    """
    pairs = zip(of_arm(record, arm, column), of_arm(record, other, column), strict=True)
    return mean_interval([one - two for one, two in pairs])


def epochs_to_reach(record: Record, arm: str, error: float) -> list[int | None]:
    """Say for each seed after how many epochs the validation error is first so low; None: never.

    To within ``config["curve_every"]`` epochs.
    """
    every = record.config["curve_every"]
    reached = (
        [n for n, value in enumerate(curve, start=1) if value <= error]
        for curve in of_arm(record, arm, "curve")
    )
    return [every * found[0] if found else None for found in reached]
