"""Flow matching: the loss in closed form, the sampler on a known velocity, learning, saving."""

import numpy as np
import pytest
import torch
from torch import nn

from medigenx_lib.errors import InputError, TrainingError, WeightsError
from medigenx_lib.gan import flow
from medigenx_lib.gan.flow import Flow, FlowRecipe, VelocityUNet

TINY = FlowRecipe(size=16, width=8, batch=8, lr=1e-2, ema=0.95)


def films(count=64):
    """Bright normal films, dark pneumonia films."""
    images = np.where(np.arange(count)[:, None, None] % 2, 40, 200).astype(np.uint8)
    return images.repeat(16, 1).repeat(16, 2), np.arange(count) % 2


class Known(nn.Module):
    """The exact velocity if all films of a label are one constant: (target - x_t) / (1 - t)."""

    def forward(self, noisy, times, labels):
        target = torch.tensor([0.5, -0.5, 0.0])[labels][:, None, None, None]
        return (target - noisy) / (1 - times[:, None, None, None])


def test_the_exact_velocity_has_no_loss_and_is_followed_to_the_film():
    labels = torch.tensor([0, 1] * 200)
    targets = torch.tensor([0.5, -0.5])[labels][:, None, None, None].expand(-1, 1, 4, 4)
    told = flow.flow_matching_loss(Known(), targets, labels, torch.Generator().manual_seed(0))
    assert 0 < told < 0.5  # only where the label was dropped
    made = flow.sample_flow(Flow(Known(), FlowRecipe(size=4), {}), [0, 1], steps=8, progress=False)
    np.testing.assert_allclose(made[:, 0, 0], [0.75, 0.25], atol=0.15)


def test_guidance_exaggerates_the_label():
    known = Flow(Known(), FlowRecipe(size=4), {})
    plain, guided = (flow.sample_flow(known, [0], guidance=g, progress=False).mean() for g in (1.0, 1.5))
    assert guided > plain + 0.05


def test_shapes_and_conditions():
    network = VelocityUNet(8)
    for block in network.modules():
        if isinstance(block, flow.Block):
            nn.init.normal_(block.second.weight)  # starts at zero: untrained, the condition means nothing
    noisy, times = torch.randn(3, 1, 32, 32), torch.tensor([0.1, 0.5, 0.9])
    found = network(noisy, times, torch.tensor([0, 1, 2]))
    assert found.shape == noisy.shape
    assert not torch.allclose(found[0], network(noisy, times, torch.tensor([1, 1, 2]))[0])
    assert not torch.allclose(found[0], network(noisy, times.flip(0), torch.tensor([0, 1, 2]))[0])


def test_it_learns_the_classes_and_is_saved(tmp_path):
    trained = flow.train_flow(*films(), images=800, recipe=TINY, progress=False)
    made = flow.sample_flow(trained, [0] * 4 + [1] * 4, steps=8, progress=False)
    assert made.shape == (8, 16, 16) and made.dtype == np.float32 and 0 <= made.min() <= made.max() <= 1
    assert made[:4].mean() - made[4:].mean() > 0.3 and trained.figures["images"] == 800
    again = flow.load_flow(flow.save_flow(trained, tmp_path / "flow.safetensors"))
    assert again.recipe == TINY and again.figures == trained.figures
    np.testing.assert_array_equal(flow.sample_flow(again, [0] * 4 + [1] * 4, steps=8, progress=False), made)


def test_the_seed_decides():
    first, second = (flow.train_flow(*films(), images=80, recipe=TINY, progress=False) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.network.parameters(), second.network.parameters(), strict=True))


def test_the_bar_ends_at_a_hundred(capfd):
    flow.train_flow(*films(), images=88, recipe=TINY)  # 11 steps, of which the bar is told every tenth at most
    last = capfd.readouterr().err.replace("\r", "\n").strip().splitlines()[-1]
    assert last.startswith("100%"), last


def test_refusals(tmp_path, monkeypatch):
    trained = Flow(Known(), FlowRecipe(size=4), {})
    with pytest.raises(InputError, match="labels 0 and 1"):
        flow.sample_flow(trained, [2])
    with pytest.raises(InputError, match="budget"):
        flow.train_flow(*films(), recipe=TINY, progress=False)
    with pytest.raises(WeightsError, match="no flow"):
        flow.load_flow("gan_64")
    monkeypatch.setattr(flow.F, "mse_loss", lambda a, b: (a * float("nan")).mean())
    with pytest.raises(TrainingError, match="loss is nan"):
        flow.train_flow(*films(), images=800, recipe=TINY, progress=False)


@pytest.mark.parametrize("recipe", [FlowRecipe(size=28, width=8), FlowRecipe(size=16, width=12)])
def test_sizes_that_cannot_be_halved_are_refused(recipe):
    images = np.zeros((64, recipe.size, recipe.size), np.uint8)
    with pytest.raises(InputError, match="multiples of 8"):
        flow.train_flow(images, films()[1], images=8, recipe=recipe, device="cpu", progress=False)


@pytest.mark.parametrize(("labels", "seed"), [([], 0), ([0], -1)])
def test_no_labels_and_negative_seeds_are_refused(labels, seed):
    with pytest.raises(InputError, match="seed"):
        flow.sample_flow(Flow(Known(), FlowRecipe(size=4), {}), labels, seed=seed, progress=False)
