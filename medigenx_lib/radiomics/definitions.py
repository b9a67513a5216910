# ruff: noqa: E501 (the table has one line a feature)
"""What each radiomic feature is, in one sentence of our own, with its unit and its IBSI code.

Grey levels are those of ``medigenx_lib.radiomics.features``: the image scaled to 0..255. A *level* is a grey
level after discretisation (1, 2, ... in steps of ``BIN_WIDTH`` grey levels); units of ``levels`` therefore
depend on that width. Codes are those of the Image Biomarker Standardisation Initiative's reference manual
(Zwanenburg et al., Radiology 295, 2020; https://ibsi.readthedocs.io). IBSI standardises shape in 3D only, so
the 2D shape features have none. pyradiomics differs from IBSI in two known ways: its kurtosis is not the excess
(it is 3 for a normal distribution), and its fixed-width bins start at a multiple of the width.
"""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

FEATURE_CLASSES = ("firstorder", "shape2D", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
"""pyradiomics' names of its 2D classes."""

# Feature | unit | IBSI code | definition. An empty unit means a pure number.
_TABLES = {
    "firstorder": """
10Percentile | grey levels | QG58 | The grey level below which a tenth of the region's pixels lie.
90Percentile | grey levels | 8DWT | The grey level below which nine tenths of the region's pixels lie.
Energy | grey levels^2 | N8CA | The sum of the squared grey levels, so it grows with the region's area.
Entropy | bits | TLU2 | How unpredictable a pixel's discretised level is; 0 for a flat region.
InterquartileRange | grey levels | SALO | The distance from the first to the third quartile of the grey levels.
Kurtosis | | IPH6 | How heavy the tails of the grey levels are; 3 for a normal distribution (IBSI subtracts the 3).
Maximum | grey levels | 84IY | The brightest grey level.
MeanAbsoluteDeviation | grey levels | 4FUA | The mean distance of the grey levels from their mean.
Mean | grey levels | Q4LE | The mean grey level: on a radiograph, how much the region absorbs.
Median | grey levels | Y12H | The grey level that halves the region's pixels.
Minimum | grey levels | 1GSF | The darkest grey level.
Range | grey levels | 2OJQ | The brightest grey level minus the darkest.
RobustMeanAbsoluteDeviation | grey levels | 1128 | The mean distance from the mean, of the pixels between the 10th and 90th percentile.
RootMeanSquared | grey levels | 5ZWQ | The square root of the mean squared grey level.
Skewness | | KE2A | How lopsided the grey levels are: positive with a tail of bright pixels, negative with a tail of dark ones.
TotalEnergy | grey levels^2 pixel^2 | | The energy times the area of a pixel; with pixels of size 1 it equals the energy.
Uniformity | | BJ5W | The sum of the squared shares of the levels; 1 for a flat region.
Variance | grey levels^2 | ECT3 | The mean squared distance of the grey levels from their mean.
""",
    "shape2D": """
Elongation | | | Minor over major axis length: 1 for a circle, near 0 for a line.
MajorAxisLength | pixels | | The length of the longest axis of the ellipse with the region's second moments.
MaximumDiameter | pixels | | The largest distance between two points of the outline.
MeshSurface | pixels^2 | | The area inside the outline drawn through the edge pixels.
MinorAxisLength | pixels | | The length of the shortest axis of the ellipse with the region's second moments.
Perimeter | pixels | | The length of the outline.
PerimeterSurfaceRatio | 1/pixels | | The outline's length over the area: large for ragged or small regions.
PixelSurface | pixels^2 | | The number of pixels times a pixel's area.
Sphericity | | | The perimeter of a circle of the same area over the region's perimeter: 1 for a circle.
""",
    "glcm": """
Autocorrelation | levels^2 | QWB0 | The mean product of neighbouring levels: large where the texture is fine and bright.
ClusterProminence | levels^4 | AE86 | The fourth moment of the sum of neighbouring levels about its mean: large for lopsided textures.
ClusterShade | levels^3 | 7NFM | The third moment of the sum of neighbouring levels about its mean: its sign is the lopsidedness.
ClusterTendency | levels^2 | DG8W | The second moment of the sum of neighbouring levels about its mean: large where like levels clump.
Contrast | levels^2 | ACUI | The mean squared difference of neighbouring levels.
Correlation | | NI2N | How linearly a pixel's level predicts its neighbour's, -1 to 1.
DifferenceAverage | levels | TF7R | The mean absolute difference of neighbouring levels.
DifferenceEntropy | bits | NTRS | How unpredictable the absolute difference of neighbouring levels is.
DifferenceVariance | levels^2 | D3YU | The variance of the absolute difference of neighbouring levels.
Id | | IB1Z | The mean of 1 / (1 + difference) over neighbours: near 1 where neighbours are alike.
Idm | | WF0Z | The mean of 1 / (1 + squared difference) over neighbours: near 1 where neighbours are alike.
Idmn | | 1QCO | Idm with the squared difference divided by the squared number of levels.
Idn | | NDRX | Id with the difference divided by the number of levels.
Imc1 | | R8DG | The information that neighbours share over the larger of their entropies, as a negative number: 0 if independent.
Imc2 | | JN9H | The information that neighbours share, scaled to 0 (independent) to 1 (determined).
InverseVariance | | E8JP | The mean of 1 / squared difference over neighbours that differ.
JointAverage | levels | 60VM | The mean level of a pixel in a pair of neighbours.
JointEnergy | | 8ZQL | The sum of the squared shares of the pairs of levels: large if few pairs occur.
JointEntropy | bits | TU9B | How unpredictable a pair of neighbouring levels is.
MCC | | | The square root of the second largest eigenvalue of the pairs' transition matrix: how complex the texture is, 0 to 1.
MaximumProbability | | GYBY | The share of the most frequent pair of neighbouring levels.
SumAverage | levels | ZGXS | The mean sum of two neighbouring levels.
SumEntropy | bits | P6QZ | How unpredictable the sum of two neighbouring levels is.
SumSquares | levels^2 | UR99 | The variance of a pixel's level in a pair of neighbours (IBSI: joint variance).
""",
    "glrlm": """
GrayLevelNonUniformity | | R5YN | The squared numbers of runs per level, over the number of runs: small if all levels have as many runs.
GrayLevelNonUniformityNormalized | | OVBL | GrayLevelNonUniformity over the number of runs, 0 to 1.
GrayLevelVariance | levels^2 | 8CE5 | The variance of the runs' levels.
HighGrayLevelRunEmphasis | levels^2 | G3QZ | The mean squared level of the runs: large where bright runs prevail.
LongRunEmphasis | pixels^2 | W4KF | The mean squared length of the runs: large for coarse textures.
LongRunHighGrayLevelEmphasis | pixels^2 levels^2 | 3KUM | The mean of squared length times squared level: large where long bright runs prevail.
LongRunLowGrayLevelEmphasis | pixels^2 / levels^2 | IVPO | The mean of squared length over squared level: large where long dark runs prevail.
LowGrayLevelRunEmphasis | 1/levels^2 | V3SW | The mean of 1 / squared level of the runs: large where dark runs prevail.
RunEntropy | bits | HJ9O | How unpredictable a run's level and length are.
RunLengthNonUniformity | | W92Y | The squared numbers of runs per length, over the number of runs: small if all lengths occur as often.
RunLengthNonUniformityNormalized | | IC23 | RunLengthNonUniformity over the number of runs, 0 to 1.
RunPercentage | | 9ZK5 | The number of runs over the number of pixels: 1 if no two neighbours in a row are alike.
RunVariance | pixels^2 | SXLW | The variance of the runs' lengths.
ShortRunEmphasis | 1/pixels^2 | 22OV | The mean of 1 / squared length of the runs: large for fine textures.
ShortRunHighGrayLevelEmphasis | levels^2 / pixels^2 | GD3A | The mean of squared level over squared length: large where short bright runs prevail.
ShortRunLowGrayLevelEmphasis | 1/(levels^2 pixels^2) | HTZT | The mean of 1 / (squared level times squared length): large where short dark runs prevail.
""",
    "glszm": """
GrayLevelNonUniformity | | JNSA | The squared numbers of patches per level, over the number of patches: small if all levels have as many patches.
GrayLevelNonUniformityNormalized | | Y1RO | GrayLevelNonUniformity over the number of patches, 0 to 1.
GrayLevelVariance | levels^2 | BYLV | The variance of the patches' levels.
HighGrayLevelZoneEmphasis | levels^2 | 5GN9 | The mean squared level of the patches: large where bright patches prevail.
LargeAreaEmphasis | pixels^4 | 48P8 | The mean squared area of the patches of one level: large for coarse textures.
LargeAreaHighGrayLevelEmphasis | pixels^4 levels^2 | J17V | The mean of squared area times squared level: large where big bright patches prevail.
LargeAreaLowGrayLevelEmphasis | pixels^4 / levels^2 | YH51 | The mean of squared area over squared level: large where big dark patches prevail.
LowGrayLevelZoneEmphasis | 1/levels^2 | XMSY | The mean of 1 / squared level of the patches: large where dark patches prevail.
SizeZoneNonUniformity | | 4JP3 | The squared numbers of patches per area, over the number of patches: small if all areas occur as often.
SizeZoneNonUniformityNormalized | | VB3A | SizeZoneNonUniformity over the number of patches, 0 to 1.
SmallAreaEmphasis | 1/pixels^4 | 5QRC | The mean of 1 / squared area of the patches: large for fine textures.
SmallAreaHighGrayLevelEmphasis | levels^2 / pixels^4 | HW1V | The mean of squared level over squared area: large where small bright patches prevail.
SmallAreaLowGrayLevelEmphasis | 1/(levels^2 pixels^4) | 5RAI | The mean of 1 / (squared level times squared area): large where small dark patches prevail.
ZoneEntropy | bits | GU8N | How unpredictable a patch's level and area are.
ZonePercentage | 1/pixels^2 | P30P | The number of patches over the number of pixels: large for fine textures.
ZoneVariance | pixels^4 | 3NSA | The variance of the patches' areas.
""",
    "gldm": """
DependenceEntropy | bits | FCBV | How unpredictable a pixel's level and number of like neighbours are.
DependenceNonUniformity | | Z87G | The squared numbers of pixels per count of like neighbours, over the number of pixels.
DependenceNonUniformityNormalized | | OKJI | DependenceNonUniformity over the number of pixels, 0 to 1.
DependenceVariance | neighbours^2 | DNX2 | The variance of the count of like neighbours.
GrayLevelNonUniformity | | FP8K | The squared numbers of pixels per level, over the number of pixels.
GrayLevelVariance | levels^2 | 1PFV | The variance of the pixels' levels.
HighGrayLevelEmphasis | levels^2 | OAE7 | The mean squared level of the pixels.
LargeDependenceEmphasis | neighbours^2 | IMOQ | The mean squared count of like neighbours: large for smooth textures.
LargeDependenceHighGrayLevelEmphasis | neighbours^2 levels^2 | 9QMG | The mean of squared count times squared level: large where smooth and bright.
LargeDependenceLowGrayLevelEmphasis | neighbours^2 / levels^2 | NBZI | The mean of squared count over squared level: large where smooth and dark.
LowGrayLevelEmphasis | 1/levels^2 | TL9H | The mean of 1 / squared level of the pixels.
SmallDependenceEmphasis | 1/neighbours^2 | SODN | The mean of 1 / squared count of like neighbours: large for busy textures.
SmallDependenceHighGrayLevelEmphasis | levels^2 / neighbours^2 | JA6D | The mean of squared level over squared count: large where busy and bright.
SmallDependenceLowGrayLevelEmphasis | 1/(levels^2 neighbours^2) | EQ3F | The mean of 1 / (squared level times squared count): large where busy and dark.
""",
    "ngtdm": """
Busyness | | NQ30 | How fast levels change from a pixel to its neighbourhood's mean, over how far the levels lie apart.
Coarseness | 1/levels | QCDE | One over the summed differences of pixels from their neighbourhood's mean: large for slow changes.
Complexity | levels^2 | HDEZ | Large where many levels occur and change rapidly.
Contrast | levels^3 | 65HE | The spread of the levels times how much pixels differ from their neighbourhood's mean.
Strength | levels | 1X9X | Large where levels lie far apart yet change slowly, so that structures are easy to see.
""",
}


@lru_cache(1)
def _rows() -> tuple[tuple[str, str, str, str, str], ...]:
    lines = ((name, line) for name in FEATURE_CLASSES for line in _TABLES[name].strip().splitlines())
    return tuple((name, *(part.strip() for part in line.split("|", 3))) for name, line in lines)


@lru_cache(1)
def units() -> dict[tuple[str, str], str]:
    """(feature_class, feature) -> unit, ``""`` for pure numbers; in the order of the classes."""
    return {(row[0], row[1]): row[2] for row in _rows()}


def definitions() -> pd.DataFrame:
    """One row a feature: feature_class, feature, unit, definition, ibsi (``""`` where IBSI has none). Lesson 08.

    102 rows, in the order of ``FEATURE_CLASSES``. Source of the codes: the IBSI reference manual.
    """
    table = pd.DataFrame(_rows(), columns=["feature_class", "feature", "unit", "ibsi", "definition"])
    return table[["feature_class", "feature", "unit", "definition", "ibsi"]]
