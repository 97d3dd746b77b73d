"""How much a submission may use: time on the processor, memory, processes, files."""

from __future__ import annotations

import resource
from dataclasses import asdict, dataclass

from effcv_lab.arguments import whole_number

MB = 1_000_000
GB = 1_000 * MB
#: What the libraries of torch take of the address space without being memory in use.
ROOM_FOR_LIBRARIES = 6 * GB
OPEN_FILES = 512


@dataclass(frozen=True)
class Limits:
    """What the whole of one submission may use; wall-clock time is the business of who runs the cells.

    Parameters
    ----------
    cpu_seconds : int in [1, 86400]
        Processor time of all processes together. Each single process is also held to it by Linux itself.
    memory_bytes : int >= 100 MB
        Memory of all processes together, files left out. Each single process is also held to it as the data that it may
        ask for (``MemoryError``), of which importing a CUDA build of torch takes 0.75 GB and a CPU build less.
    processes : int in [24, 32768]
        Processes and threads at a time, counted as Linux does. A kernel with torch on one thread has about 16.
    file_bytes : int >= 1 MB
        Size of one file.
    disk_bytes : int >= 2 MB
        Size of all files together, the submission's own among them. They lie in memory: as much again may be taken as
        shared memory (``/dev/shm``).
    files : int in [100, 1000000]
        Files and folders.

    Raises
    ------
    TypeError, ValueError
        If one is no whole number or outside its range.

    Examples
    --------
    >>> Limits(processes=64).processes
    64
    >>> Limits(processes=0)
    Traceback (most recent call last):
        ...
    ValueError: processes must be a whole number in [24, 32768], got 0
    """

    cpu_seconds: int = 600
    memory_bytes: int = 3 * GB
    processes: int = 256
    file_bytes: int = 100 * MB
    disk_bytes: int = 300 * MB
    files: int = 10_000

    def __post_init__(self):
        whole_number("cpu_seconds", self.cpu_seconds, 1, 86_400)
        whole_number("memory_bytes", self.memory_bytes, 100 * MB)
        whole_number("processes", self.processes, 24, 32_768)
        whole_number("file_bytes", self.file_bytes, MB)
        whole_number("disk_bytes", self.disk_bytes, 2 * MB)
        whole_number("files", self.files, 100, 1_000_000)

    def as_dict(self) -> dict[str, int]:
        """Return the limits as JSON takes them.

        Examples
        --------
        >>> Limits(**Limits(files=500).as_dict()).files
        500
        """
        return asdict(self)

    def bind(self, *, alone: bool = True) -> None:
        """Bind this process, and all that it starts, by Linux's own limits of one process.

        Without a sandbox of its own (not ``alone``) the number of processes is left open: Linux would count all of this user.

        Lowered limits cannot be raised again. Processor time ends a process with SIGXCPU, and one second later with
        SIGKILL. The number of processes is counted in the sandbox alone (Linux 5.14 and newer), but not at all when
        root started it: that, and what all processes use together, is the watchdog's business.
        """
        for kind, soft, hard in [
            (resource.RLIMIT_CPU, self.cpu_seconds, self.cpu_seconds + 1),
            (resource.RLIMIT_DATA, self.memory_bytes, self.memory_bytes),
            (resource.RLIMIT_AS, *[self.memory_bytes + ROOM_FOR_LIBRARIES] * 2),
            (resource.RLIMIT_NPROC, self.processes, self.processes),
            (resource.RLIMIT_FSIZE, self.file_bytes, self.file_bytes),
            (resource.RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
            (resource.RLIMIT_CORE, 0, 0),
        ]:
            if kind == resource.RLIMIT_NPROC and not alone:
                continue
            most = resource.getrlimit(kind)[1]
            if most != resource.RLIM_INFINITY:
                soft, hard = min(soft, most), min(hard, most)
            resource.setrlimit(kind, (soft, hard))
