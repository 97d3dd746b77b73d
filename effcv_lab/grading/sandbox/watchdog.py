"""Count, from outside, what all processes of a sandbox use together.

Linux bounds single processes; a submission may have many, and the number of root's processes Linux does not bound at all. A
sandbox has a process namespace of its own, whose ``/proc`` lists just its members: none can hide, and none of another
submission is counted. Ending the first of them ends all at once.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

from effcv_lab.grading.sandbox.limits import MB, Limits

TICKS = os.sysconf("SC_CLK_TCK")
NOT_SHARED = ("RssAnon:", "RssShmem:", "VmSwap:")
PROPORTIONAL = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")


@dataclass
class Use:
    """What a sandbox uses: processes and threads, bytes of memory, processor seconds, files and folders."""

    processes: int = 0
    memory_bytes: int = 0
    cpu_seconds: float = 0.0
    files: int = 0


class Watchdog:
    """See into one sandbox.

    Parameters
    ----------
    first : int
        Process id, seen from here, of the sandbox's first process, after its walls are up.
    limits : Limits

    Raises
    ------
    OSError
        If the sandbox cannot be seen into.
    """

    def __init__(self, first: int, limits: Limits):
        self.limits = limits
        self._proc, *self._disks = (
            os.open(f"/proc/{first}/root/{place}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            for place in ("proc", "home", "dev/shm")
        )

    def use(self, *, fair: bool = False) -> Use:
        """Count once. Memory that several processes share counts for each, unless ``fair`` (slower) splits it."""
        found = Use()
        for number in filter(str.isdigit, os.listdir(self._proc)):
            with suppress(OSError, IndexError, ValueError):  # it may end while it is looked at
                self._add(found, number, fair)
        for disk in self._disks:
            space = os.statvfs(disk)
            found.files += space.f_files - space.f_ffree
        return found

    def _add(self, found: Use, number: str, fair: bool) -> None:
        times = self._read(f"{number}/stat").rpartition(")")[2].split()
        found.cpu_seconds += sum(map(int, times[11:15])) / TICKS  # own and those of ended children
        found.processes += int(times[17])
        if fair:
            with suppress(PermissionError):  # a process may hide its pages, but not their number
                found.memory_bytes += _kilobytes(self._read(f"{number}/smaps_rollup"), PROPORTIONAL)
                return
        found.memory_bytes += _kilobytes(self._read(f"{number}/status"), NOT_SHARED)

    def _read(self, name: str) -> str:
        with open(os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc), "rb") as file:
            return file.read().decode("utf-8", "replace")

    def broken(self) -> tuple[str, str] | None:
        """Return which limit is broken, and in words; None while all hold.

        Raises
        ------
        OSError
            If the sandbox cannot be seen into: it ended, or it must be.
        """
        now, most = self.use(), self.limits
        if now.processes > most.processes:
            return "processes", f"more than {most.processes} processes and threads at a time"
        if now.memory_bytes > most.memory_bytes:
            now.memory_bytes = self.use(fair=True).memory_bytes
            if now.memory_bytes > most.memory_bytes:
                return "memory", f"more than {most.memory_bytes / MB:g} MB of memory"
        if now.cpu_seconds > most.cpu_seconds:
            return "cpu", f"more than {most.cpu_seconds} s of processor time"
        if now.files > most.files:
            return "files", f"more than {most.files} files and folders"
        return None


def _kilobytes(text: str, names: tuple[str, ...]) -> int:
    """Return the sum, in bytes, of some lines of a file of ``/proc`` that counts in kB.

    Examples
    --------
    >>> _kilobytes(chr(10).join(["VmSize:  90 kB", "RssAnon:  3 kB", "VmSwap:  1 kB"]), NOT_SHARED)
    4096
    """
    return 1024 * sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(names))
