"""The stick for a room without a network: collected, then installed from and run with every socket blocked."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from importlib import metadata

import pytest

from medigenx_lib import cache
from medigenx_lib.errors import InputError
from medigenx_lib.files import sha256

BLOCKED = """
import socket

def refuse(*_, **__):
    raise ConnectionRefusedError("no network in this room")

socket.socket.connect = socket.getaddrinfo = refuse
"""


def repacked(name, folder):
    """A wheel of a package without scripts that is installed here, as a package registry would have it."""
    found = metadata.distribution(name)
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / f"{name}-{found.version}-py3-none-any.whl", "w") as wheel:
        for path in found.files:
            if path.suffix != ".pyc" and path.name not in ("INSTALLER", "REQUESTED"):
                wheel.write(path.locate(), str(path))


@pytest.fixture(scope="module")
def stick(tmp_path_factory):
    """The course and one small package: without a network no others can be fetched, and all would take 5 GB."""
    folder = tmp_path_factory.mktemp("stick")
    repacked("defusedxml", folder / "wheels")
    assert cache.collect(folder, packages=[], sizes=[]) == {}
    return folder


@pytest.fixture(scope="module")
def installed(stick, tmp_path_factory):
    """A new virtual environment filled from the stick as START.md says, with every socket blocked in it.

    Its Python also sees the packages of this environment, behind its own.
    """
    place = tmp_path_factory.mktemp("room")
    venv.create(place, with_pip=True)
    packages = next(place.glob("lib/python*/site-packages"))
    (packages / "sitecustomize.py").write_text(BLOCKED)
    words = [
        place / "bin" / "pip",
        "install",
        "--no-index",
        "--no-deps",
        "--find-links",
        "wheels",
        "-r",
        "packages.txt",
    ]
    subprocess.run(list(map(str, words)), check=True, capture_output=True, env=room(), cwd=stick)
    (packages / "others.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return place


def room():
    """The variables of a shell in which nothing of this environment is set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "OMP_NUM_THREADS": "1"}


def test_every_file_is_listed_with_its_checksum(stick):
    listed = json.loads((stick / "contents.json").read_text())["files"]
    assert {path.split("/")[0] for path in listed} >= {"wheels", "notebooks", "solutions", "START.md", "packages.txt"}
    assert all(sha256(stick / path) == checksum for path, checksum in listed.items())


def test_it_runs_from_the_stick_with_sockets_blocked(installed, tmp_path):
    words = [installed / "bin" / "medigenx", "sample", "-n", "2", "--out", tmp_path / "films"]
    done = subprocess.run(list(map(str, words)), env=room(), cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "Written:" in done.stdout and len(list((tmp_path / "films").glob("synthetic_*.png"))) == 2
    where = "import medigenx_lib, defusedxml; print(medigenx_lib.__file__, defusedxml.__file__)"
    command = [str(installed / "bin" / "python"), "-c", where]
    found = subprocess.run(command, env=room(), cwd=tmp_path, check=True, capture_output=True, text=True)
    assert found.stdout.count(str(installed)) == 2


def test_the_block_of_the_network_blocks(installed):
    asked = [str(installed / "bin" / "python"), "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9')"]
    done = subprocess.run(asked, env=room(), capture_output=True, text=True)
    assert done.returncode and "no network in this room" in done.stderr


def test_what_cannot_be_had_is_named_and_the_rest_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(
        cache, "_films", lambda folder, size: (_ for _ in ()).throw(InputError("Offline.", "Go online."))
    )
    monkeypatch.setattr(cache, "_pip", lambda *words: None)
    missing = cache.collect(tmp_path, sizes=[28])
    assert list(missing) == ["PneumoniaMNIST at 28 pixels"] and "Go online." in missing["PneumoniaMNIST at 28 pixels"]
    assert json.loads((tmp_path / "contents.json").read_text())["missing"] == missing


def test_a_failing_pip_says_why(tmp_path):
    with pytest.raises(InputError, match="run the command again"):
        cache._pip("wheel", "--no-index", "-w", tmp_path, "no-such-package-as-this")


def test_outside_of_a_clone_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "ROOT", tmp_path)
    with pytest.raises(InputError, match="clone of the repository"):
        cache.collect(tmp_path / "stick")
