"""Measured findings: definitions on drawn masks, honest unknowns, bands and intervals, frames and the vector."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from medigenx_lib import geometry, phantom, radiomics
from medigenx_lib.cases import PRESENCES, SIDES, Case, Finding, Findings, replace
from medigenx_lib.radiomics import calibration, evidence, frames, judge, lung_features, measurement, reasons

GOOD = {"trusted": True, "frontal_chest": True, "reasons": []}


@pytest.fixture(scope="module")
def phantoms():
    """Whole chests: one of the seeds has hardly any left lung beside a large heart, and is not measurable."""
    cases = [case for case in phantom.cases(range(9_900_000, 9_900_013)) if not evidence.not_measurable(case)]
    assert len(cases) >= 10
    return cases


@pytest.fixture(scope="module")
def measured(phantoms):
    """Phantoms read from the image, with their true lungs and heart standing in for the segmentation's."""
    blank = np.zeros((64, 64), bool)
    segmented = [
        replace(case, masks={**case.masks, "opacity": blank, "effusion": blank}, meta={**case.meta, "quality": GOOD})
        for case in phantoms
    ]
    return radiomics.measure(segmented, progress=False)


def test_drawn_masks_are_measured_by_definition(phantoms):
    """Given a phantom's own masks, the measured findings are the true ones in all that masks can tell."""
    for case in radiomics.measure([replace(case, findings=None) for case in phantoms], progress=False):
        for said in case.findings:
            (true,) = case.truth.findings.of(said.kind, said.side)
            assert (said.presence, said.zones, said.severity) == (true.presence, true.zones, true.severity)
            assert said.measurement.name == true.measurement.name
            assert said.measurement.value == pytest.approx(true.measurement.value, abs=1e-4)


def test_reading_from_the_image_finds_what_is_there(measured):
    """Most sides right, from image, lungs and heart alone."""
    said = [case.findings.presence("opacity", side) == "present" for case in measured for side in SIDES]
    true = [case.truth.findings.presence("opacity", side) == "present" for case in measured for side in SIDES]
    assert 4 <= sum(true) <= 20
    assert np.mean(np.equal(said, true)) >= 0.75


def test_every_finding_states_its_number_and_interval(measured):
    for case in measured:
        assert [(f.kind, f.side) for f in case.findings] == [
            *(("opacity", side) for side in SIDES), *(("effusion", side) for side in SIDES), ("cardiomegaly", None)
        ]  # fmt: skip
        for finding in case.findings:
            number = finding.measurement
            assert number.low <= number.value <= number.high
            if finding.side and finding.presence in ("present", "uncertain"):
                assert finding.extent == number.value >= geometry.PRESENT_EXTENT
                assert finding.zones
            elif finding.side:
                assert finding.extent == 0
                assert number.value < geometry.PRESENT_EXTENT


def test_every_measured_finding_has_its_evidence(measured):
    """Score and band lead to the presence that is stated; the features that are named have moved the score."""
    for case in measured:
        assert [(e["kind"], e["side"]) for e in case.meta["evidence"]] == [(f.kind, f.side) for f in case.findings]
        for reason, finding in zip(case.meta["evidence"], case.findings, strict=True):
            band = (reason["absent_below"], reason["present_from"])
            assert finding.presence == measurement.presence_of(reason["score"], band)
            assert reason["features"] and json.dumps(reason)
            if finding.side:
                assert all(feature["name"] in judge.RADIOMIC_NAMES for feature in reason["features"])
                assert reason["radiomics"] != 0 and reason["features"][0]["adds"] != 0


def test_the_features_of_a_lung_change_what_is_found(measured, monkeypatch):
    """With the reader's numbers as they are, other features lead to other scores: the network does not decide alone."""
    before = [reason["score"] for reason in measured[0].meta["evidence"] if reason["side"]]
    own, other = (lung_features.side_values(case) for case in measured[:2])
    assert not np.allclose(own["right"], other["right"], rtol=0.01)
    monkeypatch.setattr(judge, "side_values", lambda case: other)
    (again,) = radiomics.measure(measured[:1], progress=False)
    after = [reason["score"] for reason in again.meta["evidence"] if reason["side"]]
    assert np.abs(np.subtract(before, after)).max() > 0.1


def test_masks_after_measuring_show_what_was_measured(measured):
    for case in measured:
        for kind in ("opacity", "effusion"):
            for side in SIDES:
                (finding,) = case.findings.of(kind, side)
                lung = case.masks[f"{side}_lung"]
                assert geometry.extent(case.masks[kind], lung) == pytest.approx(finding.extent, abs=1 / lung.sum())


def test_measuring_twice_changes_nothing(measured):
    again = radiomics.measure(measured, progress=False)
    assert [case.findings for case in again] == [case.findings for case in measured]


def test_alone_and_in_a_batch_agree(measured):
    alone = radiomics.measure([measured[3]], progress=False)[0]
    for one, other in zip(alone.findings, measured[3].findings, strict=True):
        assert (one.presence, one.zones) == (other.presence, other.zones)
        assert one.measurement.value == pytest.approx(other.measurement.value, abs=2e-4)


def spoil(case: Case, **masks) -> Case:
    return replace(case, masks={**case.masks, **masks}, meta={"quality": GOOD})


def test_what_cannot_be_measured_is_unknown_never_absent(phantoms):
    case = phantoms[0]
    empty = np.zeros((64, 64), bool)
    untrusted = replace(case, meta={"quality": {"trusted": False, "reasons": ["a lateral view"]}})
    no_lung, no_masks = spoil(case, left_lung=empty), replace(case, masks={}, meta={"quality": GOOD})
    for spoiled in radiomics.measure([untrusted, no_lung, no_masks], progress=False):
        assert {finding.presence for finding in spoiled.findings} == {"unknown"}
        assert all(finding.measurement is None for finding in spoiled.findings)
    assert radiomics.measure([untrusted], progress=False)[0].meta["not_measured"]["heart"] == "a lateral view"


def test_a_heart_beside_a_cropped_lung_is_large_only_if_it_would_be_in_a_whole_thorax():
    rows, columns = np.indices((64, 64))
    band = [0.57, 0.58]
    lungs = {"right_lung": (columns < 26) & (abs(rows - 32) < 24), "left_lung": (abs(columns - 48) < 11)}
    lungs["left_lung"] &= abs(rows - 32) < 24
    whole = {**lungs, "right_lung": lungs["right_lung"] & (columns > 3)}
    lungs["right_lung"] &= (columns > 0) | (rows < 36)  # half of its height runs off the film

    def found(masks, width):
        masks = {**masks, "heart": (abs(rows - 40) < 10) & (columns >= 20) & (columns < 20 + width)}
        ratio = geometry.cardiothoracic_ratio(masks)
        score = reasons.heart_score(ratio, masks, band)
        return measurement.presence_of(score, band), ratio - score

    assert found(whole, 34) == ("present", 0)
    assert found(lungs, 30) == ("absent", 0)
    assert found(lungs, 34)[0] == "uncertain" and found(lungs, 34)[1] > 0
    assert found(lungs, 40)[0] == "present"
    assert evidence.least_ratio(0.5, whole) == 0.5


def test_a_cropped_lung_costs_that_lung_and_the_heart(phantoms):
    cut = spoil(phantoms[0], right_lung=phantoms[0].masks["right_lung"] | (np.indices((64, 64))[1] < 3))
    (case,) = radiomics.measure([cut], progress=False)
    assert case.findings.presence("opacity", "right") == "unknown"
    assert case.findings.presence("opacity", "left") != "unknown"
    assert case.findings.presence("cardiomegaly") == "unknown"
    assert "runs off the film" in case.meta["not_measured"]["right"]


@pytest.mark.parametrize("pixels", [0, 1, 4])
def test_no_heart_costs_the_ratio_alone(phantoms, pixels):
    heart = np.zeros((64, 64), bool)
    heart[40, 30 : 30 + pixels] = True
    (case,) = radiomics.measure([spoil(phantoms[0], heart=heart)], progress=False)
    assert case.findings.presence("cardiomegaly") == "unknown"
    assert case.findings.presence("effusion", "left") != "unknown"


def test_presence_bands():
    assert [measurement.presence_of(score, (-1.0, 1.0)) for score in (-1.1, -1.0, 0.99, 1.0)] == [
        "absent", "uncertain", "uncertain", "present"
    ]  # fmt: skip
    assert "uncertain" not in {measurement.presence_of(score, (0.5, 0.5)) for score in np.linspace(0, 1, 11)}
    assert set(PRESENCES) >= {"present", "absent", "uncertain"}


def scored(preset, sick, scores):
    """A film of ``preset`` with opacity in the right lung or none, and what is decided of its two lungs."""
    ill = {"right": sick, "left": False}
    found = [Finding("opacity", "present" if ill[side] else "absent", side, extent=0.2 * ill[side]) for side in SIDES]
    others = [*(Finding("effusion", "absent", side, extent=0.0) for side in SIDES), Finding("cardiomegaly", "absent")]
    truth = SimpleNamespace(findings=Findings((*found, *others)))
    reading = {side: SimpleNamespace(heads={"presence": [score]}) for side, score in zip(SIDES, scores, strict=True)}
    return SimpleNamespace(meta={"preset": preset}, truth=truth), reading


def test_the_band_of_opacity_holds_for_each_preset_by_itself():
    """Where films of one preset are easy, those of the other pay for it if both are pooled."""
    rng = np.random.default_rng(0)
    films = [
        scored(preset, i % 2 == 1, rng.normal([mean * (i % 2), 0], 1))
        for preset, mean in (("easy", 9.0), ("hard", 3.5)) for i in range(1500)
    ]  # fmt: skip
    cases, readings = zip(*films, strict=True)
    low, high = calibration.hardest_band(cases, readings)
    highest = np.array([max(reading[side].heads["presence"][0] for side in SIDES) for reading in readings])
    hard = highest[1501::2]  # those with opacity
    pooled = calibration.film_band("opacity", cases, readings)
    assert np.mean(hard < low) <= calibration.ERROR + 1e-3 < np.mean(hard < pooled[0])
    assert high >= pooled[1]


def test_band_holds_the_errors_within_the_doubt_allowed():
    rng = np.random.default_rng(0)
    without, with_ = rng.normal(0, 1, 4000), rng.normal(3, 1, 4000)
    low, high = calibration.band(without, with_, 0.5)
    assert low < high
    assert np.mean(without >= high) <= calibration.ERROR + 1e-3
    assert np.mean(with_ < low) <= calibration.ERROR + 1e-3
    low, high = calibration.band(without, with_ - 2, 0.5)  # not to be told apart: the doubt is bounded
    assert np.mean((without >= low) & (without < high)) <= calibration.DOUBT + 1e-3
    low, high = calibration.band(without, with_ + 6, 0.5)  # well apart: one threshold does
    assert low == high
    assert without.max() < high < with_.min() + 6


def test_stated_lungs_are_held_to_their_error():
    rng = np.random.default_rng(0)
    there = rng.random(20000) < 0.4
    scores, weights = rng.normal(0, 1, 20000) + 2.5 * there, rng.integers(1, 4, 20000)
    limit = calibration.surest(scores, there, weights, 0.02)
    said = scores >= limit
    assert 0.018 < np.average(~there[said], weights=weights[said]) <= 0.02
    assert calibration.surest(scores, there, weights, 1.0) == scores.min()
    assert calibration.surest(scores, ~there & (scores < 0), weights, 0.02) == np.inf


def test_ratio_band_lies_between_hearts_of_both_kinds():
    rng = np.random.default_rng(0)
    true = np.concatenate([rng.uniform(0.42, 0.53, 300), rng.uniform(0.60, 0.70, 12)])
    measured = true + rng.normal(0, 0.01, len(true))
    low, high = calibration.ratio_band(measured, true, np.ones(len(true)))
    assert 0.53 < low <= high < 0.60


def test_best_threshold_maximises_f1():
    without, with_ = np.array([0.0, 1.0, 2.0, 5.0]), np.array([4.0, 6.0, 7.0])
    assert calibration.best_threshold(without, with_, 3 / 7) == 3.0
    assert calibration.best_threshold(without, with_, 0.01) == 5.5  # where it is rare, alarms weigh more


def test_extent_interval_is_widened_and_stays_a_share():
    number = measurement.extent_measurement("opacity", "left", "present", np.array([0.3, 0.1, 0.95]), 0.1)
    assert (number.name, number.low, number.value, number.high) == ("opacity_extent.left", 0.02, 0.3, 1.0)
    narrow = measurement.extent_measurement("opacity", "left", "present", np.array([0.2, 0.3, 0.4]), -0.2)
    assert (narrow.low, narrow.value, narrow.high) == (0.3, 0.3, 0.3)
    drawn = measurement.extent_measurement("opacity", "left", "present", np.array([0.2, 0.3, 0.4]), 0.0, drawn=0.7)
    assert (drawn.low, drawn.value, drawn.high) == (0.2, 0.5, 0.5)


def test_extent_interval_agrees_with_what_is_said():
    wide = np.array([0.0, 0.01, 0.4])
    ends = {said: measurement.extent_measurement("opacity", "left", said, wide, 0.05)
            for said in ("absent", "uncertain", "present")}  # fmt: skip
    assert (ends["absent"].low, ends["absent"].value, ends["absent"].high) == (0.0, 0.01, 0.019)
    assert (ends["uncertain"].low, ends["uncertain"].value, ends["uncertain"].high) == (0.0, 0.02, 0.45)
    assert (ends["present"].low, ends["present"].value, ends["present"].high) == (0.02, 0.02, 0.45)


def test_brightest_takes_the_share_asked_for():
    lung = np.zeros((8, 8), bool)
    lung[2:6, 2:7] = True
    map_ = np.random.default_rng(0).random((8, 8))
    region = measurement.brightest(map_, lung, 0.25)
    assert region.sum() == 5
    assert (region <= lung).all()
    assert map_[region].min() > map_[lung & ~region].max()


def test_frames_cut_and_paste_are_inverse_and_flip_the_left_lung():
    y, x = np.mgrid[:64, :64]
    smooth = np.sin(x / 9) + np.cos(y / 7)
    lung = (abs(x - 45) < 10) & (abs(y - 30) < 20)
    box = frames.lung_box(lung)
    for flip in (False, True):
        part = frames.cut(smooth, box, flip)
        assert part.shape == (frames.HEIGHT, frames.WIDTH)
        assert np.abs(frames.paste(part, box, flip, (64, 64)) - smooth)[lung].max() < 0.35
    assert np.allclose(frames.cut(smooth, box, True), frames.cut(smooth, box, False)[:, ::-1])


def test_looks_start_with_the_box_itself_and_stay_around_it():
    box = (10.0, 5.0, 30.0, 45.0)
    looks = np.array([frames.moved(box, look) for look in frames.LOOKS])
    assert tuple(looks[0]) == box
    assert np.allclose(looks.mean(0), box, atol=0.5)
    assert np.allclose(frames.moved(box, (0.1, 0.2, 0.0)), (12, 13, 32, 53))
    assert np.allclose(frames.moved(box, (0.0, 0.0, 0.1)), (8, 1, 32, 49))


@pytest.mark.parametrize("shift", [-30, 0, 25])
def test_frames_beyond_the_film(shift):
    lung = np.zeros((64, 64), bool)
    lung[5:60, max(0, 20 + shift) : 40 + shift] = True
    box = frames.lung_box(lung)
    part = frames.cut(lung, box, False)
    assert np.isfinite(part).all()
    assert geometry.extent(frames.paste(part, box, False, (64, 64)) > 0.5, lung) > 0.9


def test_brightness_ignores_exposure():
    case = phantom.cases([9_900_050])[0]
    darker = (0.2 + 0.5 * case.image).astype(np.float32)
    assert np.allclose(frames.brightness(case.image, case.masks), frames.brightness(darker, case.masks), atol=1e-4)


def test_vector_says_what_was_measured(measured):
    case = next(case for case in measured if case.findings.presence("opacity") == "present")
    values = dict(zip(radiomics.VECTOR_NAMES, radiomics.vector(case), strict=True))
    for side in SIDES:
        (opacity,) = case.findings.of("opacity", side)
        assert values[f"known_{side}"] == 1
        assert values[f"opacity_extent_{side}"] == pytest.approx(opacity.extent, abs=1e-6)
        assert values[f"opacity_upper_{side}"] == ("upper" in opacity.zones)
    (heart,) = case.findings.of("cardiomegaly")
    assert values["cardiothoracic_ratio"] == pytest.approx(heart.measurement.value, abs=1e-6)
    assert radiomics.vector(case).dtype == np.float32
    assert abs(values["firstorder_Mean"]) <= 5


def test_vector_of_the_unknown_is_zero_and_says_so(measured):
    bare = replace(measured[0], findings=Findings(), masks={})
    values = dict(zip(radiomics.VECTOR_NAMES, radiomics.vector(bare), strict=True))
    assert not any(values.values())
    assert {"known_right", "known_left", "known_heart", "known_textures"} <= set(values)


def test_vector_hardly_depends_on_the_films_size():
    small, large = (phantom.cases([9_900_060], size=size)[0] for size in (64, 192))
    a, b = radiomics.vector(small), radiomics.vector(large)
    textures = [i for i, name in enumerate(radiomics.VECTOR_NAMES) if name.startswith("firstorder")]
    assert np.abs(a - b)[textures].max() < 1.5


def test_counterfactual_pair_differs_in_what_is_measured():
    """The same patient with and without pneumonia: more opacity is measured with it."""
    more = 0
    for seed in range(9_900_070, 9_900_078):
        pair = [replace(case, meta={"quality": GOOD}) for case in phantom.counterfactual(seed)]
        healthy, sick = radiomics.measure(pair, progress=False)
        extents = [sum(f.extent for f in case.findings.of("opacity")) for case in (healthy, sick)]
        more += extents[1] > extents[0]
    assert more >= 6


def test_not_measurable_names_missing_masks(phantoms):
    case = dataclasses.replace(phantoms[0], masks={"right_lung": phantoms[0].masks["right_lung"]})
    assert "heart" in evidence.not_measurable(case)["right"]
