"""Say what a run was made on, without saying whose machine it is."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch

import effcv_lab


def describe_machine() -> dict[str, dict[str, Any]]:
    """Say what a run was made on: the ``hardware`` and the ``versions`` of a :class:`Record`.

    Names of products only: no name of the host or of a person, no path.

    Examples
    --------
    >>> sorted(describe_machine()["versions"])
    ['effcv_lab', 'numpy', 'python', 'torch']
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    hardware = {
        "cpu": _cpu_name(),
        "cores": cores,
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "system": _system_name(),
    }
    versions = {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "effcv_lab": effcv_lab.__version__,
    }
    return {"hardware": hardware, "versions": versions}


def _cpu_name() -> str:
    """Return the processor's product name, without marks and clock rates."""
    name = ""
    if platform.system() == "Linux":
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
        name = found[1] if found else ""
    elif platform.system() == "Darwin":
        name = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True
        ).stdout
    name = name or platform.processor() or platform.machine()
    name = re.sub(r"\((R|TM)\)|\bCPU\b|\b\d+-Core\b|\bProcessor\b|@.*", " ", name)
    return " ".join(name.split())


def _system_name() -> str:
    """Return the operating system with its version, such as ``Debian GNU/Linux 12 (bookworm)``."""
    if platform.system() == "Darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
