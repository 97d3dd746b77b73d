"""The program that Jupyter starts as its kernel: it stays outside, puts the kernel into the sandbox and watches it.

``python -I -m effcv_lab.grading.sandbox.launcher CONNECTION_FILE SETTINGS_FILE``, in the folder of a submission, with the
transport "ipc". It listens on the kernel's sockets itself and hands them in, so the sandbox has no folder of the machine to
write to; what the submission's folder holds goes in as an archive without a name. So, but for the sockets' names, which
Jupyter removes, nothing is left behind, however the kernel or the launcher ends: the sandbox dies with the launcher, and the
launcher when the program that started it is gone.

Why a kernel ended stands in ``IP-status.json`` (:mod:`effcv_lab.grading.sandbox.status`), where ``IP`` is the connection
file's ``ip``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from effcv_lab.grading.sandbox.folder import FolderRefused
from effcv_lab.grading.sandbox.held import what_is_held
from effcv_lab.grading.sandbox.refusals import SandboxUnavailable
from effcv_lab.grading.sandbox.running import Running
from effcv_lab.grading.sandbox.settings import Settings
from effcv_lab.grading.sandbox.sockets import listen
from effcv_lab.grading.sandbox.starting import start
from effcv_lab.grading.sandbox.status import Status, beside
from effcv_lab.grading.sandbox.watchdog import Watchdog

INTERVAL = 0.05  # seconds between two looks at a sandbox
FIRST_TO_GO = "1000"  # should the whole machine run out of memory, Linux ends these processes first
UNAVAILABLE, REFUSED, TROUBLE = 3, 4, 5


def main(argv: list[str]) -> int:
    """Run one kernel; return its exit code."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # who started us may hold it back
    parent = int(os.environ.get("JPY_PARENT_PID", os.getppid()))
    connection = json.loads(Path(argv[0]).read_text(encoding="utf-8"))
    settings = Settings.load(argv[1])
    place = beside(connection["ip"])
    status = Status(held=what_is_held(settings))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO, encoding="ascii")
    try:
        with listen(connection) as (inner, sockets), start(settings, inner, sockets) as running:
            status.state = "running"
            status.write(place)
            _watch(running, settings, parent, status)
    except (SandboxUnavailable, FolderRefused) as problem:
        missing = isinstance(problem, SandboxUnavailable)
        status.state, status.words = "unavailable" if missing else "refused", str(problem)
        status.code = UNAVAILABLE if missing else REFUSED
        print(problem, file=sys.stderr)
    except OSError as problem:  # the disk may be full: no fault of the submission
        status.state, status.words, status.code = "trouble", str(problem), TROUBLE
        print(problem, file=sys.stderr)
    with suppress(FileNotFoundError):  # who started the kernel may have tidied up already
        status.write(place)
    return status.code


def _watch(running: Running, settings: Settings, parent: int, status: Status) -> None:
    """Wait for the end of a kernel, or make it."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: asked.append(number))
    broken = code = None
    try:
        watchdog = Watchdog(running.first, settings.limits) if running.first else None
        while (code := running.listen(INTERVAL)) is None and not broken and not asked:
            if os.getppid() != parent:
                asked.append(signal.SIGHUP)
            elif watchdog:
                broken = watchdog.broken()
    except OSError:  # nothing runs that is not watched
        code = running.listen(INTERVAL)
        broken = ("unseen", "the watchdog could not see into the sandbox") if code is None else None
    after = running.end()
    status.code = after if code is None else code
    status.state, status.last_words = "ended", running.last_words
    if broken:
        status.reason, status.words = broken
    elif asked:
        status.reason, status.words = "stopped", "stopped from outside"
    else:
        status.reason, status.words = _by_itself(status.code, settings)


def _by_itself(code: int, settings: Settings) -> tuple[str, str]:
    """Say of a kernel that ended without the launcher's doing how it ended."""
    if code == 128 + signal.SIGXCPU:
        return "cpu", f"more than {settings.limits.cpu_seconds} s of processor time in one process"
    if code > 128:
        return "exit", f"the kernel was ended by signal {code - 128}"
    return "exit", f"the kernel ended by itself, with exit code {code}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
