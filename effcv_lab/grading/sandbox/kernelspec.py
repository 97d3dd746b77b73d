"""Tell Jupyter, nbclient and nbgrader of the sandboxed kernel."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from effcv_lab.grading.sandbox.settings import Settings

NAME = "effcv-sandbox"
LAUNCHER = "effcv_lab.grading.sandbox.launcher"


def write_kernelspec(folder: str | Path, settings: Settings, name: str = NAME) -> Path:
    """Write a kernelspec that starts kernels as the settings say.

    Jupyter finds it when ``folder`` is in the environment variable ``JUPYTER_PATH``. nbgrader also needs
    ``c.KernelManager.transport = "ipc"``, ``c.KernelManager.ip = FOLDER/k``, where the absolute FOLDER exists, is at most 80
    bytes long and used by one kernel at a time, and ``c.ExecutePreprocessor.kernel_name``. Kernels are interrupted by
    message: signals do not reach into the sandbox.

    Returns
    -------
    place : Path
        ``folder/kernels/name``, with Jupyter's ``kernel.json`` and our ``sandbox.json``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = write_kernelspec(folder, Settings())
    ...     print(sorted(path.name for path in place.iterdir()))
    ['kernel.json', 'sandbox.json']
    """
    place = Path(folder, "kernels", name)
    place.mkdir(parents=True, exist_ok=True)
    (place / "sandbox.json").write_text(settings.to_json(), encoding="utf-8")
    spec = {
        # Isolated (-I): the launcher runs outside, in the submission's folder, and must import nothing from it.
        "argv": [
            *(sys.executable, "-I", "-m", LAUNCHER),
            *("{connection_file}", "{resource_dir}/sandbox.json"),
        ],
        "display_name": f"Python ({name})",
        "language": "python",
        "interrupt_mode": "message",
    }
    (place / "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
    return place
