# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Future prospects
#     key_point: What may come after GANs (diffusion and flow matching, high resolution, foundation models), what each costs, and which rules it meets.
#     answer: It measures the GAN's strongest rival at the same budget, and says what law and evidence allow generated films to be used for.
#     teaching: 50
#     exercises: 40
#     prerequisites: [3, 5]
#     objectives:
#       - Write flow matching by hand and follow its velocity from noise to a film
#       - Show why a perfect flow would be a perfect memory of its training films
#       - Compare a flow with a GAN at the same budget, in training and in sampling
#       - Estimate what a larger picture costs in time and memory
#       - Mark a film as synthetic, and say which rules and dates apply in Europe and the US
#     accelerator: gpu
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. From noise to film without a game
#
# A GAN jumps from noise to a film in one leap, and needs a second network to
# learn how. **Flow matching** walks. Draw noise $x_0$ and a film $x_1$, join
# them by a straight line, and let time run from 0 to 1:
#
# $$ x_t = (1 - t)\,x_0 + t\,x_1, \qquad \text{velocity } x_1 - x_0 . $$
#
# A network sees only the place $x_t$ and the time, and has to guess the
# velocity. One network, a mean squared error, no game, no collapse (Lipman
# et al.; Liu et al.; both ICLR 2023). To make a film, start at noise and
# follow the guessed velocity in small steps.

# %%
# NBVAL_CHECK_OUTPUT
import numpy as np

noise, film = np.array([0.0, 0.0]), np.array([4.0, -2.0])
for time in (0.0, 0.5, 1.0):
    print(f"time {time}: place {((1 - time) * noise + time * film).tolist()}, velocity {(film - noise).tolist()}")

# %% [markdown]
# One film of two pixels is easy. Now for a whole batch, each with a time of
# its own.

# %% [markdown]
# ### Exercise 7.1: a place on the way
# *difficulty 1 of 5 · 6 minutes*
#
# Write `on_the_way(noise, film, time)`: `noise` and `film` are arrays
# `(B, D)`, `time` is `(B,)`, 0 to 1. Return two arrays `(B, D)`: the places
# $x_t$, and the velocities there.
#
# <details><summary>Hint 1</summary><code>time[:, None]</code> has shape (B, 1)
# and broadcasts against (B, D).</details>
#
# <details><summary>Hint 2</summary>At time 0 the place is the noise, at time 1
# the film. The velocity does not depend on the time.</details>


# %% tags=["exercise"]
def on_the_way(noise, film, time):
    """Places (B, D) at time (B,) on the lines from noise (B, D) to film (B, D), and their velocities."""
    ### BEGIN SOLUTION
    share = time[:, None]
    return (1 - share) * noise + share * film, film - noise
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_07 as check

check.on_the_way(on_the_way)

# %% [markdown]
# A toy: each "film" is one number, and there are two kinds, some near -2,
# others near 2. Here are some lines. Look at the middle: lines to the upper
# and to the lower heap **cross**. What should a network say there, that sees
# only the place?

# %%
import matplotlib.pyplot as plt

from medigenx_lib import course

rng = np.random.default_rng(0)
heaps = np.concatenate([rng.normal(-2, 0.3, 100), rng.normal(2, 0.3, 100)])[:, None]
noise, ends = rng.standard_normal((60, 1)), rng.permutation(heaps)[:60]
fig, axis = plt.subplots(figsize=(6.5, 2.8))
for start, end in zip(noise[:, 0], ends[:, 0], strict=True):
    _ = axis.plot([0, 1], [start, end], color=course.PALETTE.blue if end > 0 else course.PALETTE.orange, linewidth=0.8)
_ = axis.set(xlabel="time: 0 noise, 1 film", ylabel="place")
course.show(
    fig,
    alt="Straight lines from one heap of noise at time 0 to two heaps at time 1; lines to the two heaps cross in the middle.",
)

# %% [markdown]
# With a squared error the best guess is the **mean** velocity of all lines
# that pass there. For a finite set of films we can write this best guess
# down, with no network at all. Seen from place $x$ at time $t$, film $x_n$
# is the goal with a weight of
#
# $$ w_n \propto \exp\Bigl(-\frac{\|x - t\,x_n\|^2}{2 (1 - t)^2}\Bigr),
#    \qquad v(x, t) = \frac{\sum_n w_n x_n - x}{1 - t}. $$
#
# In words: guess where you will end, as a mean over the films that fit, and
# divide the way that is left by the time that is left.

# %%
from scipy.special import softmax

print(softmax([[-1000.0, -1001.0]], axis=1).round(2), "not", np.exp([-1000.0, -1001.0]))

# %% [markdown]
# (`softmax` does the last step, and does it without losing everything where
# all exponentials are 0.)

# %% [markdown]
# ### Exercise 7.2: the best guess there is
# *difficulty 4 of 5 · 12 minutes*
#
# Write `best_velocity(place, time, data)`: `place` is `(B, D)`, `time` one
# number with 0 <= time < 1, `data` holds all films, `(N, D)`. Return `(B, D)`.
# The weights of each row add up to 1. Mind that exponentials of large
# negative numbers are all 0.
#
# <details><summary>Hint 1</summary>Squared distances, (B, N):
# <code>((place[:, None] - time * data[None]) ** 2).sum(2)</code>.</details>
#
# <details><summary>Hint 2</summary>Subtract each row's largest exponent before you
# take the exponential: that cancels in the weights.
# <code>scipy.special.softmax(exponents, axis=1)</code> does both.</details>
#
# <details><summary>Hint 3</summary>The guessed ends are <code>weights @ data</code>;
# the velocity is <code>(ends - place) / (1 - time)</code>.</details>


# %% tags=["exercise"]
def best_velocity(place, time, data):
    """Mean velocity (B, D) of all lines through place (B, D) at time 0 <= t < 1 towards films (N, D)."""
    ### BEGIN SOLUTION
    squared = ((place[:, None] - time * data[None]) ** 2).sum(2)
    weights = softmax(-squared / (2 * (1 - time) ** 2), axis=1)
    return (weights @ data - place) / (1 - time)
    ### END SOLUTION


# %% tags=["check"]
check.best_velocity(best_velocity)

# %% [markdown]
# ### Exercise 7.3: walk
# *difficulty 2 of 5 · 6 minutes*
#
# Write `euler(velocity, start, steps)`. `velocity(place, time)` gives `(B, D)`;
# `start` is `(B, D)`. From time 0, take `steps` equal steps: ask for the
# velocity where you are, go that way for `1 / steps`, and so on. Return the
# places at time 1. Do not change `start`.
#
# <details><summary>Hint 1</summary>The times at which you ask are 0, 1/steps,
# 2/steps, up to 1 - 1/steps. Never 1.</details>
#
# <details><summary>Hint 2</summary><code>place = place + velocity(place, number /
# steps) / steps</code></details>


# %% tags=["exercise"]
def euler(velocity, start, steps):
    """Places (B, D) at time 1, from start (B, D) at time 0, by so many equal steps along velocity(place, time)."""
    ### BEGIN SOLUTION
    place = start
    for number in range(steps):
        place = place + velocity(place, number / steps) / steps
    return place
    ### END SOLUTION


# %% tags=["check"]
check.euler(euler)

# %% [markdown]
# How many steps are enough? Before you move the slider: with **one** step
# every walker gets the best guess at time 0, when nothing is known yet. Where
# will all of them end?


# %%
def follow(place, steps, data):
    """The path (steps + 1, B, D) of walkers that follow the best velocity towards data (N, D)."""
    path = [place]
    for number in range(steps):
        time, place = number / steps, path[-1]
        squared = ((place[:, None] - time * data[None]) ** 2).sum(2)
        goals = softmax(-squared / (2 * (1 - time) ** 2), axis=1) @ data
        path.append(place + (goals - place) / (1 - time) / steps)
    return np.array(path)


# %% [markdown]
# `follow` keeps the whole path of many walkers, with the best velocity of
# exercise 7.2 written out.


# %%
def draw_walk(steps, spread):
    """Paths of 60 walkers, and where 400 of them end, beside the data, heaps of a given spread."""
    data = np.sign(heaps) * 2 + spread * (heaps - np.sign(heaps) * 2) / 0.3
    path = follow(np.random.default_rng(1).standard_normal((400, 1)), steps, data)[:, :, 0]
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3), sharey=True, width_ratios=[2, 1])
    left.plot(np.linspace(0, 1, steps + 1), path[:, :60], color=course.PALETTE.blue, linewidth=0.6)
    left.set(xlabel="time", ylabel="place", title=f"{steps} steps", ylim=(-4, 4))
    bins = np.linspace(-4, 4, 41)
    right.hist([data[:, 0], path[-1]], bins=bins, density=True, orientation="horizontal", label=["data", "made"])
    right.set(xlabel="density")
    right.legend()
    return fig


# %%
course.interact(draw_walk, steps=(1, 32, 1, 8), spread=(0.1, 1.0, 0.1, 0.3),
                alt="Left: curved paths from one heap of noise to two heaps. Right: histogram of the data and of where the walkers end.")  # fmt: skip

# %%
# NBVAL_CHECK_OUTPUT
walkers = np.random.default_rng(1).standard_normal((400, 1))
for steps in (1, 2, 8, 32):
    ends = follow(walkers, steps, heaps)[-1, :, 0]
    print(f"{steps:2} steps: {100 * np.mean(np.abs(ends) < 1):3.0f} % end between the heaps, where no data is")

# %% [markdown]
# One step leads everybody to the mean of all data, the one place where no
# film is. The paths bend, so a walker has to look up now and then. That is
# the price of walking: **many calls of the network for one film**, where a
# GAN needs one.
#
# Diffusion models (Sohl-Dickstein et al., ICML 2015; Ho et al., NeurIPS 2020;
# Song et al., ICLR 2021) are older siblings: the same kind of network and
# the same walk, on bent roads and, as first published, with fresh noise at
# every one of a thousand steps.
#
# ## 2. Perfect is memorised
#
# Our best velocity is *exactly* what training aims for. So let us use it on
# real films, 16 x 16 pixels, and look at what a perfectly trained flow makes.

# %%
tiny = course.cases(256, size=16)
data = np.stack([film.image.ravel() for film in tiny]) * 2 - 1
start = np.random.default_rng(2).standard_normal((6, data.shape[1]))
ends = follow(start, 24, data)[-1]
twins = ((ends[:, None] - data[None]) ** 2).sum(2).argmin(1)
pictures = [((row + 1) / 2).clip(0, 1).reshape(16, 16) for row in [*ends, *data[twins]]]
fig = course.films(pictures, ["made"] * 6 + ["nearest, training"] * 6)
course.show(
    fig, alt="Six films made by the best velocity above their nearest training films: each pair is the same film."
)

# %%
# NBVAL_CHECK_OUTPUT
apart = np.abs(ends - data[twins]).max(1)
print(f"{np.sum(apart < 0.01)} of {len(ends)} films made are training films, to the pixel")

# %% [markdown]
# Read this twice. The training goal of flow matching and of diffusion is
# reached, perfectly, by handing out the training films. Everything *new*
# that such a model makes, it makes because its network is too small, too
# smooth or too briefly trained to reach that goal. Size and long training
# push towards memory. That is not just theory: Dar et al. (Nature Biomedical
# Engineering, 2025) trained latent diffusion models on several sets of
# medical images and detected about 37 % of the patients' data as memorised;
# GANs and autoencoders were less prone, and made poorer images.

# %%
course.think(
    "A hospital has 500 films and wants to share a synthetic set instead. A company offers a large diffusion model, "
    "trained until its loss no longer falls. What would you ask?",
    "How the copies were looked for: against all training films, with a detector that finds planted copies, beside "
    "the rate for films that cannot be copies (lessons 05 and 06).\n\nWhy the loss on *held-out* films is not shown: "
    "where it rises while the training loss falls, memory has begun.\n\nAnd why so large a model: with 500 films "
    "there is more room in its weights than in the films.",
)

# %% [markdown]
# ## 3. The rival, at the same budget
#
# Now with networks. Both get the same films, one thread and the same
# seconds of it. `gan.flow` is a small U-Net that guesses velocities, told
# the time and the label; the GAN is that of lesson 05. What do you expect
# after so short a time? And whose films will look better to *you*?

# %%
films, held_out = course.cases(1024, size=32), course.cases(256, size=32, split="test")
pixels, labels = np.stack([film.image for film in films]), np.array([film.label for film in films])
asked = [film.label or 0 for film in held_out]
seconds = course.by_profile(fast=20, class_=55, full=600)
average = course.by_profile(fast=0.99, class_=0.999)

# %%
import tempfile

from medigenx_lib.gan import flow, recipes, sampling, training

folder = tempfile.mkdtemp()
recipe = recipes.recipe("narrow", size=32, ema=average)
trained = training.train(pixels, labels, folder, recipe, cpu_seconds=seconds)

# %%
walker = flow.train_flow(pixels, labels, cpu_seconds=seconds, recipe=flow.FlowRecipe(size=32, width=16, ema=average))
print(
    f"in {seconds} CPU-seconds the GAN saw {trained.figures['images']:,} films, the flow {walker.figures['images']:,}"
)

# %% [markdown]
# (If the room cannot wait, stop a bar and fall back on the checkpoint that
# comes with the course: `sampling.sample(asked, "gan_64")`. To keep a flow of
# your own, call `flow.save_flow`.) Here they are side by side. A flow of the
# library takes **midpoint** steps: it asks for the velocity, goes half a step,
# asks again, and goes the whole step that way. So 8 steps evaluate the
# network 16 times; the GAN evaluates its own once.

# %%
by_gan = sampling.sample(asked, folder)
by_flow = flow.sample_flow(walker, asked, steps=8, progress=False)
rows = [*by_gan[:6], *by_flow[:6], *held_out[:6]]
fig = course.films(rows, ["GAN"] * 6 + ["flow, 8 steps"] * 6 + ["real, held out"] * 6)
course.show(
    fig,
    alt="Three rows: smooth films of the GAN, films of the flow with more variety and, after a short training, pixel noise, and real films.",
)

# %% [markdown]
# Now the scores, with the floor and a 90 % interval for the choice of films.

# %%
from medigenx_lib.cases import Case
from medigenx_lib.evaluation import images


def as_cases(name, films):
    """Films (n, S, S) with the labels that were asked for, as synthetic cases."""
    return [Case(f"{name}-{i}", film, asked[i], source=name, synthetic=True) for i, film in enumerate(films)]


repeats = course.by_profile(fast=8, class_=20)
table = images.scores(films, held_out, by_gan, {"flow": as_cases("flow", by_flow)}, repeats=repeats)

# %%
names = ["frechet_distance", "recall", "coverage", "precision", "grain", "copies"]
sets = {"held-out real": "floor", "generated": "GAN", "flow": "flow"}
fig, axes = plt.subplots(1, len(names), figsize=(11, 2.2), sharey=True)
for axis, name in zip(axes, names, strict=True):
    found = table[table.score == name].set_index("set").loc[list(sets)[::-1]]
    axis.axvspan(found.low["held-out real"], found.high["held-out real"], color="lightgrey")
    axis.hlines(range(3), found.low, found.high, color=course.PALETTE.blue)
    axis.plot(found.value, range(3), "o", color=course.PALETTE.blue)
    title = name.replace("_", " ").replace("frechet", "Fréchet")
    axis.set(title=f"{title}\n({images.SCORES[name].better} is better)", yticks=range(3))
    axis.set_xlabel("SD of real films" if name == "grain" else "")
    axis.set_yticklabels([sets[name] for name in found.index])
course.show(
    fig,
    alt="Six panels with dots and intervals for floor, GAN and flow: distance, recall, coverage, precision, grain, copies.",
)

# %% [markdown]
# After seconds of training, on phantoms, you will probably see this: the
# flow has the *smaller* Fréchet distance and the better recall, and yet its
# films look noisy, while the GAN's look smooth and clean. Which one is
# right, the score or your eye? Both. Look at `grain`: the noise that your
# eye sees is measured there, and the other scores hardly care.
#
# On the real films we tried, after the same 20 seconds, the GAN was ahead of
# the flow in distance and coverage, and the flow in recall. A comparison
# holds for its films and its budget, and for nothing else.
#
# ### And with more time?
#
# So that nobody has to wait, here is what the course's bench measured
# (PneumoniaMNIST, 32 x 32, **240 CPU-seconds** each on one thread; median
# over seeds, 2,000 films a set; all of it in
# [benchmarks](../benchmarks/README.md)). Fréchet distances, where less is
# better, are taken in three spaces: the encoder's features, the broadest
# patterns of pixels, and radiomics (lesson 08). First an earlier run, with
# radiomics of 1,000 films:
#
# | | seeds | Fréchet, encoder | recall | Fréchet, pixels | Fréchet, radiomics | copies | CPU-ms a film |
# |---|---|---|---|---|---|---|---|
# | real, held out (floor) | | 1.02 | 0.84 | 0.017 | 1.0 | 0.057 | |
# | `narrow`, judge told the spread of a group | 3 | **0.96** | 0.75 | **0.017** | **2.3** | 0.027 | 0.15 |
# | `narrow`, judge not told | 3 | 1.69 | 0.68 | 0.031 | 3.4 | 0.026 | 0.15 |
# | DCGAN of the tutorials | 3 | 2.91 | 0.67 | 0.053 | 4.8 | 0.003 | |
# | flow matching | 2 | 0.97 | **0.79** | 0.023 | 6.0 | 0.007 | 22 |
#
# And a later run, with radiomics of 2,000 films, which lowers their floor. Its
# GAN's judge is also told the mean, spread and the like of a film's greys:
#
# | | seeds | Fréchet, encoder | recall | Fréchet, pixels | Fréchet, radiomics | copies |
# |---|---|---|---|---|---|---|
# | real, held out (floor) | | 1.02 | 0.84 | 0.017 | 0.74 | 0.057 |
# | `narrow` of today | 3 | 0.93 | 0.77 | **0.017** | **1.26** | 0.017 |
# | flow matching | 1 | **0.89** | **0.80** | 0.018 | 4.76 | 0.007 |
#
# **GAN and flow are level in the encoder's space; the flow leaves out fewer
# kinds of film (recall), and the GAN is nearer to real films in radiomics.** A
# film of this flow costs over a hundred times as much to draw: 48 evaluations,
# for 24 midpoint steps, each three times as dear as the GAN's one. Until the
# judge was told how much films of a group differ (lesson 04), the flow had
# beaten our GAN in all of these scores but radiomics. Whether it has such a
# lever left too, nobody here has tried.
#
# ### What a film costs
#
# Both draw 128 films in batches on one thread. (`sampling.sample` takes them
# one by one, so that each film is the same to the last bit whatever stands
# beside it; that is slower.)

# %%
import time

cost = []
for steps in (1, 2, 4, 8, 16):
    begun = time.process_time()
    made = flow.sample_flow(walker, asked[:128], steps=steps, progress=False)
    spent = 1000 * (time.process_time() - begun) / len(made)
    cost.append((2 * steps, spent, made))

# %%
import torch

from medigenx_lib import settings
from medigenx_lib.evaluation.distances import frechet_distance
from medigenx_lib.evaluation.encoder import features

generator = sampling.load(folder)
latents = sampling.latents(generator.recipe, seed=0, indices=range(128))
with settings.one_thread():
    begun = time.process_time()
    _ = sampling.films(generator.network, latents, torch.tensor(asked[:128]))
    gan_cost = 1000 * (time.process_time() - begun) / 128
known = features(films[:512])
far = [frechet_distance(known, features(made)) for _, _, made in cost]
gan_far = frechet_distance(known, features(by_gan[:128]))

# %%
fig, axis = plt.subplots(figsize=(6.5, 3))
_ = axis.plot([spent for _, spent, _ in cost], far, "o-", label="flow, by evaluations of its network")
for (evaluations, spent, _), value in zip(cost, far, strict=True):
    _ = axis.annotate(str(evaluations), (spent, value), xytext=(4, 5), textcoords="offset points")
_ = axis.plot(gan_cost, gan_far, "s", color=course.PALETTE.red, label="GAN, one evaluation")
_ = axis.set(xscale="log", xlabel="CPU-milliseconds a film", ylabel="Fréchet distance", ylim=(0, None))
axis.xaxis.set_major_formatter("{x:g}")
axis.xaxis.set_minor_formatter(lambda x, _: f"{x:g}" if f"{x:e}"[0] in "25" else "")
_ = axis.legend()
course.show(
    fig,
    alt="Fréchet distance against CPU time for one film: two evaluations of the flow are poor, eight nearly as good as 32; the GAN lies far to the left.",
)

# %% [markdown]
# One evaluation costs the flow less than twice what it costs the GAN; their
# *number* makes it dear. (The flow of the table has a network twice as wide,
# and 48 of them.)
#
# Few steps do nearly as well as many, because the roads are almost straight.
# *Distilling* a flow or diffusion model down to one or two steps is an active
# field (Song et al., "Consistency models", ICML 2023), and some of the best
# of these methods bring a discriminator back (Sauer et al., "Adversarial
# diffusion distillation", ECCV 2024). The two families are growing together.
#
# ## 4. What a larger picture costs
#
# A real radiograph has 2,000 to 4,000 pixels a side. We work at 32 and 64.
# What lies between? One training step of the GAN, timed here and now:

# %%
from medigenx_lib.gan import steps as gan_steps
from medigenx_lib.gan.state import State


def seconds_a_film(side, batch=8, rounds=3):
    """CPU-seconds of training for one film at side x side, on this machine."""
    state = State.new(recipes.recipe(size=side, width=16, batch=batch), {})
    shown, kinds = torch.zeros(batch, 1, side, side), torch.arange(batch) % 2
    gan_steps.step(state, shown, kinds, 0.0)
    begun = time.process_time()
    for _ in range(rounds):
        gan_steps.step(state, shown, kinds, 0.0)
    return (time.process_time() - begun) / (rounds * batch)


sides = [16, 32, 64, course.by_profile(fast=128, class_=256)]
measured = [seconds_a_film(side) for side in sides]

# %%
power = np.diff(np.log(measured)) / np.diff(np.log(sides))
fig, axis = plt.subplots(figsize=(6.5, 3))
_ = axis.plot(sides, measured, "o-", label="measured here")
reach = np.array([sides[-1], 2048])
_ = axis.plot(reach, measured[-1] * (reach / sides[-1]) ** 2, ":", color="grey", label="if only pixels counted")
_ = axis.set(xscale="log", yscale="log", xlabel="pixels a side", ylabel="CPU-seconds a film shown")
_ = axis.set(xticks=[*sides, 512, 2048], xticklabels=[*sides, 512, 2048])
axis.minorticks_off()
_ = axis.legend()
course.show(
    fig,
    alt="Training cost of one film against the side of the picture, on logarithmic axes: it rises steadily, and the dotted line goes on to 2,048 pixels.",
)
for first, second, growth in zip(sides, sides[1:], power, strict=False):
    print(f"from {first:3} to {second:3} pixels the cost grows like side to the power of {growth:.1f}")

# %% [markdown]
# If only pixels counted, the power would be 2: twice the side, four times the
# cost. Small films lie below, because much of their time goes into what has
# nothing to do with pixels: the call of each layer, the optimizer's step over
# all weights. As the side grows that share vanishes, and the power nears 2.
#
# And memory? While training, everything that a layer makes has to be kept
# for the way back. For one film, in the generator alone:


# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib.gan import networks


def kept_mebibytes(side):
    """Size of all that the layers of the generator put out for one film."""
    generator, _ = networks.build(recipes.recipe(size=side, width=16))
    sizes, leaves = [], [layer for layer in generator.modules() if not list(layer.children())]
    for layer in leaves:
        layer.register_forward_hook(lambda _, __, out: sizes.append(4 * out.numel()))
    with torch.no_grad():
        generator.eval()(torch.zeros(1, 64), torch.tensor([0]))
    return sum(sizes) / 2**20


for side in (32, 64, 128, 256):
    print(f"{side:4} pixels a side: {kept_mebibytes(side):6.2f} MiB for each film of a batch")

# %% [markdown]
# Twice the side is four times the pixels, and usually *more* films and steps
# on top of it. That is why people compress first: **latent** diffusion
# (Rombach et al., CVPR 2022) trains an autoencoder, for example 8 times
# smaller on each side, and generates in that small space. What the
# autoencoder loses (a fine nodule, a thin pneumothorax line) no generator
# brings back.
#
# Transformers have a cost of their own. They cut the picture into patches,
# and **attention** compares every patch with every other.

# %% [markdown]
# ### Exercise 7.4: everybody looks at everybody
# *difficulty 2 of 5 · 6 minutes*
#
# Write `attention_bytes(side, patch, heads=1, bytes_each=4)`: how many bytes
# the table of attention weights of *one* layer takes for *one* picture of
# `side` x `side` pixels in patches of `patch` x `patch`: one number for every
# ordered pair of patches, for each head. `patch` divides `side`. Return a
# whole number. Guess first: 2,048 pixels in patches of 16, one head?
#
# <details><summary>Hint 1</summary>There are <code>(side // patch) ** 2</code>
# patches.</details>
#
# <details><summary>Hint 2</summary>The pairs are the square of that: the side
# enters with its fourth power.</details>


# %% tags=["exercise"]
def attention_bytes(side, patch, heads=1, bytes_each=4):
    """Bytes of the attention weights of one layer for one picture of side x side pixels."""
    ### BEGIN SOLUTION
    patches = (side // patch) ** 2
    return patches**2 * heads * bytes_each
    ### END SOLUTION


# %% tags=["check"]
check.attention_bytes(attention_bytes)

# %%
# NBVAL_CHECK_OUTPUT
for side in (64, 256, 512, 2048):
    patches = (side // 16) ** 2
    print(f"{side:5} pixels: {patches:6,} patches of 16, {4 * patches**2 / 2**20:10,.3f} MiB a layer and head")

# %% [markdown]
# One gibibyte, for one head of one layer, for one film, if the table is ever
# written down. Much of recent engineering is about never writing that table
# down (Dao et al., "FlashAttention", NeurIPS 2022). The *time* still grows with
# the fourth power of the side.
#
# ## 5. Foundation models
#
# A **foundation model** is trained once, on very much data, mostly without
# labels, and then adapted to many tasks. What is published for films of the
# chest and near it:
#
# | model | what it is | source |
# |---|---|---|
# | RoentGen | Stable Diffusion adapted to chest films: report text in, film out | Bluethgen et al., Nature Biomedical Engineering, 2024 |
# | Cheff | cascaded latent diffusion, chest films of about one megapixel | Weber et al., PAKDD 2023 |
# | BiomedCLIP | image and text encoders from figures of scientific papers | Zhang et al., 2023 (arXiv) |
# | RAD-DINO | image encoder trained without any text | Pérez-García et al., Nature Machine Intelligence, 2025 |
# | MedSAM | outlines what is in a box, for many kinds of images | Ma et al., Nature Communications, 2024 |
# | LLaVA-Med | answers questions about images | Li et al., NeurIPS 2023 |
# | CheXagent | reads chest films, answers in words | Chen et al., 2024 (arXiv) |
# | MAIRA-2 | writes findings with the place of each | Bannur et al., 2024 (arXiv) |
#
# What is known about them, beside what they can do:
#
# - They may know *who* is on the film. Gichoya et al. (2022, Lancet Digital
#   Health) showed that networks read a patient's self-reported race from
#   films, which radiologists cannot; Glocker et al. (2023, Radiology:
#   Artificial Intelligence) found such traces, and uneven performance across
#   groups, in a foundation model of chest films.
# - They may hold their training data. Carlini et al. (USENIX Security 2023)
#   drew training photographs out of Stable Diffusion; for medical images
#   see Dar et al., above.
# - Feeding models with the output of models harms: Shumailov et al. (2024,
#   Nature) saw rare cases vanish first, generation by generation.
# - Some of the usual test films were in somebody's training set. Ask.
#
# That third point can be tried in ten lines. A "generator" here is only a
# mean and a spread, fitted to 50 numbers; each generation learns from what
# the last one made. What happens to the spread?


# %%
def generations(count, films, seed):
    """Spread of a bell curve that is fitted again and again to its own samples."""
    draw, spread = np.random.default_rng(seed), [1.0]
    for _ in range(count):
        spread.append(draw.normal(0, spread[-1], films).std())
    return spread


fig, axis = plt.subplots(figsize=(6.5, 2.8))
for films_each, colour in ((50, course.PALETTE.red), (1000, course.PALETTE.blue)):
    paths = np.array([generations(200, films_each, seed) for seed in range(12)])
    _ = axis.plot(paths.T, color=colour, linewidth=0.5, alpha=0.5)
    _ = axis.plot(np.median(paths, 0), color=colour, label=f"{films_each:,} films a generation")
_ = axis.set(xlabel="generation", ylabel="spread", ylim=(0, 1.7))
_ = axis.legend()
course.show(
    fig,
    alt="Spread over 200 generations: with 50 films a generation it shrinks towards zero, with 1,000 only a little.",
)

# %%
# NBVAL_CHECK_OUTPUT
last = {n: np.median([generations(200, n, seed)[-1] for seed in range(12)]) for n in (50, 1000)}
print("with 50 films a generation most of the spread is lost:", bool(last[50] < 0.5))
print("with 1,000 most of it is kept:", bool(last[1000] > 0.8))

# %% [markdown]
# ## 6. Rules
#
# Laws change faster than notebooks. This was looked up in November 2026; it
# is an overview for students and no legal advice. Read the texts.
#
# | rule | what it says that matters here | since |
# |---|---|---|
# | EU Medical Device Regulation 2017/745 | software for diagnosis or therapy is a device; by rule 11 mostly class IIa or higher | applies since 26 May 2021 |
# | EU AI Act 2024/1689 | bans and AI literacy; rules for general-purpose models; transparency, among it **marking of generated images, machine-readable** (Article 50); duties for high-risk systems | in force 1 August 2024; 2 February 2025; 2 August 2025; 2 August 2026; see below |
# | "Digital Omnibus" on AI, final vote of the Council on 29 June 2026 | moves high-risk duties: to 2 December 2027, and **to 2 August 2028 for AI in regulated products such as medical devices**; marking by systems that were on the market before August 2026: until 2 December 2026 | 2026 |
# | EU Health Data Space 2025/327 | secondary use of health data in secure environments | in force 26 March 2025; secondary use mostly from March 2029 |
# | GDPR 2016/679 | data from which a person can be found are personal data, *also if they are synthetic* | applies since 25 May 2018 |
# | US FDA | devices with AI are cleared one by one, and listed in public: more than 1,400 by early 2026, about three of four in radiology; planned changes can be agreed in advance (guidance of December 2024) | list kept since 2021 |
#
# A generator of films for *teaching* is no medical device. The moment its
# output decides about a patient, or trains a product that does, the product
# is judged, and its data with it.
#
# ### Marking
#
# Article 50 asks that generated images can be recognised by machines. The
# least one can do: write it into the file.

# %%
import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

# %% [markdown]
# `Image` writes pictures, `PngInfo` holds the text fields of a PNG.

# %% [markdown]
# ### Exercise 7.5: say what it is
# *difficulty 2 of 5 · 8 minutes*
#
# Write `marked_png(film, notice)`: `film` is an array `(H, W)`, 0 to 1. Return
# the *bytes* of an 8-bit grey PNG (0 becomes 0, 1 becomes 255, rounded) whose
# text field `Description` holds `notice`.
#
# <details><summary>Hint 1</summary><code>Image.fromarray(np.rint(255 *
# film).astype(np.uint8))</code> is a grey picture.</details>
#
# <details><summary>Hint 2</summary><code>info = PngInfo()</code>,
# <code>info.add_text("Description", notice)</code>, and
# <code>picture.save(stream, "PNG", pnginfo=info)</code>.</details>
#
# <details><summary>Hint 3</summary><code>stream = io.BytesIO()</code> is a file in
# memory; <code>stream.getvalue()</code> are its bytes.</details>


# %% tags=["exercise"]
def marked_png(film, notice):
    """Bytes of film (H, W), 0..1, as an 8-bit grey PNG whose text field Description is notice."""
    ### BEGIN SOLUTION
    info, stream = PngInfo(), io.BytesIO()
    info.add_text("Description", notice)
    Image.fromarray(np.rint(255 * film).astype(np.uint8)).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()
    ### END SOLUTION


# %% tags=["check"]
check.marked_png(marked_png)

# %% [markdown]
# How long does such a mark last? Save the picture once more, as people do.

# %%
# NBVAL_CHECK_OUTPUT
info, first, second = PngInfo(), io.BytesIO(), io.BytesIO()
info.add_text("Description", "SYNTHETIC, NOT FOR CLINICAL USE")
Image.fromarray(np.zeros((32, 32), np.uint8)).save(first, "PNG", pnginfo=info)
Image.fromarray(np.asarray(Image.open(first))).save(second, "PNG")
for name, stream in {"as written": first, "opened and saved again": second}.items():
    print(f"{name}: {Image.open(stream).text or 'no mark'}")

# %% [markdown]
# One careless save, and a synthetic film looks like a patient's. So one mark
# is not enough: it belongs in the file's name, in several fields inside, in
# the record (`Case.synthetic`), and as letters in the picture itself. The
# library's DICOM files carry it inside: in the patient's name, the image type
# and the comments (lessons 01 and 13). The other marks are up to you.
#
# ## 7. What may generated films be used for?
#
# | use | our view, after what was measured |
# |---|---|
# | teaching how films, networks and scores behave | yes, marked as synthetic |
# | testing software: formats, viewers, pipelines | yes |
# | testing measurements whose truth must be known | phantoms, yes; GAN films have no truth |
# | more training data | only if it beats *the same real films shown more often*, on real test films (lesson 06) |
# | sharing instead of patients' films | not without a search for copies that finds planted ones |
# | balancing rare groups | with great care: a generator invents what it has hardly seen |
# | as test set of a diagnostic product | no: it knows only what its training films knew |
# | a patient's diagnosis, prognosis, "missing" image | no |
#
# And what this course has measured so far, each in the lesson named, most of
# it on your own machine:
#
# | question | what came out | lesson |
# |---|---|---|
# | Can films be made in minutes on a laptop? | yes, at 32 and 64 pixels; visible flaws remain | 05 |
# | As good as real? | as far as held-out films after 4 CPU-minutes at 32 pixels (bench) and 25 at 64 (`gan_64`); but rare films are missing: in radiomics 1.7 times as far (1.26 against 0.74); further after seconds | 05, bench |
# | Does one score tell? | no: each misses some planted flaw | 05 |
# | Do they help a classifier? | see your own result, with its interval and control; films of a GAN of the same few films do not, of one that saw 4,701 a little | 06, bench |
# | Are training films copied? | in our GANs not beyond what chance finds | 05, 06, bench |
# | Is a GAN the best choice? | at 32 pixels level with flow matching, which leaves out fewer kinds of film and is slower to sample | 07, bench |

# %%
course.think(
    "Choose one line of the first table that you would answer differently. Which measurement would settle it?",
    "There is no single right answer. A good one names a comparison, a control that could win, and a number that "
    "would change your mind.\n\nFor instance: *sharing instead of patients' films* could become a yes for a generator "
    "trained with differential privacy (noise in each step, so that no single film can leave a trace), if its films "
    "still train a classifier nearly as well as real ones do: measure both, at several strengths of privacy, on "
    "patients of another hospital.",
)

# %% [markdown]
# ## Summary
#
# - Flow matching learns the mean velocity from noise to films: one network,
#   a squared error, no game. Sampling means walking, so a film costs many
#   calls of the network.
# - The perfect flow hands out its training films. What is new comes from
#   what the network cannot do.
# - At the same budget flow and GAN were level: the flow more varied, the GAN
#   nearer in radiomics, and a flow's film far dearer to draw. Scores and
#   eyes may disagree: look for the score that measures what your eye sees.
# - Twice the side is four times the pixels, and sixteen times the attention.
# - Foundation models bring reach, and questions: who is in the training data,
#   whom does it serve badly, what has it learnt by heart?
# - Rules ask for marking today. A mark in the file alone is lost at the next
#   save.
#
# ## Quiz

# %%
course.quiz(
    "A flow is asked for a film in a single step. What comes out?",
    {
        "A grey mean of all training films": "at time 0 nothing is known, so the best guess is the mean of everything.",
        "A sharp film of the wrong class": "the class is told; what is missing is which film of the class.",
        "Noise": "the step leads all the way to the guessed end, and the guess is smooth.",
    },
    answer="A grey mean of all training films",
)

# %%
course.quiz(
    "Why does a well-trained flow make new films at all?",
    {
        "Because it starts at random noise": "with the best velocity, every start ends at a training film.",
        "Because its network cannot reach its training goal exactly": "smoothness and limited size spread what it knows.",
        "Because new films have a lower loss": "none has a lower loss than the training films.",
    },
    answer="Because its network cannot reach its training goal exactly",
)

# %%
course.quiz(
    "The side of a picture is doubled, patches stay the same. The attention table of a layer grows",
    {
        "2 times": "that is the side.",
        "4 times": "that is the number of patches.",
        "16 times": "four times the patches, so sixteen times the pairs.",
    },
    answer="16 times",
)

# %%
course.quiz(
    "A synthetic set has been made from patients' films. Under the GDPR it is",
    {
        "never personal data, because nobody on it exists": "a copied film shows somebody who does.",
        "personal data if a person can be found in it": "so the search for copies is part of the legal question.",
        "always personal data": "not if nobody can be identified by means reasonably likely to be used.",
    },
    answer="personal data if a person can be found in it",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 08](08_radiomics_features_and_analysis.ipynb) begins the second
#   half: what can be *measured* on a film, real or generated.
# - The flow in full, with its U-Net, average and guidance:
#   [flow.py](../medigenx_lib/gan/flow.py), about 270 lines.
# - Train it longer: `%env MEDIGENX_PROFILE=full` in a cell above the first,
#   and on real films (the lines under the title say how).
# - Lipman et al., "Flow matching guide and code", 2024 (arXiv), for the
#   mathematics that we skipped.
