"""What the truth calls an opacity can be seen on the film: it is brighter than the same lung without it."""

import numpy as np
import pytest

from medigenx_lib import phantom


@pytest.mark.parametrize("preset", phantom.PRESETS)
def test_opacities_are_brighter_by_half_the_spread_of_healthy_lung(preset):
    """All over the mask, but for a fifth of its pixels, by a good third of it; on average by more than half of it."""
    means, rims = np.array(
        [rise for seed in range(80) for rise in _rises(*phantom.counterfactual(seed, preset=preset))]
    ).T
    assert len(means) > 90
    assert np.quantile(means, 0.05) > 0.7
    assert np.quantile(rims, 0.05) > 0.35


def _rises(healthy, sick):
    """(mean, 20th percentile) of the brightening inside the opacity of each lung, in SD of that lung when healthy."""
    for side in ("right_lung", "left_lung"):
        lung = healthy.masks[side]
        region = sick.masks["opacity"] & lung & ~sick.masks["effusion"]
        if np.count_nonzero(region) >= 8:
            rise = (sick.image - healthy.image)[region] / healthy.image[lung].std()
            yield rise.mean(), np.quantile(rise, 0.2)
