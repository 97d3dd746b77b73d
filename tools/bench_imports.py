"""Print what each module of the kit adds to the time of ``import torch``.

    python tools/bench_imports.py                  # all at the top of the package, some minutes
    python tools/bench_imports.py softmax data     # only these

The exit code is 1 if a module adds more than 0.2 s. Each time is the best of several fresh
processes, because the first import of a file also reads it from disk.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "effcv_lab"
LIMIT_SECONDS = 0.2
CODE = """
import time, torch
start = time.perf_counter()
import {module}
print(time.perf_counter() - start)
"""


def added_seconds(module: str, repeats: int) -> float:
    """Return the shortest time that importing the module took, torch being imported already."""
    words = [sys.executable, "-c", CODE.format(module=module)]
    runs = (
        subprocess.run(words, capture_output=True, text=True, check=True) for _ in range(repeats)
    )
    return min(float(run.stdout) for run in runs)


def main() -> int:
    """Measure the modules that are named, or all at the top of the package."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", help="such as softmax; default: all at the top")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="processes for each")
    given = parser.parse_args()
    names = given.modules or [path.stem for path in sorted(PACKAGE.glob("[!_]*.py"))]
    slow = 0
    for name in names:
        seconds = added_seconds(f"effcv_lab.{name}", given.repeats)
        slow += seconds > LIMIT_SECONDS
        print(f"{seconds:6.3f} s  {name}" + "  too slow" * (seconds > LIMIT_SECONDS), flush=True)
    return int(slow > 0)


if __name__ == "__main__":
    sys.exit(main())
