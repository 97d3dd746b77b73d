"""What a training run was asked to do and what it did, as data that can be saved."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from effcv_lab import __version__
from effcv_lab.arguments import number_in, whole_number


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run, apart from the model, the loss and the data.

    The optimiser is SGD with momentum; its learning rate falls from ``learning_rate`` to zero
    along half a cosine, a little at every step.

    Parameters
    ----------
    epochs : int >= 1
        Passes over the training set.
    batch_size : int >= 1
        Images per step; the last batch of an epoch may be smaller.
    learning_rate : float > 0
        At the first step.
    momentum : float in [0, 1]
    weight_decay : float >= 0
        Added to the gradient as ``weight_decay * weight``, as in :class:`torch.optim.SGD`.
    seed : int in [0, 2**32)
        Orders the batches. It does not seed the weights: they exist before the run.

    Raises
    ------
    TypeError, ValueError
        If a value is of the wrong kind or out of its range.

    Examples
    --------
    >>> TrainConfig(epochs=3).learning_rate
    0.1
    >>> TrainConfig(epochs=0)
    Traceback (most recent call last):
        ...
    ValueError: epochs must be a whole number >= 1, got 0
    """

    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    seed: int = 0

    def __post_init__(self) -> None:
        checked = {
            "epochs": whole_number("epochs", self.epochs, 1),
            "batch_size": whole_number("batch_size", self.batch_size, 1),
            "learning_rate": number_in("learning_rate", self.learning_rate, 0, open_low=True),
            "momentum": number_in("momentum", self.momentum, 0, 1),
            "weight_decay": number_in("weight_decay", self.weight_decay, 0),
            "seed": whole_number("seed", self.seed, 0, 2**32 - 1),
        }
        for name, value in checked.items():  # 1 and 1.0 and numpy's 1 become the same config
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch did. Losses are means per image; accuracy is a fraction in [0, 1]."""

    epoch: int  # counted from 1
    train_loss: float  # of batch_loss, whatever it is, while the weights were moving
    val_loss: float  # cross-entropy in nats, after the epoch
    val_accuracy: float
    train_seconds: float  # without the evaluation

    def __post_init__(self) -> None:
        whole_number("epoch", self.epoch, 1)
        number_in("train_loss", self.train_loss, -float("inf"))
        number_in("val_loss", self.val_loss, 0)
        number_in("val_accuracy", self.val_accuracy, 0, 1)
        number_in("train_seconds", self.train_seconds, 0)


def current_versions() -> dict[str, str]:
    """Name the software that a run depends on: this package, torch, Python."""
    return {
        "effcv_lab": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


@dataclass(frozen=True)
class History:
    """The record of one run: enough to redraw its curves and to say where it was made.

    Examples
    --------
    >>> first = EpochRecord(1, train_loss=0.9, val_loss=0.7, val_accuracy=0.75, train_seconds=2.0)
    >>> run = History(TrainConfig(epochs=1), device="cpu", epochs=(first,))
    >>> run.final.val_accuracy
    0.75
    >>> History.from_json(run.to_json()) == run
    True
    """

    config: TrainConfig
    device: str
    epochs: tuple[EpochRecord, ...]
    versions: dict[str, str] = field(default_factory=current_versions)

    @property
    def final(self) -> EpochRecord:
        """The last epoch, which is the state that the model is left in."""
        return self.epochs[-1]

    @property
    def train_seconds(self) -> float:
        """Seconds spent on training, evaluation not included."""
        return sum(record.train_seconds for record in self.epochs)

    def to_json(self) -> str:
        """Return the run as readable JSON text."""
        return json.dumps(asdict(self), indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> History:
        """Read what :meth:`to_json` wrote; raise ValueError if it is anything else."""
        try:
            fields = json.loads(text)
            config = TrainConfig(**fields.pop("config"))
            epochs = tuple(EpochRecord(**record) for record in fields.pop("epochs"))
            history = cls(config=config, epochs=epochs, **fields)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not the record of a training run: {error}") from error
        if [record.epoch for record in epochs] != list(range(1, config.epochs + 1)):
            raise ValueError(f"not the record of a training run: not all {config.epochs} epochs")
        return history

    def save(self, path: str | Path) -> None:
        """Write the run to a JSON file."""
        Path(path).write_text(self.to_json(), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> History:
        """Read a run that :meth:`save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged or is something else; the message names the file.
        """
        try:
            return cls.from_json(Path(path).read_bytes())
        except ValueError as error:
            raise ValueError(f"{path} is {error}; run the training again to replace it") from error
