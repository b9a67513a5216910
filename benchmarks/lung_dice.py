"""How good the masks are: against manual masks of real films, on held-out phantoms, and as a sign of pneumonia.

    python benchmarks/lung_dice.py [--weights lung_unet] [--films FOLDER] [--npz FILE] [--phantoms 200]

FOLDER holds ``images/`` and ``lung_masks/`` with the same names (default: covid_cxr of the real data folder; its masks
include the lung behind the heart, so the figure to read is "with behind_heart": each visible lung, united with the
hidden lung that the network predicts on its side, and its medial border straightened from apex to base). Phantoms are
held out by seed. The share of the lungs that is opaque, on films that no training has seen, is compared with the
trivial sign "little contrast" (minus the standard deviation of the pixels). Intervals are 90 % bootstrap percentiles.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from medigenx_lib import datasets, phantom, settings
from medigenx_lib.cases import MASKS, Case
from medigenx_lib.preprocessing import resize
from medigenx_lib.segmentation import LungUNet, augmentation, dice, load_network, segment

SIDE = 512
"""Manual masks are compared at this square size; Dice hardly depends on it."""


def interval(values: np.ndarray, statistic=np.mean, draws: int = 2000) -> str:
    """``statistic`` of the rows of ``values`` with its 90 % bootstrap interval, as text."""
    rng, rows = np.random.default_rng(0), len(values)
    drawn = [statistic(values[rng.integers(rows, size=rows)]) for _ in range(draws)]
    low, high = np.nanpercentile(drawn, [5, 95])
    return f"{statistic(values):.3f} [{low:.3f}, {high:.3f}]"


def lungs(case: Case) -> np.ndarray:
    """Both lungs as one mask (H, W)."""
    return case.masks["right_lung"] | case.masks["left_lung"]


def manual_masks(folder: Path, network: LungUNet) -> None:
    """Print Dice of each real film with its manual mask, without and with the lung behind the heart."""
    cases, truth = [], []
    for path in sorted((folder / "images").iterdir()):
        film = datasets.read_film(path)
        cases.append(Case(path.stem, resize(film.image, SIDE)))
        truth.append(resize(datasets.read_film(folder / "lung_masks" / path.name).image, SIDE) > 0.5)
    found = []
    for behind in (False, True):
        seen = segment(cases, behind_heart=behind, network=network)
        found.append([dice(lungs(case), manual) for case, manual in zip(seen, truth, strict=True)])
    for case, plain, whole in sorted(zip(seen, *found, strict=True), key=lambda row: row[2]):
        print(f"  {case.id[:40]:40s} {plain:.3f} {whole:.3f}  {'; '.join(case.meta['quality']['reasons'])}")
    for name, values in zip(("visible lungs alone", "with behind_heart"), np.array(found), strict=True):
        print(f"{len(values)} real films, {name}: Dice {interval(values)}, median {np.median(values):.3f}, "
              f"least {values.min():.3f}")  # fmt: skip


def held_out_phantoms(count: int, network: LungUNet) -> None:
    """Print Dice of each mask on phantoms of unseen seeds; opacity and effusion where the truth has them."""
    for preset in phantom.TAUGHT:
        truth = phantom.cases(range(1_000_000, 1_000_000 + count), size=96, preset=preset)
        seen = segment(truth, network=network)
        for name in MASKS:
            pairs = [(a.masks[name], b.masks[name]) for a, b in zip(seen, truth, strict=True)]
            present = np.array([dice(a, b) for a, b in pairs if b.any()])
            false = np.mean([a.mean() > 0.004 for a, b in pairs if not b.any()] or [np.nan])
            print(f"{preset} phantoms, {name}: Dice {interval(present)} (n={len(present)}), "
                  f"drawn where there is none {false:.3f}")  # fmt: skip


def flag_and_dice(count: int, network: LungUNet) -> None:
    """Print lung Dice on heavily randomised phantoms, for those the quality flag trusts and those it does not."""
    torch.manual_seed(0)
    batch = phantom.render(range(1_500_000, 1_500_000 + count), 96, "wide", facts=False)
    images, masks = augmentation.geometry(batch.images, batch.masks.float())
    images, masks = augmentation.bars(augmentation.appearance(images), masks)
    cases = [Case(str(seed), image[0].numpy()) for seed, image in zip(batch.seeds, images, strict=True)]
    seen = segment(cases, network=network)
    score = np.array([dice(lungs(case), (m[0] + m[1] > 0).numpy()) for case, m in zip(seen, masks, strict=True)])
    trusted = np.array([case.meta["quality"]["trusted"] for case in seen])
    for name, chosen in (("trusted", trusted), ("not trusted", ~trusted)):
        print(f"{count} heavily randomised phantoms, {name} ({chosen.mean():.0%}): Dice {interval(score[chosen])}, "
              f"below 0.8: {np.mean(score[chosen] < 0.8):.3f}")  # fmt: skip


def opaque_share(case: Case) -> float:
    """Share of both lungs that opacity and effusion cover."""
    return float(((case.masks["opacity"] | case.masks["effusion"]) & lungs(case)).sum() / max(1, lungs(case).sum()))


def sign_of_pneumonia(npz: Path, network: LungUNet) -> None:
    """Print how well opaque lung, and the trivial sign, tell pneumonia from normal on the test films."""
    cases = datasets.load(npz, size=64, split="test")
    labels = np.array([case.label for case in cases])
    seen = segment(cases, network=network)
    signs = {"opaque share of the lungs": [opaque_share(case) for case in seen],
             "minus the pixels' standard deviation": [-case.image.std() for case in cases]}  # fmt: skip
    for name, values in signs.items():
        auc = interval(np.stack([labels, values], 1), lambda rows: roc_auc_score(rows[:, 0], rows[:, 1]))
        print(f"{len(cases)} real films, {name}: AUC {auc}")
    share = np.array(signs["opaque share of the lungs"])
    print("median opaque share, normal and pneumonia:", *(f"{np.median(share[labels == k]):.3f}" for k in (0, 1)))


def speed(network: LungUNet) -> None:
    """Print the processor time per 64x64 film on one thread."""
    films = phantom.cases(range(32), size=64)
    segment(films[:2], progress=False, network=network)
    begin = time.process_time()
    segment(films, progress=False, network=network)
    print(f"{1000 * (time.process_time() - begin) / len(films):.0f} ms of one thread per 64x64 film")


def main() -> None:
    """Read the options, print the numbers."""
    data = settings.real_data_dir()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="lung_unet")
    parser.add_argument("--films", type=Path, default=data / "covid_cxr")
    parser.add_argument("--npz", type=Path, default=data / "cxr_npz" / "chest_xray_64.npz")
    parser.add_argument("--phantoms", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = load_network(options.weights)
    manual_masks(options.films, network)
    held_out_phantoms(options.phantoms, network)
    flag_and_dice(options.phantoms, network)
    sign_of_pneumonia(options.npz, network)
    speed(network)


if __name__ == "__main__":
    main()
