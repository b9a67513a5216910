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


def test_disease_raises_the_share_of_the_same_patient():
    pairs = [phantom.counterfactual(seed) for seed in range(20)]
    healthy, ill = (transfer.opaque_share(list(kind), progress=False) for kind in zip(*pairs, strict=True))
    assert np.mean(ill > healthy) > 0.8


def test_the_share_hardly_depends_on_exposure_or_on_the_rest_of_the_film():
    cases = phantom.cases(range(12))
    share = np.log(transfer.opaque_share(cases, progress=False))
    darker = [replace(case, image=0.1 + 0.6 * case.image) for case in cases]
    framed = [Case(case.id, np.pad(case.image, 12)) for case in cases]
    for changed in (darker, framed):
        assert np.corrcoef(share, np.log(transfer.opaque_share(changed, progress=False)))[0, 1] > 0.9


class Fixed(torch.nn.Module):
    """Sees opacity on the left half of the picture, effusion on the upper half, nothing else."""

    def forward(self, films):
        maps = torch.full((len(films), len(MASKS) + 1, *films.shape[-2:]), -20.0)
        maps[:, MASKS.index("opacity"), :, : films.shape[-1] // 2] = 20
        maps[:, MASKS.index("effusion"), : films.shape[-2] // 2] = 20
        return maps, torch.zeros(len(films))


def test_what_is_opaque_or_fluid_counts_once():
    share = transfer.opaque_share(phantom.cases(range(3)), (28, 96), False, Fixed(), progress=False)
    assert share == pytest.approx([0.75] * 3)


def test_what_cannot_be_done_is_said():
    with pytest.raises(InputError, match="no films"):
        transfer.opaque_share([])
    with pytest.raises(InputError, match="both classes"):
        transfer.fit(0, progress=False)


def test_real_films_are_told_apart(films):
    held_out = [case for split in ("val", "test") for case in films[split]][::4]
    labels = np.array([case.label for case in held_out])
    assert roc_auc_score(labels, transfer.opaque_share(held_out, progress=False)) > 0.8
