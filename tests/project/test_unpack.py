"""Hostile, oversized and malformed files are refused with a reason, and nothing in them is run."""

import io
import json
import os
import pickle
import stat
import zipfile

import numpy as np
import pytest

from medigenx_lib.errors import InputError
from medigenx_lib.project import submission, unpack
from medigenx_lib.project.score import score_or_refuse

CARD = json.dumps({"team": "team", "track": "realism", "title": "ours"})
SPRUNG = []


class Bomb:
    """What a pickle would run."""

    def __reduce__(self):
        return SPRUNG.append, (1,)


def zipped(path, members, **attributes):
    """A zip file of (name, bytes) pairs; ``attributes`` (name -> external_attr) mark links."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = attributes.get("mode", 0) if name.startswith("link") else 0
            archive.writestr(info, data)
    return path


def saved(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["../out.json", "/tmp/out.json", "a/../../out.json", "..\\out.json", "C:/out.json"])
def test_an_archive_cannot_write_outside(tmp_path, name):
    path = zipped(tmp_path / "in.zip", [("submission.json", CARD), (name, "{}")])
    with pytest.raises(InputError, match="points outside"):
        submission.read(path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["in.zip"]


def test_a_link_in_an_archive_is_refused(tmp_path):
    members = [("submission.json", CARD), ("link.json", "/etc/passwd")]
    path = zipped(tmp_path / "in.zip", members, mode=(stat.S_IFLNK | 0o777) << 16)
    with pytest.raises(InputError, match="is a link"):
        submission.read(path)


@pytest.mark.parametrize("target", ["/etc/passwd", "submission.json"])
def test_a_link_in_a_folder_is_refused(hand_in, films, target):
    folder = hand_in(films__npz=films)
    os.symlink(target, folder / "more.json")
    with pytest.raises(InputError, match="is a link"):
        submission.read(folder)


def test_a_folder_behind_a_link_is_refused(hand_in, films, tmp_path):
    (tmp_path / "linked").symlink_to(hand_in(films__npz=films), target_is_directory=True)
    with pytest.raises(InputError, match="is a link"):
        submission.read(tmp_path / "linked")


def test_a_pipe_is_refused_and_not_waited_for(hand_in, films):
    os.mkfifo(hand_in(films__npz=films) / "more.json")
    with pytest.raises(InputError, match="not a file"):
        submission.read(hand_in(films__npz=films))


def test_a_bomb_is_not_unpacked(tmp_path):
    path = zipped(tmp_path / "in.zip", [("submission.json", CARD), ("films.npz", bytes(32 << 20))])
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="next to nothing"):
        submission.read(path)


def test_a_bomb_inside_an_npz_is_not_unpacked(hand_in):
    folder = hand_in(films__npz=saved(images=np.zeros((40_000, 32, 32), np.uint8), labels=np.zeros(40_000, np.uint8)))
    with pytest.raises(InputError, match="next to nothing"):
        submission.read(folder)


def test_a_header_that_promises_terabytes_is_refused(hand_in):
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (100000, 10000, 10000), }"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("images.npy", data)
        archive.writestr("labels.npy", data)
    with pytest.raises(InputError, match="not an array of numbers"):
        submission.read(hand_in(films__npz=stream.getvalue()))


def test_a_pickle_is_never_loaded(hand_in):
    images = np.empty(64, object)
    images[:] = [Bomb() for _ in range(64)]
    with pytest.raises(InputError, match="pickle"):
        submission.read(hand_in(films__npz=saved(images=images, labels=np.zeros(64))))
    for name in ("generator__safetensors", "films__npz"):
        refused = score_or_refuse(hand_in(name, **{name: pickle.dumps(Bomb())}), "6000000-6000095")
        assert refused.refused and np.isnan(refused.score)
    assert SPRUNG == []


@pytest.mark.parametrize(
    "name", ["model.py", "run.sh", "model.pkl", "model.pt", "page.html", "in.zip", "NOTES", "a.ipynb"]
)
def test_what_is_not_data_is_refused(hand_in, films, name):
    folder = hand_in(films__npz=films)
    (folder / name).write_text("print(1)")
    with pytest.raises(InputError, match="not data"):
        submission.read(folder)


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "<img src=x onerror=a>", "javascript:a", "&#60;b"])
def test_markup_in_the_card_is_refused(hand_in, films, title):
    folder = hand_in(films__npz=films)
    (folder / "submission.json").write_text(json.dumps({"team": "team", "track": "realism", "title": title}))
    with pytest.raises(InputError, match="markup"):
        submission.read(folder)


def test_markup_behind_escapes_is_refused(hand_in, films):
    folder = hand_in(films__npz=films)
    hidden = CARD.replace("ours", "\\u003cscript\\u003e")
    (folder / "submission.json").write_text(hidden)
    assert "<" not in hidden
    with pytest.raises(InputError, match="markup"):
        submission.read(folder)


@pytest.mark.parametrize("card", ["", "[]", "{", "NaN", '{"team": NaN}', "[" * 100_000, '"text"', "\ufffe", "null"])
def test_an_odd_card_is_refused(hand_in, films, card):
    folder = hand_in(films__npz=films)
    (folder / "submission.json").write_text(card, encoding="utf-16" if card == "\ufffe" else "utf-8")
    with pytest.raises(InputError):
        submission.read(folder)


def test_too_many_and_too_large_files_are_refused(hand_in, films, monkeypatch):
    folder = hand_in(films__npz=films)
    for number in range(unpack.MOST_FILES):
        (folder / f"{number}.png").touch()
    with pytest.raises(InputError, match="At most 600 files"):
        submission.read(folder)
    monkeypatch.setattr(unpack, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match="At most"):
        submission.read(hand_in("large", films__npz=films))


@pytest.mark.parametrize("damage", [lambda data: data[:200], lambda data: b"", lambda data: data[:-30] + bytes(30)])
def test_damaged_files_are_refused(hand_in, films, damage, tmp_path):
    folder = hand_in(films__npz=films)
    (folder / "films.npz").write_bytes(damage((folder / "films.npz").read_bytes()))
    with pytest.raises(InputError, match="not a sound npz"):
        submission.read(folder)
    path = zipped(tmp_path / "in.zip", [("submission.json", CARD)])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError):
        submission.read(path)


def test_a_sound_archive_is_read_and_leaves_nothing(hand_in, films, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    folder = hand_in(films__npz=films)
    path = zipped(tmp_path / "in.zip", [(p.name, p.read_bytes()) for p in folder.iterdir()])
    assert len(submission.read(path).films) == 64
    assert list((tmp_path / "scratch").iterdir()) == []
