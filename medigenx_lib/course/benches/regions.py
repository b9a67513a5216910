"""The region and radiomics explorer: pick or draw a region, and see which features move."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import ipywidgets
import numpy as np

from medigenx_lib.cases import Case
from medigenx_lib.course.benches import parts
from medigenx_lib.course.look import PALETTE
from medigenx_lib.errors import InputError
from medigenx_lib.radiomics import features

DRAWN = "rectangle"
SHOWN = (
    ("firstorder", "Mean"), ("firstorder", "Variance"), ("firstorder", "Entropy"), ("firstorder", "Skewness"),
    ("glcm", "Contrast"), ("glcm", "Correlation"), ("glcm", "Idm"), ("glrlm", "LongRunEmphasis"),
    ("glszm", "LargeAreaEmphasis"), ("ngtdm", "Coarseness"), ("shape2D", "PixelSurface"), ("shape2D", "Sphericity"),
)  # fmt: skip
RADIUS = 3
OTHER_SIDE = {"right": "left", "left": "right"}


def region_bench(cases: Sequence[Case]) -> ipywidgets.VBox:
    """A bench for radiomics: region (lungs, zones, or a rectangle), its features beside the other lung's, a map.

    ``cases``: films with lung masks; see ``segmentation.segment``. Raises InputError if one has none.
    """
    if any("right_lung" not in case.masks for case in cases):
        raise InputError("A film without lung masks.", "Call segmentation.segment on the films first.")
    regions = ["right_lung", "left_lung", "lungs", *(f"{side}_{zone}_zone" for side in ("right", "left")
               for zone in ("upper", "middle", "lower")), DRAWN]  # fmt: skip
    controls = {
        "film": parts.choice("Film", parts.named(cases, "A region bench")),
        "region": parts.choice("Region", {name.replace("_", " "): name for name in regions}),
        "column": parts.slider("Rectangle: column of its middle", 0.0, 1.0, 0.02, 0.3),
        "line": parts.slider("Rectangle: row of its middle", 0.0, 1.0, 0.02, 0.5),
        "size": parts.slider("Rectangle: side", 0.1, 0.6, 0.02, 0.24),
        "overlay": parts.choice("Map over the lungs", MAPS),
    }

    def draw(film: int, region: str, column: float, line: float, size: float, overlay: str) -> str:
        case, lungs = cases[film], masks_of(cases[film])
        mask = rectangle(case.image.shape, column, line, size) if region == DRAWN else lungs[region]
        shown = (
            parts.heated(case.image, MAPS_OF[overlay](case.image), lungs["lungs"])
            if overlay
            else parts.grey(case.image)
        )
        shown[parts.edge(mask)] = parts.rgb(PALETTE.yellow)
        seen = parts.picture(shown, f"{region.replace('_', ' ')}, {mask.sum()} pixels, outlined", side=360)
        return parts.row(seen, moved(case.image, mask, other(region, mask, lungs)))

    idle = dict.fromkeys(("column", "line", "size"), lambda at: at["region"] != DRAWN)
    return parts.bench("Region and radiomics explorer", controls, draw, idle)


def masks_of(case: Case) -> Mapping[str, np.ndarray]:
    """The regions of ``radiomics.features`` for the lungs of a case: name to bool (H, W)."""
    return features.region_masks(np.stack([case.masks["right_lung"], case.masks["left_lung"]]))


def rectangle(shape: tuple[int, int], column: float, line: float, size: float) -> np.ndarray:
    """A square of side ``size`` around (``line``, ``column``), all as shares of the film; bool (H, W)."""
    rows, columns = np.indices(shape)
    return (abs(rows / shape[0] - line) <= size / 2) & (abs(columns / shape[1] - column) <= size / 2)


def other(region: str, mask: np.ndarray, lungs: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """What a region is compared with: the same place of the other lung, a rectangle's mirror image; None for both."""
    if region == DRAWN:
        return mask[:, ::-1]
    return lungs[mirror_name(region)] if mirror_name(region) != region else None


def mirror_name(region: str) -> str:
    """``right_lung`` for ``left_lung``, and the other way round."""
    side, _, rest = region.partition("_")
    return f"{OTHER_SIDE[side]}_{rest}" if side in OTHER_SIDE else region


def moved(image: np.ndarray, mask: np.ndarray, against: np.ndarray | None) -> str:
    """A table of features in the region and in what it is compared with, if anything."""
    sides = [found(image, region) for region in (mask, against) if region is not None]
    if not all(sides):
        return "<p>This region is too small for texture: at least a few dozen pixels are needed.</p>"
    rows = [[f"{group} {name}", *(short(side[group, name]) for side in sides)] for group, name in SHOWN]
    what = "pyradiomics features of the outlined region"
    if against is None:
        return parts.table(["Feature", "Both lungs"], rows, what)
    rows = [[*row, ratio(*(side[key] for side in sides))] for row, key in zip(rows, SHOWN, strict=True)]
    arrow = "; an arrow: over a fifth more or less than on the other side"
    return parts.table(["Feature", "Here", "Other side", "Ratio"], rows, what + arrow)


def found(image: np.ndarray, mask: np.ndarray) -> dict[tuple[str, str], float] | None:
    """All features of a region, None where it has too few pixels."""
    try:
        return features.region_features(image, mask)
    except ValueError:
        return None


def short(value: float) -> str:
    """A number in three digits, from a thousand on in whole ones: no powers of ten."""
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def ratio(here: float, there: float) -> str:
    """``here`` in units of ``there``, with an arrow where it is a fifth apart."""
    if abs(there) < 1e-9 or here * there <= 0:
        return ""
    share = here / there
    return f"{share:.2f}" + (" ↑" if share > 1.2 else " ↓" if share < 1 / 1.2 else "")


def mean_map(image: np.ndarray) -> np.ndarray:
    """Mean grey level around each pixel."""
    from scipy.ndimage import uniform_filter

    return uniform_filter(image, 2 * RADIUS + 1)


def spread_map(image: np.ndarray) -> np.ndarray:
    """Standard deviation around each pixel."""
    return np.sqrt(np.maximum(mean_map(image**2) - mean_map(image) ** 2, 0))


def contrast_map(image: np.ndarray) -> np.ndarray:
    """GLCM contrast around each pixel, of neighbours in a row: the mean squared step, in grey levels of 0..255."""
    steps = np.diff(255 * image, axis=1, append=image[:, -1:] * 255) ** 2
    return mean_map(steps)


MAPS_OF: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": mean_map, "spread": spread_map, "contrast": contrast_map,
}  # fmt: skip
MAPS = {"none": "", "mean": "mean", "standard deviation": "spread", "GLCM contrast": "contrast"}
