"""The small file beside a kernel's sockets, outside the sandbox: how the kernel is held and why it ended."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Status:
    """What became of one kernel.

    Attributes
    ----------
    state : str
        "starting"; "running"; "unavailable" (no sandbox on this system: nothing was run); "refused" (the submission's
        folder is too large: nothing was run); "trouble" (this machine's own, such as a full disk); "ended". A file that says
        "running" after the launcher is gone means that the launcher was killed from outside, and the sandbox with it.
    reason : str
        Of an end: "exit" (the kernel ended by itself), "stopped" (from outside), or the limit that it broke: "cpu",
        "memory", "processes", "files"; or "unseen" (the watchdog could not see into the sandbox any more, and ended it).
    words : str
        The same for people.
    code : int or None
        Exit code of the kernel, 128 + the signal that ended it.
    held : dict of str
        What the sandbox holds, and by what.
    last_words : str
        The end of what the kernel wrote past Jupyter: the only text here that comes from inside. Show it as text.
    """

    state: str = "starting"
    reason: str = ""
    words: str = ""
    code: int | None = None
    held: dict[str, str] = field(default_factory=dict)
    last_words: str = ""

    def write(self, path: str | Path) -> None:
        """Write the file anew, at once: who reads it never sees half of it."""
        path = Path(path)
        beside = path.with_name(path.name + ".new")
        beside.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        os.replace(beside, path)

    @classmethod
    def read(cls, path: str | Path) -> Status:
        """Read a file; one that is not there yet says "starting"."""
        try:
            return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls()


def beside(connection_prefix: str) -> Path:
    """Return where a kernel's status lies, given the ``ip`` of its connection file: beside its sockets.

    Examples
    --------
    >>> print(beside("/tmp/k7/k").as_posix())
    /tmp/k7/k-status.json
    """
    return Path(f"{connection_prefix}-status.json")
