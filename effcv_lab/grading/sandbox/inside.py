"""What starts inside: bind this process by its limits, unpack the submission, become a Jupyter kernel.

``python -I -m effcv_lab.grading.sandbox.inside FD``, where the file descriptor holds JSON: ``limits``, ``alone`` (in walls of its own), ``folder`` (to work
in), ``files`` (descriptor of the archive), ``ready`` (descriptor to report to), ``connection`` (Jupyter's), ``sockets``
(descriptors that listen already, by address). Nothing of a submission has run before the limits bind.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from effcv_lab.grading.sandbox.folder import unpack
from effcv_lab.grading.sandbox.limits import Limits


def main(argv: list[str]) -> None:
    """Read the plan and run it."""
    with open(int(argv[0]), encoding="utf-8") as file:
        plan = json.load(file)
    run(plan)  # with the file closed: nothing of the machine's stays in hand


def run(plan: dict) -> None:
    """Run a kernel until it ends."""
    Limits(**plan["limits"]).bind(alone=plan["alone"])
    os.chdir(plan["folder"])
    with open(plan["files"], "rb") as archive:
        unpack(archive, ".")
    with open(plan["ready"], "wb") as ready:
        ready.write(b"ready")
    become_kernel(plan["connection"], plan["sockets"])


def become_kernel(connection: dict, sockets: dict[str, int]) -> None:
    """Listen where the launcher listens already, so that the sandbox needs no folder of the machine to write to."""
    from ipykernel.kernelapp import IPKernelApp

    listen_on(sockets)
    path = Path(".connection.json").absolute()  # here: without walls the home is shared by all
    path.touch(0o600)
    path.write_text(json.dumps(connection), encoding="utf-8")
    # A parent, so that the kernel does not tell a terminal how to reach it; 1 is not watched.
    IPKernelApp.launch_instance(argv=["-f", str(path), "--IPKernelApp.parent_handle=1"])


def listen_on(sockets: dict[str, int]) -> None:
    """Make ZeroMQ's ``bind`` take the descriptor given for an address."""
    import zmq

    bind = zmq.Socket.bind

    def bind_given(self, address):
        if address in sockets:
            self.setsockopt(zmq.USE_FD, sockets[address])
        return bind(self, address)

    zmq.Socket.bind = bind_given


if __name__ == "__main__":
    main(sys.argv[1:])
