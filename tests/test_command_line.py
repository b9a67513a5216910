"""The command line: bad input gets one sentence and an exit code; the other files are still done."""

import json
import os

import numpy as np
import pydicom
import pytest
from PIL import Image

from medigenx_lib import interop, phantom, pipeline, segmentation, settings
from medigenx_lib.__main__ import main
from medigenx_lib.cases import Case
from medigenx_lib.errors import NotAChestRadiographError
from medigenx_lib.files import write_text
from medigenx_lib.gan import recipes, sampling
from medigenx_lib.pages import save_film
from medigenx_lib.settings import NOTICE


@pytest.fixture(scope="module")
def film():
    return (phantom.cases([9_400_001], 128)[0].image * 255).astype(np.uint8)


@pytest.fixture
def said(capsys):
    def run(*words):
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, [line for line in captured.err.splitlines() if line.startswith("medigenx:")]

    return run


def test_describe_does_the_good_files_and_names_the_bad(tmp_path, film, said):
    Image.fromarray(film).save(tmp_path / "good.png")
    (tmp_path / "page.png").write_text("<html><body>404</body></html>")
    (tmp_path / "empty.dcm").touch()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90), np.uint8)).save(tmp_path / "noise.png")
    names = ["good.png", "page.png", "empty.dcm", "noise.png", "missing.jpg"]
    code, out, _ = said("describe", *[tmp_path / name for name in names], "--out", tmp_path / "out")
    assert code == 1 and "index.html" in out
    record = json.loads((tmp_path / "out" / "cases.json").read_text())
    assert [failure["file"] for failure in record["failures"]] == ["page.png", "empty.dcm", "missing.jpg", "noise.png"]
    assert "frontal" in record["failures"][3]["reason"]
    (described,) = record["cases"]
    case = Case.from_json(json.dumps(described["case"]))
    assert case.image.shape == (128, 128) and case.report and case.findings
    assert {v["verdict"] for v in described["verdicts"]} <= {"supported", "unverifiable"}
    assert len(list((tmp_path / "out" / "films").glob("*.png"))) == 1
    assert (tmp_path / "out" / "radiomics.csv").read_text().startswith("case,region,")


def test_describe_of_nothing_usable_is_one_sentence(tmp_path, said):
    (tmp_path / "a.png").write_bytes(b"")
    code, _, errors = said("describe", tmp_path / "a.png", "--out", tmp_path / "out")
    assert code == 2 and len(errors) == 1 and "a.png" in errors[0]
    assert not (tmp_path / "out").exists()


def test_describe_of_an_empty_folder_says_so(tmp_path, said):
    code, _, errors = said("describe", tmp_path)
    assert code == 2 and len(errors) == 1 and str(tmp_path) in errors[0] and "Name at least one film." in errors[0]


def test_describe_reads_neither_masks_nor_what_it_wrote(tmp_path, film):
    for place in ("a/x.png", "masks/x.png", "described/films/x.png", "__MACOSX/x.png"):
        (tmp_path / place).parent.mkdir(parents=True)
        Image.fromarray(film).save(tmp_path / place)
    found = pipeline._files([tmp_path, tmp_path / "masks" / "x.png"], tmp_path / "described")
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a/x.png", "masks/x.png"]
    assert len(pipeline._files([tmp_path / "described"], tmp_path / "described")) == 1


def test_describe_says_how_masks_that_came_along_agree(tmp_path, film, said):
    case = phantom.cases([9_400_001], 128)[0]
    lungs = case.masks["right_lung"] | case.masks["left_lung"]
    for place, pixels, size in (("images", film, (400, 500)), ("masks", lungs, (200, 250))):
        (tmp_path / place).mkdir()
        Image.fromarray(pixels).convert("L").resize(size).save(tmp_path / place / "a.png")
    code, _, _ = said("describe", tmp_path / "images" / "a.png", "--out", tmp_path / "out")
    (record,) = json.loads((tmp_path / "out" / "cases.json").read_text())["cases"]
    agreement = record["case"]["meta"]["agreement_with_given"]
    assert code == 0 and set(agreement) == {"right_lung", "left_lung"} and min(agreement.values()) > 0.85
    assert "Masks came with this film" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.parametrize("tag, value, words", [("ViewPosition", "LL", "lateral"), ("Modality", "CT", "modality CT")])
def test_a_header_that_says_it_is_no_frontal_film(tmp_path, film, tag, value, words):
    dicom = pydicom.dcmread(interop.write_dicom(Case("a", film.astype(np.float32) / 255), tmp_path / "a.dcm"))
    setattr(dicom, tag, value)
    dicom.save_as(tmp_path / "a.dcm")
    with pytest.raises(NotAChestRadiographError, match=words):
        pipeline._read_film(tmp_path / "a.dcm")


def test_a_very_small_film_is_read_with_a_warning(tmp_path, film):
    Image.fromarray(film).resize((20, 20)).save(tmp_path / "a.png")
    assert "Only 20 pixels" in pipeline._read_film(tmp_path / "a.png").meta["warnings"][0]


def test_where_nothing_can_be_written_is_said_before_anything_is_computed(tmp_path, film, said, monkeypatch):
    Image.fromarray(film).save(tmp_path / "a.png")
    monkeypatch.setattr(pipeline, "_each", None)
    for out in (tmp_path / "a.png", tmp_path / "a.png" / "deeper"):
        code, _, errors = said("describe", tmp_path / "a.png", "--out", out)
        assert code == 2 and len(errors) == 1 and "is a file" in errors[0]
    monkeypatch.setattr("os.access", lambda *_: False)
    code, _, errors = said("describe", tmp_path / "a.png", "--out", tmp_path / "new" / "out")
    assert code == 2 and "may not be written to" in errors[0] and not (tmp_path / "new").exists()


def test_very_long_names_are_written(tmp_path, film):
    image = film.astype(np.float32) / 255
    paths = {save_film(Case(f"{'肺' * 80}{number}", image), tmp_path) for number in (1, 2)}
    assert len(paths) == 2 and all(path.is_file() for path in paths)
    assert write_text(tmp_path / f"{'n' * 240}.txt", "x").read_text() == "x"


def test_two_files_of_one_name_stay_apart(tmp_path, film, said):
    for folder in ("a", "b/deeper"):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(film).save(tmp_path / folder / "x.png")
    code, _, _ = said("describe", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out")
    record = json.loads((tmp_path / "out" / "cases.json").read_text())
    assert code == 0 and [c["case"]["id"] for c in record["cases"]] == ["x", "x (2)"]
    assert len(list((tmp_path / "out" / "films").iterdir())) == 2


def test_sample_writes_marked_films(tmp_path, said):
    code, _, _ = said("sample", "-n", 4, "--label", "pneumonia", "--seed", 3, "--out", tmp_path / "s")
    assert code == 0
    films = sorted((tmp_path / "s").glob("synthetic_*.png"))
    assert len(films) == 4 and all(Image.open(film).info["Warning"] == NOTICE for film in films)
    cases = [Case.from_json(json.dumps(value)) for value in json.loads((tmp_path / "s" / "cases.json").read_text())]
    assert all(case.synthetic and case.label == 1 for case in cases)
    said("sample", "-n", 4, "--label", "pneumonia", "--seed", 3, "--out", tmp_path / "again")
    assert films[2].read_bytes() == (tmp_path / "again" / films[2].name).read_bytes()


def test_train_and_sample_from_the_folder(tmp_path, said):
    npz = tmp_path / "small.npz"
    images = (np.stack([case.image for case in phantom.cases(range(64), 32)]) * 255).astype(np.uint8)
    labels = np.arange(64)[:, None] % 2
    np.savez(npz, train_images=images, train_labels=labels)
    folder = tmp_path / "run"
    code, out, _ = said("train", "--source", npz, "--size", 32, "--images", 256, "--out", folder)
    assert code == 0 and "checkpoint.safetensors" in out
    code, _, errors = said("train", "--source", npz, "--size", 32, "--images", 256, "--out", folder)
    assert code == 2 and "--resume" in errors[0]
    assert said("sample", "--checkpoint", folder, "-n", 2, "--out", tmp_path / "s")[0] == 0
    assert sampling.load(folder).recipe.bf16 is settings.computes_bf16(settings.device())
    for word, chosen in (("--bf16", True), ("--no-bf16", False)):
        other = tmp_path / word
        assert said("train", "--source", npz, "--size", 32, "--images", 64, word, "--out", other)[0] == 0
        assert sampling.load(other).recipe.bf16 is chosen


def test_films_without_labels_train_too(tmp_path, film, said, capsys):
    (tmp_path / "films").mkdir()
    for number in range(24):
        Image.fromarray(np.roll(film, number, 1) // 5 + 100).save(tmp_path / "films" / f"{number}.png")
    words = ("train", "--source", tmp_path / "films", "--size", 32, "--images", 32)
    assert main([str(word) for word in (*words, "--out", tmp_path / "run")]) == 0
    told = capsys.readouterr().err
    assert "told no labels" in told and "from memory" in told and "see them stretched" in told
    low, high = sampling.load(tmp_path / "run").recipe.greys
    assert 0.39 <= low < high <= 0.6
    assert main(["sample", "--checkpoint", f"{tmp_path}/run", "-n", "1", "--out", f"{tmp_path}/made"]) == 0
    assert "any class" in capsys.readouterr().err
    code, _, errors = said(*words, "--labels", "--out", tmp_path / "told")
    assert code == 2 and "has a label" in errors[0]
    code, _, errors = said(*words, "--start", "gan_phantoms_32", "--out", tmp_path / "started")
    assert code == 2 and "told labels" in errors[0]


@pytest.mark.parametrize(
    "words",
    [
        ["demo", "--source", "nowhere.npz"],
        ["train", "--source", "nowhere", "--minutes", "1"],
        ["sample", "--checkpoint", "nothing"],
        ["train", "--recipe", "magic", "--images", "64"],
        ["train", "--size", "17", "--images", "64"],
    ],
)
def test_bad_options_get_one_sentence(words, tmp_path, said):
    code, _, errors = said(*words, "--out", tmp_path / "out")
    assert code not in (0, 1) and len(errors) == 1


@pytest.mark.parametrize("words", [[], ["fly"], ["train", "--minutes", "-3"], ["sample", "-n", "0"], ["describe"]])
def test_wrong_usage_is_told_by_the_parser(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2 and "usage:" in capsys.readouterr().err


def test_doctor_finds_a_working_course(said):
    code, out, _ = said("doctor")
    assert code == 0 and "lung_unet" in out and "FAIL" not in out


def test_lungs_are_trained_on_from_weights(tmp_path, said, monkeypatch):
    asked = {}
    monkeypatch.setattr(segmentation, "train", lambda minutes, out, seed, start: asked.update(start=start) or out)
    code, out, _ = said("train", "--what", "lungs", "--start", "lung_unet", "--out", tmp_path / "more.safetensors")
    assert code == 0 and asked == {"start": "lung_unet"} and "more.safetensors" in out


def test_a_gan_grows_from_a_shipped_one(tmp_path, said):
    words = ("--size", 128, "--images", 32, "--out", tmp_path / "grown", "--source", "phantom", "--start", "gan_64")
    code, out, _ = said("train", *words)
    assert code == 0 and "checkpoint.safetensors" in out
    trained = sampling.load(tmp_path / "grown")
    once_more = sampling.load("gan_64").recipe.grown + 1
    assert (trained.recipe.size, trained.recipe.grown, trained.config["data"]["start"]) == (128, once_more, "gan_64")
    code, _, errors = said("train", "--size", 32, "--start", "gan_64", "--out", tmp_path / "less")
    assert code != 0 and len(errors) == 1 and "64 pixels cannot start those of 32" in errors[0]


@pytest.mark.parametrize("size", [32, 64])
def test_a_gan_starts_from_networks_that_have_seen_phantoms(tmp_path, said, size):
    """Both of them, so without a warm-up, and by the default recipe; what it was started from is on record."""
    words = ("--size", size, "--images", 32, "--no-bf16", "--start", f"gan_phantoms_{size}", "--out", tmp_path / "run")
    assert said("train", *words)[0] == 0
    trained = sampling.load(tmp_path / "run")
    assert trained.recipe == recipes.recipe("narrow", size=size)
    assert trained.config["data"]["start"] == f"gan_phantoms_{size}"


def test_what_cannot_go_on_from_weights_says_so(said, tmp_path):
    code, _, errors = said("train", "--what", "encoder", "--start", "film_encoder", "--out", tmp_path / "e.safetensors")
    assert code != 0 and len(errors) == 1 and "--start does not go with" in errors[0]
    code, _, errors = said("train", "--what", "lungs", "--start", "nothing", "--out", tmp_path / "l.safetensors")
    assert code != 0 and len(errors) == 1 and "nothing.safetensors" in errors[0]


def test_a_path_that_cannot_be_used_gets_one_sentence(tmp_path, said):
    (tmp_path / "file").write_text("x")
    code, _, errors = said("sample", "-n", 1, "--out", tmp_path / "file")
    assert code == 2 and "is a file" in errors[0]
    code, _, errors = said("project", "new", "T", "--track", "faithfulness", "--out", tmp_path / "file" / "deeper")
    assert code == 1 and len(errors) == 1 and str(tmp_path / "file") in errors[0]


@pytest.mark.parametrize("name", ["folder", "file/x.safetensors", "weights.pt"])
def test_where_weights_cannot_be_written_is_said_before_training(tmp_path, said, monkeypatch, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    monkeypatch.setattr("medigenx_lib.segmentation.train", None)
    code, _, errors = said("train", "--what", "lungs", "--out", tmp_path / name)
    assert code == 2 and len(errors) == 1


def test_a_negative_seed_is_refused(tmp_path, said):
    code, _, errors = said("train", "--size", 16, "--images", 64, "--seed", -1, "--out", tmp_path / "run")
    assert code == 2 and "seed is -1" in errors[0]


@pytest.mark.skipif(os.name == "nt", reason="names are whole characters there")
def test_a_name_with_half_characters_is_described(tmp_path, film, said):
    Image.fromarray(film).save(tmp_path / "a.png")
    os.rename(os.fsencode(tmp_path / "a.png"), os.fsencode(tmp_path) + b"/f\xfflm.png")
    code, _, _ = said("describe", tmp_path, "--out", tmp_path / "out")
    assert code == 0 and "f\\udcfflm" in (tmp_path / "out" / "index.html").read_text()


def test_films_whose_names_are_alike_stay_apart(tmp_path, film, said):
    for name in ("x.png", "x (2).png", "y/x.png", "x 1.png", "x_1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(film).save(tmp_path / name)
    code, _, _ = said("describe", tmp_path, "--out", tmp_path / "out")
    record = json.loads((tmp_path / "out" / "cases.json").read_text())
    assert code == 0 and len({c["case"]["id"] for c in record["cases"]}) == 5
    assert len(list((tmp_path / "out" / "films").iterdir())) == 5


def test_films_of_one_id_keep_their_own_features(film):
    image = film.astype(np.float32) / 255
    readings = pipeline.read([Case("a", image), Case("a", image**2)], progress=False)
    assert [len(reading.features) for reading in readings] == [204, 204]
    means = [r.features[r.features.feature == "Mean"].value.mean() for r in readings]
    assert means[0] != means[1] and set(readings[1].features.case) == {"a"}


def test_a_device_that_is_not_there_is_told_at_once(tmp_path, film, said, monkeypatch):
    Image.fromarray(film).save(tmp_path / "a.png")
    monkeypatch.setenv("MEDIGENX_DEVICE", "cuda:99")
    monkeypatch.setattr(pipeline, "_each", None)
    code, _, errors = said("describe", tmp_path / "a.png", "--out", tmp_path / "out")
    assert code == 2 and "cuda:99" in errors[0] and "MEDIGENX_DEVICE" in errors[0]
