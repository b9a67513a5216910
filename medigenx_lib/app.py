"""``medigenx app``: the report bench as a page in the browser, through Voila, for an instructor's laptop."""

from __future__ import annotations

import importlib.util
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from medigenx_lib.errors import InputError
from medigenx_lib.files import write_text
from medigenx_lib.settings import DISCLAIMER

TITLE = "MediGenX report bench"
PATIENCE = 30
"""Seconds that the server has to end by itself."""


def films(source: str, count: int) -> list:
    """``count`` measured films: generated ones for ``generated``, else of a source that ``datasets.load`` knows.

    A folder or file of films (PNG, JPEG, DICOM) is read too. Raises InputError if there is none.
    """
    from medigenx_lib import datasets, radiomics, segmentation
    from medigenx_lib.gan import sampling

    if source == "generated":
        found = sampling.sample([index % 2 for index in range(count)], seed=0)
    else:
        found = datasets.load(source, size=64, split="test", limit=count)[:count]
    return radiomics.measure(segmentation.segment(found, progress=False), progress=False)


def notebook(source: str, count: int) -> dict:
    """The page as a notebook of one cell."""
    code = [
        "from medigenx_lib import app",
        "from medigenx_lib.course import benches",
        f"bench = benches.report_bench(app.films({source!r}, {count}))",
    ]
    words = (
        f"# {TITLE}\n\n{DISCLAIMER}. Verdicts hold each sentence against what was measured, which can be wrong itself."
    )
    cells = [
        {"cell_type": "markdown", "id": "words", "metadata": {}, "source": words},
        {
            "cell_type": "code",
            "id": "bench",
            "metadata": {},
            "source": "\n".join(code),
            "outputs": [],
            "execution_count": None,
        },
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel, "title": TITLE}, "nbformat": 4, "nbformat_minor": 5}


def serve(source: str = "generated", count: int = 8, port: int = 8866, options: Sequence[str] = ()) -> int:
    """Serve the page until it is stopped (Ctrl-C), on this machine alone; returns Voila's exit code.

    ``options`` go to Voila as they are. Raises InputError where Voila is not installed.
    """
    if importlib.util.find_spec("voila") is None:
        raise InputError("The app is shown by Voila, which is not installed.", "pip install 'medigenx[app]'")
    beside = Path(source).expanduser()
    with tempfile.TemporaryDirectory() as folder:
        page = write_text(
            Path(folder) / "app.ipynb",
            json.dumps(notebook(str(beside.resolve()) if beside.exists() else source, count)),
        )
        print(f"Open http://localhost:{port} (Ctrl-C ends it)", flush=True)
        return _until_stopped([sys.executable, "-m", "voila", str(page), f"--port={port}", "--no-browser", *options])


def _until_stopped(command: Sequence[str]) -> int:
    """Run a server; where this process is asked to end, the server ends first, and with it its kernels."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with subprocess.Popen(command) as server:
        try:
            return server.wait()
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(PATIENCE)
            except subprocess.TimeoutExpired:  # a machine under load; nothing of it may stay behind
                server.kill()
