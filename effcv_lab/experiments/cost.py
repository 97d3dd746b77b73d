"""What accuracy costs: conv nets of growing width on the same images, several seeds each."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import torch
from torch import nn

from effcv_lab.arguments import one_of
from effcv_lab.cache import fit_cached
from effcv_lab.data import fashion
from effcv_lab.models import count_macs, count_parameters, latency_ms, small_cnn
from effcv_lab.records import Record, describe_machine
from effcv_lab.training import TrainConfig, pick_device

WIDTHS = (2, 4, 8, 16, 32)  # channels of the first block; the next two have 2 and 4 times as many
EPOCHS = {"class": 4, "paper": 16}


def net_of_width(width: int) -> nn.Sequential:
    """Build the conv net of this experiment: ``width``, twice and four times as many channels.

    Examples
    --------
    >>> count_parameters(net_of_width(8)), count_parameters(net_of_width(16))
    (6274, 24058)
    """
    return small_cnn((width, 2 * width, 4 * width))


def accuracy_of_width(
    width: int,
    seed: int,
    *,
    epochs: int = EPOCHS["class"],
    device: str | torch.device | None = None,
) -> float:
    """Train one net on the packaged Fashion-MNIST; return its validation accuracy, in [0, 1].

    All widths get the same recipe: the same learning rate and batches, and the same epochs unless
    asked otherwise. The trained net is cached, so that asking again costs nothing.
    """
    train, validation, _ = fashion()
    config = TrainConfig(epochs=epochs, seed=seed)
    _, history = fit_cached(
        lambda: net_of_width(width), train, validation, config, device=device, progress=False
    )
    return history.epochs[-1].val_accuracy


def run(
    budget: str = "class",
    device: str | torch.device | None = None,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    widths: Sequence[int] = WIDTHS,
) -> Record:
    """Measure every width with every seed.

    Each row of the record holds ``width``, ``seed``, ``accuracy`` (validation), ``parameters``,
    ``macs`` (an image), and ``latency_ms`` (one image; the median of three measurements).
    """
    one_of("budget", budget, tuple(EPOCHS))
    device = pick_device(device)
    rows = []
    for width in widths:
        net = net_of_width(width).to(device)
        image = torch.rand(1, 1, 28, 28, device=device)
        costs = {
            "parameters": count_parameters(net),
            "macs": count_macs(net, (1, 28, 28)),
            "latency_ms": statistics.median(latency_ms(net, image, repeats=50) for _ in range(3)),
        }
        for seed in seeds:
            accuracy = accuracy_of_width(width, seed, epochs=EPOCHS[budget], device=device)
            rows.append({"width": width, "seed": seed, "accuracy": accuracy, **costs})
            print(f"width {width:>3}, seed {seed}: accuracy {accuracy:.3f}", flush=True)
    config = {"epochs": EPOCHS[budget], "images": "packaged Fashion-MNIST, 8000 for training"}
    return Record(
        name="cost",
        command=f"effcv reproduce cost --budget {budget} --seeds {len(seeds)}",
        config=config,
        seeds=list(seeds),
        rows=rows,
        device=device.type,
        budget=budget,
        **describe_machine(),
    )


def accuracy_over_macs(record: Record) -> tuple[list[int], list[list[float]]]:
    """Read a record as a curve: MACs of each width, and accuracy with one row for each seed.

    Returns
    -------
    macs : list of W ints, increasing
    accuracy : list of R lists of W floats in [0, 1], one for each of R seeds
    """
    found = {(row["seed"], row["macs"]): row["accuracy"] for row in record.rows}
    macs = sorted({macs for _, macs in found})
    return macs, [[found[seed, place] for place in macs] for seed in record.seeds]
