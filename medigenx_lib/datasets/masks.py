"""Masks that come with a set of films: which file is whose, and what it shows.

A mask lies in a folder named so (``masks``, ``lung_masks``, ``ManualMask/leftMask``), below the films' folder or beside
it, or next to its film as ``NAME_mask``. It bears the name of its film, with or without a word such as ``_mask``,
``_lung``, ``_left``. Words in its path say what it shows: heart, opacity (infection), effusion, else lungs.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from medigenx_lib.cases import SIDES, Case, replace
from medigenx_lib.datasets import notices, regions
from medigenx_lib.datasets.films import FORMATS, HIDDEN, MASKS, list_films, list_films_below
from medigenx_lib.errors import InputError

BESIDE = re.compile(r"([a-z]+[ _-]?)?masks?([ _-][a-z]+)?", re.IGNORECASE)
"""Names of folders beside that of the films which are taken for their masks: with a word before or behind at most."""
SUFFIXES = (".png", ".gif", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg", ".webp", ".pgm")
READABLE = (*FORMATS, "GIF")
ENDINGS = re.compile(
    r"[ _.-]+(masks?[ _-]?\d*|lungs?|left|right|[lr]|both|heart|seg(mentations?)?|manual|binary|gt|infections?|"
    r"opacit(y|ies)|effusions?|png|jpe?g|dcm)$"
)
"""What the name of a mask may have behind that of its film."""
OTHER = re.compile(r"clavicle|rib|bone|pneumothora|nodule|tumou?r|spine|trachea|aorta|mediastin|tube|catheter|device")
SETS = re.compile(r"pneumothora|nodule|tumou?r")
LUNGS = re.compile(r"lung|left|right|heart|cardiac|infect|opacit|consolid|lesion|effusion")
"""Of a set named for one of ``SETS``, only masks that one of ``LUNGS`` names are taken."""
REGIONS = (("heart", re.compile(r"heart|cardiac")), ("opacity", re.compile(r"infect|opacit|consolid|lesion")),
           ("effusion", re.compile(r"effusion")))  # fmt: skip
"""Words in the path of a mask that is of no lung, and what it is of."""
PLAIN_FOLDERS = re.compile(r"images?|imgs?|films?|png|(left|right)[ _-]?(lung)?s?|lungs?|heart|cxr.*|x-?rays?")
"""Folders whose names say nothing about which films lie in them."""


class GivenMasks:
    """The masks that came with the films in ``folder``: ``add`` lays them on a film, ``warn`` says what failed.

    ``deep``: also the films in folders below. ``progress``: a bar if looking for them takes long. ``faults``: sentences
    on masks that were left out so far.
    """

    def __init__(self, folder: Path, deep: bool = True, progress: bool = False):
        self.folder, self.faults = Path(os.path.abspath(folder)), []
        below, beside = list(_masks_below(self.folder, False, deep, progress)), list(_masks_beside(self.folder))
        films = (list_films_below if deep else list_films)(self.folder) if below or beside else []
        self.of, homeless = _owners(films, [*below, *beside])
        if homeless := sorted(set(homeless) & set(below)):  # those beside may be of other films
            names = ", ".join(mask.name for mask in homeless[:3])
            self.faults.append(f"{len(homeless)} bear the name of no film, or of several ({names}).")

    def add(self, case: Case) -> Case:
        """``case``, a film at its native size, with its masks; ``meta["given_masks"]`` says from which file each is.

        A mask that cannot be used is left out and goes to ``faults``.
        """
        drawn = []
        for path in self.of.get(Path(os.path.abspath(case.source)), ()):
            try:
                kind, side = _region(path, self.folder)
                origin = Path(os.path.relpath(path, self.folder)).as_posix()
                drawn.append(regions.read(path, READABLE, case, kind, side, origin))
            except InputError as error:
                self.faults.append(error.what)
        masks, origins, faults = regions.named(drawn)
        self.faults += faults
        if not masks:
            return case
        return replace(case, masks={**case.masks, **masks}, meta={**case.meta, "given_masks": origins})

    def warn(self) -> None:
        """One warning that names masks which were left out, if any were."""
        if self.faults:
            named = " ".join(self.faults[:5])
            more = f" And {len(self.faults) - 5} more." if len(self.faults) > 5 else ""
            notices.warn(f"Masks of {self.folder.name} left out: {named}{more}")


# --- which file is whose -------------------------------------------------------------------------


def _masks_beside(folder: Path) -> Iterable[Path]:
    """Pictures in the folders of masks that lie beside ``folder``, unless that is one itself, asked for as films."""
    if MASKS.search(folder.name):
        return
    try:
        beside = sorted(entry for entry in folder.parent.iterdir() if entry != folder and BESIDE.fullmatch(entry.name))
        for entry in beside:
            if entry.is_dir() and not entry.is_symlink():
                yield from _masks_below(entry, True, True)
    except OSError:  # a folder may be open and the one above not
        return


def _masks_below(folder: Path, inside: bool, deep: bool, progress: bool = False) -> Iterable[Path]:
    """Pictures below ``folder`` in folders of masks, and such as are named masks; all of them if it is ``inside`` one.

    Not ``deep``: only in it and in folders of masks in it.
    """
    from tqdm.auto import tqdm

    for place, below, names in tqdm(os.walk(folder), "looking for masks", unit="folder", disable=not progress, delay=2):
        masks = inside or any(map(MASKS.search, os.path.relpath(place, folder).split(os.sep)))
        below[:] = sorted(n for n in below if not HIDDEN.search(n) and (deep or masks or MASKS.search(n)))
        for name in sorted(names):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in SUFFIXES and (masks or MASKS.search(stem)) and not HIDDEN.search(name):
                yield Path(place, name)


def _owners(films: Sequence[Path], masks: Sequence[Path]) -> tuple[dict[Path, list[Path]], list[Path]]:
    """Film -> its masks, and the masks that no one film can be found for."""
    named: dict[str, list[Path]] = defaultdict(list)
    for film in films:
        named[_key(film.stem)].append(film)
    repeated = any(len(found) > 1 for found in named.values())
    owned: dict[Path, list[Path]] = defaultdict(list)
    homeless = []
    for mask in masks:
        same = next((named[name] for name in _possible_names(mask) if name in named), [])
        film = _nearest(mask, same, repeated)
        (owned[film] if film else homeless).append(mask)
    return dict(owned), homeless


def _key(name: str) -> str:
    """Names as they compare: systems write capitals and accents in their own ways."""
    return unicodedata.normalize("NFC", name).casefold().strip()


def _possible_names(mask: Path) -> list[str]:
    """What the film of ``mask`` may be called, likeliest first."""
    names = [_key(mask.stem)]
    while shorter := ENDINGS.sub("", names[-1]):
        if shorter == names[-1]:
            break
        names.append(shorter)
    return [*names, *(re.sub(r"^masks?[ _-]+", "", name) for name in names)]


def _nearest(mask: Path, films: Sequence[Path], repeated: bool) -> Path | None:
    """The film that lies nearest to its mask; None if two do. ``repeated``: names are shared, so folders must agree."""
    films = [film for film in films if not (repeated and _strange(mask, film))]
    places = [(_shared(mask, film), film) for film in films]
    best = [film for score, film in places if score == max(places)[0]]
    return best[0] if len(best) == 1 else None


def _shared(mask: Path, film: Path) -> int:
    return len(set(mask.parent.parts) & set(film.parent.parts))


def _strange(mask: Path, film: Path) -> bool:
    """True if the folders of both have names of their own: a mask in Normal/masks is of no film in COVID/images."""
    own = [
        [part for part in a.parent.parts if part not in b.parent.parts and not _says_nothing(part)]
        for a, b in ((mask, film), (film, mask))
    ]
    return all(own)


def _says_nothing(part: str) -> bool:
    return bool(MASKS.search(part) or PLAIN_FOLDERS.fullmatch(part.lower()))


def _region(path: Path, folder: Path) -> tuple[str, str | None]:
    """What the words in the path of a mask say: ``lungs``, heart, opacity or effusion, and the side if one is named.

    Raises InputError for what a case has no mask of.
    """
    parts = Path(os.path.relpath(path, folder)).parts
    first = next((i for i, part in enumerate(parts) if MASKS.search(part)), len(parts) - 1)
    ending = "".join(match[0] for match in _endings(_key(path.stem)))
    words = " ".join([*map(_key, parts[first:-1]), ending])
    named = SETS.search(f"{folder.name} {folder.parent.name}".lower())
    if named and not LUNGS.search(words):
        what = f"{path.name} in {path.parent.name} may be of what the set is named for ({named[0]})."
        raise InputError(what, "If it is of the lungs, name its folder lung_masks.")
    if OTHER.search(words):
        raise InputError(f"{path.name} in {path.parent.name} is of no lung or heart.", "Move it elsewhere.")
    kind = next((name for name, pattern in REGIONS if pattern.search(words)), "lungs")
    return kind, next((side for side in SIDES if side in words), None)


def _endings(stem: str) -> Iterable[re.Match]:
    while match := ENDINGS.search(stem):
        yield match
        stem = stem[: match.start()]
