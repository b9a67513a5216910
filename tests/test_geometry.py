"""Zones, extents and the cardiothoracic ratio on masks whose answers can be counted by hand."""

import math

import numpy as np
import pytest

from medigenx_lib import geometry


@pytest.fixture
def lung():
    mask = np.zeros((12, 10), bool)
    mask[1:10, 2:6] = True  # nine rows: three in each zone
    return mask


def test_zones_are_thirds_of_the_lung_and_share_no_pixel(lung):
    zones = geometry.zone_masks(lung)
    assert [int(zone.sum()) for zone in zones.values()] == [12, 12, 12]
    assert (sum(zone.astype(int) for zone in zones.values()) == lung).all()
    assert zones["upper"][1:4].any() and not zones["upper"][4:].any()


def test_extent_counts_only_what_lies_in_the_lung(lung):
    region = np.zeros_like(lung)
    region[1:4] = True
    assert geometry.extent(region, lung) == pytest.approx(1 / 3)
    assert math.isnan(geometry.extent(region, np.zeros_like(lung)))


def test_a_zone_is_listed_from_a_fifth_of_the_area(lung):
    region = np.zeros_like(lung)
    region[1:3, 2:6] = True  # 8 pixels in the upper zone
    region[4, 2:4] = True  # 2 of 10 in the middle one: exactly a fifth
    assert geometry.zones_of(region, lung) == ("upper", "middle")
    region[4, 3] = False  # 1 of 9
    assert geometry.zones_of(region, lung) == ("upper",)
    assert geometry.zones_of(np.zeros_like(lung), lung) == ()
    assert not geometry.zone_shares(np.zeros_like(lung), lung).any()


def test_cardiothoracic_ratio_is_heart_width_over_thoracic_width(lung):
    masks = {"right_lung": lung, "left_lung": lung[:, ::-1], "heart": np.zeros_like(lung)}
    assert math.isnan(geometry.cardiothoracic_ratio(masks))
    masks["heart"][5, 4:7] = True
    assert geometry.cardiothoracic_ratio(masks) == pytest.approx(3 / 6)


def test_limits_are_where_the_constants_say():
    faint, dense = geometry.DENSITY_LIMITS
    assert [geometry.density_of(v) for v in (faint - 0.01, faint, dense)] == ["faint", "moderate", "dense"]
    assert geometry.severity_of("effusion", 0.05) == "mild" and geometry.severity_of("cardiomegaly", 0.7) == "severe"
    assert geometry.is_cardiomegaly(0.56) and not geometry.is_cardiomegaly(0.55)
