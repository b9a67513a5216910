"""One stream per seed and name, and the same bits on any number of threads."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from medigenx_lib import phantom
from medigenx_lib.phantom import parameters, streams


@pytest.mark.parametrize("size", [28, 224])
def test_one_thread_or_eight_give_the_same_bits(size):
    with threadpool_limits(1):
        one = phantom.cases([4, 9], size=size, preset="wide")
    with threadpool_limits(8):
        eight = phantom.cases([4, 9], size=size, preset="wide")
    for a, b in zip(one, eight, strict=True):
        assert a.image.tobytes() == b.image.tobytes() and a.findings == b.findings


def test_a_new_parameter_moves_no_old_number(monkeypatch):
    before = phantom.cases([7], disease=True)[0]
    table = {"aaa_new": (0.0, 1.0), **parameters.PRIORS, "zzz_new": (0.0, 1.0)}
    monkeypatch.setattr(parameters, "PRIORS", table)
    after = phantom.cases([7], disease=True)[0]
    assert before.image.tobytes() == after.image.tobytes() and before.findings == after.findings


def test_streams_are_uniform_and_independent():
    numbers = streams.uniforms(range(4000), ["a", "b"])
    assert numbers.min() >= 0 and numbers.max() < 1
    assert numbers.mean(0) == pytest.approx([0.5, 0.5], abs=0.02)
    assert abs(np.corrcoef(numbers.T)[0, 1]) < 0.05
    assert abs(np.corrcoef(numbers[:-1, 0], numbers[1:, 0])[0, 1]) < 0.05


def test_noise_is_normal_and_its_own_for_each_name():
    a, b = streams.normals(1, "a", (100, 100)), streams.normals(1, "b", (100, 100))
    assert a.std() == pytest.approx(1, abs=0.03) and a.mean() == pytest.approx(0, abs=0.03)
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.05


def test_a_shorter_draw_is_the_start_of_a_longer_one():
    assert (streams.normals(1, "a", (10,)) == streams.normals(1, "a", (100,))[:10]).all()
