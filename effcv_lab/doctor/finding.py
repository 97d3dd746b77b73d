"""One line of the report, and the commands that mend things on this system."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """What was found about one thing.

    Parameters
    ----------
    status : "ok", "warn" or "FAIL"
        ``FAIL``: the course needs it. ``warn``: it works without, or only some need it.
    name, says : str
        The thing, and what was found.
    mend : str
        The command or step that mends it; empty when all is well.

    Examples
    --------
    >>> Finding("FAIL", "scipy", "is not installed", "python -m pip install scipy").line()
    'FAIL  scipy         is not installed. To mend: python -m pip install scipy'
    """

    status: str
    name: str
    says: str
    mend: str = ""

    def line(self) -> str:
        """Return the finding as a single line, the command at its end."""
        mend = f". To mend: {self.mend}" if self.mend else ""
        return f"{self.status:<4}  {self.name:<13} {self.says}{mend}"


def command(*words: str) -> str:
    """Write a command as it is typed on this system, with quotes where a path needs them.

    Examples
    --------
    >>> command("python", "-m", "pip")
    'python -m pip'
    """
    if sys.platform != "win32":
        return shlex.join(words)
    quoted = [f'"{word}"' if set(word) & set(" &()[]<>=") else word for word in words]
    return " ".join(["&", *quoted] if quoted[0].startswith('"') else quoted)  # as PowerShell has it


def this_python(*words: str) -> str:
    """Write a command for the Python that runs this, as ``python -m pip ...``."""
    return command(sys.executable or "python", *words)


def by_system(*, linux: str, macos: str, windows: str) -> str:
    """Pick the words for the system that this runs on."""
    return {"darwin": macos, "win32": windows}.get(sys.platform, linux)


def in_conda() -> bool:
    """Tell whether this Python belongs to a conda environment."""
    return (Path(sys.prefix) / "conda-meta").is_dir()
