"""Training on more than one device: each process takes its share of every batch, and gradients are averaged.

    accelerate launch --multi_gpu --num_processes 2 -m medigenx_lib train --what gan --source films.npz

starts the same command once a device; without GPUs its processes share the CPU. All of them hold the same weights at
every step, the first one writes the files. What differs from one process with the whole batch: batch normalisation in
the generator sees a process's own share; its running statistics are averaged.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from medigenx_lib.errors import InputError


def join(device: str | None = None) -> str | None:
    """Become one of the processes that a launcher started; the device to use. Alone, nothing happens: ``device``.

    Raises InputError if accelerate is not there.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return device
    try:
        from accelerate import PartialState
    except ImportError as error:
        raise InputError("Several processes need accelerate.", "Install it: pip install accelerate.") from error
    state = PartialState(cpu=device == "cpu" or not torch.cuda.is_available())
    return "cpu" if state.device.type == "cpu" else str(state.device)


def count() -> int:
    """How many processes train together."""
    return torch.distributed.get_world_size() if _together() else 1


def rank() -> int:
    """Which of them this is, from 0."""
    return torch.distributed.get_rank() if _together() else 0


def check(batch: int) -> None:
    """Raise InputError unless every process gets the same share of a ``batch``, of two films at least."""
    if count() > 1 and (batch % count() or batch // count() < 2):
        raise InputError(f"A batch of {batch} cannot be shared by {count()} processes.", "Change the recipe's batch.")


def own(values: Tensor) -> Tensor:
    """This process's share of a batch."""
    return values[rank() :: count()]


def average_gradients(network: nn.Module) -> None:
    """Replace the gradients of ``network`` by their mean over the processes."""
    _average(parameter.grad for parameter in network.parameters() if parameter.grad is not None)


def average_statistics(network: nn.Module) -> None:
    """Replace the running statistics of batch normalisation by their mean over the processes."""
    _average(buffer for buffer in network.buffers() if buffer.is_floating_point())


def agree(value: float) -> float:
    """What the first process says: clocks differ, and all have to stop at the same step."""
    if not _together():
        return value
    said = torch.tensor([value], dtype=torch.float64, device=_device())
    torch.distributed.broadcast(said, 0)
    return said.item()


def wait() -> None:
    """Go on when all have come so far."""
    agree(0.0)


def _average(tensors: Iterable[Tensor]) -> None:
    """In place, in one message rather than one a tensor."""
    if not _together():
        return
    tensors = list(tensors)
    if not tensors:
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    torch.distributed.all_reduce(flat)
    flat /= count()
    for tensor, part in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def _together() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def _device() -> str:
    return f"cuda:{torch.cuda.current_device()}" if torch.distributed.get_backend() == "nccl" else "cpu"
