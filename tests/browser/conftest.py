"""Chromium, and a JupyterLab or Voila of our own beside it."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OFFLINE = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as session:
        chromium = session.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Opens notebooks: ``lab(name, cells)`` writes one and gives its address in a JupyterLab that is running."""
    pytest.importorskip("jupyterlab")
    folder, port = tmp_path_factory.mktemp("lab"), free_port()
    options = [f"--port={port}", "--no-browser", "--ServerApp.token=", f"--ServerApp.root_dir={folder}", "--allow-root",
               "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip

    def write(name: str, cells: list[str]) -> str:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / f"{name}.ipynb")
        return f"http://127.0.0.1:{port}/lab/tree/{name}.ipynb?reset"

    with serving([sys.executable, "-m", "jupyterlab", *options], f"http://127.0.0.1:{port}/api", folder / "lab.log"):
        yield write


@contextlib.contextmanager
def serving(command, address, log, **environment):
    """A server in the background until the block ends; its output goes to ``log``."""
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "MEDIGENX_PROFILE": "fast", **environment}
    with (
        open(log, "w") as written,
        subprocess.Popen(command, stdout=written, stderr=subprocess.STDOUT, env=settings) as server,
    ):
        try:
            wait_for(address, log, server)
            yield server
        finally:
            server.terminate()


def wait_for(address, log, server, seconds=90):
    """Return as soon as ``address`` answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except urllib.error.HTTPError:  # a refusal is an answer
            return
        except OSError:
            pass
        time.sleep(0.2)
    pytest.fail(f"{address} does not answer:\n{log.read_text()[-2000:]}")


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
