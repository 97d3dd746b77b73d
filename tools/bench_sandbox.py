"""Measure how long a sandboxed kernel takes until its first cell has run with torch imported, cold and warm.

    python -m tools.bench_sandbox --repeats 10

Cold: Python, Jupyter's kernel and torch are imported inside, for each submission anew. Warm: a fork of an interpreter that
has imported them. Both ways stand behind the same walls and are timed in turn, from the call to the first output, in
an empty folder. Printed are medians (smallest to largest), their ratio, and what the warm interpreter took to come up once.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace

import torch

from effcv_lab.grading.sandbox.session import sandboxed_kernel
from effcv_lab.grading.sandbox.settings import Settings
from effcv_lab.grading.sandbox.warm import warm_interpreter
from tools.side_by_side import machine, options

FIRST_CELL = "import torch; print(torch.ones(2).sum().item())"


def seconds_to_first_cell(settings: Settings) -> float:
    """Return the time from asking for a kernel to its first cell's output."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with sandboxed_kernel(folder, settings) as kernel:
            said = kernel.run(FIRST_CELL).text
            seconds = time.perf_counter() - started
        if said != "2.0\n":
            raise RuntimeError(f"the first cell said {said!r}, status {kernel.status}")
    return seconds


def line(name: str, seconds: list[float]) -> str:
    """Return a median and its range in words."""
    middle = statistics.median(seconds)
    return f"{name}: {middle:.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def main(arguments: list[str] | None = None) -> None:
    """Print the machine and both ways."""
    chosen = options(__doc__, [("repeats", 5, "rounds")]).parse_args(arguments)
    print(machine(torch.device("cpu")))
    cold = Settings()
    started = time.perf_counter()
    with warm_interpreter(cold) as address:
        print(f"warm interpreter, once: {time.perf_counter() - started:.2f} s")
        ways = [cold, replace(cold, warm=address)]
        rounds = [[seconds_to_first_cell(way) for way in ways] for _ in range(chosen.repeats)]
    slow, fast = (list(way) for way in zip(*rounds, strict=True))
    print(line("cold", slow))
    print(line("warm", fast))
    ratios = [one / other for one, other in rounds]
    print(
        f"ratio {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}), {chosen.repeats} rounds"
    )


if __name__ == "__main__":
    main()
