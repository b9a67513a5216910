"""Scores of a good, a weak and a cheating submission in each track, and that nothing odd gets past them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from medigenx_lib import phantom
from medigenx_lib.__main__ import main
from medigenx_lib.errors import InputError
from medigenx_lib.evaluation.films import stack
from medigenx_lib.project import board, hidden, new, score
from medigenx_lib.text import grammar

ROUND = "6000000-6000095"
LARGE_ROUND = "6000000-6000511"
FRESH = range(5_500_000, 5_500_128)


@pytest.fixture(scope="module")
def good():
    """What a perfect generator would make: films of the same kind that are in nobody's set."""
    made = phantom.cases(FRESH, 64, disease=[seed % 2 == 1 for seed in FRESH])
    return stack(made, 64), np.array([case.label for case in made])


@pytest.fixture(scope="module")
def weak():
    """Noise around one grey, with labels that say nothing."""
    return np.random.default_rng(0).normal(0.5, 0.1, (128, 64, 64)).clip(0, 1), np.arange(128) % 2


def copies(practice, change):
    """128 training films, each changed."""
    images, labels = practice
    picked = np.concatenate([np.flatnonzero(labels == label)[:64] for label in (0, 1)])
    return np.clip(np.stack([change(film) for film in images[picked]]), 0, 1), labels[picked]


DISGUISES = {
    "as they are": lambda film: film,
    "mirrored": lambda film: film[:, ::-1],
    "with grain": lambda film: film + np.random.default_rng(0).normal(0, 0.02, film.shape),
    "shifted": lambda film: np.roll(film, (2, -3), (0, 1)),
    "brighter": lambda film: 0.9 * film**0.8 + 0.05,
    "blurred": lambda film: ndimage.gaussian_filter(film, 0.7),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_copies_are_caught_however_they_are_dressed(hand_in, practice, disguise):
    result = score.score(hand_in(films__npz=copies(practice, DISGUISES[disguise])), ROUND)
    assert "copy a training film" in result.caught[0] and not result.counts
    assert result.numbers["copies"] > 0.9 and result.score < 10


@pytest.mark.parametrize("track", ["realism", "usefulness"])
def test_films_are_ranked_good_then_weak_and_the_cheat_is_out(hand_in, practice, good, weak, track):
    mislabelled = (good[0], 1 - good[1])
    sets = {"good": good, "weak": weak if track == "realism" else mislabelled,
            "cheating": copies(practice, DISGUISES["with grain"])}  # fmt: skip
    found = [score.score(hand_in(name, track, films__npz=films), LARGE_ROUND) for name, films in sets.items()]
    assert [(rank, result.team) for rank, result in board.ranks(found[::-1])] == [
        (1, "good"), (2, "weak"), (None, "cheating")]  # fmt: skip
    assert all(result.low <= result.score <= result.high for result in found)


def test_a_few_copies_cost_their_share(hand_in, practice, good):
    clean = score.score(hand_in("clean", films__npz=good), ROUND)
    mixed = [
        np.concatenate([stolen[::32], own]) for stolen, own in zip(copies(practice, lambda f: f), good, strict=True)
    ]
    result = score.score(hand_in("mixed", films__npz=tuple(mixed)), ROUND)
    assert clean.numbers["copies"] == clean.numbers["copies by chance"] == 0 and result.counts
    assert result.numbers["copies"] == pytest.approx(4 / 132) and result.numbers["lowered by"] == pytest.approx(4 / 132)


def test_half_of_them_stolen_is_out(hand_in, practice, good):
    mixed = [np.concatenate([a[::2], b[::2]]) for a, b in zip(copies(practice, lambda f: f), good, strict=True)]
    result = score.score(hand_in(films__npz=tuple(mixed)), ROUND)
    assert not result.counts and result.numbers["copies"] == pytest.approx(0.5)


def test_one_film_over_and_over_finds_nobody(hand_in, good):
    images = np.repeat(good[0][:2], 64, 0)
    result = score.score(hand_in(films__npz=(images, np.repeat([0, 1], 64))), ROUND)
    assert result.score < 25 and result.numbers["recall"] < 0.2


BLENDS = {
    "half and half": lambda one, other: (one + other) / 2,
    "two thirds": lambda one, other: (2 * one + other) / 3,
    "one mirrored": lambda one, other: (one + other[:, ::-1]) / 2,
    "one moved, with grain": lambda one, other: (
        (np.roll(one, (1, 2), (0, 1)) + other) / 2 + np.random.default_rng(0).normal(0, 0.02, one.shape)
    ),
}


@pytest.mark.parametrize("kind", BLENDS)
def test_blends_of_two_training_films_are_caught_and_named(hand_in, practice, kind):
    images, labels = practice
    mixed = [BLENDS[kind](images[i], images[i + 2]) for i in range(64)]  # neighbours but one have the same label
    result = score.score(hand_in(films__npz=(np.clip(mixed, 0, 1), labels[:64])), ROUND)
    assert result.numbers["copies"] + result.numbers["blends"] > 0.95 and not result.counts and result.score < 10
    known = {film.id: number for number, film in enumerate(hidden.cases(ROUND).train)}
    right = [{known[one.id], known[other.id]} for _, one, other, _ in result.blends]
    assert sum(max(pair) - min(pair) == 2 for pair in right) > 0.95 * len(right) > 0


def test_honest_films_are_not_taken_for_blends(hand_in, practice, good):
    components = new.component_films(hidden.cases(ROUND).train, 128)
    for films in (good, components):
        result = score.score(hand_in(films__npz=films), ROUND)
        assert result.numbers["blends"] <= 0.02 and result.counts


def test_the_copies_are_shown_first_with_what_they_copy(hand_in, practice):
    result = score.score(hand_in(films__npz=copies(practice, DISGUISES["mirrored"])), ROUND)
    film, original, similarity = result.nearest[0]
    assert similarity > 0.99 and np.abs(film.image[:, ::-1] - original.image).max() < 0.01


@pytest.mark.parametrize("track", ["realism", "usefulness"])
def test_twice_the_same_submission_scores_the_same(hand_in, good, track):
    folder = hand_in("team", track, films__npz=good)
    first, second = score.score(folder, ROUND), score.score(folder, ROUND)
    assert (first.score, first.low, first.high, first.numbers) == (
        second.score,
        second.low,
        second.high,
        second.numbers,
    )


# --- reports ---------------------------------------------------------------------------------------


def reports(found, write):
    rows = "".join(f'{hidden.film_name(film)},"{write(film)}"\n' for film in found.to_report)
    return "film,report\n" + rows


CLEAR = "The lungs are clear. No pleural effusion. Heart size is normal."
BOTH_WAYS = "Right lower zone opacity. Left lower zone opacity. No right opacity. No left opacity. Right effusion."
EVERYWHERE = "Right upper zone opacity. Right middle zone opacity. Right lower zone opacity. Cardiomegaly."


@pytest.fixture(scope="module")
def true_reports():
    films = hidden.cases(ROUND).to_report
    return {film.id: grammar.report(hidden.truth(film), seed=0) for film in films}


def test_reports_are_ranked_true_then_constant_and_having_it_both_ways_is_out(hand_in, found, true_reports):
    sets = {"good": lambda film: true_reports[film.id], "weak": lambda film: CLEAR, "cheating": lambda film: BOTH_WAYS}
    results = [
        score.score(hand_in(name, "faithfulness", reports__csv=reports(found, write)), ROUND)
        for name, write in sets.items()
    ]
    assert [(rank, result.team) for rank, result in board.ranks(results)] == [
        (1, "good"), (2, "weak"), (None, "cheating")]  # fmt: skip
    assert results[0].score > 99 and results[1].score < 5


def test_naming_every_place_is_out(hand_in, found):
    result = score.score(hand_in(track="faithfulness", reports__csv=reports(found, lambda film: EVERYWHERE)), ROUND)
    assert "claim and deny" in result.caught[0] or not result.counts


def test_a_film_without_a_report_counts(hand_in, found, true_reports):
    whole = reports(found, lambda film: true_reports[film.id]).splitlines(keepends=True)
    half = score.score(hand_in(track="faithfulness", reports__csv="".join(whole[:33])), ROUND)
    assert half.numbers["reports"] == 32 and 30 < half.score < 90


def test_the_writer_sees_films_without_their_answers(found, monkeypatch):
    seen = []
    monkeypatch.setattr("medigenx_lib.segmentation.segment", lambda films, **_: seen.extend(films) or films)
    monkeypatch.setattr("medigenx_lib.radiomics.measure", lambda films, **_: films)
    monkeypatch.setattr(
        "medigenx_lib.text.decoding.write", lambda films, *_, **__: [replace(f, report="Clear.") for f in films]
    )
    score._written(found.to_report, "gated")
    assert len(seen) == hidden.MOST_REPORTS
    assert all(f.label is None and f.truth is None and f.findings is None and not f.masks for f in seen)
    assert not any(str(seed) in f.id for f in seen for seed in range(6_000_000, 6_000_096))


# --- rounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", ["0-63", "7-3", "6000000-6000004", "6000000-7000000", "nowhere", "", "a-b", "-1-40"])
def test_an_impossible_round_is_refused(seeds):
    with pytest.raises(InputError):
        hidden.cases(seeds)


def test_nobody_learns_from_the_films_of_a_round(found):
    assert not {film.id for film in found.train} & {film.id for film in found.unseen}


def test_films_are_dealt_without_names(found, tmp_path):
    place = hidden.deal(tmp_path, ROUND)
    names = [line.split(",")[0] for line in (place / "reports.csv").read_text().splitlines()[1:]]
    assert len(names) == hidden.MOST_REPORTS == len(set(names)) and names == sorted(names)
    for picture in place.rglob("*.png"):
        assert not any(str(film.id) in picture.read_bytes().decode("latin1") for film in found.to_report)


def test_reports_that_were_written_are_not_dealt_over(found, tmp_path):
    for _ in range(2):
        rows = (hidden.deal(tmp_path, ROUND) / "reports.csv").read_text().splitlines()
    rows[1] += "No effusion."
    (tmp_path / "dealt" / "reports.csv").write_text("\n".join(rows))
    with pytest.raises(InputError, match="holds reports"):
        hidden.deal(tmp_path, ROUND)
    assert "No effusion." in (tmp_path / "dealt" / "reports.csv").read_text()


def test_real_films_make_a_round_by_their_own_split(real_data, hand_in):
    source = str(real_data / "cxr_npz" / "chest_xray_64.npz")
    made = hidden.cases(source)
    assert not made.phantom and min(sum(f.label == label for f in made.unseen) for label in (0, 1)) >= 16
    films = new.component_films(made.train, 128)
    result = score.score(hand_in(films__npz=films), source)
    assert result.counts and 0 <= result.low < result.score < result.high and result.numbers["blends"] <= 0.02
    taken = copies((stack(made.train, 64), np.array([f.label for f in made.train])), DISGUISES["mirrored"])
    stolen = score.score(hand_in("thief", films__npz=taken), source)
    assert not stolen.counts
    mixed = (
        np.concatenate([(taken[0][i : i + 63] + taken[0][i + 1 : i + 64]) / 2 for i in (0, 64)]),
        np.repeat([0, 1], 63),
    )
    found = score.score(hand_in("mixer", films__npz=mixed), source).numbers
    assert found["copies"] + found["blends"] > 0.95  # a mixture of two films that are alike is a copy of either


def test_a_small_share_is_not_shown_as_none():
    said = [score.shown("copies", value) for value in (0, 1 / 2000, 1 / 128, 0.0547, 1)]
    assert said == ["0 %", "0.05 %", "0.781 %", "5.47 %", "100 %"]
    assert [score.shown("films", 128), score.shown("recall", 0.0078)] == ["128", "0.008"]


def test_the_command_shows_a_small_share(capsys, monkeypatch):
    found = score.Result("Ours", "realism", score=50, low=40, high=60, numbers={"films": 512, "copies": 1 / 512})
    monkeypatch.setattr(score, "score", lambda *_: found)
    assert main(["project", "score", "somewhere", "--cases", ROUND]) == 0
    assert "copies: 0.195 %" in capsys.readouterr().out
