"""The latent space of the shipped generator: paths, classes, projection and directions."""

from itertools import pairwise

import numpy as np
import pytest

from medigenx_lib.errors import InputError
from medigenx_lib.gan import latent, sampling


def rms(first, second):
    return float(np.sqrt(np.mean((first - second) ** 2)))


def test_slerp_keeps_to_the_sphere_and_to_equal_angles():
    first, second = np.random.default_rng(0).normal(size=(2, 64))
    first, second = 8 * first / np.linalg.norm(first), 8 * second / np.linalg.norm(second)
    path = latent.slerp(first, second, np.linspace(0, 1, 5))
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 8, rtol=1e-5)
    np.testing.assert_allclose(path[[0, -1]], [first, second], atol=1e-5)
    angles = [np.dot(a, b) / 64 for a, b in pairwise(path)]
    np.testing.assert_allclose(angles, angles[0], rtol=1e-5)


def test_slerp_of_a_point_with_itself_stays():
    point = np.arange(1.0, 5)
    np.testing.assert_allclose(latent.slerp(point, point, [0, 0.3, 1]), np.repeat(point[None], 3, 0), rtol=1e-6)


def test_latents_and_films_are_those_of_sampling():
    drawn = latent.draw(2, seed=5)
    cases = sampling.sample([0, 1], seed=5)
    np.testing.assert_allclose(latent.films(drawn, [0, 1]), [case.image for case in cases], atol=1e-5)


def test_interpolation_changes_step_by_step():
    path = latent.interpolate(*latent.draw(2, seed=1), steps=9)
    steps = [rms(a, b) for a, b in pairwise(path)]
    assert max(steps) < 0.5 * rms(path[0], path[-1]) and min(steps) > 0


def test_class_traversal_goes_from_one_class_to_the_other():
    z = latent.draw(1, seed=2)
    path = latent.class_traversal(z[0], steps=5)
    np.testing.assert_allclose(path[[0, -1]], [latent.films(z, 0)[0], latent.films(z, 1)[0]], atol=1e-5)
    away = [rms(path[0], film) for film in path]
    assert away == sorted(away) and away[-1] > 0.02


def test_a_film_of_the_generator_is_found_again():
    target = sampling.sample([1], seed=77)[0].image
    found = latent.project(target, label=1, steps=120, progress=False)
    guess = min(rms(target, film) for film in latent.films(latent.draw(64), 1))
    assert found.error < 0.4 * guess and found.error == pytest.approx(rms(target, found.film), abs=1e-6)
    assert found.error <= found.history[-1] + 1e-6
    assert found.film.shape == (64, 64) and (np.diff(found.history) <= 0).all() and len(found.history) == 120


def test_projection_finds_the_class_too():
    """For a film of the generator with a clear difference between its classes, the mixture goes the right way."""
    for label in (0, 1):
        found = latent.project(sampling.sample([label], seed=77)[0].image, steps=120, progress=False)
        assert (found.label > 0.5) == bool(label)


def test_a_planted_direction_is_found_and_followed():
    rng = np.random.default_rng(0)
    latents, truth = rng.normal(size=(400, 16)), np.eye(16)[3]
    found = latent.direction(latents, 2 * latents @ truth + rng.normal(0, 0.5, 400))
    assert found.vector @ truth > 0.98 and found.correlation > 0.9 and found.slope == pytest.approx(2, rel=0.1)
    moved = found.move(latents, 1.5)
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), np.linalg.norm(latents, axis=1), rtol=1e-5)
    assert ((moved - latents) @ truth).mean() > 0.8
    assert abs(latent.direction(latents, rng.normal(size=400)).correlation) < 0.2


def test_brightness_can_be_moved_on_real_latents():
    """A number measured on the films, here their mean, grows along its direction on latents not used in the fit."""
    latents = latent.draw(320, seed=3)
    measured = latent.films(latents, 1).mean((1, 2))
    found = latent.direction(latents[:300], measured[:300])
    before, after = (latent.films(found.move(latents[300:], way), 1).mean((1, 2)) for way in (-2, 2))
    assert found.correlation > 0.5 and (after > before).mean() > 0.9


@pytest.mark.parametrize("call, message", [
    (lambda: latent.films(np.zeros((1, 3)), 0), "takes 64"),
    (lambda: latent.project(np.zeros((32, 32))), "64x64"),
    (lambda: latent.project(np.full((64, 64), 2.0)), "outside 0..1"),
    (lambda: latent.direction(np.zeros((10, 4)), np.arange(10)), "4 films a dimension"),
    (lambda: latent.direction(np.zeros((40, 4)), np.ones(40)), "all the same"),
])  # fmt: skip
def test_refusals(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_from_the_origin_the_way_is_straight():
    np.testing.assert_allclose(latent.slerp(np.zeros(2), np.ones(2), [0, 0.5, 1]), [[0, 0], [0.5, 0.5], [1, 1]])


def test_as_many_labels_as_latents_or_one():
    with pytest.raises(InputError, match="Labels of shape"):
        latent.films(np.zeros((3, 64)), [0, 1])


def test_a_search_takes_a_step():
    with pytest.raises(InputError, match="0 steps"):
        latent.project(np.zeros((64, 64)), steps=0, progress=False)
