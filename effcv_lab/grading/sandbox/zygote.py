"""A warm interpreter: torch is imported once, and each submission gets a fork of it, put behind the walls before it runs.

``python -I -m effcv_lab.grading.sandbox.zygote LISTENER READY MODULE...`` (two file descriptors, what to import). It stays outside, runs nothing of a
submission and keeps nothing of one: who asks is heard by a fork. It ends when its standard input does, hence with the
program that started it.

A fork joins all namespaces of a sandbox that bubblewrap has made, by one ``setns``; it then forks once more, as only children
enter a process namespace, and that child keeps the descriptors it was given, gives up all rights, and lets the same filter
refuse system calls that bubblewrap loads in a cold start.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback

from effcv_lab.grading.sandbox import inside
from effcv_lab.grading.sandbox.rights import give_up_rights, join_namespaces

MOST_DESCRIPTORS = 32


def main(argv: list[str]) -> None:
    """Fork for everybody who asks, until standard input ends."""
    listener = socket.socket(fileno=int(argv[0]))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # kernels are interrupted by it
    import ipykernel.kernelapp  # noqa: F401
    import torch  # noqa: F401

    for name in argv[2:]:
        with contextlib.suppress(Exception):  # then a submission that imports it is told why
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is there already is shared by all forks: keep the collector from touching it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    os.write(int(argv[1]), b"ready")
    os.close(int(argv[1]))
    while True:
        if 0 in select.select([0, listener], [], [])[0]:
            return
        asking = listener.accept()[0]
        if os.fork() == 0:
            try:
                listener.close()
                _serve(asking)
            except BaseException:  # nothing may go on here that is not a kernel behind its walls
                traceback.print_exc()
            finally:
                os._exit(1)
        asking.close()


def _serve(asking: socket.socket) -> None:
    """Start one kernel, wait for it, and answer with its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    text, received, _, _ = socket.recv_fds(asking, 1 << 16, MOST_DESCRIPTORS)
    request = json.loads(text)
    given = dict(zip(request["descriptors"], received, strict=True))
    join_namespaces(given[request["first"]])
    child = os.fork()
    if child == 0:
        asking.close()
        _become(request, given)
    for descriptor in received:
        os.close(descriptor)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(BrokenPipeError):  # the launcher ended before its kernel
        asking.sendall(str(code).encode())
    os._exit(0)


def _become(request: dict, given: dict[int, int]) -> None:
    """Leave everything behind but the plan, then run it."""
    os.setsid()
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    for number in (1, 2):
        os.dup2(given[request["plan"]["said"]], number)
    plan = request["plan"]
    plan |= {name: given[plan[name]] for name in ("files", "ready")}
    plan["sockets"] = {address: given[number] for address, number in plan["sockets"].items()}
    kept = {0, 1, 2, plan["files"], plan["ready"], *plan["sockets"].values()}
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(int(name))
    os.environ.clear()
    os.environ.update(request["variables"])
    give_up_rights()
    inside.run(plan)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
