"""Measure whether R nets side by side take less time than one after another, on this device.

    python tools/bench_replicates.py --help
    EFFCV_DEVICE=cuda python tools/bench_replicates.py --replicates 32

Both ways train the same nets on the same images in the same process, in turn, after one round
that is not counted. Printed are the median seconds of each and their ratio: above 1, side by
side is faster.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch

from effcv_lab.data import ImageSet
from effcv_lab.models import mlp, small_cnn
from effcv_lab.records import describe_machine
from effcv_lab.replicates import fit_replicates
from effcv_lab.training import TrainConfig, fit, pick_device, seed_everything

SIDE, CLASSES = 16, 3
NETS = {
    "MLP 256-100-100-100-3": lambda: mlp((100, 100, 100), (1, SIDE, SIDE), CLASSES),
    "conv net 8-16-32": lambda: small_cnn((8, 16, 32), 1, CLASSES),
}


def main(arguments: list[str] | None = None) -> None:
    """Print one line for each net."""
    options = _options().parse_args(arguments)
    torch.set_num_threads(options.threads)
    device = pick_device()
    train, validation = _noise(options.images, seed=0), _noise(100, seed=1)
    config = TrainConfig(epochs=1, batch_size=options.batch_size, learning_rate=0.01)
    seeds = list(range(options.replicates))

    def one_after_another(build: Callable) -> None:
        for seed in seeds:
            seed_everything(seed)
            model, own = build(), replace(config, seed=seed)
            fit(model, train, validation, own, device=device, progress=False)

    def side_by_side(build: Callable) -> None:
        fit_replicates(build, train, validation, config, seeds, device=device, progress=False)

    print(_machine(device))
    print(
        f"{options.replicates} nets, 1 epoch of {options.images} images {SIDE}x{SIDE}, batches "
        f"of {options.batch_size}; median of {options.repeats} rounds (smallest to largest)"
    )
    for name, build in NETS.items():
        rounds = [
            (_seconds(one_after_another, build, device), _seconds(side_by_side, build, device))
            for _ in range(options.repeats + 1)
        ][1:]
        slow, fast, ratio = zip(*((one, all_, one / all_) for one, all_ in rounds), strict=True)
        print(
            f"{name}: one after another {statistics.median(slow):.3f} s, "
            f"side by side {statistics.median(fast):.3f} s, "
            f"ratio {statistics.median(ratio):.2f} ({min(ratio):.2f} to {max(ratio):.2f})"
        )


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default, meaning in (
        ("replicates", 8, "nets to train"),
        ("repeats", 5, "rounds that are measured"),
        ("images", 2000, "training images"),
        ("batch-size", 64, "images per step"),
        ("threads", 1, "threads of the CPU"),
    ):
        text = f"{meaning} (default {default})"
        parser.add_argument(f"--{name}", type=_positive, default=default, metavar="N", help=text)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 1, got {number}")
    return number


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


def _seconds(run: Callable, build: Callable, device: torch.device) -> float:
    started = time.perf_counter()
    run(build)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def _machine(device: torch.device) -> str:
    about = describe_machine()
    hardware, versions = about["hardware"], about["versions"]
    place = hardware["gpu"] if device.type == "cuda" else hardware["cpu"]
    threads = f", {hardware['threads']} thread(s) of {hardware['cores']} cores"
    return f"{device.type}: {place}{threads}, torch {versions['torch']}, {hardware['system']}"


if __name__ == "__main__":
    main()
