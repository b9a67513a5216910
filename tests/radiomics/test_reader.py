"""The lung reader's losses, what it gives, and what its training phantoms say of zones."""

import numpy as np
import torch

from medigenx_lib import geometry, phantom
from medigenx_lib.cases import SIDES, ZONES
from medigenx_lib.radiomics import augmentation, training
from medigenx_lib.radiomics.frames import CHANNELS, HEIGHT, WIDTH
from medigenx_lib.radiomics.reader import HEADS, LEVELS, LungReader, far, loss, pinball

TRUTHS = torch.tensor([0.10, 0.11, 0.12, 0.30, 0.50, 0.70, 0.90])
"""Their median is 0.30; three of them lie close together."""


def best(which):
    """The extent of the least loss for TRUTHS."""
    places = torch.linspace(0, 1, 201)
    losses = [which(torch.full((len(TRUTHS), len(LEVELS)), float(place)), TRUTHS).item() for place in places]
    return float(places[min(range(len(losses)), key=losses.__getitem__)])


def test_the_bounded_loss_leads_to_where_most_truths_are_near():
    assert abs(best(far) - 0.11) < 0.02
    assert best(lambda quantiles, truth: pinball(quantiles[:, 1:2].expand(-1, 3), truth)) > 0.2
    assert far(torch.full((7, 3), 5.0), TRUTHS) == 1
    assert far(TRUTHS[:, None].expand(-1, 3), TRUTHS) == 0


def a_target(extents, shares):
    count = len(extents)
    zones = torch.tensor(shares) >= geometry.ZONE_SHARE
    density = torch.tensor([0 if some[0] else -1 for some in extents])
    return {"extents": torch.tensor(extents), "zones": zones, "shares": torch.tensor(shares), "density": density,
            "pattern": density.clone()}, torch.zeros(count, 2, HEIGHT, WIDTH)  # fmt: skip


def test_absent_opacity_teaches_no_zones():
    """The gradient of the zones' heads is zero for clear lungs, and not for others."""
    torch.manual_seed(0)
    reading = LungReader((4, 4, 4)).eval()(torch.rand(2, len(CHANNELS), HEIGHT, WIDTH))
    assert {name: values.shape[1] for name, values in reading.heads.items()} == HEADS
    for values in reading.heads.values():
        values.retain_grad()
    target, masks = a_target([[0.0, 0.0], [0.3, 0.0]], [[0.0, 0.0, 0.0], [0.1, 0.6, 0.3]])
    loss(reading, target, masks).backward()
    for name in ("zones", "shares", "density", "pattern"):
        assert not reading.heads[name].grad[0].any() and reading.heads[name].grad[1].any()
    assert all(reading.heads[f"{kind}_extent"].grad[0].any() for kind in ("opacity", "effusion"))


def test_training_phantoms_say_how_an_opacity_is_divided():
    """Zones are those whose share reaches the limit, and shares add up to one where there is opacity."""
    (case,) = (case for case in phantom.cases([9_900_003], disease=True))
    for side in SIDES:
        extents, zones, shares, density, _ = training._truth(case, side)
        assert (zones == (shares >= geometry.ZONE_SHARE)).all()
        assert abs(shares.sum() - (extents[0] > 0)) < 1e-6 and (density >= 0) == (extents[0] > 0)
        listed = case.truth.findings.of("opacity", side)[0].zones
        assert listed == tuple(zone for zone, there in zip(ZONES, zones, strict=True) if there)


def test_a_glance_sees_what_the_reader_sees():
    """In bfloat16 or not, whatever the processor: the same numbers to about a hundredth, in float32."""
    torch.manual_seed(0)
    reader, frames = LungReader((8, 8, 8)).eval(), torch.rand(4, len(CHANNELS), HEIGHT, WIDTH)
    with torch.no_grad():
        exact, quick = reader(frames), training.glance(reader, frames)
    assert quick.maps.dtype == torch.float32 and torch.allclose(exact.maps, quick.maps, atol=0.05)
    for name, values in exact.heads.items():
        assert torch.allclose(values, quick.heads[name], atol=0.05)


def test_poor_films_are_grainy_and_the_others_differ_in_tone_alone(monkeypatch):
    case = phantom.cases([9_900_001])[0]
    order = np.argsort(case.image, axis=None, kind="stable")
    monkeypatch.setattr(training, "POOR", 0.0)
    toned = training.taken(case, np.random.default_rng(0)).image
    assert (np.diff(toned.ravel()[order]) >= 0).all() and not np.allclose(toned, case.image)
    monkeypatch.setattr(training, "POOR", 1.0)
    poor = training.taken(case, np.random.default_rng(0)).image
    assert (np.diff(poor.ravel()[order]) < 0).mean() > 0.2 and poor.std() < toned.std()


def test_moved_frames_stay_with_their_masks_and_nearly_in_place():
    lungs = training.phantom_lungs(20, 9_900_000, progress=False)
    both = torch.cat([lungs.frames, lungs.frames[:, 1:2]], 1).float()  # the lung once more, as a mask
    seen = augmentation.moved(both)
    assert torch.equal(seen[:, 1], seen[:, -1])
    moved = ((seen - both).abs() > 1e-3).flatten(1).any(1)
    assert 0.4 < moved.float().mean() < 0.95
    overlap = torch.minimum(seen[:, 1], both[:, 1]).sum((1, 2)) / both[:, 1].sum((1, 2))
    assert overlap[~moved].min() > 0.999 and overlap.min() > 0.6 and overlap[moved].mean() > 0.85


def test_disturbed_frames_keep_their_masks(monkeypatch):
    monkeypatch.setattr(augmentation, "POOR", 1.0)
    pictures = training.phantom_lungs(3, 9_900_000, progress=False).frames.float()
    seen = augmentation.disturb(pictures.clone())
    assert torch.equal(seen[:, [1, 2, 4]], pictures[:, [1, 2, 4]])
    assert torch.isfinite(seen).all() and not torch.allclose(seen[:, 0], pictures[:, 0], atol=0.01)
