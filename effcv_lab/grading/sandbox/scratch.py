"""Folders of a moment in ``/tmp``: named after the process that made them, so that what a killed one left can be told."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PLACE = "/tmp"  # a socket's name must be short


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for this user alone; it is removed afterwards.

    Examples
    --------
    >>> with scratch_folder() as place:
    ...     place.stat().st_mode & 0o777 == 0o700
    True
    >>> place.exists()
    False
    """
    place = Path(tempfile.mkdtemp(prefix=f"effcv-{os.getpid()}-", dir=PLACE))
    try:
        yield place
    finally:
        shutil.rmtree(place)


def sweep() -> list[Path]:
    """Remove this user's scratch folders whose process is gone, killed before it could; return them."""
    swept = []
    for place in Path(PLACE).glob("effcv-*-*"):
        with contextlib.suppress(OSError):  # another sweep may be faster
            if _abandoned(place):
                shutil.rmtree(place)
                swept.append(place)
    return swept


def _abandoned(place: Path) -> bool:
    owner = re.match(r"effcv-(\d+)-", place.name)
    ours = not place.is_symlink() and place.lstat().st_uid == os.geteuid()
    return bool(owner) and ours and not Path("/proc", owner[1]).exists()
