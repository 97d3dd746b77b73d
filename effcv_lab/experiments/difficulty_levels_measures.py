"""What the difficulty-levels experiment measures, and how its record is read."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from torch import Tensor, nn

from effcv_lab.curriculum import elongation, loss_difficulty
from effcv_lab.evaluation import evaluate
from effcv_lab.experiments.shapes_task import ShapesTask
from effcv_lab.records import Record
from effcv_lab.replicates import Replicates

GROUPS = 5  # of validation images, by elongation


def rows_of(names: Sequence[str], nets: Replicates, task: ShapesTask) -> list[dict]:
    """Return a row for each of several nets: its errors, and its curve on validation."""
    wrong = nets.logits(task.test.images).argmax(dim=2) != task.test.labels.cpu()
    return [
        {
            "seed": seed,
            "arm": name,
            "validation_error": 1 - history.final.val_accuracy,
            "test_error": error,
            "curve": [round(1 - epoch.val_accuracy, 4) for epoch in history.epochs],
        }
        for name, seed, history, error in zip(
            names, nets.seeds, nets.histories, wrong.double().mean(dim=1).tolist(), strict=True
        )
    ]


def facts_of(
    task: ShapesTask, scores: dict[str, Tensor], own: nn.Module, peer: nn.Module, other: nn.Module
) -> dict[str, object]:
    """Say how far the scores agree, and what they call easy.

    Parameters
    ----------
    task : ShapesTask
    scores : dict
        As :func:`scores_of` makes them.
    own, peer : Module
        The baselines of this and of another seed.
    other : Module

    Returns
    -------
    facts : dict
        ``agreement``: Spearman's rank correlation of each score with the own loss, in [-1, 1], and
        that of another seed's loss; ``easiest_fifth``: the share of each class among the easiest
        fifth by each score; ``error_by_elongation``: the baseline's error on validation images, in
        five groups from the least to the most drawn out; ``other_net_error``: on validation.
    """
    from scipy.stats import spearmanr

    hard, validation = task.hard, task.validation
    by_own = scores["own loss"]
    compared = scores | {"another seed's loss": loss_difficulty(peer, hard)}
    agreement = {
        name: float(spearmanr(score, by_own).statistic)
        for name, score in compared.items()
        if name != "own loss"
    }
    labels, fifth = hard.labels.cpu(), len(hard) // 5
    easiest = {name: labels[score.argsort()[:fifth]] for name, score in scores.items()}
    groups = elongation(validation.images).argsort().tensor_split(GROUPS)
    return {
        "agreement": agreement,
        "easiest_fifth": {
            name: (found.bincount(minlength=len(hard.classes)) / fifth).tolist()
            for name, found in easiest.items()
        },
        "error_by_elongation": [1 - evaluate(own, validation.subset(at))[1] for at in groups],
        "other_net_error": 1 - evaluate(other, validation)[1],
    }


def errors_of(record: Record, arm: str, part: str = "validation") -> list[float]:
    """Return the final errors of one arm, one for each seed, in the order of the seeds."""
    return [row[f"{part}_error"] for row in record.rows if row["arm"] == arm]


def differences(record: Record, arm: str, against: str, part: str = "validation") -> list[float]:
    """Return how much larger the error of an arm is than that of another, seed by seed.

    Negative: the arm is better. Both nets of a pair began with the same weights.
    """
    pairs = zip(errors_of(record, arm, part), errors_of(record, against, part), strict=True)
    return [error - reference for error, reference in pairs]


def epochs_until(record: Record, arm: str, error: float) -> int | None:
    """Return after how many epochs an arm's mean validation error is at most ``error``, or None."""
    curves = [row["curve"] for row in record.rows if row["arm"] == arm]
    means = [statistics.fmean(of_epoch) for of_epoch in zip(*curves, strict=True)]
    return next((epoch for epoch, mean in enumerate(means, start=1) if mean <= error), None)
