# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Evaluation and optimization
#     key_point: Floors and ceilings for every text score, a crash test for the check itself, and a loop that optimises reports against it without being fooled.
#     answer: A score helps only beside a report that did not look, and after it has been attacked; optimise one and ask another whether the report really improved.
#     teaching: 50
#     exercises: 45
#     prerequisites: [9]
#     objectives:
#       - Work out BLEU from clipped n-gram counts, and get what sacrebleu gets
#       - Put an interval on a score by resampling films
#       - Place a score between its floors and its ceiling
#       - Plant errors in reports and see which score notices
#       - Write the loss of self-critical training, and catch a reward that is being gamed
#     accelerator: none
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. How alike are two reports?
#
# Is a report that a machine wrote any good? Most scores compare a written
# report with that of somebody who knew, the **reference**, and count the words
# that both share. Read these three, and rank them for yourself before we let
# the scores do it. The first is the reference: it says what is on the film.

# %%
reference = "There is a patchy opacity in the right lower zone. No pleural effusion. The heart is not enlarged."
swapped = "There is a patchy opacity in the left lower zone. No pleural effusion. The heart is not enlarged."
reworded = "Heart size is normal. Patchy consolidation is seen at the right base. Neither side shows an effusion."

# %% [markdown]
# **BLEU** (Papineni et al., 2002), made for translation, asks which share of
# a text's words the reference has too, and which share of its pairs, threes
# and fours of words. One trick is built in: such a run of words counts at
# most as often as the *reference* has it, or "the the the the" would be
# perfect. That is called **clipping**.

# %%
from collections import Counter

# %% [markdown]
# ### Exercise 12.1: clipped precision
# *difficulty 2 of 5 · 10 minutes*
#
# Write `clipped_precision(said, there, n)`. `said` and `there` are lists of
# words, the report's and the reference's. Return the share of the report's
# runs of `n` words that the reference has, as a number from 0 to 1, each run
# counted at most as often as the reference has it. A report with fewer than
# `n` words has no runs: return 0.
#
# <details><summary>Hint 1</summary>The runs of n words:
# <code>[tuple(said[i:i + n]) for i in range(len(said) - n + 1)]</code>.
# </details>
#
# <details><summary>Hint 2</summary>Put both in a <code>Counter</code>. What
# does <code>a &amp; b</code> of two counters give?</details>
#
# <details><summary>Hint 3</summary><code>(a &amp; b).total()</code> over
# <code>a.total()</code>: the smaller count of each run.</details>


# %% tags=["exercise"]
def clipped_precision(said, there, n):
    """Share of the runs of ``n`` words in ``said`` that ``there`` has too, clipped; 0..1."""
    ### BEGIN SOLUTION
    ours = Counter(tuple(said[i : i + n]) for i in range(len(said) - n + 1))
    theirs = Counter(tuple(there[i : i + n]) for i in range(len(there) - n + 1))
    return (ours & theirs).total() / ours.total() if ours else 0.0
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_12 as check

check.clipped_precision(clipped_precision)

# %% [markdown]
# BLEU is the geometric mean of the four precisions, times a penalty for
# reports shorter than the reference. The library writes that out in a dozen
# lines (`evaluation.floors.bleu`); the field's standard is `sacrebleu`. If
# both are right, they agree.

# %%
# NBVAL_CHECK_OUTPUT
from sacrebleu.metrics import BLEU

from medigenx_lib.evaluation import floors

for name, text in {"the same": reference, "side swapped": swapped, "reworded": reworded}.items():
    ours = floors.bleu(floors.bleu_counts([text], [reference])[0])
    theirs = BLEU(lowercase=True, effective_order=False).corpus_score([text], [[reference]]).score / 100
    print(f"{name:13} BLEU-4 {ours:.2f}   as sacrebleu: {abs(ours - theirs) < 1e-6}")

# %% [markdown]
# The report that sends the surgeon to the wrong lung scores far above the
# one that is right in other words. **BLEU compares wording, not truth**: it
# does what it was made for. Keep this table in mind for the rest of the
# lesson.
#
# Would a score that understands *meaning* do better? A **sentence model**
# turns a text into a vector, and the cosine of two vectors says how alike the
# texts are (Reimers and Gurevych, 2019). The course can use one that a
# package carries (80 MB); without it the next cell says how to get it.

# %%
from medigenx_lib.evaluation import similarity

sentences = similarity.at_hand()
if sentences is None:
    print(f"Going on without the sentence model. To have it: {similarity.HOW}")
else:
    for name, text in {"side swapped": swapped, "reworded": reworded}.items():
        print(f"{name:13} cosine {sentences.similarity([text], [reference])[0]:.2f}")
    print(
        f"'small left effusion' and 'no effusion': {sentences.similarity(['small left effusion'], ['no effusion'])[0]:.2f}"
    )

# %% [markdown]
# When we ran it: 1.00 for the swapped side, .72 for the faithful rewording,
# .73 between an effusion and none. A sentence model learns to tell *topics*
# apart, and a report with its sides swapped has the same topic. So it forgives
# other words, and it forgives the error that harms. Meaning is not truth
# either.
#
# ## 2. Floors and ceilings
#
# Is a BLEU of 0.15 good? One cannot say, any more than one can say whether
# 38 is a high temperature without knowing the scale. A score needs a floor
# and a ceiling, so we put beside it:
#
# - a **constant** report, the same for every film: it cannot have looked;
# - a **random** report of some other film;
# - a **retrieved** one, that of the training film with the most similar
#   radiomics: what a good archive gives you without any language model;
# - the **reference** itself, the ceiling; and what nobody thinks of, a
#   second wording of the same truth, the ceiling in practice.
#
# Here we know the truth, because the films are phantoms. What we score is the
# report writer of lessons 10 and 11, a small GPT that is told a film's
# radiomics, without the gate that would check its sentences.

# %%
from medigenx_lib import course, phantom
from medigenx_lib.text import corpus, grammar

count = course.by_profile(40, 150)
films = phantom.cases(range(9_400_000, 9_400_000 + count))
archive = phantom.cases(range(400_000, 400_000 + 3 * count))
findings = [film.findings for film in films]
references = [grammar.report(known, seed) for seed, known in enumerate(findings)]
pool = [grammar.report(film.findings, 10_000 + seed) for seed, film in enumerate(archive)]

# %%
from medigenx_lib.text import fusion, models

writer = models.load("report_writer")
images, vectors = corpus.arrays(films)
sets = floors.baselines(references, pool, vectors, corpus.arrays(archive)[1])
sets["generated"] = fusion.write(writer, fusion.Shown(images, vectors), findings)
sets["reworded reference"] = [grammar.report(known, 20_000 + seed) for seed, known in enumerate(findings)]

# %% [markdown]
# Before you look at the scores: how far will the constant report come in
# BLEU? And in the share of findings that it gets right?
#
# A score from forty films is itself uncertain. Had we happened to draw forty
# others, it would be another number. The **bootstrap** (Efron, 1979) estimates
# from the films at hand how far off a score might be: draw as many of them
# *with repetition*, score again, and do that a few hundred times.

# %%
import numpy as np

# %% [markdown]
# ### Exercise 12.2: an interval for any score
# *difficulty 2 of 5 · 10 minutes*
#
# Write `bootstrap(hits, totals, draws, rng)`. `hits` and `totals` are arrays
# of shape (N,), one entry a film, and the score is `sum(hits) / sum(totals)`.
# Draw N films with repetition, `draws` times, and return `(low, high)`: the
# 2.5th and 97.5th percentile of the scores. `rng` is a
# `numpy.random.Generator`. A film's hits and its total belong together.
#
# <details><summary>Hint 1</summary>One line draws all films of all draws:
# <code>rng.integers(N, size=(draws, N))</code>.</details>
#
# <details><summary>Hint 2</summary><code>hits[films]</code> has shape
# (draws, N). Sum over axis 1, for hits and totals, then divide.</details>
#
# <details><summary>Hint 3</summary>
# <code>np.quantile(scores, (0.025, 0.975))</code>.</details>


# %% tags=["exercise"]
def bootstrap(hits, totals, draws, rng):
    """(low, high), the 95 % interval of sum(hits) / sum(totals) over resampled films; both (N,)."""
    ### BEGIN SOLUTION
    films = rng.integers(len(hits), size=(draws, len(hits)))
    scores = hits[films].sum(1) / totals[films].sum(1)
    low, high = np.quantile(scores, (0.025, 0.975))
    return float(low), float(high)
    ### END SOLUTION


# %% tags=["check"]
check.bootstrap(bootstrap)

# %% [markdown]
# Now the table. Its scores are all from 0 to 1, and most need a word:
#
# - *ROUGE-L* asks how many words in a row, gaps allowed, a report shares with
#   the reference.
# - *Claim precision* is the share of statements that the claim check finds
#   true of the film, among those that it can decide.
# - *Kind F1* lets the course's parser read report and reference, and compares
#   which kinds of finding they name. (F1 is the harmonic mean of two shares:
#   of the kinds named, how many are there; of those there, how many are
#   named.) The finding F1 of lesson 10 and of section 5 is stricter: it asks
#   for the side and the exact zones as well.
# - *Judge F1* asks somebody else: a classifier that counts runs of words and
#   has never seen a rule of the parser. It learned from a few thousand
#   labelled reports, and we will need its independence soon.
# - *Distinct* is the share of reports that differ from each other.

# %%
from medigenx_lib.evaluation import judge as judges

judge = judges.grammar_judge(course.by_profile(2500, 4000))
scores = floors.table(sets, references, findings, judge)
order = ["constant report", "random report", "retrieved report", "generated", "reworded reference", "reference"]
shown = scores.pivot(index="set", columns="score", values="value").loc[order].round(2)
shown = shown.rename(columns={"finding F1": "kind F1"}).drop(columns="METEOR")
print(shown.rename_axis(index=None, columns=None).to_string())

# %%
import matplotlib.pyplot as plt


def ladder(axis, name, colour):
    """One score of all sets with its intervals."""
    rows = scores[scores["score"] == name].set_index("set").loc[order]
    spread = [rows["value"] - rows["low"], rows["high"] - rows["value"]]
    axis.errorbar(rows["value"], range(len(order)), xerr=spread, fmt="o", color=colour, capsize=3)
    axis.set(xlim=(-0.03, 1.03), xlabel=name)


fig, axes = plt.subplots(1, 3, figsize=(10, 3), sharey=True)
for axis, name, colour in zip(axes, ["BLEU-4", "claim precision", "judge F1"], course.PALETTE, strict=False):
    ladder(axis, name, colour)
axes[0].set_yticks(range(len(order)), order)
course.show(fig, alt="BLEU-4, claim precision and judge F1 of six sets of reports, with intervals.")

# %% [markdown]
# **A perfect report in other words has a BLEU of a fifth to a quarter**: that
# is the second row from the top. It is the honest ceiling, and a generated
# report that "only" reaches it has lost nothing. At the bottom, the constant
# report cannot have seen anything, and still it is not at zero. The judge
# has its limits too: it misreads some references.
#
# On real reports this is worse, because real reports are mostly normal and
# alike. On the public Indiana reports, **one constant normal report said of
# every film reaches a BLEU-4 of .137** (95 % interval .118 to .157, by
# `benchmarks/text_floors.py`). R2Gen (Chen et al., EMNLP 2020), a trained
# network that sees the film, was published with .165, and others who scored it
# again found .118 to .155; splits differ a little. BLEU hardly tells the network
# that looks from the report that does not. Kind F1 of the constant: 0.

# %%
# NBVAL_CHECK_OUTPUT
value = scores.pivot(index="set", columns="score", values="value")
print("a perfect rewording has less than half of the reference's BLEU:", value["BLEU-4"]["reworded reference"] < 0.5)
print("and all of its claims:", value["claim precision"]["reworded reference"] == 1)
print("the constant report has a ROUGE-L above 0.1:", value["ROUGE-L"]["constant report"] > 0.1)
print("and makes fewer true claims than the rewording:", value["claim precision"]["constant report"] < 0.9)

# %%
course.think(
    "The retrieved report is the true report of another patient, chosen by similar radiomics. It scores well. "
    "What is wrong with using it?",
    "Its kinds of finding are mostly right, because similar films have similar findings. Its numbers, zones and "
    "details are those of another patient, and so are the things that a similarity measure does not see. Watch the "
    "claim precision: the check notices what BLEU and the coarse kind F1 let pass.\n\n"
    "It is still the baseline to beat. Many published generators do not.",
)

# %% [markdown]
# ## 3. The crash test
#
# We are about to trust the claim check, which reads a report back and holds
# each sentence against what was measured. Who checks the check? A car is not
# trusted because its brochure is good; it is driven into a wall. **A crash
# test of a score plants known errors in reports and counts how many it
# notices.**

# %%
import re

# %% [markdown]
# ### Exercise 12.3: plant an error
# *difficulty 2 of 5 · 10 minutes*
#
# Write `swap_sides(report)`: the same text with every *right* turned into
# *left* and every *left* into *right*, capitals kept (`Right` becomes
# `Left`). Whole words only: "bright" stays. It is the error that sends the
# drain into the healthy side, and it changes a word or two.
#
# <details><summary>Hint 1</summary>Two calls of <code>replace</code> one
# after the other undo each other. Why?</details>
#
# <details><summary>Hint 2</summary><code>re.sub(pattern, function,
# report)</code> calls the function for each match, once.</details>
#
# <details><summary>Hint 3</summary>The pattern
# <code>r"\b(right|left|Right|Left)\b"</code> and a dictionary of four
# entries.</details>


# %% tags=["exercise"]
def swap_sides(report):
    """``report`` (str) with right and left exchanged, as whole words, capitals kept."""
    ### BEGIN SOLUTION
    other = {"right": "left", "left": "right", "Right": "Left", "Left": "Right"}
    return re.sub(r"\b(right|left|Right|Left)\b", lambda match: other[match.group()], report)
    ### END SOLUTION


# %% tags=["check"]
check.swap_sides(swap_sides)

# %% [markdown]
# With 17 kinds of harmful edit and 5 harmless ones the library's crash test
# plants errors in reports and rewords others. Move through them:
# the text is what the edit made of a report, and each sentence stands with
# its verdict. Which edits would *you* have overlooked on a busy morning?

# %%
import random
import textwrap

from medigenx_lib.text import claims, crashtest

COLOURS = {"supported": course.PALETTE.green, "unverifiable": "0.4", "contradicted": course.PALETTE.red}
subject = next(film.findings for film in films if len(film.findings.present()) == 1)


# %%
def draw_edit(edit, wording):
    """The edited report, a line a sentence, coloured by its verdict."""
    text, height = crashtest.EDITS[edit](subject, random.Random(wording)), 1.0
    fig, axis = plt.subplots(figsize=(9, 3.4))
    axis.axis("off")
    if not text:
        axis.text(0, 1.0, "This edit cannot be made on this film.", va="top")
        return fig
    for verdict in claims.check(text, subject):
        line = textwrap.fill(f"{verdict.verdict}: {verdict.sentence}", 96, subsequent_indent="    ")
        axis.text(0, height, line, color=COLOURS[verdict.verdict], va="top", fontsize=11.5)
        height -= 0.05 + 0.07 * (1 + line.count("\n"))
    missing = [f"{f.side or ''} {f.kind}".strip() for f in claims.omitted(text, subject)]
    axis.text(0, 0.0, f"Left out: {', '.join(missing) or 'nothing'}")
    return fig


course.interact(
    draw_edit, edit=list(crashtest.EDITS), wording=(0, 20, 1, 3), alt="An edited report with a verdict a sentence."
)

# %% [markdown]
# Now all edits on many random findings. For each we ask how often the claim
# check notices it, and what BLEU thinks of it.

# %%
from medigenx_lib.text.samples import random_findings

known = [random_findings(seed) for seed in range(course.by_profile(60, 300))]
counts = crashtest.run(known)


def bleu_of(edit):
    """BLEU-4 of edited reports against the unedited ones in the wording that the edit draws."""
    pairs = []
    for seed, film in enumerate(known):
        edited = crashtest.EDITS[edit](film, random.Random(seed))
        if edited is not None:
            pairs.append((edited, grammar.report(film, random.Random(seed).randrange(2**32))))
    return floors.bleu(floors.bleu_counts(*zip(*pairs, strict=True)).sum(0))


noticed = {edit: (bleu_of(edit), hits / made) for edit, (hits, made) in counts.items() if made}

# %%
NAMED = {"swap side words": (15, -24), "insert a negation": (-25, -24), "reword": (20, 12), "reorder": (-25, 16)}
GROUPS = {"harmful": (crashtest.HARMFUL, "o", course.PALETTE.red), "harmless": (crashtest.HARMLESS, "s", "C0")}
fig, axis = plt.subplots(figsize=(7.5, 4))
for kind, (group, marker, colour) in GROUPS.items():
    points = np.array([noticed[edit] for edit in group if edit in noticed])
    axis.scatter(*points.T, marker=marker, color=colour, label=f"{kind} edits", alpha=0.7)
for edit, offset in NAMED.items():
    side, arrow = "right" if offset[0] < 0 else "left", {"arrowstyle": "->", "color": "grey", "shrinkB": 4}
    axis.annotate(edit, noticed[edit], offset, textcoords="offset points", ha=side, arrowprops=arrow)
axis.set(xlabel="BLEU-4 against the unedited report", ylabel="share flagged by the claim check", ylim=(-0.08, 1.08))
axis.legend(loc="center left")
course.show(
    fig, alt="Harmful edits are flagged whatever their BLEU; harmless ones are not, though some have a low BLEU."
)

# %% [markdown]
# A good score rates harmful edits low and harmless ones high. From left
# to right, that is along BLEU, they are mixed: most harmful edits lie beside
# the faithful rewording, since they reword as well, but three lie far to the
# right of it, among them the swapped sides. From bottom to top they part
# cleanly.

# %%
# NBVAL_CHECK_OUTPUT
harmful = sum(counts[edit][0] for edit in crashtest.HARMFUL), sum(counts[edit][1] for edit in crashtest.HARMFUL)
harmless = sum(counts[edit][0] for edit in crashtest.HARMLESS), sum(counts[edit][1] for edit in crashtest.HARMLESS)
print(len(crashtest.HARMFUL), "kinds of harmful edit,", len(crashtest.HARMLESS), "of harmless ones")
print("harmful flagged, at least 98 %:", harmful[0] >= 0.98 * harmful[1])
print("harmless flagged, at most 2 %:", harmless[0] <= 0.02 * harmless[1])
print("BLEU prefers swapped sides to a rewording:", noticed["swap side words"][0] > noticed["reword"][0])

# %% [markdown]
# ## 4. Optimising against the check
#
# If the check is that good, why not train on it? Let the writer write, let
# the check give marks, and make good reports likelier. No reference report
# is needed. A **reward**, as such marks are called, is in this course the
# harmonic mean of two shares: of the sentences, how many are supported and say
# something new; of what was measured, how much was said.
#
# First a toy that fits in your head. Our writer knows eight sentences and
# decides of each, for a healthy and for an ill film, with what probability
# to say it. That is all: 16 numbers. And its eyes are poor: of ten ill films
# seven have their opacity in the right lower zone and three in the left
# upper one, and to this writer they look the same.

# %%
from medigenx_lib.cases import Finding, Findings

MENU = [
    "The lungs are clear.", "There is an opacity in the right lower zone.", "There is an opacity in the left upper zone.",
    "There is an opacity in the right lung.", "No pleural effusion.", "There is a right pleural effusion.",
    "The heart is not enlarged.", "The heart is enlarged.",
]  # fmt: skip
ABSENT = [Finding("effusion", "absent", side) for side in ("right", "left")] + [Finding("cardiomegaly", "absent")]


def film_with(*opacities):
    """Findings of a toy film with opacities in these (side, zone), nothing else."""
    there = {side: Finding("opacity", "present", side, (zone,)) for side, zone in opacities}
    return Findings((*(there.get(side, Finding("opacity", "absent", side)) for side in ("right", "left")), *ABSENT))


KINDS = {"healthy": [(1.0, film_with())],
         "ill": [(0.7, film_with(("right", "lower"))), (0.3, film_with(("left", "upper")))]}  # fmt: skip

# %% [markdown]
# How should a drawn report change these numbers? Raise the log-probability
# of what was drawn, in proportion to what it earned: that is REINFORCE
# (Williams, 1992). But *any* report earns something, so everything would be
# pushed up, and what is drawn often most of all. What matters is whether it
# earned more than expected. **Self-critical** training (Rennie et al., 2017)
# makes a drawn report likelier if it earned more than the *greedy* one, for
# which the writer takes its favourite at every step, and rarer if it earned
# less.

# %%
import torch

# %% [markdown]
# ### Exercise 12.4: the self-critical loss
# *difficulty 3 of 5 · 12 minutes*
#
# Write `self_critical_loss(log_probs, rewards, greedy_reward)`. `log_probs`
# (B,) are the log-probabilities of B drawn reports, with gradient; `rewards`
# (B,) what they earned; `greedy_reward`, a number, what the greedy report
# earned. Return a scalar whose *descent* makes reports likelier that beat
# the greedy one, and others less likely: minus the mean of advantage times
# log-probability. The reward is a given number: no gradient may flow through
# it.
#
# <details><summary>Hint 1</summary>The advantage is
# <code>rewards - greedy_reward</code>; it can be negative, and should.
# </details>
#
# <details><summary>Hint 2</summary>An optimiser goes *down*: mind the sign.
# </details>
#
# <details><summary>Hint 3</summary><code>.detach()</code> cuts a tensor off
# its gradient.</details>


# %% tags=["exercise"]
def self_critical_loss(log_probs, rewards, greedy_reward):
    """Minus the mean of (reward - greedy reward) times log-probability; both (B,); a scalar."""
    ### BEGIN SOLUTION
    advantage = (rewards - greedy_reward).detach()
    return -(advantage * log_probs).mean()
    ### END SOLUTION


# %% tags=["check"]
check.self_critical_loss(self_critical_loss)

# %% [markdown]
# Now train the toy, 150 steps of 32 drawn reports for each of the two films.
# And to see what a careless reward does, train a second one that is paid for
# the share of true sentences only. What will it learn to say?

# %%
import functools

from medigenx_lib.text import optimise, search


def earned_by(mark, chosen, kind):
    """What ``mark`` gives on average for the sentences of MENU that ``chosen`` (8 times 0 or 1) says."""
    said = [sentence for sentence, yes in zip(MENU, chosen, strict=True) if yes]
    return sum(share * mark(said, truth) for share, truth in KINDS[kind])


# %%
@functools.cache
def full(chosen, kind):
    """The course's reward."""
    return earned_by(search.reward, chosen, kind)


@functools.cache
def careless(chosen, kind):
    """The share of sentences that are supported: a single true one is perfect."""

    def share(said, truth):
        return sum(claims.check(text, truth)[0].verdict == "supported" for text in said) / max(len(said), 1)

    return earned_by(share, chosen, kind)


# %%
def train_toy(reward, steps=150, seed=0):
    """Chance of each sentence on both films, (2, 8), and the greedy rewards a step."""
    generator = torch.Generator().manual_seed(seed)
    table = torch.zeros(2, len(MENU), requires_grad=True)
    optimiser, history = torch.optim.Adam([table], lr=0.1), []
    for _ in range(steps):
        loss, earned = 0.0, []
        for row, kind in enumerate(KINDS):
            chance = torch.sigmoid(table[row])
            drawn = (torch.rand(32, len(MENU), generator=generator) < chance).int()
            rewards = torch.tensor([reward(tuple(said), kind) for said in drawn.tolist()])
            earned.append(reward(tuple((chance > 0.5).int().tolist()), kind))
            log_probs = torch.where(drawn == 1, chance, 1 - chance).log().sum(1)
            loss = loss - ((rewards - earned[-1]) * log_probs).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append(np.mean(earned))
    return torch.sigmoid(table).detach().numpy(), history


# %% [markdown]
# (The loop is as long as it is because it is complete: draw, mark, compare,
# push.)

# %%
toys = {"full reward": train_toy(full), "true sentences only": train_toy(careless)}
fig, axes = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True)
for axis, (name, (chances, _)) in zip(axes, toys.items(), strict=True):
    for row, kind in enumerate(KINDS):
        axis.barh(np.arange(8) + 0.4 * row - 0.2, chances[row], 0.4, color=course.PALETTE[row], label=kind)
    axis.set(title=f"Paid for: {name}", xlabel="chance of saying it", xlim=(0, 1))
axes[0].set_yticks(range(8), MENU)
axes[0].invert_yaxis()
axes[1].legend(loc="upper left", bbox_to_anchor=(1, 1))
course.show(fig, alt="Chance of eight sentences on a healthy and an ill film, after training on two rewards.")

# %%
# NBVAL_CHECK_OUTPUT
said = {name: [MENU[i] for i in np.flatnonzero(chances[1] > 0.5)] for name, (chances, _) in toys.items()}
for name, sentences in said.items():
    print(f"paid for {name}: an opacity is mentioned on ill films:", any("opacity" in text for text in sentences))
print("silence earns full marks from the careless reward:", toys["true sentences only"][1][-1] > 0.95)

# %% [markdown]
# Both writers are model pupils by their own marks. The first names both
# places that it cannot tell apart. The second has found out that silence is
# safe. Nobody told it to be dishonest; it was paid for never being wrong.
# **Goodhart's law** says: a measure that becomes a target stops being a good
# measure.
#
# A first draft of our reward for the real writer gave full marks to "opacity
# on the right", which no zone can contradict, and so the writer **stopped
# naming zones**. And the parser reads sense into broken sentences ("The left
# middle zone parenchymal opacity."), so grammar went as well: in the one run
# that we made with it, the independent judge fell from .46 to .22. So now half
# of a finding's mark is for its exact zones, and part of each batch are
# references, which keep the language alive.
#
# ## 5. The real thing
#
# The same loop with the report writer: draw, mark, compare, push. Here it
# runs for a few steps, so that you see it move; each round draws reports of
# some films, greedily and at random.

# %%
few = corpus.of_cases(archive[: course.by_profile(40, 300)])
options = optimise.Options(films=12, samples=4, learning_rate=2e-4)
pupil = models.load("report_writer").train()
told = optimise.references(few, pupil, range(len(few)), wordings=1)
history = optimise.self_critical(
    pupil, few, course.by_profile(3, 12), references=told, options=options, progress=course.profile().name != "fast"
)
print(history.round(3).to_string(index=False))

# %% [markdown]
# In the table, `reward` is the mean of the drawn reports, on other films each
# round, and `kept` how many beat the greedy one. **A few steps prove
# nothing**, and the shipped writer is already good, so little is left to gain.
#
# So here are two runs from a poor start, recorded on one CPU core while the
# course was written (`benchmarks/text_optimisation.py` repeats the second; its
# budget is time, so the digits vary). A writer trained for 40 seconds on only
# 40 reported films is let loose on 2,100 films *without* reports.
#
# **Expert iteration** is a loop: draw reports of a film, keep what the check
# likes, learn it as if an expert had written it, and begin again. What do you
# expect of the three scores?
#
# A **first attempt** kept whole reports with a reward of more than 0.8, and
# reward, finding F1 and the judge all rose: F1 from .40 to .47 [.37, .55] in
# 149 seconds (each run begins anew; the second began at .39). A curve to be
# proud of. Before you read on: what is missing before you may call it a
# success?
#
# A control. The writer also had 149 more seconds. **A control with the same
# seconds and no check, which only went on learning its 40 reports, reached
# .47 [.37, .56] as well.** The loop had given nothing that plain patience
# would not have given, and most readers would have believed the curve.
#
# Why? A whole report is right only if every sentence is, so few passed, and
# those of easy films. A **second attempt** gives credit sentence by sentence:
# sentences that passed the check, with the exact zones, are learned within
# their reports, and those that failed are left out of the loss. What says that
# something *is there* counts four times. Now every film teaches.

# %%
RECORDED = {  # CPU-seconds of optimisation: mean reward, strict finding F1 with its 95 % interval, judge F1
    0: (0.626, 0.387, 0.311, 0.462, 0.684),
    30: (0.696, 0.492, 0.419, 0.564, 0.777),
    59: (0.709, 0.521, 0.439, 0.597, 0.775),
    88: (0.738, 0.564, 0.492, 0.644, 0.805),
    117: (0.737, 0.551, 0.474, 0.626, 0.830),
    146: (0.755, 0.597, 0.521, 0.677, 0.842),
}  # fmt: skip
FIRST = (149, 0.467, 0.373, 0.545)  # the first attempt: seconds, F1 with its interval
CONTROL = (149, 0.470, 0.372, 0.560)  # the 40 reports learnt for as long

# %%
seconds = list(RECORDED)
reward, f1, low, high, judged = np.array(list(RECORDED.values())).T
fig, axis = plt.subplots(figsize=(6.5, 3.2))
axis.plot(seconds, reward, "o-", label="reward: what was optimised")
axis.plot(seconds, f1, "s-", label="finding F1: kind, side and exact zones")
axis.fill_between(seconds, low, high, color=course.PALETTE.orange, alpha=0.2, linewidth=0)
axis.plot(seconds, judged, "^-", label="independent judge")
axis.plot(*CONTROL[:2], "kx", label="F1 of the control")
axis.set(xlabel="CPU-seconds of expert iteration", ylabel="on 150 held-out phantoms", ylim=(0, 1))
axis.legend(loc="lower right")
course.show(fig, alt="Reward, finding F1 and judge rise; the F1's interval is wide, and the control lies below it.")

# %%
for name, value, below, above in (
    ("start", *RECORDED[0][1:4]),
    ("first", *FIRST[1:]),
    ("control", *CONTROL[1:]),
    ("second", f1[-1], low[-1], high[-1]),
):
    print(f"{name:8} finding F1 {value:.2f} [{below:.2f}, {above:.2f}]")

# %% [markdown]
# With credit for each sentence the F1 gains 0.21, and the judge, which shares
# no rule with the check, rises from 0.68 to 0.84: the reports read better to
# somebody who was not being pleased. **The same loop without the check reached
# .43 [.34, .50]: what helps is the check, not the practice.**
#
# That is one seed and 150 films. Three seeds, run later, gained .16, .31 and
# .26, the judge .07, .17 and .06; without the check the median gain was .06,
# with the 40 reports alone .09 (`benchmarks/README.md`). The seed that began
# best gained least. And one flaw remains: settings chosen with the first
# attempt's result on *these* 150 films in sight flatter the second one a
# little. Other test films are yours to add.
#
# ## 6. On films nobody simulated
#
# On films of a hospital there is no truth, only what is measured. There the
# check can say "true to the measurement" and nothing more. This is the
# report that the course would print, with its verdicts.

# %%
from medigenx_lib import radiomics, segmentation
from medigenx_lib.text import decoding

shown = course.cases(2)
measured = radiomics.measure(segmentation.segment(shown, progress=False), progress=False)
written = decoding.write(measured, "gated", progress=False)
course.show(course.films(written, [case.label_name for case in written]), alt="Two films of the source in use.")
for case in written:
    print(case.id)
    for verdict in claims.check(case.report, case.findings):
        course.tell(f"  {verdict.verdict:13} {verdict.sentence}", hang=16)

# %% [markdown]
# ## Summary
#
# - BLEU counts clipped runs of words. It rates a swapped side above a
#   faithful rewording, and a perfect rewording at a quarter or less.
# - A score means something between its floors (constant, random, retrieved)
#   and its ceiling, and with an interval.
# - A check is trusted after a crash test: harmful edits flagged, harmless
#   ones not.
# - Self-critical training and expert iteration learn from a reward without
#   references. They also learn every weakness of the reward.
# - Optimise one score and let an independent one judge.
#
# ## Quiz

# %%
course.quiz(
    "A paper reports BLEU-4 = 0.16 on reports that are mostly normal. What do you ask first?",
    {
        "What one constant normal report scores": "On Indiana reports it reaches .137: hardly anything is left to show.",
        "How many parameters the model has": "That does not tell whether it looked at the film.",
        "Whether BLEU-1 is higher": "It always is: single words match more often than runs of four.",
    },
    answer="What one constant normal report scores",
)

# %%
course.quiz(
    "Two systems have finding F1 of .70 [.62, .78] and .74 [.66, .81], on the same 60 films. Which is better?",
    {
        "The second": "The intervals overlap widely; so few films cannot tell.",
        "One cannot tell from this": "Compare them film by film (resample the difference), or take more films.",
        "They are equal": "Not being able to tell is not the same as being equal.",
    },
    answer="One cannot tell from this",
)

# %%
course.quiz(
    "After optimisation the reward has risen from .6 to .9 and the independent judge has fallen from .8 to .5. Then?",
    {
        "Good, the reward is what we want": "The reward is what we could compute. Somebody else no longer understands it.",
        "The writer is gaming the reward": "Read its reports, find the loophole, mend the reward, start again.",
        "The judge needs more data": "Perhaps, but it read the reports well before; they have changed.",
    },
    answer="The writer is gaming the reward",
)

# %%
course.quiz(
    "In self-critical training, all drawn reports earn exactly what the greedy one earns. What happens?",
    {
        "All become likelier": "Only those that beat the baseline are pushed up.",
        "Nothing": "The advantage is zero, so there is no gradient: nothing was learned from this film.",
        "All become less likely": "Only those that earn less than the greedy report are pushed down.",
    },
    answer="Nothing",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 13](13_real_world_applications.ipynb) takes a checked report into a
#   reading room: DICOM in, FHIR and DICOM out, a human in the loop.
# - Papineni et al., "BLEU", ACL 2002: four pages that shaped a field, with
#   the warning that it works over a whole corpus only.
# - Rennie et al., "Self-critical sequence training for image captioning",
#   CVPR 2017.
# - Ribeiro et al., "Beyond accuracy: behavioral testing of NLP models with
#   CheckList", ACL 2020.
# - Invent an edit that fools the claim check. If you find one, it is worth
#   more to us than a better score.
