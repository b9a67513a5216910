"""The judge: what it is told, how it is fitted, and that its reasons add up to its decisions."""

import numpy as np
import pytest
import torch

from medigenx_lib import phantom, weights
from medigenx_lib.cases import Case
from medigenx_lib.errors import WeightsError
from medigenx_lib.radiomics import adaptation, judging, lung_features, reasons
from medigenx_lib.radiomics.features import region_features
from medigenx_lib.radiomics.judge import (
    INPUT_NAMES,
    OTHER_NAMES,
    OWN_NAMES,
    RADIOMIC_NAMES,
    Judge,
    compared,
    judge_from,
    load_judge,
    observe,
    tensors_of,
)
from medigenx_lib.radiomics.measurement import read
from medigenx_lib.radiomics.reader import KINDS, LungReader

COLUMNS = 2 * len(lung_features.LUNG_NAMES) + len(lung_features.HEART_NAMES) + len(OWN_NAMES) + len(OTHER_NAMES)


def invented_lessons(films=1000, real=40):
    """Numbers in which the first feature alone tells opacity, and the second the extent of effusion."""
    generator = torch.Generator().manual_seed(0)
    told = torch.randn(films, 2, COLUMNS, generator=generator)
    opacity = (told[..., 0] > 0.5).float() * 0.4
    effusion = (told[..., 1] > 1).float() * (0.1 * told[..., 1].clamp(0, 5))
    seen = torch.randn(real, 2, COLUMNS, generator=generator)
    seen[..., 0] -= 1.5
    seen[real // 2 :, 0, 0] += 4
    return judging.Lessons(told, torch.stack([opacity, effusion], -1), seen, torch.arange(real) // (real // 2))


@pytest.fixture(scope="module")
def fitted():
    return judging.fit(invented_lessons(), steps=200)


def test_the_judge_learns_what_the_features_tell(fitted):
    told = torch.randn(200, COLUMNS, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        decided = fitted.decide(told)
    assert np.mean(((decided[:, 0] > 0) == (told[:, 0] > 0.5)).numpy()) > 0.85
    assert decided.shape == (200, 2)


def test_judges_together_decide_as_their_mean(fitted):
    other = judging.fit(invented_lessons(), seed=1, steps=30)
    told = torch.randn(20, COLUMNS, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        decided = judging.together([fitted, other]).decide(told)
        apart = [judge.decide(told) for judge in (fitted, other)]
    assert torch.allclose(decided, (apart[0] + apart[1]) / 2, atol=1e-4)
    assert not torch.allclose(apart[0], apart[1], atol=1e-2)


def test_contributions_add_up_to_the_score(fitted):
    told = torch.randn(50, COLUMNS, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        score = fitted.decide(told)
        logits = [INPUT_NAMES.index(f"reader: {kind} logit") for kind in KINDS]
        start = fitted(fitted.clear) + (fitted.mean + fitted.spread * fitted.clear)[logits]
    assert torch.allclose(fitted.contributions(told).sum(-1), score - start, atol=0.05)


def test_the_feature_that_tells_is_the_loudest(fitted):
    told = torch.zeros(1, COLUMNS)
    told[0, 0] = 2.5
    assert int(fitted.contributions(told)[0, 0].abs().argmax()) in (0, len(lung_features.LUNG_NAMES))


def test_what_is_not_used_has_no_say():
    judge = judging.prepared(invented_lessons(), RADIOMIC_NAMES).eval()
    told = torch.randn(4, COLUMNS)
    changed = told.clone()
    changed[:, -len(OTHER_NAMES) :] += 3
    assert torch.equal(judge.standard(told), judge.standard(changed))
    with torch.no_grad():
        decided = judge.decide(torch.where(torch.arange(COLUMNS) < len(RADIOMIC_NAMES), told, told + 1))
        assert torch.equal(decided, judge.decide(told))


def test_a_score_starts_from_the_readers_own():
    """A judge that has learned nothing moves it by one and the same amount, however high it is."""
    judge, told = Judge().eval(), torch.zeros(2, COLUMNS)
    torch.nn.init.zeros_(judge.out[1].weight)
    told[1, INPUT_NAMES.index("reader: effusion logit")] = 3.5
    with torch.no_grad():
        decided = judge.decide(told)
    assert torch.allclose(decided[1] - decided[0], torch.tensor([0.0, 3.5]))


@pytest.mark.parametrize(("label", "costs"), [(0, True), (1, False)])
def test_opacity_read_on_a_real_film_costs_on_a_normal_one_alone(label, costs):
    judge, labels = Judge().eval(), torch.arange(40) % 2
    torch.nn.init.zeros_(judge.out[1].weight)
    clear, column = torch.zeros(40, 2, COLUMNS), INPUT_NAMES.index("reader: opacity logit")
    read_some = clear.clone()
    read_some[labels == label, :, column] = 2.0
    losses = [judging._film_loss(judge, films, labels).item() for films in (clear, read_some)]
    assert (losses[1] > losses[0] + 0.01) == costs


def test_unknown_features_count_as_ordinary(fitted):
    told = torch.zeros(1, COLUMNS)
    told[:, : len(RADIOMIC_NAMES)] = float("nan")
    with torch.no_grad():
        assert torch.isfinite(fitted.decide(told)).all()
    assert not fitted.standard(told)[:, : len(RADIOMIC_NAMES)].any()


def test_compared_gives_the_difference_between_the_lungs():
    told = torch.arange(COLUMNS, dtype=torch.float32)
    shown, count = compared(told), len(lung_features.LUNG_NAMES)
    assert len(shown) == len(INPUT_NAMES) == len(set(INPUT_NAMES))
    assert torch.equal(shown[:count], told[:count])
    assert (shown[count : 2 * count] == -count).all()
    assert torch.equal(shown[2 * count :], told[2 * count :])


def test_saved_and_read_back(fitted, tmp_path):
    reader = LungReader((4, 4, 4))
    path = weights.save(tmp_path / "both.safetensors", {**reader.state_dict(), **tensors_of(fitted)}, {})
    again = load_judge(str(path))
    told = torch.randn(3, COLUMNS)
    assert torch.equal(fitted.decide(told), again.decide(told))
    with pytest.raises(WeightsError, match="no judge"):
        judge_from(reader.state_dict())


def test_features_are_those_of_pyradiomics_on_the_standard_scale():
    case = phantom.cases([9_900_001])[0]
    image, masks = lung_features.standardised(case)
    values = lung_features.side_values(case)
    direct = region_features(image / 255, masks["right_lung"])
    for (group, name), value in zip(lung_features.LUNG_FEATURES, values["right"], strict=False):
        assert value == pytest.approx(direct[group, name], rel=1e-4, abs=1e-5), (group, name)


def test_features_ignore_exposure():
    case = phantom.cases([9_900_001])[0]
    darker = Case("darker", (0.2 + 0.5 * case.image).astype(np.float32), masks=case.masks)
    same, other = lung_features.side_values(case), lung_features.side_values(darker)
    means = [i for i, name in enumerate(lung_features.LUNG_NAMES) if "Percentile" in name or name.endswith("Mean")]
    assert np.allclose(same["left"][means], other["left"][means], atol=0.1)


def test_features_ignore_bars():
    case = phantom.cases([9_900_004], preset="pneumoniamnist", size=256)[0]
    wide = ((0, 0), (64, 64))
    padded = Case("padded", np.pad(case.image, wide), masks={name: np.pad(m, wide) for name, m in case.masks.items()})
    (image, masks), (seen, found) = lung_features.standardised(case), lung_features.standardised(padded)
    assert np.abs(seen - image).mean() < 0.05 * np.abs(image).mean()
    assert found["right_lung"].sum() == pytest.approx(masks["right_lung"].sum(), rel=0.05)
    same, other = lung_features.side_values(case)["right"], lung_features.side_values(padded)["right"]
    mean = lung_features.LUNG_NAMES.index("firstorder Mean")
    assert same[mean] == pytest.approx(other[mean], abs=1)


def test_a_zone_with_hardly_a_pixel_is_unknown():
    case = phantom.cases([9_900_001])[0]
    thin = np.zeros_like(case.masks["left_lung"])
    thin[20:23, 40:44] = True
    values = lung_features.side_values(Case("thin", case.image, masks={**case.masks, "left_lung": thin}))
    assert np.isnan(values["left"]).all()
    assert np.isfinite(values["right"]).all()


def test_each_lung_is_told_of_itself_and_of_the_other():
    case = phantom.cases([9_900_001])[0]
    told = observe([case], read([case], LungReader().eval()))
    assert told.shape == (1, 2, COLUMNS)
    count = len(lung_features.LUNG_NAMES)
    assert np.array_equal(told[0, 0, :count], told[0, 1, count : 2 * count], equal_nan=True)


def test_reasons_name_the_loudest_features():
    count = len(INPUT_NAMES)
    adds = np.zeros(count)
    adds[[3, 7, 9, 11]] = [0.5, -2.0, 1.0, 5.0]
    shown = np.arange(count, dtype=float)
    shown[11] = np.nan  # not measured: it cannot speak
    weighed = {"shown": shown, "low": np.zeros(count), "high": np.ones(count), "adds": adds}
    reason = reasons.lung_reasons("opacity", "left", 1.23456, (0.0, 1.0), weighed)
    assert [feature["name"] for feature in reason["features"]] == [INPUT_NAMES[i] for i in (7, 9, 3)]
    assert reason["radiomics"] == 4.5 and reason["reader"] == 0.0 and reason["score"] == 1.235


def test_the_judge_learns_from_films_that_the_reader_has_not_seen():
    image = np.zeros((8, 8), np.float32)
    cases = [Case(str(i), image, i % 2) for i in range(40)]
    picked = adaptation.chosen(cases, 20, seed=0)
    rest = adaptation.unseen(cases, picked, seed=0)
    assert {case.id for case in rest} == {case.id for case in cases} - {case.id for case in picked}
    assert adaptation.unseen(cases, cases, seed=0) == []


def test_phantoms_become_lessons():
    """A reader that knows nothing still gives lessons of the right shape, with the phantoms' truth in them."""
    given = judging.lessons(LungReader().eval(), films=12, progress=False)
    assert given.told.shape[1:] == (2, COLUMNS) and given.extents.shape[1:] == (2, 2)
    assert len(given.told) == len(given.extents) > 0 and len(given.films) == 0
    assert (given.extents >= 0).all() and (given.extents.sum(1) > 0).any()
    assert torch.isfinite(judging.told_loss(Judge().decide(given.told[:, 0]), given.extents[:, 0]))
