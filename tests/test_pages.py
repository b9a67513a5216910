"""Pages: escaping, marks on synthetic films, verdicts, and nothing loaded from outside."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from medigenx_lib import pages
from medigenx_lib.cases import Case, Finding, Findings, Measurement
from medigenx_lib.settings import NOTICE
from medigenx_lib.text.claims import check, omitted

FINDINGS = Findings(
    (
        Finding("opacity", side="right", zones=("lower",), extent=0.2,
                measurement=Measurement("opacity_extent.right", 0.2, 0.1, 0.3)),
        Finding("opacity", "absent", side="left"),
        Finding("effusion", "unknown", side="right"),
        Finding("effusion", "absent", side="left"),
        Finding("cardiomegaly", "absent", measurement=Measurement("cardiothoracic_ratio", 0.45, 0.4, 0.5)),
    )
)  # fmt: skip
REPORT = "There is a right lower zone opacity. There is a left pleural effusion. The bones are intact."


def a_case(synthetic=True, name="film <b>1</b>", **meta):
    image = np.linspace(0, 1, 40 * 30, dtype=np.float32).reshape(40, 30)
    masks = {"right_lung": image > 0.8, "heart": np.zeros((40, 30), bool)}
    return Case(name, image, 1, masks, FINDINGS, REPORT, source="made up", synthetic=synthetic, meta=meta)


def a_reading(case):
    return pages.Reading(case, check(case.report, case.findings), omitted(case.report, case.findings))


@pytest.fixture
def html(tmp_path):
    film = a_case(quality={"trusted": False, "reasons": ["one lung only"]})
    page = pages.Page("T & <i>", ["<script>alert(1)</script>"], [a_reading(film)], failures=[("<x>.png", "No & no.")])
    return pages.write_page(tmp_path / "index.html", page).read_text()


def test_text_is_escaped(html):
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html
    assert "<b>1</b>" not in html and "&lt;x&gt;.png" in html


def test_nothing_is_loaded_from_outside(html):
    assert not re.search(r"(src|href)=\"(?!data:|#)", html)
    assert "http" not in html


def test_the_notice_lasts(html):
    assert "position:sticky" in html and html.count(NOTICE) >= 2


def test_verdicts_are_told_by_words_and_signs(html):
    for sign, word in (("✓", "supported"), ("✗", "contradicted"), ("?", "unverifiable")):
        assert f"{sign} {word}" in html
    assert html.count('<li class="') == 3


def test_the_evidence_of_a_finding_is_shown(tmp_path):
    feature = {"name": "glcm Correlation", "shown": 0.8125, "low": 0.41, "high": 0.7, "adds": 1.234}
    reason = {"kind": "opacity", "side": "right", "score": 2.5, "absent_below": 0.0, "present_from": 0.8,
              "radiomics": 1.3, "reader": -0.2, "features": [feature]}  # fmt: skip
    page = pages.Page("Why", [], [a_reading(a_case(evidence=[reason]))])
    html = pages.write_page(tmp_path / "index.html", page).read_text()
    cells = (
        "opacity right",
        "2.5 (present from 0.8)",
        "+1.3 / -0.2",
        "glcm Correlation",
        "0.812",
        "0.41 to 0.7",
        "+1.23",
    )
    assert "".join(f"<td>{cell}</td>" for cell in cells) in html


def test_untrusted_masks_are_said(html):
    assert "one lung only" in html and "Do not rely" in html


def test_a_real_film_is_not_called_synthetic(tmp_path):
    page = pages.Page("Real", [], [a_reading(a_case(synthetic=False))], synthetic=False)
    html = pages.write_page(tmp_path / "index.html", page).read_text()
    assert "SYNTHETIC" not in html and "not for clinical use" in html.lower()


@pytest.mark.parametrize("synthetic", [True, False])
def test_films_are_marked_in_name_and_metadata(tmp_path, synthetic):
    path = pages.save_film(a_case(synthetic, "../a b"), tmp_path)
    assert path.parent == tmp_path and path.name.startswith("synthetic_") == synthetic
    with Image.open(path) as film:
        assert film.size == (30, 40) and film.mode == "L"
        assert (film.info.get("Warning") == NOTICE) == synthetic


def test_the_overlay_fits_the_film_and_leaves_the_rest_clear():
    masks = {"opacity": np.zeros((40, 30), bool)}
    masks["opacity"][10:20, 10:20] = True
    overlay = np.asarray(Image.open(io.BytesIO(pages.overlay_png(masks))))
    height, width = overlay.shape[:2]
    assert width == pages.OVERLAY_WIDTH and abs(height / width - 40 / 30) < 0.01
    painted = overlay[..., 3] > 0
    assert 0.06 < painted.mean() < 0.11  # 100 of 1,200 pixels
    assert not painted[: height // 5].any()
