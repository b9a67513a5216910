"""Grey levels, borders, sizes, polarity and splits."""

import numpy as np
import pytest

from medigenx_lib import datasets, phantom, preprocessing
from medigenx_lib.cases import Case, replace
from medigenx_lib.errors import InputError


@pytest.fixture
def image():
    return np.random.default_rng(0).random((40, 60), np.float32)


def test_grey_levels_go_by_depth_not_by_the_brightest_pixel():
    pixels = np.array([[0, 100], [200, 255]], np.uint16)
    assert preprocessing.to_unit_float(pixels, 8).max() == 1
    assert preprocessing.to_unit_float(pixels, 12).max() == pytest.approx(255 / 4095)
    assert preprocessing.to_unit_float(np.array([[5000]]), 12) == 1  # clipped
    assert preprocessing.to_unit_float(pixels, 16).dtype == np.float32


@pytest.mark.parametrize("top, bits", [(1, 8), (255, 8), (256, 10), (1023, 10), (4095, 12), (16383, 14), (65535, 16)])
def test_bit_depth_is_the_least_that_holds_the_maximum(top, bits):
    assert preprocessing.guess_bit_depth(np.array([0, top]), 16) == bits


def test_window_follows_the_standard():
    # PS3.3 C.11.2.1.2.1: x <= c - 0.5 - (w-1)/2 is black, x > c - 0.5 + (w-1)/2 is white
    ramp = preprocessing.window_level(np.arange(5000), 2048, 4096)
    assert ramp[0] == 0 and ramp[4095] == 1 and ramp[4999] == 1
    assert ramp[1000] == pytest.approx(1000 / 4095)
    assert preprocessing.window_level(np.array([9, 10]), 10, 1).tolist() == [0, 1]
    with pytest.raises(InputError, match="width"):
        preprocessing.window_level(ramp, 0, 0)


def test_normalise_and_standardise(image):
    assert preprocessing.normalise(image * 0.1 + 0.3).min() == 0
    assert np.allclose(preprocessing.normalise(image * 0.1), preprocessing.normalise(image), atol=1e-5)
    assert preprocessing.standardise(image).mean() == pytest.approx(0, abs=1e-5)
    assert preprocessing.standardise(image).std() == pytest.approx(1, abs=1e-5)
    flat = np.full((4, 4), 0.5, np.float32)
    assert not preprocessing.normalise(flat).any() and not preprocessing.standardise(flat).any()


def test_luminance_and_colour():
    grey = np.full((4, 4, 3), 0.5, np.float32)
    assert np.allclose(preprocessing.luminance(grey), 0.5) and preprocessing.colourfulness(grey) == 0
    half = grey.copy()
    half[:2] = (0.9, 0.1, 0.1)
    assert preprocessing.colourfulness(half) == 0.5


@pytest.mark.parametrize("border", [0.0, 1.0])
def test_borders_are_cropped_whether_black_or_white(border, image):
    framed = np.full((80, 100), border, np.float32)
    framed[10:50, 25:85] = image * 0.8 + 0.1
    assert preprocessing.crop_borders(framed).shape == (40, 60)
    assert preprocessing.crop_borders(image).shape == image.shape
    assert preprocessing.crop_borders(np.full((8, 8), border, np.float32)).shape == (8, 8)


def test_resize_does_not_alias():
    board = (np.indices((256, 256)).sum(axis=0) % 2).astype(np.float32)
    stripes = ((np.arange(256) // 3) % 2).astype(np.float32) * np.ones((256, 1), np.float32)
    small = preprocessing.resize(board, 64)
    assert small.dtype == np.float32 and small.shape == (64, 64) and np.abs(small[2:-2, 2:-2] - 0.5).max() < 0.01
    assert preprocessing.resize(stripes, 64).std() < 0.15  # taking every fourth pixel gives 0.5


def test_resize_keeps_the_mean_and_stacks_agree(image):
    stack = np.stack([image, image[::-1]])
    both = preprocessing.resize(stack, 32)
    assert both.shape == (2, 32, 32) and (both[0] == preprocessing.resize(image, 32)).all()
    assert both[0].mean() == pytest.approx(image.mean(), abs=0.01)
    assert both.min() >= 0 and both.max() <= 1


@pytest.mark.parametrize("size", [0, -3])
def test_impossible_sizes_are_refused(image, size):
    with pytest.raises(InputError):
        preprocessing.resize(image, size)


def test_three_ways_to_a_square(image):
    padded, cropped = preprocessing.to_square(image, "pad"), preprocessing.to_square(image, "crop")
    assert padded.shape == (60, 60) and (padded[10:50] == image).all() and not padded[:10].any()
    assert cropped.shape == (40, 40) and (cropped == image[:, 10:50]).all()
    assert preprocessing.to_square(image, "stretch") is image
    with pytest.raises(InputError, match="fit"):
        preprocessing.to_square(image, "squeeze")


def test_resizing_a_case_takes_its_masks_along(image):
    case = Case("a", image, masks={"heart": image > 0.9, "left_lung": np.indices(image.shape)[1] > 30})
    small = preprocessing.resize_case(case, 20)
    assert small.image.shape == (20, 20) and small.masks["left_lung"].dtype == bool
    assert small.masks["left_lung"].mean() == pytest.approx(case.masks["left_lung"].mean(), abs=0.05)
    assert preprocessing.resize_case(case, None) is case


def test_batches_need_one_size(image):
    cases = [Case("a", image), Case("b", image)]
    assert preprocessing.to_tensor(cases).shape == (2, 1, 40, 60)
    with pytest.raises(InputError):
        preprocessing.to_tensor([*cases, Case("c", image[:20])])
    with pytest.raises(InputError):
        preprocessing.to_tensor([])


def test_polarity_of_phantoms_and_their_negatives():
    for case in phantom.cases(range(12)):
        negative = replace(case, image=1 - case.image)
        assert preprocessing.polarity(case.image) == "expected"
        assert preprocessing.polarity(negative.image) == "inverted"
        assert preprocessing.polarity_score(negative.image) == pytest.approx(-preprocessing.polarity_score(case.image))
        turned_back = preprocessing.correct_polarity(negative)
        assert np.allclose(turned_back.image, case.image) and turned_back.meta["polarity"] == "corrected"
        assert preprocessing.correct_polarity(case) is case


def test_polarity_is_unclear_where_there_is_no_chest(image):
    assert preprocessing.polarity(image) == "unclear"
    assert preprocessing.polarity(np.full((64, 64), 0.5, np.float32)) == "unclear"


def test_polarity_of_real_films(real_data):
    films = datasets.load(real_data / "covid_cxr" / "images", size=128, progress=False)
    films += datasets.load(real_data / "cxr_npz" / "cxr_cc_128.npz", size=128, progress=False)
    assert {preprocessing.polarity(film.image) for film in films} == {"expected"}
    assert {preprocessing.polarity(1 - film.image) for film in films} == {"inverted"}


def people(number, films=3):
    image = np.zeros((16, 16), np.float32)
    return [Case(f"{p}-{f}", image, patient=f"person{p}") for p in range(number) for f in range(films)]


def test_no_patient_is_in_two_splits_and_shares_are_met():
    splits = preprocessing.split_by_patient(people(500))
    assert not preprocessing.leaks([case for cases in splits.values() for case in cases])
    assert len(splits["train"]) / 1500 == pytest.approx(0.8, abs=0.05)
    assert {case.split for case in splits["val"]} == {"val"}


def test_a_split_depends_on_the_patient_alone():
    splits = preprocessing.split_by_patient(people(40))
    of = {case.id: name for name, cases in splits.items() for case in cases}
    later = preprocessing.split_by_patient(people(90)[::-1])
    assert all(of.get(case.id, name) == name for name, cases in later.items() for case in cases)
    other = preprocessing.split_by_patient(people(40), seed=1)
    assert other["test"] != splits["test"]


def test_leaks_are_found():
    a, b, c = people(1)
    found = preprocessing.leaks([replace(a, split="train"), replace(b, split="test"), c])
    assert found == {"person0": {"train", "test"}}


@pytest.mark.parametrize("fractions", [{}, {"train": 0.0}, {"train": 1.0, "test": -0.5}])
def test_odd_fractions_are_refused(fractions):
    with pytest.raises(InputError):
        preprocessing.split_by_patient([], fractions)


def test_a_limited_curve_loses_no_pixel_and_takes_no_step_above_its_limit():
    tile = np.random.default_rng(0).beta(5, 2, (16, 16))
    steps = np.diff(preprocessing.clipped_curve(tile, clip=2.0, bins=32), prepend=0.0)
    counts = np.histogram(tile, 32, (0, 1))[0] / tile.size
    excess = np.maximum(counts - 2 / 32, 0).sum()
    np.testing.assert_allclose(steps, np.minimum(counts, 2 / 32) + excess / 32)


def test_clahe_with_one_tile_and_no_limit_uses_all_greys_equally():
    image = np.random.default_rng(1).beta(5, 2, (64, 64)).astype(np.float32)
    flat = preprocessing.clahe(image, tiles=1, clip=1e9, bins=256)
    assert flat.dtype == np.float32 and flat.shape == image.shape
    np.testing.assert_allclose(np.quantile(flat, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.03)


def test_clahe_brings_out_what_is_faint_in_one_corner_only():
    image = np.full((64, 64), 0.5, np.float32)
    image[::2, :32:2] = 0.52
    after = preprocessing.clahe(image, tiles=4, clip=8)
    assert np.ptp(after[8:24, 8:24]) > 2 * 0.02
    with pytest.raises(InputError):
        preprocessing.clahe(image, tiles=7)


def test_a_flat_film_is_flat_whatever_its_grey():
    for grey in (0.1, 0.3, 0.7):
        assert not preprocessing.standardise(np.full((65, 63), grey, np.float32)).any()


def test_stored_numbers_are_not_resized_as_greys():
    with pytest.raises(InputError, match="to_unit_float"):
        preprocessing.resize(np.full((5, 5), 200, np.uint8), 8)


def test_no_tiles_are_refused(image):
    with pytest.raises(InputError, match="equal tiles"):
        preprocessing.clahe(np.zeros((64, 64)), tiles=0)
