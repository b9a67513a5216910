# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Text-image fusion
#     key_point: Three ways of telling a language model what is on the film, findings as text, continuous tokens as a prefix, and cross-attention, each put to the controls that show whether it listens.
#     answer: A report model that ignores the film can still sound right on most patients; the controls of this lesson expose it in five minutes.
#     teaching: 50
#     exercises: 45
#     prerequisites: [8, 9]
#     objectives:
#       - Put measured findings into a text prompt, and say what is lost on the way
#       - Feed continuous image and radiomics tokens to a language model as a prefix
#       - Write cross-attention by hand
#       - Shuffle, zero and withhold features, and read from the result what a model listens to
#     accelerator: none
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. Two languages, one report
#
# A film is a grid of grey values. Radiomics are a list of numbers. A
# language model knows neither: it knows tokens. **Fusion** is how the one
# gets into the other, and there are three classic ways:
#
# | way | what the model gets | what may be lost |
# |---|---|---|
# | prompt | findings written as text | all that has no words |
# | prefix | vectors that stand *before* the words | nothing on paper |
# | cross-attention | vectors that stand *beside* the words | nothing on paper |
#
# "Nothing on paper" is the dangerous entry. That a model *could* look at the
# film does not mean that it *does*. So half of this lesson is about
# building, and half about catching a model that does not listen.
#
# First the material: a film, what was measured on it, and its radiomics. An
# *opacity* is a bright area in the lung, as pneumonia makes it; an *effusion*
# is fluid beside the lung; *cardiomegaly* is an enlarged heart.

# %%
from medigenx_lib import course, phantom, radiomics, segmentation
from medigenx_lib.cases import replace


def measured(cases):
    """The cases with masks and findings taken from the image alone."""
    blind = [replace(case, masks={}, findings=None) for case in cases]
    return radiomics.measure(segmentation.segment(blind, progress=False), progress=False)


film = measured(course.cases(1, split="test", label=1))[0]
course.show(course.films([film], [film.label_name]), alt="A chest film, labelled pneumonia.")
for finding in film.findings:
    print(finding.kind, finding.side or "", finding.presence, *finding.zones)

# %%
# NBVAL_CHECK_OUTPUT
print(len(radiomics.VECTOR_NAMES), "numbers a film, such as", ", ".join(radiomics.VECTOR_NAMES[1:4]))

# %% [markdown]
# ## 2. Findings as text in the prompt
#
# The simplest fusion needs no new network: write the findings down, put
# them before the report, and let the model go on. A person can read the
# prompt, and so can a lawyer.
#
# ### Exercise 10.1: the prompt
# *difficulty 2 of 5 · 8 minutes*
#
# Write `to_prompt(findings)`. `findings` is a list of dictionaries with
# `kind`, `presence`, `side` (or None) and `extent` (a share 0..1, or None).
# Return one line: for each finding its side (if any), kind, presence, and,
# if it is present and has an extent, the whole percentage as `23 %`; words
# separated by blanks, findings by `"; "`. For example
# `"right opacity present 23 %; cardiomegaly absent"`.
#
# <details><summary>Hint 1</summary>Build a list of words for one finding and
# join it; then join the findings.</details>
#
# <details><summary>Hint 2</summary><code>f"{100 * extent:.0f} %"</code> rounds;
# <code>int()</code> would cut off.</details>


# %% tags=["exercise"]
def to_prompt(findings):
    """One line of text that states all ``findings`` in order."""
    ### BEGIN SOLUTION
    lines = []
    for finding in findings:
        words = [finding["side"], finding["kind"], finding["presence"]]
        if finding["presence"] == "present" and finding["extent"] is not None:
            words.append(f"{100 * finding['extent']:.0f} %")
        lines.append(" ".join(word for word in words if word))
    return "; ".join(lines)
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_10 as check

check.to_prompt(to_prompt)

# %% [markdown]
# The library's prompt says a little more (zones, density, pattern), in a
# fixed order so that the model always finds a fact in the same place:

# %%
from medigenx_lib.text import corpus, fusion

images, vectors = corpus.arrays([film])
course.tell(fusion.prompt(vectors[0]))

# %% [markdown]
# What is lost? The texture features of lesson 08, the picture itself, and
# every "somewhere between". **A prompt can only pass on what somebody thought
# of naming.**
#
# ## 3. Continuous tokens as a prefix
#
# A language model does not work on words but on vectors: each token is
# looked up in a table and becomes 96 numbers. Nobody forces us to take
# those vectors from the table. A small convolutional network turns the film
# into 16 vectors of that length, a small dense network turns the radiomics
# into 8, and we simply put these 24 "words" before the real ones. They have
# no spelling. This is **prefix** fusion.
#
# In training, either kind is now and then replaced by a learned "not given"
# vector. That is what lets us later ask: *and what if you had not seen the
# film?*

# %%
import torch

# %% [markdown]
# ### Exercise 10.2: put the film before the words
# *difficulty 3 of 5 · 10 minutes*
#
# Write `with_prefix(tokens, words, given, nothing)`. `tokens` (B, P, d) come
# from the film, `words` (B, T, d) from the table, `given` (B,) is bool,
# `nothing` (P, d) is the learned stand-in. Return (B, P + T, d): first the
# film's tokens, or `nothing` in the rows that are not given, then the words.
#
# <details><summary>Hint 1</summary><code>torch.where(condition, a, b)</code>
# chooses by element; shapes are stretched like in numpy.</details>
#
# <details><summary>Hint 2</summary><code>given[:, None, None]</code> has the
# shape (B, 1, 1).</details>
#
# <details><summary>Hint 3</summary><code>torch.cat([prefix, words],
# dim=1)</code>.</details>


# %% tags=["exercise"]
def with_prefix(tokens, words, given, nothing):
    """(B, P + T, d): the film's tokens, or ``nothing`` where not ``given``, then the words."""
    ### BEGIN SOLUTION
    prefix = torch.where(given[:, None, None], tokens, nothing)
    return torch.cat([prefix, words], dim=1)
    ### END SOLUTION


# %% tags=["check"]
check.with_prefix(with_prefix)

# %% [markdown]
# ## 4. Cross-attention
#
# The third way leaves the words alone. In every layer, each word may look
# *aside* at the film's tokens: it sends out a query, the film's tokens
# answer with keys and values. It is the attention of lesson 09, with two
# differences: keys and values come from another place, and there is no
# mask, because a film has no future.
#
# ### Exercise 10.3: cross-attention
# *difficulty 3 of 5 · 12 minutes*
#
# Write `cross_attention(words, tokens, to_query, to_key, to_value)`. `words`
# (T, d), `tokens` (P, d), the three matrices (d, d), applied from the right.
# Return (T, d): for each word the mean of the tokens' values, weighted by
# the softmax of query times key, divided by the square root of d.
#
# <details><summary>Hint 1</summary>Queries from <code>words</code>, keys and
# values from <code>tokens</code>.</details>
#
# <details><summary>Hint 2</summary>The scores are (T, P); the softmax runs
# over the P tokens, the last axis.</details>


# %% tags=["exercise"]
def cross_attention(words, tokens, to_query, to_key, to_value):
    """What each of ``words`` (T, d) takes from ``tokens`` (P, d); (T, d)."""
    ### BEGIN SOLUTION
    queries, keys, values = words @ to_query, tokens @ to_key, tokens @ to_value
    scores = queries @ keys.T / words.shape[1] ** 0.5
    return scores.softmax(-1) @ values
    ### END SOLUTION


# %% tags=["check"]
check.cross_attention(cross_attention)

# %% [markdown]
# ## 5. The same exam for all three
#
# We trained three report writers on equal terms: the same language model
# (two layers, width 96), the same 4,000 phantoms, the same ten CPU-minutes.
# They come with the course. Each writes reports of phantoms that none of
# them has seen, word after word, **without any gate**, so that what they
# say is their own.

# %%
writers = {name: fusion.load(name) for name in fusion.FUSIONS}
count = course.by_profile(32, 100)
cases = measured(phantom.cases(range(9_720_000, 9_720_000 + count)))
findings = [case.findings for case in cases]
for name, writer in writers.items():
    print(f"{name:7} {sum(p.numel() for p in writer.parameters()):9,} parameters")

# %% [markdown]
# The score is the **finding F1**: what a report states (kind, side and exact
# zones) against what was measured; 1 is perfect. Now the controls:
#
# - **true**: the film's own features
# - **shuffled**: the features of *another* film. A model that listens must
#   now fail!
# - **zeroed**: features of a black film on which nothing was measured
# - **one kind alone**, and **none**: the rest is withheld
#
# A shuffle has one trap: by chance, films may keep their own features.

# %%
import numpy as np

# %% [markdown]
# ### Exercise 10.4: a shuffle that moves everybody
# *difficulty 2 of 5 · 10 minutes*
#
# Write `shuffled(count, seed)`: an array with a permutation of 0 to count - 1
# in which *no* number stands in its own place. Different seeds give
# different ones; the same seed the same.
#
# <details><summary>Hint 1</summary>Draw a random order, and give each film
# the features of the next one in that order; the last gets the
# first's.</details>
#
# <details><summary>Hint 2</summary><code>order =
# rng.permutation(count)</code>, then <code>moved[order] = np.roll(order,
# 1)</code>.</details>
#
# <details><summary>Hint 3</summary>A plain <code>np.roll(range(count),
# 1)</code> moves everybody, but it is always the same.</details>


# %% tags=["exercise"]
def shuffled(count, seed):
    """A permutation (count,) without a fixed point."""
    ### BEGIN SOLUTION
    order = np.random.default_rng(seed).permutation(count)
    moved = np.empty(count, int)
    moved[order] = np.roll(order, 1)
    return moved
    ### END SOLUTION


# %% tags=["check"]
check.shuffled(shuffled)

# %% [markdown]
# Predict before you run: which control will score lowest? And how much will
# "image only" reach?

# %%
from medigenx_lib.evaluation.text import finding_interval

shown = fusion.controls(cases)
shown["zeroed"] = fusion.Shown(np.zeros_like(shown["true"].images), np.zeros_like(shown["true"].vectors))
reports, scores = {}, {}
for name, writer in writers.items():
    for condition, told in shown.items():
        reports[name, condition] = fusion.write(writer, told, findings)
        scores[name, condition] = finding_interval(reports[name, condition], findings)

# %%
floor = finding_interval(list(np.roll(reports["prefix", "true"], 1)), findings)[0]
print(f"floor, the report of another film: {floor:.2f}")
for condition in shown:
    row = "   ".join(f"{name} {scores[name, condition][0]:.2f}" for name in writers)
    print(f"{condition:15} {row}")

# %%
import matplotlib.pyplot as plt

fig, axis = plt.subplots(figsize=(9.5, 3.4))
for i, name in enumerate(writers):
    f1, low, high = np.array([scores[name, condition] for condition in shown]).T
    places = np.arange(len(shown)) + 0.26 * (i - 1)
    axis.bar(places, f1, width=0.24, yerr=(f1 - low, high - f1), capsize=2, label=name)
axis.axhline(floor, color="grey", ls=":", label="report of another film")
_ = axis.set_xticks(range(len(shown)), list(shown))
_ = axis.set(ylim=(0, 1.05), ylabel="finding F1, 95 % interval")
_ = axis.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
course.show(
    fig, alt="Finding F1 of three fusions by condition: high with true features and radiomics alone, low otherwise."
)

# %% [markdown]
# With true features all three writers say what was measured; with another
# film's they say, just as fluently, what is on that other film. So they
# *listen*: what they say comes from the features and not from habit.
#
# One figure flatters. With 32 films *shuffled* is 0.00, below our own floor:
# so few films need not share a finding by chance. On 600 phantoms *shuffled*
# scores .10 (.096 to .100 for the three, `benchmarks/bench_text.py --shipped`).
# That is chance: perfect reports, each held against another film, score .092.
# True features score .92 to .96. These facts hold for each of the three:

# %%
# NBVAL_CHECK_OUTPUT
print("true features above 0.7:", all(scores[name, "true"][0] > 0.7 for name in writers))
print("shuffled below 0.3:", all(scores[name, "shuffled"][0] < 0.3 for name in writers))
print("image only is far below radiomics only:",
      all(scores[n, "image only"][0] < scores[n, "radiomics only"][0] - 0.3 for n in writers))  # fmt: skip

# %% [markdown]
# But look at *image only*. Told by the image alone, a model has 16 tokens made
# from the pixels, and they are worth next to nothing, although the lung is
# there to be seen! Why?

# %%
course.think(
    "Prefix and cross-attention were given image AND radiomics in training. Alone, the image says nothing to them. "
    "Is the image encoder too small?",
    "It need not be. In training the radiomics already answered every question that the reports ask, so nothing "
    "was left to be learned from the pixels: the gradient to the image encoder is almost zero. This is called "
    "modality collapse, and it is common wherever one input is easier to read than the other.\n\n"
    "Only the control shows it. In the demo the model 'uses image and radiomics', and the picture on the slide has "
    "two arrows.",
)

# %% [markdown]
# Real papers have tripped over the same stone: a model that answers
# questions about an image equally well when the image is replaced. Before
# you believe that a model looks, take the image away.
#
# See for yourself, film by film: choose a fusion and what it is told.

# %%
import textwrap


def draw_report(fusion_way, features, film_number):
    """The film, the report that this writer makes of it under this condition, and what was measured."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3), width_ratios=(1, 2))
    left.imshow(cases[film_number].image, cmap="gray", vmin=0, vmax=1)
    found = [" ".join([f.side or "", f.kind, *f.zones]).strip() for f in findings[film_number].present()]
    right.text(0, 0.6, textwrap.fill(reports[fusion_way, features][film_number], 54), va="center")
    right.text(0, 0, f"measured: {'; '.join(found) or 'nothing'}", color=course.PALETTE.blue)
    for axis in (left, right):
        axis.axis("off")
    return fig


course.interact(draw_report, fusion_way=list(writers), features=list(shown), film_number=(0, 31, 1, 1),
                alt="A film, the report written of it under the chosen condition, and what was measured.")  # fmt: skip

# %% [markdown]
# ## 6. Which one to take?
#
# | | prompt | prefix | cross-attention |
# |---|---|---|---|
# | can a person read what the model was told? | yes | no | no |
# | works with a model you cannot change | yes | if frozen, train the prefix | no |
# | passes on what has no words | no | yes | yes |
# | what each word costs in addition | a look at the whole prompt | a look at 24 positions | a second attention in each layer |
#
# At our scale the scores hardly differ, and the differences you see between
# the three may be those of one training run: nobody should choose an
# architecture by a single seed. Where everything relevant *was measured*,
# the prompt is a serious choice: it can be audited. Where the picture holds
# more than the measurements, only the other two can carry it, and then you
# must make sure that they do: withhold the easy input often enough in
# training, and test with the controls.
#
# One patient more: the counterfactual. The same phantom without and with
# disease should change the report, and nothing else should.

# %%
# NBVAL_CHECK_OUTPUT
pair = measured(phantom.counterfactual(9_700_003))
told = fusion.Shown(*corpus.arrays(pair))
for name, writer in writers.items():
    healthy, ill = fusion.write(writer, told, [case.findings for case in pair])
    print(f"{name:7} the disease changes the report: {healthy != ill}")

# %% [markdown]
# ## Summary
#
# - Prompt, prefix and cross-attention are three doors into the same
#   language model.
# - A prompt is readable and can only carry words; continuous tokens carry
#   everything and nobody can read them.
# - Controls decide: true, shuffled, zeroed, each kind alone, none, beside
#   the report of another film.
# - Where one input is enough, the other is ignored: modality collapse.
#
# ## Quiz

# %%
course.quiz(
    "A model scores F1 0.62 with true features and 0.60 with shuffled ones. What did you build?",
    {
        "A good report writer": "It writes almost the same whoever's film it is shown.",
        "A model of what reports usually say": "The features hardly matter: the score is that of habit.",
        "A model that is robust to noise": "Another patient's film is not noise.",
    },
    answer="A model of what reports usually say",
)

# %%
course.quiz(
    "Why must no film keep its own features in the shuffled control?",
    {
        "Each that does raises the control's score": "It would make a listening model look as if it did not listen.",
        "It would be slower": "Speed does not matter here.",
        "It is a privacy rule": "It is about a clean comparison.",
    },
    answer="Each that does raises the control's score",
)

# %%
course.quiz(
    "Image only scores 0. Which conclusion is safe?",
    {
        "Films hold no information on the findings": "The measurements were made from the very same film.",
        "The image encoder is broken": "Perhaps, but radiomics that answer everything explain it as well.",
        "This model, trained this way, does not use the image": "That is what was measured, and no more.",
    },
    answer="This model, trained this way, does not use the image",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 11](11_text_generation.ipynb): from probabilities to a report, and a
#   gate that checks it.
# - Train the three yourself and repeat the exam with another seed:
#   `python benchmarks/bench_text.py`. It also trains a writer that never
#   saw any radiomics: what do the pixels say when they have to?
# - Li and Liang, "Prefix-tuning", ACL 2021; Alayrac et al., "Flamingo",
#   NeurIPS 2022, for cross-attention into a frozen language model.
