"""The top rung of the ladder: SmolLM2-135M as it comes, tuned with LoRA, and frozen behind a trained prefix.

    python benchmarks/pretrained_models.py [--only bits requests prefix] [--lora 120] [--prefix 300] [--films 24]

``bits``: bits a character on unseen grammar reports, whose sentences with numbers are left out so that all models read
the very same characters; the small GPT of lesson 09 beside it. ``requests``: the model is given the findings as text
and asked for a report, before and after LoRA on other films; the claim check counts sentences. ``prefix``: radiomics
and image as a trained prefix of the frozen model, ungated and greedy, with the controls of the fusions. Budgets in
CPU-seconds; intervals (95 %) by resampling films.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from report_writer import verdicts

from medigenx_lib import phantom
from medigenx_lib.cases import Findings
from medigenx_lib.evaluation.text import finding_interval
from medigenx_lib.text import corpus as corpora
from medigenx_lib.text import frozen, fusion, grammar, ladder, lora, pretrained
from medigenx_lib.text import tokenizer as tokenization
from medigenx_lib.text.corpus import Corpus
from medigenx_lib.text.lora import Pair
from medigenx_lib.text.pretrained import Pretrained

UNSEEN = 1_000_000
HELD_OUT, TRAIN = 9_300_000, 300_000
WORDS = 90
"""Most tokens of an answer."""


def bits(model: Pretrained, seconds: float, count: int = 24) -> None:
    """Print a row for each model: how many bits a character of unseen reports costs."""
    train, test = (ladder.without_numbers(ladder.reports(n, seed)) for n, seed in ((1500, 0), (count, UNSEEN)))
    characters = sum(map(len, test))
    tokenizer = tokenization.train(train, vocab_size=400)
    ids = ladder.stream(tokenizer, test)
    torch.manual_seed(0)
    gpt = ladder.SmallGPT(tokenizer.get_vocab_size())
    ladder.fit(gpt, ladder.stream(tokenizer, train), steps=280)
    ours = ladder.bits_per_character(ladder.loss_of(gpt, ids), len(ids), characters)
    print(f"\n| {len(test)} unseen reports, {characters} characters | bits a character |\n|---|---|")
    print(f"| small GPT of lesson 09, 280 steps | {ours:.2f} |", flush=True)
    print(f"| SmolLM2, as it comes | {pretrained.bits_per_character(model, test):.2f} |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        tuned, losses = lora.tune(model, train, folder, seconds=seconds, progress=False)
    name = f"SmolLM2, LoRA, {len(losses)} steps in {seconds:.0f} CPU-s"
    print(f"| {name} | {pretrained.bits_per_character(tuned, test):.2f} |", flush=True)
    lora.release(tuned)


def request(vector) -> str:
    """What the instruct model is asked for a film."""
    return f"Write a short radiology report of this chest radiograph. Findings: {fusion.prompt(vector)}."


def requests(model: Pretrained, seconds: float, count: int) -> None:
    """Print what the claim check says of reports written on request, before and after LoRA."""
    test, train = films(HELD_OUT, count), films(TRAIN, 400)
    asked = [request(vector) for vector in test.vectors]
    print(f"\n| on request, {count} films | finding F1 [95 %] | supported | unverifiable | contradicted | omitted |")
    print("|---|---|---|---|---|---|")
    replies = pretrained.answers(model, asked, WORDS)
    row("SmolLM2, as it comes", replies, test.findings)
    print(f"\n{replies[0]}\n")
    pairs = [
        Pair(request(v), grammar.report(f, i))
        for i, (v, f) in enumerate(zip(train.vectors, train.findings, strict=True))
    ]
    with tempfile.TemporaryDirectory() as folder:
        tuned, losses = lora.tune(model, pairs, folder, seconds=seconds, progress=False)
    replies, name = pretrained.answers(tuned, asked, WORDS), f"LoRA, {len(losses)} steps in {seconds:.0f} CPU-s"
    row(name, replies, test.findings)
    row(f"{name}, report of another film", [replies[i] for i in fusion.derangement(count)], test.findings)
    print(f"\n{replies[0]}\n", flush=True)
    lora.release(tuned)


def prefix(model: Pretrained, seconds: float, count: int) -> None:
    """Print the finding F1 of the frozen model behind a trained prefix, with its controls."""
    cases = phantom.cases(range(HELD_OUT, HELD_OUT + count), corpora.SIZE)
    with tempfile.TemporaryDirectory() as folder:
        path = frozen.train(model, films(TRAIN, 1500), seconds / 60, Path(folder) / "p.safetensors", progress=False)
        writer = frozen.load(model, path)
    print(
        f"\n| frozen, prefix of {seconds:.0f} CPU-s, {count} films | finding F1 [95 %] | kind and side |\n|---|---|---|"
    )
    known = [case.findings for case in cases]
    for condition, shown in fusion.controls(cases).items():
        texts = fusion.write(writer, shown, known)
        f1, low, high = finding_interval(texts, known)
        loose = finding_interval(texts, known, zones=False)[0]
        print(f"| {condition} | {f1:.3f} [{low:.3f}, {high:.3f}] | {loose:.3f} |", flush=True)


def row(name: str, texts: Sequence[str], findings: Sequence[Findings]) -> None:
    """Print the scores of one set of reports."""
    f1, low, high = finding_interval(texts, findings)
    found = verdicts(texts, findings)
    shares = (found[key] for key in ("supported", "unverifiable", "contradicted", "omitted"))
    print(f"| {name} | {f1:.3f} [{low:.3f}, {high:.3f}] | {' | '.join(f'{x:.3f}' for x in shares)} |", flush=True)


def films(first_seed: int, count: int) -> Corpus:
    """``count`` phantoms with their own findings."""
    return corpora.of_cases(phantom.cases(range(first_seed, first_seed + count), corpora.SIZE))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=("bits", "requests", "prefix"), help="some of the tables")
    parser.add_argument("--lora", type=float, default=120, help="CPU-seconds of each tuning")
    parser.add_argument("--prefix", type=float, default=300, help="CPU-seconds of training the prefix")
    parser.add_argument("--films", type=int, default=24, help="held-out phantoms")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, chosen = pretrained.load(), options.only or ("bits", "requests", "prefix")
    if "bits" in chosen:
        bits(model, options.lora)
    if "requests" in chosen:
        requests(model, options.lora, options.films)
    if "prefix" in chosen:
        prefix(model, options.prefix, options.films)


if __name__ == "__main__":
    main()
