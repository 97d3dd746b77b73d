"""Change the teacher's part over time, or hand its knowledge on from net to net."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from effcv_lab.arguments import number_in, whole_number
from effcv_lab.distillation.outputs import DistillationLoss
from effcv_lab.history import History, TrainConfig
from effcv_lab.switches import seed_everything
from effcv_lab.training import fit

if TYPE_CHECKING:
    from effcv_lab.data import ImageSet


def kd_weight(epoch: int, stop_epoch: int, alpha: float) -> float:
    """Return the teacher's weight in an epoch: ``alpha`` before ``stop_epoch``, 0.0 from it on.

    Parameters
    ----------
    epoch : int >= 0
        Counted from 0.
    stop_epoch : int >= 0
        The first epoch without the teacher; 0 never asks it.
    alpha : float in [0, 1]

    Raises
    ------
    ValueError
        If an argument is outside its range.

    References
    ----------
    Cho and Hariharan, *On the Efficacy of Knowledge Distillation*, ICCV 2019, table 3.

    Examples
    --------
    >>> [kd_weight(epoch, stop_epoch=2, alpha=0.9) for epoch in range(4)]
    [0.9, 0.9, 0.0, 0.0]
    """
    whole_number("epoch", epoch, 0)
    whole_number("stop_epoch", stop_epoch, 0)
    alpha = number_in("alpha", alpha, 0, 1)
    return alpha if epoch < stop_epoch else 0.0


class EarlyStopped:
    """A distillation loss whose teacher falls silent at ``stop_epoch``: see early_stopped."""

    def __init__(self, loss: DistillationLoss, stop_epoch: int) -> None:
        self.stop_epoch = whole_number("stop_epoch", stop_epoch, 0)
        self.loss = loss
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Set the teacher's weight; the training loops call this before each epoch."""
        self._now = replace(self.loss, alpha=kd_weight(epoch, self.stop_epoch, self.loss.alpha))

    def __call__(self, student: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of one batch in the epoch that was started last."""
        return self._now(student, images, labels)


def early_stopped(loss: DistillationLoss, stop_epoch: int) -> EarlyStopped:
    """Distil until ``stop_epoch``, then train on the labels alone (ESKD).

    For a student that is too small to follow its teacher to the end: late in training the
    divergence from the teacher may fall at the expense of the cross-entropy with the labels.

    Parameters
    ----------
    loss : DistillationLoss
    stop_epoch : int >= 0
        The first epoch, counted from 0, in which ``alpha`` is 0.

    Returns
    -------
    batch_loss : EarlyStopped
        Starts anew with each training run.

    Raises
    ------
    ValueError
        If ``stop_epoch`` is negative.

    References
    ----------
    Cho and Hariharan, *On the Efficacy of Knowledge Distillation*, ICCV 2019, table 3.

    Examples
    --------
    >>> loss = early_stopped(DistillationLoss(nn.Flatten(), alpha=1.0), stop_epoch=1)
    >>> batch = torch.tensor([[[[0.0, 4.0]]]]), torch.tensor([0])
    >>> student = nn.Flatten()  # equals the teacher: nothing to learn from it
    >>> for epoch in range(2):
    ...     loss.start_epoch(epoch)
    ...     print(f"{loss(student, *batch):.3f}")
    0.000
    4.018
    """
    return EarlyStopped(loss, stop_epoch)


def distill_chain(
    teacher: nn.Module,
    builds: Sequence[Callable[[], nn.Module]],
    train: ImageSet,
    validation: ImageSet,
    config: TrainConfig,
    *,
    temperature: float = 4.0,
    alpha: float = 0.9,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> list[tuple[nn.Module, History]]:
    """Distil through intermediate sizes: each new net learns from the one before it.

    Parameters
    ----------
    teacher : Module, trained
        Teaches the first net; unchanged.
    builds : sequence of function () -> Module, at least one
        Make the nets, from the intermediate ones to the student.
    train, validation : ImageSet
    config : TrainConfig
        For each net; each starts from ``seed_everything(config.seed)``.
    temperature, alpha
        As for :class:`DistillationLoss`.
    device, progress
        As for :func:`effcv_lab.training.fit`.

    Returns
    -------
    links : list of (model, history), in the order of ``builds``; the student is the last.

    Raises
    ------
    ValueError
        If ``builds`` is empty.

    References
    ----------
    Cho and Hariharan, ICCV 2019, abstract (a sequence of distillations does not help); Mirzadeh et
    al., *Improved Knowledge Distillation via Teacher Assistant*, AAAI 2020 (it does).

    Examples
    --------
    >>> from effcv_lab.data import digits
    >>> from effcv_lab.models import count_parameters, mlp
    >>> train, validation, _ = digits()
    >>> sizes = [lambda: mlp((20,), (1, 8, 8)), lambda: mlp((5,), (1, 8, 8))]
    >>> links = distill_chain(mlp((50,), (1, 8, 8)), sizes, train, validation,
    ...                       TrainConfig(epochs=1), progress=False)
    >>> [count_parameters(model) for model, _ in links]
    [1510, 385]
    """
    if len(builds) == 0:
        raise ValueError("builds must hold at least one function that makes a net, got none")
    links = []
    for build in builds:
        seed_everything(config.seed)
        model = build()
        loss = DistillationLoss(teacher, temperature, alpha)
        history = fit(
            model, train, validation, config, batch_loss=loss, device=device, progress=progress
        )
        links.append((model, history))
        teacher = model
    return links
