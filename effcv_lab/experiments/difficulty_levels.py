"""How many levels, and what is easy? Growing pools by rule, by loss and at random, at equal steps.

All nets of a seed begin with the same weights and take the same steps on the hard set; only which
of its images are in use when differs. Half of the images are in use on average while the pool
grows, in every arm.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from effcv_lab.arguments import one_of
from effcv_lab.cache import fit_cached
from effcv_lab.costs import count_macs
from effcv_lab.curriculum import (
    elongation,
    levels_pacing,
    loss_difficulty,
    paced,
    shuffled,
    within_classes,
)
from effcv_lab.data import ImageSet
from effcv_lab.experiments.difficulty_levels_measures import facts_of, rows_of
from effcv_lab.experiments.recipes import checked_seeds, recorded
from effcv_lab.experiments.shapes_task import ShapesTask, shapes_task
from effcv_lab.models import mlp, small_cnn
from effcv_lab.records import Record
from effcv_lab.replicates import Replicates, fit_replicates
from effcv_lab.training import TrainConfig, pick_device

IMAGES = {"class": 4_000, "paper": 10_000}
EPOCHS = {"class": 20, "paper": 100}
OTHER_EPOCHS = 3  # of the other net: it learns the task in few
FULL_AT = 0.4  # share of the training after which every image is in use
RATES = (0.02, 0.05, 0.1)  # the baseline's: chosen on validation, over the first three seeds
BATCH = 50
BASELINE, LONGER = "all at once", "all at once, twice the steps"


class Arm(NamedTuple):
    """One curriculum: by which score, in how many levels, from which end."""

    score: str
    levels: int
    hard_first: bool = False

    @property
    def name(self) -> str:
        """The name in the record.

        Examples
        --------
        >>> Arm("rule", 5).name, Arm("own loss", 2, hard_first=True).name
        ('rule, 5 levels', 'own loss, 2 levels, hard first')
        """
        return f"{self.score}, {self.levels} levels" + ", hard first" * self.hard_first


def levels_of(epochs: int) -> tuple[int, int, int]:
    """Return the numbers of levels to compare; the last one is a new level in every epoch.

    Examples
    --------
    >>> levels_of(20)
    (2, 5, 9)
    """
    return 2, 5, round(FULL_AT * epochs) + 1


def arms_of(epochs: int) -> list[Arm]:
    """List the curricula: each score with each number of levels, and the controls."""
    levels = levels_of(epochs)
    scores = ("rule", "own loss", "other net's loss")
    easy_first = [Arm(score, many) for score in (*scores, "random") for many in levels]
    controls = [Arm(score, levels[1], hard_first=True) for score in scores]
    return [*easy_first, Arm("own loss within classes", levels[1]), *controls]


def build(task: ShapesTask) -> nn.Module:
    """Make the net of all arms: three hidden layers, as in the pioneering task."""
    return mlp((100, 100, 100), tuple(task.hard.images.shape[1:]), len(task.hard.classes))


def build_other(task: ShapesTask) -> nn.Module:
    """Make the net of another kind that only says what is difficult."""
    return small_cnn(in_channels=1, classes=len(task.hard.classes))


def scores_of(hard: ImageSet, own: nn.Module, other: nn.Module, seed: int) -> dict[str, Tensor]:
    """Say of each image how difficult it is, in every way that is compared; smaller is easier.

    Parameters
    ----------
    hard : ImageSet
    own : Module, the baseline of this seed: a net of the same kind, trained before
    other : Module, trained; of another kind
    seed : int
        Of the random order.

    Returns
    -------
    scores : dict from name to float Tensor (N,)
    """
    rule, own_loss = elongation(hard.images.cpu()), loss_difficulty(own, hard)
    return {
        "rule": rule,
        "own loss": own_loss,
        "other net's loss": loss_difficulty(other, hard),
        "own loss within classes": within_classes(own_loss, hard.labels.cpu()),
        "random": shuffled(rule, seed),
    }


def train_of(
    arm: Arm, hard: ImageSet, scores: dict[str, Tensor], epochs: int, seed: int
) -> Callable[[int], ImageSet]:
    """Return the ``train`` of one curriculum: a pool that grows in levels, at equal steps."""
    difficulty = -scores[arm.score] if arm.hard_first else scores[arm.score]
    pace = lambda epoch: levels_pacing(epoch, epochs, arm.levels, FULL_AT)  # noqa: E731
    return paced(hard, difficulty, pace, epochs, seed)


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] = range(10),
    *,
    task: ShapesTask | None = None,
    progress: bool = False,
) -> Record:
    """Train every curriculum from every seed, and the controls.

    Parameters
    ----------
    budget : "class" or "paper"
    device : str or torch.device, optional
    seeds : at least two different ints
    task : ShapesTask, optional
        Other images, for trials.
    progress : bool

    Returns
    -------
    record : Record
        A row for each arm and seed: ``seed``, ``arm``, ``validation_error`` and ``test_error``
        after the last epoch, ``curve``: the validation error after each epoch. The baseline's rows
        also say what the scores say about its images: see :func:`facts_of`.
    """
    epochs = EPOCHS[one_of("budget", budget, tuple(EPOCHS))]
    seeds, device = checked_seeds(seeds), pick_device(device)
    task = task or shapes_task(IMAGES[budget])
    grid = _Grid(task, device, progress)
    means = {rate: grid.baseline_error(epochs, rate, seeds[:3]) for rate in RATES}
    config = _config(epochs, min(means, key=means.get))
    baselines = grid.train(task.hard, config, seeds)
    longer = grid.train(task.hard, replace(config, epochs=2 * epochs), seeds)
    rows = [*rows_of([BASELINE] * len(seeds), baselines, task)]
    rows += rows_of([LONGER] * len(seeds), longer, task)
    arms, peers = arms_of(epochs), [baselines.model(r) for r in range(len(seeds))]
    for place, seed in enumerate(seeds):
        other = grid.other_net(seed)
        scores = scores_of(task.hard, peers[place], other, seed)
        trains = [train_of(arm, task.hard, scores, epochs, seed) for arm in arms]
        nets = grid.train(trains, config, [seed] * len(arms))
        rows += rows_of([arm.name for arm in arms], nets, task)
        rows[place] |= facts_of(task, scores, peers[place], peers[place - 1], other)
        print(f"seed {seed}: {len(arms)} curricula", flush=True)
    about = _configuration(task, config, means)
    return recorded("difficulty_levels", about, rows, seeds, budget, device)


class _Grid:
    """What all runs have in common: images to judge by, the device, the bar."""

    def __init__(self, task: ShapesTask, device: torch.device, progress: bool) -> None:
        self.task, self.device, self.progress = task, device, progress

    def train(self, train, config: TrainConfig, seeds: Sequence[int]) -> Replicates:
        """Train nets side by side; ``train`` as for :func:`fit_replicates`."""
        return fit_replicates(
            lambda: build(self.task), train, self.task.validation, config, seeds,
            device=self.device, progress=self.progress,
        )  # fmt: skip

    def baseline_error(self, epochs: int, rate: float, seeds: Sequence[int]) -> float:
        """Return the mean validation error of a plain run at this learning rate."""
        runs = self.train(self.task.hard, _config(epochs, rate), seeds)
        return statistics.fmean(1 - history.final.val_accuracy for history in runs.histories)

    def other_net(self, seed: int) -> nn.Module:
        """Train the net of another kind, or take it from the cache."""
        config = replace(_config(OTHER_EPOCHS, 0.05), seed=seed)
        model, _ = fit_cached(
            lambda: build_other(self.task), self.task.hard, self.task.validation, config,
            device=self.device, progress=self.progress,
        )  # fmt: skip
        return model


def _config(epochs: int, rate: float) -> TrainConfig:
    return TrainConfig(epochs=epochs, batch_size=BATCH, learning_rate=rate)


def _configuration(
    task: ShapesTask, config: TrainConfig, means: dict[float, float]
) -> dict[str, object]:
    """Say what was trained on what, and what each score costs before the first step."""
    shape = tuple(task.hard.images.shape[1:])
    macs = {kind: count_macs(make(task), shape) for kind, make in _NETS.items()}
    steps = -(-len(task.hard) // BATCH)
    return {
        "data": task.hard.name,
        **{f"{part}_images": len(getattr(task, part)) for part in ("hard", "validation", "test")},
        "classes": task.hard.classes,
        "epochs": config.epochs,
        "steps_an_epoch": steps,
        "full_at": FULL_AT,
        "levels": levels_of(config.epochs),
        "batch_size": BATCH,
        "learning_rate": config.learning_rate,
        "baseline_error_by_rate": {f"{rate:g}": mean for rate, mean in means.items()},
        "macs": macs,
        "steps_of_scores": {"rule": 0, "own loss": config.epochs * steps,
                            "other net's loss": OTHER_EPOCHS * steps},
    }  # fmt: skip


_NETS = {"own": build, "other": build_other}
