"""DICOM: depths, signs, windows, photometric interpretations, transfer syntaxes, and files to refuse."""

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from medigenx_lib import datasets
from medigenx_lib.datasets import dicom
from medigenx_lib.errors import InputError

GRADIENT = np.add.outer(np.arange(40), np.arange(60) * 2).astype(np.float64)
GRADIENT /= GRADIENT.max()


def stored(bits, dtype=np.uint16):
    return np.round(GRADIENT * (2**bits - 1)).astype(dtype)


def dataset(pixels, bits, photometric="MONOCHROME2", **tags):
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID, made.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    made.set_pixel_data(pixels, photometric, bits)
    for name, value in tags.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def read(tmp_path):
    def save_and_read(made, name="a.dcm"):
        made.save_as(tmp_path / name, enforce_file_format=True)
        return datasets.read_film(tmp_path / name)

    return save_and_read


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_depths_and_photometric_interpretations(read, bits, photometric):
    pixels = stored(bits, np.uint8 if bits == 8 else np.uint16)
    case = read(dataset(pixels, bits, photometric))
    wanted = GRADIENT if photometric == "MONOCHROME2" else 1 - GRADIENT
    assert np.abs(case.image - wanted).max() < 1 / 2**bits
    assert case.meta["bit_depth"] == bits and case.meta["photometric"] == photometric
    assert case.meta["original_size"] == [40, 60]


def test_signed_values(read):
    pixels = (stored(12).astype(np.int16) - 2048).astype(np.int16)
    assert np.abs(read(dataset(pixels, 12)).image - GRADIENT).max() < 1e-3


def test_rescale_alone_changes_nothing_and_a_negative_slope_inverts(read):
    plain = read(dataset(stored(12), 12, RescaleSlope="2", RescaleIntercept="-1024"))
    assert np.abs(plain.image - GRADIENT).max() < 1e-3
    turned = read(dataset(stored(12), 12, RescaleSlope="-1", RescaleIntercept="4095"))
    assert np.abs(turned.image - (1 - GRADIENT)).max() < 1e-3


def test_sixteen_bits_said_and_twelve_used(read):
    assert np.abs(read(dataset(stored(12), 16)).image - GRADIENT).max() < 1e-3


def test_window_is_applied_after_rescale(read):
    made = dataset(stored(12), 12, RescaleSlope="1", RescaleIntercept="-1000", WindowCenter="500", WindowWidth="1000")
    case = read(made)
    values = stored(12).astype(float) - 1000
    assert (case.image[values <= 0] == 0).all() and (case.image[values >= 1000] == 1).all()
    inside = (values > 10) & (values < 990)
    assert np.allclose(case.image[inside], (values[inside] - 499.5) / 999 + 0.5, atol=1e-5)


def test_first_of_several_windows_and_nonsense_windows(read):
    first = read(dataset(stored(12), 12, WindowCenter=["1000", "2000"], WindowWidth=["500", "4096"]))
    alone = read(dataset(stored(12), 12, WindowCenter="1000", WindowWidth="500"))
    assert (first.image == alone.image).all()
    nonsense = read(dataset(stored(12), 12, WindowCenter="0", WindowWidth="0"))
    assert np.abs(nonsense.image - GRADIENT).max() < 1e-3


@pytest.mark.parametrize("function", ["SIGMOID", "LINEAR_EXACT"])
def test_other_window_functions(read, function):
    case = read(dataset(stored(12), 12, WindowCenter="2048", WindowWidth="2000", VOILUTFunction=function))
    assert case.image[np.abs(GRADIENT - 0.5) < 0.005] == pytest.approx(0.5, abs=0.02)
    assert (np.diff(case.image, axis=1) >= 0).all()


def test_voi_lut(read):
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 8]
    table.LUTData = (255 - np.arange(4096) // 16).astype(np.uint16).tolist()
    table["LUTDescriptor"].VR, table["LUTData"].VR = "US", "US"
    case = read(dataset(stored(12), 12, VOILUTSequence=[table]))
    assert np.abs(case.image - (1 - GRADIENT)).max() < 0.01


def test_padding_is_black_in_both_polarities(read):
    pixels = stored(12)
    pixels[:, :5] = 0
    case = read(dataset(pixels, 12, "MONOCHROME1", PixelPaddingValue=0))
    assert not case.image[:, :5].any() and case.image[5, 8] > 0.5


def test_colour_and_palette(read):
    rgb = np.dstack([stored(8, np.uint8)] * 3)
    case = read(dataset(rgb, 8, "RGB"))
    assert np.abs(case.image - GRADIENT).max() < 0.01 and case.meta["colour"] == 0
    made = dataset(stored(8, np.uint8), 8)
    made.PhotometricInterpretation = "PALETTE COLOR"
    for colour in ("Red", "Green", "Blue"):
        setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        table = ((255 - np.arange(256)) * 257).astype("<u2").tobytes()
        setattr(made, f"{colour}PaletteColorLookupTableData", table)
    assert np.abs(read(made).image - (1 - GRADIENT)).max() < 0.01


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless, "1.2.840.10008.1.2.4.57",
                                    "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.81",
                                    "1.2.840.10008.1.2.4.51"])  # fmt: skip
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_compressed_transfer_syntaxes(tmp_path, syntax, bits):
    if bits == 16 and syntax.endswith(".51"):
        pytest.skip("JPEG extended ends at 12 bits")
    pixels = stored(bits, np.uint8 if bits == 8 else np.uint16)
    pixels = np.clip(pixels, 2 ** (bits - 4), None)  # GDCM's lossy encoder overshoots at the very ends
    dataset(pixels, bits).save_as(tmp_path / "raw.dcm", enforce_file_format=True)
    compress(tmp_path / "raw.dcm", tmp_path / "a.dcm", syntax)
    assert pydicom.dcmread(tmp_path / "a.dcm").file_meta.TransferSyntaxUID == syntax
    tolerance = 3 if syntax.endswith((".51", ".91", ".81")) else 0.5
    assert np.abs(datasets.read_film(tmp_path / "a.dcm").image * (2**bits - 1) - pixels).max() < tolerance


def compress(source, target, syntax):
    """By GDCM's own writer, which encodes what pydicom cannot."""
    import gdcm

    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(str(syntax))))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_uncompressed_transfer_syntaxes(tmp_path, syntax):
    made = dataset(stored(12), 12)
    if syntax == ExplicitVRBigEndian:
        made.PixelData = np.frombuffer(made.PixelData, "<u2").astype(">u2").tobytes()
    made.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(tmp_path / "a.dcm", made, enforce_file_format=True)
    assert np.abs(datasets.read_film(tmp_path / "a.dcm").image - GRADIENT).max() < 1e-3


def test_without_preamble(tmp_path):
    made = dataset(stored(12), 12)
    del made.file_meta
    made.save_as(tmp_path / "a.dcm", implicit_vr=True, little_endian=True)
    assert np.abs(datasets.read_film(tmp_path / "a.dcm").image - GRADIENT).max() < 1e-3


@pytest.mark.parametrize("words, axis", [(["R", "F"], 1), (["L", "H"], 0)])
def test_a_film_stored_mirrored_is_turned(read, words, axis):
    case = read(dataset(stored(12), 12, PatientOrientation=words))
    assert np.abs(case.image - np.flip(GRADIENT, axis)).max() < 1e-3 and case.meta["turned"]
    upright = read(dataset(stored(12), 12, PatientOrientation=["L", "F"]))
    assert np.abs(upright.image - GRADIENT).max() < 1e-3 and "turned" not in upright.meta


def test_patients_are_told_apart_but_not_named(read):
    case = read(dataset(stored(12), 12, PatientID="4711-SECRET", PatientName="Doe^Jane"), "one.dcm")
    assert case.patient.startswith("dicom-") and "SECRET" not in case.to_json() and "Doe" not in case.to_json()
    same = read(dataset(stored(8, np.uint8), 8, PatientID="4711-SECRET"), "two.dcm")
    assert same.patient == case.patient
    assert read(dataset(stored(12), 12, PatientID="4712"), "three.dcm").patient != case.patient


def bad(change):
    def make(path):
        made = dataset(stored(12), 12)
        change(made)
        made.save_as(path, enforce_file_format=True)

    return make


def _frames(made):
    made.NumberOfFrames, made.PixelData = 2, made.PixelData * 2


BAD = {
    "no picture": (bad(lambda d: d.__delitem__("PixelData")), "without a picture"),
    "frames": (bad(_frames), "2 frames"),
    "huge": (bad(lambda d: setattr(d, "Rows", 60_000) or setattr(d, "Columns", 60_000)), "60000x60000"),
    "short": (bad(lambda d: setattr(d, "PixelData", d.PixelData[:100])), "decoded"),
    "no rows": (bad(lambda d: d.__delitem__("Rows")), "decoded"),
    "zero": (bad(lambda d: setattr(d, "Rows", 0)), "decoded|only"),
    "only a preamble": (lambda p: p.write_bytes(bytes(128) + b"DICM"), "without a picture|decoded"),
    "noise": (lambda p: p.write_bytes(bytes(128) + b"DICM" + bytes(range(256)) * 9), "without a picture|decoded"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_get_one_clear_sentence(tmp_path, kind):
    make, words = BAD[kind]
    make(tmp_path / "bad.dcm")
    with pytest.raises(InputError, match=words) as caught:
        datasets.read_film(tmp_path / "bad.dcm")
    assert "\n" not in str(caught.value) and "bad.dcm" in str(caught.value) and caught.value.next_step


def test_truncated_and_damaged_files(tmp_path):
    rng = np.random.default_rng(0)
    dataset(stored(12), 12).save_as(tmp_path / "raw.dcm", enforce_file_format=True)
    for syntax in (JPEG2000Lossless, JPEGLSLossless, "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.51"):
        compress(tmp_path / "raw.dcm", tmp_path / "a.dcm", syntax)
        whole = (tmp_path / "a.dcm").read_bytes()
        for end in (140, 400, len(whole) - 200):
            (tmp_path / "b.dcm").write_bytes(whole[:end])
            with pytest.raises(InputError):
                datasets.read_film(tmp_path / "b.dcm")
        for _ in range(10):
            broken = np.frombuffer(whole, np.uint8).copy()
            broken[rng.integers(132, len(whole), 4)] = rng.integers(0, 256, 4)
            (tmp_path / "b.dcm").write_bytes(broken.tobytes())
            try:
                datasets.read_film(tmp_path / "b.dcm")
            except InputError:
                continue


def test_a_deflated_bomb_is_not_unpacked(tmp_path, monkeypatch):
    made = dataset(np.zeros((2000, 2000), np.uint16), 16)
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    pydicom.dcmwrite(tmp_path / "a.dcm", made, enforce_file_format=True)
    with pytest.raises(InputError, match="unpacks"):
        dicom.read(tmp_path / "a.dcm", max_pixels=1_000_000)


def test_real_files_and_the_flipped_tag(real_data):
    right = datasets.read_film(real_data / "dicom" / "cr_chest_mono2_jpegbaseline.dcm")
    flipped = datasets.read_film(real_data / "dicom" / "cr_chest_tag_flipped_mono1.dcm")
    assert right.meta["polarity"] == "expected" and flipped.meta["polarity"] == "inverted"
    assert np.allclose(flipped.image, 1 - right.image, atol=1e-6)  # the tag is honoured, the picture flagged
    assert right.image.shape == (1024, 1024) and right.meta["view"] == "PA"
