"""The two networks. ``Generator``: latent and label to film. ``Discriminator``: film and label to a logit.

Films are (B, 1, S, S), -1 (black) to 1 (white). Both are plain convolutional stacks in the DCGAN's shape;
``Recipe`` decides the few places where the strong recipe and the DCGAN differ.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from medigenx_lib.gan.recipes import CLASSES, Recipe

SLOPE = 0.2  # of the leaky ReLU, as in the DCGAN
START = 4  # both networks meet at 4x4 pixels


def levels(size: int) -> int:
    """How many doublings lie between 4x4 and ``size`` x ``size``."""
    return (size // START).bit_length() - 1


def generator_channels(recipe: Recipe) -> tuple[int, ...]:
    """Channels at 4x4, 8x8, ..., ``first_size``. Few where pixels are many: full resolution is what costs."""
    low = [recipe.width * min(8, 2**level) for level in range(levels(recipe.first_size) - 1, 0, -1)]
    return (*low, recipe.width * 3 // 2, recipe.width * 3 // 4)


def discriminator_channels(recipe: Recipe) -> tuple[int, ...]:
    """Channels after each halving, from half of ``first_size`` down to 4x4: width, 2 width, ... at most 8 width."""
    return tuple(recipe.width * min(8, 2**level) for level in range(levels(recipe.first_size)))


def added_channels(recipe: Recipe) -> tuple[int, ...]:
    """Channels of the stages that were added in growing, the same in both networks: half the width, a quarter, ..."""
    return tuple(max(1, recipe.width >> number) for number in range(1, recipe.grown + 1))


class Generator(nn.Module):
    """Latent (B, latent) and labels (B,), see :func:`embedded`, to films (B, 1, S, S), about -1..1.

    Bilinear upsampling followed by a 3x3 convolution, instead of a stride-2 transposed convolution: every
    output pixel then gets the same number of kernel taps, which cures the checkerboard.
    Source: Odena, Dumoulin, Olah, "Deconvolution and checkerboard artifacts", Distill, 2016.

    Each stage added in growing doubles the film and adds detail to it, at first none: a grown generator starts with
    the films of the smaller one, enlarged. Source: output skips, Karras et al., "StyleGAN2", CVPR 2020.
    """

    def __init__(self, recipe: Recipe):
        super().__init__()
        channels = generator_channels(recipe)
        self.recipe = recipe
        self.label = nn.Embedding(CLASSES, recipe.latent // 4) if recipe.conditional else None
        inputs = recipe.latent + (recipe.latent // 4 if recipe.conditional else 0)
        self.start = nn.Linear(inputs, channels[0] * START * START, bias=False)
        stages = [_norm_relu(channels[0])]
        for before, after in pairwise(channels):
            stages += [_double(before, after, recipe.upsampling), _norm_relu(after)]
        self.stages = nn.Sequential(*stages)
        self.film = nn.Conv2d(channels[-1], 1, 3, padding=1)
        added = (channels[-1], *added_channels(recipe))
        self.added = nn.ModuleList(_Finer(before, after, recipe.upsampling) for before, after in pairwise(added))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Films for a batch of latents and labels; an unconditional generator ignores the labels."""
        inputs = latent if self.label is None else torch.cat([latent, embedded(self.label, labels)], 1)
        start = self.start(inputs).unflatten(1, (-1, START, START))
        start = start.contiguous(memory_format=torch.channels_last)
        features = self.stages(start)
        film = self.film(features)
        for finer in self.added:
            features, film = finer(features, film)
        return film


class _Finer(nn.Module):
    """One doubling of features (B, before, S, S) and film (B, 1, S, S); the detail it adds starts at nothing."""

    def __init__(self, before: int, after: int, upsampling: str):
        super().__init__()
        self.stage = nn.Sequential(_double(before, after, upsampling), _norm_relu(after))
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.detail = _zero(nn.Conv2d(after, 1, 3, padding=1))

    def forward(self, features: Tensor, film: Tensor) -> tuple[Tensor, Tensor]:
        """Both at twice the side: features (B, after, 2 S, 2 S), film (B, 1, 2 S, 2 S)."""
        features = self.stage(features)
        return features, self.up(film) + self.detail(features)


class DCGANGenerator(nn.Module):
    """The tutorials' generator: transposed convolutions, batch norm, tanh. Shapes as :class:`Generator`."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.recipe = recipe
        self.label = nn.Embedding(CLASSES, recipe.latent) if recipe.conditional else None
        channels = discriminator_channels(recipe)[::-1]
        inputs = recipe.latent * (2 if recipe.conditional else 1)
        stages = [nn.ConvTranspose2d(inputs, channels[0], START, bias=False), _norm_relu(channels[0])]
        for before, after in pairwise(channels):
            stages += [_double(before, after, "transposed"), _norm_relu(after)]
        self.stages = nn.Sequential(*stages, nn.ConvTranspose2d(channels[-1], 1, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Films for a batch of latents and labels; an unconditional generator ignores the labels."""
        inputs = latent if self.label is None else torch.cat([latent, embedded(self.label, labels)], 1)
        return self.stages(inputs[:, :, None, None])


class Discriminator(nn.Module):
    """Films (B, 1, S, S) and labels (B,) to logits (B,), high for real.

    No normalisation by default: gradient penalties need each film's logit to depend on that film alone, or nearly:
    with ``recipe.spread`` it also depends on how varied the few films of its group are, see :func:`group_spread`.
    With ``recipe.first_order`` it is told numbers of the whole film too, see :func:`first_order`. The label enters by
    projection, ``logit = w.h + embedding(label).h``.
    Source: Miyato and Koyama, "cGANs with projection discriminator", ICLR 2018.

    Grown, it also sees each film reduced to the size it knew; what finer branches add to its first layer starts at 0.
    """

    def __init__(self, recipe: Recipe):
        super().__init__()
        channels = discriminator_channels(recipe)
        stages: list[nn.Module] = []
        for level, (before, after) in enumerate(zip((1, *channels), channels, strict=False)):
            stages += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(SLOPE)]
            if START < recipe.first_size >> (level + 1) <= 16:  # refine where pixels are few
                stages += [Residual(after)]
        self.stages = nn.Sequential(*stages)
        self.pool = _Pool(channels[-1], channels[-1], START, groups=channels[-1])
        self.logit = nn.Linear(channels[-1], 1)
        self.label = nn.Embedding(CLASSES, channels[-1]) if recipe.conditional else None
        self.group = recipe.spread
        self.spread = nn.Linear(channels[-1], 1, bias=False) if recipe.spread else None
        self.apply(_initialise_unnormalised)
        if recipe.spread:
            nn.init.zeros_(self.spread.weight)
        self.first_order = _FirstOrder(recipe.spread) if recipe.first_order else None
        added = (channels[0], *added_channels(recipe))
        self.added = nn.ModuleList(_branch(added[: number + 2]) for number in range(recipe.grown))

    def forward(self, films: Tensor, labels: Tensor) -> Tensor:
        """One logit per film; an unconditional discriminator ignores the labels."""
        films = films.contiguous(memory_format=torch.channels_last)
        maps = self.stages[1:](self._first(films))
        features = self.pool(maps)
        logits = self.logit(features)[:, 0]
        if self.spread is not None:
            logits = logits + self.spread(group_spread(maps, self.group))[:, 0]
        if self.first_order is not None:
            logits = logits + self.first_order(films)
        return logits if self.label is None else logits + (features * self.label(labels)).sum(1)

    def _first(self, films: Tensor) -> Tensor:
        """The first layer's output, (B, width, s, s) with s half of ``first_size``, from all sizes of the films."""
        finer = 0
        for branch in reversed(self.added):
            finer, films = finer + branch(films), nn.functional.avg_pool2d(films, 2)
        return self.stages[0](films) + finer


class _Pool(nn.Conv2d):
    """A depthwise convolution as large as its maps, (B, C, 4, 4) to (B, C): a weighted sum, written as one, which takes
    a third of the time."""

    def forward(self, maps: Tensor) -> Tensor:
        """One number a channel: (B, C) of maps (B, C, 4, 4)."""
        return (maps * self.weight[:, 0]).sum((2, 3)) + self.bias


class _FirstOrder(nn.Module):
    """What first-order radiomics says of each film, and how much it varies in its group, to a summand of the logit."""

    HIDDEN = 32

    def __init__(self, group: int):
        super().__init__()
        self.group = group
        inputs = FIRST_ORDER * (2 if group else 1)
        self.hidden = nn.Sequential(nn.Linear(inputs, self.HIDDEN), nn.LeakyReLU(SLOPE))
        self.logit = nn.Linear(self.HIDDEN, 1, bias=False)
        nn.init.zeros_(self.logit.weight)

    def forward(self, films: Tensor) -> Tensor:
        """Films (B, 1, S, S) to what is added to their logits, (B,)."""
        features = first_order(films)
        if self.group:
            features = torch.cat([features, group_spread(features[:, :, None, None], self.group)], 1)
        return self.logit(self.hidden(features))[:, 0]


FIRST_ORDER = 5


def first_order(films: Tensor) -> Tensor:
    """Mean, standard deviation and its logarithm, darkest and brightest pixel: films (B, 1, S, S), about -1..1, to
    float32 (B, 5), in the same units.

    Convolutions hardly see them: they look at the film in patches. Their names in radiomics: features of first order.
    The film is reduced to half its side before, which says nearly the same and costs a quarter.
    """
    pixels = nn.functional.avg_pool2d(films.float(), 2).flatten(1)
    mean = pixels.mean(1)
    variance = (pixels - mean[:, None]).square().mean(1)  # not by products: autocast would round them to 8 bits
    deviation = (variance + 1e-4).sqrt()  # a film of one grey has neither a slope nor a logarithm
    return torch.stack([mean, deviation, deviation.log(), pixels.min(1).values, pixels.max(1).values], 1)


def group_spread(maps: Tensor, group: int) -> Tensor:
    """How much neighbours in a batch differ: features (B, C, H, W) to (B, C), alike for all films of a group.

    The standard deviation over ``group`` films in a row, averaged over pixels; over all B if they do not divide by it.
    Source: minibatch standard deviation, Karras et al., "Progressive growing of GANs", ICLR 2018, one for each channel.
    """
    group = len(maps) if len(maps) % group else group
    pixels = maps.permute(0, 2, 3, 1).flatten(1, 2).float()  # (B, HW, C), as it lies in memory when channels are last
    grouped = pixels.unflatten(0, (-1, group))
    variance = (grouped - grouped.mean(1, keepdim=True)).square().mean(1)
    spread = (variance + 1e-6).sqrt().mean(1)  # the root alone has no slope at 0
    return spread[:, None].expand(-1, group, -1).flatten(0, 1)


def _branch(channels: tuple[int, ...]) -> nn.Sequential:
    """Strided convolutions from a film to the first layer's output, ``channels`` from there to the film's."""
    down = channels[::-1]
    stages = [nn.Conv2d(1, down[0], 4, 2, 1), nn.LeakyReLU(SLOPE)]
    for before, after in pairwise(down):
        stages += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(SLOPE)]
    branch = nn.Sequential(*stages[:-1]).apply(_initialise_unnormalised)
    _zero(branch[-1])
    return branch


class Residual(nn.Module):
    """``x + conv(leaky_relu(conv(x)))`` would cost twice: one 3x3 convolution, starting as the identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.act = nn.LeakyReLU(SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        """Shapes: (B, C, H, W) to the same."""
        return x + self.act(self.conv(x))


class DCGANDiscriminator(nn.Module):
    """The tutorials' discriminator: strided convolutions, batch norm in the middle. Shapes as above."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        channels = discriminator_channels(recipe)
        stages: list[nn.Module] = [nn.Conv2d(1, channels[0], 4, 2, 1, bias=False), nn.LeakyReLU(SLOPE)]
        for before, after in pairwise(channels):
            stages += [nn.Conv2d(before, after, 4, 2, 1, bias=not recipe.batch_norm)]
            stages += [nn.BatchNorm2d(after)] if recipe.batch_norm else []
            stages += [nn.LeakyReLU(SLOPE)]
        self.stages = nn.Sequential(*stages)
        self.logit = nn.Conv2d(channels[-1], 1, START)
        self.label = nn.Embedding(CLASSES, channels[-1] * START**2) if recipe.conditional else None
        normalised = recipe.batch_norm or recipe.spectral_norm
        self.apply(_initialise_dcgan if normalised else _initialise_unnormalised)
        if recipe.conditional and normalised:
            nn.init.normal_(self.label.weight, 0.0, 0.02)  # with a spread of 1 the label alone would decide

    def forward(self, films: Tensor, labels: Tensor) -> Tensor:
        """One logit per film; an unconditional discriminator ignores the labels."""
        features = self.stages(films.contiguous(memory_format=torch.channels_last))
        logits = self.logit(features).flatten()
        return logits if self.label is None else logits + (features.flatten(1) * self.label(labels)).sum(1)


def embedded(table: nn.Embedding, labels: Tensor) -> Tensor:
    """Rows of ``table`` for labels (B,) int64; for floats, 0 normal to 1 pneumonia, a mixture of its two rows."""
    if labels.is_floating_point():
        return torch.lerp(table.weight[0], table.weight[1], labels[:, None])
    return table(labels)


def build(recipe: Recipe) -> tuple[nn.Module, nn.Module]:
    """(generator, discriminator) of ``recipe``, initialised from ``recipe.seed`` alone, channels last."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        generator = build_generator(recipe)
        discriminator = _kinds(recipe)[1](recipe).to(memory_format=torch.channels_last)
        if recipe.spectral_norm:
            discriminator.apply(_normalise_spectrum)
    return generator, discriminator


def build_generator(recipe: Recipe) -> nn.Module:
    """The generator of ``recipe``, untrained."""
    generator = _kinds(recipe)[0](recipe)
    if recipe.body == "dcgan":
        generator.apply(_initialise_dcgan)
    return generator.to(memory_format=torch.channels_last)


def _kinds(recipe: Recipe) -> tuple[type[nn.Module], type[nn.Module]]:
    from medigenx_lib.gan import r3gan  # it is made of parts of this module

    kinds = {
        "strong": (Generator, Discriminator),
        "dcgan": (DCGANGenerator, DCGANDiscriminator),
        "r3gan": (r3gan.Generator, r3gan.Discriminator),
    }
    return kinds[recipe.body]


def _double(before: int, after: int, upsampling: str) -> nn.Module:
    if upsampling == "transposed":
        return nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False)
    up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    return nn.Sequential(up, nn.Conv2d(before, after, 3, padding=1, bias=False))


def _zero(conv: nn.Conv2d) -> nn.Conv2d:
    nn.init.zeros_(conv.weight)
    nn.init.zeros_(conv.bias)
    return conv


def _norm_relu(channels: int) -> nn.Module:
    return nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())


def _initialise_unnormalised(module: nn.Module) -> None:
    """He initialisation: without normalisation it alone keeps the signal's size from layer to layer."""
    if isinstance(module, Residual):
        nn.init.zeros_(module.conv.weight)
        nn.init.zeros_(module.conv.bias)
    elif isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, SLOPE)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.zeros_(module.weight)


def _normalise_spectrum(module: nn.Module) -> None:
    """Divide each weight by its largest singular value, so that no layer stretches more than one to one."""
    if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
        if not module.weight.any():
            nn.init.normal_(module.weight)  # a zero matrix has no direction to normalise
        spectral_norm(module)


def _initialise_dcgan(module: nn.Module) -> None:
    """Normal weights, standard deviation 0.02, as in the DCGAN paper."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
