"""The stick for a room without a network: collected, then installed from and run with every socket blocked."""

import json
import os
import subprocess
import sys

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


@pytest.fixture(scope="module")
def stick(tmp_path_factory):
    """The course alone: the packages it needs are in this environment already."""
    folder = tmp_path_factory.mktemp("stick")
    assert cache.collect(folder, packages=[], sizes=[]) == {}
    return folder


@pytest.fixture(scope="module")
def installed(stick, tmp_path_factory):
    """The course installed from the stick into a folder of its own, without a network."""
    target, blocked = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("blocked")
    (blocked / "sitecustomize.py").write_text(BLOCKED)
    words = ["-m", "pip", "install", "--no-index", "--no-deps", "--find-links", stick / "wheels", "--target", target,
             "-r", stick / "packages.txt"]  # fmt: skip
    subprocess.run([sys.executable, *map(str, words)], check=True, capture_output=True, env=room(blocked))
    return target, blocked


def room(*path):
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "OMP_NUM_THREADS": "1"}


def test_every_file_is_listed_with_its_checksum(stick):
    listed = json.loads((stick / "contents.json").read_text())["files"]
    assert {path.split("/")[0] for path in listed} >= {"wheels", "notebooks", "solutions", "START.md", "packages.txt"}
    assert all(sha256(stick / path) == checksum for path, checksum in listed.items())


def test_it_runs_from_the_stick_with_sockets_blocked(installed, tmp_path):
    target, blocked = installed
    words = ["-m", "medigenx_lib", "sample", "-n", "2", "--out", tmp_path / "films"]
    done = subprocess.run([sys.executable, *map(str, words)], env=room(blocked, target), cwd=tmp_path, check=True,
                          capture_output=True, text=True)  # fmt: skip
    assert "Written:" in done.stdout and len(list((tmp_path / "films").glob("synthetic_*.png"))) == 2
    where = [sys.executable, "-c", "import medigenx_lib; print(medigenx_lib.__file__)"]
    found = subprocess.run(where, env=room(blocked, target), cwd=tmp_path, check=True, capture_output=True, text=True)
    assert found.stdout.strip().startswith(str(target))


def test_the_block_of_the_network_blocks(installed):
    asked = [sys.executable, "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')"]
    done = subprocess.run(asked, env=room(installed[1]), capture_output=True, text=True)
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
