"""The main job end to end, with fewer films: generate, read, check, score, page."""

import json
import re
from dataclasses import replace

import pytest
from PIL import Image

from medigenx_lib import datasets, demo, phantom, pipeline
from medigenx_lib.cases import Case, Finding, Findings, Measurement
from medigenx_lib.evaluation import images
from medigenx_lib.gan import sampling, training
from medigenx_lib.pages import Reading
from medigenx_lib.settings import NOTICE


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(demo, "SCORED", 48)
    patch.setattr(demo, "PHANTOMS_READ", 8)
    patch.setenv("MEDIGENX_REAL_DATA", str(tmp_path_factory.mktemp("no_real_films")))
    try:
        return demo.run("phantom", tmp_path_factory.mktemp("demo"), count=4)
    finally:
        patch.undo()


@pytest.fixture(scope="module")
def record(outcome):
    return json.loads((outcome.page.parent / "cases.json").read_text())


def test_the_page_shows_each_film_with_its_nearest_and_its_verdicts(outcome):
    html = outcome.page.read_text()
    assert html.count('<section class="case"') == 4 and html.count("Nearest real training film, ") == 4
    assert html.count("It is not on this machine. Shown instead: nearest of the source, phantom-") == 4
    assert html.count('<li class="') == sum(len(reading.verdicts) for reading in outcome.readings) > 8
    assert NOTICE in html and "http" not in re.sub(r"base64,[^\"]+", "", html)


def test_films_are_marked_and_the_cases_can_be_read_back(outcome, record):
    films = sorted((outcome.page.parent / "films").glob("synthetic_*.png"))
    assert len(films) == 4 and all(Image.open(film).info["Warning"] == NOTICE for film in films)
    cases = [Case.from_json(json.dumps(item["case"])) for item in record["cases"]]
    assert [case.label for case in cases] == [0, 1, 0, 1] and all(case.synthetic and case.report for case in cases)


def test_every_sentence_agrees_with_its_measurements(record):
    assert all(item["omitted"] == [] for item in record["cases"])
    assert {v["verdict"] for item in record["cases"] for v in item["verdicts"]} <= {"supported", "unverifiable"}


def test_a_source_of_too_few_films_costs_the_scores_alone():
    films = sampling.sample([0, 1] * 8, seed=0)
    (table,) = demo._image_tables(films[:3], films, "three films", demo.GENERATORS[64])
    assert table.rows[0][0] == "not computed" and "Too few films" in table.rows[0][1]


def test_scores_have_a_floor_and_a_ceiling(record):
    real, phantoms, text = record["tables"]
    assert real["title"].endswith("real ones") and phantoms["title"].endswith("phantom")
    distance = next(row for row in real["rows"] if "Fréchet" in row[0])
    assert float(distance[1].split()[0]) > 0 and float(distance[2]) > 0
    by_name = {row[0]: row for row in text["rows"]}
    assert by_name["ceiling: the grammar on the truth, against the truth"][2].startswith("100 %")
    floor = by_name["floor: another phantom's report, against the truth"]
    assert int(floor[3].split("%")[0]) > 0  # a report that did not look is caught


def test_numbers_are_held_against_the_truth_with_tolerance():
    number = Measurement("opacity_extent.right", 0.30)
    truth = Findings((Finding("opacity", side="right", extent=0.30, measurement=number),))
    (wide,) = pipeline.tolerant(truth)
    assert (wide.measurement.low, wide.measurement.high) == pytest.approx((0.2, 0.4))
    assert (wide.measurement.value, wide.extent) == (0.30, 0.30)


def test_the_nearest_real_film_is_shown_where_it_is_at_hand(real_data):
    films = sampling.sample([0, 1], seed=3)
    readings = [Reading(film) for film in films]
    shown = demo._with_nearest(readings, phantom.cases(range(4), 64), demo.GENERATORS[64])
    for reading in shown:
        case, text = reading.nearest
        assert not case.synthetic and case.split == "train" and case.id.startswith("chest_xray_64-train-")
        assert text.startswith("Nearest real training film, ") and "not a copy" in text and "instead" not in text


@pytest.mark.parametrize("size", [64, 128])
def test_what_is_trained_for_the_demo_starts_from_networks_that_have_seen_phantoms(tmp_path, size):
    films = [
        replace(case, split="train") for case in phantom.cases(range(64), size, disease=[i % 2 > 0 for i in range(64)])
    ]
    folder = demo._trained(films, tmp_path, 0.01, 3, size)
    trained = sampling.load(folder)
    assert (trained.recipe.name, trained.recipe.seed) == ("narrow" if size == 64 else "strong", 3)
    assert trained.config["data"].get("start") == demo.STARTS.get(size)
    assert ("which had seen phantoms" in demo._intro(folder, "phantom", demo.STARTS.get(size))[0]) == (size == 64)


def test_what_the_floor_is_made_of_trains_nothing(tmp_path, monkeypatch):
    films, seen = [replace(case, split="train") for case in phantom.cases(range(20), 32)], []

    def train(images, *_, **__):
        seen.extend(image.tobytes() for image in images)
        return training.Result(tmp_path, tmp_path, {})

    monkeypatch.setattr(training, "train", train)
    demo._trained(films, tmp_path, 1.0, 0, 32)
    _, floor = images.real_sets(films)
    assert seen and not {case.image.tobytes() for case in floor} & set(seen)


def test_a_planted_copy_of_a_training_film_is_called_one(real_data):
    real = datasets.load(real_data / "cxr_npz" / demo.TRAINED_ON, 64, "train", limit=3)
    readings = demo._with_nearest([Reading(case) for case in real], phantom.cases(range(4), 64), demo.GENERATORS[64])
    assert all("similarity 1.00, a copy" in reading.nearest[1] for reading in readings)
    assert [reading.nearest[0].id for reading in readings] == [case.id for case in real]


def test_a_generator_trained_just_now_is_compared_with_what_it_was_trained_on():
    train = [replace(case, split="train") for case in phantom.cases(range(4), 64)]
    (reading,) = demo._with_nearest([Reading(train[2])], train, "runs/mine")
    assert reading.nearest == (train[2], f"Nearest training film, {train[2].id}: similarity 1.00, a copy.")


def test_larger_films_come_from_the_larger_generator(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "SCORED", 32)
    monkeypatch.setattr(demo, "PHANTOMS_READ", 4)
    found = demo.run("phantom", tmp_path, count=2, size=128)
    films = sorted((tmp_path / "films").glob("synthetic_gan_128*.png"))
    assert len(films) == 2 and all(Image.open(film).size == (128, 128) for film in films)
    assert all(reading.case.image.shape == (128, 128) and reading.case.report for reading in found.readings)
    assert found.page.read_text().count("Nearest real training film, ") == 2


def test_masks_that_came_with_a_film_are_not_measured_but_compared():
    case = phantom.cases([5], size=96)[0]
    lungs = {name: case.masks[name] for name in ("right_lung", "left_lung")}
    given = replace(case, masks=lungs, findings=None, meta={"given_masks": dict.fromkeys(lungs, "masks/a.png")})
    plain = replace(given, masks={}, meta={})
    read, alone = (pipeline.read([one], features=False, progress=False)[0].case for one in (given, plain))
    assert read.findings == alone.findings and "facts" not in alone.meta
    (fact,) = read.meta["facts"]
    assert "the network's own" in fact and "left lung 0.9" in fact
