"""Look over the machine: is everything here that the course needs, and if not, what to do.

Nothing here imports torch; what is checked may be broken. ``python -m effcv_lab.doctor`` or
``effcv doctor`` prints the report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from effcv_lab.doctor import jupyter, machine, packages, torch_build
from effcv_lab.doctor.finding import Finding

__all__ = ["CHECKS", "Finding", "examine", "report"]

#: Name and function of each check, in the order of the report.
CHECKS: dict[str, Callable[[], list[Finding]]] = {
    "python": packages.check_python,
    "packages": packages.check_packages,
    "file names": machine.check_file_names,
    "torch": torch_build.check_torch,
    "kernel": jupyter.check_kernel,
    "jupyterlab": jupyter.check_lab_extensions,
    "nbgrader": jupyter.check_server_extensions,
    "data": machine.check_data,
    "cache": machine.check_cache,
    "memory": machine.check_memory,
    "chromium": machine.check_chromium,
    "bubblewrap": machine.check_bubblewrap,
}


def examine() -> list[Finding]:
    """Do every check; one that breaks down is a finding too, and the others still run."""
    findings = []
    for name, check in CHECKS.items():
        try:
            findings += check()
        except Exception as error:  # whatever is broken on this machine, the report goes on
            says = f"could not be checked: {type(error).__name__}: {error}"
            findings.append(Finding("FAIL", name, " ".join(says.split()), packages.reinstall()))
    return findings


def report(findings: Sequence[Finding]) -> int:
    """Print one line for each finding and a closing line.

    Returns
    -------
    exit_code : 1 if something that the course needs is missing or broken, else 0.
    """
    for finding in findings:
        print(finding.line())
    failed = sum(finding.status == "FAIL" for finding in findings)
    warned = sum(finding.status == "warn" for finding in findings)
    noted = f" {warned} to note, marked warn." if warned else ""
    if failed:
        print(f"\n{failed} to mend, marked FAIL.{noted}")
        return 1
    print(f"\nEverything that the course needs is here.{noted}")
    return 0
