"""One started kernel, as the launcher sees it from outside."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess

LAST_WORDS = 4000  # bytes kept of what a kernel writes past Jupyter


class Running:
    """A program and what it says.

    Parameters
    ----------
    program : Popen
    heard : int
        File descriptor of the pipe from its output and errors.
    first : int or None
        Process id of the sandbox's first process; None where there is no sandbox.
    """

    def __init__(self, program: subprocess.Popen, heard: int, first: int | None):
        self.program, self.first, self._heard, self._said = program, first, heard, b""
        self.handle = os.pidfd_open(first) if first else None
        self._fork: socket.socket | None = None

    def follow(self, fork: socket.socket) -> None:
        """Let the exit code come from here: the kernel is a fork of a warm interpreter, the program only holds its walls."""
        self._fork = fork

    @property
    def last_words(self) -> str:
        """Return the end of what it said."""
        return self._said.decode("utf-8", "replace")

    def listen(self, seconds: float) -> int | None:
        """Wait, taking in what it says; return its exit code when it has ended."""
        wanted = [self._heard, *([self._fork] if self._fork else [])]
        heard = select.select(wanted, [], [], seconds)[0]
        if self._heard in heard:
            said = os.read(self._heard, 1 << 16)
            self._said = (self._said + said)[-LAST_WORDS:]
            if said == b"":  # it ended, or it closed its output
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.program.wait(seconds)
        code = self.program.poll()
        if self._fork in heard:
            code = self._answer()
        return None if code is None else _as_a_shell(code)

    def _answer(self) -> int:
        try:
            return int(self._fork.recv(16) or -signal.SIGKILL)
        except ConnectionResetError:  # the warm interpreter died before it heard us
            return -signal.SIGKILL

    def end(self) -> int:
        """End it with all that it started, wait until all are gone, return its exit code as a shell would."""
        if self.handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            select.select([self.handle], [], [])  # the last of a namespace to go is its first
            os.close(self.handle)
            self.handle = None
        elif self.program.poll() is None:
            self.program.kill()
        return _as_a_shell(self.program.wait())


def _as_a_shell(code: int) -> int:
    return code if code >= 0 else 128 - code
