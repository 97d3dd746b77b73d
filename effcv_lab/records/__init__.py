"""Remember what a run found: one readable JSON file for each published result.

A record holds the numbers (``rows``) beside everything needed to doubt them: the command that
makes it, the configuration, the seeds, the hardware and the versions. README, lectures and
figures quote records; nobody types a result by hand.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import effcv_lab
from effcv_lab.arguments import one_of
from effcv_lab.records.machine import describe_machine
from effcv_lab.records.plain import plain_data, readable_json

__all__ = [
    "MeanInterval", "Record", "describe_machine", "load_record", "mean_and_spread",
    "mean_interval", "results_folder", "save_record", "tag",
]  # fmt: skip

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class Record:
    """One result with its circumstances; a Record that exists is complete and finite.

    The values are copied into plain Python (a tuple becomes a list, a NumPy number a float), so
    that a saved and loaded record equals the one that was made.

    Parameters
    ----------
    name : str
        File name without ``.json``: small letters, digits, ``-`` and ``_``.
    command : str
        What to type to make this record again.
    config : dict
        Every choice that decides the outcome: epochs, sizes, learning rates.
    seeds : list of int
        One for each repetition, all different, at least one.
    rows : list of dict
        The table: one dict for each measurement, at least one. ``None`` marks a missing value.
    device : str
        ``"cpu"``, ``"cuda"`` or ``"mps"``.
    hardware, versions : dict
        As :func:`describe_machine` gives them.
    budget : str
        ``"class"`` or ``"paper"``.

    Raises
    ------
    TypeError, ValueError
        If something is missing, is not plain data, or is NaN or infinite; the message says where.

    Examples
    --------
    >>> record = Record("demo", "effcv reproduce demo", {"epochs": 2}, [0, 1],
    ...                 [{"seed": 0, "accuracy": 0.5}, {"seed": 1, "accuracy": 0.7}],
    ...                 device="cpu", budget="class", **describe_machine())
    >>> mean, sd = mean_and_spread([row["accuracy"] for row in record.rows])
    >>> f"{mean:.2f} ± {sd:.2f} over {len(record.seeds)} seeds"
    '0.60 ± 0.14 over 2 seeds'
    """

    name: str
    command: str
    config: dict[str, Any]
    seeds: list[int]
    rows: list[dict[str, Any]]
    device: str
    hardware: dict[str, Any]
    versions: dict[str, str]
    budget: str

    def __post_init__(self):
        _check_name(self.name)
        for field in fields(self):
            kind = {"d": dict, "l": list, "s": str}[str(field.type)[0]]
            value = plain_data(getattr(self, field.name), field.name)
            if not isinstance(value, kind) or not value:
                raise TypeError(
                    f"{field.name} must be a {kind.__name__} that is not empty, got {value!r}"
                )
            object.__setattr__(self, field.name, value)
        one_of("budget", self.budget, ("class", "paper"))
        if any(type(seed) is not int for seed in self.seeds):
            raise TypeError(f"seeds must be whole numbers, got {self.seeds}")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds must all be different, got {self.seeds}")
        for index, row in enumerate(self.rows):
            if not isinstance(row, dict) or not row:
                raise TypeError(f"rows[{index}] must be a dict that is not empty, got {row!r}")


def save_record(record: Record, folder: str | Path | None = None) -> Path:
    """Write the record as JSON that a person can read; all of it or nothing.

    The file appears under its name only when it is complete, so a stopped run never leaves half
    a record, and an older one stays until then.

    Parameters
    ----------
    record : Record
    folder : path, optional
        Default: :func:`results_folder`. Made when it does not exist.

    Returns
    -------
    path : Path of the file, ``folder / (record.name + ".json")``.
    """
    folder = results_folder() if folder is None else Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record.name}.json"
    draft = folder / f".{record.name}.{uuid.uuid4().hex}.tmp"
    try:
        draft.write_text(readable_json(asdict(record)), encoding="utf-8")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def load_record(name: str, folder: str | Path | None = None) -> Record:
    """Read a record and check it as if it were new.

    Raises
    ------
    FileNotFoundError
        If there is none of that name.
    ValueError
        If the file is damaged or incomplete. Both messages name the command that makes it.
    """
    _check_name(name)
    folder = results_folder() if folder is None else Path(folder)
    path = folder / f"{name}.json"
    remedy = f"make it with: effcv reproduce {name}"
    if not path.is_file():
        raise FileNotFoundError(f"no record {path}; {remedy}")
    try:
        record = Record(**json.loads(path.read_text(encoding="utf-8")))
        if record.name != name:
            raise ValueError(f"it says that it is {record.name!r}")
    except (ValueError, TypeError) as error:
        raise ValueError(f"the record {path} is damaged ({error}); {remedy}") from None
    return record


def results_folder() -> Path:
    """Return where records are kept.

    The environment variable ``EFFCV_RESULTS`` if it is set; else the nearest folder ``results``
    in the working folder or above it; else the one beside the package.
    """
    if named := os.environ.get("EFFCV_RESULTS"):
        return Path(named)
    here = Path.cwd()
    for parent in (here, *here.parents):
        if (parent / "results").is_dir():
            return parent / "results"
    return Path(effcv_lab.__file__).resolve().parent.parent / "results"


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and the sample standard deviation (divided by n − 1) of repeated runs.

    Raises
    ------
    ValueError
        With fewer than two values, as one run has no spread; with NaN or infinity.

    Examples
    --------
    >>> mean_and_spread([1.0, 2.0, 3.0])
    (2.0, 1.0)
    """
    numbers = np.asarray([float(value) for value in values], dtype=np.float64)
    if len(numbers) < 2:
        raise ValueError(
            f"values must hold at least 2 numbers, got {len(numbers)}: one run has no spread"
        )
    if not np.isfinite(numbers).all():
        raise ValueError(f"values must be finite, got {numbers.tolist()}")
    return float(numbers.mean()), float(numbers.std(ddof=1))


class MeanInterval(NamedTuple):
    """Mean of some values, their sample standard deviation, and a 95 % interval of the mean."""

    mean: float
    sd: float
    low: float
    high: float


def mean_interval(values: Sequence[float]) -> MeanInterval:
    """Return the mean of repeated runs, its spread, and where Student's t puts the mean itself.

    For differences of two arms, seed by seed: an interval that holds 0 does not tell them apart.
    It is an interval for one comparison, made once; of twenty, about one misses by chance.

    Raises
    ------
    ValueError
        As for :func:`mean_and_spread`.

    Examples
    --------
    >>> found = mean_interval([1.0, 2.0, 3.0])
    >>> found.mean, round(found.low, 2), round(found.high, 2)
    (2.0, -0.48, 4.48)
    """
    from scipy.stats import t

    mean, sd = mean_and_spread(values)
    reach = float(t.ppf(0.975, len(values) - 1)) * sd / len(values) ** 0.5
    return MeanInterval(mean, sd, mean - reach, mean + reach)


def tag(record: Record) -> str:
    """Return the line that stands under a figure: how many seeds, which machine and torch.

    Such as ``"4 seeds, Intel Xeon 2 cores, torch 2.15.0"``. A record made on a GPU names that.
    """
    count = len(record.seeds)
    hardware = record.hardware
    cores = hardware["cores"]
    machine = f"{hardware['cpu']} {cores} core{'s' * (cores != 1)}"
    if record.device.startswith("cuda"):
        machine = hardware["gpu"]
    torch_version = record.versions["torch"].partition("+")[0]
    return f"{count} seed{'s' * (count != 1)}, {machine}, torch {torch_version}"


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"name must be small letters, digits, '-' and '_', and begin with one of the first "
            f"two, got {name!r}"
        )
