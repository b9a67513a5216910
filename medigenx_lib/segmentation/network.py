"""The lung U-Net: what goes in, the network, and what comes out.

Left out on purpose: attention, deep supervision, pretrained encoders. The input is brought to one size and
one contrast, and the network works at half of that size (pixel-unshuffle), which is what makes it fast.
"""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medigenx_lib import weights
from medigenx_lib.cases import MASKS
from medigenx_lib.errors import WeightsError

CHANNELS = (*MASKS, "behind_heart")
"""What the network predicts, one probability map each. The maps overlap: an opacity lies inside a lung."""
SIZE = 96
"""Side of the network's input in pixels."""


def contrast_channels(images: Tensor) -> Tensor:
    """Two views of each film that hardly depend on its exposure: global and local z-scores.

    Shapes: (B, 1, H, W), any range, to (B, 2, H, W), about -3..3. The local one divides out slow changes of
    brightness over about a quarter of the film, as a light box and an eye do.
    """
    centred = images - images.mean((1, 2, 3), keepdim=True)
    spread = images.std((1, 2, 3), keepdim=True) + 1e-3
    return torch.cat([(centred / spread).clamp(-4, 4), _local_z_score(images, spread)], 1)


def _local_z_score(images: Tensor, spread: Tensor) -> Tensor:
    window = images.shape[-1] // 4 | 1
    deviation = images - box_blur(images, window)
    local_spread = box_blur(deviation.square(), window).clamp_min(0).sqrt()
    return (deviation / (local_spread + 0.1 * spread)).clamp(-4, 4)


def box_blur(images: Tensor, window: int) -> Tensor:
    """Mean over window x window, as two 1-D passes; at the border, over the pixels that exist."""
    half = window // 2
    rows = F.avg_pool2d(images, (window, 1), 1, (half, 0), count_include_pad=False)
    return F.avg_pool2d(rows, (1, window), 1, (0, half), count_include_pad=False)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3x3 convolutions, each with batch norm and ReLU."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True)]
    return nn.Sequential(*layers)


class LungUNet(nn.Module):
    """U-Net on half-size pixels, with a second head that says whether this is a frontal chest film at all.

    Source: Ronneberger et al., "U-Net", MICCAI 2015; pixel-unshuffle stem after Shi et al., CVPR 2016.
    ``width``: channels of the first level, doubled at each of ``depth`` halvings.
    """

    def __init__(self, width: int = 16, depth: int = 3):
        super().__init__()
        self.config = {"width": width, "depth": depth, "size": SIZE, "channels": list(CHANNELS)}
        widths = [width * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(map(_block, [2 * 4, *widths[:-1]], widths))
        self.up = nn.ModuleList(_block(widths[i + 1] + widths[i], widths[i]) for i in reversed(range(depth)))
        self.masks = nn.Conv2d(width, len(CHANNELS) * 4, 1)
        self.frontal = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * widths[-1], 1))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the masks (B, 6, H, W) and of "a frontal chest radiograph" (B,).

        ``images``: (B, 1, H, W) in 0..1, H and W multiples of 16.
        """
        x, levels = F.pixel_unshuffle(contrast_channels(images), 2), []
        for i, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if i else x)
            levels.append(x)
        frontal = self.frontal(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))[:, 0]
        for block, skip in zip(self.up, levels[-2::-1], strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        return F.pixel_shuffle(self.masks(x), 2), frontal


@functools.lru_cache(4)
def load_network(name_or_path: str = "lung_unet") -> LungUNet:
    """The trained network, ready to predict. Raises WeightsError if the weights do not fit this architecture."""
    tensors, config = weights.load(name_or_path)
    try:
        network = LungUNet(config["width"], config["depth"])
        network.load_state_dict(tensors)
    except (KeyError, RuntimeError) as error:
        raise WeightsError(f"{name_or_path} holds another network ({error}).", "Train it anew.") from error
    return network.eval().to(memory_format=torch.channels_last)
