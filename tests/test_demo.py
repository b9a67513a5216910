"""The main job end to end, with fewer films: generate, read, check, score, page."""

import json
import re

import pytest
from PIL import Image

from medigenx_lib import demo, pipeline
from medigenx_lib.cases import Case, Finding, Findings, Measurement
from medigenx_lib.settings import NOTICE


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(demo, "SCORED", 48)
    patch.setattr(demo, "PHANTOMS_READ", 8)
    yield demo.run("phantom", tmp_path_factory.mktemp("demo"), count=4)
    patch.undo()


@pytest.fixture(scope="module")
def record(outcome):
    return json.loads((outcome.page.parent / "cases.json").read_text())


def test_the_page_shows_each_film_with_its_nearest_and_its_verdicts(outcome):
    html = outcome.page.read_text()
    assert html.count('<section class="case"') == 4 and html.count("Nearest film of the source,") == 4
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


def test_scores_have_a_floor_and_a_ceiling(record):
    real, phantoms, text = record["tables"]
    assert real["title"].endswith("real ones") and phantoms["title"].endswith("phantom")
    distance = next(row for row in real["rows"] if "Fréchet" in row[0])
    assert float(distance[1].split()[0]) > 0 and float(distance[2]) > 0
    by_name = {row[0]: row for row in text["rows"]}
    assert by_name["ceiling: the grammar on the truth, against the truth"][2].startswith("100%")
    floor = by_name["floor: another phantom's report, against the truth"]
    assert int(floor[3].split("%")[0]) > 0  # a report that did not look is caught


def test_numbers_are_held_against_the_truth_with_tolerance():
    number = Measurement("opacity_extent.right", 0.30)
    truth = Findings((Finding("opacity", side="right", extent=0.30, measurement=number),))
    (wide,) = pipeline.tolerant(truth)
    assert (wide.measurement.low, wide.measurement.high) == pytest.approx((0.2, 0.4))
    assert (wide.measurement.value, wide.extent) == (0.30, 0.30)
