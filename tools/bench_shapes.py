"""Measure how many shapes a second are drawn: python tools/bench_shapes.py [--size 32]."""

from __future__ import annotations

import argparse
import os
import statistics
import time


def main() -> None:
    """Print the median of several runs; on a busy machine the second column is the fair one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="images in one run")
    parser.add_argument("--size", type=int, default=32, help="side in pixels")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # read when NumPy and torch are imported
    import numpy as np
    import torch

    from effcv_lab.shapes import basic_shapes, geometric_shapes

    torch.set_num_threads(1)
    print(
        f"{arguments.count} images {arguments.size}x{arguments.size}, median of "
        f"{arguments.repeats} runs, 1 thread, numpy {np.__version__}, torch {torch.__version__}"
    )
    print(f"{'images per second of':22s} {'the clock':>9s} {'this program on one core':>24s}")
    cases = {
        "basic": (basic_shapes, {}),
        "geometric": (geometric_shapes, {}),
        "geometric, noise 0.1": (geometric_shapes, {"noise": 0.1}),
        "geometric, clutter 5": (geometric_shapes, {"clutter": 5}),
    }
    for title, (draw, nuisances) in cases.items():
        wall, processor = [], []
        for seed in range(arguments.repeats):
            started = time.perf_counter(), time.process_time()
            draw(arguments.count, seed, size=arguments.size, **nuisances)
            wall.append(time.perf_counter() - started[0])
            processor.append(time.process_time() - started[1])
        by_wall, by_processor = (
            arguments.count / statistics.median(seconds) for seconds in (wall, processor)
        )
        print(f"{title:22s} {by_wall:9.0f} {by_processor:24.0f}")


if __name__ == "__main__":
    main()
