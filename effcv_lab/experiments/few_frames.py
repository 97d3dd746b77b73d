"""A see-it-all teacher and students that look at few frames of a clip: accuracy against MACs.

Teacher and student are the same network; only the first layer, which picks the frames, differs.
All networks of one training set see the same clips in the same order for the same steps.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from effcv_lab.arguments import one_of
from effcv_lab.cache import fit_cached
from effcv_lab.costs import count_macs, latency_ms
from effcv_lab.data import ImageSet, Splits
from effcv_lab.distillation import DistillationLoss, RepresentationLoss
from effcv_lab.evaluation import evaluate
from effcv_lab.experiments.clip_nets import EveryNth, FirstFrames, clip_net
from effcv_lab.experiments.recipes import checked_seeds, recorded
from effcv_lab.records import Record
from effcv_lab.shapes import moving_shapes
from effcv_lab.training import BatchLoss, TrainConfig, cross_entropy, pick_device

FRAMES, SIZE = 30, 16
STEPS = (1, 3, 5, 10, 30)  # a student with step 10 looks at frames 0, 10 and 20
STUDENT = 10
WEIGHTS = (0.03, 0.1, 0.3)  # of the representation loss: chosen on validation
TEMPERATURES = (1.0, 2.0)  # of the distilled answers: chosen on validation
ALPHA = 0.7
COUNTS = {"class": (3600, 1800, 1800), "paper": (14_400, 3600, 3600)}  # train, validation, test
FEW = 50  # labelled clips of a class, in the small training set
SETS = ("all clips", "few clips")
TAUGHT_BY: dict[str, Callable[[nn.Module, float], BatchLoss]] = {  # of the teacher and the value
    "representation": lambda teacher, weight: RepresentationLoss(teacher, "encoding", weight),
    "answers": lambda teacher, temperature: DistillationLoss(teacher, temperature, ALPHA),
}


@dataclass(frozen=True)
class Arm:
    """One kind of student: what it looks at and whom it listens to; ``value`` is tuned."""

    name: str
    step: int = STUDENT
    value: float = 0.0


def clips_for(budget: str = "class") -> Splits:
    """Draw the clips: three sets from three seeds, none of which shares a clip.

    Examples
    --------
    >>> clips_for("class").train
    ImageSet('moving shapes': 3600 images 30x16x16, 9 classes, on cpu)
    """
    counts = COUNTS[one_of("budget", budget, tuple(COUNTS))]
    return Splits(*(moving_shapes(count, seed=seed) for seed, count in enumerate(counts)))


def pick_of(arm: Arm) -> nn.Module:
    """Make the first layer of a student: which frames it looks at."""
    return FirstFrames(FRAMES // arm.step) if arm.name == "first frames" else EveryNth(arm.step)


def loss_of(arm: Arm, teacher: nn.Module) -> BatchLoss:
    """Say what a student minimises: by the teacher where its arm has one, else by the labels."""
    taught = TAUGHT_BY.get(arm.name)
    return cross_entropy if taught is None else taught(teacher, arm.value)


def config_of(clips: str, seed: int) -> TrainConfig:
    """Return the settings for a training set; the teacher and its students share them.

    With all clips, 20 passes: the teacher tried batches of 64 and of 128 with rates 0.1, 0.2 and
    0.3; these have its best mean validation accuracy over three seeds, and every third frame
    gains by them as well. With few clips, the settings suit the labels alone.

    It takes that many passes: at first, 30 steps of memory hand the first frame hardly any
    gradient (a test measures it), and a teacher that stops early loses to students with fewer
    frames. The gradient does not explode, so nothing is clipped.
    """
    if clips == "all clips":
        return TrainConfig(epochs=20, batch_size=64, learning_rate=0.1, seed=seed)
    return TrainConfig(epochs=60, batch_size=64, learning_rate=0.05, seed=seed)


def teacher_config(seed: int) -> TrainConfig:
    """Return the settings of the teacher, which learns from all clips."""
    return config_of("all clips", seed)


def train_teacher(
    splits: Splits, seed: int, device: object = None, progress: bool = True
) -> nn.Module:
    """Train the net that looks at every frame, on all clips; or take it from the cache."""
    teacher, _ = fit_cached(
        lambda: clip_net(EveryNth(1), classes=len(splits.train.classes)),
        splits.train,
        splits.validation,
        teacher_config(seed),
        device=device,
        progress=progress,
    )
    return teacher


def train_student(
    arm: Arm,
    clips: str,
    splits: Splits,
    teacher: nn.Module,
    seed: int,
    device: object = None,
    progress: bool = True,
) -> nn.Module:
    """Train one student, or take it from the cache.

    Parameters
    ----------
    arm : Arm
    clips : "all clips" or "few clips"
        The training set: all that the teacher learned from, or 50 of each class.
    splits : Splits
    teacher : Module, trained by :func:`train_teacher` from the same ``seed``
    seed, device, progress
        As for :func:`train_teacher`.
    """
    loss = loss_of(arm, teacher)
    name = "cross_entropy"
    if loss is not cross_entropy:
        name = f"few_frames {arm.name} {arm.value:g} {ALPHA:g}, teacher: {teacher_config(seed)}"
    student, _ = fit_cached(
        lambda: clip_net(pick_of(arm), classes=len(splits.train.classes)),
        training_set(clips, splits),
        splits.validation,
        config_of(clips, seed),
        batch_loss=loss,
        loss_name=name,
        device=device,
        progress=progress,
    )
    return student


def training_set(clips: str, splits: Splits) -> ImageSet:
    """Return the clips that a student learns from."""
    one_of("clips", clips, SETS)
    return splits.train if clips == "all clips" else splits.train.per_class(FEW)


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] = (0, 1, 2),
    *,
    splits: Splits | None = None,
    progress: bool = False,
) -> Record:
    """Train a teacher and its students for each seed; measure accuracy, MACs and milliseconds.

    Parameters
    ----------
    budget : "class" or "paper"
        ``paper`` draws four times as many clips.
    device : str or torch.device, optional
    seeds : at least two different ints
    splits : Splits, optional
        Other clips, for trials.
    progress : bool

    Returns
    -------
    record : Record
        A row for each network: ``seed``, ``clips``, ``arm``, ``step``, ``value`` (weight of the
        representation loss, or temperature), ``validation`` and ``test`` accuracy, ``macs`` and
        ``latency_ms`` of one clip. ``config["chosen"]`` holds the value of each arm that has the
        best mean validation accuracy at step 10; other steps use it.
    """
    splits = splits or clips_for(budget)
    seeds = checked_seeds(seeds)
    device = pick_device(device)
    teachers = {seed: train_teacher(splits, seed, device, progress) for seed in seeds}
    picks = [Arm("teacher", 1), *(Arm("labels", step) for step in STEPS[1:]), Arm("first frames")]
    costs = {str(pick_of(arm)): cost_of(arm, device) for arm in picks}
    rows, chosen = [], {}

    def measure(arm: Arm, clips: str) -> float:
        """Train this student for each seed; return its mean validation accuracy."""
        cost = costs[str(pick_of(arm))]
        for seed in seeds:
            student = train_student(arm, clips, splits, teachers[seed], seed, device, progress)
            row = {"seed": seed, "clips": clips, "arm": arm.name, "step": arm.step}
            rows.append({**row, "value": arm.value, **accuracies(student, splits), **cost})
        mean = statistics.fmean(row["validation"] for row in rows[-len(seeds) :])
        print(f"{clips}, {arm}: validation accuracy {mean:.3f}", flush=True)
        return mean

    for seed, teacher in teachers.items():
        row = {"seed": seed, "clips": "all clips", "arm": "teacher", "step": 1, "value": 0.0}
        rows.append({**row, **accuracies(teacher, splits), **costs[str(EveryNth(1))]})
    for clips in SETS:
        for step in STEPS[1:]:
            measure(Arm("labels", step), clips)
        measure(Arm("first frames"), clips)
        for name, values in (("representation", WEIGHTS), ("answers", TEMPERATURES)):
            means = {value: measure(Arm(name, value=value), clips) for value in values}
            chosen[f"{name}, {clips}"] = max(means, key=means.get)
        for step in (5, 3):
            measure(Arm("representation", step, chosen[f"representation, {clips}"]), clips)
    return recorded("few_frames", _configuration(splits, chosen), rows, seeds, budget, device)


def accuracies(model: nn.Module, splits: Splits) -> dict[str, float]:
    """Return validation and test accuracy, in [0, 1]."""
    return {part: evaluate(model, getattr(splits, part))[1] for part in ("validation", "test")}


def cost_of(arm: Arm, device: torch.device) -> dict[str, float]:
    """Count and time what one clip costs; three timings, and the one in the middle."""
    net = clip_net(pick_of(arm)).to(device)
    clip = torch.rand(1, FRAMES, SIZE, SIZE, device=device)
    times = [latency_ms(net, clip, repeats=50) for _ in range(3)]
    return {
        "macs": count_macs(net, (FRAMES, SIZE, SIZE)),
        "latency_ms": statistics.median(times),
    }


def of_arm(record: Record, arm: str, clips: str, step: int = STUDENT) -> list[dict]:
    """Return the rows of one arm, one for each seed, with the value chosen on validation."""
    value = record.config["chosen"].get(f"{arm}, {clips}", 0.0)
    wanted = (arm, clips, step, value)
    return [
        row
        for row in record.rows
        if (row["arm"], row["clips"], row["step"], row["value"]) == wanted
    ]


def accuracy_over_macs(record: Record, arm: str, clips: str, part: str = "test"):
    """Read one arm as a curve over the MACs of a clip.

    Returns
    -------
    macs : list of P ints, increasing
    accuracy : list of R lists of P floats in [0, 1], one for each of R seeds
    """
    steps = [step for step in STEPS[::-1] if of_arm(record, arm, clips, step)]
    rows = [of_arm(record, arm, clips, step) for step in steps]
    accuracy = [[row[part] for row in of_one_seed] for of_one_seed in zip(*rows, strict=True)]
    return [of_step[0]["macs"] for of_step in rows], accuracy


def _configuration(splits: Splits, chosen: dict[str, float]) -> dict[str, object]:
    return {
        "data": splits.train.source,
        **{f"{part}_clips": len(images) for part, images in splits._asdict().items()},
        "few_clips": len(training_set("few clips", splits)),
        "classes": splits.train.classes,
        "frames": FRAMES,
        "alpha": ALPHA,
        "chosen": chosen,
    }
