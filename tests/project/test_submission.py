"""Films, reports and settings handed in: read as they are, or refused with a reason."""

import io

import numpy as np
import pytest
from PIL import Image

from medigenx_lib import weights
from medigenx_lib.errors import InputError
from medigenx_lib.files import write_json
from medigenx_lib.gan import sampling
from medigenx_lib.project import new, submission


def png(values):
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


def test_films_come_as_they_were_written(hand_in, films):
    read = submission.read(hand_in(films__npz=films))
    assert (read.team, read.track, read.title) == ("team", "realism", "What we did")
    assert [film.label for film in read.films] == list(films[1]) and all(film.synthetic for film in read.films)
    np.testing.assert_allclose([film.image for film in read.films], films[0], atol=1 / 255)


@pytest.mark.parametrize(
    ("images", "labels", "reason"),
    [
        (np.full((64, 32, 32), np.nan), np.repeat([0, 1], 32), "NaN"),
        (np.full((64, 32, 32), 7.0), np.repeat([0, 1], 32), "outside"),
        (np.zeros((64, 32, 40)), np.repeat([0, 1], 32), "shape"),
        (np.zeros((64, 8, 8)), np.repeat([0, 1], 32), "shape"),
        (np.zeros((64, 32, 32)), np.zeros(64), "0 with pneumonia"),
        (np.zeros((64, 32, 32)), np.repeat([0, 2], 32), "labels"),
        (np.zeros((64, 32, 32)), np.zeros(5), "labels"),
        (np.zeros((40, 32, 32)), np.repeat([0, 1], 20), "At least 32"),
        (np.random.default_rng(0).random((600, 32, 32)), np.repeat([0, 1], 300), "At most 512"),
        (np.zeros((0, 32, 32)), np.zeros(0), "normal films"),
    ],
)
def test_films_that_do_not_fit_are_refused(hand_in, images, labels, reason):
    stream = io.BytesIO()
    np.savez_compressed(stream, images=images, labels=labels)
    with pytest.raises(InputError, match=reason):
        submission.read(hand_in(films__npz=stream.getvalue()))


def test_pictures_are_read_by_their_list(hand_in):
    noise = np.random.default_rng(0).integers(0, 256, (64, 80, 80), dtype=np.uint8)
    rows = "".join(f"{i}.png,{i % 2}\n" for i in range(64))
    folder = hand_in(films__csv="file,label\n" + rows, **{f"{i}__png": png(noise[i]) for i in range(64)})
    read = submission.read(folder)
    assert len(read.films) == 64 and [film.label for film in read.films[:2]] == [0, 1]
    assert read.films[0].image.shape == (64, 64)
    (folder / "3.png").write_bytes(b"<html>")
    with pytest.raises(InputError, match=r"3\.png"):
        submission.read(folder)
    (folder / "films.csv").write_text("file,label\n" + "0.png,0\n" * 64)
    with pytest.raises(InputError, match="twice"):
        submission.read(folder)


def animated():
    stream, film = io.BytesIO(), Image.fromarray(np.arange(6400, dtype=np.uint8).reshape(80, 80))
    film.save(stream, "PNG", save_all=True, append_images=[film.rotate(90)])
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (animated(), "holds 2 pictures"),
        (png(np.random.default_rng(0).integers(0, 256, (80, 80), dtype=np.uint8))[:2000], "damaged"),
        (png(np.zeros((80, 80), np.uint8)), "blank"),
        (png(np.zeros((1, 80), np.uint8)), "only"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a sound PNG"),
        (png(np.zeros((64, 64), np.uint8)).replace(b"\0\0\0@\0\0\0@", b"\x7f\xff\xff\xff" * 2), "not a sound PNG"),
    ],
)
def test_pictures_that_are_no_film_are_refused_by_their_name_alone(hand_in, data, reason, tmp_path):
    rows = "".join(f"{i}.png,{i % 2}\n" for i in range(64))
    folder = hand_in(films__csv="file,label\n" + rows, **{f"{i}__png": data for i in range(64)})
    with pytest.raises(InputError, match=rf"0\.png.*{reason}") as caught:
        submission.read(folder)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "LA", "RGB", "I;16"])
def test_pictures_of_every_mode_are_read(hand_in, mode):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 80), dtype=np.uint8))
    stream = io.BytesIO()
    (Image.fromarray(np.asarray(noise).astype(np.uint16) * 257) if mode == "I;16" else noise.convert(mode)).save(
        stream, "PNG"
    )
    rows = "".join(f"{i}.png,{i % 2}\n" for i in range(64))
    read = submission.read(
        hand_in(films__csv="file,label\n" + rows, **{f"{i}__png": stream.getvalue() for i in range(64)})
    )
    assert {film.image.shape for film in read.films} == {(64, 64)} and read.films[0].image.std() > 0.02


def test_a_picture_too_large_is_refused_before_it_is_decoded(hand_in):
    rows = "".join(f"{i}.png,{i % 2}\n" for i in range(64))
    folder = hand_in(films__csv="file,label\n" + rows, **{"0__png": png(np.zeros((2049, 8), np.uint8))})
    with pytest.raises(InputError, match="8x2049"):
        submission.read(folder)


@pytest.mark.parametrize("name", ["../films.png", "/etc/passwd", "submission.json", "absent.png"])
def test_a_list_names_only_pictures_handed_in(hand_in, name):
    with pytest.raises(InputError, match="names"):
        submission.read(hand_in(films__csv=f"file,label\n{name},0\n"))


def test_a_generator_is_drawn_from(hand_in):
    read = submission.read(
        hand_in(generator__safetensors=(weights.FOLDER / f"{sampling.SHIPPED}.safetensors").read_bytes())
    )
    assert len(read.films) == submission.DRAWN and sum(film.label for film in read.films) == submission.DRAWN // 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("film,report\n", "no reports"),
        ("film,text\na,b\n", "other columns"),
        ("film,report\na,b\na,c\n", "twice"),
        ("film,report\na,b,c\n", "other columns"),
        ("film,report\na," + "x" * 2001 + "\n", "too long"),
        ('film,report\na,"b\n', "not a sound CSV"),
        ("film,report\na,<b>Clear.</b>\n", "markup"),
    ],
)
def test_reports_that_do_not_fit_are_refused(hand_in, text, reason):
    with pytest.raises(InputError, match=reason):
        submission.read(hand_in(track="faithfulness", reports__csv=text))


def test_a_way_of_decoding_is_known_or_refused(hand_in):
    assert submission.read(hand_in(track="faithfulness", writer__json='{"strategy": "greedy"}')).strategy == "greedy"
    for odd in ('{"strategy": "magic"}', '{"strategy": ["greedy"]}', "{}"):
        with pytest.raises(InputError, match="strategy"):
            submission.read(hand_in("other", "faithfulness", writer__json=odd))


def test_one_way_of_handing_in_is_chosen(hand_in, films):
    with pytest.raises(InputError, match="one of them"):
        submission.read(hand_in())
    with pytest.raises(InputError, match="one of them"):
        submission.read(hand_in("two", films__npz=films, films__csv="file,label\n"))


@pytest.mark.parametrize("team", ["", "..", "<b>", "a" * 41, "a/b", None, 7])
def test_an_odd_name_of_a_team_is_refused(hand_in, films, team):
    folder = hand_in(films__npz=films)
    write_json(folder / "submission.json", {"team": team, "track": "realism", "title": "x"})
    with pytest.raises(InputError):
        submission.read(folder)


def test_check_says_what_is_missing(tmp_path):
    folder = new.create("Team", "faithfulness", tmp_path / "team")
    assert submission.check(folder) == []
    (folder / "RUBRIC.md").unlink()
    (folder / "notebooks" / "data.ipynb").unlink()
    (folder / "submission" / "writer.json").unlink()
    found = submission.check(folder)
    assert len(found) == 3 and "RUBRIC.md" in found[1] and "data.ipynb" in found[2] and "one of them" in found[0]
    assert submission.check(tmp_path / "nowhere") != []
