"""The kernel and the extensions of JupyterLab, read from their files: no server is started."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from effcv_lab.doctor.finding import Finding, this_python
from effcv_lab.doctor.packages import install

#: Lab extension -> the package that brings it, and how bad it is to be without.
LAB_EXTENSIONS = {
    "@jupyter-widgets/jupyterlab-manager": ("jupyterlab-widgets", "FAIL", "widgets do not show"),
    "anywidget": ("anywidget", "FAIL", "live demos do not show"),
    "@jupyter/nbgrader": ("nbgrader", "warn", "the Validate button is missing"),
}
SERVER_EXTENSIONS = {
    "jupyterlab": ("jupyterlab", "FAIL", "JupyterLab does not open"),
    "nbgrader.server_extensions.validate_assignment": ("nbgrader", "warn", "Validate fails"),
    "nbgrader.server_extensions.formgrader": ("nbgrader", "warn", "grading in the browser fails"),
}


def check_kernel() -> list[Finding]:
    """Check that the kernel that notebooks ask for, python3, starts this Python."""
    mend = this_python("-m", "ipykernel", "install", "--sys-prefix", "--name", "python3")
    try:
        import ipykernel  # noqa: F401
    except ImportError as error:
        return [Finding("FAIL", "kernel", f"ipykernel: {error}", install("ipykernel"))]
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return [Finding("FAIL", "kernel", "no kernel is named python3", mend)]
    program = spec.argv[0]
    # Jupyter puts its own Python for these names, wherever they would lead otherwise.
    plain = {"python", "python3", "python{}.{}".format(*sys.version_info)}
    if program in plain or _same_folder(program, sys.executable):
        return [Finding("ok", "kernel", f"python3 ({spec.display_name}) starts this Python")]
    says = f"python3 ({spec.resource_dir}) starts another Python, {program}"
    return [Finding("FAIL", "kernel", says, mend)]


def check_lab_extensions() -> list[Finding]:
    """Check the lab extensions that draw widgets and nbgrader's buttons."""
    from jupyter_core.paths import jupyter_path

    disabled = _disabled_extensions()
    findings = []
    for name, (package, status, effect) in LAB_EXTENSIONS.items():
        folders = (Path(path) / name for path in jupyter_path("labextensions"))
        if not any((folder / "package.json").is_file() for folder in folders):
            says, mend = f"is missing: {effect}", install(package, again=True)
        elif any(word == name or word.startswith(f"{name}:") for word in disabled):
            says = f"is disabled: {effect}"
            mend = this_python("-m", "jupyter", "labextension", "enable", name)
        else:
            continue
        findings.append(Finding(status, "jupyterlab", f"extension {name} {says}", mend))
    return findings or [Finding("ok", "jupyterlab", "widgets, anywidget, nbgrader enabled")]


def check_server_extensions() -> list[Finding]:
    """Check that the server loads JupyterLab and nbgrader's parts."""
    enabled = _enabled_server_extensions()
    findings = []
    for name, (package, status, effect) in SERVER_EXTENSIONS.items():
        if name not in enabled:
            says, mend = "is missing", install(package, again=True)
        elif not enabled[name]:
            words = ["server", "extension", "enable", name]
            says, mend = "is disabled", this_python("-m", "jupyter", *words)
        else:
            continue
        says = f"server extension {name} {says}: {effect}"
        findings.append(Finding(status, "server", says, mend))
    return findings or [Finding("ok", "server", "jupyterlab, nbgrader enabled")]


def _same_folder(program: str, other: str) -> bool:
    """Compare without following links: each environment links to a Python outside of it."""
    folders = [os.path.dirname(os.path.abspath(path)) for path in (program, other)]
    return os.path.normcase(folders[0]) == os.path.normcase(folders[1])


def _disabled_extensions() -> set[str]:
    """Return what page_config.json files switch off; a nearer file has the last word."""
    from jupyter_core.paths import jupyter_config_path

    state: dict[str, bool] = {}
    for folder in reversed(jupyter_config_path()):
        entry = _read(Path(folder) / "labconfig" / "page_config.json").get("disabledExtensions", {})
        state |= entry if isinstance(entry, dict) else dict.fromkeys(entry, True)
    return {name for name, off in state.items() if off}


def _enabled_server_extensions() -> dict[str, bool]:
    from jupyter_core.paths import jupyter_config_path

    state: dict[str, bool] = {}
    for folder in map(Path, reversed(jupyter_config_path())):
        files = sorted((folder / "jupyter_server_config.d").glob("*.json"))
        for path in [*files, folder / "jupyter_server_config.json"]:
            state |= _read(path).get("ServerApp", {}).get("jpserver_extensions", {})
    return state


def _read(path: Path) -> dict:
    """Return the content of a JSON file, empty if there is none or it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
