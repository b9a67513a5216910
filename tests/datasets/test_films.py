"""Pictures of every mode and depth, and everything that is no film."""

import os
import struct
import sys
import zipfile

import numpy as np
import PIL
import pytest
from PIL import Image

from medigenx_lib import datasets
from medigenx_lib.datasets import films
from medigenx_lib.errors import InputError

GRADIENT = np.add.outer(np.arange(40), np.arange(60) * 2).astype(np.float32)
GRADIENT /= GRADIENT.max()  # (40, 60), brightest at the lower right
EIGHT = np.round(GRADIENT * 255).astype(np.uint8)


@pytest.fixture
def read(tmp_path):
    def save_and_read(picture, name, **options):
        picture.save(tmp_path / name, **options)
        return datasets.read_film(tmp_path / name)

    return save_and_read


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.pgm", "a.jp2"])
def test_eight_bit_grey_is_exact(read, name):
    case = read(Image.fromarray(EIGHT), name, **({"irreversible": False} if name == "a.jp2" else {}))
    assert case.image.dtype == np.float32 and np.array_equal(np.round(case.image * 255), EIGHT)
    assert case.meta["bit_depth"] == 8 and case.meta["original_size"] == [40, 60] and case.meta["file"] == name
    assert case.id == "a" and case.label is None and case.meta["colour"] == 0


def test_jpeg_is_close(read):
    assert np.abs(read(Image.fromarray(EIGHT), "a.jpeg", quality=95).image - GRADIENT).max() < 0.02


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "CMYK", "YCbCr"])
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg"])
def test_colour_modes_of_a_grey_film(read, mode, name):
    if (name, mode) == ("a.tif", "YCbCr") and int(PIL.__version__.split(".")[0]) < 12:
        pytest.skip("Pillow before 12 cannot read back the YCbCr TIFF that it writes")
    if (name, mode) in {("a.png", "CMYK"), ("a.png", "YCbCr"), ("a.jpg", "RGBA"), ("a.jpg", "LA")}:
        pytest.skip("no such file")
    case = read(Image.fromarray(EIGHT).convert(mode), name)
    assert np.abs(case.image - GRADIENT).max() < 0.03 and case.meta["colour"] < 0.02


def test_palette_is_looked_up(read):
    picture = Image.fromarray(255 - EIGHT).convert("P")
    picture.putpalette([value for i in range(256) for value in (255 - i,) * 3])
    case = read(picture, "a.png")
    assert np.abs(case.image - GRADIENT).max() < 0.01 and case.meta["photometric"] == "P"


def test_one_bit(read):
    case = read(Image.fromarray(EIGHT > 128), "a.png")
    assert set(np.unique(case.image)) == {0, 1} and case.meta["bit_depth"] == 1


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_depth_is_told_from_a_16_bit_container(read, bits, name):
    case = read(Image.fromarray(np.round(GRADIENT * (2**bits - 1)).astype(np.uint16)), name)
    assert case.meta["bit_depth"] == bits and np.abs(case.image - GRADIENT).max() < 2 / 2**bits


def test_big_endian_tiff(read):
    pixels = np.round(GRADIENT * 65535).astype(">u2")
    picture = Image.frombytes("I;16B", (60, 40), pixels.tobytes())
    assert np.abs(read(picture, "a.tif").image - GRADIENT).max() < 1e-4


@pytest.mark.parametrize("top", [4095, 65535])
def test_white_is_zero_tiff_is_turned_round(read, top):
    negative = np.round((1 - GRADIENT) * top).astype(np.uint16)
    case = read(Image.fromarray(negative), "a.tif", tiffinfo={262: 0})
    assert np.abs(case.image - GRADIENT).max() < 1e-3 and case.meta["photometric"] == "WhiteIsZero"


def test_white_is_zero_is_turned_round_once_where_pillow_does_it(tmp_path):
    """Eight bits, written by hand: header, seven tags, then the negative."""
    tags = [(256, 60), (257, 40), (258, 8), (259, 1), (262, 0), (273, 110), (279, 2400)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)
    (tmp_path / "a.tif").write_bytes(head.ljust(110, b"\0") + (255 - EIGHT).tobytes())
    assert np.abs(datasets.read_film(tmp_path / "a.tif").image - GRADIENT).max() < 0.01


@pytest.mark.parametrize("scale, depth", [(1, 32), (255, 8), (4095, 12)])
def test_float_tiff(read, scale, depth):
    case = read(Image.fromarray(GRADIENT * scale), "a.tif")
    assert case.meta["bit_depth"] == depth and np.abs(case.image - GRADIENT).max() < 1e-5


def test_float_tiff_below_zero_is_stretched_and_says_so(read):
    case = read(Image.fromarray(GRADIENT * 3000 - 1000), "a.tif")
    assert case.meta["range"] == "stretched" and np.abs(case.image - GRADIENT).max() < 1e-5


def test_32_bit_integers(read):
    case = read(Image.fromarray((GRADIENT * 1000).astype(np.int32)), "a.tif")
    assert case.meta["bit_depth"] == 10


STORED = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90", 7: "TRANSVERSE",
          8: "ROTATE_270"}  # fmt: skip
"""EXIF's orientation -> how an upright film was turned before it was stored."""


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("name, top", [("a.png", 255), ("b.png", 65535), ("a.jpg", 255), ("a.webp", 255)])
def test_exif_orientation_is_honoured(read, orientation, name, top):
    upright = np.round(GRADIENT * np.linspace(0.5, 1, 40)[:, None] * top).astype(np.uint8 if top == 255 else np.uint16)
    exif = Image.Exif()
    exif[274] = orientation
    turned = Image.fromarray(upright).transpose(Image.Transpose[STORED[orientation]])
    case = read(turned, name, exif=exif, **({"quality": 98} if top == 255 and name != "a.png" else {}))
    assert case.image.shape == (40, 60) and np.abs(case.image - upright / top).max() < 0.05


def test_transparency_becomes_black_but_an_empty_alpha_is_ignored(read):
    alpha = np.full((40, 60), 255, np.uint8)
    alpha[:, :10] = 0
    picture = Image.fromarray(np.dstack([EIGHT, EIGHT, EIGHT, alpha]))
    assert not read(picture, "a.png").image[:, :10].any()
    picture.putalpha(0)
    assert np.abs(read(picture, "b.png").image - GRADIENT).max() < 0.01


def test_a_colour_photograph_is_flagged(read):
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    assert read(Image.fromarray(noise), "a.png").meta["colour"] > 0.8


def test_content_counts_not_the_suffix(tmp_path):
    Image.fromarray(EIGHT).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.dcm")
    assert datasets.read_film(tmp_path / "a.dcm").image.shape == (40, 60)


# --- no films ------------------------------------------------------------------------------------


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "x")


BAD = {
    "empty": (lambda p: p.write_bytes(b""), "empty"),
    "page": (lambda p: p.write_bytes(b"\n<!DOCTYPE html><html>404</html>"), "web page"),
    "zip": (_zip, "archive"),
    "text": (lambda p: p.write_text("hello, film"), "text"),
    "pdf": (lambda p: p.write_bytes(b"%PDF-1.4 ..."), "PDF"),
    "bytes": (lambda p: p.write_bytes(bytes(range(256)) * 4), "not a picture"),
    "folder": (lambda p: p.mkdir(), "folder"),
    "missing": (lambda p: None, "no file"),
    "loop": (lambda p: p.symlink_to(p), "ordinary|opened"),
    "dangling": (lambda p: p.symlink_to(p.with_name("nowhere")), "ordinary"),
    "pixel": (lambda p: Image.new("L", (1, 1)).save(p), "only 1x1"),
    "tiny": (lambda p: Image.fromarray(EIGHT[:15]).save(p), "only 60x15"),
    "blank": (lambda p: Image.new("L", (64, 64), 90).save(p), "blank"),
    "huge": (lambda p: Image.new("1", (20_000, 20_000)).save(p), "million pixels"),
    "nan": (lambda p: Image.fromarray(np.full((20, 20), np.nan, np.float32)).save(p, "TIFF"), "NaN"),
    "pages": (
        lambda p: Image.fromarray(EIGHT).save(p, "TIFF", save_all=True, append_images=[Image.fromarray(EIGHT)]),
        "2 pictures",
    ),
    "gif": (lambda p: Image.fromarray(EIGHT).save(p, "GIF"), "not a picture"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_film_gets_one_clear_sentence(tmp_path, kind):
    make, words = BAD[kind]
    path = tmp_path / "bad.png"
    make(path)
    with pytest.raises(InputError, match=words) as caught:
        datasets.read_film(path)
    assert "\n" not in str(caught.value) and "bad.png" in str(caught.value) and caught.value.next_step


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.jp2"])
def test_truncated_files(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for share in (0.01, 0.3, 0.6):
        (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(InputError):
            datasets.read_film(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.jp2"])
def test_damaged_bytes_never_give_anything_but_a_case_or_an_input_error(tmp_path, name):
    rng = np.random.default_rng(0)
    Image.fromarray(EIGHT).save(tmp_path / name)
    whole = np.frombuffer((tmp_path / name).read_bytes(), np.uint8)
    for _ in range(40):
        broken = whole.copy()
        broken[rng.integers(0, len(whole), 5)] = rng.integers(0, 256, 5)
        (tmp_path / name).write_bytes(broken.tobytes())
        try:
            assert datasets.read_film(tmp_path / name).image.dtype == np.float32
        except InputError:
            continue


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_permission_denied(tmp_path):
    Image.fromarray(EIGHT).save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        datasets.read_film(tmp_path / "a.png")


def test_no_permission_is_told_as_such(tmp_path, monkeypatch):
    Image.fromarray(EIGHT).save(tmp_path / "a.png")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(films, "open", refuse, raising=False)
    with pytest.raises(InputError, match="may not be read"):
        datasets.read_film(tmp_path / "a.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(InputError, match="ordinary"):
        datasets.read_film(tmp_path / "a.png")


def test_odd_names(tmp_path):
    for name in ("a\0b", "x" * 5000):
        with pytest.raises(InputError):
            datasets.read_film(tmp_path / name)


def test_the_others_go_on(tmp_path):
    Image.fromarray(EIGHT).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("no film")
    cases, errors = datasets.read_films([tmp_path / "bad.png", tmp_path / "good.png"], progress=False)
    assert [case.id for case in cases] == ["good"] and "bad.png" in errors[0].what


def test_real_films(real_data):
    paths = [p for p in sorted((real_data / "chest_xray_fullres").rglob("*.jpeg"))][::4]
    cases, errors = datasets.read_films(paths, progress=False)
    assert not errors and {case.meta["polarity"] for case in cases} == {"expected"}
    assert all(case.patient and case.meta["colour"] < 0.05 for case in cases)


def test_jsrt(tmp_path, monkeypatch):
    monkeypatch.setattr(films, "JSRT_SIDE", 40)
    density = np.round((1 - GRADIENT[:, :40]) * 4095).astype(">u2")
    (tmp_path / "JPCLN001.IMG").write_bytes(density.tobytes())
    case = datasets.read_film(tmp_path / "JPCLN001.IMG")
    assert np.abs(case.image - GRADIENT[:, :40]).max() < 1e-3 and case.meta["bit_depth"] == 12
    (tmp_path / "JPCLN002.IMG").write_bytes(density.tobytes()[:-2])
    with pytest.raises(InputError, match="not a picture"):
        datasets.read_film(tmp_path / "JPCLN002.IMG")
    assert len(datasets.list_films(tmp_path)) == 2


@pytest.mark.parametrize("name, words", [("a.nii.gz", "SimpleITK"), ("a.nrrd", "SimpleITK"), ("a.npy", "npz"),
                                         ("a.parquet", "metadata.csv")])  # fmt: skip
def test_files_of_other_libraries_say_what_to_do(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"\x1f\x8b\x08 and more")
    with pytest.raises(InputError, match=words):
        datasets.read_film(tmp_path / name)


def test_which_files_are_films(tmp_path):
    made = ["1.2.840.55", "IM0001"]
    for name in (*made, "DICOMDIR", "._a.png", "b_mask.png", "notes.txt", "Thumbs.db"):
        (tmp_path / name).write_bytes(bytes(128) + b"DICM")
    assert [path.name for path in datasets.list_films(tmp_path)] == made
