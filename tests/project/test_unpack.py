"""Hostile, oversized and malformed files are refused with a reason, and nothing in them is run."""

import io
import json
import os
import pickle
import stat
import struct
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


# --- names, texts and archives that are made to deceive ---------------------------------------------


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("half of a character: \\ud800", "U\\+D800"),
        ("written \\u202ebackwards", "U\\+202E"),
        ("\\u200b\\u200b", "U\\+200B"),
        ("a" + "\\u0301" * 40, "piles marks"),
        ("two\\nlines", "one line"),
        ("colours \\u001b[31m", "one line"),
    ],
)
def test_a_title_that_would_deceive_or_break_the_page_is_refused(hand_in, films, title, reason):
    folder = hand_in(films__npz=films)
    (folder / "submission.json").write_text(CARD.replace("ours", title))
    with pytest.raises(InputError, match=reason):
        submission.read(folder)


@pytest.mark.parametrize("title", ["Straße, naïve, 胸部", "صور", "=1+1", "100 % & more"])
def test_a_title_in_any_language_is_read(hand_in, films, title):
    folder = hand_in(films__npz=films)
    (folder / "submission.json").write_text(json.dumps({**json.loads(CARD), "title": title}))
    assert submission.read(folder).title == title


@pytest.mark.parametrize("more", ['"team": "other"', '"size": 1e999', '"size": ' + "9" * 10_000])
def test_a_card_that_can_be_read_in_two_ways_is_refused(hand_in, films, more):
    folder = hand_in(films__npz=films)
    (folder / "submission.json").write_text(f"{CARD[:-1]}, {more}}}")
    with pytest.raises(InputError, match="not sound JSON"):
        submission.read(folder)


def test_a_second_name_of_another_file_is_refused(hand_in, films, tmp_path):
    (tmp_path / "secret").write_text("{}")
    os.link(tmp_path / "secret", hand_in(films__npz=films) / "more.json")
    with pytest.raises(InputError, match="second name"):
        submission.read(tmp_path / "team")


@pytest.mark.parametrize("name", [b"\xff.json", b"two\nlines.json", "back\u202eward.json".encode()])
def test_a_name_that_cannot_be_shown_is_refused(hand_in, films, name):
    folder = hand_in(films__npz=films)
    (folder / os.fsdecode(name)).write_text("{}")
    with pytest.raises(InputError, match="cannot be shown"):
        submission.read(folder)


def test_endless_folders_are_refused(hand_in, films):
    folder = hand_in(films__npz=films)
    for number in range(unpack.MOST_FILES):
        (folder / str(number)).mkdir()
    with pytest.raises(InputError, match="At most 600 files"):
        submission.read(folder)


def test_two_members_of_one_name_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = zipped(tmp_path / "in.zip", [("submission.json", CARD), ("submission.json", CARD)])
    with pytest.raises(InputError, match="two files of one name"):
        submission.read(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_unusual_packing_is_refused(hand_in, films, method, tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w", method) as archive:
        archive.writestr("submission.json", CARD)
    with pytest.raises(InputError, match="unusual way"):
        submission.read(tmp_path / "in.zip")


@pytest.mark.parametrize("large", [True, False])
def test_a_list_of_a_million_files_is_not_read(tmp_path, monkeypatch, large):
    """With the record of large archives, and with a count that lies. Reading the list takes 10 s and 400 MB."""
    entry = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0) + b"a.json"
    listed, count = entry * 1_000_000, 1_000_000
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(listed), 0)
    record += struct.pack("<4sIQI", b"PK\6\7", 0, len(listed), 1)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 2, 2, 92 if large else len(listed), 0, 0)
    path = tmp_path / "in.zip"
    path.write_bytes(listed + (record if large else b"") + end)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the list was read"))
    with pytest.raises(InputError, match="too many files"):
        submission.read(path)


def headed(header, body=bytes(16)):
    """A safetensors file with this header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def tensor(begin, end, config="{}"):
    return {"a": {"dtype": "F32", "shape": [4], "data_offsets": [begin, end]}, "__metadata__": {"config": config}}


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<Q", 2**63 - 1) + b"{}",
        headed(tensor(0, 1 << 40)),
        headed(tensor(8, 24)),
        headed({**tensor(0, 16), "b": tensor(0, 16)["a"]}),
        headed(tensor(0, 16, "[" * 100_000)),
        headed(tensor(0, 16, "[1]")),
        headed(tensor(0, 16, '{"recipe": {"betas": ["x"]}}')),
        headed(tensor(0, 16, '{"recipe": {"width": -5}}')),
        headed(tensor(0, 16, '{"recipe": {"width": 100000}}')),
        headed(tensor(0, 16, '{"recipe": {"size": 64}}')),
    ],
)
def test_a_generator_that_is_none_is_refused_by_its_name_alone(hand_in, data, tmp_path):
    with pytest.raises(InputError) as caught:
        submission.read(hand_in(generator__safetensors=data))
    assert str(tmp_path) not in str(caught.value) and len(str(caught.value)) < 400


def test_whatever_a_folder_is_called_the_reason_can_be_written(tmp_path):
    name = os.fsdecode(b"\xff\n<b>")
    (tmp_path / name).mkdir()
    for path in (tmp_path / name, tmp_path / f"{name}.zip"):
        refused = score_or_refuse(path, "6000000-6000095")
        assert f"{refused.team}{refused.refused}".isprintable() and refused.refused
