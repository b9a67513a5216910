"""The heart reader: what it sees, that it corrects drawn hearts, and how it lies in the weights file."""

import numpy as np
import pytest
import torch

from medigenx_lib import geometry, phantom, segmentation, weights
from medigenx_lib.cases import replace
from medigenx_lib.errors import TrainingError, WeightsError
from medigenx_lib.radiomics import heart, heart_training, measurement
from medigenx_lib.radiomics.evidence import not_measurable
from medigenx_lib.radiomics.measurement import load_instruments
from medigenx_lib.radiomics.reader import HEART_PREFIX


@pytest.fixture(scope="module")
def segmented():
    """Measurable phantoms that nothing was trained on, with the hearts that the segmentation draws."""
    found = segmentation.segment(phantom.cases(range(9_950_000, 9_950_120), preset="matched"), progress=False)
    return [case for case in found if not not_measurable(case)]


def true_ratios(cases):
    return np.array([case.truth.findings.of("cardiomegaly", None)[0].measurement.value for case in cases])


def test_the_reader_measures_hearts_better_than_their_masks(segmented):
    drawn = np.array(measurement.ratios(segmented, None))
    read = np.array(measurement.ratios(segmented, heart.load_heart()))
    assert drawn == pytest.approx([geometry.cardiothoracic_ratio(case.masks) for case in segmented])
    errors = [np.abs(found - true_ratios(segmented)).mean() for found in (drawn, read)]
    assert errors[1] < 0.9 * errors[0]


def test_what_is_stated_and_its_evidence_are_the_corrected_ratio(segmented):
    instruments = load_instruments()
    (case,) = measurement.measure(segmented[:1], progress=False, instruments=instruments)
    (plain,) = measurement.measure(segmented[:1], progress=False, instruments=replace(instruments, heart=None))
    stated, drawn = (one.findings.of("cardiomegaly", None)[0].measurement.value for one in (case, plain))
    assert drawn == pytest.approx(geometry.cardiothoracic_ratio(case.masks), abs=1e-4)
    (reason,) = (reason for reason in case.meta["evidence"] if reason["kind"] == "cardiomegaly")
    assert stated != drawn
    assert reason["radiomics"] == pytest.approx(drawn, abs=1e-3)
    assert reason["radiomics"] + reason["reader"] == pytest.approx(stated, abs=1e-3)


def test_a_frame_holds_the_thorax_whatever_the_size_of_the_film(segmented):
    case = segmented[0]
    larger = replace(
        case,
        image=np.kron(case.image, np.ones((2, 2), np.float32)),
        masks={name: np.kron(mask, np.ones((2, 2), bool)) for name, mask in case.masks.items()},
    )
    small, large = heart.thorax_frame(case), heart.thorax_frame(larger)
    assert small.shape == (len(heart.CHANNELS), heart.SIDE, heart.SIDE) and small.dtype == np.float32
    assert np.abs(small - large).mean() < 0.05
    lungs = small[1] + small[2] > 0.5
    assert not lungs[0].any() and not lungs[:, 0].any() and lungs.mean() > 0.1


def test_no_film_moves_a_ratio_without_limit(segmented):
    reader = heart.HeartReader().eval()
    torch.nn.init.constant_(reader.head[-1].bias, 50.0)
    assert heart.corrections(segmented[:2], reader) == pytest.approx([heart.MOST] * 2)
    without = replace(segmented[0], masks={**segmented[0].masks, "heart": np.zeros_like(segmented[0].masks["heart"])})
    alone, beside = measurement.ratios([without, segmented[1]], reader)
    assert np.isnan(alone) and np.isfinite(beside)


def test_the_loss_minds_the_error_and_the_side_of_the_limit():
    true, drawn = torch.tensor([0.50]), torch.tensor([0.54])
    left, right, right_side = (heart.loss(torch.tensor([added]), drawn, true, 0.55) for added in (0.0, -0.4, 0.2))
    assert right < left < right_side


def test_it_learns_what_can_be_seen():
    """Hearts drawn too wide on films that show their true width: after some seconds it takes off what is too much."""
    torch.manual_seed(0)
    frames, ratios = torch.zeros(400, len(heart.CHANNELS), heart.SIDE, heart.SIDE), torch.full((400, 2), 0.5)
    for i in range(400):
        too_much = i % 9
        frames[i, 0, 20:40, 18:38] = 1.0
        frames[i, 1, 5:50, 4:18] = frames[i, 2, 5:50, 38:52] = 1.0
        frames[i, 3, 20:40, 18 : 38 + too_much] = 1.0
        ratios[i, 0] += too_much / 48
    reader = heart_training.fit((frames.half(), ratios), minutes=0.15, progress=False)
    with torch.no_grad():
        added = heart.SCALE * reader(frames[:90])
    assert torch.corrcoef(torch.stack([added, ratios[:90, 1] - ratios[:90, 0]]))[0, 1] > 0.8


def test_it_is_added_to_a_weights_file_and_the_rest_stays(tmp_path):
    tensors, config = weights.load("measurement")
    rest = {name: value for name, value in tensors.items() if not name.startswith(HEART_PREFIX)}
    path = weights.save(tmp_path / "reader.safetensors", rest, config)
    assert heart.load_heart(path) is None
    heart_training.add_heart(path, minutes=0.02, progress=False)
    again, _ = weights.load(path)
    assert all(torch.equal(again[name], value) for name, value in rest.items())
    assert isinstance(heart.heart_from(again), heart.HeartReader)


def test_what_does_not_fit_is_refused(monkeypatch):
    with pytest.raises(WeightsError, match="another heart reader"):
        heart.heart_from({HEART_PREFIX + "head.1.weight": torch.zeros(3)})
    monkeypatch.setattr(heart_training, "not_measurable", lambda case: {"heart": "hidden"})
    with pytest.raises(TrainingError, match="hearts"):
        heart_training.hearts(4, progress=False)
