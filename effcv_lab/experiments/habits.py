"""What gets distilled? Whether students share their teacher's mistakes, and what only it was taught.

For each seed one plain teacher, and one teacher for each change of its training images (dimmed,
inverted). Every student sees plain images only; one has no teacher, the others one each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from effcv_lab.arguments import one_of
from effcv_lab.data import ImageSet, Splits
from effcv_lab.distillation import DistillationLoss
from effcv_lab.evaluation import predict_logits
from effcv_lab.experiments.habits_measures import kept_answers, shared_mistakes
from effcv_lab.experiments.recipes import Recipe, checked_seeds, recorded, sizes, splits_for
from effcv_lab.experiments.students import Remembered, train_student
from effcv_lab.models import mlp, small_cnn
from effcv_lab.records import Record
from effcv_lab.switches import pick_device

TEACHER = Recipe("small_cnn", small_cnn, class_epochs=10, paper_epochs=20, learning_rate=0.2)
STUDENTS = {
    "mlp": Recipe(
        "mlp((30,))", lambda: mlp((30,)), class_epochs=20, paper_epochs=40, learning_rate=0.05
    ),
    "cnn": Recipe(
        "small_cnn((4, 8))", lambda: small_cnn((4, 8)), class_epochs=10, paper_epochs=20,
        learning_rate=0.05,
    ),
}  # fmt: skip
TEMPERATURE, ALPHA = 4.0, 0.9
GAINS = (0.2, 0.4, 0.6, 0.8, 1.0)  # how bright the validation images are shown
LOWEST = 0.2  # gain in the dimmed training images


def dimmed(images: Tensor, gain: float | Tensor) -> Tensor:
    """Show images darker: every grey times ``gain``, one number for all or one for each image.

    Examples
    --------
    >>> dimmed(torch.ones(2, 1, 1, 1), torch.tensor([0.5, 1.0])).flatten()
    tensor([0.5000, 1.0000])
    """
    gain = torch.as_tensor(gain, dtype=images.dtype, device=images.device)
    return images * gain.reshape(-1, 1, 1, 1)


def inverted(images: Tensor) -> Tensor:
    """Show the negative: black becomes white.

    Examples
    --------
    >>> inverted(torch.tensor([[[[0.0, 0.75]]]]))
    tensor([[[[1.0000, 0.2500]]]])
    """
    return 1 - images


def taught(train: ImageSet, change: str, seed: int) -> ImageSet:
    """Change the training images of a teacher, each by its own draw; as many as before.

    Parameters
    ----------
    train : ImageSet
    change : "plain", "dimmed" or "inverted"
        ``dimmed``: times a gain drawn uniformly from [0.2, 1]. ``inverted``: half of the images,
        drawn at random.
    seed : int

    Returns
    -------
    image_set : ImageSet
    """
    if one_of("change", change, CHANGES) == "plain":
        return train
    generator = torch.Generator("cpu").manual_seed(seed)
    draw = torch.rand(len(train), generator=generator).to(train.images.device)
    if change == "dimmed":
        images = dimmed(train.images, LOWEST + (1 - LOWEST) * draw)
    else:
        chosen = (draw < 0.5).reshape(-1, 1, 1, 1)
        images = torch.where(chosen, inverted(train.images), train.images)
    return ImageSet(
        images, train.labels, train.classes, f"{train.name}, {change}", train.source, train.licence
    )


CHANGES = ("plain", "dimmed", "inverted")


def views_of(images: Tensor) -> dict[str, Tensor]:
    """Show the same images in every way that is tested."""
    views = {f"gain {gain:g}": dimmed(images, gain) for gain in GAINS}
    return {**views, "inverted": inverted(images)}


def train_teachers(
    splits: Splits, seed: int, budget: str = "class", device: object = None, progress: bool = True
) -> dict[str, nn.Module]:
    """Train a teacher on each change of the training images, or take it from the cache."""
    return {
        change: TEACHER.train(
            splits, seed, budget, device, progress, train=taught(splits.train, change, seed)
        )
        for change in CHANGES
    }


def train_students(
    kind: str,
    teachers: Mapping[str, nn.Module],
    splits: Splits,
    seed: int,
    budget: str = "class",
    device: object = None,
) -> dict[str, nn.Module]:
    """Train students on plain images: one from the labels alone, one with each teacher.

    Parameters
    ----------
    kind : "mlp" or "cnn"
    teachers : dict from name to Module, trained
    splits : Splits
    seed, budget, device
        As for :meth:`Recipe.train`.

    Returns
    -------
    students : dict from "none" and each teacher's name to Module, in eval mode.
    """
    recipe = STUDENTS[one_of("kind", kind, tuple(STUDENTS))]
    students = {"none": recipe.train(splits, seed, budget, device, progress=False)}
    for name, teacher in teachers.items():
        loss = DistillationLoss(Remembered(teacher, splits.train.images), TEMPERATURE, ALPHA)
        students[name] = train_student(recipe, splits.train, loss, splits, seed, budget, device)
    return students


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] = (0, 1, 2),
    *,
    splits: Splits | None = None,
    folder: str | Path | None = None,
    kinds: Sequence[str] = tuple(STUDENTS),
    progress: bool = False,
) -> Record:
    """Train teachers and students for each seed; measure habits on the validation images.

    Parameters
    ----------
    budget : "class" or "paper"
    device : str or torch.device, optional
    seeds : at least two different ints
        The "other teacher" of a seed is the plain teacher of the next one.
    splits, folder
        As for :func:`effcv_lab.experiments.temperature.run`.
    kinds : sequence of "mlp", "cnn"
        The students.
    progress : bool

    Returns
    -------
    record : Record
        A row for each seed and network: ``network`` ("teacher", "mlp", "cnn"), ``teacher`` (what
        the teacher was taught, "plain", "dimmed" or "inverted"; "none" for labels alone),
        ``accuracy`` and ``kept`` by view, and, for students, ``mistakes`` shared with the plain
        teacher of the seed and ``other_mistakes`` shared with another seed's.
    """
    one_of("budget", budget, ("class", "paper"))
    seeds = checked_seeds(seeds)
    splits = splits or splits_for(budget, folder)
    device = pick_device(device)
    labels = splits.validation.labels.cpu()
    views = views_of(splits.validation.images)
    teachers = {seed: train_teachers(splits, seed, budget, device, progress) for seed in seeds}
    plain = {seed: _answers(teachers[seed]["plain"], views)["gain 1"] for seed in seeds}
    rows = []

    def measure(network: str, models: Mapping[str, nn.Module], seed: int, other: int) -> None:
        """Add a row for each of one seed's networks, with the name of its teacher."""
        for name, model in models.items():
            answers = _answers(model, views)
            row = {"seed": seed, "network": network, "teacher": name}
            row |= _robustness(answers, labels)
            if network != "teacher":
                row["mistakes"] = shared_mistakes(plain[seed], answers["gain 1"], labels)
                row["other_mistakes"] = shared_mistakes(plain[other], answers["gain 1"], labels)
            rows.append(row)

    for seed, other in zip(seeds, seeds[1:] + seeds[:1], strict=True):
        measure("teacher", teachers[seed], seed, other)
        for kind in kinds:
            students = train_students(kind, teachers[seed], splits, seed, budget, device)
            measure(kind, students, seed, other)
        print(f"seed {seed} done", flush=True)
    return recorded("habits", _configuration(splits, budget), rows, seeds, budget, device)


def _answers(model: nn.Module, views: dict[str, Tensor]) -> dict[str, Tensor]:
    """Ask for the class of every image in every view."""
    return {name: predict_logits(model, images).argmax(dim=1) for name, images in views.items()}


def _robustness(answers: dict[str, Tensor], labels: Tensor) -> dict[str, dict[str, float]]:
    """Measure, for each view, what is right and what is answered as in the plain view."""
    plain = answers["gain 1"]
    return {
        "accuracy": {name: kept_answers(labels, given) for name, given in answers.items()},
        "kept": {name: kept_answers(plain, given) for name, given in answers.items()},
    }


def rows_of(record: Record, network: str, teacher: str) -> list[dict]:
    """Return the rows of one kind of network, one for each seed."""
    return [row for row in record.rows if (row["network"], row["teacher"]) == (network, teacher)]


def _configuration(splits: Splits, budget: str) -> dict[str, object]:
    networks = {"teacher": TEACHER, **STUDENTS}
    return {
        **sizes(splits),
        "classes": splits.train.classes,
        "temperature": TEMPERATURE,
        "alpha": ALPHA,
        "gains_taught": [LOWEST, 1.0],
        **{f"{role}_network": recipe.name for role, recipe in networks.items()},
        **{
            f"{role}_{name}": getattr(recipe.config(0, budget), name)
            for role, recipe in networks.items()
            for name in ("epochs", "learning_rate")
        },
    }
