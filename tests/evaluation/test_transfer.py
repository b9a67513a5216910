"""The classifier that knows phantoms alone: it tells phantoms and real films apart, and what its score depends on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from medigenx_lib import phantom
from medigenx_lib.cases import MASKS, Case
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation import transfer


@pytest.fixture(scope="module")
def classifier():
    return transfer.fit(30, progress=False)


def test_it_tells_ill_phantoms_from_healthy_ones(classifier):
    cases = phantom.cases(range(200, 260))
    found, labels = classifier.predict(cases, progress=False), np.array([case.label for case in cases])
    assert roc_auc_score(labels, found) > 0.8
    assert found.min() >= 0 and found.max() <= 1 and np.mean((found > 0.5) == labels) > 0.7


def share(cases, **how):
    return transfer.opaque_share(transfer.chests(cases, progress=False, **how))


def test_disease_raises_the_share_of_the_same_patient():
    pairs = [phantom.counterfactual(seed) for seed in range(20)]
    healthy, ill = (share(list(kind)) for kind in zip(*pairs, strict=True))
    assert np.mean(ill > healthy) > 0.8


def test_the_share_hardly_depends_on_exposure_or_on_the_rest_of_the_film():
    cases = phantom.cases(range(12))
    darker = [replace(case, image=0.1 + 0.6 * case.image) for case in cases]
    framed = [Case(case.id, np.pad(case.image, 12)) for case in cases]
    logs = [np.log(share(some)) for some in (cases, darker, framed)]
    assert np.corrcoef(logs)[0].min() > 0.9


def test_films_cut_to_the_lungs_are_at_one_scale_however_much_else_they_show():
    cases = phantom.cases(range(8), size=96)
    wider = [Case(case.id, np.pad(case.image, 24, mode="edge")) for case in cases]
    near, far = (
        (transfer.chests(cases, box, progress=False) - transfer.chests(wider, box, progress=False)).abs().mean()
        for box in (True, False)
    )
    assert near < 0.5 * far


class Fixed(torch.nn.Module):
    """Sees opacity on the left half of the picture, effusion on the upper half, nothing else."""

    def forward(self, films):
        maps = torch.full((len(films), len(MASKS) + 1, *films.shape[-2:]), -20.0)
        maps[:, MASKS.index("opacity"), :, : films.shape[-1] // 2] = 20
        maps[:, MASKS.index("effusion"), : films.shape[-2] // 2] = 20
        return maps, torch.zeros(len(films))


def test_what_is_opaque_or_fluid_counts_once():
    films = torch.rand(3, 1, 96, 96)
    assert transfer.opaque_share(films, (28, 96), Fixed()) == pytest.approx([0.75] * 3)


def test_what_cannot_be_done_is_said():
    with pytest.raises(InputError, match="no films"):
        transfer.chests([])
    with pytest.raises(InputError, match="both classes"):
        transfer.fit(0, progress=False)


def test_real_films_are_told_apart(films):
    held_out = [case for split in ("val", "test") for case in films[split]][::4]
    labels = np.array([case.label for case in held_out])
    assert roc_auc_score(labels, share(held_out)) > 0.8
