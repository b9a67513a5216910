"""Lung segmentation: a small U-Net trained on phantoms alone, used on real and generated films.

``segment(cases)`` gives each case its masks and says how far to trust them. Importing this package imports torch.
"""

from medigenx_lib.segmentation.masks import dice
from medigenx_lib.segmentation.network import CHANNELS, SIZE, LungUNet, load_network
from medigenx_lib.segmentation.predict import probabilities, segment
from medigenx_lib.segmentation.training import train

__all__ = ["CHANNELS", "SIZE", "LungUNet", "dice", "load_network", "probabilities", "segment", "train"]
