"""Domain randomisation: phantoms made so various that a real film is one more variation.

Geometry changes image and masks alike; appearance changes the image alone; ``spoil`` makes pictures that are
no frontal chest radiograph, for the head that must tell. All draw from torch's global generator and work on
batches: images (B, 1, S, S) in 0..1, masks (B, C, S, S) float 0 or 1.
Source: Tobin et al., "Domain randomization", IROS 2017; Billot et al., "SynthSeg", MedIA 2023.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from medigenx_lib.segmentation.network import box_blur

Batch = tuple[Tensor, Tensor]


def uniform(batch: int, low: float, high: float) -> Tensor:
    """(batch, 1, 1, 1) numbers between ``low`` and ``high``."""
    return low + (high - low) * torch.rand(batch, 1, 1, 1)


def chance(batch: int, probability: float) -> Tensor:
    """(batch, 1, 1, 1) ones with ``probability``, else zeros."""
    return (torch.rand(batch, 1, 1, 1) < probability).float()


def on_some(images: Tensor, probability: float, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply ``change`` to each image with ``probability``; the others cost nothing."""
    chosen = torch.rand(len(images)) < probability
    if not chosen.any():
        return images
    images = images.clone()
    images[chosen] = change(images[chosen])
    return images


def spread(images: Tensor) -> Tensor:
    """(B, 1, 1, 1) standard deviation of each film."""
    return images.std((1, 2, 3), keepdim=True)


def smooth_field(batch: int, size: int, cells: int, channels: int = 1) -> Tensor:
    """(batch, channels, size, size) smooth noise of about unit variance with ``cells`` blobs a side."""
    coarse = torch.randn(batch, channels, cells, cells)
    return F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=False)


# ---- geometry -----------------------------------------------------------------------------------------------


def geometry(images: Tensor, masks: Tensor, fresh_border: bool = True) -> Batch:
    """Rotate (mostly within 12 degrees), scale, stretch, shift and warp image and masks alike.

    What comes in from outside the film is the repeated edge, black or white.
    """
    batch, _, size, _ = images.shape
    grid = F.affine_grid(_affine(batch), [batch, 1, size, size], align_corners=False)
    warp = smooth_field(batch, size, 6, 2) * uniform(batch, 0.0, 0.022)
    grid = breathe(grid + warp.permute(0, 2, 3, 1))
    moved = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
    masks = F.grid_sample(masks, grid, padding_mode="zeros", align_corners=False)
    if fresh_border:
        outside = (grid.abs().amax(-1) > 1)[:, None] * chance(batch, 0.5)
        moved = torch.lerp(moved, chance(batch, 0.15).expand_as(moved), outside)
    return moved, (masks > 0.5).float()


def breathe(grid: Tensor) -> Tensor:
    """Raise or lower the diaphragm of half of the films, on both sides or on one: shallow breaths, a high dome.

    ``grid``: (B, S, S, 2), where each pixel is taken from, x and y in -1..1. The map stays one to one.
    """
    batch = len(grid)
    x, y = grid[..., 0], grid[..., 1]
    height, place, slope = (uniform(batch, *ends)[..., 0] for ends in ((-0.12, 0.32), (0.15, 0.5), (-6, 6)))
    one_side = torch.where(torch.rand(batch, 1, 1) < 0.5, torch.sigmoid(slope * x), torch.ones(()))
    bump = torch.exp(-(((y - place) / 0.4) ** 2)) * height * one_side * (torch.rand(batch, 1, 1) < 0.5)
    return torch.stack([x, y + bump], -1)


def _affine(batch: int) -> Tensor:
    """(batch, 2, 3) matrices. Scale is drawn so that lungs fill from about half to all of the picture."""
    angle = torch.randn(batch) * math.radians(6)
    angle = torch.where(torch.rand(batch) < 0.1, angle * 2.5, angle)
    zoom, aspect = torch.exp(uniform(batch, -0.38, 0.28)).view(-1), torch.exp(uniform(batch, -0.2, 0.2)).view(-1)
    shear = (torch.rand(batch) - 0.5) * 0.15
    rows = [
        zoom * aspect * angle.cos(),
        zoom * (shear - angle.sin()),
        zoom * (angle.sin()),
        zoom / aspect * angle.cos(),
    ]
    theta = torch.zeros(batch, 2, 3)
    theta[:, :, :2] = torch.stack(rows, 1).view(batch, 2, 2)
    theta[:, :, 2] = (torch.rand(batch, 2) - 0.5) * 0.36
    far = torch.rand(batch) < 0.3  # films that show much abdomen or neck
    theta[far, 1, 2] *= 3.0
    return theta


def mirror(images: Tensor, masks: Tensor, probability: float = 0.06) -> Batch:
    """Mirror some films; the lung on the left of the picture stays the *right* lung, only the heart points over."""
    chosen = torch.rand(len(images)) < probability
    images, masks = images.clone(), masks.clone()
    images[chosen] = images[chosen].flip(-1)
    masks[chosen] = masks[chosen].flip(-1)
    masks[chosen, :2] = masks[chosen, :2].flip(1)
    return images, masks


# ---- appearance ---------------------------------------------------------------------------------------------


def appearance(images: Tensor) -> Tensor:
    """Another exposure, detector, processing, resolution, and things that lie on the film."""
    images = on_some(bias(tone(images)), 0.6, texture)
    images = on_some(images, 0.45, local_contrast)
    for _ in range(2):
        images = on_some(images, 0.25, line)
    images = on_some(images, 0.35, blur)
    images = on_some(images, 0.25, resolution)
    images = on_some(images, 0.8, noise)
    for _ in range(3):
        images = on_some(images, 0.25, patch)
    return images.clamp(0, 1)


def tone(images: Tensor) -> Tensor:
    """A random monotone tone curve: gamma, then a mixture with two logistic curves. Never inverts."""
    batch = len(images)
    images = images.clamp(1e-3, 1) ** torch.exp(uniform(batch, -0.8, 0.8))
    images = on_some(images, 0.6, _bent)
    low, high = uniform(batch, 0, 0.25), uniform(batch, 0.7, 1)
    return low + (high - low) * images


def _bent(images: Tensor) -> Tensor:
    batch = len(images)
    bent = sum(torch.sigmoid((images - uniform(batch, 0.1, 0.9)) * uniform(batch, 4, 16)) for _ in range(2)) / 2
    return torch.lerp(images, bent, uniform(batch, 0, 0.8))


def bias(images: Tensor) -> Tensor:
    """A smooth change of brightness across the film, in step with its contrast."""
    batch, _, size, _ = images.shape
    return images + smooth_field(batch, size, 4) * uniform(batch, 0, 0.5) * spread(images)


def texture(images: Tensor) -> Tensor:
    """Mottle and bands of any width, such as ribs, vessels and folds make: texture alone is no opacity."""
    batch, _, size, _ = images.shape
    high, wide = (int(cells) for cells in torch.randint(5, size // 3, (2,)))
    field = F.interpolate(torch.randn(batch, 1, high, wide), size=(size, size), mode="bilinear")
    return images + field * uniform(batch, 0, 0.32) * spread(images)


def local_contrast(images: Tensor) -> Tensor:
    """Unsharp masking or its opposite over windows from a sixth to a third of the film."""
    batch, size = len(images), images.shape[-1]
    window = (size // 12, size // 6)[int(torch.randint(2, ()))] * 2 + 1
    return images + (images - box_blur(images, window)) * uniform(batch, -0.5, 1.3)


def blur(images: Tensor) -> Tensor:
    """A slight blur."""
    return torch.lerp(images, box_blur(images, 3), uniform(len(images), 0, 1))


def resolution(images: Tensor) -> Tensor:
    """Down to a film of a third to four fifths of the size, and back."""
    size = images.shape[-1]
    small = int(size * (0.3 + 0.5 * torch.rand(())))
    reduced = F.interpolate(images, size=(small, small), mode="bilinear", antialias=True)
    return F.interpolate(reduced, size=(size, size), mode="bilinear")


def noise(images: Tensor) -> Tensor:
    """Fine and coarser grain, up to a tenth of the film's contrast each (squared: mostly little)."""
    batch, _, size, _ = images.shape
    coarse = F.interpolate(torch.randn(batch, 1, size // 3, size // 3), size=(size, size), mode="bilinear")
    return images + (torch.randn_like(images) + 1.5 * coarse) * uniform(batch, 0, 0.33).square() * spread(images)


def line(images: Tensor) -> Tensor:
    """A bright curve: a tube, a catheter or the lead of a monitor."""
    batch, _, size, _ = images.shape
    axis = torch.linspace(-1, 1, size)
    y, x = axis.view(1, 1, -1, 1), axis.view(1, 1, 1, -1)
    angle = uniform(batch, 0, math.pi)
    along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
    bend = uniform(batch, -0.4, 0.4) * along.square() + uniform(batch, -0.7, 0.7)
    stroke = torch.exp(-(((across - bend) / uniform(batch, 0.006, 0.02)) ** 2)) * (along > uniform(batch, -1.5, 0.5))
    return images + stroke * uniform(batch, 0.1, 0.5)


def patch(images: Tensor) -> Tensor:
    """A small rectangle of any brightness: a marker, a text box, an electrode, a device."""
    batch, _, size, _ = images.shape
    row, column = torch.arange(size).view(1, 1, -1, 1), torch.arange(size).view(1, 1, 1, -1)
    top, left = uniform(batch, 0, size), uniform(batch, 0, size)
    high, wide = uniform(batch, size / 40, size / 10), uniform(batch, size / 40, size / 6)
    inside = ((row - top).abs() < high / 2) & ((column - left).abs() < wide / 2)
    return torch.where(inside, uniform(batch, 0, 1), images)


def bars(images: Tensor, masks: Tensor) -> Batch:
    """Black, sometimes white, strips along some edges, perhaps tilted: collimation and scan margins.

    What they hide is not on the film, and leaves the masks.
    """
    size = images.shape[-1]
    strips = torch.zeros_like(images)
    for turns in range(4):
        strips = torch.maximum(strips, on_some(torch.zeros_like(images), 0.12, _strip_on_top).rot90(turns, (2, 3)))
    fill = chance(len(images), 0.2).expand(-1, -1, size, size)
    return torch.lerp(images, fill, strips), masks * (1 - strips)


def _strip_on_top(zeros: Tensor) -> Tensor:
    batch, _, size, _ = zeros.shape
    axis = torch.linspace(0, 1, size)
    edge = uniform(batch, 0, 0.5).square() + uniform(batch, -0.06, 0.06) * axis.view(1, 1, 1, -1)
    return (axis.view(1, 1, -1, 1) < edge).float()


# ---- what is no frontal chest radiograph --------------------------------------------------------------------


def spoil(images: Tensor) -> Tensor:
    """One picture for each film that is no upright, positive, frontal chest radiograph any more.

    Lying on its side, upside down, negative, seen from the side (one lucent field, not two), a part enlarged,
    tiles in disorder, or something else altogether: noise, ramps, shapes.
    """
    makers = (_sideways, _upside_down, _upside_down, _negative, _one_field, _overlaid, _strip, _detail, _shuffled,
              _shapes, _shapes)  # fmt: skip
    choice = torch.randint(len(makers), (len(images),))
    return torch.cat([makers[int(kind)](images[i : i + 1]) for i, kind in enumerate(choice)])


def _sideways(image: Tensor) -> Tensor:
    return torch.rot90(image, 1 if torch.rand(()) < 0.5 else 3, (2, 3))


def _upside_down(image: Tensor) -> Tensor:
    return image.flip(2) if torch.rand(()) < 0.5 else image.flip(2).flip(3)


def _negative(image: Tensor) -> Tensor:
    return 1 - image


def _resample(image: Tensor, centre: Tensor, reach: Tensor) -> Tensor:
    """The part of the picture around ``centre`` (x, y), reaching ``reach`` (x, y) to each side, in -1..1."""
    theta = torch.cat([torch.diag(reach), centre.view(2, 1)], 1)[None]
    grid = F.affine_grid(theta, list(image.shape), align_corners=False)
    return F.grid_sample(image, grid, padding_mode="zeros", align_corners=False)


def _one_field(image: Tensor) -> Tensor:
    """One half of the film, stretched to a body that stands before a dark background, as in a lateral view."""
    side = 1.0 if torch.rand(()) < 0.5 else -1.0
    centre = torch.tensor([side * (0.42 + 0.16 * torch.rand(())), 0.2 * torch.rand(()) - 0.1])
    image = _resample(image, centre, torch.tensor([0.5 + 0.2 * torch.rand(()), 0.9 + 0.3 * torch.rand(())]))
    return image.flip(3) if torch.rand(()) < 0.5 else image


def _overlaid(image: Tensor) -> Tensor:
    """Both halves of the film on top of each other, as the lungs are in a lateral view, one of them mirrored or not."""
    apart = torch.tensor([0.42 + 0.16 * torch.rand(()), 0.0])
    reach = torch.tensor([0.55 + 0.35 * torch.rand(()), 0.9 + 0.3 * torch.rand(())])
    near, far = _resample(image, apart, reach), _resample(image, -apart, reach)
    far = far.flip(3) if torch.rand(()) < 0.7 else far
    return torch.lerp(near, far, 0.3 + 0.4 * torch.rand(()))


def _strip(image: Tensor) -> Tensor:
    """Only the neck and shoulders, or only the abdomen and the lungs' bases."""
    down = 1.0 if torch.rand(()) < 0.6 else -1.0
    centre = torch.tensor([0.2 * torch.rand(()) - 0.1, down * (0.72 + 0.13 * torch.rand(()))])
    return _resample(image, centre, torch.tensor([0.5 + 0.5 * torch.rand(()), 0.15 + 0.17 * torch.rand(())]))


def _detail(image: Tensor) -> Tensor:
    """A small part, enlarged; or the whole, tiny in a corner."""
    if torch.rand(()) < 0.25:
        return _resample(image, 6 * torch.rand(2) - 3, torch.full((2,), 4.0 + 2 * torch.rand(())))
    return _resample(image, 1.2 * torch.rand(2) - 0.6, 0.1 + 0.2 * torch.rand(2))


def _shuffled(image: Tensor) -> Tensor:
    """The film cut into 2x2 to 6x6 tiles in another order."""
    tiles = (2, 3, 4, 6)[int(torch.randint(4, ()))]
    side = image.shape[-1] // tiles
    cut = image[0, 0, : side * tiles, : side * tiles].reshape(tiles, side, tiles, side).transpose(1, 2)
    cut = cut.reshape(-1, side, side)[torch.randperm(tiles * tiles)].view(tiles, tiles, side, side)
    shuffled = cut.transpose(1, 2).reshape(1, 1, side * tiles, side * tiles)
    return F.interpolate(shuffled, size=image.shape[-2:], mode="bilinear")


def _shapes(image: Tensor) -> Tensor:
    """Noise of any scale, ramps, stripes, and rectangles and ellipses with sharp or soft edges."""
    size = image.shape[-1]
    axis = torch.linspace(-1, 1, size)
    y, x = axis.view(-1, 1), axis.view(1, -1)
    cells = (2, 4, 8, 24, size)[int(torch.randint(5, ()))]
    picture = smooth_field(1, size, cells)[0, 0] * torch.rand(()) + torch.randn(()) * x + torch.randn(()) * y
    picture = picture + torch.rand(()) * torch.sin(x * 30 * torch.rand(()) + y * 30 * torch.rand(()))
    for _ in range(int(torch.randint(0, 9, ()))):
        (a, b), (wide, high) = 0.6 * torch.randn(2), 0.05 + 0.6 * torch.rand(2)
        dx, dy = (x - a) / wide, (y - b) / high
        distance = torch.maximum(dx.abs(), dy.abs()) if torch.rand(()) < 0.5 else (dx.square() + dy.square()).sqrt()
        picture = picture + torch.randn(()) * torch.sigmoid((1 - distance) * (4 + 60 * torch.rand(())))
    low, high = picture.min(), picture.max()
    return ((picture - low) / (high - low + 1e-6)).view(1, 1, size, size)
