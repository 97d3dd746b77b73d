"""Train the same net from several seeds at once: one loop, R nets side by side.

The weights of R nets are stacked and one call runs them all. On a GPU, which one small net
cannot fill, this is where error bars become cheap. On a CPU it pays for tiny nets only: measure
with ``tools/bench_replicates.py``, then choose.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from effcv_lab.arguments import whole_number
from effcv_lab.history import EpochRecord, History, TrainConfig
from effcv_lab.replicates.stacked import (
    Replicates,
    StackedLoss,
    State,
    check_streams,
    random_streams,
    stack_nets,
    stacked_logits,
    stacked_loss,
)
from effcv_lab.switches import pick_device
from effcv_lab.training import (
    BatchLoss,
    TrainingDiverged,
    cross_entropy,
    epoch_seed,
    tell_epoch,
)

__all__ = ["Replicates", "fit_replicates"]

if TYPE_CHECKING:
    from effcv_lab.data import ImageSet

    Train = ImageSet | Callable[[int], ImageSet]


def fit_replicates(
    build: Callable[[], nn.Module],
    train: Train | Sequence[Train],
    validation: ImageSet,
    config: TrainConfig,
    seeds: Sequence[int],
    *,
    batch_loss: BatchLoss = cross_entropy,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> Replicates:
    """Train R nets side by side; replicate r is what ``fit`` makes with seed ``seeds[r]``.

    That is, to rounding, ``seed_everything(s); model = build(); fit(model, train, validation,
    replace(config, seed=s), batch_loss=batch_loss)``: first weights, order of the batches,
    optimiser, statistics of BatchNorm and the history are those of that run.

    Parameters
    ----------
    build : function () -> Module
        Makes the untrained model; called once for each seed. All must be built alike.
    train : ImageSet, or function from the epoch (counted from 0) to an ImageSet
        The function is called once an epoch, for all replicates. Or a sequence of R of these, one
        for each replicate, for a grid in which one seed may come several times: replicate r is
        then what ``fit`` makes with ``train[r]`` and ``seeds[r]``. In each epoch all replicates
        must have equally many images.
    validation : ImageSet
        Looked at after each epoch. Never the test set.
    config : TrainConfig
        For all replicates, apart from ``config.seed``, which is not used.
    seeds : sequence of int, at least one
        All different, unless ``train`` is a sequence.
    batch_loss : function ``(model, images, labels) -> scalar``
        The same function as for ``fit``. It gets a real model with the weights of one replicate
        in it (``model.training``, hooks and parameters work) and that replicate's batch.
    device, progress
        As for :func:`effcv_lab.training.fit`.

    Returns
    -------
    replicates : Replicates

    Raises
    ------
    ValueError
        If the model or ``batch_loss`` draws random numbers (dropout, noise), which would not be
        those of ``fit``; or does what cannot be done for several nets at once (``.item()``, an
        ``if`` on a tensor's value, a boolean index); or if the nets are not built alike. Train
        these one after another with ``fit``. Or if ``train`` is a sequence that does not fit the
        seeds, or its sets differ in length.
    TrainingDiverged
        If a loss is infinite or not a number; looked at after each epoch.

    Examples
    --------
    >>> from effcv_lab.data import digits
    >>> from effcv_lab.models import mlp
    >>> train, validation, _ = digits()
    >>> runs = fit_replicates(lambda: mlp((8,), (1, 8, 8)), train.per_class(5), validation,
    ...                       TrainConfig(epochs=1), seeds=[0, 1, 2], device="cpu")
    >>> len(runs.histories), tuple(runs.logits(validation.images[:4]).shape)
    (3, (3, 4, 10))
    """
    seeds, sets_at = _checked_grid(seeds, train)
    device = pick_device(device)
    template, params, buffers = stack_nets(build, seeds, device)
    losses_of = stacked_loss(template, batch_loss)
    optimizer = torch.optim.SGD(
        [value for value in params.values() if value.requires_grad],
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
    )
    validation = validation.to(device)
    records: list[list[EpochRecord]] = [[] for _ in seeds]
    bar = tqdm(file=sys.stdout, disable=not progress, delay=2, mininterval=0.5, unit="batch")
    with bar:
        for epoch in range(config.epochs):
            tell_epoch(batch_loss, epoch)
            images, labels, order = _in_order(sets_at(epoch), config, seeds, epoch, device)
            template.train()
            started, streams = time.perf_counter(), random_streams()
            losses = _train_one_epoch(
                losses_of, params, buffers, optimizer, images, labels, order, config, epoch, bar
            )
            seconds = (time.perf_counter() - started) / len(seeds)
            check_streams(streams)
            scores = _scores(
                stacked_logits(template, params, buffers, validation.images),
                validation.labels.cpu(),
            )
            for seed, rows, loss, score in zip(seeds, records, losses, scores, strict=True):
                _stop_if_not_finite(loss, score[0], seed, epoch, config)
                rows.append(EpochRecord(epoch + 1, loss, *score, seconds))
    histories = [
        History(replace(config, seed=seed), str(device), tuple(rows))
        for seed, rows in zip(seeds, records, strict=True)
    ]
    params = {name: value.detach() for name, value in params.items()}
    return Replicates(seeds, histories, template, params, buffers)


def _checked_grid(
    seeds: Sequence[int], train: Train | Sequence[Train]
) -> tuple[tuple[int, ...], Callable[[int], list[ImageSet]]]:
    """Return the seeds, and a function from the epoch to the image set of each replicate."""
    checked = tuple(whole_number("seeds", seed, 0, 2**32 - 1) for seed in seeds)
    one_for_all = callable(train) or not isinstance(train, list | tuple)
    if not checked or (one_for_all and len(set(checked)) < len(checked)):
        raise ValueError(f"seeds must be at least one number, all different, got {checked}")
    if one_for_all:
        return checked, lambda epoch: [train(epoch) if callable(train) else train] * len(checked)
    if len(train) != len(checked):
        raise ValueError(
            f"train must hold one image set or function for each of the {len(checked)} seeds, "
            f"got {len(train)}"
        )
    return checked, lambda epoch: [one(epoch) if callable(one) else one for one in train]


def _in_order(
    image_sets: list[ImageSet],
    config: TrainConfig,
    seeds: Sequence[int],
    epoch: int,
    device: torch.device,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return images, labels, and the order (R, N) in which each net sees them: that of ``fit``."""
    lengths = {len(image_set) for image_set in image_sets}
    if len(lengths) > 1:
        raise ValueError(
            f"train must give all replicates equally many images in an epoch, got {sorted(lengths)}"
        )
    count = lengths.pop()
    distinct = {id(image_set): image_set for image_set in image_sets}
    place = {key: count * n for n, key in enumerate(distinct)}
    orders = [
        place[id(image_set)]
        + image_set.batches(config.batch_size, seed=epoch_seed(seed, epoch)).order
        for image_set, seed in zip(image_sets, seeds, strict=True)
    ]
    moved = [image_set.to(device) for image_set in distinct.values()]
    images, labels = moved[0].images, moved[0].labels
    if len(moved) > 1:  # one set for all is not copied
        images = torch.cat([image_set.images for image_set in moved])
        labels = torch.cat([image_set.labels for image_set in moved])
    return images, labels, torch.stack(orders).to(device)


def _train_one_epoch(
    losses_of: StackedLoss,
    params: State,
    buffers: State,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    order: Tensor,
    config: TrainConfig,
    epoch: int,
    bar: tqdm,
) -> list[float]:
    """Show each net every image once, in its own order; return the mean loss of each."""
    pieces = order.split(config.batch_size, dim=1)
    bar.total = bar.n + (config.epochs - epoch) * len(pieces)
    loss_sum = torch.zeros(len(order), device=order.device)
    for step, piece in enumerate(pieces):  # (R, B)
        done = (epoch + step / len(pieces)) / config.epochs
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * (1 + math.cos(math.pi * done)) / 2
        losses, changed = losses_of(params, buffers, images[piece], labels[piece])
        optimizer.zero_grad()
        losses.sum().backward()  # the weights of net r are in loss r only
        optimizer.step()
        buffers.update(changed)
        loss_sum += losses.detach() * piece.shape[1]
        bar.update()
    return (loss_sum / order.shape[1]).tolist()


def _scores(logits: Tensor, labels: Tensor) -> list[tuple[float, float]]:
    """Return the mean cross-entropy and the accuracy of each net, from logits (R, N, K)."""
    hits = (logits.argmax(dim=2) == labels).double().mean(dim=1)
    losses = [F.cross_entropy(of_one, labels).item() for of_one in logits]
    return list(zip(losses, hits.tolist(), strict=True))


def _stop_if_not_finite(
    train_loss: float, val_loss: float, seed: int, epoch: int, config: TrainConfig
) -> None:
    for what, value in (("training", train_loss), ("validation", val_loss)):
        if not math.isfinite(value):
            raise TrainingDiverged(
                f"the {what} loss in epoch {epoch + 1} with seed {seed} is {value}: training "
                f"diverged. Try a smaller learning_rate (it is {config.learning_rate:g}), and "
                "look for a logarithm or a division by zero in batch_loss."
            )
