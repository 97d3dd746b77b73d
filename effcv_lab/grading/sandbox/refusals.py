"""Why there is no sandbox on a system, and what to do about it, in words for an instructor."""

from __future__ import annotations

from pathlib import Path

from effcv_lab.grading.sandbox.settings import UNSAFE

LAST_RESORT = (
    f"Only who asks for it in so many words ({UNSAFE!r}) grades without a sandbox: then a submission may read, change and "
    "send whatever you may."
)
#: Switches of Linux that refuse a sandbox: file, content that refuses, what to do.
SWITCHES = [
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "Ubuntu's AppArmor forbids programs of ordinary users to open namespaces. Allow it to bubblewrap alone with a "
        "profile, /etc/apparmor.d/bwrap:\n"
        "    abi <abi/4.0>,\n"
        "    include <tunables/global>\n"
        "    profile bwrap /usr/bin/bwrap flags=(unconfined) { userns, }\n"
        "and `sudo systemctl reload apparmor`; or to all programs: "
        "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`.",
    ),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "This Linux forbids ordinary users to open namespaces: `sudo sysctl -w kernel.unprivileged_userns_clone=1`.",
    ),
    (
        "/proc/sys/user/max_user_namespaces",
        "0",
        "This Linux allows no user namespaces: `sudo sysctl -w user.max_user_namespaces=15000`.",
    ),
]
IN_A_CONTAINER = (
    "In a container (Docker, JupyterHub on Kubernetes, a CI job) the container itself must allow namespaces and a /proc of "
    "the sandbox's own: `docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined`; or grade outside of it."
)
TOO_OLD = "This bubblewrap is too old: 0.8 or newer is needed (Debian 12, Ubuntu 24.04, Fedora 38)."


class SandboxUnavailable(RuntimeError):
    """There is no sandbox on this system; the message says what to install or to switch on."""


def explain_missing() -> str:
    """Say how to install bubblewrap.

    Examples
    --------
    >>> "apt install bubblewrap" in explain_missing()
    True
    """
    return (
        "bubblewrap (the program `bwrap`) is not installed, and strangers' code is not run without a sandbox. Install it: "
        "`sudo apt install bubblewrap` (Debian, Ubuntu), `sudo dnf install bubblewrap` (Fedora), "
        "`sudo pacman -S bubblewrap` (Arch), `conda install -c conda-forge bubblewrap`. It needs Linux: on macOS and Windows "
        f"grade in a Linux virtual machine (WSL 2 is one). {LAST_RESORT}"
    )


def explain_refusal(said: str) -> str:
    """Say what to switch on, from what bubblewrap said and what this system's switches are.

    Examples
    --------
    >>> print(explain_refusal("bwrap: Unknown option --disable-userns").splitlines()[1])
    This bubblewrap is too old: 0.8 or newer is needed (Debian 12, Ubuntu 24.04, Fedora 38).
    """
    lines = [f"bubblewrap could not make a sandbox; it said: {said.strip()[-500:] or 'nothing'}"]
    if "nknown option" in said:
        lines.append(TOO_OLD)
    else:
        lines += [advice for file, refuses, advice in SWITCHES if _content(file) == refuses]
        lines += [IN_A_CONTAINER] if len(lines) == 1 else []
    return "\n".join([*lines, LAST_RESORT])


def _content(file: str) -> str | None:
    try:
        return Path(file).read_text(encoding="ascii").strip()
    except OSError:
        return None
