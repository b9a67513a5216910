"""Adaptation to real films: what a label says of two lungs, and what it does not say."""

import numpy as np
import pytest
import torch

from medigenx_lib.cases import Case
from medigenx_lib.errors import InputError, TrainingError
from medigenx_lib.radiomics.adaptation import Films, averaged, chosen, fit, weak_loss
from medigenx_lib.radiomics.frames import CHANNELS, HEIGHT, WIDTH
from medigenx_lib.radiomics.reader import HEADS, LungReader, Reading
from medigenx_lib.radiomics.training import LOOKS, descend, phantom_lungs, taught_lungs


def a_reading(right, left, maps=-8.0):
    """One film's two lungs with these logits of opacity, no effusion, extents 0."""
    heads = {name: torch.zeros(2, count) for name, count in HEADS.items()}
    heads["presence"] = torch.tensor([[right, -9.0], [left, -9.0]])
    return Reading(torch.full((2, 2, HEIGHT, WIDTH), maps), heads)


def of_two(normal, pneumonia):
    heads = {name: torch.cat([normal.heads[name], pneumonia.heads[name]]) for name in HEADS}
    return weak_loss(Reading(torch.cat([normal.maps, pneumonia.maps]), heads), torch.tensor([0, 1]))


CLEAR, ONE, BOTH = a_reading(-6.0, -6.0), a_reading(-6.0, 6.0), a_reading(6.0, 6.0)


def test_opacity_in_one_lung_is_enough_for_pneumonia():
    assert of_two(CLEAR, ONE) < 0.05 and of_two(CLEAR, BOTH) < 0.05
    assert of_two(CLEAR, CLEAR) > 4


def test_a_normal_film_has_none_in_either_lung():
    assert of_two(ONE, ONE) > of_two(CLEAR, ONE) + 1
    assert of_two(BOTH, ONE) > of_two(ONE, ONE) + 1
    assert of_two(a_reading(-6.0, -6.0, maps=4.0), ONE) > of_two(CLEAR, ONE) + 1


def test_a_reading_that_is_surely_wrong_still_learns():
    reading = a_reading(-40.0, -40.0)
    reading.heads["presence"].requires_grad_()
    of_two(CLEAR, reading).backward()
    gradient = reading.heads["presence"].grad[:, 0]
    assert torch.isfinite(gradient).all() and (gradient < -0.1).all()


def test_batches_hold_both_labels_equally():
    labels = torch.tensor([0] * 2 + [1] * 18)
    films = Films(torch.zeros(20, 2, len(CHANNELS), HEIGHT, WIDTH, dtype=torch.float16), labels)
    _, drawn = films.batch(16)
    assert drawn.sum() == 8


def test_films_are_chosen_by_label_and_one_class_is_refused():
    image = np.zeros((8, 8), np.float32)
    cases = [Case(str(i), image, int(i % 4 == 0)) for i in range(40)]
    picked = chosen(cases, 12, seed=0)
    assert sum(case.label for case in picked) == 6 and len({case.id for case in picked}) == 12
    with pytest.raises(InputError, match="one class"):
        chosen([case for case in cases if not case.label], 12, seed=0)


def test_lungs_as_segmented_are_several_frames_of_one_truth():
    """The frames of one lung differ, what is true of it does not; lungs seen in another way come after them."""
    seen = taught_lungs(4, 0, 9_900_000, progress=False)
    assert len(seen.frames) == len(seen.masks) and len(seen.frames) % (2 * LOOKS) == 0 and len(seen.frames) > 0
    for values in seen.target.values():
        by_film = values.unflatten(0, (-1, LOOKS, 2))
        assert torch.equal(by_film[:, 0], by_film[:, 1])
    pictures = seen.frames.unflatten(0, (-1, LOOKS, 2))
    assert not torch.equal(pictures[:, 0], pictures[:, 1])
    rough, both = (taught_lungs(films, 3, 9_900_000, progress=False) for films in (0, 4))
    assert len(both.frames) == len(both.target["zones"]) == len(seen.frames) + len(rough.frames)
    assert torch.equal(both.frames[: len(seen.frames)], seen.frames)
    assert len(phantom_lungs(3, 9_900_000, progress=False).frames) == len(rough.frames)


def test_averaged_weights_lie_between_and_counters_stay():
    old = {"weight": torch.zeros(3), "count": torch.tensor(2), "judge.bias": torch.ones(1)}
    new = {"weight": torch.ones(3), "count": torch.tensor(7)}
    mean = averaged(old, new, 0.25)
    assert set(mean) == set(new)
    assert torch.equal(mean["weight"], torch.full((3,), 0.75)) and mean["count"] == 7
    assert torch.equal(averaged(old, new, 0.0)["weight"], new["weight"])


def test_a_network_descends_for_its_budget_and_says_when_it_is_lost():
    network = torch.nn.Linear(1, 1)
    found = descend(network, lambda: (network.weight - 2).square().sum(), "weight", 0.02, 0.1, progress=False)
    assert found is network and not network.training
    assert network.weight.item() == pytest.approx(2, abs=0.05)
    with pytest.raises(TrainingError, match="weight's loss became nan at step 0"):
        descend(network, lambda: network.weight.sum() * float("nan"), "weight", 0.02, 0.1, progress=False)


def test_adapting_to_films_moves_the_reader():
    lungs = taught_lungs(0, 6, 9_900_000, progress=False)
    films = Films(lungs.frames[:8].unflatten(0, (4, 2)), torch.tensor([0, 1, 0, 1]))
    reader = LungReader()
    before = {name: value.clone() for name, value in reader.named_parameters()}
    fit(reader, lungs, films, 0.02, progress=False)
    assert not reader.training
    assert all(torch.isfinite(value).all() for value in reader.parameters())
    assert any(not torch.equal(value, before[name]) for name, value in reader.named_parameters())
