"""Train and evaluate a classifier: the one loop that every chapter shares.

A chapter changes what is minimised (``batch_loss``) or what happens after a step
(``after_step``), never how the loop runs.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from effcv_lab.evaluation import device_of, eval_mode, evaluate, predict_logits
from effcv_lab.history import EpochRecord, History, TrainConfig
from effcv_lab.switches import budget, pick_device, seed_everything

if TYPE_CHECKING:
    from effcv_lab.data import ImageSet

__all__ = [
    "BatchLoss", "EpochRecord", "History", "TrainConfig", "TrainingDiverged", "budget",
    "cross_entropy", "device_of", "epoch_seed", "eval_mode", "evaluate", "fit", "pick_device",
    "predict_logits", "seed_everything", "tell_epoch",
]  # fmt: skip

BatchLoss = Callable[[nn.Module, Tensor, Tensor], Tensor]


class TrainingDiverged(RuntimeError):
    """The loss became infinite or not a number."""


def epoch_seed(seed: int, epoch: int) -> int:
    """Give every epoch (from 0) of every run its own seed for the order of the batches.

    Examples
    --------
    >>> epoch_seed(0, 0) == epoch_seed(0, 0)
    True
    >>> len({epoch_seed(seed, epoch) for seed in range(10) for epoch in range(10)})
    100
    """
    return int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0])


def tell_epoch(batch_loss: BatchLoss, epoch: int) -> None:
    """Let a loss that changes over time know which epoch (from 0) begins; others need not know."""
    start_epoch = getattr(batch_loss, "start_epoch", None)
    if start_epoch is not None:
        start_epoch(epoch)


def cross_entropy(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return the plain supervised loss, a mean over the batch: the default of :func:`fit`."""
    return F.cross_entropy(model(images), labels)


def fit(
    model: nn.Module,
    train: ImageSet | Callable[[int], ImageSet],
    validation: ImageSet,
    config: TrainConfig,
    *,
    batch_loss: BatchLoss = cross_entropy,
    after_step: Callable[[nn.Module], None] | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> History:
    """Train ``model`` in place and return what happened, epoch by epoch.

    Parameters
    ----------
    model : Module from images ``(B, C, H, W)`` to logits ``(B, K)``
        Moved to the device, trained there, left in eval mode and without gradients.
    train : ImageSet, or function from the epoch (counted from 0) to an ImageSet
        The function makes a curriculum: each epoch may have other images, also more or fewer.
        Epoch e goes through ``batches(config.batch_size, seed=epoch_seed(config.seed, e))``.
    validation : ImageSet
        Looked at after each epoch. Never the test set.
    config : TrainConfig
    batch_loss : function ``(model, images, labels) -> scalar``
        What to minimise, a mean over the batch. If it changes over time it has a method
        ``start_epoch(epoch)``, which is called before each epoch (counted from 0).
    after_step : function ``(model) -> None``, optional
        Called after every step of the optimiser, for instance to put pruned weights back to zero.
    device : str or torch.device, optional
        As for :func:`pick_device`.
    progress : bool
        Show a bar, on stdout, if the run takes longer than two seconds.

    Returns
    -------
    history : History

    Raises
    ------
    TrainingDiverged
        If a loss is infinite or not a number. The model keeps the weights from before that step.
    ValueError
        If ``batch_loss`` does not return one number.
    """
    device = pick_device(device)
    model.to(device)
    validation = validation.to(device)
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
    records = []
    bar = tqdm(file=sys.stdout, disable=not progress, delay=2, mininterval=0.5, unit="batch")
    with bar:
        for epoch, image_set in enumerate(_on_device(train, config.epochs, device)):
            tell_epoch(batch_loss, epoch)
            started = time.perf_counter()
            train_loss = _train_one_epoch(
                model, image_set, optimizer, config, epoch, batch_loss, after_step, bar
            )
            train_seconds = time.perf_counter() - started
            val_loss, val_accuracy = evaluate(model, validation)
            _stop_if_not_finite(val_loss, f"the validation loss after epoch {epoch + 1}", config)
            records.append(
                EpochRecord(epoch + 1, train_loss, val_loss, val_accuracy, train_seconds)
            )
            bar.set_postfix_str(f"validation accuracy {val_accuracy:.1%}", refresh=False)
    optimizer.zero_grad()
    model.eval()
    return History(config, str(device), tuple(records))


def _on_device(
    train: ImageSet | Callable[[int], ImageSet], epochs: int, device: torch.device
) -> Iterator[ImageSet]:
    """Yield each epoch's images on the device, moving a set only when it is a new one."""
    given = moved = None
    for epoch in range(epochs):
        image_set = train(epoch) if callable(train) else train
        if image_set is not given:
            given, moved = image_set, image_set.to(device)
        yield moved


def _train_one_epoch(
    model: nn.Module,
    image_set: ImageSet,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    epoch: int,
    batch_loss: BatchLoss,
    after_step: Callable[[nn.Module], None] | None,
    bar: tqdm,
) -> float:
    """Show the model every batch once; return the mean loss per image."""
    model.train()
    batches = image_set.batches(config.batch_size, seed=epoch_seed(config.seed, epoch))
    bar.total = bar.n + (config.epochs - epoch) * len(batches)
    loss_sum, image_count = 0.0, 0
    for step, (images, labels) in enumerate(batches):
        done = (epoch + step / len(batches)) / config.epochs  # also right if epochs differ in size
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * (1 + math.cos(math.pi * done)) / 2
        loss = batch_loss(model, images, labels)
        if not isinstance(loss, Tensor) or loss.ndim != 0:
            got = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else repr(type(loss))
            raise ValueError(f"batch_loss must return one number (a scalar tensor), got {got}")
        value = loss.item()
        _stop_if_not_finite(value, f"the loss in epoch {epoch + 1}, batch {step + 1}", config)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if after_step is not None:
            after_step(model)
        loss_sum += value * len(images)
        image_count += len(images)
        bar.update()
    return loss_sum / image_count


def _stop_if_not_finite(value: float, what: str, config: TrainConfig) -> None:
    if not math.isfinite(value):
        raise TrainingDiverged(
            f"{what} is {value}: training diverged. Try a smaller learning_rate (it is "
            f"{config.learning_rate:g}); look for log(0) or a division by zero in batch_loss."
        )
