"""What the teacher size experiment writes down: both loss terms over time, the best settings, agreement."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from effcv_lab.arguments import whole_number
from effcv_lab.data import ImageSet
from effcv_lab.distillation import kd_terms
from effcv_lab.softmax import entropy
from effcv_lab.training import predict_logits

SETTING = ("learning_rate", "temperature", "alpha", "stop_epoch")


class TermsOverTime:
    """An ``after_step`` that writes down both terms of the loss every so many steps.

    Parameters
    ----------
    image_set : ImageSet
        The same images each time.
    teacher : Module
    temperature : float > 0
    every : int
        Steps between two points; the first point is after that many.

    Examples
    --------
    >>> from effcv_lab.data import digits
    >>> from effcv_lab.models import mlp
    >>> few = digits().train.per_class(2)
    >>> terms = TermsOverTime(few, mlp((5,), (1, 8, 8)), temperature=4.0, every=2)
    >>> for _step in range(5):
    ...     terms(mlp((3,), (1, 8, 8)))
    >>> terms.steps, len(terms.hard), len(terms.soft)
    ([2, 4], 2, 2)
    """

    def __init__(
        self, image_set: ImageSet, teacher: nn.Module, temperature: float, every: int
    ) -> None:
        whole_number("every", every, 1)
        self.image_set, self.temperature, self.every = image_set, temperature, every
        self.teacher_logits = predict_logits(teacher, image_set.images)
        self.taken = 0
        self.steps: list[int] = []
        self.hard: list[float] = []
        self.soft: list[float] = []

    def __call__(self, student: nn.Module) -> None:
        """Count a step, and measure if it is time."""
        self.taken += 1
        if self.taken % self.every:
            return
        logits = predict_logits(student, self.image_set.images)
        terms = kd_terms(logits, self.teacher_logits, self.image_set.labels.cpu(), self.temperature)
        self.steps.append(self.taken)
        self.hard.append(terms.hard.item())
        self.soft.append(terms.soft.item())


def stop_epochs(epochs: int) -> list[int]:
    """Return the epochs at which a teacher may fall silent: after a quarter or a half.

    Examples
    --------
    >>> stop_epochs(8)
    [2, 4]
    """
    return [round(share * epochs) for share in (0.25, 0.5)]


def best_setting(rows: Sequence[dict], **fixed: object) -> dict:
    """Return the settings whose mean validation accuracy over seeds is highest.

    Parameters
    ----------
    rows : sequence of dict
        Of a record, or of one in the making.
    fixed
        What the rows must have, such as ``student="6 units", method="KD"``.

    Returns
    -------
    setting : dict with ``learning_rate``, ``temperature``, ``alpha`` and ``stop_epoch``.

    Examples
    --------
    >>> rows = [dict(method="KD", learning_rate=0.1, temperature=T, alpha=0.5, stop_epoch=None,
    ...              validation_accuracy=right) for T, right in ((1, 0.6), (1, 0.7), (4, 0.66))]
    >>> best_setting(rows, method="KD")["temperature"]
    4
    """
    found: dict[tuple, list[float]] = {}
    for row in rows:
        if all(row.get(key) == value for key, value in fixed.items()):
            setting = tuple(row[key] for key in SETTING)
            found.setdefault(setting, []).append(row["validation_accuracy"])
    if not found:
        raise ValueError(f"fixed must describe at least one row, got {fixed}")
    best = max(found, key=lambda setting: sum(found[setting]) / len(found[setting]))
    return dict(zip(SETTING, best, strict=True))


def agreements(student: nn.Module, teachers: dict[str, Tensor], images: Tensor) -> dict[str, float]:
    """Return, for each teacher, the share of images to which the student gives the same answer.

    Parameters
    ----------
    student : Module
    teachers : dict from name to logits (N, K) for these images
    images : Tensor (N, C, H, W)
    """
    answers = predict_logits(student, images).argmax(dim=1)
    return {
        name: (answers == logits.argmax(dim=1)).double().mean().item()
        for name, logits in teachers.items()
    }


def certainty(logits: Tensor) -> dict[str, float]:
    """Say how sure a teacher is: mean probability of its answers, mean entropy in nats.

    Examples
    --------
    >>> import torch
    >>> certainty(torch.zeros(3, 4))
    {'confidence': 0.25, 'entropy': 1.3862943611198906}
    """
    probs = logits.double().softmax(dim=1)
    return {
        "confidence": probs.amax(dim=1).mean().item(),
        "entropy": entropy(probs).mean().item(),
    }
