"""Numbers from an image and its masks: the radiomic feature table, measured findings, the writer's vector.

``extract`` gives every 2D feature of pyradiomics for each lung and zone; ``definitions`` says what they are.
``measure`` turns a segmented film into findings with their measurements, intervals, and the features that spoke for
them; ``vector`` condenses both for the report writer. Importing this package imports neither torch nor pyradiomics.
"""

from medigenx_lib.radiomics.definitions import FEATURE_CLASSES, definitions
from medigenx_lib.radiomics.features import ALL_REGIONS, REGIONS, LeftOut, extract, left_out
from medigenx_lib.radiomics.measurement import measure
from medigenx_lib.radiomics.summary import VECTOR_NAMES, vector

__all__ = [
    "ALL_REGIONS", "FEATURE_CLASSES", "REGIONS", "VECTOR_NAMES", "LeftOut", "calibrate", "definitions", "extract",
    "left_out", "measure", "train", "vector",
]  # fmt: skip


def train(*args, **kwargs):
    """Train and calibrate what measures findings: see ``radiomics.training.train``, which imports torch."""
    from medigenx_lib.radiomics.training import train as run

    return run(*args, **kwargs)


def calibrate(*args, **kwargs):
    """Calibrate what measures findings anew: see ``radiomics.calibration.calibrate``, which imports torch."""
    from medigenx_lib.radiomics.calibration import calibrate as run

    return run(*args, **kwargs)
