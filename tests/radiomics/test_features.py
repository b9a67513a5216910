"""The feature table equals a direct pyradiomics call, and falls into neither of its two silent traps."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter

from medigenx_lib import radiomics
from medigenx_lib.cases import Case
from medigenx_lib.radiomics import features
from medigenx_lib.radiomics.definitions import FEATURE_CLASSES, units


def lungs(size: int = 48) -> dict[str, np.ndarray]:
    y, x = np.mgrid[:size, :size] / size
    blobs = [((x - cx) / 0.17) ** 2 + ((y - 0.5) / 0.4) ** 2 < 1 for cx in (0.27, 0.73)]
    return {"right_lung": blobs[0], "left_lung": blobs[1]}


def film(seed: int, size: int = 48, **masks) -> Case:
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(size, size)), 1.5)
    image = ((noise - noise.min()) / np.ptp(noise)).astype(np.float32)
    return Case(f"film-{seed}", image, masks={**lungs(size), **masks})


def direct(image: np.ndarray, mask: np.ndarray, **settings) -> dict[tuple[str, str], float]:
    """pyradiomics called as its documentation shows, with none of our code."""
    from radiomics import featureextractor

    extractor = featureextractor.RadiomicsFeatureExtractor(additionalInfo=False, **settings)
    extractor.disableAllFeatures()
    for name in FEATURE_CLASSES:
        extractor.enableFeatureClassByName(name)
    found = extractor.execute(sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask.astype(np.uint8)))
    return {tuple(key.split("_")[1:]): float(np.real(value)) for key, value in found.items()}


def table_values(table: pd.DataFrame, case: str, region: str) -> dict[tuple[str, str], float]:
    rows = table[(table.case == case) & (table.region == region)]
    return dict(zip(zip(rows.feature_class, rows.feature, strict=True), rows.value, strict=True))


@pytest.fixture(scope="module")
def table():
    cases = [film(seed) for seed in range(4)]  # enough for worker processes
    return radiomics.extract(cases, regions=radiomics.ALL_REGIONS, workers=2, progress=False)


def test_the_table_is_tidy_and_whole(table):
    assert tuple(table.columns) == ("case", "region", "feature_class", "feature", "value", "unit")
    assert len(table) == 4 * len(radiomics.ALL_REGIONS) * len(units())
    assert not table.duplicated(["case", "region", "feature_class", "feature"]).any()
    assert table.value.dtype == np.float64
    assert np.isfinite(table.value).all()
    assert list(table.case.unique()) == [f"film-{seed}" for seed in range(4)]  # the order in, not of finishing
    assert radiomics.left_out(table) == []


@pytest.mark.parametrize("region", ["right_lung", "lungs", "upper_zone", "left_lower_zone"])
def test_values_are_bit_for_bit_those_of_a_direct_call(table, region):
    case = film(2)
    mask = features.region_masks(np.stack([case.masks["right_lung"], case.masks["left_lung"]]))[region]
    image = case.image * np.float32(255)
    assert image.dtype == np.float32
    assert table_values(table, "film-2", region) == direct(image, mask, binWidth=features.BIN_WIDTH)


def test_workers_and_no_workers_agree(table):
    alone = radiomics.extract([film(3)], regions=["lungs"], workers=1, progress=False)
    assert table_values(alone, "film-3", "lungs") == table_values(table, "film-3", "lungs")


def test_zones_divide_each_lung():
    masks = features.region_masks(np.stack(list(lungs().values())))
    for side in ("right", "left"):
        zones = [masks[f"{side}_{zone}_zone"] for zone in ("upper", "middle", "lower")]
        assert (np.sum(zones, axis=0) == masks[f"{side}_lung"]).all()
        heights = [np.ptp(np.flatnonzero(zone.any(1))) + 1 for zone in zones]
        assert max(heights) - min(heights) <= 1
    assert (masks["middle_zone"] == masks["right_middle_zone"] | masks["left_middle_zone"]).all()


def test_trap_uint8_bins_wrap_around():
    """Under numpy 2 the bins of a uint8 image are wrong without a word; ours are those of its float twin."""
    bytes_ = np.round(film(5).image * 255).astype(np.uint8)
    mask = np.ones((48, 48), bool)  # white pixels included: the last edge lies above 255
    float_twin = direct(bytes_.astype(np.float32), mask, binWidth=25)
    with np.errstate(over="ignore"):
        trapped = direct(bytes_, mask, binWidth=25)
    assert trapped[("glcm", "Contrast")] < 0.5 * float_twin[("glcm", "Contrast")]  # the trap is there
    ours = features.region_features(bytes_.astype(np.float32) / 255, mask)
    wanted = direct((bytes_.astype(np.float32) / 255) * np.float32(255), mask, binWidth=features.BIN_WIDTH)
    assert ours == wanted
    exact = direct(bytes_.astype(np.float64), mask, binWidth=features.BIN_WIDTH)
    # Division by 255 and back may move a value that sits on a bin's edge by one ulp, hence not bit for bit.
    assert ours[("glcm", "Contrast")] == pytest.approx(exact[("glcm", "Contrast")], rel=0.05)


def test_trap_force2d_on_a_2d_image_gives_1d_textures():
    """With force2D a picture and its rows shuffled have the same textures, for only pairs within a row count."""
    case, mask = film(6), np.ones((48, 48), bool)
    image = case.image * np.float32(255)
    shuffled = np.ascontiguousarray(image[np.random.default_rng(0).permutation(48)])
    key = ("glcm", "Contrast")
    trapped = [direct(picture, mask, binWidth=8, force2D=True)[key] for picture in (image, shuffled)]
    ours = [features.region_features(picture / np.float32(255), mask)[key] for picture in (image, shuffled)]
    assert trapped[0] == pytest.approx(trapped[1], rel=1e-9)  # the trap is there
    assert ours[1] > 2 * ours[0]  # and we are not in it
    assert "force2D" not in features.SETTINGS


def test_regions_that_cannot_be_measured_cost_no_others():
    empty, dot = np.zeros((48, 48), bool), np.zeros((48, 48), bool)
    dot[10:13, 10:13] = True
    column = np.zeros((48, 48), bool)
    column[5:40, 7] = True
    maskless = Case("maskless", film(1).image)
    cases = [film(0, left_lung=empty), film(1, left_lung=dot), film(2, left_lung=column), maskless]
    table = radiomics.extract(cases, regions=["right_lung", "left_lung"], workers=1, progress=False)
    assert set(zip(table.case, table.region, strict=True)) == {(f"film-{i}", "right_lung") for i in range(3)}
    reasons = {item.case: item.reason for item in radiomics.left_out(table) if item.region == "left_lung"}
    assert reasons["film-0"] == "empty"
    assert reasons["film-1"].startswith("too small: 9 pixels")
    assert "dimension" in reasons["film-2"]
    assert "segmentation.segment" in reasons["maskless"]


def test_a_flat_region_is_measured():
    flat = Case("flat", np.full((48, 48), 0.5, np.float32), masks=lungs())
    values = table_values(radiomics.extract([flat], regions=["lungs"], progress=False), "flat", "lungs")
    assert values[("firstorder", "Variance")] == 0
    assert values[("glcm", "Contrast")] == 0


def test_no_cases_and_unknown_regions():
    assert list(radiomics.extract([], progress=False).columns) == list(features.COLUMNS)
    with pytest.raises(ValueError, match="liver"):
        radiomics.extract([film(0)], regions=["liver"])


def test_definitions_cover_exactly_what_pyradiomics_computes():
    defined = radiomics.definitions()
    computed = direct(film(0).image * np.float32(255), lungs()["left_lung"], binWidth=8)
    assert set(zip(defined.feature_class, defined.feature, strict=True)) == set(computed)
    assert len(defined) == len(computed) == 102
    assert defined.definition.str.endswith(".").all()
    assert defined.definition.str.len().between(20, 160).all()
    codes = defined.ibsi[defined.ibsi != ""]
    assert codes.str.fullmatch("[0-9A-Z]{4}").all()
    assert codes.is_unique
    assert (defined.feature_class[defined.ibsi == ""].value_counts()["shape2D"]) == 9


def test_importing_needs_no_torch_and_logs_nothing():
    """Workers import this module: torch would cost each of them seconds."""
    script = (
        "import sys, numpy as np, medigenx_lib.radiomics as r; from medigenx_lib.radiomics import features as f;"
        "f.region_features(np.random.default_rng(0).random((32, 32), np.float32), np.ones((32, 32), bool));"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert done.stderr == ""
