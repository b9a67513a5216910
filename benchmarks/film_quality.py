"""How often the quality flag errs: real frontal films refused or distrusted, other pictures let through.

    python benchmarks/film_quality.py [--weights lung_unet] [--films 120] [--scores]

The limits in ``segmentation/quality.py`` were set on phantoms, on pictures made by ``augmentation.spoil`` and on the
*train* films of chest_xray_224 (upright, and turned, inverted or cut as below); every other row was only looked at.
``--scores`` also prints the 2nd percentile of each score, which is what the limits were set from.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageDraw
from scipy import ndimage
from sklearn.datasets import load_digits, load_sample_images

from medigenx_lib import datasets, phantom, settings
from medigenx_lib.errors import MedigenxError
from medigenx_lib.segmentation import LungUNet, augmentation, load_network, quality
from medigenx_lib.segmentation.inputs import shrink
from medigenx_lib.segmentation.looks import two_looks

SIDE = 512
Films = list[np.ndarray]
WRONG: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "turned left": np.rot90,
    "turned right": lambda film: np.rot90(film, 3),
    "turned upside down": lambda film: np.rot90(film, 2),
    "flipped upside down": np.flipud,
    "inverted": lambda film: 1 - film,
    "black and white": lambda film: (film > np.median(film)).astype(np.float32),
    "one half": lambda film: film[:, : film.shape[1] // 2],
    "upper third": lambda film: film[: film.shape[0] // 3],
    "lower third": lambda film: film[film.shape[0] * 2 // 3 :],
    "enlarged middle": lambda film: _part(film, 0.33, 0.6),
}  # fmt: skip


def _part(film: np.ndarray, low: float, high: float) -> np.ndarray:
    rows, columns = (slice(int(low * side), int(high * side)) for side in film.shape)
    return film[rows, columns]


def read(paths: list[Path]) -> Films:
    """Films (H, W) in 0..1, at most SIDE pixels on each side; what cannot be read is left out."""
    cases, _ = datasets.read_films(paths, progress=False)
    return [shrink(case.image, SIDE) for case in cases]


def sample(folder: Path, count: int) -> Films:
    """``count`` films of a folder, chosen by a fixed seed."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = np.random.default_rng(0).permutation(len(paths))[:count]
    return read([paths[i] for i in chosen])


def frontal_films(data: Path, count: int) -> Iterator[tuple[str, Films]]:
    """Named sets of upright frontal films."""
    for preset in phantom.TAUGHT:
        yield (
            f"phantoms, {preset}",
            list(phantom.render(range(2_000_000, 2_000_000 + count), 96, preset).images[:, 0].numpy()),
        )
    yield "chest_xray_224 train (limits set on)", sample(data / "chest_xray_224" / "train", 2 * count)
    yield (
        "chest_xray_224 val + test",
        sample(data / "chest_xray_224" / "val", 80) + sample(data / "chest_xray_224" / "test", 120),
    )
    for name in ("covid_cxr/images", "chest_xray_fullres"):
        yield name, sample(data / name, 100)


def wrong_films(data: Path, count: int) -> Iterator[tuple[str, Films]]:
    """The same films made wrong: of the train part (limits set on), of val and test, and of the adult set."""
    parts = {"train (limits set on)": sample(data / "chest_xray_224" / "train", count // 2),
             "val + test": sample(data / "chest_xray_224" / "val", 40) + sample(data / "chest_xray_224" / "test", 40),
             "covid_cxr": sample(data / "covid_cxr/images", 30)}  # fmt: skip
    for part, films in parts.items():
        for name, change in WRONG.items():
            yield f"{name}, {part}", [np.ascontiguousarray(change(film)) for film in films]
    yield "lung masks, covid_cxr", sample(data / "covid_cxr/lung_masks", 30)


def other_pictures(count: int) -> Iterator[tuple[str, Films]]:
    """Photographs, digits, text, noise, ramps and boards."""
    rng = np.random.default_rng(0)
    photos = [photo.mean(2).astype(np.float32) / 255 for photo in load_sample_images().images]
    yield (
        "photographs, whole and parts",
        photos + [p[y : y + 200, x : x + 200] for p in photos for y in (0, 100, 200) for x in (0, 150, 300, 440)],
    )
    yield "digits", [(digit / 16).astype(np.float32) for digit in load_digits().images[:count]]
    yield "text", [_text(rng) for _ in range(12)]
    grains = [
        ndimage.gaussian_filter(rng.standard_normal((128, 128)), s)
        for s in (0, 1, 2, 4, 8, 12, 16, 20)
        for _ in range(8)
    ]
    yield "noise, fine to smooth", [_unit(grain) for grain in grains]
    y, x = np.mgrid[0:1:128j, 0:1:128j]
    yield (
        "ramps",
        [
            _unit(ramp)
            for ramp in (x, y, -x, -y, x + y, (x - 0.5) ** 2 + (y - 0.5) ** 2, -((x - 0.5) ** 2) - (y - 0.5) ** 2)
        ],
    )
    yield (
        "boards and stripes",
        [_unit((np.floor(x * k) + b * np.floor(y * k)) % 2) for k in (2, 3, 4, 6, 8, 16, 32) for b in (0, 1)],
    )
    yield "blank", [np.full((64, 64), value, np.float32) for value in (0, 0.5, 1)]
    torch.manual_seed(0)
    spoiled = augmentation.spoil(phantom.render(range(2_100_000, 2_100_000 + count), 96, "wide").images)
    yield "spoiled phantoms (limits set on)", list(spoiled[:, 0].numpy())


def lateral_and_tagged(data: Path) -> Iterator[tuple[str, Films]]:
    """Frontal and lateral films of the Indiana set by its own list, and the DICOM files."""
    views = pd.read_csv(data / "iu_xray" / "indiana_projections.csv").set_index("filename")["projection"]
    paths = sorted((data / "iu_xray" / "images").iterdir())
    for view in ("Frontal", "Lateral"):
        yield f"iu_xray, {view}", read([p for p in paths if view == _view(views, p)])
    for path in sorted((data / "dicom").glob("*.dcm")):
        yield path.name, read([path])


def _view(views: pd.Series, path: Path) -> str:
    number = path.name.removeprefix("CXR").replace(".png", ".dcm.png")
    return str(views.get(number, "unknown"))


def _text(rng: np.random.Generator) -> np.ndarray:
    page = Image.new("L", (256, 256), 255)
    draw = ImageDraw.Draw(page)
    for row in range(4, 250, 14):
        draw.text((6, row), "".join(rng.choice(list("abcdefgh ijklmno prst"), 38)), fill=0)
    return np.asarray(page, np.float32) / 255


def _unit(values: np.ndarray) -> np.ndarray:
    return ((values - values.min()) / (np.ptp(values) + 1e-9)).astype(np.float32)


def row(films: Films, network: LungUNet) -> dict:
    """Shares refused and distrusted, the commonest reasons, and the scores' 2nd percentiles."""
    looks = [seen for start in range(0, len(films), 32) for seen in two_looks(films[start : start + 32], network)]
    verdicts = [quality.judge(seen) for seen in looks]
    reasons = pd.Series([reason for verdict in verdicts for reason in verdict["reasons"]]).value_counts()
    low = pd.DataFrame([verdict["scores"] for verdict in verdicts]).quantile(0.02)
    return {"n": len(films), "refused": np.mean([not v["frontal_chest"] for v in verdicts]),
            "not trusted": np.mean([not v["trusted"] for v in verdicts]),
            "reasons": ", ".join(f"{n}x {reason[:44]}" for reason, n in reasons.head(3).items()), **low}  # fmt: skip


def main() -> None:
    """Read the options, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="lung_unet")
    parser.add_argument("--films", type=int, default=120)
    parser.add_argument("--scores", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, network = settings.real_data_dir(), load_network(options.weights)
    if not data.is_dir():
        raise MedigenxError(f"No real films at {data}.", "Set MEDIGENX_REAL_DATA.")
    sets = {"frontal": frontal_films(data, options.films), "wrong": wrong_films(data, options.films),
            "other": other_pictures(options.films), "few": lateral_and_tagged(data)}  # fmt: skip
    for title, part in sets.items():
        table = pd.DataFrame({name: row(films, network) for name, films in part if films}).T
        shown = table if options.scores else table[["n", "refused", "not trusted", "reasons"]]
        print(f"\n{title}\n{shown.to_string(float_format=lambda value: f'{value:.3f}')}", flush=True)


if __name__ == "__main__":
    main()
