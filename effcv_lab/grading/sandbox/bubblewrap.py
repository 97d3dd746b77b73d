"""The walls: which part of the machine a submission sees, as arguments of ``bwrap``.

Seen are, for reading only, ``/usr``, the base Python, the environment and this package. Written may be one folder in memory,
of bounded size, which goes when the last process goes: ``/home`` and, in it, ``/tmp``. All else is not there.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from effcv_lab.grading.sandbox.limits import Limits
from effcv_lab.grading.sandbox.refusals import SandboxUnavailable, explain_missing, explain_refusal
from effcv_lab.grading.sandbox.settings import Settings

HOME = "/home/student"
NETS = "/home/nets"
USER_ID = "1000"
ISOLATION = (
    *("--unshare-all", "--unshare-user", "--disable-userns", "--hostname", "sandbox"),
    *("--uid", USER_ID, "--gid", USER_ID, "--cap-drop", "ALL"),
    *("--clearenv", "--new-session", "--die-with-parent"),
)
NEEDED = ("ipykernel", "torch", "effcv_lab")


def find_bubblewrap() -> str:
    """Return the path of ``bwrap``.

    Raises
    ------
    SandboxUnavailable
        If there is none, with the command that installs it.
    """
    found = shutil.which("bwrap")
    if found is None:
        raise SandboxUnavailable(explain_missing())
    return found


def require_sandbox() -> None:
    """Try the sandbox once on this system: to be asked before a class is graded.

    Raises
    ------
    SandboxUnavailable
        If bubblewrap is missing, or the system refuses what it needs: the message says what to install or switch on.
    """
    arguments = [*ISOLATION, *_system(), *_memory(Limits())]
    done = subprocess.run(
        [find_bubblewrap(), *arguments, "--", "/usr/bin/true"],
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode != 0:
        raise SandboxUnavailable(explain_refusal(done.stderr))
    shown_folders()


def shown_folders() -> list[Path]:
    """Return what a submission sees beside ``/usr``: base Python, environment, this package; none lies in another.

    Raises
    ------
    SandboxUnavailable
        If a library that kernels need lies elsewhere.
    """
    real = Path(os.path.realpath(sys.executable)).parent.parent
    wanted = [Path(sys.base_prefix), real, Path(sys.prefix), _place_of("effcv_lab")]
    shown: list[Path] = []
    for folder in wanted:
        if not any(folder.is_relative_to(other) for other in [*shown, Path("/usr")]):
            shown = [other for other in shown if not other.is_relative_to(folder)] + [folder]
    for name in NEEDED:
        place = _place_of(name)
        if not any(place.is_relative_to(folder) for folder in [*shown, Path("/usr")]):
            raise SandboxUnavailable(
                f"{name} lies in {place}, which the sandbox does not show. Install it in the environment of "
                f"{sys.executable} (a virtual environment or conda), not in a folder of your own account."
            )
    return shown


def _place_of(module: str) -> Path:
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise SandboxUnavailable(f"{module} is not installed for {sys.executable}")
    return Path(found.origin).parent


def arguments(
    folder: str | Path, settings: Settings, *, info: int, filter_: int | None
) -> list[str]:
    """Return the arguments of ``bwrap`` for one kernel, without the program to run.

    Parameters
    ----------
    folder : path
        Of the submission. It is not shown: this only makes sure that nothing shown has it in it.
    settings : Settings
        Their variables are the kernel's whole environment, but for PATH, HOME, USER and LANG.
    info : int
        File descriptor to which bubblewrap writes the process id of the sandbox.
    filter_ : int or None
        File descriptor with the refused system calls.

    Raises
    ------
    SandboxUnavailable
        If the environment or the package has the submission's folder in it.
    """
    shown = shown_folders()
    for place in shown:
        if Path(folder).resolve().is_relative_to(place.resolve()):
            raise SandboxUnavailable(
                f"the submissions lie in {place}, which every submission would see: keep the environment in a folder "
                "of its own, beside the course or in it"
            )
    return [
        *ISOLATION,
        *_system(),
        *_memory(settings.limits),
        *(("--ro-bind", settings.cache, NETS) if settings.cache else ()),
        *(word for place in shown for word in ("--ro-bind", str(place), str(place))),
        *(word for item in environment(settings).items() for word in ("--setenv", *item)),
        *("--remount-ro", "/", "--chdir", HOME, "--info-fd", str(info)),
        *(("--seccomp", str(filter_)) if filter_ is not None else ()),
    ]


def environment(settings: Settings) -> dict[str, str]:
    """Return a kernel's whole environment: nothing of the grader's own."""
    variables = settings.kernel_variables(settings.cache and NETS)
    paths = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    return variables | {"PATH": paths, "HOME": HOME, "USER": "student", "LANG": "C.UTF-8"}


def _system() -> list[str]:
    """Show programs and libraries of the system; a ``/proc`` and a ``/dev`` of the sandbox's own, for reading."""
    found = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        place = Path("/", name)
        if place.is_symlink():
            found += ["--symlink", os.readlink(place), str(place)]
        elif place.is_dir():
            found += ["--ro-bind", str(place), str(place)]
    for name in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"):
        found += ["--ro-bind-try", name, name]
    return [*found, "--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev"]


def _memory(limits: Limits) -> Sequence[str]:
    """Give files and shared memory a bounded place, and no other."""
    size = ("--size", str(limits.disk_bytes), "--tmpfs")
    return (
        *(*size, "/dev/shm", "--remount-ro", "/dev"),
        *(*size, "/home", "--dir", "/home/tmp", "--dir", HOME, "--symlink", "home/tmp", "/tmp"),
    )
