"""What a temperature does to a trained teacher's softmax, measured for several teachers.

For each seed a small CNN, the teacher, learns Fashion-MNIST, and an MLP learns it for longer and
without weight decay. The rest is arithmetic on their logits, in ``temperature_measures``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor, nn

from effcv_lab.arguments import one_of
from effcv_lab.data import Splits
from effcv_lab.experiments.recipes import Recipe, checked_seeds, recorded, sizes, splits_for
from effcv_lab.experiments.temperature_measures import (
    TEMPERATURES,
    agreement_with_others,
    calibration,
    over_temperatures,
    wrong_classes,
)
from effcv_lab.models import mlp, small_cnn
from effcv_lab.records import Record
from effcv_lab.softmax import entropy, softmax_with_temperature
from effcv_lab.training import pick_device, predict_logits, seed_everything

STUDENT_HIDDEN = (30,)


TEACHER = Recipe("small_cnn", small_cnn, class_epochs=4, paper_epochs=10)
LONG_MLP = Recipe(
    "mlp((400,))", lambda: mlp((400,)), class_epochs=20, paper_epochs=40, weight_decay=0.0
)


def untrained(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Build a network and leave it at its random first weights, in eval mode."""
    seed_everything(seed)
    return build().eval()


def run(
    budget: str = "class",
    device: object = None,
    seeds: Sequence[int] = (0, 1, 2),
    *,
    splits: Splits | None = None,
    folder: str | Path | None = None,
    progress: bool = True,
) -> Record:
    """Train one teacher and one long-trained MLP for each seed, and measure them.

    Parameters
    ----------
    budget : "class" or "paper"
        ``class``: the packaged 8,000 training images, 4 epochs (MLP: 20). ``paper``: 10 epochs
        (MLP: 40), and all 50,000 images where :func:`splits_for` finds them.
    device : str or torch.device, optional
        As for :func:`effcv_lab.training.pick_device`.
    seeds : at least two different ints
    splits : Splits, optional
        Other data, for trials.
    folder : path, optional
        As for :func:`splits_for`.

    Returns
    -------
    record : Record
        One row for each seed: ``over_temperatures`` (validation images), the tables
        ``wrong_classes_T1`` and ``_T5``, ``agreement_with_others``, and ``calibration`` of the
        teacher and, with names that begin with ``mlp_``, of the MLP.
    """
    one_of("budget", budget, ("class", "paper"))
    seeds = checked_seeds(seeds)
    splits = splits or splits_for(budget, folder)
    device = pick_device(device)
    teachers = {seed: TEACHER.train(splits, seed, budget, device, progress) for seed in seeds}
    mlps = {seed: LONG_MLP.train(splits, seed, budget, device, progress) for seed in seeds}
    images, labels = splits.validation.images, splits.validation.labels.cpu()
    logits = {seed: predict_logits(teacher, images) for seed, teacher in teachers.items()}
    rows = []
    for seed in seeds:
        student = predict_logits(untrained(lambda: mlp(STUDENT_HIDDEN), seed), images)
        random_logits = predict_logits(untrained(small_cnn, seed), images)
        random_probs = softmax_with_temperature(random_logits.double(), 1.0)
        of_mlp = _calibration(mlps[seed], predict_logits(mlps[seed], images), splits)
        rows.append(
            {
                "seed": seed,
                **over_temperatures(logits[seed], student),
                "wrong_classes_T1": wrong_classes(logits[seed], labels, 1.0).tolist(),
                "wrong_classes_T5": wrong_classes(logits[seed], labels, 5.0).tolist(),
                **agreement_with_others(logits, seed, random_logits, labels),
                "untrained_entropy": entropy(random_probs).mean().item(),
                **_calibration(teachers[seed], logits[seed], splits),
                **{f"mlp_{name}": value for name, value in of_mlp.items()},
            }
        )
    return recorded("temperature", _configuration(splits, budget), rows, seeds, budget, device)


def _calibration(model: nn.Module, logits: Tensor, splits: Splits) -> dict[str, float]:
    """Calibrate on the validation ``logits``; only here is the test set looked at."""
    test_logits = predict_logits(model, splits.test.images)
    return calibration(
        (logits, splits.validation.labels.cpu()), (test_logits, splits.test.labels.cpu())
    )


def _configuration(splits: Splits, budget: str) -> dict[str, object]:
    return {
        **sizes(splits),
        "classes": splits.train.classes,
        "temperatures": TEMPERATURES,
        "student": f"mlp({STUDENT_HIDDEN}), untrained",
        **{
            f"{role}_{name}": value
            for role, recipe in {"teacher": TEACHER, "mlp": LONG_MLP}.items()
            for name, value in {
                "network": recipe.name,
                "epochs": recipe.paper_epochs if budget == "paper" else recipe.class_epochs,
                "weight_decay": recipe.weight_decay,
            }.items()
        },
    }
