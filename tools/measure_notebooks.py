"""Measure how long each notebook takes, first with an empty cache, then with a full one.

    python -m tools.measure_notebooks

writes the record ``results/notebook_minutes.json``, which README's chapter table quotes, and
prints the table. Every lecture and every solution is run as a class would run it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from effcv_lab.records import Record, describe_machine, save_record
from effcv_lab.training import pick_device

ROOT = Path(__file__).resolve().parent.parent


def seconds_to_run(notebook: Path) -> float:
    """Return the wall-clock seconds from starting the kernel to the end of the last cell."""
    content = nbformat.read(notebook, as_version=4)
    with tempfile.TemporaryDirectory() as scratch:
        client = NotebookClient(content, timeout=600, resources={"metadata": {"path": scratch}})
        started = time.perf_counter()
        client.execute()
        return time.perf_counter() - started


def measure(notebook: Path) -> dict:
    """Run one notebook twice, sharing only a cache that is new."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["EFFCV_CACHE"] = cache
        first, second = seconds_to_run(notebook), seconds_to_run(notebook)
    name = notebook.relative_to(ROOT).as_posix()
    print(f"{name:<50} first run {first:6.1f} s   again {second:6.1f} s", flush=True)
    return {"notebook": name, "first_seconds": round(first, 1), "again_seconds": round(second, 1)}


def main() -> None:
    """Measure all notebooks, or the ones that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all; only then recorded")
    chosen = parser.parse_args().notebooks
    everything = sorted([*ROOT.glob("lectures/*.ipynb"), *ROOT.glob("solutions/*/*.ipynb")])
    os.environ["EFFCV_RESULTS"] = str(ROOT / "results")
    rows = [measure(notebook.resolve()) for notebook in chosen or everything]
    if not chosen:
        record = Record(
            name="notebook_minutes",
            command="python -m tools.measure_notebooks",
            config={"runs": "one with an empty cache, one with a full cache"},
            seeds=[0],
            rows=rows,
            device=pick_device().type,
            budget=os.environ.get("EFFCV_BUDGET", "class"),
            **describe_machine(),
        )
        print(f"wrote {save_record(record).relative_to(ROOT)}")


if __name__ == "__main__":
    main()
