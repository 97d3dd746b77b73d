"""Learn from what a teacher answers: its softened probabilities beside the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.arguments import number_in
from effcv_lab.evaluation import eval_mode
from effcv_lab.training import cross_entropy


class Terms(NamedTuple):
    """The two parts of a distillation loss, each a mean over the batch, before alpha weighs them.

    ``hard`` is the cross-entropy with the labels; ``soft`` is T² times the divergence from the
    teacher.
    """

    hard: Tensor
    soft: Tensor


def kd_terms(
    student_logits: Tensor, teacher_logits: Tensor, labels: Tensor, temperature: float
) -> Terms:
    """Compare a student with the labels and with its teacher: two numbers, not yet weighed.

    Parameters
    ----------
    student_logits : float Tensor (B, K)
    teacher_logits : float Tensor (B, K)
        Gets no gradient.
    labels : int64 Tensor (B,), in [0, K)
    temperature : float > 0
        Softens both, for the soft term only.

    Returns
    -------
    terms : Terms

    Raises
    ------
    ValueError
        If the shapes differ, or ``temperature`` is zero, negative or not finite.

    Examples
    --------
    >>> student, teacher = torch.zeros(1, 2), torch.tensor([[0.0, 4.0]])
    >>> hard, soft = kd_terms(student, teacher, torch.tensor([1]), temperature=4.0)
    >>> round(hard.item(), 4), round(soft.item(), 4)
    (0.6931, 1.7751)
    """
    temperature = number_in("temperature", temperature, 0, open_low=True)
    if student_logits.ndim != 2 or student_logits.shape != teacher_logits.shape:
        raise ValueError(
            "student_logits and teacher_logits must both be (B, K), "
            f"got {tuple(student_logits.shape)} and {tuple(teacher_logits.shape)}"
        )
    hard = F.cross_entropy(student_logits, labels)
    divergence = F.kl_div(
        F.log_softmax(student_logits / temperature, dim=1),
        F.log_softmax(teacher_logits.detach() / temperature, dim=1),
        log_target=True,
        reduction="batchmean",  # the default, "mean", divides by the number of classes as well
    )
    return Terms(hard, temperature**2 * divergence)


def kd_loss(
    student_logits: Tensor,
    teacher_logits: Tensor,
    labels: Tensor,
    temperature: float,
    alpha: float,
) -> Tensor:
    """Mix two wishes: be right about the labels, and look like the teacher.

    ``(1 - alpha) * CE(labels, q_1) + alpha * T**2 * KL(p_T || q_T)``, both a mean over the batch,
    with ``p_T = softmax(teacher_logits / T)`` and ``q_T = softmax(student_logits / T)``. The
    factor T² keeps the soft gradient, which shrinks as 1/T², beside the hard one.

    Parameters
    ----------
    student_logits : float Tensor (B, K)
    teacher_logits : float Tensor (B, K)
        Gets no gradient.
    labels : int64 Tensor (B,), in [0, K)
    temperature : float > 0
    alpha : float in [0, 1]
        Weight of the teacher: 0 listens to the labels only, 1 to the teacher only.

    Returns
    -------
    loss : Tensor, one number.

    Raises
    ------
    ValueError
        If the shapes differ, ``temperature`` is not > 0 or ``alpha`` is outside [0, 1].

    References
    ----------
    Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015, section 2.

    Examples
    --------
    >>> student, teacher = torch.zeros(1, 2), torch.tensor([[0.0, 4.0]])
    >>> round(kd_loss(student, teacher, torch.tensor([1]), temperature=4.0, alpha=0.5).item(), 4)
    1.2341
    """
    alpha = number_in("alpha", alpha, 0, 1)
    hard, soft = kd_terms(student_logits, teacher_logits, labels, temperature)
    return (1 - alpha) * hard + alpha * soft


def soft_targets(teacher: nn.Module, images: Tensor, temperature: float) -> Tensor:
    """Ask the teacher for probabilities to learn from: eval mode, no graph, nothing left behind.

    Parameters
    ----------
    teacher : Module from images ``(B, C, H, W)`` to logits ``(B, K)``
        Each layer gets the mode back that it was in.
    images : Tensor (B, C, H, W), on the teacher's device
    temperature : float > 0

    Returns
    -------
    probs : Tensor (B, K), without gradient.

    Raises
    ------
    ValueError
        If ``temperature`` is zero, negative or not finite.

    Examples
    --------
    >>> teacher = nn.Flatten()  # its logits are the pixels
    >>> soft_targets(teacher, torch.tensor([[[[0.0, 4.0]]]]), temperature=4.0)
    tensor([[0.2689, 0.7311]])
    """
    temperature = number_in("temperature", temperature, 0, open_low=True)
    return torch.softmax(ask(teacher, images) / temperature, dim=1)


@dataclass(frozen=True)
class DistillationLoss:
    """A ``batch_loss`` that mixes the labels with a teacher's opinion: :func:`kd_loss`.

    Parameters
    ----------
    teacher : Module from images ``(B, C, H, W)`` to logits ``(B, K)``
        Trained; moved to the images' device. At ``alpha`` 0 it is not asked.
    temperature : float > 0
    alpha : float in [0, 1]
        Weight of the teacher.

    Raises
    ------
    ValueError
        If ``temperature`` or ``alpha`` is outside its range.

    References
    ----------
    Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015, section 2.

    Examples
    --------
    >>> from effcv_lab.data import digits
    >>> from effcv_lab.models import mlp
    >>> from effcv_lab.training import TrainConfig, fit
    >>> train, validation, _ = digits()
    >>> teacher, student = mlp((50,), (1, 8, 8)), mlp((20,), (1, 8, 8))
    >>> _ = fit(teacher, train, validation, TrainConfig(epochs=5), progress=False)
    >>> loss = DistillationLoss(teacher, temperature=4.0, alpha=0.9)
    >>> history = fit(student, train, validation, TrainConfig(epochs=5), batch_loss=loss,
    ...               progress=False)
    >>> history.final.val_accuracy > 0.8
    True
    """

    teacher: nn.Module
    temperature: float = 4.0
    alpha: float = 0.9

    def __post_init__(self) -> None:
        number_in("temperature", self.temperature, 0, open_low=True)
        number_in("alpha", self.alpha, 0, 1)

    def __call__(self, student: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of one batch; only the student gets a gradient."""
        if self.alpha == 0:
            return cross_entropy(student, images, labels)
        return kd_loss(
            student(images), ask(self.teacher, images), labels, self.temperature, self.alpha
        )


def ask(teacher: nn.Module, images: Tensor) -> Tensor:
    """Run a teacher in eval mode without a graph, where the images are."""
    with eval_mode(teacher), torch.no_grad():
        return teacher.to(images.device)(images)
