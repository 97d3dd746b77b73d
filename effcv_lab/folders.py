"""Where things lie: the folder for what may be made again, and the course's own folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import effcv_lab


def cache_folder() -> Path:
    """Return the folder for what can be made again: trained models, locked predictions.

    The environment variable ``EFFCV_CACHE`` if it is set; else the place that the system keeps
    for such files. The folder need not exist yet.

    Examples
    --------
    >>> cache_folder().is_absolute()
    True
    """
    if named := os.environ.get("EFFCV_CACHE"):
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "effcv-lab"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "effcv-lab"
    base = os.environ.get("XDG_CACHE_HOME") or ""
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "effcv-lab"


def course_folder() -> Path | None:
    """Return the folder of the whole course (lectures, assignments, constraints), if it is here.

    Looked for in the working folder, then upwards from it, then beside the package (as after an
    installation with ``pip install -e``). ``None`` where only the package was installed.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(effcv_lab.__file__).resolve().parent.parent):
        if (folder / "constraints.txt").is_file() and (folder / "effcv_lab").is_dir():
            return folder
    return None
