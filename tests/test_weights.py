"""Weights: what a checksum of tensors sees and what it does not."""

import pytest
import torch

from medigenx_lib import weights
from medigenx_lib.errors import WeightsError


def test_equal_tensors_have_equal_digests_whatever_the_file_says(tmp_path):
    tensors = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor([1, 2])}
    files = [weights.save(tmp_path / f"{seconds}.safetensors", tensors, {"seconds": seconds}) for seconds in (1, 22)]
    first, second = (weights.digest(weights.load(file)[0]) for file in files)
    assert first == second == weights.digest(dict(reversed(tensors.items())))


@pytest.mark.parametrize("other", [
    {"a": torch.arange(6.0).view(3, 2)}, {"b": torch.arange(6.0).view(2, 3)},
    {"a": torch.arange(6.0).view(2, 3) + 1e-6}, {"a": torch.arange(6).view(2, 3)},
])  # fmt: skip
def test_another_shape_name_value_or_type_is_another_digest(other):
    assert weights.digest(other) != weights.digest({"a": torch.arange(6.0).view(2, 3)})


def test_a_file_that_is_no_weights_is_refused(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"no")
    with pytest.raises(WeightsError, match="not a MediGenX weights file"):
        weights.load(tmp_path / "x.safetensors")
