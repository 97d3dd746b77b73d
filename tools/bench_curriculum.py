"""Measure whether a grid of curricula takes less time at once than one net after another.

    python -m tools.bench_curriculum --help
    EFFCV_DEVICE=cuda python -m tools.bench_curriculum --seeds 20 --epochs 2

The grid is that of ``effcv reproduce switch_epoch``: every arm with every seed, for a few epochs
of the same steps. Both ways train the same nets on the same images in the same process, in turn,
after one round that is not counted. Printed are the median seconds of each and their ratio: above
1, the whole grid at once is faster.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from effcv_lab.experiments.shapes_task import shapes_task
from effcv_lab.experiments.switch_epoch import SETTINGS, arms_of, config_of, shapes_net
from effcv_lab.replicates import fit_replicates
from effcv_lab.training import fit, pick_device, seed_everything
from tools.side_by_side import compare, machine, options

RATE = 0.1
OPTIONS = (
    ("seeds", 4, "seeds of each arm"),
    ("epochs", 4, "epochs, a switch epoch for each but the last"),
    ("images", 1000, "images in each training set"),
    ("repeats", 3, "rounds that are measured"),
    ("threads", 1, "threads of the CPU"),
)


def main(arguments: list[str] | None = None) -> None:
    """Print the machine, what was trained, and the ratio."""
    chosen = options(__doc__, OPTIONS).parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    device, task = pick_device(), shapes_task(chosen.images)
    setting = SETTINGS["class"]._replace(
        images=chosen.images, epochs=chosen.epochs, switches=tuple(range(chosen.epochs))
    )
    config = config_of(setting, RATE)
    grid = [(arm.train, seed) for arm in arms_of(setting, task) for seed in range(chosen.seeds)]

    def one_after_another() -> None:
        for train, seed in grid:
            seed_everything(seed)
            model, own = shapes_net(), replace(config, seed=seed)
            fit(model, train, task.validation, own, device=device, progress=False)

    def at_once() -> None:
        trains, seeds = zip(*grid, strict=True)
        fit_replicates(
            shapes_net, trains, task.validation, config, seeds, device=device, progress=False
        )

    print(machine(device))
    print(
        f"{len(grid)} nets, {chosen.epochs} epochs of {chosen.images} images, batches of "
        f"{config.batch_size}; median of {chosen.repeats} rounds (smallest to largest)"
    )
    print(compare("the whole grid", one_after_another, at_once, chosen.repeats, device))


if __name__ == "__main__":
    main()
