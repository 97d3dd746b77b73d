"""Drive JupyterLab in headless Chromium: open a notebook, run it, touch it, look at it.

::

    with Lab(folder) as lab:                    # one server and one page
        lab.open_notebook("demo.ipynb")         # relative to the folder
        lab.run_all()                           # Run > Run All Cells, and wait
        assert not lab.errors()                 # cells that failed
        lab.cell_outputs()                      # outputs of each code cell, as in the file
        lab.python("print(explorer.entropy)")   # ask the kernel, without a cell
        lab.page.keyboard.press("ArrowRight")   # lab.page is playwright's page
        lab.screenshot("demo.png")
        assert not lab.problems                 # console errors so far

Tests ask for a Lab through :func:`chromium_or_skip`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

CHROMIUM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
INSTALL = "apt-get install chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What a bare JupyterLab itself says on the console, whatever the notebook.
HARMLESS = ("Failed to load resource: the server responded with a status of 404",)

NEWS = "@jupyterlab/apputils-extension:announcements"
PANEL = "window.jupyterapp.shell.currentWidget"
_IDLE = f"""() => {{
    const {{ isReady, session }} = {PANEL}?.sessionContext ?? {{}};
    const shown = document.querySelector(".jp-Notebook-ExecutionIndicator[data-status=idle]");
    return isReady && session?.kernel?.status === "idle" && shown !== null;
}}"""
_ONLY_THEME = """(kind) => {
    const sheets = [...document.querySelectorAll("link[href*='/themes/']")].map((link) => link.href);
    const asked = document.body.dataset.jpThemeLight === String(kind === "light");
    return asked && sheets.length === 1 && sheets[0].includes(`theme-${kind}`);
}"""
_RUN_ALL = """() => {
    window.effcvRunDone = false;
    const done = () => { window.effcvRunDone = true; };
    window.jupyterapp.commands.execute("notebook:run-all-cells").then(done, done);
}"""
_EXECUTE = f"""async (code) => {{
    const kernel = {PANEL}.sessionContext.session.kernel;
    const future = kernel.requestExecute({{ code, store_history: false }});
    let text = "", error = "";
    future.onIOPub = ({{ header, content }}) => {{
        if (header.msg_type === "stream") text += content.text;
        if (header.msg_type === "error") error = content.ename + ": " + content.evalue;
    }};
    await future.done;
    return {{ text, error }};
}}"""


def find_chromium() -> str | None:
    """Return the path of a Chromium (``EFFCV_CHROMIUM``, or the first on the PATH), or None."""
    given = os.environ.get("EFFCV_CHROMIUM")
    return given or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def chromium_or_skip() -> str:
    """Return Chromium's path; without one fail in CI and skip on a laptop, naming the cure."""
    import pytest

    path = find_chromium()
    if path is None:
        reason = f"no Chromium on this machine; install it with: {INSTALL}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return path


def notebook(*sources: str) -> dict:
    """Return a notebook of code cells, ready for ``json.dumps``."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


class Lab:
    """A JupyterLab server on a free loopback port and one Chromium page on it.

    Parameters
    ----------
    folder : path
        The server's root; notebooks are named relative to it.
    width, height : int
        Size of the page in pixels.
    environment : dict, optional
        More environment variables for the server and its kernels.

    Attributes
    ----------
    page : playwright.sync_api.Page
    browser : playwright.sync_api.Browser
    problems : list of str
        Console errors and uncaught exceptions since the page was opened.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        width: int = 1280,
        height: int = 900,
        environment: dict[str, str] | None = None,
    ):
        self.folder = Path(folder).resolve()
        self.size = {"width": width, "height": height}
        self.environment = environment or {}
        self.problems: list[str] = []
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Lab:
        try:
            self._start_server()
            self._start_page()
        except BaseException:
            self._closing.close()
            raise
        return self

    def __exit__(self, *_error) -> None:
        self._closing.close()

    # -- the server

    def _start_server(self) -> None:
        scratch = Path(self._closing.enter_context(tempfile.TemporaryDirectory()))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{port}"
        self.token = token
        self._log = scratch / "server.log"
        folders = {
            f"JUPYTER_{name}_DIR": str(scratch / name.lower()) for name in ("CONFIG", "RUNTIME")
        }
        folders |= {
            f"JUPYTERLAB_{name}_DIR": str(scratch / name.lower())
            for name in ("SETTINGS", "WORKSPACES")
        }
        quiet = scratch / "config" / "labconfig" / "page_config.json"
        quiet.parent.mkdir(parents=True)
        quiet.write_text(json.dumps({"disabledExtensions": {NEWS: True}}))
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}",
            "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1",
            f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={self.folder}",
            "--ServerApp.allow_root=True",
            "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]  # fmt: skip
        log = self._closing.enter_context(self._log.open("wb"))
        server = subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **folders, **self.environment},
        )
        self._closing.callback(self._stop_server, server)
        self._wait_for_server(server)

    def _wait_for_server(self, server, seconds: float = 90) -> None:
        ready = f"{self.url}/api/status?token={self.token}"
        until = time.monotonic() + seconds
        while time.monotonic() < until and server.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(ready, timeout=5):
                return
            time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start:\n{self._log.read_text()[-3000:]}")

    def _stop_server(self, server) -> None:
        """Shut the kernels down with the server, politely first."""
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    # -- the page

    def _start_page(self) -> None:
        from playwright.sync_api import sync_playwright

        path = find_chromium()
        if path is None:
            raise RuntimeError(f"no Chromium on this machine; install it with: {INSTALL}")
        playwright = self._closing.enter_context(sync_playwright())
        browser = self.browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        self._closing.callback(browser.close)
        self.page = browser.new_page(viewport=self.size)
        self.page.set_default_timeout(90_000)  # a busy machine has stalled a page for 30 s
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))

    def _heard(self, message) -> None:
        if message.type == "error" and not any(text in message.text for text in HARMLESS):
            self.problems.append(message.text)

    # -- the notebook

    def open_notebook(self, path: str | Path) -> None:
        """Open a notebook of the folder and wait until its kernel is ready."""
        where = Path(path).as_posix()
        self.page.goto(f"{self.url}/lab/workspaces/w{secrets.token_hex(4)}/tree/{where}"
                       f"?token={self.token}&reset")  # fmt: skip
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
        self.wait_idle()

    def run_all(self, timeout: float = 120) -> None:
        """Run > Run All Cells, and wait until the last one or the first error (seconds)."""
        self.page.evaluate(_RUN_ALL)
        self.page.wait_for_function("() => window.effcvRunDone", timeout=1000 * timeout)
        self.wait_idle(timeout)

    def wait_idle(self, timeout: float = 90) -> None:
        """Wait until there is a kernel and it has nothing to do (``timeout`` in seconds)."""
        self.page.wait_for_function(_IDLE, timeout=1000 * timeout)

    def command(self, name: str, **arguments) -> None:
        """Carry out one of JupyterLab's commands, as its menus do."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)",
            [name, arguments],
        )

    def cell_outputs(self) -> list[list[dict]]:
        """Return the outputs of each code cell, as in the file format."""
        return self.page.evaluate(
            f"() => {PANEL}.content.model.sharedModel.toJSON().cells"
            ".filter((cell) => cell.cell_type === 'code').map((cell) => cell.outputs)"
        )

    def describe(self) -> str:
        """Say what the page shows and what the console said, for the report of a failed test."""
        shown = self.page.evaluate("document.body.innerText")
        return "\n".join([f"problems: {self.problems}", f"page: {self.page.url}", shown[-4000:]])

    def errors(self) -> list[str]:
        """Return what each failed cell says: the error's name and value."""
        return [
            f"{output['ename']}: {output['evalue']}"
            for outputs in self.cell_outputs()
            for output in outputs
            if output["output_type"] == "error"
        ]

    def python(self, code: str) -> str:
        """Run code in the notebook's kernel, without a cell, and return what it printed."""
        reply = self.page.evaluate(_EXECUTE, code)
        if reply["error"]:
            raise RuntimeError(reply["error"])
        return reply["text"].rstrip("\n")

    def bring_into_view(self, selector: str) -> dict:
        """Scroll to the first such element and return its place, once it stays there.

        A long notebook draws its cells while it is scrolled, so one jump rarely arrives.
        """
        target = self.page.locator(selector).first
        place = None
        for _ in range(50):
            target.evaluate("(element) => element.scrollIntoView({ block: 'center' })")
            self.page.wait_for_timeout(150)
            before, place = place, target.bounding_box()
            if place == before and 0 <= place["y"] <= self.size["height"] - place["height"]:
                return place
        raise RuntimeError(f"{selector} does not come into view; last seen at {place}")

    def restart_kernel(self) -> None:
        """Restart the kernel without asking, and wait until the new one is ready."""
        self.page.evaluate(f"() => {PANEL}.sessionContext.session.kernel.restart()")
        self.wait_idle()

    def theme(self, name: str) -> None:
        """Switch to "JupyterLab Light" or "JupyterLab Dark", and wait until the old one is gone."""
        self.command("apputils:change-theme", theme=name)
        kind = "light" if name.endswith("Light") else "dark"
        self.page.wait_for_function(_ONLY_THEME, arg=kind)
        self.page.wait_for_timeout(500)  # JupyterLab fails if asked again while it tidies up

    def screenshot(self, path: str | Path, selector: str | None = None) -> Path:
        """Save what the page, or its first element of that selector, looks like."""
        target = self.page if selector is None else self.page.locator(selector).first
        target.screenshot(path=str(path))
        return Path(path)
