"""The switches of a run: which device, which scale, which seed.

``EFFCV_DEVICE`` and ``EFFCV_BUDGET`` are read here and nowhere else.
"""

from __future__ import annotations

import os
import random

import numpy as np
import torch

from effcv_lab.arguments import one_of, whole_number


def seed_everything(seed: int) -> None:
    """Fix every random stream: Python's, numpy's, torch's on each device.

    Call it before the model is built, so that its first weights repeat too.
    """
    seed = whole_number("seed", seed, 0, 2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def pick_device(name: str | torch.device | None = None) -> torch.device:
    """Turn a wish into a device that is there.

    Parameters
    ----------
    name : "auto", "cpu", "cuda", "mps", a torch.device, or None
        ``None`` reads the environment variable ``EFFCV_DEVICE``, and means "auto" when it is
        not set. "auto" takes the first that exists of cuda, mps, cpu.

    Raises
    ------
    ValueError
        If the name is another word.
    RuntimeError
        If that device is not there.

    Examples
    --------
    >>> pick_device("cpu")
    device(type='cpu')
    """
    source = "device" if name is not None else "EFFCV_DEVICE"
    wish = str(name if name is not None else os.environ.get("EFFCV_DEVICE") or "auto")
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    kind = wish.partition(":")[0]  # "cuda:1" is the second GPU
    one_of(source, kind, ["auto", *there])
    if kind == "auto":
        return torch.device(next(kind for kind, found in there.items() if found))
    if not there[kind]:
        raise RuntimeError(
            f"{source} asks for {wish!r}, but torch {torch.__version__} finds no such device "
            f"here. Set {source} to 'auto' or 'cpu', or install a build of torch for it."
        )
    return torch.device(wish)


def budget(*, class_: float, paper: float) -> float:
    """Choose between a number for the classroom and one for the paper's scale.

    The environment variable ``EFFCV_BUDGET`` decides: "class" (also when it is not set) or
    "paper". Nothing else in the kit reads it, and the cell that calls shows both numbers.

    Raises
    ------
    ValueError
        If ``EFFCV_BUDGET`` is another word.

    Examples
    --------
    >>> epochs = budget(class_=4, paper=256)
    """
    choice = os.environ.get("EFFCV_BUDGET") or "class"
    return {"class": class_, "paper": paper}[one_of("EFFCV_BUDGET", choice, ["class", "paper"])]
