"""Warm starts: torch is imported once for a class instead of once for each submission."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import subprocess
import sys
from collections.abc import Iterator

from effcv_lab.grading.sandbox.bubblewrap import environment
from effcv_lab.grading.sandbox.scratch import scratch_folder
from effcv_lab.grading.sandbox.settings import Settings

ZYGOTE = "effcv_lab.grading.sandbox.zygote"
WAITING = 128
START_SECONDS, END_SECONDS = 120, 5


@contextlib.contextmanager
def warm_interpreter(settings: Settings) -> Iterator[str]:
    """Keep an interpreter with torch and the kernel's libraries imported, which forks for each submission.

    Yields
    ------
    address : str
        For ``Settings(warm=address)``; who uses it must have the same ``variables``, as libraries read some of them when
        they are imported.

    Raises
    ------
    RuntimeError
        If it does not come up in two minutes.
    """
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(scratch_folder())
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(place / "warm"))
        listener.listen(WAITING)
        ready, tell_ready = (stack.enter_context(end) for end in socket.socketpair())
        program = subprocess.Popen(
            [*_command(listener), str(tell_ready.fileno()), *settings.preload],
            cwd="/",
            # Libraries may keep files of their own at home: here that is a folder that goes again.
            env=environment(settings)
            | {"HOME": str(place), "MPLCONFIGDIR": str(place)}
            | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"},  # else a debugger's words of importing it
            pass_fds=[listener.fileno(), tell_ready.fileno()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a terminal's Ctrl-C is for who started it
        )
        stack.callback(_end, program)
        tell_ready.close()
        listener.close()  # should the program die, who asks must be refused, not left waiting
        if not select.select([ready], [], [], START_SECONDS)[0] or not ready.recv(5):
            raise RuntimeError("the warm interpreter did not come up")
        yield str(place / "warm")


def _command(listener: socket.socket) -> list[str]:
    return [sys.executable, "-I", "-m", ZYGOTE, str(listener.fileno())]


def _end(program: subprocess.Popen) -> None:
    program.stdin.close()
    try:
        program.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def reach(address: str) -> socket.socket | None:
    """Connect to a warm interpreter; None if nobody answers."""
    asking = socket.socket(socket.AF_UNIX)
    try:
        asking.connect(address)
    except OSError:
        asking.close()
        return None
    return asking


def ask(asking: socket.socket, plan: dict, variables: dict[str, str], first: int) -> None:
    """Ask for a fork that runs a plan inside walls.

    Parameters
    ----------
    asking : socket
        It answers with the kernel's exit code when the kernel ends.
    plan : dict
        As :mod:`effcv_lab.grading.sandbox.inside` takes it, with ``said``, the descriptor for output and errors.
    variables : dict of str
        The kernel's whole environment.
    first : int
        File descriptor (``pidfd``) of the first process inside the walls.
    """
    handed = [plan["files"], plan["ready"], plan["said"], first, *plan["sockets"].values()]
    request = {"plan": plan, "variables": variables, "first": first, "descriptors": handed}
    socket.send_fds(asking, [json.dumps(request).encode()], handed)
