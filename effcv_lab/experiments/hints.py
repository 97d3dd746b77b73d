"""A deep, thin net does not train alone; hints from a teacher's middle may help.

The arms differ in where the first weights come from and in the loss; all take the same number of
steps, the hint stage included. Each arm gets the best of several learning rates, found on
validation images with the first seed. Controls: hints from a teacher that has learnt nothing, and
two remedies that need no teacher, a fitting scale of the first weights and BatchNorm.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from effcv_lab.arguments import one_of
from effcv_lab.data import Splits
from effcv_lab.distillation import DistillationLoss, HintedStudent, HintLoss, hint_regressor
from effcv_lab.experiments.distillation_labels import TEACHER
from effcv_lab.experiments.hints_students import (
    DEPTH,
    WIDTH,
    thin_student,
    with_batch_norm,
    with_scaled_weights,
)
from effcv_lab.experiments.recipes import checked_seeds, recorded, sizes, splits_for
from effcv_lab.models import count_macs, count_parameters
from effcv_lab.records import Record
from effcv_lab.training import (
    BatchLoss,
    TrainConfig,
    TrainingDiverged,
    cross_entropy,
    evaluate,
    fit,
    pick_device,
    seed_everything,
)

HINT_LAYER, GUIDED_LAYER = "block2", "block6"  # the middle of the teacher, and of the student
HINT_RATE = 0.003  # the hint's loss sums over all features, so its learning rate is small
EPOCHS = {"class": (4, 6), "paper": (8, 12)}  # of the hint stage, and after it
RATES = (0.03, 0.1, 0.3)
MORE_RATES = (0.01, 0.03, 0.1, 0.3, 1.0)  # for the net alone: nobody shall say it had no chance
ALPHA = 0.9


def hinted(
    student: nn.Sequential, teacher: nn.Sequential, splits: Splits, config: TrainConfig,
    device: object = None,
) -> nn.Sequential:  # fmt: skip
    """Train a student up to its middle on a teacher's hints: FitNets' stage 1.

    Parameters
    ----------
    student : Sequential of named parts, changed in place up to ``GUIDED_LAYER``
    teacher : Sequential of named parts, unchanged
    splits : Splits
    config : TrainConfig
        Of this stage.
    device : str or torch.device, optional

    Returns
    -------
    student : the same net; the regressor is gone.

    References
    ----------
    Romero et al., *FitNets: Hints for Thin Deep Nets*, ICLR 2015, sections 2.2 and 2.3.
    """
    in_shape = tuple(splits.train.images.shape[1:])
    regressor = hint_regressor(student, teacher, GUIDED_LAYER, HINT_LAYER, in_shape)
    fit(
        HintedStudent(student, regressor),
        splits.train,
        splits.validation,
        config,
        batch_loss=HintLoss(teacher, HINT_LAYER, GUIDED_LAYER),
        device=device,
        progress=False,
    )
    return student


def labels(_teacher: nn.Module) -> BatchLoss:
    """Learn from the labels, whoever the teacher is."""
    return cross_entropy


def answers(teacher: nn.Module) -> BatchLoss:
    """Learn from the teacher's answers as they are (T = 1), and a little from the labels."""
    return DistillationLoss(teacher, temperature=1.0, alpha=ALPHA)


def soft_answers(teacher: nn.Module) -> BatchLoss:
    """Learn from the teacher's answers softened (T = 4), and a little from the labels."""
    return DistillationLoss(teacher, temperature=4.0, alpha=ALPHA)


def itself(teacher: nn.Sequential, _seed: int) -> nn.Sequential:
    """Take the hints from the teacher."""
    return teacher


def a_beginner(_teacher: nn.Sequential, seed: int) -> nn.Sequential:
    """Take the hints from a net like the teacher that has learnt nothing."""
    seed_everything(seed + 10_000)
    return TEACHER.build().eval()


@dataclass(frozen=True)
class Arm:
    """One way to train the student: its net, who gives the hints (if anybody), then which loss."""

    build: Callable[[], nn.Sequential]
    loss: Callable[[nn.Module], BatchLoss]
    guide: Callable[[nn.Sequential, int], nn.Sequential] | None = None
    rates: tuple[float, ...] = RATES


ARMS = {
    "labels alone": Arm(thin_student, labels, rates=MORE_RATES),
    "answers alone": Arm(thin_student, answers),
    "hints, then labels": Arm(thin_student, labels, itself),
    "hints, then answers": Arm(thin_student, answers, itself),
    "hints, then soft answers": Arm(thin_student, soft_answers, itself),
    "untrained hints, then labels": Arm(thin_student, labels, a_beginner),
    "scaled weights, labels": Arm(with_scaled_weights, labels),
    "BatchNorm, labels": Arm(with_batch_norm, labels),
}


def begin(
    arm: Arm, teacher: nn.Sequential, splits: Splits, seed: int, budget: str, device: object = None
) -> nn.Sequential:
    """Build an arm's net; train it up to its middle if the arm takes hints."""
    guide = None if arm.guide is None else arm.guide(teacher, seed)
    seed_everything(seed)
    student = arm.build()
    if guide is None:
        return student
    config = TrainConfig(epochs=EPOCHS[budget][0], learning_rate=HINT_RATE, seed=seed)
    return hinted(student, guide, splits, config, device)


def finish(
    arm: Arm, begun: nn.Sequential, teacher: nn.Module, splits: Splits, seed: int, rate: float,
    budget: str, device: object = None,
) -> nn.Sequential:  # fmt: skip
    """Train a copy of what :func:`begin` made to the end: the epochs that the hints left over.

    If the loss overflows, the net stays as it was before that step.
    """
    student = copy.deepcopy(begun)
    hint_epochs, epochs = EPOCHS[budget]
    config = TrainConfig(
        epochs=epochs if arm.guide else hint_epochs + epochs, learning_rate=rate, seed=seed
    )
    try:
        fit(
            student, splits.train, splits.validation, config, batch_loss=arm.loss(teacher),
            device=device, progress=False,
        )  # fmt: skip
    except TrainingDiverged:
        student.eval()
    return student


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] = (0, 1, 2),
    *,
    splits: Splits | None = None,
    folder: str | Path | None = None,
    progress: bool = True,
) -> Record:
    """Search a learning rate for each arm with the first seed, then train it with all seeds.

    Parameters
    ----------
    budget : "class" or "paper"
        ``class``: the packaged 8,000 training images, 4 + 6 epochs. ``paper``: twice as many, and
        all 50,000 images where :func:`splits_for` finds them.
    device : str or torch.device, optional
        As for :func:`effcv_lab.training.pick_device`.
    seeds : at least two different ints
        Each has its own teacher.
    splits : Splits, optional
        Other data, for trials.
    folder : path, optional
        As for :func:`splits_for`.

    Returns
    -------
    record : Record
        One row for each arm, learning rate and seed that was trained; ``chosen`` marks the
        learning rate with the best validation accuracy of the first seed. Only rows with it have
        a ``test_accuracy``. Rows of the arm "teacher" close the table.
    """
    one_of("budget", budget, ("class", "paper"))
    seeds = checked_seeds(seeds)
    splits = splits or splits_for(budget, folder)
    device = pick_device(device)
    rows, best, begun = [], {}, {}
    for seed in seeds:
        teacher = TEACHER.train(splits, seed, budget, device, progress)
        for name, arm in ARMS.items():
            start = (arm.build, arm.guide, seed)
            if start not in begun:
                begun[start] = begin(arm, teacher, splits, seed, budget, device)
            found = {}
            for rate in arm.rates if name not in best else [best[name]]:
                net = finish(arm, begun[start], teacher, splits, seed, rate, budget, device)
                found[rate] = (net, evaluate(net, splits.validation)[1])
            best.setdefault(name, max(found, key=lambda rate: found[rate][1]))
            rows += [
                _row(seed, name, rate, net, accuracy, best[name], splits)
                for rate, (net, accuracy) in found.items()
            ]
            if progress:
                print(f"seed {seed}, {name}: {found[best[name]][1]:.3f}", flush=True)
        accuracy = evaluate(teacher, splits.validation)[1]
        rate = TEACHER.learning_rate
        rows.append(_row(seed, "teacher", rate, teacher, accuracy, rate, splits))
    return recorded("hints", _configuration(splits, budget), rows, seeds, budget, device)


def _row(
    seed: int, name: str, rate: float, net: nn.Module, accuracy: float, best: float, splits: Splits
) -> dict[str, object]:
    return {
        "seed": seed,
        "arm": name,
        "learning_rate": rate,
        "chosen": rate == best,
        "validation_accuracy": accuracy,
        "test_accuracy": evaluate(net, splits.test)[1] if rate == best else None,
        "parameters": count_parameters(net),
    }


def _configuration(splits: Splits, budget: str) -> dict[str, object]:
    hint_epochs, epochs = EPOCHS[budget]
    in_shape = tuple(splits.train.images.shape[1:])
    return {
        **sizes(splits),
        "teacher": TEACHER.name,
        "teacher_epochs": TEACHER.config(0, budget).epochs,
        "teacher_learning_rate": TEACHER.learning_rate,
        "teacher_macs": count_macs(TEACHER.build(), in_shape),
        "student": f"{DEPTH} blocks of {WIDTH} channels, tanh",
        "student_macs": count_macs(thin_student(), in_shape),
        "hint_layer": HINT_LAYER,
        "guided_layer": GUIDED_LAYER,
        "hint_epochs": hint_epochs,
        "hint_learning_rate": HINT_RATE,
        "epochs_after_hints": epochs,
        "epochs_without_hints": hint_epochs + epochs,
        "learning_rates": {name: list(arm.rates) for name, arm in ARMS.items()},
        "temperatures": {"answers": 1.0, "soft answers": 4.0},
        "alpha": ALPHA,
    }
