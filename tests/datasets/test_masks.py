"""Masks that come with public sets, laid out as these unpack, and as people lay out their own."""

import warnings

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from medigenx_lib import datasets, phantom, radiomics, segmentation
from medigenx_lib.cases import replace
from medigenx_lib.datasets import regions
from medigenx_lib.preprocessing import leaks
from medigenx_lib.segmentation import dice

SHAPES = {"square": (96, 96), "wide": (96, 150), "tall": (150, 96)}
PHANTOM = phantom.cases([3], size=96)[0]


def drawn(shape=(96, 96), case=PHANTOM):
    """(image, right lung, left lung, heart) of a phantom on a film of ``shape``, well off its middle."""
    rows, columns = shape[0] - 96, shape[1] - 96
    place = ((rows // 4, rows - rows // 4), (columns // 4, columns - columns // 4))
    masks = [np.pad(case.masks[name], place) for name in ("right_lung", "left_lung", "heart")]
    return np.pad(case.image, place, mode="edge"), *masks


def save(path, values, size=None, mode="L", top=255, **options):
    """A picture of ``values`` 0..1 (or bool), of ``size`` (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.round(np.asarray(values, float) * top).astype(np.uint8)).convert(mode)
    picture = picture.resize(size, Image.Resampling.NEAREST) if size else picture
    picture.save(path, **options)
    return path


def telling_film(path, lungs, **options):
    """A film whose lungs are exactly what is brighter than its middle grey: it tells where a mask belongs."""
    ramp = np.linspace(0, 0.2, lungs.shape[1])
    return save(path, np.where(lungs, 0.8, 0.1) + ramp, **options)


def load(path, **options):
    return datasets.load(path, **{"size": None, "progress": False, **options})


def one(path, **options):
    (case,) = load(path, **options)
    return case


def lungs_of(case):
    return case.masks["right_lung"] | case.masks["left_lung"]


def agree(case, right, left, least=0.97):
    assert dice(case.masks["right_lung"], right) > least and dice(case.masks["left_lung"], left) > least


# --- geometry ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fit", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("scale", [1, 0.5, 2])
def test_masks_go_the_way_of_their_film(tmp_path, shape, fit, scale):
    _, right, left, _ = drawn(SHAPES[shape])
    telling_film(tmp_path / "a.png", right | left)
    height, width = SHAPES[shape]
    save(tmp_path / "masks" / "a.png", right | left, size=(int(width * scale), int(height * scale)))
    for size in (None, 64, 128):
        case = one(tmp_path, size=size, fit=fit)
        assert dice(case.image > 0.55, lungs_of(case)) > (0.97 if scale >= 1 and size != 64 else 0.93)
        assert case.masks["right_lung"].dtype == bool and lungs_of(case).shape == case.image.shape


def test_masks_turn_with_a_dicom_film(tmp_path):
    image, right, left, _ = drawn((96, 150))
    pixels = np.round(image[::-1, ::-1] * 4095).astype(np.uint16)  # stored upside down and mirrored
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    made.set_pixel_data(pixels, "MONOCHROME2", 12)
    made.PatientOrientation = ["R", "H"]
    made.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    save(tmp_path / "masks" / "a.png", (right | left)[::-1, ::-1])
    case = one(tmp_path)
    assert case.meta["turned"] == "left-right, up-down" and np.abs(case.image - image).max() < 0.01
    agree(case, right, left, 0.999)


def test_masks_turn_as_their_exif_says(tmp_path):
    image, right, left, _ = drawn((96, 150))
    exif = Image.Exif()
    exif[274] = 3  # both are stored upside down
    save(tmp_path / "a.png", image[::-1, ::-1], exif=exif)
    save(tmp_path / "masks" / "a.png", (right | left)[::-1, ::-1], exif=exif)
    case = one(tmp_path)
    assert np.abs(case.image - image).max() < 0.01
    agree(case, right, left, 0.999)


def test_a_mask_of_other_proportions_is_left_out_and_named(tmp_path):
    image, right, left, _ = drawn((96, 150))
    save(tmp_path / "a.png", image)
    save(tmp_path / "masks" / "a.png", right | left, size=(96, 96))
    with pytest.warns(UserWarning, match=r"a.png \(96x96\) has other proportions than its film \(150x96\)"):
        assert not one(tmp_path).masks


# --- sides ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_both_lungs_in_one_mask_are_told_apart(seed):
    _, right, left, _ = drawn(case=phantom.cases([seed], size=96)[0])
    found = regions.sides(right | left)
    assert np.array_equal(found[0], right) and np.array_equal(found[1], left)


def test_lungs_that_touch_part_between_them():
    _, right, left, _ = drawn()
    bridge = np.zeros_like(right)
    middle = slice(np.flatnonzero(right.any(0))[-1] - 12, np.flatnonzero(left.any(0))[0] + 12)
    bridge[40:46, middle] = True
    a, b = regions.sides(right | left | bridge)
    assert (a & right).sum() > 0.99 * right.sum() and (b & left).sum() > 0.99 * left.sum() and not (a & b).any()
    assert np.array_equal(a | b, right | left | bridge)


def test_one_lung_is_on_the_side_where_it_lies():
    _, right, left, _ = drawn()
    assert not regions.sides(right)[1].any() and not regions.sides(left)[0].any()


def test_what_never_parts_is_cut_midway():
    block = np.zeros((60, 60), bool)
    block[10:50, 10:50] = True
    right, left = regions.sides(block)
    assert right[:, :30].sum() == left[:, 30:].sum() == 800


@pytest.mark.parametrize("names", [("right", "left"), ("left", "right")])
def test_the_patients_right_is_on_the_left_whatever_files_say(tmp_path, names):
    image, right, left, _ = drawn()
    save(tmp_path / "CXR_png" / "MCUCXR_0001_0.png", image)
    for name, mask in zip(names, (right, left), strict=True):
        save(tmp_path / "ManualMask" / f"{name}Mask" / "MCUCXR_0001_0.png", mask)
    case = one(tmp_path)
    agree(case, right, left, 0.999)
    assert np.argmax(case.masks["right_lung"].any(0)) < np.argmax(case.masks["left_lung"].any(0))


def test_a_mask_of_one_lung_says_nothing_of_the_other(tmp_path):
    image, right, _, _ = drawn()
    save(tmp_path / "a.png", image)
    save(tmp_path / "masks" / "a_right_lung.png", right)
    assert set(one(tmp_path).masks) == {"right_lung"}


def test_one_lung_in_the_middle_of_a_narrow_film_stays_whole(tmp_path):
    image, right, _, _ = drawn()
    columns = np.flatnonzero(right.any(0))
    narrow = slice(columns[0] - 2, columns[-1] + 3)
    save(tmp_path / "a.png", image[:, narrow])
    save(tmp_path / "masks" / "right" / "a.png", right[:, narrow])
    case = one(tmp_path)
    assert set(case.masks) == {"right_lung"} and np.array_equal(case.masks["right_lung"], right[:, narrow])


# --- public sets ---------------------------------------------------------------------------------


def test_covid_radiography(tmp_path):
    image, right, left, _ = drawn()
    root = tmp_path / "COVID-19_Radiography_Dataset"
    for kind in ("COVID", "Normal"):
        save(root / kind / "images" / f"{kind}-1.png", image, size=(299, 299))
        save(root / kind / "masks" / f"{kind}-1.png", right | left, size=(256, 256), mode="RGB")
    cases = load(tmp_path, size=96)
    assert {case.label for case in cases} == {0, 1} and len(cases) == 2
    for case in cases:
        agree(case, right, left)
        origin = case.meta["given_masks"]["left_lung"]
        assert origin.endswith(f"masks/{case.meta['class']}-1.png, its left part")


@pytest.mark.parametrize("start", [".", "CXR_png"])
def test_montgomery(tmp_path, start):
    root = tmp_path / "MontgomerySet"
    image, right, left, _ = drawn((96, 150))
    for name in ("MCUCXR_0001_0", "MCUCXR_0104_1"):
        save(root / "CXR_png" / f"{name}.png", image)
        save(root / "ManualMask" / "leftMask" / f"{name}.png", left, mode="1", top=255)
        save(root / "ManualMask" / "rightMask" / f"{name}.png", right, mode="1", top=255)
    (root / "ClinicalReadings").mkdir()
    (root / "ClinicalReadings" / "MCUCXR_0001_0.txt").write_text("Patient's Sex: F\nnormal")
    cases = load(root / start)
    assert [case.label for case in cases] == [0, None] and not leaks(cases)
    for case in cases:
        agree(case, right, left, 0.999)
        assert set(case.meta["given_masks"]) == {"right_lung", "left_lung"}


def test_shenzhen_has_masks_of_some_films(tmp_path):
    image, right, left, _ = drawn()
    for name in ("CHNCXR_0001_0", "CHNCXR_0327_1"):
        save(tmp_path / "CXR_png" / f"{name}.png", image)
    save(tmp_path / "mask" / "CHNCXR_0001_0_mask.png", right | left)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with_masks, without = load(tmp_path)
    agree(with_masks, right, left, 0.999)
    assert not without.masks and "given_masks" not in without.meta


def test_jsrt_with_scr(tmp_path):
    _, right, left, heart = drawn()
    lungs = np.kron(right | left, np.ones((22, 22)))[:2048, :2048] > 0
    ramp = np.linspace(0, 500, 2048)
    (tmp_path / "All247images").mkdir()
    stored = np.where(lungs, 3200, 900) + ramp  # low is dense
    stored.astype(">u2").tofile(tmp_path / "All247images" / "JPCLN001.IMG")
    masks = {"right lung": right, "left lung": left, "heart": heart, "left clavicle": left}
    for name, mask in masks.items():
        whole = np.kron(mask, np.ones((11, 11)))[:1024, :1024]
        save(tmp_path / "scratch" / "fold1" / "masks" / name / "JPCLN001.gif", whole)
    with pytest.warns(UserWarning, match="left clavicle is of no lung or heart"):
        case = one(tmp_path, size=256)
    assert set(case.masks) == {"right_lung", "left_lung", "heart"}
    assert dice(case.image < 0.5, lungs_of(case)) > 0.97
    assert case.meta["given_masks"]["heart"] == "scratch/fold1/masks/heart/JPCLN001.gif"


def test_a_table_and_its_masks(tmp_path):
    image, right, left, _ = drawn()
    for name in ("a.jpg", "b.jpg"):
        save(tmp_path / "images" / name, image)
        save(tmp_path / "lung_masks" / name, right | left)
    (tmp_path / "metadata.csv").write_text("patientid,finding,filename\n1,COVID-19,a.jpg\n2,No Finding,b.jpg\n")
    for case in load(tmp_path):
        agree(case, right, left)
    agree(load(tmp_path / "images")[0], right, left)
    agree(one(tmp_path / "images" / "a.jpg"), right, left)


def test_infections_are_opacities(tmp_path):
    image, right, left, _ = drawn()
    sick = right & (np.arange(96)[:, None] > 50)
    for kind, spots in (("COVID-19", sick), ("Normal", np.zeros_like(sick))):
        save(tmp_path / kind / "images" / f"{kind}.png", image)
        save(tmp_path / kind / "lung masks" / f"{kind}.png", right | left)
        save(tmp_path / kind / "infection masks" / f"{kind}.png", spots)
    shares = {case.label: case.masks["opacity"].sum() for case in load(tmp_path)}
    assert shares == {0: 0, 1: sick.sum()}


# --- odd ones ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "film, mask",
    [("a.png", "a.png"), ("a.png", "a_mask.png"), ("a.png", "a_lung.PNG"), ("A.PNG", "a.png"), ("a.JPG", "a-Mask.gif"),
     ("my film (1).png", "my film (1) mask.png"), ("Jose\u0301.png", "Jos\u00e9.png"), ("胸部.png", "胸部_mask.png"),
     ("a.png", "a_lungs_mask.png"), ("a.png", "mask_a.png"), ("a.png", "a.png.png"), ("a_lung.png", "a_lung.png")],
)  # fmt: skip
def test_names(tmp_path, film, mask):
    image, right, left, _ = drawn()
    save(tmp_path / "images" / film, image)
    save(tmp_path / "masks" / mask, right | left)
    agree(one(tmp_path), right, left, 0.93)


def test_masks_next_to_their_films(tmp_path):
    image, right, left, _ = drawn()
    save(tmp_path / "a.png", image)
    save(tmp_path / "a_mask.png", right | left)
    agree(one(tmp_path), right, left, 0.999)
    agree(one(tmp_path / "a.png"), right, left, 0.999)


def test_a_film_that_is_named_is_not_looked_for_in_folders_below(tmp_path):
    image, right, left, _ = drawn()
    save(tmp_path / "a.png", image)
    save(tmp_path / "else" / "masks" / "a.png", right | left)
    assert not one(tmp_path / "a.png").masks


WAYS = {
    "0 and 1": {"top": 1},
    "0 and 128": {"top": 128},
    "RGBA": {"mode": "RGBA"},
    "palette": {"mode": "P"},
    "1 bit": {"mode": "1"},
    "16 bits": {"mode": "I;16"},
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_write_a_mask(tmp_path, way):
    image, right, left, _ = drawn()
    save(tmp_path / "a.png", image)
    save(tmp_path / "masks" / "a.png", right | left, **WAYS[way])
    agree(one(tmp_path), right, left, 0.999)


def test_masks_by_transparency_and_in_black_on_white(tmp_path):
    image, right, left, _ = drawn()
    pixels = np.zeros((96, 96, 4), np.uint8)
    pixels[..., 3] = (right | left) * 255
    (tmp_path / "masks").mkdir()
    Image.fromarray(pixels).save(tmp_path / "masks" / "a.png")
    save(tmp_path / "masks" / "b.png", ~(right | left))
    for name in "ab":
        save(tmp_path / f"{name}.png", image)
    a, b = load(tmp_path)
    agree(a, right, left, 0.999)
    agree(b, right, left, 0.999)
    assert "black on white" in b.meta["given_masks"]["left_lung"]


def _regions_in_grey(right, left, heart):
    return np.select([right | left, heart], [1 / 3, 2 / 3], 0)


BAD = {
    "empty": (lambda right, left, heart: np.zeros(right.shape), "a.png is empty"),
    "full": (lambda right, left, heart: np.ones(right.shape), "a.png is empty"),
    "a lesion": (lambda right, left, heart: np.pad(np.ones((5, 5)), (40, 51)), "too small for lungs"),
    "several": (_regions_in_grey, "shows several regions"),
}


@pytest.mark.parametrize("kind", BAD)
def test_masks_that_are_left_out(tmp_path, kind):
    image, *masks = drawn()
    save(tmp_path / "a.png", image)
    save(tmp_path / "masks" / "a.png", BAD[kind][0](*masks))
    with pytest.warns(UserWarning, match=BAD[kind][1]):
        assert not one(tmp_path).masks


def test_a_damaged_mask_costs_no_film(tmp_path):
    save(tmp_path / "a.png", drawn()[0])
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.png").write_bytes(b"\x89PNG")
    with pytest.warns(UserWarning, match="a.png is no picture, or damaged"):
        assert not one(tmp_path).masks


def test_a_mask_without_a_film(tmp_path):
    image, right, left, _ = drawn()
    save(tmp_path / "a.png", image)
    save(tmp_path / "masks" / "b.png", right | left)
    with pytest.warns(UserWarning, match=r"1 bear the name of no film, or of several \(b.png\)"):
        assert not one(tmp_path).masks


def test_two_masks_of_the_same_lungs(tmp_path):
    image, right, left, _ = drawn()
    save(tmp_path / "a.png", image)
    save(tmp_path / "masks" / "a_mask.png", right | left)
    save(tmp_path / "masks" / "a_mask_2.png", np.roll(right | left, 2, axis=0))
    with pytest.warns(UserWarning, match="a_mask_2.png: masks/a_mask.png is of the same lungs"):
        agree(one(tmp_path), right, left, 0.999)


def test_two_masks_of_a_lung_each_without_sides(tmp_path):
    image, right, left, _ = drawn()
    save(tmp_path / "a.png", image)
    save(tmp_path / "masks" / "a_mask1.png", left)
    save(tmp_path / "masks" / "a_mask2.png", right)
    agree(one(tmp_path), right, left, 0.999)


def test_films_of_one_name_get_their_own_masks(tmp_path):
    image, right, left, _ = drawn()
    for kind, mask in (("normal", right), ("pneumonia", left)):
        save(tmp_path / "train" / kind / "images" / "1.png", image)
        save(tmp_path / "train" / kind / "masks" / "1.png", mask)
    save(tmp_path / "test" / "normal" / "images" / "1.png", image)
    save(tmp_path / "test" / "pneumonia" / "images" / "1.png", image)
    save(tmp_path / "test" / "normal" / "masks" / "2.png", right)
    with pytest.warns(UserWarning, match=r"2.png"):
        cases = {(case.split, case.label): case for case in load(tmp_path)}
    assert not cases["train", 0].masks["left_lung"].any() and not cases["train", 1].masks["right_lung"].any()
    assert cases["train", 0].masks["right_lung"].any()
    assert not cases["test", 0].masks and not cases["test", 1].masks


def test_masks_of_another_class_are_not_taken(tmp_path):
    image, right, left, _ = drawn()
    for kind in ("COVID", "Normal", "Lung_Opacity"):
        save(tmp_path / kind / "images" / "1.png", image)
    save(tmp_path / "Normal" / "masks" / "1.png", right | left)
    assert [case.meta["class"] for case in load(tmp_path) if case.masks] == ["Normal"]


def test_masks_can_be_left(tmp_path):
    image = drawn()[0]
    save(tmp_path / "a.png", image)
    save(tmp_path / "masks" / "a.png", np.zeros_like(image))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not one(tmp_path, masks=False).masks


def test_a_folder_of_masks_asked_for_by_name_is_films(tmp_path):
    image, right, left, _ = drawn()
    save(tmp_path / "images" / "a.png", image)
    save(tmp_path / "masks" / "a.png", right | left)
    assert not one(tmp_path / "masks").masks


# --- what is done with them ----------------------------------------------------------------------


def test_radiomics_takes_given_masks_and_segmentation_says_how_it_agrees(tmp_path):
    image, right, left, _ = drawn()
    save(tmp_path / "a.png", image)
    save(tmp_path / "masks" / "a.png", right | left)
    given = one(tmp_path, size=64)
    table = radiomics.extract([given], ("right_lung", "left_lung"), progress=False)
    assert set(table.region) == {"right_lung", "left_lung"}
    (found,) = segmentation.segment([given], progress=False)
    agreement = found.meta["agreement_with_given"]
    assert "given_masks" not in found.meta and set(agreement) == {"right_lung", "left_lung"}
    assert agreement["left_lung"] == round(dice(found.masks["left_lung"], given.masks["left_lung"]), 4) > 0.8
    (found,) = segmentation.segment([replace(given, masks={})], progress=False)  # somebody let go of them
    assert found.meta["agreement_with_given"] == {}


def test_real_masks(real_data):
    cases = load(real_data / "covid_cxr", size=128, limit=4)
    assert all(set(case.masks) == {"right_lung", "left_lung"} for case in cases)
    assert all(0.1 < lungs_of(case).mean() < 0.6 and case.meta["given_masks"] for case in cases)
