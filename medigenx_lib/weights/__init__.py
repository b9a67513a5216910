"""Weights shipped with the course: safetensors, each with a model card and a checksum.

``index.json`` maps a name to the SHA-256 of ``NAME.safetensors``; ``NAME.md`` is its card (data,
licence, command, scores). Settings that rebuild the network travel in the file's own metadata.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from medigenx_lib.errors import WeightsError
from medigenx_lib.files import plain, replacing, sha256, write_json

FOLDER = Path(__file__).parent
INDEX = FOLDER / "index.json"


def save(path: str | Path, tensors: dict, config: dict) -> Path:
    """Write ``tensors`` (name -> torch tensor) and the JSON-able ``config`` to a safetensors file, atomically.

    A file written into this folder is also entered in ``index.json``. Raises OSError if it cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    path = Path(path)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        try:
            save_file(tensors, temporary, metadata={"config": json.dumps(config, default=plain)})
        except SafetensorError as error:  # it wraps a full disk in an error of its own
            raise OSError(errno.EIO, str(error), str(path)) from error
    if path.resolve().parent == FOLDER:
        write_json(INDEX, {**_index(), path.stem: sha256(path)})
    return path


def load(name_or_path: str | Path) -> tuple[dict, dict]:
    """(tensors, config) of shipped weights by name, or of any safetensors file by path.

    Raises WeightsError if the file is missing, unreadable, or (shipped) does not match its checksum.
    """
    path = Path(name_or_path)
    if path.suffix != ".safetensors":
        path = FOLDER / f"{name_or_path}.safetensors"
    if not path.is_file():
        raise WeightsError(f"There are no weights at {path}.", f"Shipped weights: {', '.join(_index()) or 'none'}.")
    if path.resolve().parent == FOLDER and sha256(path) != _index().get(path.stem):
        raise WeightsError(f"{path.name} does not match its checksum.", "Reinstall the package, or train anew.")
    return _read(path)


def digest(tensors: Mapping) -> str:
    """SHA-256, in hex, of tensors by name: equal for equal weights, whatever else their files say of the training."""
    whole = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        values = tensor.detach().cpu().contiguous()
        whole.update(f"{name} {values.dtype} {tuple(values.shape)}".encode() + values.numpy().tobytes())
    return whole.hexdigest()


def _read(path: Path) -> tuple[dict, dict]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            config = json.loads((file.metadata() or {})["config"])
            if not isinstance(config, dict):
                raise ValueError("its settings are no JSON object")
            return {key: file.get_tensor(key) for key in file.keys()}, config  # noqa: SIM118 (not a dict)
    except (SafetensorError, KeyError, ValueError, RecursionError, OSError) as error:
        raise WeightsError(f"{path} is not a MediGenX weights file ({error}).", "Train it anew.") from error


def _index() -> dict[str, str]:
    return json.loads(INDEX.read_text("utf-8")) if INDEX.is_file() else {}
