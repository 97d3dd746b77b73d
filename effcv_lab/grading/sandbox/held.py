"""What the sandbox of this system holds, and by what: to be asked before a class is graded, and kept with each grade."""

from __future__ import annotations

import os

from effcv_lab.grading.sandbox.limits import MB
from effcv_lab.grading.sandbox.seccomp import refusals
from effcv_lab.grading.sandbox.settings import UNSAFE, Settings

NOTHING = "NOT HELD: no sandbox, as was asked for"


def what_is_held(settings: Settings) -> dict[str, str]:
    """Return, for each thing that a submission might do, what holds it on this system.

    Examples
    --------
    >>> what_is_held(Settings(kind="unsafe-no-sandbox"))["network"]
    'NOT HELD: no sandbox, as was asked for'
    """
    limits = settings.limits
    each = f"{limits.memory_bytes / MB:g} MB of data in each process, by Linux"
    if settings.kind == UNSAFE:
        open_ = ("network", "files of the machine", "environment variables", "other processes")
        return dict.fromkeys([*open_, "processes", "disk"], NOTHING) | {
            "memory": each,
            "processor time": f"{limits.cpu_seconds} s in each process, by Linux",
            "system calls": NOTHING,
        }
    count = f"{limits.processes}, counted from outside by the watchdog"
    if os.geteuid() != 0:
        count += ", and by Linux (RLIMIT_NPROC)"
    disk = f"{limits.disk_bytes / MB:g} MB in memory, by Linux"
    refused = "no memory out of sight, no new namespaces, by Linux (seccomp)"
    return {
        "network": "closed: a network of its own without a way out",
        "files of the machine": "programs and libraries for reading; none of the course",
        "environment variables": "none of the grader's",
        "other processes": "not seen; all of a submission's own end with its kernel",
        "processes": count,
        "memory": f"{limits.memory_bytes / MB:g} MB together, by the watchdog; {each}",
        "processor time": f"{limits.cpu_seconds} s together, by the watchdog; and in each process, by Linux",
        "disk": f"{disk}, as much again as shared memory; {limits.files} files, by the watchdog",
        "system calls": refused if refusals() else "NOT HELD: no filter for this processor",
    }
