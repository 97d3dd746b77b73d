"""Python and the packages that the kit asks for, against the versions tried together."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from effcv_lab.doctor.finding import Finding, by_system, command, in_conda, this_python
from effcv_lab.folders import course_folder

NEEDED_PYTHON = (3, 11)


def check_python() -> list[Finding]:
    """Check that Python is new enough."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= NEEDED_PYTHON:
        return [Finding("ok", "python", f"{found} at {sys.executable}")]
    wanted = ".".join(map(str, NEEDED_PYTHON))
    mend = by_system(
        linux="remove .venv, then: make lab PYTHON=python3.12 (after: sudo apt install python3.12)",
        macos="remove .venv, then: make lab PYTHON=python3.12 (after: brew install python@3.12)",
        windows="winget install Python.Python.3.12, then make the environment again",
    )
    return [Finding("FAIL", "python", f"{found} is too old, {wanted} or newer is needed", mend)]


def check_packages() -> list[Finding]:
    """Check that each direct dependency is installed in the version that was tried."""
    needed, for_tests = direct_dependencies()
    pins = read_pins(course_folder())
    findings, alike = [], 0
    for name in needed:
        found, pin = installed_version(name), pins.get(name)
        if found is None:
            findings.append(Finding("FAIL", name, "is not installed", install(name)))
        elif pin and found != pin:
            says = f"{found} is installed, the kit was tried with {pin}"
            findings.append(Finding("warn", name, says, install(name)))
        else:
            alike += 1
    how = "as tried together" if pins else "present (no constraints.txt here to compare with)"
    says = f"{alike} of {len(needed)} {how}"
    missing = [name for name in for_tests if installed_version(name) is None]
    if missing:
        words = f"{', '.join(missing)} not installed; only for `make test`"
        findings.append(Finding("warn", "for tests", words, install(*missing)))
    return [Finding("ok" if alike == len(needed) else "warn", "packages", says), *findings]


def direct_dependencies() -> tuple[list[str], list[str]]:
    """Return the names that the kit asks for: always, and for its tests.

    Read from ``pyproject.toml`` of the course folder, else from the installed package.
    """
    folder = course_folder()
    if folder and (folder / "pyproject.toml").is_file():
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        groups = project["dependencies"], project["optional-dependencies"]["test"]
        return tuple([_name(line) for line in group] for group in groups)
    lines = metadata.requires("effcv-lab") or []
    needed = [_name(line) for line in lines if "extra ==" not in line]
    return needed, [_name(line) for line in lines if "extra ==" in line]


def read_pins(folder: Path | None) -> dict[str, str]:
    """Return the versions that ``constraints.txt`` pins, by name; empty without such a file."""
    if folder is None or not (folder / "constraints.txt").is_file():
        return {}
    lines = (folder / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("#")[0].split("==") for line in lines)
    return {_name(pair[0]): pair[1].strip() for pair in pairs if len(pair) == 2}


def installed_version(name: str) -> str | None:
    """Return the installed version without its build mark (``2.15.0+cpu`` is ``2.15.0``)."""
    try:
        return (metadata.version(name) or "unknown").partition("+")[0]
    except metadata.PackageNotFoundError:
        return None


def install(*names: str, again: bool = False) -> str:
    """Write the command that brings these packages to the versions that were tried."""
    folder = course_folder()
    if in_conda() and folder and not again:
        return command("conda", "env", "update", "--file", str(folder / "environment.yml"))
    pins = read_pins(folder)
    wanted = [f"{name}=={pins[name]}" if name in pins else name for name in names]
    words = ["--force-reinstall", "--no-deps"] if again else []
    return this_python("-m", "pip", "install", *words, *wanted)


def reinstall() -> str:
    """Write the command that installs the kit and all that it needs once more."""
    folder = course_folder()
    if folder is None:
        return this_python("-m", "pip", "install", "--force-reinstall", "effcv-lab")
    constraints = ["--constraint", str(folder / "constraints.txt")]
    return this_python("-m", "pip", "install", *constraints, "--editable", str(folder))


def _name(requirement: str) -> str:
    """Return the bare name: ``scipy>=1.9; extra == 'test'`` is about ``scipy``."""
    return re.match(r"[A-Za-z0-9._-]+", requirement.strip())[0].lower().replace("_", "-")
