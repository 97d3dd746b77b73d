"""Open JupyterLab on the first lecture."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from effcv_lab.folders import course_folder

FIRST_LECTURE = "lectures/00_start_here.ipynb"


def open_lab(arguments: Sequence[str] = ()) -> int:
    """Start this environment's JupyterLab in the course folder and wait until it ends.

    Parameters
    ----------
    arguments : sequence of str
        Handed to ``jupyter lab`` as they are, such as ``--no-browser``.

    Returns
    -------
    exit_code : that of JupyterLab.

    Raises
    ------
    FileNotFoundError
        If there is no course folder here, or no first lecture in it.
    """
    folder = course_folder()
    if folder is None:
        raise FileNotFoundError(
            "no course folder here or above: go to the folder that holds lectures/ and "
            "effcv_lab/, then run effcv lab again"
        )
    if not (folder / FIRST_LECTURE).is_file():
        raise FileNotFoundError(
            f"{folder / FIRST_LECTURE} is missing: write the notebooks with make notebooks"
        )
    # As an address and not as a file: so it is also in the line that a server prints, and the
    # root stays the whole course (for a file Jupyter would take the folder that it lies in).
    words = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        f"--LabApp.default_url=/lab/tree/{FIRST_LECTURE}",
    ]
    words += [f"--ServerApp.root_dir={folder}", *arguments]
    if sys.platform == "win32":
        return subprocess.call(words, cwd=folder)
    os.chdir(folder)
    sys.stdout.flush()
    os.execv(sys.executable, words)  # becomes JupyterLab, so that Ctrl-C reaches it alone
