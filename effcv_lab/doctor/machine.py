"""The machine around Python: memory, folders, packaged data, programs that a few things need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from effcv_lab.doctor.finding import Finding, by_system
from effcv_lab.doctor.packages import direct_dependencies, reinstall
from effcv_lab.folders import cache_folder, course_folder

ASSETS = Path(__file__).resolve().parent.parent / "assets"
PACKAGED = ("fashion_mnist_12000.npz",)
COMFORTABLE_GB = 2.0
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM_PATHS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)


def check_file_names() -> list[Finding]:
    """Look for files that hide a module: ``ssl.py`` beside a notebook breaks torch."""
    needed, _ = direct_dependencies()
    modules = {"ssl", *sys.stdlib_module_names, *(name.replace("-", "_") for name in needed)}
    folders = {Path.cwd()}
    if course := course_folder():
        folders |= {course, course / "lectures", *(course / "assignments").glob("*")}
    findings = []
    for path in sorted(path for folder in folders for path in folder.glob("*.py")):
        if path.stem in modules:
            says = f"{path} hides the module {path.stem}"
            findings.append(Finding("FAIL", "file names", says, "give the file another name"))
    return findings or [Finding("ok", "file names", "no file here hides a module")]


def check_data() -> list[Finding]:
    """Check that the packaged images are whole; each part of the file has its checksum inside."""
    findings, size = [], 0
    for name in PACKAGED:
        path = ASSETS / name
        try:
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
            trouble = f"is damaged in {damaged}" if damaged else ""
            size += path.stat().st_size
        except FileNotFoundError:
            trouble = "is missing"
        except (OSError, zipfile.BadZipFile) as error:
            trouble = f"cannot be read ({error})"
        if trouble:
            in_git = (ASSETS.parent.parent / ".git").exists()
            mend = f"git checkout -- effcv_lab/assets/{name}" if in_git else reinstall()
            findings.append(Finding("FAIL", "data", f"{path} {trouble}", mend))
    return findings or [Finding("ok", "data", f"packaged images are whole, {size / 1e6:.1f} MB")]


def check_cache() -> list[Finding]:
    """Check that trained models can be kept."""
    mend = by_system(
        linux='export EFFCV_CACHE="$HOME/effcv-cache"',
        macos='export EFFCV_CACHE="$HOME/effcv-cache"',
        windows='setx EFFCV_CACHE "%USERPROFILE%\\effcv-cache"',
    )
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"effcv")
    except (OSError, RuntimeError) as error:
        says = f"cannot be written ({error}): every run trains anew"
        return [Finding("warn", "cache", says, mend)]
    free = shutil.disk_usage(folder).free / 1e9
    return [Finding("ok", "cache", f"{folder} can be written, {free:.0f} GB free")]


def check_memory() -> list[Finding]:
    """Check that there is room in memory for a lecture."""
    free = free_memory_gb()
    if free is None:
        return [Finding("warn", "memory", "this system does not say how much is free")]
    if free < COMFORTABLE_GB:
        says = f"{free:.1f} GB free; a lecture is comfortable with {COMFORTABLE_GB:.0f} GB"
        return [Finding("warn", "memory", says, "close other programs and notebooks' kernels")]
    return [Finding("ok", "memory", f"{free:.1f} GB free")]


def free_memory_gb() -> float | None:
    """Return the memory that can still be used, a container's limit included; None if unknown."""
    try:
        import psutil

        free = psutil.virtual_memory().available
    except (ImportError, OSError):
        return None
    try:  # a container (JupyterHub): its own limit, cgroup v2
        group = Path("/sys/fs/cgroup")
        limit, used = ((group / f"memory.{what}").read_text() for what in ("max", "current"))
        free = min(free, int(limit) - int(used))
    except (OSError, ValueError):
        pass
    return free / 1e9


def check_chromium() -> list[Finding]:
    """Look for a browser for the browser tests."""
    given = os.environ.get("EFFCV_CHROMIUM")
    found = [path for path in map(shutil.which, [given or "", *CHROMIUM_NAMES]) if path]
    found += [path for path in CHROMIUM_PATHS if os.path.isfile(path)]
    if found:
        return [Finding("ok", "chromium", found[0])]
    mend = by_system(
        linux="sudo apt install chromium",
        macos="brew install --cask chromium",
        windows="winget install Google.Chrome",
    )
    return [Finding("warn", "chromium", "not found; only for the browser tests", mend)]


def check_bubblewrap() -> list[Finding]:
    """Check that submissions can be graded in a sandbox; only instructors need that."""
    program = shutil.which("bwrap")
    if program is None:
        mend = by_system(
            linux="sudo apt install bubblewrap",
            macos="grade on Linux, for example in a container",
            windows="grade on Linux, for example in WSL: sudo apt install bubblewrap",
        )
        says = "not found; only for grading and its tests"
        return [Finding("warn", "bubblewrap", says, mend)]
    words = [program, "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "true"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=20)
        trouble = done.stderr.strip() if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        trouble = str(error)
    if trouble:
        says = f"cannot make a sandbox ({' '.join(trouble.split())}); only for grading"
        mend = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (as on Ubuntu 24.04)"
        return [Finding("warn", "bubblewrap", says, mend)]
    return [Finding("ok", "bubblewrap", program)]
