"""From simulation to reality: a pneumonia classifier that has seen phantoms alone, for real films.

A classifier trained plainly on phantoms (:mod:`.utility`) takes the ribs and vessels of real normal films for disease.
This one asks the lung U-Net, which has learnt from randomised phantoms where opacity and effusion lie (Tobin et al.,
"Domain randomization", IROS 2017), how much of the chest it takes for them. It shows it coarse films: opacity spans
centimetres, while phantoms and patients differ most in what is fine. ``benchmarks/phantom_classifier.py`` says what
each part is worth. No real film, label or statistic enters weights or threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from medigenx_lib import phantom
from medigenx_lib.cases import MASKS, Case
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.films import labels_of
from medigenx_lib.segmentation import SIZE, LungUNet, load_network
from medigenx_lib.segmentation.inputs import content_box, resize, to_network
from medigenx_lib.segmentation.looks import BATCH, two_looks

SIDES = (28, 18, 14)
"""Films are reduced to these sides, in pixels, and the answers averaged; chosen on 800 real training films."""
FIRST_SEED = 31_000_000
"""Phantoms that set the threshold have seeds from here on, 100,000 for each preset; nothing else learns from them."""
OPAQUE = [MASKS.index("opacity"), MASKS.index("effusion")]


@dataclass(frozen=True)
class PhantomClassifier:
    """Pneumonia from the opaque share of the chest: its logit is ``slope`` * log(share) + ``offset``.

    On real films the order of its probabilities can be trusted, their level cannot: too many healthy films lie above
    one half. Set a threshold on films of your own before deciding by it.
    """

    slope: float
    offset: float

    def predict(self, cases: Sequence[Case], progress: bool = True) -> np.ndarray:
        """Probability of pneumonia (N,), 0..1. Raises as :func:`chests` does."""
        return self.probability(opaque_share(chests(cases, progress=progress)))

    def probability(self, shares: np.ndarray) -> np.ndarray:
        """Probability of pneumonia (N,), 0..1, from opaque shares (N,)."""
        return 1 / (1 + np.exp(-self.slope * np.log(shares) - self.offset))


def fit(count: int = 150, network: LungUNet | None = None, progress: bool = True) -> PhantomClassifier:
    """Set slope and offset by logistic regression on ``count`` phantoms of each preset, half of them ill.

    ``network``: None for the shipped one, which ``predict`` uses. Raises InputError if the phantoms are too few to hold
    both classes.
    """
    from sklearn.linear_model import LogisticRegression

    films = [
        case
        for i, preset in enumerate(phantom.TAUGHT)
        for case in phantom.cases(range(FIRST_SEED + 100_000 * i, FIRST_SEED + 100_000 * i + count), preset=preset)
    ]
    if len(set(labels_of(films) if films else ())) < 2:
        raise InputError(f"{len(films)} phantoms do not hold both classes.", "Take more of each preset, such as 150.")
    shares = np.log(opaque_share(chests(films, network=network, progress=progress), network=network))[:, None]
    found = LogisticRegression(C=1e6).fit(shares, labels_of(films))
    return PhantomClassifier(float(found.coef_[0, 0]), float(found.intercept_[0]))


def chests(
    cases: Sequence[Case], lung_box: bool = True, network: LungUNet | None = None, progress: bool = True
) -> Tensor:
    """Films (N, 1, SIZE, SIZE) as :func:`opaque_share` wants them: cut to the lungs that ``network`` finds.

    That brings them to one scale; without ``lung_box`` they are only freed of flat borders. Raises InputError if there
    are no films, WeightsError if the shipped weights are missing and no ``network`` is given.
    """
    if not cases:
        raise InputError("There are no films to classify.", "Load some first.")
    network, films, shown = network or load_network(), [case.image for case in cases], []
    with tqdm(total=len(films), desc="chests", unit="film", disable=not progress) as bar:
        for start in range(0, len(films), BATCH):
            part = films[start : start + BATCH]
            if lung_box:
                shown += [seen.pixels for seen in two_looks(part, network)]
            else:
                shown += [to_network(film, content_box(film)) for film in part]
            bar.update(len(part))
    return torch.stack(shown)


@torch.no_grad()
def opaque_share(films: Tensor, sides: Sequence[int] = SIDES, network: LungUNet | None = None) -> np.ndarray:
    """Share of the chest (N,), 0..1, that the network takes for opacity or effusion; the mean over ``sides``.

    ``films``: (N, 1, SIZE, SIZE) of :func:`chests`. The whole cut counts: dense consolidation is often left out of the
    lungs' masks. Raises WeightsError as there.
    """
    network = network or load_network()
    return np.concatenate([np.mean([_opaque(part, side, network) for side in sides], 0) for part in films.split(BATCH)])


def _opaque(films: Tensor, side: int, network: LungUNet) -> np.ndarray:
    """Mean chance over each film (B, 1, S, S), seen at ``side`` pixels, that opacity or effusion lies there: (B,)."""
    coarse = films if side >= SIZE else resize(resize(films, (side, side)), (SIZE, SIZE))
    maps = torch.sigmoid(network(coarse.contiguous(memory_format=torch.channels_last))[0][:, OPAQUE])
    return (1 - (1 - maps).prod(1)).mean((1, 2)).double().numpy()
