"""What the benchmarks of nets side by side share: their options, the clock, the line of a result."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import torch

from effcv_lab.records import describe_machine


def options(description: str, numbers: Sequence[tuple[str, int, str]]) -> argparse.ArgumentParser:
    """Make a parser of whole numbers >= 1: for each its name, its default and what it means."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default, meaning in numbers:
        text = f"{meaning} (default {default})"
        parser.add_argument(f"--{name}", type=_positive, default=default, metavar="N", help=text)
    return parser


def compare(
    name: str, one_by_one: Callable[[], None], at_once: Callable[[], None], repeats: int,
    device: torch.device,
) -> str:  # fmt: skip
    """Time both ways in turn, after one round that is not counted; say medians and their ratio.

    Returns
    -------
    line : str
        A ratio above 1: side by side is faster.
    """
    rounds = [
        (_seconds(one_by_one, device), _seconds(at_once, device)) for _ in range(repeats + 1)
    ][1:]
    slow, fast, ratio = zip(*((one, all_, one / all_) for one, all_ in rounds), strict=True)
    return (
        f"{name}: one after another {statistics.median(slow):.3f} s, "
        f"side by side {statistics.median(fast):.3f} s, "
        f"ratio {statistics.median(ratio):.2f} ({min(ratio):.2f} to {max(ratio):.2f})"
    )


def machine(device: torch.device) -> str:
    """Name the device, its threads, torch and the system, in one line."""
    about = describe_machine()
    hardware, versions = about["hardware"], about["versions"]
    place = hardware["gpu"] if device.type == "cuda" else hardware["cpu"]
    threads = f", {hardware['threads']} thread(s) of {hardware['cores']} cores"
    return f"{device.type}: {place}{threads}, torch {versions['torch']}, {hardware['system']}"


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number >= 1, got {number}")
    return number


def _seconds(run: Callable[[], None], device: torch.device) -> float:
    started = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started
