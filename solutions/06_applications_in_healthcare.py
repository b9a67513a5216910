# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Applications in healthcare
#     key_point: Where generated films could help (training data, privacy, teaching) and where they can harm (bias, copies), each put to a test.
#     answer: It puts four promises made for generated films to a test, each beside a control that could beat it, and shows one way in which they do harm.
#     teaching: 50
#     exercises: 40
#     prerequisites: [1, 2, 3]
#     objectives:
#       - Run a small study of synthetic training data with the control that usually is left out
#       - Put an interval on every figure, and say what it does not cover
#       - Search generated films for copies of patients, and test the search by planting some
#       - Use simulated pairs to teach and to test readers
#       - Find a shortcut that a network has learnt, and show whom it harms
#     accelerator: none
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. Four promises
#
# Papers and companies promise four things of generated medical images:
#
# | promise | what must be shown | section |
# |---|---|---|
# | more training data | a better score on **real** films than *the same real films shown more often* | 2 |
# | data that can be shared | no patient can be found in it, by a search that **finds planted ones** | 3 |
# | teaching | cases whose truth is *known*, not guessed | 4 |
# | fairness | that rare groups gain, and that no shortcut is copied | 5 |
#
# None of them is true or false in general. Each is a measurement. This
# lesson measures something on all four, small enough for a laptop, honest
# enough to learn from. (Of fairness, the half that does harm: the shortcut.)
# None of it is for clinical use.
#
# ### A generator knows what it has seen, and what it assumes
#
# A toy first: dots of two classes. The "generator" is the simplest there is,
# a bell-shaped cloud fitted to the few real dots of each class. We train a
# nearest-neighbour classifier on 24 real dots, on 200 generated ones, or on
# both, in two worlds. In one, each class *is* a cloud. In the other, one
# class lies between the two ends of the other. What do you expect?

# %%
import numpy as np


def clouds(n, rng):
    """n dots (n, 2) and classes (n,): one cloud for each class."""
    kind = np.arange(n) % 2
    return rng.normal(0, 1, (n, 2)) + 1.6 * kind[:, None], kind


def ends(n, rng):
    """n dots (n, 2) and classes (n,): class 0 in the middle, class 1 at both ends."""
    kind, end = np.arange(n) % 2, rng.choice([-2, 2], n)
    return np.stack([kind * end, np.zeros(n)], 1) + rng.normal(0, 0.5, (n, 2)), kind


def generate(dots, kind, n, rng):
    """n new dots of each class from a cloud with the mean and spread of the real ones."""
    parts = [rng.multivariate_normal(dots[kind == k].mean(0), np.cov(dots[kind == k].T), n) for k in (0, 1)]
    return np.concatenate(parts), np.repeat([0, 1], n)


# %%
import matplotlib.pyplot as plt

from medigenx_lib import course

fig, axes = plt.subplots(1, 4, figsize=(10.5, 2.7), sharex=True, sharey=True)
for pair, world in zip((axes[:2], axes[2:]), (clouds, ends), strict=True):
    rng = np.random.default_rng(1)
    dots, kind = world(24, rng)
    for axis, (points, of), name in zip(
        pair, [(dots, kind), generate(dots, kind, 100, rng)], ["real", "generated"], strict=True
    ):
        for k in (0, 1):
            axis.scatter(*points[of == k].T, s=14, alpha=0.7, color=course.PALETTE[k], marker="os"[k])
        axis.set_title(f"{world.__name__}, {name}")
course.show(
    fig,
    alt="Real and generated dots. In the world of clouds both look alike; in the world of ends the real dots of "
    "one class leave the middle to the other, and its generated dots fill it.",
)

# %%
# NBVAL_CHECK_OUTPUT
from sklearn.neighbors import KNeighborsClassifier

for world in (clouds, ends):
    scores = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        (dots, kind), (test, truth) = world(24, rng), world(300, rng)
        made, of = generate(dots, kind, 100, rng)
        sets = [(dots, kind), (made, of), (np.vstack([dots, made]), np.r_[kind, of])]
        scores.append([KNeighborsClassifier(5).fit(*films).score(test, truth) for films in sets])
    real, generated, both = np.mean(scores, axis=0)
    print(f"{world.__name__:6} real {real:.2f}   generated {generated:.2f}   both {both:.2f}")

# %% [markdown]
# The generator added nothing that was not in the 24 dots. Where its
# assumption held, its dots were as good as real ones and no better. Where it
# did not hold, one bell over two ends put dots into the middle, and there
# they drowned the real ones: both together did worse than the 24 alone. A
# GAN assumes less than a bell, but the lesson stays: **generated data carry
# the assumptions of whoever generated them.**

# %% [markdown]
# ## 2. More training films? A small study
#
# Now films. A hospital has few labelled films and wants to tell normal from
# pneumonia. Our shipped generator offers as many more. Four training sets:
#
# 1. **real**: 40 real films;
# 2. **generated**: 40 generated ones alone;
# 3. **real + generated**;
# 4. **real twice**: the same 40 films, shown twice as often.
#
# **"Real twice" is the control that most papers leave out.** "Real +
# generated" gets twice as many training steps; if it wins, was it the new
# films or the longer training?
#
# One warning before the figures: our generator has seen 4,701 real films of
# one hospital. It is not a free lunch for somebody with 40; it is help from
# somebody with 4,701. (With phantoms as the source of "real" films it is
# also help from *another world*: it has never seen a phantom.)

# %%
from medigenx_lib.gan import sampling

made = sampling.sample([0, 1] * 20, seed=3)
real = course.cases(300)
test = course.cases(128, split="test")
fig = course.films([*real[:4], *made[:4]], ["real"] * 4 + ["generated"] * 4, columns=4)
course.show(fig, alt="Four films of the source, and four generated ones below them.")

# %% [markdown]
# Write down your guess: which set wins, and by how much? Then run the study.
# Each set trains a small network from scratch, for several seeds; a seed
# draws other real films and starts the network from other weights.

# %%
from medigenx_lib.evaluation import utility

study = utility.usefulness(real, test, made, seeds=range(course.by_profile(4, 10)), steps=course.by_profile(80, 200))
scores = study.pivot(index="seed", columns="trained on", values="auc")

# %%
from scipy import stats

order = ["real", "real twice", "generated", "real + generated"]
fig, axis = plt.subplots(figsize=(7, 2.8))
for row, name in enumerate(order):
    axis.scatter(scores[name], np.full(len(scores), row), alpha=0.6)
    axis.plot([scores[name].mean()] * 2, [row - 0.3, row + 0.3], color="black")
axis.set(yticks=range(4), yticklabels=order, xlabel="area under the ROC curve on held-out real films")
axis.axvline(0.5, linestyle=":", color="black")
course.show(fig, alt="Scores of networks trained on four kinds of sets, one dot for each seed, the mean as a line.")

# %% [markdown]
# Dots that overlap: are the differences real? Each seed gave all four sets
# the same conditions, so we may compare **within** seeds. That is a *paired*
# comparison: the mean of the differences, and how sure we are of it.

# %% [markdown]
# ### Exercise 6.1: an interval on a difference
# *difficulty 3 of 5 · 10 minutes*
#
# Write `paired_interval(a, b)`: two arrays (n,) of scores, a[i] and b[i]
# from the same seed. Return three numbers: the mean of `a - b` and the two
# ends of its 95 % interval by Student's t:
#
# $$ \bar d \pm t_{0.975,\,n-1} \cdot \frac{s_d}{\sqrt{n}} $$
#
# with $s_d$ the standard deviation of the differences, dividing by $n - 1$.
#
# <details><summary>Hint 1</summary>Take the differences first. Everything
# else is about them alone.</details>
#
# <details><summary>Hint 2</summary><code>d.std(ddof=1)</code> divides by
# n - 1.</details>
#
# <details><summary>Hint 3</summary><code>stats.t.ppf(0.975, n - 1)</code> from
# scipy is the factor.</details>


# %% tags=["exercise"]
def paired_interval(a, b):
    """Mean of ``a - b`` (n,) and the lower and upper end of its 95 % interval."""
    ### BEGIN SOLUTION
    d = np.asarray(a) - np.asarray(b)
    half = stats.t.ppf(0.975, len(d) - 1) * d.std(ddof=1) / np.sqrt(len(d))
    return d.mean(), d.mean() - half, d.mean() + half
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_06 as check

check.paired_interval(paired_interval)

# %% [markdown]
# Now the study: each way of adding films against the real films shown twice,
# seed by seed.

# %%
for name in ("real", "generated", "real + generated"):
    gain = scores[name] - scores["real twice"]
    low, high = stats.t.interval(0.95, len(gain) - 1, loc=gain.mean(), scale=stats.sem(gain))
    verdict = "better than" if low > 0 else "worse than" if high < 0 else "cannot be told from"
    print(f"{name:17} {gain.mean():+.3f} [{low:+.3f}, {high:+.3f}]   {verdict} 'real twice'")

# %% [markdown]
# Read the intervals, not the means, and ask for each line what was compared.
# With phantoms as the real films, the generated ones are strangers (children
# of one hospital), and adding them does not beat showing the real ones twice;
# in several of our runs it cost a little. Against plain "real", which had half
# the training steps, repetition alone can look like a gain. That is how a
# control saves a paper from a wrong title.
#
# With real children's films it depends on *whose* generator it is. The
# course's bench ([benchmarks](../benchmarks/README.md), "Does synthetic data
# help?"; AUC gained over "real twice", 90 % intervals over five seeds):
#
# | generator trained on | 25 real films a class | 50 |
# |---|---|---|
# | those few films | +.002 [-.003, +.008] | +.000 [-.002, +.002] |
# | 4,701 films of the hospital | +.011 [+.002, +.019] | +.006 [+.004, +.008] |
#
# A GAN of your own few films gives nothing that showing them twice does not
# give. A GAN of somebody who had 4,701 gives a little: it carries what those
# films knew, and with 250 films a class of your own +.001 is left of it.
#
# Others found gains. Frid-Adar et al. (*Neurocomputing* 321, 2018) trained on
# 182 liver lesions: sensitivity rose from 78.6 % with ordinary augmentation to
# 85.7 % with GAN lesions added. Ask of every such study: what was the
# control, how many seeds, whose test films?

# %%
course.think(
    "The interval above comes from seeds: other real films, other starting weights. Name two things that would change "
    "the result and that it does not cover.",
    "The test films: another 128 would give another score (bootstrap them). The generator: it was trained once, with "
    "one seed, on one hospital. The hospital: none of these seeds sees another one. An interval covers what was "
    "varied, and nothing else.",
)

# %% [markdown]
# ## 3. Privacy: is there a patient in there?
#
# "Synthetic, so nobody's data" is wrong as a rule. A generator can store
# films and give them back. In 2025 Dar et al. (*Nature Biomedical
# Engineering*) found 37 % of the patients' images of their training sets
# memorised by latent diffusion models; GANs stored less. So we look for
# copies, and we do it in three steps: a way to compare, a threshold, and a
# test of the search itself.
#
# The first idea is the correlation of pixels with each training film.

# %% [markdown]
# ### Exercise 6.2: the nearest training film
# *difficulty 3 of 5 · 10 minutes*
#
# Write `nearest(film, train)`: `film` (H, W), `train` (N, H, W). Return the
# index of the training film with the highest correlation (Pearson, over
# pixels), and that correlation. It must not mind if the film is brighter or
# has more contrast.
#
# <details><summary>Hint 1</summary>Turn each film into a row of pixels and
# take its mean away. Brightness is gone.</details>
#
# <details><summary>Hint 2</summary>Divide each row by its length
# <code>np.linalg.norm(rows, axis=1, keepdims=True)</code>. Contrast is
# gone.</details>
#
# <details><summary>Hint 3</summary>The products <code>rows @ row</code> are
# now the correlations; <code>argmax</code> finds the best.</details>


# %% tags=["exercise"]
def nearest(film, train):
    """Index of the training film that correlates best with ``film``, and the correlation."""
    ### BEGIN SOLUTION
    rows = train.reshape(len(train), -1) - train.mean((1, 2))[:, None]
    row = film.ravel() - film.mean()
    likeness = rows @ row / (np.linalg.norm(rows, axis=1) * np.linalg.norm(row))
    return int(likeness.argmax()), float(likeness.max())
    ### END SOLUTION


# %% tags=["check"]
check.nearest(nearest)

# %% [markdown]
# Now test the search. We plant twelve *disguised copies* of films that we
# have at hand: moved by up to three pixels, darker, with grain. And we take
# films of **other** patients, which are no copies for sure. A good detector
# puts a gap between the two.

# %%
train = np.stack([case.image for case in real])
others = np.stack([case.image for case in test[:60]])
rng = np.random.default_rng(4)


def disguised(film):
    """The film moved by up to 3 pixels, darker, with grain: still the same patient."""
    moved = np.roll(film, rng.integers(-3, 4, size=2), axis=(0, 1))
    return np.clip(0.85 * moved + rng.normal(0, 0.03, film.shape), 0, 1).astype(np.float32)


planted = np.stack([disguised(train[place]) for place in range(0, 120, 10)])

# %% [markdown]
# And the generated films? They must be compared with the films that trained
# *their* generator. Those are 4,701 real ones, and they do not come with the
# course. What comes is a **fingerprint** of each: on which side of 2,048
# random planes its middle band of detail lies (ribs, vessels, heart border).
# The more signs two fingerprints share, the higher the correlation of the
# two bands, known to about 0.03 (Charikar, STOC 2002). So we test the search
# by fingerprints on our planted copies, and then ask it about the generator.

# %%
from medigenx_lib.evaluation import fingerprints, memorisation

of_generator = fingerprints.load()
at_hand = fingerprints.Fingerprints(fingerprints.fingerprints(real), [film.label for film in real], range(len(real)))


def correlation(films, train):
    """Highest pixel correlation (N,) of each film with any training film."""
    flat = [images.reshape(len(images), -1) for images in (films, train)]
    unit = [(rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True) for rows in flat]
    return (unit[0] @ unit[1].T).max(1) / flat[0].shape[1]


sets = {"planted copies": planted, "other patients": others}
by_pixels = {name: correlation(films, train) for name, films in sets.items()}
by_detail = {name: at_hand.similarities(films).max(1) for name, films in sets.items()}
by_detail["generated"] = of_generator.similarities(made).max(1)

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 2.6), sharey=True)
for axis, found, name in zip(axes, (by_pixels, by_detail), ("pixels", "aligned detail"), strict=True):
    for row, values in enumerate(found.values()):
        axis.scatter(values, np.full(len(values), row), alpha=0.5)
    axis.set(yticks=range(3), yticklabels=list(by_detail), xlabel=f"correlation with the nearest film, {name}")
axes[0].text(0.5, 2, "training films not at hand", transform=axes[0].get_yaxis_transform(), ha="center", va="center")
axes[1].axvline(memorisation.COPY_SIMILARITY, color="black", linestyle=":")
course.show(
    fig,
    alt="Likeness to the nearest film. By pixels, planted copies and other patients overlap; by the fingerprints of "
    "aligned detail they are apart, and generated films, against their own training films, lie below the line too.",
)

# %%
# NBVAL_CHECK_OUTPUT
copies = {name: int((values >= memorisation.COPY_SIMILARITY).sum()) for name, values in by_detail.items()}
print(f"planted copies found:          {copies['planted copies']} of 12")
print(f"other patients called copies:  {copies['other patients']} of 60")
print(f"generated films called copies: {copies['generated']} of 40, of {len(of_generator):,} training films")

# %% [markdown]
# By pixels, a disguised copy looks no more like its original than strangers
# look like each other: all chests are alike. The library's search looks at
# the middle frequencies, where people differ, and tries small shifts. Only a
# search that *finds planted copies* may say "no copies found".
#
# Mind that the nearest of 4,701 films is alike by chance already. Where the
# children's films are at hand we looked: 160 real ones that the generator
# never saw are like the nearest of those that it saw to .73 in the median and
# to .84 at most; 160 generated ones to .75 and .84. None reaches .85. So its
# films are hardly nearer to their training films than strangers are.
#
# Where copies were planted, we can look at what was found. Of the generator's
# training films we have no more than the names.

# %%
index = at_hand.similarities(planted[:3]).argmax(1)
pairs = [picture for place in range(3) for picture in (planted[place], train[index[place]])]
fig = course.films(pairs, ["planted copy", "film that was found"] * 3)
course.show(
    fig, alt="Three planted copies, darker and grainy, each beside the film that the search found: its original."
)

# %%
for film, nearest in zip(made[:3], of_generator.nearest(made[:3]), strict=True):
    print(f"{film.id}: nearest {nearest.name} ({nearest.label_name}), similarity about {nearest.similarity:.2f}")

# %% [markdown]
# Zero copies among 40 films is good, and less than it sounds. How rare could
# copies still be? The next exercise answers that.

# %% [markdown]
# ### Exercise 6.3: how sure is "none of 40"?
# *difficulty 2 of 5 · 8 minutes*
#
# Write `wilson(hits, n)`: the two ends of Wilson's 95 % interval for a share,
# with $p$ = `hits` / `n` and $z = 1.96$:
#
# $$ \frac{p + \frac{z^2}{2n} \pm z\sqrt{\frac{p(1-p)}{n} + \frac{z^2}{4n^2}}}
#          {1 + \frac{z^2}{n}} $$
#
# Unlike $p \pm z\sqrt{p(1-p)/n}$ it stays sensible at 0 and at 1. Source:
# Wilson, *Journal of the American Statistical Association* 22 (1927).
#
# <details><summary>Hint 1</summary>Compute the centre, the half width and the
# divisor as three numbers, then put them together.</details>
#
# <details><summary>Hint 2</summary>With 0 hits the lower end is 0 and the
# upper end about <code>z² / (n + z²)</code>.</details>


# %% tags=["exercise"]
def wilson(hits, n):
    """Lower and upper end of the 95 % interval for the share hits / n."""
    ### BEGIN SOLUTION
    z, p = 1.96, hits / n
    centre = p + z**2 / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return (centre - half) / (1 + z**2 / n), (centre + half) / (1 + z**2 / n)
    ### END SOLUTION


# %% tags=["check"]
check.wilson(wilson)

# %%
# NBVAL_CHECK_OUTPUT
for films in (40, 400, 4000):
    upper = stats.binomtest(0, films).proportion_ci(method="wilson").high
    print(f"0 copies among {films:4}: up to {100 * upper:.2f} % of all films could still be copies")

# %% [markdown]
# ## 4. Simulation for teaching
#
# A student who learns to read films needs cases whose truth is known. Real
# films have labels that somebody *thought*. A simulation has truth, and one
# thing that reality never has: **the same patient, the same day, without
# the disease.**

# %%
from medigenx_lib import phantom


def draw_pair(patient, show_truth):
    """One simulated patient with pneumonia; with the truth: healthy, the difference, and the mask."""
    healthy, ill = phantom.counterfactual(patient, size=128)
    if not show_truth:
        return course.films([ill], ["what do you see?"])
    change = np.clip(0.5 + ill.image - healthy.image, 0, 1)
    seen = course.films(
        [ill, healthy, change, ill.masks["opacity"].astype(float)],
        ["with pneumonia", "without", "difference", "opacity"],
    )
    words = [" ".join([f.kind, f.side or "", " and ".join(f.zones)]).strip() for f in ill.findings.present()]
    seen.supxlabel("; ".join(words), fontsize=9)
    seen.set_figheight(seen.get_figheight() + 0.3)
    return seen


# %% [markdown]
# Guess first: untick *show truth*, move to another patient, and say aloud
# where the pneumonia is. (*Cardiomegaly*, which the line below the films may
# name, is an enlarged heart.)

# %%
course.interact(
    draw_pair,
    patient=(0, 30, 1, 7),
    show_truth=True,
    alt="A simulated film with pneumonia, the same patient without, their difference, and the opacity.",
)

# %% [markdown]
# With known truth, a reader can be *tested*, and so can a machine. Here is a
# very simple machine: it compares the mean grey of the two lungs and calls
# pneumonia if they differ by much. Known truth gives its sensitivity and
# specificity, with intervals, as for a human reader.


# %%
def uneven(case):
    """Difference of the mean greys of right and left lung."""
    right, left = (case.image[case.masks[name]].mean() for name in ("right_lung", "left_lung"))
    return abs(right - left)


# %%
# NBVAL_CHECK_OUTPUT
exam = [case for seed in range(60) for case in phantom.counterfactual(seed + 500)]
called = np.array([uneven(case) > 0.08 for case in exam])
truth = np.array([case.label == 1 for case in exam])
for name, hits, n in (
    ("sensitivity", (called & truth).sum(), truth.sum()),
    ("specificity", (~called & ~truth).sum(), (~truth).sum()),
):
    low, high = stats.binomtest(int(hits), int(n)).proportion_ci(method="wilson")
    print(f"{name}: {hits / n:.2f} [{low:.2f}, {high:.2f}] on {n} simulated films")

# %% [markdown]
# All this has a limit. A reader who is perfect on our phantoms has learnt *our
# phantoms*. They hold three kinds of findings. A hospital holds hundreds,
# and the surprising ones matter most. Simulation is for the first hours, as
# in a flight simulator, not instead of the hospital.

# %% [markdown]
# ## 5. Bias: the marker that makes the diagnosis
#
# In 2018 Zech et al. (*PLOS Medicine*) showed that networks for pneumonia had
# learnt which hospital a film came from, partly by the metal side marker in
# its corner. In one hospital far more patients had pneumonia. DeGrave et al.
# (*Nature Machine Intelligence*, 2021) found the same kind of *shortcut* in
# networks for COVID-19.
#
# We make it happen. In our training set, 95 % of the pneumonia films carry a
# small text box, and 5 % of the normal ones: the ward's portable machine
# prints it, the out-patient department's does not.


# %%
def boxed(films, share, seed):
    """The films (N, H, W) with a white box burnt in where a draw falls below ``share`` (N,); and which."""
    out, chosen = films.copy(), np.random.default_rng(seed).random(len(films)) < share
    out[chosen, 2:5, 3:9] = 1.0
    return out, chosen


def small(cases):
    """Films (N, 32, 32) and labels (N,)."""
    return np.stack([case.image.reshape(32, 2, 32, 2).mean((1, 3)) for case in cases]), np.array(
        [case.label for case in cases]
    )


(films, labels), (unseen, truth) = small(course.cases(400)), small(course.cases(128, split="test"))
biased, _ = boxed(films, np.where(labels == 1, 0.95, 0.05), seed=0)
fig = course.films([biased[labels == k][i] for k in (0, 1) for i in range(4)], ["normal"] * 4 + ["pneumonia"] * 4, 4)
course.show(fig, alt="A small white box in the upper left corner of all pneumonia films and one normal film.")

# %% [markdown]
# The classifier is a logistic regression, because one can look at what it
# learnt: a weight for each pixel. One is trained on the biased films, one on
# the same films without any box. Both are tested on unseen patients, three
# times: with the box as in training, without any, and with the box *on the
# normal films instead*.

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

models = {
    name: LogisticRegression(C=0.01, max_iter=500, class_weight="balanced").fit(shown.reshape(len(shown), -1), labels)
    for name, shown in {"with the shortcut": biased, "without": films}.items()
}
worlds = {
    "box as in training": np.where(truth == 1, 0.95, 0.05),
    "no box": np.zeros(len(truth)),
    "box on the normal": np.where(truth == 1, 0.05, 0.95),
}
auc = {}
for name, model in models.items():
    for world, share in worlds.items():
        seen, _ = boxed(unseen, share, seed=1)
        auc[name, world] = roc_auc_score(truth, model.decision_function(seen.reshape(len(seen), -1)))
        print(f"trained {name:18} tested {world:19} AUC {auc[name, world]:.2f}")

# %%
# NBVAL_CHECK_OUTPUT
biased_auc = [auc["with the shortcut", world] for world in worlds]
print("in its own hospital it looks excellent:", biased_auc[0] > 0.9)
print("without the box it is worse:           ", biased_auc[1] < biased_auc[0] - 0.02)
print("with the box on the others, worse still:", biased_auc[2] < biased_auc[1] - 0.05)

# %%
fig, axes = plt.subplots(1, 2, figsize=(7.5, 2.9))
for axis, (name, model) in zip(axes, models.items(), strict=True):
    weights, most = model.coef_.reshape(32, 32), abs(model.coef_).max()
    shown = axis.imshow(weights, cmap="PuOr_r", vmin=-most, vmax=most)
    bar = fig.colorbar(shown, ax=axis, shrink=0.7, ticks=[-most, 0, most])
    bar.ax.set_yticklabels(["bright: normal", "no weight", "bright: ill"])
    axis.set_title(f"trained {name}")
    axis.axis("off")
course.show(
    fig,
    alt="Weights of the two classifiers as pictures: with the shortcut nearly all weight lies on the box "
    "in the corner, without it on the lungs.",
)

# %% [markdown]
# A look at the weights gives it away. Networks have no such picture, but the
# test works on any of them: **burn the box in and see if the answer turns.**
#
# The average score on films of the same hospital, the one that is published,
# was the *best* of the three. **What one needs is the score for each group.**

# %% [markdown]
# ### Exercise 6.4: a score for each group
# *difficulty 3 of 5 · 8 minutes*
#
# Write `accuracy_by_group(called, truth, group)`: three arrays (n,): what
# was called (bool), what is true (bool), and the group (any values). Return a
# dict: group -> *balanced accuracy*, the mean of sensitivity and specificity
# inside that group. A group in which one of the classes is missing has no
# balanced accuracy: leave it out.
#
# <details><summary>Hint 1</summary><code>for value in np.unique(group)</code>
# visits each group; <code>inside = group == value</code> chooses it.</details>
#
# <details><summary>Hint 2</summary>Sensitivity is the share of called among
# the true, specificity the share of not called among the not true.</details>
#
# <details><summary>Hint 3</summary>Skip a group when
# <code>truth[inside].all()</code> or not <code>.any()</code>.</details>


# %% tags=["exercise"]
def accuracy_by_group(called, truth, group):
    """Balanced accuracy 0..1 of each group in which both classes occur."""
    ### BEGIN SOLUTION
    scores = {}
    for value in np.unique(group):
        yes, no = truth & (group == value), ~truth & (group == value)
        if yes.any() and no.any():
            scores[value] = (called[yes].mean() + (~called[no]).mean()) / 2
    return scores
    ### END SOLUTION


# %% tags=["check"]
check.accuracy_by_group(accuracy_by_group)

# %% [markdown]
# Now the groups of our hospital: patients with a box and without. And the
# question behind them: whom does it harm?

# %%
half, has_box = boxed(unseen, np.full(len(truth), 0.5), seed=2)
called = models["with the shortcut"].predict(half.reshape(len(half), -1)) == 1
for box in (True, False):
    ill, well = (truth == 1) & (has_box == box), (truth == 0) & (has_box == box)
    print(
        f"{'with box' if box else 'without'}:  {100 * (1 - called[ill].mean()):.0f} % of {ill.sum()} with pneumonia missed, "
        f"{100 * called[well].mean():.0f} % of {well.sum()} healthy called ill"
    )

# %% [markdown]
# Patients with pneumonia who did *not* come through the ward are missed, and
# they are the ones nobody expects to be ill. The overall figure hides them.
#
# What has this to do with generators? A generator learns the joint picture
# of class and box as eagerly as a classifier does. Ask it for more pneumonia
# and it prints more boxes: **augmentation by a generator multiplies the
# shortcut.** Simulation and controlled generation can also *break* it: make
# films in which the box is independent of the disease.

# %%
# NBVAL_CHECK_OUTPUT
mended, _ = boxed(films, np.full(len(labels), 0.5), seed=3)
both = np.concatenate([biased, mended])
cured = LogisticRegression(C=0.01, max_iter=500, class_weight="balanced").fit(
    both.reshape(len(both), -1), np.r_[labels, labels]
)
seen, _ = boxed(unseen, worlds["box on the normal"], seed=1)
after = roc_auc_score(truth, cured.decision_function(seen.reshape(len(seen), -1)))
print("films with the box drawn at random help:", after > biased_auc[2] + 0.05)

# %% [markdown]
# It helps. In our run it did not bring back all that was lost, because half of
# the training films still carry the lie.
#
# ## Summary
#
# - Synthetic training data must beat **the same real films shown twice**, on
#   real films, over several seeds. Films of a GAN that saw only those few
#   films did not. Films of a GAN that saw 4,701 brought a little (+.011 AUC)
#   to those who had few real ones; added to phantoms, they cost a little.
# - Every figure gets an **interval**, and a sentence on what it leaves out.
# - "No copies found" counts only after **planted copies were found**, and only
#   against the films that *trained* the generator; zero of 40 still allows
#   nearly one in ten.
# - **Simulation** gives truth and counterfactual pairs: for first lessons
#   and for testing, not instead of patients.
# - A **shortcut** makes the published score better and the patient's worse.
#   Score by group, and turn the shortcut round on purpose.

# %% [markdown]
# ## Quiz

# %%
course.quiz(
    "A paper adds 10,000 generated films to 500 real ones and gains 3 points. What do you ask first?",
    {
        "How large is the network?": "Worth knowing, but the same for both arms.",
        "What do 500 real films give when shown as often?": "Yes: longer training alone can bring the gain.",
        "Are the films in colour?": "Chest films are not.",
    },
    answer="What do 500 real films give when shown as often?",
)

# %%
course.quiz(
    "A search for copies finds none among 400 generated films. When does that mean something?",
    {
        "When the films look different to the eye": "An eye cannot compare with 4,701 films.",
        "When the same search finds copies planted on purpose": "Yes: otherwise it may be blind.",
        "When the generator was a GAN": "GANs store less than diffusion models did, but they can.",
    },
    answer="When the same search finds copies planted on purpose",
)

# %%
course.quiz(
    "A classifier has AUC 0.97 in its own hospital and 0.6 elsewhere. Which test would have warned?",
    {
        "More seeds": "They all see the same hospital and the same shortcut.",
        "Scores by group, and the suspected shortcut turned round": "Yes.",
        "A larger test set of the same hospital": "It gives a narrower interval around the wrong answer.",
    },
    answer="Scores by group, and the suspected shortcut turned round",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 07](07_future_prospects.ipynb) asks whether newer generators change
#   the picture.
# - [Lesson 12](12_evaluation_and_optimization.ipynb) scores reports with floors
#   and ceilings.
# - Exercise without a check: burn the box into the films of one class, train
#   the GAN of lesson 05 on them, and count the boxes that it prints.
# - To read: Larrazabal et al., *PNAS* 117 (2020), on training sets with
#   few women; Seyyed-Kalantari et al., *Nature Medicine* 27 (2021), on who
#   is underdiagnosed from chest films; Ravuri and Vinyals, *NeurIPS* 2019, on
#   training with generated images.
