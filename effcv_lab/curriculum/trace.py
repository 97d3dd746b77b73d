"""A training run under a curriculum, recorded epoch by epoch: what is in use, what is right."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from effcv_lab.arguments import whole_number
from effcv_lab.curriculum.pool import Pacing, growing_pools, paced
from effcv_lab.data import ImageSet
from effcv_lab.evaluation import predict_logits
from effcv_lab.tensor_arguments import finite_floats
from effcv_lab.training import (
    BatchLoss,
    TrainConfig,
    cross_entropy,
    fit,
    seed_everything,
    tell_epoch,
)


@dataclass(frozen=True, eq=False)
class TrainingTrace:
    """What :func:`trace_training` saw: S sample images at T moments, all on the CPU.

    Moment t lies after t epochs: 0 is the untrained net, T - 1 the trained one. The pool is the
    one of the epoch that comes next; at the end, the one of the last epoch.

    Parameters
    ----------
    images : float Tensor (S, C, H, W)
        Examples of the training set, spread evenly over its order of difficulty, easiest first.
    labels : int64 Tensor (S,)
    classes : K names
    difficulty : float Tensor (S,), rising
    in_pool : bool Tensor (T, S)
    predicted : int64 Tensor (T, S)
        The class that the net names.
    right_probs : float Tensor (T, S), in [0, 1]
        Its probability of the true class.
    pool_fraction : float Tensor (T,), in (0, 1]
        Share of the whole training set that is in the pool.
    easy_error, hard_error : float Tensor (T,), in [0, 1]
        On the easier and on the harder half of the validation images.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    difficulty: Tensor
    in_pool: Tensor
    predicted: Tensor
    right_probs: Tensor
    pool_fraction: Tensor
    easy_error: Tensor
    hard_error: Tensor

    def __post_init__(self) -> None:
        moments, count = len(self.pool_fraction), len(self.labels)
        for name, shape in (
            ("images", (count, *self.images.shape[1:])),
            ("difficulty", (count,)),
            ("in_pool", (moments, count)),
            ("predicted", (moments, count)),
            ("right_probs", (moments, count)),
            ("easy_error", (moments,)),
            ("hard_error", (moments,)),
        ):
            if tuple(getattr(self, name).shape) != shape:
                raise ValueError(
                    f"{name} must have shape {shape}, for {moments} moments and {count} images, "
                    f"got {tuple(getattr(self, name).shape)}"
                )

    def __len__(self) -> int:
        """Return the number of moments, T: one more than epochs."""
        return len(self.pool_fraction)

    def __repr__(self) -> str:
        return f"TrainingTrace({len(self)} moments, {len(self.labels)} sample images)"

    def same_sample(self, other: TrainingTrace) -> bool:
        """Tell whether two traces show the same images in the same order."""
        names = ("images", "labels", "difficulty")
        return self.classes == other.classes and all(
            torch.equal(getattr(self, name), getattr(other, name)) for name in names
        )

    @property
    def right(self) -> Tensor:
        """Where the net names the true class: bool (T, S)."""
        return self.predicted == self.labels


def trace_training(
    build: Callable[[], nn.Module],
    train: ImageSet,
    validation: ImageSet,
    config: TrainConfig,
    difficulty: Tensor,
    validation_difficulty: Tensor,
    pacing_fn: Pacing,
    *,
    order: Tensor | None = None,
    shown: int = 96,
    batch_loss: BatchLoss = cross_entropy,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> TrainingTrace:
    """Train a net under a curriculum, and look at it before the first epoch and after each.

    The run is ``seed_everything(config.seed); fit(build(), paced(...), validation, config)``.
    Looking on changes nothing, and the same arguments give the same trace.

    Parameters
    ----------
    build : function () -> Module
        Makes the untrained model.
    train, validation : ImageSet
    config : TrainConfig
    difficulty : float Tensor (N,)
        Of the training images, smaller is easier. Sorts the sample.
    validation_difficulty : float Tensor (M,)
        Of the validation images, by the same rule. Cuts them into an easier and a harder half.
    pacing_fn : function ``(epoch) -> fraction in (0, 1]``
        As for :func:`effcv_lab.curriculum.paced`.
    order : float Tensor (N,), optional
        What the pool grows by. Default: ``difficulty``. For the controls ``-difficulty`` or
        ``shuffled(difficulty)``; the sample stays in the order of ``difficulty``.
    shown : int in [2, N]
        Images in the sample.
    batch_loss, device, progress
        As for :func:`effcv_lab.training.fit`.

    Returns
    -------
    trace : TrainingTrace

    Raises
    ------
    ValueError
        If a length does not fit, or a number is outside its range.

    Examples
    --------
    >>> from effcv_lab.curriculum import elongation
    >>> from effcv_lab.models import mlp
    >>> from effcv_lab.shapes import geometric_shapes
    >>> train, validation = geometric_shapes(60), geometric_shapes(30, seed=1)
    >>> trace = trace_training(
    ...     lambda: mlp((8,), (1, 32, 32), 3), train, validation,
    ...     TrainConfig(epochs=2, batch_size=10), elongation(train.images),
    ...     elongation(validation.images), lambda epoch: (0.5, 1.0)[epoch], shown=6)
    >>> trace.in_pool.int().tolist()
    [[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]]
    """
    order = difficulty if order is None else order
    for name, values, images in (
        ("difficulty", difficulty, train),
        ("validation_difficulty", validation_difficulty, validation),
        ("order", order, train),
    ):
        finite_floats(name, values, ndim=1)
        if len(values) != len(images):
            raise ValueError(
                f"{name} must have {len(images)} numbers, one an image, got {len(values)}"
            )
    whole_number("shown", shown, 2, len(train))
    ranks = torch.linspace(0, len(train) - 1, shown).round().long()
    sample = difficulty.cpu().argsort(stable=True)[ranks]
    curriculum = paced(train, order, pacing_fn, config.epochs, config.seed)
    seed_everything(config.seed)
    model = build()
    watch = _Watch(model, train.subset(sample), validation, validation_difficulty, batch_loss)
    fit(model, curriculum, validation, config, batch_loss=watch, device=device, progress=progress)
    watch.look()
    pools = list(growing_pools(order, pacing_fn, config.epochs))
    pools += pools[-1:]
    return TrainingTrace(
        images=watch.sample.images.cpu(),
        labels=watch.sample.labels.cpu(),
        classes=train.classes,
        difficulty=difficulty.cpu()[sample],
        in_pool=torch.stack([torch.isin(sample, pool) for pool in pools]),
        pool_fraction=torch.tensor([len(pool) / len(train) for pool in pools]),
        **{name: torch.stack(values) for name, values in watch.seen.items()},
    )


class _Watch:
    """A ``batch_loss`` that looks at the model before each epoch, and else is the given one."""

    def __init__(
        self,
        model: nn.Module,
        sample: ImageSet,
        validation: ImageSet,
        difficulty: Tensor,
        batch_loss: BatchLoss,
    ) -> None:
        self.model, self.sample, self.validation = model, sample, validation
        self.batch_loss = batch_loss
        ranked = difficulty.cpu().argsort(stable=True)
        self.easy, self.hard = ranked.tensor_split([math.ceil(len(ranked) / 2)])
        names = ("predicted", "right_probs", "easy_error", "hard_error")
        self.seen: dict[str, list[Tensor]] = {name: [] for name in names}

    def start_epoch(self, epoch: int) -> None:
        self.look()
        tell_epoch(self.batch_loss, epoch)

    def look(self) -> None:
        """Note what the model says of the sample and of the two halves of the validation images."""
        labels = self.sample.labels.cpu()
        logits = predict_logits(self.model, self.sample.images)
        self.seen["predicted"].append(logits.argmax(dim=1))
        self.seen["right_probs"].append(logits.softmax(dim=1)[torch.arange(len(labels)), labels])
        answers = predict_logits(self.model, self.validation.images).argmax(dim=1)
        wrong = (answers != self.validation.labels.cpu()).float()
        self.seen["easy_error"].append(wrong[self.easy].mean())
        self.seen["hard_error"].append(wrong[self.hard].mean())

    def __call__(self, model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        return self.batch_loss(model, images, labels)
