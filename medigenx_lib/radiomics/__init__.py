"""Numbers from an image and its masks: the radiomic feature table, and measured findings.

``extract`` gives every 2D feature of pyradiomics for each lung and zone; ``definitions`` says what they are.
"""

from medigenx_lib.radiomics.definitions import FEATURE_CLASSES, definitions
from medigenx_lib.radiomics.features import ALL_REGIONS, REGIONS, LeftOut, extract, left_out

__all__ = ["ALL_REGIONS", "FEATURE_CLASSES", "REGIONS", "LeftOut", "definitions", "extract", "left_out"]
