"""Lung segmentation of films and cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from tqdm.auto import tqdm

from medigenx_lib.cases import Case, replace
from medigenx_lib.segmentation.diaphragm import without_abdomen
from medigenx_lib.segmentation.inputs import to_film
from medigenx_lib.segmentation.looks import BATCH, GAMMAS, Look, two_looks
from medigenx_lib.segmentation.masks import dice, masks_of
from medigenx_lib.segmentation.network import LungUNet, load_network
from medigenx_lib.segmentation.quality import judge


@torch.no_grad()
def probabilities(images: Tensor, network: LungUNet | None = None) -> Tensor:
    """Probability maps of CHANNELS, (B, 6, H, W) in 0..1, for films (B, 1, H, W) in 0..1 of one size.

    Raises WeightsError if the shipped weights are missing and no ``network`` is given.
    """
    films = [image.numpy() for image in images[:, 0].float()]
    looks = [without_abdomen(look) for look in two_looks(films, network or load_network())]
    return torch.stack(
        [torch.from_numpy(to_film(look.maps, look.box, film.shape)) for look, film in zip(looks, films, strict=True)]
    )


def segment(
    cases: Iterable[Case],
    progress: bool = True,
    behind_heart: bool = False,
    network: LungUNet | None = None,
    gammas: Sequence[float] = GAMMAS,
) -> list[Case]:
    """The cases with all MASKS predicted at their own size, and ``meta["quality"]`` saying how far to trust them.

    Lungs are the visible fields, with what opacity and effusion hide; with ``behind_heart`` also the lung behind
    the heart (on each side of the line halfway between the lungs), as some manual masks have it. Masks a case
    had are replaced, for measurements are calibrated on predicted ones: of those that came with a data set
    (``meta["given_masks"]``) ``meta["agreement_with_given"]`` keeps the Dice overlap, name -> 0..1; a phantom's true
    ones stay in ``case.truth``. ``gammas``: tones over which maps are averaged; of one alone masks come in half the
    time, and their agreement says nothing. Raises WeightsError if weights are missing.
    """
    cases, network, done = list(cases), network or load_network(), []
    with tqdm(total=len(cases), desc="lungs", unit="film", disable=not progress) as bar:
        for start in range(0, len(cases), BATCH):
            part = cases[start : start + BATCH]
            looks = two_looks([case.image for case in part], network, gammas)
            done += [_masked(case, seen, behind_heart) for case, seen in zip(part, looks, strict=True)]
            bar.update(len(part))
    return done


def _masked(case: Case, seen: Look, behind_heart: bool) -> Case:
    maps = without_abdomen(seen).maps
    found = masks_of(maps, seen.box, case.image.shape, behind_heart)
    meta = {**case.meta, "quality": judge(seen), "behind_heart": behind_heart}
    if given := meta.pop("given_masks", None):
        meta["agreement_with_given"] = {
            name: round(dice(found[name], case.masks[name]), 4) for name in given if name in case.masks
        }
    return replace(case, masks=found, meta=meta)
