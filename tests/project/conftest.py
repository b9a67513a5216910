"""A round, and submissions of all kinds: good, weak, cheating, hostile."""

import numpy as np
import pytest

from medigenx_lib.evaluation.films import labels_of, stack
from medigenx_lib.files import write_bytes, write_json, write_text
from medigenx_lib.project import hidden, new

ROUND = "6000000-6000095"


@pytest.fixture(scope="session")
def found():
    """The cases of a round."""
    return hidden.cases(ROUND)


@pytest.fixture(scope="session")
def practice():
    """Training films of the teams as arrays: images (N, 64, 64) and labels (N,)."""
    films = hidden.cases(ROUND).train
    return stack(films, hidden.SIZE), labels_of(films)


@pytest.fixture
def hand_in(tmp_path):
    """Writes a submission: ``hand_in(team, track, **files)``, each file as bytes, text, or (images, labels)."""

    def write(team="team", track="realism", **files):
        folder = tmp_path / team
        write_json(folder / "submission.json", {"team": team, "track": track, "title": "What we did"})
        for name, content in files.items():
            path = folder / name.replace("__", ".")
            if isinstance(content, tuple):
                new.write_films(path, *content)
            else:
                (write_bytes if isinstance(content, bytes) else write_text)(path, content)
        return folder

    return write


@pytest.fixture
def films():
    """Harmless films of noise, as a submission holds them."""
    return np.random.default_rng(0).random((64, 32, 32)), np.repeat([0, 1], 32)
