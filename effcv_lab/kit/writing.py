"""Write a kit: all of it or nothing, and the same files always as the same bytes."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

FOLDER = "effcv-lab-kit"
TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold


def check_target(to: Path, root: Path) -> None:
    """Refuse a place where a kit must not be written.

    Raises
    ------
    ValueError
        If it lies among the files that are packed, or is a folder that holds something.
    """
    for name in ("lectures", "assignments", "solutions", "notebooks", "effcv_lab", "results"):
        if to.is_relative_to(root / name):
            raise ValueError(f"to must lie outside of {root / name}, got {to}")
    if to.is_dir() and (is_zip(to) or any(to.iterdir())):
        raise ValueError(f"to must be a .zip file, or a new or empty folder, got {to}")
    if to.is_file() and not is_zip(to):
        raise ValueError(f"to must end in .zip for a file, got {to}, which is one")


def is_zip(to: Path) -> bool:
    """Say whether a path asks for a zip file.

    Examples
    --------
    >>> is_zip(Path("kit.ZIP")), is_zip(Path("kit"))
    (True, False)
    """
    return to.suffix.lower() == ".zip"


def write_zip(files: dict[str, bytes], to: Path) -> None:
    """Write files into one folder of a zip file; an older one stays until the new one is complete."""
    to.parent.mkdir(parents=True, exist_ok=True)
    draft = to.with_name(f".{to.name}.{os.getpid()}.new")
    try:
        with zipfile.ZipFile(draft, "w") as archive:
            for name, content in sorted(files.items()):
                entry = zipfile.ZipInfo(f"{FOLDER}/{name}", TIME)
                entry.create_system, entry.external_attr = 3, 0o100644 << 16  # a plain file on Unix
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
        os.replace(draft, to)
    finally:
        draft.unlink(missing_ok=True)


def write_folder(files: dict[str, bytes], to: Path) -> None:
    """Write files into a folder, which appears when it is complete."""
    to.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{to.name}.", dir=to.parent))
    try:
        draft.chmod(0o755)
        for name, content in files.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if to.is_dir():
            to.rmdir()  # empty
        os.replace(draft, to)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
