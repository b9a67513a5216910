# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Group project
#     key_point: The workshop's question answered with what was measured, and a team project begun on it, with a baseline, a plan written before the result, and a score that copies do not win.
#     answer: Here you weigh all that was measured, what helps against what harms, and start adding a measurement of your own.
#     teaching: 45
#     exercises: 45
#     prerequisites: [5, 6, 12, 13]
#     objectives:
#       - Weigh the measurements of thirteen lessons, and argue what would help and what would harm
#       - Start a team's folder, score its baseline on practice cases, and read the interval
#       - Rank teams so that a difference nobody can tell is called a tie
#       - Work out how many unseen films it takes to tell two teams apart
#       - Attack the score as a red team would, and write down in advance what would count as a no
#     accelerator: none
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. The question, and what was measured
#
# Thirteen lessons ago we asked: *how can AI-generated medical images and
# radiomics-informed text provide insight to healthcare professionals,
# improving diagnostic accuracy and patient care?* It is time to answer, and
# the answer is yours. Below is the evidence. The numbers stand in the
# lessons' stored solutions (profile `fast`, films from the phantom), where
# nothing else is said.
#
# | | measured | figure | where |
# |---|---|---|---|
# | 1 | AUC of a classifier in a hospital where ill children get a marker; where the healthy get it | .96; .16 | 01 |
# | 2 | test films of a known patient, if one splits by films | 95 % | 01 |
# | 3 | share of copies among the GAN's films of real children; among unseen real films, by chance | .017; .057 | 07, benchmarks |
# | 4 | AUC of a classifier, generated films of another hospital added, against its own shown twice | -.05 [-.06, -.04] | 06 |
# | 5 | simulated patients, each with and without the disease, truth known | as many as wanted | 06 |
# | 6 | AUC of the best stable radiomic feature; on new films | .86; .79 [.70, .86] | 08 |
# | 7 | finding F1 of reports told the film's measurements; another film's (agreement by chance); the image alone | .96; .10; .00 | 10, benchmarks |
# | 8 | sentences that contradict the measurement, greedy writing; with the gate | 6 %; 0 % | 11 |
# | 9 | BLEU-4 of one constant report on real reports; of a published network | .137; .165 | 12 |
# | 10 | finding F1 after optimisation, first attempt; as many seconds without it; second attempt, tuned on the same test films | .47; .47; .60 | 12 |
# | 11 | healthy lungs called clear; on the films of a bad night | .97; .87 | 13 |
# | 12 | a reader's slip (left for right) noticed by the claim check | yes | 13 |
#
# Before you read on, take five minutes in your team: for each row, would it
# *help* a patient, *harm* one, or is it still *open*? Write your words here.

# %%
MINE = {number: "?" for number in range(1, 13)}  # for example {1: "harms", ...}
OURS = {
    1: "harms", 2: "harms", 3: "open", 4: "open", 5: "helps", 6: "open",
    7: "helps", 8: "helps", 9: "harms", 10: "open", 11: "open", 12: "helps",
}  # fmt: skip
for number, ours in OURS.items():
    mine = MINE[number]
    print(f"row {number:2}: you say {mine:6} we would argue {ours:6}{'' if mine in ('?', ours) else '  <- discuss'}")

# %% [markdown]
# Where you and we differ, the reasons matter more than the words. A few of
# ours. Row 9 harms because a score that hardly tells looking from not looking
# lets a bad system through. Row 4 is open, since it depends on whose GAN: on
# real children, 25 films a class, films of a GAN of those same films bring
# nothing, those of a GAN of 4,701 films +.011 [.002, .019] (benchmarks).
# Row 10 is open: the first rise was a tie with its control, the second is ahead
# of it, and so are three more seeds (gains of .16, .31 and .26), but its
# settings were chosen on the films it is tested on. Row 11 is open too: with so
# few lungs the two intervals overlap. Row 8 is good news about the *measurement*
# alone: what that is worth on a bad night is row 11.
#
# Numbers with an interval can be drawn. A sentence counts as *true* if its
# extent is within 10 points of the phantom's and its cardiothoracic ratio
# within .03; with 5 points, over all presets, .80 are (benchmarks). Do the two
# of each pair differ?

# %%
import matplotlib.pyplot as plt

from medigenx_lib import course

MEASURED = {  # value, low, high: 90 % intervals (13, 08) and 95 % (12)
    "true sentences, films like the training (13)": (0.92, 0.86, 0.97),
    "true sentences, another hospital (13)": (0.81, 0.71, 0.90),
    "healthy lungs called clear, here (13)": (0.97, 0.86, 0.99),
    "healthy lungs called clear, a bad night (13)": (0.87, 0.73, 0.94),
    "finding F1, optimised (12)": (0.60, 0.52, 0.68),
    "finding F1, its control (12)": (0.47, 0.37, 0.56),
    "AUC of a feature, new films (08)": (0.79, 0.70, 0.86),
}

# %%
fig, axis = plt.subplots(figsize=(8, 3))
for row, (value, low, high) in enumerate(MEASURED.values()):
    colour = course.PALETTE[row // 2]
    _ = axis.errorbar(value, row, xerr=[[value - low], [high - value]], fmt="o", color=colour, capsize=4)
axis.set_yticks(range(len(MEASURED)), list(MEASURED))
axis.invert_yaxis()
_ = axis.set(xlim=(0, 1.03), xlabel="share, F1 or AUC")
course.show(
    fig,
    alt="Seven figures of earlier lessons with intervals; those of the nights overlap, as do the hospitals, F1 and control.",
)

# %%
course.think(
    "Answer the workshop's question in three sentences: what helps, what harms, what is open. Each sentence names a "
    "row of the table.",
    "Helps: text that is held against a measurement, sentence by sentence, makes fewer unsupported claims (row 8) and "
    "catches slips of people as well (12); simulated patients give what reality cannot, a truth to learn with (5).\n\n"
    "Harms: whatever is good in the place where it was made and is trusted elsewhere (1), and scores that let it "
    "pass (2, 9).\n\n"
    "Open: whether generated films help a classifier. Those of another hospital cost a little (4), those of a GAN "
    "that knew only the same few films brought nothing, those of a GAN of 4,701 films .011 where 25 real ones a class "
    "were at hand. Nobody in this room has shown a benefit to a patient; that takes patients, not phantoms.",
)

# %% [markdown]
# ## 2. Choose a track, make the folder
#
# The project takes the three open ends of that answer, one a track. Each
# track has a question, a thing to hand in, and a score from 0 to 100.

# %%
import textwrap

from medigenx_lib.project import tracks

for track in tracks.TRACKS.values():
    print(f"{track.name.upper()}: {track.question}")
    print(textwrap.fill(f"score: {track.measure}", 88, initial_indent="   ", subsequent_indent="   "), "\n")

# %% [markdown]
# Choose one and make the folder. On your own machine that is one command,
# `medigenx project new TEAM --track realism`. Here it goes to a temporary
# place, since a class should not fill the repository.

# %%
import tempfile
from pathlib import Path

from medigenx_lib.project import new, submission

TRACK = "realism"  # or "faithfulness", "usefulness": scoring these takes 20 to 40 seconds of a core
home = Path(tempfile.mkdtemp())
folder = new.create("Baseline", TRACK, home / "Baseline")
for path in sorted(folder.rglob("*")):
    if path.is_file():
        print(path.relative_to(folder).as_posix())

# %%
# NBVAL_CHECK_OUTPUT
print("missing:", submission.check(folder))
for role, does in tracks.ROLES.items():
    course.tell(f"{role:10} {does}", hang=11)

# %% [markdown]
# A notebook for each role, so that two people never edit the same file.
# Share the roles out now, and let the red team be somebody else than the
# model builder: one finds only what one is looking for.

# %% [markdown]
# ## 3. The baseline, scored
#
# The folder already holds a submission that scores. For films it is one of the
# oldest generators: the mean film of a class, plus a few *principal
# components*, the patterns in which its films differ most, in random amounts
# (Turk and Pentland, 1991). It takes no training by gradients. Look at it
# before you trust any number.

# %%
films = submission.read(folder).films
if films:
    picked = [*films[:4], *films[-4:]]
    fig = course.films(picked, [film.label_name for film in picked], columns=4)
    course.show(fig, alt="Eight films of the baseline: blurred chests with soft ribs, four normal, four pneumonia.")

# %% [markdown]
# The score compares with **unseen** films. Which ones a round uses is known
# to the instructor alone; for practice there are seeds that everybody may
# use. What would you guess, from 0 to 100?

# %%
from medigenx_lib.project import hidden, score

ROUND = course.by_profile(fast="6000000-6000047", class_=hidden.PRACTICE)
first = score.score(folder, ROUND)
print(f"{first.team}: {first.score:.1f} (95 % interval {first.low:.1f} to {first.high:.1f})")
for name, value in first.numbers.items():
    print(f"   {name:18} {score.shown(name, value)}")

# %% [markdown]
# The score is the harmonic mean of **precision** (how many of your films lie
# among real ones) and **recall** (how many real ones lie among yours),
# lesson 05. And the same submission must score the same tomorrow, or nobody
# could check a board:

# %%
# NBVAL_CHECK_OUTPUT
again = score.score(folder, ROUND)
print("the same score twice:", (again.score, again.low, again.high) == (first.score, first.low, first.high))
print("the score lies within its interval:", first.low <= first.score <= first.high)

# %% [markdown]
# ### Write down what would be a no
#
# Now the most important five minutes of the project. *Before* you try
# anything, write what you will try, and what result would make you say: it
# did not work. If you write it afterwards, every result is a success: one
# shifts the goal without noticing. In medicine this is called
# **pre-registration**; for clinical trials it has been a condition of
# publication in the leading journals since 2005 (De Angelis et al., *NEJM*
# 351, 2004).

# %%
import hashlib

PLAN = """Question: do films from a trained GAN lie nearer to real ones than those of 24 components?
Change: the shipped generator in place of the components; nothing else.
Measured by: the realism score on the practice films, with its interval.
A yes: the lower end of ours lies above the upper end of the baseline.
A no: anything else. We shall say so on the first slide."""
_ = (home / "PLAN.txt").write_text(PLAN, encoding="utf-8")

# %% [markdown]
# How does the jury know that the plan is older than the result? Hand in its
# **fingerprint** today. It says nothing of the content, and not a comma can
# be changed later without changing it.

# %%
# NBVAL_CHECK_OUTPUT
for text in (PLAN, PLAN.replace("anything else", "a lower score")):
    print(hashlib.sha256(text.encode()).hexdigest()[:16], "|", text.splitlines()[-1][:40])

# %% [markdown]
# ## 4. Four teams, and who is first
#
# To read a score one needs a floor and a ceiling (lesson 12). So we hand in
# for three more teams. *Mean film* says the mean of its class again and
# again, with a little grain. *Shipped GAN* is the plan's: a generator trained on
# children of a real hospital, while today's unseen films are phantoms. And
# *Ceiling* is not a team: its films are real by today's measure, phantoms
# that nobody has seen.

# %%
import numpy as np

from medigenx_lib.evaluation.films import labels_of, stack
from medigenx_lib.files import write_json


def hand_in(team, images, labels, title="An example of the lesson"):
    """A submission to the realism track: images (N, S, S) in 0..1, labels (N,)."""
    place = home / team
    new.write_films(place / "films.npz", np.clip(images, 0, 1), labels)
    write_json(place / "submission.json", {"team": team, "track": "realism", "title": title})
    return place


# %%
from medigenx_lib import phantom
from medigenx_lib.gan import sampling

labels = np.arange(64) % 2
train = hidden.cases(ROUND).train
images, truth = stack(train, 64), labels_of(train)
grain = np.random.default_rng(0).normal(0, 0.02, (64, 64, 64))
means = np.stack([images[truth == label].mean(0) for label in labels]) + grain
unseen = phantom.cases(range(7_000_000, 7_000_064), disease=[bool(label) for label in labels])
handed = {"Mean film": means, "Shipped GAN": stack(sampling.sample(labels.tolist()), 64), "Ceiling": stack(unseen, 64)}

# %%
components = hand_in("Components", *new.component_films(train, 128))
places = [components, *(hand_in(team, made, labels) for team, made in handed.items())]
results = [score.score(place, ROUND) for place in places]
for result in results:
    print(f"{result.team:12} {result.score:5.1f}  ({result.low:.1f} to {result.high:.1f})")

# %% [markdown]
# Who is first? Sorting by the score is easy, and dishonest: draw other unseen
# films, and teams that are close change places. Our board calls a team better
# only if its **whole interval** lies above the other's.

# %% [markdown]
# ### Exercise 14.1: ranks with ties
# *difficulty 2 of 5 · 6 minutes*
#
# Write `ranks(lows, highs)`. Both are arrays (T,), the ends of the intervals
# of T teams. Return a list of T whole numbers, in the teams' order: a team's
# rank is one more than the number of teams that lie wholly above it. Intervals
# that touch in a point overlap.
#
# <details><summary>Hint 1</summary>Team A lies wholly above team B if A's
# low end is greater than B's high end.</details>
#
# <details><summary>Hint 2</summary>For one team: <code>1 + sum(low > high for
# low in lows)</code>, with the <code>high</code> of that team.</details>


# %% tags=["exercise"]
def ranks(lows, highs):
    """Rank of each team, list of int: 1 + the number of teams wholly above it; both (T,)."""
    ### BEGIN SOLUTION
    return [1 + int(sum(low > high for low in lows)) for high in highs]
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_14 as check

check.ranks(ranks)

# %%
from medigenx_lib.project import board

for rank, result in board.ranks(results):
    print(f"rank {rank}: {result.team:12} {result.low:5.1f} to {result.high:5.1f}")

# %% [markdown]
# Look closely. Being tied is not like being equal: A may tie with B, and B
# with C, while A is clearly better than C. That is no flaw of the rule; it is
# what so few films can say. By the plan above, was it a yes or a no?
#
# In our run it was a no: the interval of the shipped GAN does not lie above
# that of the components. Its films are good ones of *another* place. So we
# say so, and the next plan is to train it on the films at hand.

# %% [markdown]
# ## 5. How many films would tell?
#
# Let two teams be what they are, one right on 80 % of all films there could
# ever be, the other on 85 %. Each round draws other films. Move the number of
# films: from where on do you see the better team win?


# %%
def draw_rounds(first_percent, second_percent, films):
    """Thirty rounds of two teams, with 95 % intervals, and how often they are apart."""
    rng, turns, ends = np.random.default_rng(0), np.arange(30), []
    fig, axis = plt.subplots(figsize=(8, 3))
    for place, percent in enumerate((first_percent, second_percent)):
        share = rng.binomial(films, percent / 100, 30) / films
        half = 1.96 * np.sqrt(share * (1 - share) / films)
        ends.append((share - half, share + half))
        spots = turns + 0.3 * place
        _ = axis.errorbar(spots, share, yerr=half, fmt="os"[place], label=f"{percent} % right", markersize=3)
    (low, high), (other_low, other_high) = ends
    apart = ((low > other_high) | (other_low > high)).sum()
    _ = axis.set(title=f"intervals apart in {apart} of 30 rounds", xlabel="round", ylabel="right", ylim=(0, 1.02))
    axis.legend(loc="lower right", ncols=2)
    return fig


# %%
course.interact(
    draw_rounds,
    first_percent=(50, 95, 5, 80),
    second_percent=(50, 95, 5, 85),
    films=(32, 2048, 32, 128),
    alt="Intervals of two teams in thirty rounds.",
)

# %%
import math

print(f"80 % right, measured on 128 films: one standard error is {100 * math.sqrt(0.8 * 0.2 / 128):.1f} points")

# %% [markdown]
# A study should know this number before it begins. It is called its
# **power**: the chance to see a difference that is there. The usual wish is
# 80 %, at 5 % false alarms where there is none. For two shares $p$ and $q$,
# each measured on its own $n$ films, the variance of the difference is
# $(p(1-p) + q(1-q))/n$, and the textbooks ask for
#
# $$n \ge \frac{(1.96 + 0.84)^2\,(p(1-p) + q(1-q))}{(p-q)^2}.$$
#
# The 1.96 is for the false alarms, the 0.84 for the power.

# %% [markdown]
# ### Exercise 14.2: how many films?
# *difficulty 2 of 5 · 8 minutes*
#
# Write `films_needed(first, second)` for two different shares in 0..1: the
# smallest whole number of films, for each team, that fulfils the formula.
#
# <details><summary>Hint 1</summary>Compute numerator and denominator on lines
# of their own; the difference is squared.</details>
#
# <details><summary>Hint 2</summary><code>math.ceil</code> rounds up.</details>


# %% tags=["exercise"]
def films_needed(first, second):
    """Films for each team to tell the shares ``first`` and ``second`` apart: int; power 80 %, level 5 %."""
    ### BEGIN SOLUTION
    spread = first * (1 - first) + second * (1 - second)
    return math.ceil((1.96 + 0.84) ** 2 * spread / (first - second) ** 2)
    ### END SOLUTION


# %% tags=["check"]
check.films_needed(films_needed)

# %%
# NBVAL_CHECK_OUTPUT
for share, other in ((0.80, 0.85), (0.80, 0.90), (0.60, 0.90)):
    needed = math.ceil(2.8**2 * (share * (1 - share) + other * (1 - other)) / (share - other) ** 2)
    print(f"{share:.2f} against {other:.2f}: {needed:4} films each")

# %% [markdown]
# A round of ours has 128 films, so five points of a hundred will be a tie:
# **plan for a change that is large enough to be seen**. Two remarks in small
# print. Two intervals that must not overlap are a stricter rule than the one
# of the formula, so the board needs still more films. And all teams are
# scored on the same films; comparing them film by film (lesson 06) would need
# fewer.

# %% [markdown]
# ## 6. Red team, first attack: copies
#
# How would *you* win the realism track without any work? Hand in training
# films. They are as real as can be. If somebody compares pixels, mirror them,
# make them brighter, add grain. So the score has to see a copy through such
# disguises. What stays the same when a film becomes brighter and flatter? Its
# *correlation* with the original.

# %% [markdown]
# ### Exercise 14.3: a copy by any other name
# *difficulty 3 of 5 · 10 minutes*
#
# Write `likeness(film, reference)`, both float arrays (S, S). Return the
# correlation over the pixels (-1..1) of the reference with the film or with
# its mirror image (left and right exchanged), whichever is higher. Brightness
# (adding a number) and contrast (multiplying by a positive one) must not
# matter. If one of the two is all one grey, return 0.
#
# <details><summary>Hint 1</summary><code>film[:, ::-1]</code> is the mirror
# image.</details>
#
# <details><summary>Hint 2</summary><code>np.corrcoef(a.ravel(), b.ravel())[0,
# 1]</code> is the correlation; it subtracts the means for you.</details>
#
# <details><summary>Hint 3</summary>Ask <code>film.std() == 0</code> first, or
# you will divide by zero.</details>


# %% tags=["exercise"]
def likeness(film, reference):
    """Correlation (-1..1) of ``reference`` with ``film`` or its mirror image, whichever is higher; both (S, S)."""
    ### BEGIN SOLUTION
    if film.std() == 0 or reference.std() == 0:
        return 0.0
    turned = (film, film[:, ::-1])
    return max(float(np.corrcoef(view.ravel(), reference.ravel())[0, 1]) for view in turned)
    ### END SOLUTION


# %% tags=["check"]
check.likeness(likeness)

# %% [markdown]
# Is that enough? Try it on films of your source. The *suspects* are training
# films in five disguises. The *innocents* are other films, which nobody
# copied. A detector is useful if a line can be drawn between them.

# %%
from scipy import ndimage

known = stack(course.cases(60), 64)
innocent = stack(course.cases(40, split="test"), 64)
taken = known[:40]
noise = np.random.default_rng(1).normal(0, 0.04, taken.shape)
SETS = {
    "other films": innocent,
    "as it is": taken,
    "mirrored": taken[:, :, ::-1],
    "brighter, flatter": 0.6 * taken + 0.35,
    "grain": taken + noise,
    "moved by 3 pixels": ndimage.shift(taken, (0, 2, -3), mode="nearest"),
    "mixed, 7 to 3": 0.7 * taken + 0.3 * np.roll(taken, 1, axis=0),
}

# %% [markdown]
# For each film we take the highest likeness to any of the 60 known films:
# once by your rule, and once by the library's. The library asks the same
# question, of the **middle band** of the film only: broad brightness is taken
# out, and grain as well, and small shifts are undone
# (`evaluation.memorisation`).

# %%
from medigenx_lib.evaluation.memorisation import COPY_SIMILARITY, most_similar


def plain(films):
    """Highest correlation of each film, or its mirror image, with a known one."""
    flat = known.reshape(len(known), -1)
    views = (films.reshape(len(films), -1), films[:, :, ::-1].reshape(len(films), -1))
    return np.max([np.corrcoef(view, flat)[: len(films), len(films) :].max(1) for view in views], axis=0)


def band(films):
    """The same in the middle band, shifts undone."""
    views = (films.astype(np.float32), films[:, :, ::-1].astype(np.float32))
    return np.max([most_similar(view.copy(), known)[1] for view in views], axis=0)


# %%
found = {name: (plain(films), band(films)) for name, films in SETS.items()}
fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.2), sharey=True)
for axis, which, title in zip(axes, (0, 1), ("all of the film", "middle band, shifts undone"), strict=True):
    for row, (name, values) in enumerate(found.items()):
        colour = course.PALETTE.blue if name == "other films" else course.PALETTE.red
        _ = axis.plot(values[which], np.full(len(values[which]), row), "|", color=colour, markersize=12)
    _ = axis.set(title=title, xlabel="highest likeness to a known film", xlim=(None, 1.02))
axes[1].axvline(COPY_SIMILARITY, color="black", linestyle=":")
axes[0].set_yticks(range(len(found)), list(found))
axes[0].invert_yaxis()
course.show(
    fig, alt="Likeness of seven sets of films; whole films are all alike, in the middle band copies stand apart."
)

# %% [markdown]
# On the left all chests are alike: every one has two dark lungs and a bright
# middle, so a stranger comes out nearly as like as a copy that was moved. On
# the right they come apart. The dotted line is the threshold of the score. No
# threshold is perfect: mix in enough of another film and the likeness sinks.
# So the score also asks whether *two* training films explain a film together
# (`medigenx_lib/evaluation/blends.py`). An attack that half works is worth a
# page in the red team's report.

# %%
# NBVAL_CHECK_OUTPUT
caught = {name: (values[1] >= COPY_SIMILARITY).mean() for name, values in found.items()}
for name in ("as it is", "mirrored", "brighter, flatter"):
    print(f"{name:18} at least 95 % caught: {bool(caught[name] >= 0.95)}")
print("of other films fewer than half:", bool(caught["other films"] < 0.5))

# %% [markdown]
# (Innocents may lie beyond the line. In real collections a patient often has
# several films, and in a simulation two patients may just be alike. So the
# score asks how many copies there are *beyond what unseen real films show*.)
# Now hand the disguised films in, under a harmless name.

# %%
chosen = np.r_[np.flatnonzero(truth == 0)[:32], np.flatnonzero(truth == 1)[:32]]
disguised = 0.8 * images[chosen][:, :, ::-1] + 0.1
magpies = score.score(hand_in("Magpies", disguised, truth[chosen], "A new generator, trained very long"), ROUND)
print(f"score {magpies.score:.1f};", *magpies.caught)

# %%
pairs = magpies.nearest[:4]
shown = [film for made, near, _ in pairs for film in (made, near)]
titles = [name for *_, alike in pairs for name in (f"handed in ({alike:.2f})", "training film")]
course.show(
    course.films(shown, titles, columns=4), alt="Four films handed in, each beside the training film it mirrors."
)

# %% [markdown]
# The magpies are out of competition, and the board shows these pairs to the
# jury, with the likeness.
#
# And what does the score *not* see? Look at section 4 again. The films of
# *Ceiling* are phantoms of other seeds, drawn by the simulator itself. No
# score can tell them from honest work. That is why the jury asks for the
# notebook that made the films, and why a board never replaces a jury.

# %% [markdown]
# ## 7. Red team, second attack: say everything
#
# The faithfulness track counts findings. Let a report claim a set of
# findings, such as `{("opacity", "right")}`, and let another set be there.
# **F1** weighs what is claimed wrongly against what is left out.

# %% [markdown]
# ### Exercise 14.4: F1 of findings
# *difficulty 2 of 5 · 8 minutes*
#
# Write `finding_f1(claimed, there)`: two lists of N sets, one of each a film.
# Count over *all* films together: findings both claimed and there, findings
# claimed, findings there. Return 2 · both / (claimed + there), a float in
# 0..1. At least one set is not empty.
#
# <details><summary>Hint 1</summary><code>a &amp; b</code> is what two sets
# share.</details>
#
# <details><summary>Hint 2</summary>Sum up over the films first, divide once at
# the end: a mean of F1s is another number, and undefined on healthy
# films.</details>


# %% tags=["exercise"]
def finding_f1(claimed, there):
    """Micro F1 (0..1) of findings: ``claimed`` and ``there`` are lists of N sets, one a film."""
    ### BEGIN SOLUTION
    both = sum(len(said & known) for said, known in zip(claimed, there, strict=True))
    return 2 * both / (sum(map(len, claimed)) + sum(map(len, there)))
    ### END SOLUTION


# %% tags=["check"]
check.finding_f1(finding_f1)

# %% [markdown]
# Now attack it. The silent team says that everything is normal, and the loud
# one that everything is ill. *Both ways* claims each finding and denies it in
# the next sentence: something will be right. Beside them stand the baseline
# (the report writer behind the gate, lesson 11) and what somebody would write
# who knew the truth. Who wins? Guess the order.

# %%
CLEAR = ["No opacity in the right lung.", "No opacity in the left lung.", "No pleural effusion on either side."]
FULL = [
    "There is an opacity in the right lower zone.",
    "There is an opacity in the left lower zone.",
    "There is a right pleural effusion.",
    "There is a left pleural effusion.",
    "The heart is enlarged.",
]
REPORTS_ROUND = course.by_profile(fast="6000000-6000031", class_=hidden.PRACTICE)
asked = hidden.cases(REPORTS_ROUND).to_report

# %%
from medigenx_lib.text import grammar

texts = {
    "Silence": [" ".join(CLEAR)] * len(asked),
    "Loud": [" ".join(FULL)] * len(asked),
    "Both ways": [" ".join(FULL + CLEAR)] * len(asked),
    "Knows the truth": [grammar.report(hidden.truth(film), seed) for seed, film in enumerate(asked)],
}
for team, reports in texts.items():
    rows = [f'{hidden.film_name(film)},"{text}"' for film, text in zip(asked, reports, strict=True)]
    write_json(home / team / "submission.json", {"team": team, "track": "faithfulness", "title": "An example"})
    _ = (home / team / "reports.csv").write_text("film,report\n" + "\n".join(rows), encoding="utf-8")

# %%
written = new.baseline(home / "Report writer", "Report writer", tracks.track("faithfulness"))
spoken = [score.score(place, REPORTS_ROUND) for place in (*(home / team for team in texts), written)]
for rank, result in board.ranks(spoken):
    print(
        f"{rank or 'out':>3} {result.team:16}{result.score:5.1f} ({result.low:.1f} to {result.high:.1f})",
        *result.caught,
    )

# %% [markdown]
# Silence never lies, and scores nothing: F1 asks for what is there. Loud is
# better than nothing, and no more than that: it is the floor of this track,
# and your team should know it by heart. To have it both ways is put out of
# competition. The report writer is honest about what it *measured*; the gap to
# the first row is what the measurement misses, and the gap is your project.

# %%
# NBVAL_CHECK_OUTPUT
value = {result.team: result.score for result in spoken}
print("silence scores nothing:", value["Silence"] == 0)
print("knowing the truth scores all:", value["Knows the truth"] > 99)
print("the writer beats the loud:", value["Report writer"] > value["Loud"])
print("out of competition:", [result.team for result in spoken if result.caught])

# %% [markdown]
# ## 8. The board, and the jury
#
# On the last day the instructor scores all folders on films that nobody has
# seen and writes the board: `medigenx project board teams/* --cases SEEDS`.
# It is one page without scripts. Here is ours; this is its first table.

# %%
import re

from IPython.display import HTML, display

path = board.write_board(home / "board.html", [*results, magpies, *spoken])
page = path.read_text(encoding="utf-8")
table = re.search(r"<table>.*?</table>", page, re.DOTALL)[0]
display(HTML(table.replace('class="bar"', 'style="width: 140px; height: 14px"')))

# %% [markdown]
# And the same as a figure, both tracks, for the slide that every talk needs.

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 2.8))
for axis, group, title in zip(axes, ([*results, magpies], spoken), ("realism", "faithfulness"), strict=True):
    placed = board.ranks(group)
    for row, (rank, result) in enumerate(placed):
        colour = course.PALETTE.red if rank is None else course.PALETTE.blue
        _ = axis.plot([result.low, result.high], [row, row], color=colour, linewidth=5, alpha=0.5)
        _ = axis.plot(result.score, row, "o", color=colour)
    axis.set_yticks(range(len(placed)), [f"{result.team} ({rank or 'out'})" for rank, result in placed])
    axis.invert_yaxis()
    _ = axis.set(title=title, xlabel="score", xlim=(-3, 103))
course.show(
    fig, alt="Scores with intervals and ranks of both tracks; copies and reports that have it both ways are out."
)

# %% [markdown]
# Scores are not the end. A jury judges by a written rubric, and its points are
# not added to the score. A good question honestly answered with "no" can win.

# %%
for criterion, full, nothing in tracks.RUBRIC:
    print(f"{criterion:9} 4 points: {full}\n{'':9} 0 points: {nothing}")

# %%
for when, what in tracks.MILESTONES:
    course.tell(f"{when}: {what}", hang=4)

# %% [markdown]
# ### Before you leave the room
#
# 1. Track chosen, roles taken, names in the folder's README.
# 2. The baseline scored once by *you*, with its interval.
# 3. The plan written, with its no, and its fingerprint handed in.
# 4. Ask `films_needed` (or the slider) whether your change could be seen.
# 5. The red team's first idea, in a sentence.
#
# ## Summary
#
# - The question has an answer with three parts. In our measurements, text
#   held against numbers helped, and so did simulation with truth; trust
#   carried to another place harmed; the use of generated films stays open.
# - A score stands between a floor and a ceiling, on unseen films, with an
#   interval; teams whose intervals overlap are tied.
# - Small differences need many films. Work the number out first.
# - A copy detector has to see through disguises and must not accuse the
#   innocent; ask what chance finds.
# - Write down what would be a no before you begin, and attack your own work
#   before somebody else does.
#
# ## Quiz

# %%
course.quiz(
    "Team A scores 62 (54 to 70), team B 68 (61 to 75). What stands on the board?",
    {
        "Both have the same rank": "The intervals overlap, so neither lies wholly above the other.",
        "B is first, A second": "With other unseen films it might be the other way round.",
        "Both are equally good": "A tie says that these films cannot tell, not that there is no difference.",
    },
    answer="Both have the same rank",
)

# %%
course.quiz(
    "You halve the difference that you want to see. How many films do you need now?",
    {
        "About twice as many": "The difference stands in the formula squared.",
        "About four times as many": "n goes with one over the difference squared.",
        "As many as before": "Then every study could be as small as one likes.",
    },
    answer="About four times as many",
)

# %%
course.quiz(
    "3 % of your films count as copies, and 6 % of unseen real films do too. What follows?",
    {
        "You copied 3 % of your films": "Unseen films cannot be copies, and more of them are that alike.",
        "Your share is not above what chance finds": "Without the comparison an honest team would be accused.",
        "The detector is useless": "Chance has a rate, and what lies far above it is caught.",
    },
    answer="Your share is not above what chance finds",
)

# %%
course.quiz(
    "Your change did not help. The plan called this result a no. What do you show the jury?",
    {
        "The no, with its interval, first": "It is a result. Evidence and honesty are two of five criteria.",
        "The best of five seeds": "That is choosing the result, and the plan did not say so.",
        "Another score on which it looks better": "Then the question was chosen after the answer.",
    },
    answer="The no, with its interval, first",
)

# %% [markdown]
# ## Where to go next
#
# - `medigenx project new TEAM --track TRACK`, and a week.
# - De Angelis et al., "Clinical trial registration: a statement from the
#   International Committee of Medical Journal Editors", *New England Journal
#   of Medicine* 351, 2004: a page and a half.
# - Kynkäänniemi et al., "Improved precision and recall metric for assessing
#   generative models", NeurIPS 2019: the score of the realism track.
# - Found a hole in the score? Tell us. It is worth more than the first place.
