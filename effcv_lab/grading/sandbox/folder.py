"""A submission's folder on its way into the sandbox: plain files without notebooks, as one archive."""

from __future__ import annotations

import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from effcv_lab.grading.sandbox.limits import Limits


class FolderRefused(ValueError):
    """A submission's folder holds more than its limits allow; the message says what."""


def pack(folder: str | Path, limits: Limits) -> BinaryIO:
    """Put a folder's plain files into an archive without a name on disk.

    Left out are notebooks (hidden tests stand in them), links (they may lead anywhere), whatever is not a plain file, and
    what is hidden: programs read their settings there, and IPython would run ``.ipython/profile_default/startup`` before
    anything of the grader's.

    Raises
    ------
    FolderRefused
        If the files would fill more than half of ``limits.disk_bytes``, or are more than half of ``limits.files``.
    """
    archive = tempfile.TemporaryFile()  # noqa: SIM115 - the caller hands it on
    size = count = 0
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, name in _plain_files(Path(folder)):
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(handle, "rb") as file:
                found = os.fstat(file.fileno())
                size, count = size + found.st_size, count + 1
                if size > limits.disk_bytes // 2 or count > limits.files // 2:
                    raise FolderRefused(
                        f"the files beside the notebook must be at most {limits.files // 2} and fill at most "
                        f"{limits.disk_bytes // 2 / 1e6:g} MB together: {name!r} is one too many"
                    )
                member = tarfile.TarInfo(name)
                member.size, member.mtime = found.st_size, found.st_mtime
                tar.addfile(member, file)
    archive.seek(0)
    return archive


def _plain_files(folder: Path) -> Iterator[tuple[Path, str]]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            left_out = name.startswith(".") or name.lower().endswith(".ipynb")
            if not left_out and stat.S_ISREG(path.lstat().st_mode):
                yield path, path.relative_to(folder).as_posix()


def unpack(archive: BinaryIO, folder: str | Path) -> None:
    """Write an archive's files into a folder."""
    with tarfile.open(fileobj=archive, mode="r") as tar:
        tar.extractall(folder, filter="data")
