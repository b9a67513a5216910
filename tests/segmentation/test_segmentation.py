"""Masks of real films and phantoms, as a user gets them from the shipped weights."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from medigenx_lib import phantom
from medigenx_lib.cases import MASKS, Case
from medigenx_lib.errors import WeightsError
from medigenx_lib.segmentation import CHANNELS, dice, load_network, probabilities, segment


def film(path, side=300):
    picture = Image.open(path).convert("L")
    picture.thumbnail((side, side))
    return Case(path.stem, np.asarray(picture, np.float32) / 255)


def lungs(case):
    return case.masks["right_lung"] | case.masks["left_lung"]


@pytest.fixture(scope="module")
def phantoms():
    return phantom.cases(range(900, 908), size=96, preset="wide")


@pytest.fixture(scope="module")
def segmented(phantoms):
    return segment(phantoms, progress=False)


def test_phantom_masks_come_back(phantoms, segmented):
    scores = [
        [dice(a.masks[name], b.masks[name]) for name in MASKS[:3]] for a, b in zip(segmented, phantoms, strict=True)
    ]
    assert np.mean(scores) > 0.9


def test_masks_have_the_films_size_and_lungs_are_apart(segmented):
    for case in segmented:
        assert set(case.masks) == set(MASKS)
        assert all(mask.shape == case.image.shape and mask.dtype == bool for mask in case.masks.values())
        assert not (case.masks["right_lung"] & case.masks["left_lung"]).any()
        assert not (case.masks["effusion"] & ~lungs(case)).any()


def test_truth_and_image_stay(phantoms, segmented):
    for before, after in zip(phantoms, segmented, strict=True):
        assert after.truth is before.truth and after.image is before.image and after.findings is before.findings


def test_right_lung_is_on_the_left_of_the_picture(segmented):
    for case in segmented:
        assert np.argwhere(case.masks["right_lung"])[:, 1].mean() < np.argwhere(case.masks["left_lung"])[:, 1].mean()


def test_quality_is_json_able_and_explains_itself(segmented):
    for case in segmented:
        quality = Case.from_json(case.to_json()).meta["quality"]
        assert quality["trusted"] == (not quality["reasons"])
        assert quality["frontal_chest"] or not quality["trusted"]


def test_a_case_is_segmented_alike_alone_and_in_a_batch(phantoms, segmented):
    alone = segment(phantoms[3:4], progress=False)[0]
    assert np.mean(lungs(alone) != lungs(segmented[3])) < 0.002


def test_behind_heart_adds_to_each_lung(phantoms, segmented):
    for plain, whole in zip(segmented, segment(phantoms, progress=False, behind_heart=True), strict=True):
        assert whole.meta["behind_heart"] and not plain.meta["behind_heart"]
        assert not (lungs(plain) & ~lungs(whole)).any()
        assert (whole.masks["left_lung"] & whole.masks["heart"]).sum() > (
            plain.masks["left_lung"] & plain.masks["heart"]
        ).sum()
        assert (whole.masks["heart"] == plain.masks["heart"]).all()


def test_probabilities_shape_and_range(phantoms):
    images = torch.from_numpy(np.stack([case.image for case in phantoms[:2]]))[:, None]
    maps = probabilities(images)
    assert maps.shape == (2, len(CHANNELS), 96, 96)
    assert maps.min() >= 0 and maps.max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (40, 33), (700, 300)])
def test_any_size_is_answered(shape):
    case = Case("odd", np.random.default_rng(0).random(shape, dtype=np.float32))
    seen = segment([case], progress=False)[0]
    assert seen.masks["heart"].shape == shape and not seen.meta["quality"]["trusted"]


def test_no_cases():
    assert segment([], progress=False) == []


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(WeightsError, match=r"nothing\.safetensors"):
        load_network(str(tmp_path / "nothing.safetensors"))


def test_dice_on_manual_masks_of_real_adult_films(real_data):
    found = []
    for path in sorted((real_data / "covid_cxr" / "images").iterdir())[::3]:
        case = segment([film(path)], progress=False, behind_heart=True)[0]
        for side in ("right_lung", "left_lung"):
            assert ndimage.label(case.masks[side])[1] == 1, path.stem
            assert (ndimage.binary_fill_holes(case.masks[side]) == case.masks[side]).all(), path.stem
        manual = Image.open(real_data / "covid_cxr" / "lung_masks" / path.name).convert("L")
        found.append(dice(lungs(case), np.asarray(manual.resize(case.image.shape[::-1])) > 127))
    assert np.mean(found) > 0.9 and min(found) > 0.8


def test_real_frontal_films_are_rarely_refused_and_turned_ones_nearly_always(real_data):
    folder = real_data / "chest_xray_224" / "val"
    films = [film(path) for path in sorted(folder.glob("*/*"))[::4]]
    turned = [Case(f.id, np.ascontiguousarray(np.rot90(f.image))) for f in films]
    negative = [Case(f.id, 1 - f.image) for f in films]
    upright, *wrong = (
        np.mean([c.meta["quality"]["frontal_chest"] for c in segment(kind, progress=False)])
        for kind in (films, turned, negative)
    )
    assert upright >= 0.95 and max(wrong) <= 0.1


@pytest.mark.parametrize("side", [28, 64, 256])
def test_pictures_that_are_no_radiographs_are_refused(side):
    rng, (y, x) = np.random.default_rng(1), np.mgrid[0 : 1 : side * 1j, 0 : 1 : side * 1j].astype(np.float32)
    pictures = [np.zeros_like(x), np.ones_like(x), x, y, rng.random(x.shape, dtype=np.float32),
                (np.floor(x * 8) + np.floor(y * 8)).astype(np.float32) % 2]  # fmt: skip
    seen = segment([Case("not", np.ascontiguousarray(p)) for p in pictures], progress=False)
    assert not any(case.meta["quality"]["frontal_chest"] for case in seen)
