"""One started kernel, as the launcher sees it from outside."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from effcv_lab.grading.sandbox import bubblewrap
from effcv_lab.grading.sandbox.folder import pack
from effcv_lab.grading.sandbox.refusals import SandboxUnavailable, explain_refusal
from effcv_lab.grading.sandbox.seccomp import refusals
from effcv_lab.grading.sandbox.settings import UNSAFE, Settings

LAST_WORDS = 4000  # bytes kept of what a kernel writes past Jupyter


class Running:
    """A program and what it says.

    Parameters
    ----------
    program : Popen
        Its standard output (with its errors) is a pipe.
    first : int or None
        Process id of the sandbox's first process; None where there is no sandbox.
    """

    def __init__(self, program: subprocess.Popen, first: int | None):
        self.program, self.first, self._said = program, first, b""
        self._handle = os.pidfd_open(first) if first else None
        os.set_blocking(program.stdout.fileno(), False)

    @property
    def last_words(self) -> str:
        """Return the end of what it said."""
        return self._said.decode("utf-8", "replace")

    def listen(self, seconds: float) -> int | None:
        """Wait, taking in what it says; return its exit code when it has ended."""
        if select.select([self.program.stdout], [], [], seconds)[0]:
            said = self.program.stdout.read()
            self._said = (self._said + (said or b""))[-LAST_WORDS:]
            if said == b"":  # it ended, or it closed its output
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.program.wait(seconds)
        return self.program.poll()

    def end(self) -> int:
        """End it with all that it started, wait until all are gone, return its exit code as a shell would."""
        if self._handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            select.select([self._handle], [], [])  # the last of a namespace to go is its first
            os.close(self._handle)
            self._handle = None
        elif self.program.poll() is None:
            self.program.kill()
        code = self.program.wait()
        return code if code >= 0 else 128 - code


@contextlib.contextmanager
def start(settings: Settings, connection: dict, sockets: dict[str, int]) -> Iterator[Running]:
    """Start a kernel for the submission in this folder, in the sandbox or, if the settings say so, without.

    Yields when the kernel's limits bind and its files are in place, and nothing of the submission has run.

    Raises
    ------
    SandboxUnavailable
        If this system has no sandbox.
    FolderRefused
        If the submission's folder is too large.
    """
    with contextlib.ExitStack() as stack:
        ready, said_ready = os.pipe()
        stack.callback(os.close, ready)
        plan = {
            "limits": settings.limits.as_dict(),
            "connection": connection,
            "sockets": sockets,
            "files": stack.enter_context(pack(".", settings.limits)).fileno(),
            "ready": said_ready,
        }
        begin = _unwalled if settings.kind == UNSAFE else _walled
        try:
            running = stack.enter_context(begin(settings, plan))
        finally:
            os.close(said_ready)
        stack.callback(running.end)
        if os.read(ready, 5) != b"ready":
            running.end()
            running.listen(0)
            raise SandboxUnavailable(_why_not(running.last_words))
        yield running


def _why_not(said: str) -> str:
    if said.startswith("bwrap:"):
        return explain_refusal(said)
    return f"the sandbox was made, but no kernel started in it; it said: {said or 'nothing'}"


@contextlib.contextmanager
def _walled(settings: Settings, plan: dict) -> Iterator[Running]:
    with contextlib.ExitStack() as stack:
        info, tells = os.pipe()
        stack.callback(os.close, info)
        rules = refusals()
        filter_ = stack.enter_context(_file(rules)).fileno() if rules else None
        words = bubblewrap.arguments(
            ".", settings.limits, settings.variables, info=tells, filter_=filter_
        )
        walls = stack.enter_context(_file("\0".join([*words, ""]).encode()))
        plan_file = stack.enter_context(_file(json.dumps(plan | {"folder": bubblewrap.HOME})))
        handed = [tells, walls.fileno(), plan_file.fileno(), plan["files"], plan["ready"]]
        command = [bubblewrap.find_bubblewrap(), "--args", str(walls.fileno()), "--"]
        try:
            program = _spawn(
                [*command, *_inside(plan_file)],
                [*handed, *([filter_] if rules else []), *plan["sockets"].values()],
                env={},  # the sandbox's first process keeps it, for all to read
            )
        finally:
            os.close(tells)
        with open(info, closefd=False, encoding="utf-8") as file:
            said = file.read()
        yield Running(program, json.loads(said)["child-pid"] if said else None)


@contextlib.contextmanager
def _unwalled(settings: Settings, plan: dict) -> Iterator[Running]:
    with (
        tempfile.TemporaryDirectory(prefix="effcv-unsafe-") as folder,
        _file(json.dumps(plan | {"folder": folder})) as plan_file,
    ):
        handed = [plan_file.fileno(), plan["files"], plan["ready"], *plan["sockets"].values()]
        program = _spawn(_inside(plan_file), handed, env=os.environ | settings.variables)
        yield Running(program, None)


def _inside(plan: BinaryIO) -> list[str]:
    module = "effcv_lab.grading.sandbox.inside"
    return [sys.executable, "-I", "-m", module, str(plan.fileno())]


def _spawn(command: Sequence[str], descriptors: Sequence[int], env: dict) -> subprocess.Popen:
    return subprocess.Popen(
        command,
        env=env,
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _file(content: bytes | str) -> BinaryIO:
    """Return a file without a name on disk."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(content.encode() if isinstance(content, str) else content)
    file.seek(0)
    return file
