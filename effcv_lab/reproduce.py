"""Run a published experiment again and keep its record."""

from __future__ import annotations

import ast
import importlib
import os
import time
from pathlib import Path

import effcv_lab.experiments


def list_experiments() -> dict[str, str]:
    """Return the name of each experiment and the first line of its description.

    An experiment is a module of ``effcv_lab.experiments`` that defines ``run``. Nothing is
    imported to find out.

    Examples
    --------
    >>> "temperature" in list_experiments()
    True
    """
    found = {}
    for folder in effcv_lab.experiments.__path__:
        for path in sorted(Path(folder).glob("[!_]*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body):
                found[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def reproduce(
    name: str, budget: str | None = None, seeds: int | None = None, device: str | None = None
) -> Path:
    """Run the experiment, save its record, and say where it lies.

    Parameters
    ----------
    name : str
        One of :func:`list_experiments`.
    budget : "class" or "paper", optional
        Default: what ``EFFCV_BUDGET`` says.
    seeds : int, optional
        How many: 0, 1, ... up to that. Default: as many as the experiment was published with.
    device : str, optional
        Default: what ``EFFCV_DEVICE`` says.

    Returns
    -------
    path : Path of the record.

    Raises
    ------
    ValueError, RuntimeError
        If there is no such experiment, or the device is not there; before anything runs.
    """
    experiments = list_experiments()
    if name not in experiments:
        raise ValueError(f"no experiment is named {name!r}; there are: {', '.join(experiments)}")
    from effcv_lab.records import save_record, tag
    from effcv_lab.switches import budget as by_budget
    from effcv_lab.switches import pick_device

    if budget is not None:
        os.environ["EFFCV_BUDGET"] = budget  # for whatever else the experiment reads by it
    budget = ("class", "paper")[by_budget(class_=0, paper=1)]
    chosen = pick_device(device)
    given = {} if seeds is None else {"seeds": range(seeds)}

    print(f"{name}: {budget} budget on {chosen}", flush=True)
    start = time.perf_counter()
    module = importlib.import_module(f"effcv_lab.experiments.{name}")
    record = module.run(budget=budget, device=str(chosen), **given)
    path = save_record(record)
    count = len(record.rows)
    rows = f"{count} row{'s' * (count != 1)}"
    print(f"{path}: {rows}, {tag(record)}, {time.perf_counter() - start:.0f} s")
    return path
