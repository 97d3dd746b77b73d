"""Start a kernel: behind walls, cold or warm, or, if that was asked for in so many words, without."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from effcv_lab.grading.sandbox import bubblewrap, warm
from effcv_lab.grading.sandbox.folder import pack
from effcv_lab.grading.sandbox.refusals import SandboxUnavailable, explain_refusal
from effcv_lab.grading.sandbox.running import Running
from effcv_lab.grading.sandbox.seccomp import refusals
from effcv_lab.grading.sandbox.settings import UNSAFE, Settings

INSIDE = "effcv_lab.grading.sandbox.inside"
#: Says that the walls stand, and keeps them standing.
HOLDER = ("/bin/sh", "-c", "echo; exec sleep infinity")


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
        files = stack.enter_context(pack(".", settings.limits))
        plan = {
            "limits": settings.limits.as_dict(),
            "alone": settings.kind != UNSAFE,
            "folder": bubblewrap.HOME,
            "connection": connection,
            "sockets": sockets,
            "files": files.fileno(),
        }
        said = ""
        for way in (_open,) if settings.kind == UNSAFE else (_warm, _cold):
            files.seek(0)  # a warm interpreter may have died on the way
            running, up = _try(stack, way, settings, dict(plan))
            if up:
                yield running
                return
            said = running.last_words if running else said
        raise SandboxUnavailable(_why_not(said))


def _try(
    stack: contextlib.ExitStack, way: Callable, settings: Settings, plan: dict
) -> tuple[Running | None, bool]:
    """Start a kernel in one way; say also whether it came as far as its limits."""
    ready, tell_ready = _pipe(stack)
    heard, said = _pipe(stack)
    plan |= {"ready": tell_ready.fileno(), "said": said.fileno()}
    running = way(stack, settings, plan, heard.fileno())
    tell_ready.close()
    said.close()
    if running is None or ready.read(5) == b"ready":
        return running, running is not None
    running.end()
    running.listen(0)
    return running, False


def _why_not(said: str) -> str:
    if said.startswith("bwrap:"):
        return explain_refusal(said)
    return f"the sandbox was made, but no kernel started in it; it said: {said or 'nothing'}"


def _cold(stack: contextlib.ExitStack, settings: Settings, plan: dict, heard: int) -> Running:
    """Start a Python inside the walls."""
    handed = [plan["files"], plan["ready"], *plan["sockets"].values()]
    with _file(json.dumps(plan)) as file:
        command = _python(file)
        return _walled(stack, settings, command, [file.fileno(), *handed], plan["said"], heard)


def _warm(
    stack: contextlib.ExitStack, settings: Settings, plan: dict, heard: int
) -> Running | None:
    """Let a warm interpreter fork into empty walls; None if there is none."""
    asking = settings.warm and warm.reach(settings.warm)
    if not asking:
        return None
    stack.enter_context(asking)
    running = _walled(stack, settings, HOLDER, [], plan["said"], heard)
    while running.listen(1) is None and not running.last_words:
        continue
    if running.last_words == "\n":
        with contextlib.suppress(OSError):  # it died just now
            warm.ask(asking, plan, bubblewrap.environment(settings), running.handle)
        running.follow(asking)
    return running


def _open(stack: contextlib.ExitStack, settings: Settings, plan: dict, heard: int) -> Running:
    """Start a Python without any walls, as was asked for."""
    plan["folder"] = stack.enter_context(tempfile.TemporaryDirectory(prefix="effcv-unsafe-"))
    handed = [plan["files"], plan["ready"], *plan["sockets"].values()]
    with _file(json.dumps(plan)) as file:
        environment = os.environ | settings.kernel_variables(settings.cache)
        program = _spawn(_python(file), [file.fileno(), *handed], environment, plan["said"])
    running = Running(program, heard, None)
    stack.callback(running.end)
    return running


def _walled(
    stack: contextlib.ExitStack,
    settings: Settings,
    command: Sequence[str],
    handed: Sequence[int],
    said: int,
    heard: int,
) -> Running:
    """Start a program inside the walls, with some file descriptors and nothing else of ours."""
    with contextlib.ExitStack() as ours:
        info, tell_info = _pipe(ours)
        rules = refusals()
        filter_ = [ours.enter_context(_file(rules)).fileno()] if rules else []
        words = bubblewrap.arguments(
            ".",
            settings,
            info=tell_info.fileno(),
            filter_=next(iter(filter_), None),
        )
        walls = ours.enter_context(_file("\0".join([*words, ""])))
        program = _spawn(
            [bubblewrap.find_bubblewrap(), "--args", str(walls.fileno()), "--", *command],
            [tell_info.fileno(), walls.fileno(), *filter_, *handed],
            {},  # the sandbox's first process keeps it, for all to read
            said,
        )
        tell_info.close()
        text = info.read()
        running = Running(program, heard, json.loads(text)["child-pid"] if text else None)
        stack.callback(running.end)
        return running


def _python(plan: BinaryIO) -> list[str]:
    return [sys.executable, "-I", "-m", INSIDE, str(plan.fileno())]


def _spawn(
    command: Sequence[str], descriptors: Sequence[int], environment: dict, said: int
) -> subprocess.Popen:
    return subprocess.Popen(
        command,
        env=environment,
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=said,
    )


def _pipe(stack: contextlib.ExitStack) -> list[BinaryIO]:
    """Return both ends of a pipe, closed with the stack."""
    reading, writing = os.pipe()
    return [
        stack.enter_context(os.fdopen(reading, "rb", buffering=0)),
        stack.enter_context(os.fdopen(writing, "wb", buffering=0)),
    ]


def _file(content: bytes | str) -> BinaryIO:
    """Return a file without a name on disk."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(content.encode() if isinstance(content, str) else content)
    file.seek(0)
    return file
