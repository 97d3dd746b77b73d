"""What several experiments share: their data, how they train a network, how they keep numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from effcv_lab.cache import fit_cached
from effcv_lab.data import ImageSet, Splits, fashion
from effcv_lab.data.fashion_files import DEBIAN_FOLDER
from effcv_lab.folders import cache_folder
from effcv_lab.records import Record, describe_machine
from effcv_lab.training import BatchLoss, TrainConfig, cross_entropy


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained: all that tells two networks of an experiment apart."""

    name: str
    build: Callable[[], nn.Module]
    class_epochs: int
    paper_epochs: int
    learning_rate: float = 0.1
    weight_decay: float = 5e-4

    def config(self, seed: int, budget: str) -> TrainConfig:
        """Return the settings of one run at this budget."""
        return TrainConfig(
            epochs=self.paper_epochs if budget == "paper" else self.class_epochs,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            seed=seed,
        )

    def train(
        self,
        splits: Splits,
        seed: int,
        budget: str,
        device: object = None,
        progress: bool = True,
        *,
        train: ImageSet | None = None,
        batch_loss: BatchLoss = cross_entropy,
        loss_name: str = "cross_entropy",
    ) -> nn.Module:
        """Train one network, or take it from the cache; it comes in eval mode.

        On ``splits.train``, or on the images ``train`` instead; ``batch_loss`` and ``loss_name``
        as for :func:`effcv_lab.cache.fit_cached`.
        """
        model, _ = fit_cached(
            self.build,
            splits.train if train is None else train,
            splits.validation,
            self.config(seed, budget),
            batch_loss=batch_loss,
            loss_name=loss_name,
            device=device,
            progress=progress,
        )
        return model


def splits_for(budget: str, folder: str | Path | None = None) -> Splits:
    """Load all of Fashion-MNIST for the paper budget if its files are here, else the package's.

    They are here if ``folder`` holds them, an earlier download left them in the cache, or Debian's
    package ``dataset-fashion-mnist`` is installed; nothing is downloaded.
    """
    places = (cache_folder() / "fashion_mnist", DEBIAN_FOLDER)
    folder = folder or next((place for place in places if place.is_dir()), None)
    full = budget == "paper" and folder is not None
    return fashion(full=full, folder=folder if full else None)


def checked_seeds(seeds: Sequence[int], least: int = 2) -> list[int]:
    """Return the seeds as a list; raise ValueError if there are fewer than ``least``, or twins."""
    seeds = list(seeds)
    if len(seeds) < least or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds must be at least {least} different numbers, got {seeds}")
    return seeds


def sizes(splits: Splits) -> dict[str, object]:
    """Say for a record's config which data these are, and how many images each part has."""
    parts = {f"{part}_images": len(images) for part, images in splits._asdict().items()}
    return {"data": splits.train.name, **parts}


def recorded(
    name: str,
    config: Mapping[str, object],
    rows: Sequence[dict],
    seeds: list[int],
    budget: str,
    device: torch.device,
) -> Record:
    """Make the record of a run: its rows rounded, the command and this machine beside them."""
    return Record(
        name=name,
        command=f"effcv reproduce {name} --budget {budget} --seeds {len(seeds)}",
        config=config,
        seeds=seeds,
        rows=[rounded(row) for row in rows],
        device=device.type,
        budget=budget,
        **describe_machine(),
    )


def rounded(value):
    """Keep six significant digits of every number in a row: more would be noise in a record."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [rounded(entry) for entry in value]
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    return value
