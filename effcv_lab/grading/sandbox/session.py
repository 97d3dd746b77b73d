"""A sandboxed kernel from Python: start it, run code with a limit of wall-clock time, look at what came, end it."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from effcv_lab.arguments import number_in
from effcv_lab.grading.sandbox.kernelspec import NAME, write_kernelspec
from effcv_lab.grading.sandbox.limits import MB
from effcv_lab.grading.sandbox.refusals import SandboxUnavailable
from effcv_lab.grading.sandbox.scratch import scratch_folder
from effcv_lab.grading.sandbox.settings import Settings
from effcv_lab.grading.sandbox.status import Status, beside

MESSAGE_BYTES = 8 * MB  # of one message: a larger one is not taken in, its connection is dropped
WAITING_MESSAGES = 32  # what a kernel can make us hold is at most this many messages
KEPT_BYTES = MB  # of one run's outputs
START_SECONDS, GRACE_SECONDS, LOOK_SECONDS = 60, 2, 0.05
OUTPUTS = ("stream", "display_data", "execute_result", "error")


@dataclass
class Outcome:
    """What came of one run.

    Attributes
    ----------
    ended : str
        "ok"; "error" (Python raised); "timeout" (interrupted after the time allowed); "died" (the kernel is gone).
    outputs : list of dict
        Messages' contents with their "output_type", as in a notebook.
    cut : bool
        More came than was kept.
    """

    ended: str = "ok"
    outputs: list[dict[str, Any]] = field(default_factory=list)
    cut: bool = False

    def take(self, kind: str, content: dict[str, Any], size: int) -> None:
        """Keep one output, unless more than ``KEPT_BYTES`` came before and with it."""
        if size <= KEPT_BYTES:
            self.outputs.append({"output_type": kind, **content})
        else:
            self.cut = True
        if kind == "error":
            self.ended = "error"

    @property
    def text(self) -> str:
        """Return what was printed, results and errors among it."""
        return "".join(map(_shown, self.outputs))


def _shown(output: dict[str, Any]) -> str:
    data = output.get("data")
    plain = data.get("text/plain") if isinstance(data, dict) else None
    return str(output.get("text") or plain or output.get("evalue", ""))


class SandboxedKernel:
    """A started kernel; see :func:`sandboxed_kernel`."""

    def __init__(self, manager, client, status_file: Path):
        self._manager, self._client, self._status_file = manager, client, status_file
        self._at_the_end: Status | None = None

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._manager.is_alive()

    @property
    def status(self) -> Status:
        """How it is held and, when it has ended, why."""
        return self._at_the_end or Status.read(self._status_file)

    def run(self, code: str, seconds: float = 60) -> Outcome:
        """Run code as one cell.

        Parameters
        ----------
        code : str
        seconds : float > 0
            Wall-clock time; then the code is interrupted, and a kernel that does not heed it is ended.
        """
        number_in("seconds", seconds, 0, open_low=True)
        outcome = Outcome()
        asked = self._client.execute(code, allow_stdin=False)
        if not self._collect(asked, outcome, seconds):
            self._manager.interrupt_kernel()
            if not self._collect(asked, outcome, GRACE_SECONDS):
                self.end()
            outcome.ended = "timeout"
        return outcome

    def _collect(self, asked: str, outcome: Outcome, seconds: float) -> bool:
        """Take in what a run sends; return whether it came to an end, be it the kernel's, in time."""
        stop, replied, size = time.monotonic() + seconds, False, 0
        while time.monotonic() < stop:
            message = _next(self._client.get_iopub_msg, LOOK_SECONDS)
            if message is None:
                if not self.alive:
                    outcome.ended = "died"
                    return True
                if _answers(_next(self._client.get_shell_msg, 0), asked):
                    # That it is idle should have come before, but was lost with too large a message.
                    replied, stop = True, min(stop, time.monotonic() + GRACE_SECONDS)
            elif _answers(message, asked):
                kind, content = message["msg_type"], message["content"]
                if kind == "status" and content.get("execution_state") == "idle":
                    return True
                if kind in OUTPUTS:
                    size += sum(map(len, map(str, content.values())))
                    outcome.take(kind, content, size)
        if replied:
            outcome.cut = True
            self._reconnect()
        return replied

    def _reconnect(self) -> None:
        """Hear the kernel again: ZeroMQ gives a connection up for good when a message is larger than allowed."""
        channel = self._client.iopub_channel.socket
        address = channel.LAST_ENDPOINT
        channel.disconnect(address)
        channel.connect(address)
        stop = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < stop:
            message = _next(self._client.get_iopub_msg, LOOK_SECONDS)
            if message is not None and message["msg_type"] == "iopub_welcome":
                return

    def end(self) -> Status:
        """End the kernel and all that it started; return why it ended."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._manager.signal_kernel(signal.SIGTERM)
        stop = time.monotonic() + GRACE_SECONDS
        while self.alive and time.monotonic() < stop:
            time.sleep(0.01)
        self._manager.shutdown_kernel(now=True)
        self._at_the_end = self.status
        return self._at_the_end


@contextlib.contextmanager
def sandboxed_kernel(
    folder: str | Path, settings: Settings | None = None
) -> Iterator[SandboxedKernel]:
    """Start a kernel for the submission in a folder; whatever happens, it is ended and its traces are removed.

    Parameters
    ----------
    folder : path
        The kernel works on a copy of its plain files, notebooks left out.
    settings : Settings, optional

    Raises
    ------
    SandboxUnavailable
        If this system has no sandbox: the message says what to install or switch on.
    RuntimeError
        If no kernel came up, with the reason (the folder's files may be too large).
    OSError
        If none came up for no reason of the submission's (the disk is full, the machine far too busy).

    Examples
    --------
    >>> with sandboxed_kernel("autograded/ann/a1") as kernel:  # doctest: +SKIP
    ...     kernel.run("1 + 1").text
    '2'
    """
    import zmq
    from jupyter_client import KernelManager
    from jupyter_client.kernelspec import KernelSpecManager

    with contextlib.ExitStack() as stack:
        place = stack.enter_context(scratch_folder())
        context = zmq.Context()
        stack.callback(context.destroy, linger=0)
        context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES)
        context.setsockopt(zmq.RCVHWM, WAITING_MESSAGES)
        write_kernelspec(place, settings or Settings())
        manager = KernelManager(
            kernel_name=NAME,
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(place / "kernels")]),
            transport="ipc",
            ip=str(place / "k"),
            connection_file=str(place / "connection.json"),
            context=context,
        )
        manager.start_kernel(cwd=str(folder))
        client = manager.client(context=context)
        kernel = SandboxedKernel(manager, client, beside(str(place / "k")))
        stack.callback(client.stop_channels)
        stack.callback(kernel.end)
        client.start_channels(stdin=False, hb=False, control=False)
        _wait(kernel, client)
        yield kernel


def _wait(kernel: SandboxedKernel, client) -> None:
    """Wait until a kernel answers and is heard; Jupyter's own way takes 0.2 s longer."""
    stop = time.monotonic() + START_SECONDS
    while kernel.alive and kernel.status.state == "starting" and time.monotonic() < stop:
        time.sleep(LOOK_SECONDS / 5)
    came = kernel.status.state != "starting"
    asked, stop = client.kernel_info(), time.monotonic() + START_SECONDS
    while came and kernel.alive and time.monotonic() < stop:
        if _answers(_next(client.get_shell_msg, LOOK_SECONDS), asked):
            _next(client.get_iopub_msg, GRACE_SECONDS)  # its welcome, or that it was busy
            return
    silent = came and kernel.alive
    status = kernel.end()
    if status.state == "unavailable":
        raise SandboxUnavailable(status.words)
    if silent:  # nothing of a submission has run
        raise OSError(f"a kernel came up but did not answer within {START_SECONDS} s")
    if not came or status.state in ("starting", "trouble"):
        raise OSError(f"the sandbox did not come up: {status.words or 'it said nothing'}")
    raise RuntimeError(status.words or "no kernel came up")


def _next(get, seconds: float) -> dict | None:
    """Return a channel's next message; None if none came in time, or none that is one.

    A submission has the kernel's key and may send whatever it likes: Jupyter then raises whatever it likes.
    """
    try:
        return get(timeout=seconds)
    except Exception:  # queue.Empty: none came
        return None


def _answers(message: dict | None, asked: str) -> bool:
    """Say whether a message has the form of one, and belongs to what was asked."""
    if message is None or not isinstance(message["content"], dict):
        return False
    parent = message["parent_header"]
    return isinstance(parent, dict) and parent.get("msg_id") == asked
