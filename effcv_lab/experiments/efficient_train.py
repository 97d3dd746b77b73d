"""EfficientTrain: low frequencies first, against whole images from first to last, at equal compute.

Every net is judged on whole images. All are trained at the learning rate that suits *whole images*
best on validation; what differs is the size of the training images, epoch by epoch, and how they
are made small.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from torch import nn

from effcv_lab.arguments import one_of
from effcv_lab.cache import fit_cached
from effcv_lab.curriculum import compute_schedule, low_frequency_crop
from effcv_lab.data import Splits
from effcv_lab.evaluation import evaluate
from effcv_lab.experiments.efficient_train_measures import (
    FORWARD_AND_BACKWARD,
    FULL,
    LowPassProbe,
    Shrink,
    area,
    epochs_for,
    full_epochs,
    loss_of,
    step_seconds,
    training_macs,
)
from effcv_lab.experiments.recipes import checked_seeds, recorded, sizes, splits_for
from effcv_lab.history import History
from effcv_lab.models import small_cnn
from effcv_lab.records import Record
from effcv_lab.training import TrainConfig, fit, pick_device, seed_everything

BUDGETS = {
    "class": (5, 10, 20, 40),
    "paper": (10, 20, 40, 80),
}  # of a run, in epochs of whole images
RATES = (0.1, 0.2, 0.4)
PAPER_STAGES = {20: 0.6, 24: 0.8, 28: 1.0}  # where a stage ends: 160, 192, 224 of 224 pixels
BANDS = (6, 10, 14, 28)  # for the question which frequencies a net knows first
ROUNDS = 30  # of the timing


@dataclass(frozen=True)
class Arm:
    """One way to spend compute: the size of each epoch's images, and how they are made small."""

    name: str
    plan: Callable[[int], list[int]]
    shrink: Shrink = low_frequency_crop


def staged(epochs: int) -> list[int]:
    """Return the paper's schedule at our size: three fifths, one fifth and one fifth of the epochs.

    References
    ----------
    Wang et al., *EfficientTrain*, ICCV 2023, arXiv 2211.09703: bandwidths 160, 192 and 224 for
    epochs 1-180, 181-240 and 241-300, at 224 pixels. 20, 24 and 28 are the same fractions of 28.

    Examples
    --------
    >>> staged(5)
    [20, 20, 20, 24, 28]
    """
    ends = {side: round(share * epochs) for side, share in PAPER_STAGES.items()}
    return [next(side for side, end in ends.items() if epoch < end) for epoch in range(epochs)]


def three_stages(epochs: int) -> list[int]:
    """Return a schedule that saves more: 14, 20, 28, each stage for a third of the compute."""
    return compute_schedule(epochs, (14, 20, FULL), FULL)


MAIN = (
    Arm("full size", lambda epochs: [FULL] * epochs),
    Arm("20, 24, 28", staged),
)
BOLD = Arm("14, 20, 28", three_stages)  # saves more; not at the largest cost
CONTROLS = (
    Arm("14, 20, 28 by area", three_stages, area),
    Arm("20, 14, 28", lambda epochs: sorted(three_stages(epochs), key=(20, 14, FULL).index)),
    Arm("always 14", lambda epochs: [14] * epochs),
)
ARMS = {arm.name: arm for arm in (*MAIN, BOLD, *CONTROLS)}


def train_arm(
    arm: Arm,
    epochs: int,
    seed: int,
    rate: float,
    splits: Splits,
    device: object = None,
    progress: bool = True,
):
    """Train one net, or take it from the cache.

    Returns
    -------
    model : Module
    history : History
        Its validation accuracies are those on whole images.
    """
    schedule = arm.plan(epochs)
    return fit_cached(
        small_cnn,
        splits.train,
        splits.validation,
        TrainConfig(epochs=epochs, learning_rate=rate, seed=seed),
        batch_loss=loss_of(schedule, arm.shrink),
        loss_name=f"cross-entropy, images shrunk by {arm.shrink.__name__} to {schedule}",
        device=device,
        progress=progress,
    )


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] = (0, 1, 2),
    *,
    splits: Splits | None = None,
    folder: str | Path | None = None,
    progress: bool = False,
) -> Record:
    """Train all arms for each seed, at equal compute and at equal epochs; time single steps.

    Parameters
    ----------
    budget : "class" or "paper"
        ``class``: the packaged 8,000 training images, runs that cost 5, 10, 20 and 40 epochs of
        whole images. ``paper``: twice that, on all 50,000 where :func:`splits_for` finds them.
    device : str or torch.device, optional
    seeds : at least two different ints
    splits : Splits, optional
        Other images of 28 x 28 pixels, for trials.
    folder : path, optional
        As for :func:`splits_for`.
    progress : bool

    Returns
    -------
    record : Record
        Three kinds of rows. ``kind`` "run": ``question`` ("equal compute" or "equal epochs"),
        ``arm``, ``seed``, ``cost`` (in epochs of whole images: the baseline's exactly, and at
        least that of the others, by less than one), ``epochs``, ``full_epochs`` (the cost), ``macs``
        (of training: 3 forward passes for each image), accuracy on whole ``validation`` and
        ``test`` images, and after each epoch ``macs_after`` and ``validation_after``. ``kind``
        "step": see :func:`step_seconds`, as seconds of whole runs are not compared. ``kind`` "low pass": ``seed``, ``epoch``, ``bandwidth`` and
        ``accuracy`` of a net that trains on whole images, asked about validation images without
        their high frequencies. ``config["rate"]`` was chosen for whole images, on validation.
    """
    one_of("budget", budget, tuple(BUDGETS))
    seeds = checked_seeds(seeds)
    splits = splits or splits_for(budget, folder)
    device = pick_device(device)
    costs, load = BUDGETS[budget], [psutil.getloadavg()[0]]
    by_rate = rates_on_validation(costs[0], seeds, splits, device)
    rate = max(by_rate, key=by_rate.get)
    asked = [("equal compute", cost, arm) for cost in costs for arm in MAIN]
    asked += [("equal compute", cost, BOLD) for cost in costs[:2]]
    asked += [("equal compute", costs[0], arm) for arm in CONTROLS]
    asked += [("equal epochs", costs[1], arm) for arm in MAIN]
    rows = []
    for question, cost, arm in asked:
        epochs = cost if question == "equal epochs" else epochs_for(arm.plan, cost)
        about = {"kind": "run", "question": question, "arm": arm.name, "cost": cost}
        for seed in seeds:
            model, history = train_arm(arm, epochs, seed, rate, splits, device, progress)
            measured = measured_run(arm.plan(epochs), model, history, splits)
            rows.append({**about, "seed": seed, **measured})
        mean = statistics.fmean(row["validation"] for row in rows[-len(seeds) :])
        print(f"{question}, {cost} full epochs, {arm.name}: {mean:.3f}", flush=True)
    for seed in seeds:
        rows += low_pass_rows(costs[0], seed, rate, splits, device)
    load.append(psutil.getloadavg()[0])
    shrinks = {"low frequencies": low_frequency_crop, "area": area}
    steps = step_seconds(splits.train, shrinks, (14, 20, 24), ROUNDS, device)
    rows += [{"kind": "step", **row} for row in steps]
    config = _configuration(splits, costs, rate, by_rate, load)
    return recorded("efficient_train", config, rows, seeds, budget, device)


def rates_on_validation(
    epochs: int, seeds: Sequence[int], splits: Splits, device: object
) -> dict[float, float]:
    """Return the mean validation accuracy of whole images, at each learning rate."""
    found = {}
    for rate in RATES:
        runs = [train_arm(MAIN[0], epochs, s, rate, splits, device, False)[1] for s in seeds]
        found[rate] = statistics.fmean(history.final.val_accuracy for history in runs)
        print(f"full size, learning rate {rate:g}: {found[rate]:.3f}", flush=True)
    return found


def low_pass_rows(
    epochs: int, seed: int, rate: float, splits: Splits, device: torch.device
) -> list[dict[str, object]]:
    """Train on whole images; ask after each epoch about images without high frequencies."""
    config = TrainConfig(epochs=epochs, learning_rate=rate, seed=seed)
    steps = len(splits.train.batches(config.batch_size))
    probe = LowPassProbe(splits.validation.to(device), BANDS, steps)
    seed_everything(seed)
    fit(
        small_cnn(),
        splits.train,
        splits.validation,
        config,
        after_step=probe,
        device=device,
        progress=False,
    )
    return [
        {"kind": "low pass", "seed": seed, "epoch": epoch, "bandwidth": band, "accuracy": accuracy}
        for band, accuracies in probe.accuracy.items()
        for epoch, accuracy in enumerate(accuracies, start=1)
    ]


def measured_run(
    schedule: Sequence[int], model: nn.Module, history: History, splits: Splits
) -> dict[str, object]:
    """Return what a row says of one trained net: its cost, and its accuracy on whole images."""
    macs = training_macs(schedule, len(splits.train))
    return {
        "epochs": len(schedule),
        "full_epochs": full_epochs(schedule),
        "macs": macs[-1],
        "validation": history.final.val_accuracy,
        "test": evaluate(model, splits.test)[1],
        "macs_after": macs,
        "validation_after": [record.val_accuracy for record in history.epochs],
    }


def _configuration(splits, costs, rate, by_rate, load) -> dict[str, object]:
    return {
        **sizes(splits),
        "network": "small_cnn",
        "judged_on": f"whole images, {FULL} x {FULL}",
        "costs": costs,
        "rate": rate,
        "validation_by_rate": {f"{rate:g}": round(mean, 5) for rate, mean in by_rate.items()},
        "schedule_of_the_rate": "half a cosine over all epochs of a run",
        "macs_of_a_step": f"{FORWARD_AND_BACKWARD} forward passes",
        "load_at_start_and_at_timing": [round(value, 2) for value in load],
        "schedules": {arm.name: arm.plan(epochs_for(arm.plan, costs[0])) for arm in ARMS.values()},
    }
