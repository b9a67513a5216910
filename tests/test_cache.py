"""The stick for a room without a network: collected, then installed from and run with every socket blocked."""

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from medigenx_lib import cache
from medigenx_lib.errors import InputError
from medigenx_lib.files import sha256

BLOCKED = """
import socket

def refuse(*_, **__):
    raise ConnectionRefusedError("no network in this room")

socket.socket.connect = socket.getaddrinfo = refuse
"""


HEAVY = ("torch", "torchvision")  # 4 GB with what runs on GPUs: the room's Python sees those that are here
FOLDERS_OF_HEAVY = (*HEAVY, "torchgen", "functorch", "triton", "nvidia", "cuda")


def closure(names):
    """Distributions installed here that ``names`` need, without the heavy ones."""
    found, seen, left = {}, set(), [(canonicalize_name(name), "") for name in names]
    while left:
        name, extra = asked = left.pop()
        if asked not in seen and not re.fullmatch("triton|(nvidia|cuda)-.*", name):
            seen.add(asked)
            found[name] = metadata.distribution(name)
            needs = map(Requirement, found[name].requires or ())
            wanted = [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
            left += [(canonicalize_name(need.name), extra) for need in wanted for extra in ("", *need.extras)]
    return [distribution for name, distribution in found.items() if name not in HEAVY]


def repacked(found, folder):
    """A wheel of an installed package, as a package registry would have it; its scripts are made anew by pip."""
    name = f"{found.name.replace('-', '_')}-{found.version}"
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
        for path in found.files:
            inside = str(path).replace("../../../", f"{name}.data/data/")
            if not re.search(r"\.pyc$|/(INSTALLER|REQUESTED)$|\.data/data/bin/", inside) and path.locate().is_file():
                wheel.write(path.locate(), inside)


@pytest.fixture(scope="module")
def stick(tmp_path_factory):
    """The course and all that a classroom needs but torch, made into wheels here, for CI may have no network."""
    folder = tmp_path_factory.mktemp("stick")
    (folder / "wheels").mkdir()
    bare = [name.split("==")[0] for name in cache.WITHOUT_THEIR_OWN]
    needed = closure([*(Requirement(line).name for line in cache._required()), *cache.CLASSROOM])
    for found in [*needed, *map(metadata.distribution, bare)]:
        repacked(found, folder / "wheels")
    assert cache.collect(folder, packages=[], sizes=[]) == {}
    return folder


@pytest.fixture(scope="module")
def installed(stick, tmp_path_factory):
    """A new virtual environment filled from the stick as START.md says, with every socket blocked in it."""
    place = tmp_path_factory.mktemp("room")
    venv.create(place, with_pip=True)
    packages = next(place.glob("lib/python*/site-packages"))
    (packages / "no_network.py").write_text(BLOCKED)
    (packages / "no_network.pth").write_text("import no_network\n")  # some systems have a sitecustomize of their own
    options = ["install", "--no-index", "--no-deps", "--no-compile", "--find-links", "wheels", "-r", "packages.txt"]
    words = [str(place / "bin" / "pip"), *options]
    done = subprocess.run(words, capture_output=True, text=True, env=room(), cwd=stick)
    assert not done.returncode, done.stderr[-2000:]
    for path in map(Path, sys.path):
        for there in (found for name in FOLDERS_OF_HEAVY for found in (*path.glob(name), *path.glob(f"{name}-*"))):
            if path.name == "site-packages" and not (packages / there.name).exists():
                (packages / there.name).symlink_to(there)
    return place


def room():
    """The variables of a shell in which nothing of this environment is set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "OMP_NUM_THREADS": "1", "MEDIGENX_PROFILE": "fast"}


def test_every_file_is_listed_with_its_checksum(stick):
    listed = json.loads((stick / "contents.json").read_text())["files"]
    assert {path.split("/")[0] for path in listed} >= {"wheels", "notebooks", "solutions", "START.md", "packages.txt"}
    assert all(sha256(stick / path) == checksum for path, checksum in listed.items())


def run(installed, folder, *words):
    """What a command of the room's Python prints, run in ``folder``."""
    command = [str(installed / "bin" / words[0]), *map(str, words[1:])]
    done = subprocess.run(command, env=room(), cwd=folder, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-2000:]
    return done.stdout


def test_it_runs_from_the_stick_with_sockets_blocked(installed, tmp_path):
    written = run(installed, tmp_path, "medigenx", "sample", "-n", "2", "--out", tmp_path / "films")
    assert "Written:" in written and len(list((tmp_path / "films").glob("synthetic_*.png"))) == 2
    where = "import medigenx_lib as m, radiomics as r, peft as p; print(m.__file__, r.__file__, p.__file__)"
    assert run(installed, tmp_path, "python", "-c", where).count(str(installed)) == 3


def test_the_rehearsal_finds_packages_and_models_on_the_stick(installed, tmp_path):
    asked = "from medigenx_lib import doctor, room; checks = [*doctor._packages(), *room._notebooks(), "
    asked += "*room._companions(), *room._sentences(), *room._pretrained()]; raise SystemExit(doctor.report(checks))"
    told = run(installed, tmp_path, "python", "-c", asked)
    assert told.count("[  ok]") == 5, told


def test_a_lesson_of_the_stick_runs_in_the_room(installed, stick, tmp_path):
    """The shortest solution, run by a kernel of the room's Python: no message of an error in what it wrote."""
    lesson = min((stick / "solutions").glob("*.ipynb"), key=lambda path: path.stat().st_size)
    options = ("-m", "nbconvert", "--execute", "--to", "notebook", "--output-dir", tmp_path, lesson)
    run(installed, tmp_path, "python", *options)
    cells = json.loads((tmp_path / lesson.name).read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert outputs and not any(output["output_type"] == "error" for output in outputs)


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


def test_of_two_versions_the_newest_is_installed(tmp_path):
    (tmp_path / "wheels").mkdir()
    for name in ("a_b-1.9-py3-none-any", "a_b-1.10-py3-none-any", "c-2.0-cp27-cp27m-win32", "c-1.0-py3-none-any"):
        (tmp_path / "wheels" / f"{name}.whl").write_bytes(b"")
    cache._describe(tmp_path, {})
    assert (tmp_path / "packages.txt").read_text() == "a-b==1.10\nc==1.0\n"


def test_a_stick_that_is_a_file_is_refused_at_once(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr(cache, "_pip", None)
    with pytest.raises(InputError, match="is a file"):
        cache.collect(tmp_path / "file")
