"""The benches without a browser: what they show, what they refuse, and the page where there are no widgets."""

import re
from dataclasses import replace

import numpy as np
import pytest

from medigenx_lib import phantom, radiomics, segmentation
from medigenx_lib.course import benches
from medigenx_lib.course.benches import generator, parts, regions, report, window
from medigenx_lib.errors import InputError
from medigenx_lib.radiomics import features
from medigenx_lib.text import decoding


@pytest.fixture(scope="module")
def films():
    made = phantom.cases([9_500_000, 9_500_001], size=64, disease=[True, False])
    return segmentation.segment(made, progress=False)


@pytest.fixture(scope="module")
def measured(films):
    return radiomics.measure(films, progress=False)


def page(bench):
    return bench.children[-1].value


def control(bench, label):
    return next(child for child in bench.children if getattr(child, "description", None) == label)


def test_a_narrow_window_loses_pixels_and_says_how_many(films):
    bench = benches.window_bench(films)
    assert "0 % of the pixels lie outside" in page(bench)
    control(bench, "Window width").value = 0.2
    lost = int(re.search(r"(\d+) % of the pixels lie outside", page(bench))[1])
    image = films[0].image
    assert lost == pytest.approx(100 * np.mean((image < 0.4) | (image > 0.6)), abs=1)


def test_leaving_out_pixels_aliases_and_averaging_does_not():
    stripes = np.tile([0.0, 1.0], (64, 32)).astype(np.float32)
    assert window.shrunk(stripes, 32, "picked").std() == 0  # every second column: all black
    assert abs(window.shrunk(stripes, 32, "averaged").mean() - 0.5) < 0.02


def test_the_latent_bench_shows_the_ends_and_the_middle():
    bench = benches.latent_bench()
    assert page(bench).count("<img") == 1 + generator.STEPS
    before = page(bench)
    control(bench, "Truncation").value = 0.5
    assert page(bench) != before and "truncation 0.5" in page(bench)


def test_live_samples_follow_a_training_and_do_not_flicker(monkeypatch):
    shown = []
    monkeypatch.setattr(generator.widgets, "display_with_fallback", lambda widget, static: shown.append(widget))
    follow = benches.live_samples(every=1e9)
    follow(np.zeros((5, 8, 8), np.float32), {"images": 1200})
    assert "1,200 real ones" in shown[0].value
    first = shown[0].value
    follow(np.ones((5, 8, 8), np.float32), {"images": 2400})
    assert shown[0].value == first and len(shown) == 1


def test_a_mosaic_keeps_every_film_in_its_place():
    films = np.arange(3, dtype=np.float32)[:, None, None] * np.ones((3, 2, 2), np.float32)
    assert generator.mosaic(films, 2).tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 0, 0], [2, 2, 0, 0]]


def test_the_features_of_a_region_are_those_of_pyradiomics(films):
    bench = benches.region_bench(films)
    mask = regions.masks_of(films[0])["right_lung"]
    mean = features.region_features(films[0].image, mask)["firstorder", "Mean"]
    assert f"{mean:.3g}" in page(bench)
    control(bench, "Region").value = regions.DRAWN
    control(bench, "Rectangle: side").value = 0.1
    assert "rectangle" in page(bench)


def test_a_region_is_compared_with_the_same_place_on_the_other_side():
    assert regions.mirror_name("right_upper_zone") == "left_upper_zone"
    assert regions.mirror_name("left_lung") == "right_lung" and regions.mirror_name("lungs") == "lungs"


def test_both_lungs_are_compared_with_nothing(films):
    bench = benches.region_bench(films)
    assert "Other side" in page(bench)
    control(bench, "Region").value = "lungs"
    assert "Other side" not in page(bench) and "Both lungs" in page(bench) and "glcm Contrast" in page(bench)


def test_controls_that_do_nothing_are_grey(films, measured):
    windows, region, written = benches.window_bench(films), benches.region_bench(films), benches.report_bench(measured)
    assert control(windows, "CLAHE clip limit").disabled and control(windows, "Made smaller by").disabled
    control(windows, "Contrast").value, control(windows, "Size in pixels").value = "clahe", 32
    assert not control(windows, "CLAHE clip limit").disabled and not control(windows, "Made smaller by").disabled
    assert control(region, "Rectangle: side").disabled
    control(region, "Region").value = regions.DRAWN
    assert not control(region, "Rectangle: side").disabled
    assert not written.seed.disabled
    written.strategy.value = "greedy"
    assert written.seed.disabled


@pytest.mark.parametrize("strategy", decoding.STRATEGIES)
def test_the_seed_is_grey_only_where_it_changes_nothing(strategy, measured):
    reports = {decoding.write(measured[:1], strategy, seed=seed, progress=False)[0].report for seed in range(4)}
    assert (len(reports) == 1) == (strategy in decoding.SEEDLESS)


def test_shares_are_shown_in_percent_and_ratios_are_not(measured):
    rows = {(row[0], row[1]): row[-1] for row in map(report.measured, measured[0].findings)}
    assert re.fullmatch(r"\d+ % of the lung \(\d+ to \d+ %\)", rows["opacity", "right"])
    assert re.fullmatch(r"0\.\d\d, cardiothoracic ratio \(0\.\d\d to 0\.\d\d\)", rows["cardiomegaly", ""])


def test_features_are_written_without_powers_of_ten():
    assert [regions.short(value) for value in (1859.6, 999.7, 590.2, -0.03184, 0.0)] == (
        ["1,860", "1,000", "590", "-0.0318", "0"]
    )


def test_the_report_bench_checks_what_is_edited(measured):
    bench = benches.report_bench(measured)
    assert "contradicted" not in bench.verdicts.value
    bench.text.value = "No opacity on either side."
    assert "contradicted" in bench.verdicts.value and "Left out of the report:" in bench.verdicts.value
    bench.text.value = "<script>alert(1)</script> is seen."
    assert "<script>" not in bench.verdicts.value
    bench.text.value = ""
    assert "no sentence to check" in bench.verdicts.value
    bench.strategy.value = "grammar"
    assert "contradicted" not in bench.verdicts.value


@pytest.mark.parametrize("make", [benches.window_bench, benches.region_bench, benches.report_bench])
def test_no_films_are_refused(make):
    with pytest.raises(InputError, match="Give at least one"):
        make([])


def test_what_a_bench_needs_first_is_said():
    bare = phantom.cases([9_500_002], size=32)[0]
    with pytest.raises(InputError, match=r"segmentation\.segment"):
        benches.region_bench([parts_without(bare)])
    with pytest.raises(InputError, match=r"radiomics\.measure"):
        benches.report_bench([parts_without(bare)])


def parts_without(case):
    return replace(case, masks={}, findings=None)


def test_an_error_while_drawing_is_shown_and_escaped():
    knob = parts.slider("Knob", 0, 3, 1, 0)

    def render(knob):
        if knob:
            raise ValueError("<b>broken</b>")
        return "fine"

    bench = parts.bench("Broken", {"knob": knob}, render)
    knob.value = 1
    assert 'role="alert"' in page(bench) and "&lt;b&gt;broken" in page(bench)
    knob.value = 0
    assert page(bench) == "fine"


def test_every_picture_has_words_that_are_escaped():
    drawn = parts.picture(np.zeros((4, 4), np.float32), 'a "quoted" <film>')
    assert 'alt="a &quot;quoted&quot; &lt;film&gt;"' in drawn
