"""What the report writer learns from: phantom films, what was measured on them, and grammar reports on that.

The reports state the findings that the radiomics vector was made from: the writer is to put into words what the
measurements support, not what it guesses. Films and vectors are kept as compact arrays, so that a corpus of thousands
fits in a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from tqdm.auto import tqdm

from medigenx_lib import phantom, preprocessing, radiomics, segmentation
from medigenx_lib.cases import Case, Findings, replace
from medigenx_lib.errors import InputError
from medigenx_lib.files import replacing
from medigenx_lib.text import grammar
from medigenx_lib.text.placeholders import delexicalise

SIZE = 64
"""Side of the films that the writer reads, in pixels."""
SPOILED = 16
"""In one training film of so many, a mask is lost and with it some measurements."""
SPOILABLE = ("right_lung", "left_lung", "heart")


@dataclass(frozen=True)
class Corpus:
    """``images`` uint8 (N, S, S); ``vectors`` float32 (N, D), NaN where not measured; one ``findings`` for each."""

    images: np.ndarray
    vectors: np.ndarray
    findings: tuple[Findings, ...]

    def __len__(self) -> int:
        return len(self.findings)

    def reports(self, seed: int = 0) -> list[str]:
        """One delexicalised grammar report a film; another ``seed`` gives other wordings."""
        return [delexicalised_report(item, seed * len(self) + i) for i, item in enumerate(self.findings)]

    def save(self, path: str | Path) -> Path:
        """Write all to one npz file, atomically."""
        text = json.dumps([item.to_list() for item in self.findings])
        packed = np.frombuffer(text.encode(), np.uint8)
        with replacing(path) as temporary, open(temporary, "wb") as stream:
            np.savez_compressed(stream, images=self.images, vectors=self.vectors, findings=packed)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> Corpus:
        """The inverse of :meth:`save`. Raises InputError for any other file."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                texts = json.loads(arrays["findings"].tobytes())
                return cls(arrays["images"], arrays["vectors"], tuple(Findings.from_list(text) for text in texts))
        except (OSError, KeyError, ValueError, TypeError, AttributeError, BadZipFile) as error:
            raise InputError(
                f"{path} is not a report corpus ({error}).", "Build one with corpus.of_phantoms."
            ) from error


def of_phantoms(films: int = 4000, first_seed: int = 0, progress: bool = True) -> Corpus:
    """A corpus of ``films`` phantoms, the presets in turn; seeds ``first_seed``, ``first_seed + 1``, ...

    Half of them are segmented and measured from the image like any other film. The other half is taken with its own
    masks and findings, so that the writer has also seen measurements surer than those of the day.
    Raises WeightsError if the segmentation or the measurement has no weights.
    """
    batches = list(_phantom_batches(films, first_seed))
    bar = tqdm(batches, "measuring phantoms", unit="batch", disable=not progress)
    return join([of_cases(batch()) for batch in bar])


def _phantom_batches(films: int, first_seed: int, size: int = 256) -> Iterator[Callable[[], list[Case]]]:
    """Functions that each render up to ``size`` phantoms of one preset with findings, measured or their own."""
    for i, start in enumerate(range(0, films, size)):
        seeds = range(first_seed + start, first_seed + min(start + size, films))
        preset = phantom.TAUGHT[i % len(phantom.TAUGHT)]
        findings = (_measured, _own)[i // len(phantom.TAUGHT) % 2]
        yield lambda seeds=seeds, preset=preset, findings=findings: findings(phantom.cases(seeds, SIZE, preset))


def _measured(cases: Sequence[Case]) -> list[Case]:
    """Segmented and measured from the image alone."""
    blind = [replace(case, masks={}, findings=None, truth=None) for case in cases]
    return radiomics.measure(segmentation.segment(blind, progress=False), progress=False)


def _own(cases: Sequence[Case]) -> list[Case]:
    """With their own masks and findings; one in ``SPOILED`` with something that could not be measured."""
    spoiled = radiomics.measure([_spoil(case) for case in cases[::SPOILED]], progress=False)
    return [spoiled[i // SPOILED] if i % SPOILED == 0 else case for i, case in enumerate(cases)]


def _spoil(case: Case) -> Case:
    """``case`` as if the heart or one lung had not been found, so that the writer learns to say so."""
    lost = SPOILABLE[int(case.meta["seed"]) // SPOILED % len(SPOILABLE)]
    return replace(case, masks={**case.masks, lost: np.zeros(case.image.shape, bool)})


def of_cases(cases: Sequence[Case]) -> Corpus:
    """A corpus of ``cases`` that have masks and measured findings."""
    images, vectors = arrays(cases)
    return Corpus(np.round(255 * images).astype(np.uint8), vectors, tuple(case.findings for case in cases))


def arrays(cases: Sequence[Case]) -> tuple[np.ndarray, np.ndarray]:
    """What the writer reads: films float32 (N, S, S) 0..1 and radiomics vectors float32 (N, D).

    Raises InputError for a case without measured findings.
    """
    for case in cases:
        if case.findings is None:
            raise InputError(f"Case {case.id} has no findings.", "Call segmentation.segment and radiomics.measure.")
    images = [preprocessing.resize(case.image, SIZE) for case in cases]
    vectors = [np.asarray(radiomics.vector(case), np.float32) for case in cases]
    return np.stack(images).astype(np.float32), np.stack(vectors)


def join(parts: Sequence[Corpus]) -> Corpus:
    """All films of ``parts``, in order. Raises InputError if there are none."""
    if not parts:
        raise InputError("A corpus of no films.", "Ask for at least one film.")
    findings = tuple(item for part in parts for item in part.findings)
    return Corpus(np.concatenate([p.images for p in parts]), np.concatenate([p.vectors for p in parts]), findings)


def delexicalised_report(findings: Findings, seed: int) -> str:
    """A grammar report with placeholders for numbers; sentences with numbers of unknown origin are left out."""
    said = (delexicalise(sentence, findings) for sentence in grammar.sentences(findings, seed))
    return " ".join(sentence for sentence in said if sentence)
