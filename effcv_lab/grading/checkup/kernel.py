"""A fresh kernel of this Python that runs one cell at a time, in an empty folder.

nbclient would do, but it waits for ever for a cell that swallows the interrupt.
"""

from __future__ import annotations

import os
import queue
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import effcv_lab

if TYPE_CHECKING:
    from nbformat import NotebookNode

START_SECONDS, GRACE_SECONDS, LOOK_SECONDS = 60, 5, 0.1
KEPT_CHARACTERS = 1_000_000  # of one cell's outputs
OUTPUTS = ("stream", "display_data", "execute_result", "error")
OK, ERROR, TIMEOUT, DIED, EXITED, NOT_RUN = "ok", "error", "timeout", "died", "exited", "not run"


@dataclass
class Ran:
    """What came of one cell.

    Attributes
    ----------
    ended : {"ok", "error", "timeout", "died", "exited", "not run"}
        Python raised; the cell was interrupted; the kernel is gone; the code asked it to go.
    outputs : list of NotebookNode
    characters : int
        How much came; at most ``KEPT_CHARACTERS`` of it are kept.
    """

    ended: str = OK
    outputs: list[NotebookNode] = field(default_factory=list)
    characters: int = 0

    @property
    def error(self) -> NotebookNode | None:
        """The first error that came."""
        return next((o for o in self.outputs if o.output_type == "error"), None)

    @property
    def printed(self) -> str:
        """What was printed."""
        streams = [o.text for o in self.outputs if o.output_type == "stream" and o.name == "stdout"]
        return "".join(streams)

    def take(self, message: dict[str, Any]) -> None:
        """Keep one output, unless too much came before."""
        from nbformat.v4 import output_from_msg

        content = message["content"]
        self.characters += len(str(content.get("text", ""))) or len(str(content))
        if message["msg_type"] == "error":
            self.ended = ERROR
        elif self.characters > KEPT_CHARACTERS:
            return
        self.outputs.append(output_from_msg(message))


class Kernel:
    """A started kernel; see :func:`fresh_kernel`."""

    def __init__(self, manager, client):
        self._manager, self._client = manager, client
        self.gone = False

    def run(self, source: str, seconds: float) -> Ran:
        """Run one cell; interrupt it after ``seconds``, and end the kernel if it does not heed that."""
        if self.gone:
            return Ran(NOT_RUN)
        ran = Ran()
        asked = self._client.execute(source, allow_stdin=False, stop_on_error=False)
        until, interrupted = time.monotonic() + seconds, False
        while True:
            if time.monotonic() > until:
                if interrupted:
                    return self._end(ran, TIMEOUT)
                self._manager.interrupt_kernel()
                until, interrupted = time.monotonic() + GRACE_SECONDS, True
            try:
                message = self._client.get_iopub_msg(timeout=LOOK_SECONDS)
            except queue.Empty:
                if not self._manager.is_alive():
                    return self._end(ran, DIED)
                continue
            kind = message["msg_type"]
            if message["parent_header"].get("msg_id") != asked:
                continue
            if kind in OUTPUTS:
                ran.take(message)
            elif kind == "status" and message["content"]["execution_state"] == "idle":
                break
        if self._said_goodbye(asked):
            return self._end(ran, EXITED)
        if interrupted:
            ran.ended = TIMEOUT
        return ran

    def _said_goodbye(self, asked: str) -> bool:
        """Tell whether the code called ``exit()``, after which the kernel goes by itself."""
        with suppress(queue.Empty):
            while True:
                reply = self._client.get_shell_msg(timeout=GRACE_SECONDS)
                if reply["parent_header"].get("msg_id") == asked:
                    wishes = reply["content"].get("payload") or []
                    return any(wish.get("source") == "ask_exit" for wish in wishes)
        return False

    def _end(self, ran: Ran, ended: str) -> Ran:
        self.gone, ran.ended = True, ended
        self._manager.shutdown_kernel(now=True)
        return ran


@contextmanager
def fresh_kernel() -> Iterator[Kernel]:
    """Start a kernel of the Python that runs this, in an empty folder, and end it afterwards.

    Raises
    ------
    RuntimeError
        If it does not start.
    """
    from ipykernel.kernelspec import write_kernel_spec
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import KernelManager

    with tempfile.TemporaryDirectory(prefix="effcv-check-", ignore_cleanup_errors=True) as place:
        # A kernelspec of our own: the one called python3 may be that of another Python.
        write_kernel_spec(Path(place, "kernels", "check"))
        folder = Path(place, "work")
        folder.mkdir()
        specs = KernelSpecManager(kernel_dirs=[str(Path(place, "kernels"))])
        manager = KernelManager(kernel_name="check", kernel_spec_manager=specs)
        manager.start_kernel(
            cwd=str(folder),
            env=_environment(),
            extra_arguments=["--HistoryManager.enabled=False"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        client = manager.client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=START_SECONDS)
            yield Kernel(manager, client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def _environment() -> dict[str, str]:
    """Let the kernel find the kit also where it is not installed, but started in its own folder."""
    home = Path(effcv_lab.__file__).resolve().parent.parent
    if "site-packages" in home.parts:
        return dict(os.environ)
    paths = [str(home), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
