"""Measure whether R nets side by side take less time than one after another, on this device.

    python -m tools.bench_replicates --help
    EFFCV_DEVICE=cuda python -m tools.bench_replicates --replicates 32

Both ways train the same nets on the same images in the same process, in turn, after one round
that is not counted. Printed are the median seconds of each and their ratio: above 1, side by
side is faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from effcv_lab.data import ImageSet
from effcv_lab.models import mlp, small_cnn
from effcv_lab.replicates import fit_replicates
from effcv_lab.training import TrainConfig, fit, pick_device, seed_everything
from tools.side_by_side import compare, machine, options

SIDE, CLASSES = 16, 3
OPTIONS = (
    ("replicates", 8, "nets to train"),
    ("repeats", 5, "rounds that are measured"),
    ("images", 2000, "training images"),
    ("batch-size", 64, "images per step"),
    ("threads", 1, "threads of the CPU"),
)
NETS = {
    "MLP 256-100-100-100-3": lambda: mlp((100, 100, 100), (1, SIDE, SIDE), CLASSES),
    "conv net 8-16-32": lambda: small_cnn((8, 16, 32), 1, CLASSES),
}


def main(arguments: list[str] | None = None) -> None:
    """Print one line for each net."""
    chosen = options(__doc__, OPTIONS).parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    device = pick_device()
    train, validation = _noise(chosen.images, seed=0), _noise(100, seed=1)
    config = TrainConfig(epochs=1, batch_size=chosen.batch_size, learning_rate=0.01)
    seeds = list(range(chosen.replicates))

    def one_after_another(build: Callable) -> None:
        for seed in seeds:
            seed_everything(seed)
            model, own = build(), replace(config, seed=seed)
            fit(model, train, validation, own, device=device, progress=False)

    def side_by_side(build: Callable) -> None:
        fit_replicates(build, train, validation, config, seeds, device=device, progress=False)

    print(machine(device))
    print(
        f"{chosen.replicates} nets, 1 epoch of {chosen.images} images {SIDE}x{SIDE}, batches "
        f"of {chosen.batch_size}; median of {chosen.repeats} rounds (smallest to largest)"
    )
    for name, build in NETS.items():
        both = partial(one_after_another, build), partial(side_by_side, build)
        print(compare(name, *both, chosen.repeats, device))


def _noise(count: int, seed: int) -> ImageSet:
    """Return images without meaning: the time of a step does not depend on what they show."""
    generator = torch.Generator().manual_seed(seed)
    return ImageSet(
        images=torch.rand(count, 1, SIDE, SIDE, generator=generator),
        labels=torch.randint(CLASSES, (count,), generator=generator),
        classes=("rectangle", "ellipse", "triangle"),
        name="noise",
        source="random numbers",
        licence="MIT",
    )


if __name__ == "__main__":
    main()
