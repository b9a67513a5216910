"""Shapes, conditioning, independence of films, and the cure of the checkerboard."""

from dataclasses import replace

import pytest
import torch

from medigenx_lib.errors import InputError
from medigenx_lib.gan.networks import build, first_order, generator_channels, group_spread
from medigenx_lib.gan.recipes import DCGAN, GROWING, HINGE, NARROW, RECIPES, STRONG, WGAN_GP, Recipe, grown, recipe

TINY = replace(STRONG, size=16, width=8, latent=8)


def inputs(recipe, count=4, seed=0):
    latent = torch.randn(count, recipe.latent, generator=torch.Generator().manual_seed(seed))
    return latent, torch.arange(count) % 2


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize("base", [STRONG, DCGAN], ids=["strong", "dcgan"])
@pytest.mark.parametrize("conditional", [True, False])
def test_shapes(size, base, conditional):
    chosen = replace(base, size=size, width=8, latent=8, conditional=conditional)
    generator, discriminator = build(chosen)
    latent, labels = inputs(chosen)
    films = generator(latent, labels)
    assert films.shape == (4, 1, size, size) and discriminator(films, labels).shape == (4,)
    assert len(generator_channels(chosen)) == size.bit_length() - 2


def test_the_seed_decides_the_weights_and_leaves_the_global_stream_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second, other = build(TINY), build(TINY), build(replace(TINY, seed=1))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first[0].start.weight, second[0].start.weight)
    assert not torch.equal(first[0].start.weight, other[0].start.weight)


def test_the_label_reaches_both_networks():
    generator, discriminator = build(TINY)
    discriminator.label.weight.data.normal_()  # starts at zero: untrained, the label means nothing
    latent, labels = inputs(TINY)
    films = generator.eval()(latent, labels)
    assert not torch.allclose(films, generator(latent, 1 - labels))
    assert not torch.allclose(discriminator(films, labels), discriminator(films, 1 - labels))


def test_each_logit_depends_on_one_film_alone():
    _, discriminator = build(TINY)
    films = torch.randn(3, 1, 16, 16, requires_grad=True)
    discriminator(films, torch.tensor([0, 1, 0]))[1].backward()
    touched = films.grad.abs().sum((1, 2, 3)) > 0
    assert touched.tolist() == [False, True, False]


def test_the_spread_tells_alike_films_from_varied_ones_and_starts_at_nothing():
    plain, told = build(TINY)[1], build(replace(TINY, spread=4))[1]
    told.load_state_dict(plain.state_dict(), strict=False)
    films, labels = torch.randn(8, 1, 16, 16), torch.zeros(8, dtype=torch.long)
    assert torch.equal(told(films, labels), plain(films, labels))
    told.spread.weight.data.fill_(1.0)
    added = told(films, labels) - plain(films, labels)
    assert torch.allclose(added[:4], added[:1]) and not torch.allclose(added[4:], added[:1])  # one number a group
    alike = films[:1].repeat(8, 1, 1, 1)
    assert ((told(alike, labels) - plain(alike, labels)) < added / 10).all()


def test_the_spread_of_a_group_is_the_deviation_of_each_channel():
    maps = torch.randn(6, 3, 2, 2)
    expected = maps[:2].std(0, unbiased=False).mean((1, 2))
    assert torch.allclose(group_spread(maps, 2)[0], expected, atol=1e-3)
    assert torch.equal(group_spread(maps, 4), group_spread(maps, 6))  # what does not divide is one group
    same = torch.ones(4, 3, 2, 2, requires_grad=True)
    group_spread(same, 4).sum().backward()
    assert torch.isfinite(same.grad).all()


@pytest.mark.parametrize("wrong", [{"spread": 1}, {"spread": -4}, {"spread": 4, "body": "dcgan"}])
def test_a_spread_that_means_nothing_is_refused(wrong):
    with pytest.raises(InputError, match="spread"):
        replace(STRONG, **wrong)


def test_first_order_features_are_those_of_the_film_at_half_its_side():
    films = torch.rand(3, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    half = films.unflatten(3, (8, 2)).unflatten(2, (8, 2)).mean((3, 5)).flatten(1)
    deviation = half.std(1, unbiased=False)
    expected = [half.mean(1), deviation, deviation.log(), half.amin(1), half.amax(1)]
    assert torch.allclose(first_order(films), torch.stack(expected, 1), atol=2e-3)


@pytest.mark.parametrize("grey", [-0.95, 0.33, 0.9])
def test_first_order_features_of_a_flat_film_survive_bfloat16(grey):
    films = grey + 0.02 * torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = first_order(films)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(first_order(films), expected)


@pytest.mark.parametrize("spread", [0, 4])
def test_first_order_features_start_at_nothing_and_then_reach_the_logit(spread):
    films, labels = torch.rand(4, 1, 16, 16), torch.zeros(4, dtype=torch.int64)
    _, told = build(replace(TINY, spread=spread, first_order=True))
    start = told(films, labels)
    torch.testing.assert_close(build(replace(TINY, spread=spread))[1](films, labels), start)
    told.first_order.logit.weight.data.fill_(1.0)
    added = told(films, labels) - start
    assert added.std() > 0 and (told(films + 0.5, labels) - told(films, labels)).abs().min() > 0


def test_a_film_of_one_grey_has_penalties_too():
    _, told = build(replace(TINY, spread=4, first_order=True))
    for layer in (told.first_order.logit, told.spread):
        layer.weight.data.fill_(1.0)
    films = torch.full((4, 1, 16, 16), -1.0, requires_grad=True)
    (slope,) = torch.autograd.grad(told(films, torch.arange(4) % 2).sum(), films, create_graph=True)
    slope.square().sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in told.parameters() if weight.grad is not None)


def test_the_default_is_told_first_order_features_where_they_help():
    assert [recipe("narrow", size=size).first_order for size in (16, 32, 64, 128)] == [True, True, False, False]
    assert [recipe("narrow", size=size).latent_scale for size in (32, 64)] == [1.03, 1.0]
    assert not recipe("narrow").first_order and not recipe("narrow", size=32, first_order=False).first_order


def test_only_the_strong_body_is_told_first_order_features():
    with pytest.raises(InputError, match="first-order"):
        replace(DCGAN, first_order=True)


def test_the_last_weighted_sum_is_a_depthwise_convolution_over_the_whole_map():
    pool = build(replace(STRONG, size=16, width=4))[1].pool
    maps = torch.randn(3, pool.in_channels, 4, 4)
    as_convolution = torch.nn.functional.conv2d(maps, pool.weight, pool.bias, groups=pool.groups)
    torch.testing.assert_close(pool(maps), as_convolution[:, :, 0, 0])


def test_spectral_norm_lets_no_layer_stretch_more_than_one_to_one():
    _, discriminator = build(replace(HINGE, size=16, width=8, latent=8))
    films, labels = torch.randn(8, 1, 16, 16), torch.arange(8) % 2
    for _ in range(30):  # each pass in training refines the estimate of the largest singular value
        discriminator(films, labels)
    for layer in (discriminator.stages[0], discriminator.stages[2], discriminator.logit, discriminator.label):
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item()
        assert largest == pytest.approx(1, abs=0.02)


def test_the_peers_have_the_networks_of_the_dcgan_without_batch_norm_in_the_critic():
    for name in ("wgan_gp", "hinge", "hinge_diffaugment"):
        _, critic = build(recipe(name, size=32))
        assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in critic.modules())
    sizes = {name: sum(p.numel() for p in build(recipe(name, size=32))[0].parameters()) for name in RECIPES}
    assert sizes["dcgan_ema"] == sizes["wgan_gp"] == sizes["hinge"] > sizes["dcgan"]
    assert all(chosen.name == name for name, chosen in RECIPES.items()) and WGAN_GP.critic_steps == 5


def grain(films):
    """Diagonal Haar energy as a share of all energy: what a checkerboard of single pixels adds."""
    a, b, c, d = (films[..., i::2, j::2] for i in (0, 1) for j in (0, 1))
    return ((a - b - c + d).square().mean() / 4 / films.var()).item()


def test_bilinear_upsampling_has_no_checkerboard():
    grains = {}
    for upsampling in ("bilinear", "transposed"):
        chosen = replace(STRONG, size=32, width=8, upsampling=upsampling)
        with torch.no_grad():
            grains[upsampling] = grain(build(chosen)[0](*inputs(chosen, 64)))
    assert grains["bilinear"] < grains["transposed"] / 4


def test_recipes_survive_json_and_refuse_nonsense():
    import json

    assert Recipe.from_dict(json.loads(json.dumps(STRONG.to_dict()))) == STRONG
    assert recipe("dcgan", size=32) == replace(DCGAN, size=32)
    for wrong in ({"size": 48}, {"loss": "hope"}, {"batch": 0}, {"upsampling": "magic"}, {"unknown": 1}):
        with pytest.raises(InputError):
            recipe("strong", **wrong)
    with pytest.raises(InputError, match="strong, dcgan"):
        recipe("stronger")


def test_grown_networks_start_as_the_smaller_ones_and_learn_detail():
    small, large = build(TINY), build(grown(TINY, 64))
    for network, other in zip(small, large, strict=True):
        other.load_state_dict(network.state_dict(), strict=False)
    latent, labels = inputs(TINY)
    films = large[0].eval()(latent, labels)
    enlarged = torch.nn.functional.interpolate(small[0].eval()(latent, labels), scale_factor=4, mode="bilinear")
    assert films.shape == (4, 1, 64, 64) and torch.allclose(films, enlarged, atol=0.05)  # twice 2 is not quite 4
    reduced = torch.nn.functional.avg_pool2d(films, 4)
    assert torch.allclose(large[1](films, labels), small[1](reduced, labels), atol=1e-5)
    large[1](films, labels).sum().backward()
    assert all(finer.detail.weight.grad.any() for finer in large[0].added)
    assert all(branch[-1].weight.grad.any() for branch in large[1].added)


def test_what_cannot_grow_is_refused():
    with pytest.raises(InputError, match="cannot start"):
        grown(replace(TINY, size=32), 16)
    with pytest.raises(InputError, match="grown 1 times"):
        grown(DCGAN, 128)
    with pytest.raises(InputError, match="grown 1 times"):
        replace(TINY, grown=1)  # from 8 pixels
    assert grown(grown(TINY, 32), 64) == replace(TINY, size=64, grown=2, **GROWING)


@pytest.mark.parametrize("size", [16, 32, 64, 128, 256])
def test_the_default_recipe_is_lighter_than_the_lessons_at_every_size_but_the_smallest(size):
    counts = [sum(p.numel() for n in build(recipe(name, size=size)) for p in n.parameters())
              for name in ("narrow", "strong")]  # fmt: skip
    assert counts[0] < counts[1] or size == 16
    generator, discriminator = build(recipe("narrow", size=size))
    labels = torch.tensor([0, 1])
    films = generator(torch.randn(2, NARROW.latent), labels)
    assert films.shape == (2, 1, size, size) and discriminator(films, labels).shape == (2,)
