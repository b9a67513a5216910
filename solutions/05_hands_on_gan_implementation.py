# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Hands-on GAN implementation
#     key_point: Build a GAN with your own hands, train it on chest films, score it beside real films, and put the score itself to the test.
#     answer: It turns "these films look real" into numbers with a floor and an interval, and shows which flaws each number cannot see.
#     teaching: 50
#     exercises: 55
#     prerequisites: [3]
#     objectives:
#       - Write generator, discriminator and both turns of the game, and test each before training
#       - Train on films with a budget, an average and a checkpoint to go on from
#       - Compute a Fréchet distance and coverage by hand, and read them beside their real-to-real floor
#       - Look for copies of training films with a reference that says what chance finds
#       - Plant flaws in real films and say which score notices which
#     accelerator: gpu
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. The job
#
# Today you build the whole thing: two networks, the two turns of their game,
# a training run, and then the part that most tutorials leave out, an honest
# score. At the end your team puts a card on the class's board.
#
# First the films. We work at 32 x 32 pixels, where a training run takes
# seconds or minutes instead of hours. Some films are for training. Others,
# of other patients, are held out: no network sees them until the scoring.

# %%
import numpy as np

from medigenx_lib import course

train_films = course.cases(1024, size=32)
held_out = course.cases(course.by_profile(fast=256, class_=512), size=32, split="test")
pixels = np.stack([film.image for film in train_films])
labels = np.array([film.label for film in train_films])

# %%
shown = [film for label in (0, 1) for film in [f for f in train_films if f.label == label][:6]]
fig = course.films(shown, [film.label_name for film in shown])
course.show(
    fig, alt="Twelve training films of 32 by 32 pixels, six normal, six with pneumonia: coarse but clearly chests."
)

# %% [markdown]
# Two facts to check before anything else: do the values lie where we think,
# and is no film on both sides? Networks want -1 to 1, pictures 0 to 1. Half
# of all wasted training runs begin with a mistake here.

# %%
# NBVAL_CHECK_OUTPUT
import torch

real = torch.from_numpy(pixels)[:, None] * 2 - 1  # (N, 1, 32, 32), -1 black, 1 white
targets = torch.from_numpy(labels)
print("shape of one film:", tuple(real.shape[1:]), "within -1..1:", bool(real.abs().max() <= 1))
print("both classes:", sorted(set(labels.tolist())))
print("films on both sides:", len({film.id for film in train_films} & {film.id for film in held_out}))

# %% [markdown]
# ## 2. Two networks
#
# The generator gets 64 random numbers and a label. It spreads them over
# 4 x 4 places, then doubles the side three times. The discriminator halves
# the side three times and says one number. You know the parts from lesson
# 03; now put them together.

# %%
import torch.nn.functional as F
from torch import nn

up = nn.Upsample(scale_factor=2, mode="bilinear")
conv = nn.Conv2d(8, 4, kernel_size=3, padding=1)
half = nn.Conv2d(4, 8, kernel_size=4, stride=2, padding=1)
start = torch.zeros(1, 8, 4, 4)
print("doubled:", tuple(up(start).shape), "convolved:", tuple(conv(up(start)).shape))
print("halved: ", tuple(half(conv(up(start))).shape))

# %% [markdown]
# ### Exercise 5.1: your generator
# *difficulty 3 of 5 · 12 minutes*
#
# Write the class `FilmGenerator`. `forward(latent, labels)` takes `(B, 64)`
# and `(B,)` (0 or 1) and returns films `(B, 1, 32, 32)` within -1..1. How you
# build it is up to you; at most 3 million weights.
#
# <details><summary>Hint 1</summary>In <code>__init__</code>: an
# <code>nn.Embedding(2, 16)</code> for the label, an
# <code>nn.Linear(80, 64 * 16)</code> to 64 channels at 4 x 4, and a stack of
# stages.</details>
#
# <details><summary>Hint 2</summary>One stage is
# <code>nn.Upsample(scale_factor=2, mode="bilinear")</code>,
# <code>nn.Conv2d(before, after, 3, padding=1)</code>,
# <code>nn.BatchNorm2d(after)</code>, <code>nn.ReLU()</code>. Three of them lead
# from 4 to 32.</details>
#
# <details><summary>Hint 3</summary>In <code>forward</code>:
# <code>torch.cat([latent, self.label(labels)], 1)</code>, the linear layer,
# <code>.view(-1, 64, 4, 4)</code>, the stages, a last convolution to one
# channel, <code>torch.tanh</code>.</details>


# %% tags=["exercise"]
class FilmGenerator(nn.Module):
    """Latents (B, 64) and labels (B,) to films (B, 1, 32, 32), -1..1."""

    def __init__(self):
        super().__init__()
        ### BEGIN SOLUTION
        self.label, self.start = nn.Embedding(2, 16), nn.Linear(80, 64 * 16)
        stages = []
        for before, after in ((64, 48), (48, 32), (32, 16)):
            up = nn.Upsample(scale_factor=2, mode="bilinear")
            stages += [up, nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        self.stages = nn.Sequential(*stages, nn.Conv2d(16, 1, 3, padding=1), nn.Tanh())
        ### END SOLUTION

    def forward(self, latent, labels):
        ### BEGIN SOLUTION
        start = self.start(torch.cat([latent, self.label(labels)], 1))
        return self.stages(start.view(-1, 64, 4, 4))
        ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_05 as check

check.FilmGenerator(FilmGenerator)

# %% [markdown]
# ### Exercise 5.2: your discriminator
# *difficulty 3 of 5 · 10 minutes*
#
# Write the class `FilmDiscriminator`. `forward(films, labels)` takes
# `(B, 1, 32, 32)` and `(B,)` and returns logits `(B,)`, any numbers, high for
# real. Each film is to be judged by itself, so no batch normalisation.
#
# <details><summary>Hint 1</summary>A stage is
# <code>nn.Conv2d(before, after, 4, stride=2, padding=1)</code> and
# <code>nn.LeakyReLU(0.2)</code>. Three of them lead from 32 to 4.</details>
#
# <details><summary>Hint 2</summary>With 64 channels at 4 x 4,
# <code>nn.Flatten()</code> and <code>nn.Linear(64 * 16, 64)</code> give the
# features.</details>
#
# <details><summary>Hint 3</summary>The logit is a linear layer of the features,
# <code>[:, 0]</code>, plus the projection
# <code>(features * self.label(labels)).sum(1)</code> with an
# <code>nn.Embedding(2, 64)</code>.</details>


# %% tags=["exercise"]
class FilmDiscriminator(nn.Module):
    """Films (B, 1, 32, 32) and labels (B,) to logits (B,), high for real."""

    def __init__(self):
        super().__init__()
        ### BEGIN SOLUTION
        stages = []
        for before, after in ((1, 16), (16, 32), (32, 64)):
            stages += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        self.features = nn.Sequential(*stages, nn.Flatten(), nn.Linear(64 * 16, 64), nn.LeakyReLU(0.2))
        self.logit, self.label = nn.Linear(64, 1), nn.Embedding(2, 64)
        ### END SOLUTION

    def forward(self, films, labels):
        ### BEGIN SOLUTION
        features = self.features(films)
        return self.logit(features)[:, 0] + (features * self.label(labels)).sum(1)
        ### END SOLUTION


# %% tags=["check"]
check.FilmDiscriminator(FilmDiscriminator)

# %% [markdown]
# How large is a network that fits? The library's pair, in the width that we
# use below, weighs this much. Compare with yours.

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib.gan import networks, recipes

plain = recipes.recipe(size=32, width=16, loss="standard", gamma=0.0, ema=0.0)
for name, network in zip(("generator", "discriminator"), networks.build(plain), strict=True):
    print(f"{name}: {sum(weight.numel() for weight in network.parameters()):,} weights")

# %% [markdown]
# ## 3. Two turns
#
# A round of the game has two turns. In each, one player learns and the other
# stands still.
#
# 1. **Discriminator.** Make fakes. Judge reals and fakes. Loss: mean of
#    softplus(-logit) on reals plus mean of softplus(logit) on fakes.
# 2. **Generator.** Make fakes. Have them judged. Loss: mean of
#    softplus(-logit) on these fakes: they should be taken for real.
#
# The classic bug is a gradient that flows where it should not. In turn 1 the
# fakes must be *detached*: otherwise the backward pass runs through the
# generator too, and leaves gradients there. In turn 2 the gradient has to
# run *through* the discriminator, and leaves gradients in it: so every turn
# begins by clearing its own.

# %% [markdown]
# ### Exercise 5.3: the discriminator's turn
# *difficulty 2 of 5 · 8 minutes*
#
# Write `discriminator_step(generator, discriminator, optimiser, real, labels,
# latent)`. `optimiser` holds the discriminator's weights. Take one step, and
# return the loss as a number.
#
# <details><summary>Hint 1</summary><code>fake = generator(latent,
# labels).detach()</code></details>
#
# <details><summary>Hint 2</summary>Then, always in this order:
# <code>optimiser.zero_grad()</code>, <code>loss.backward()</code>,
# <code>optimiser.step()</code>.</details>
#
# <details><summary>Hint 3</summary><code>F.softplus(-discriminator(real,
# labels)).mean()</code> is the first half of the loss.</details>


# %% tags=["exercise"]
def discriminator_step(generator, discriminator, optimiser, real, labels, latent):
    """One step of the discriminator on real (B, 1, S, S), labels (B,), latent (B, L); its loss in nats."""
    ### BEGIN SOLUTION
    fake = generator(latent, labels).detach()
    loss = F.softplus(-discriminator(real, labels)).mean() + F.softplus(discriminator(fake, labels)).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()
    ### END SOLUTION


# %% tags=["check"]
check.discriminator_step(discriminator_step)

# %% [markdown]
# ### Exercise 5.4: the generator's turn
# *difficulty 2 of 5 · 6 minutes*
#
# Write `generator_step(generator, discriminator, optimiser, labels, latent)`.
# `optimiser` now holds the generator's weights. Take one step down the
# non-saturating loss, and return it as a number.
#
# <details><summary>Hint 1</summary>Nothing is detached here: the gradient comes
# through the discriminator.</details>
#
# <details><summary>Hint 2</summary><code>F.softplus(-discriminator(generator(latent,
# labels), labels)).mean()</code></details>


# %% tags=["exercise"]
def generator_step(generator, discriminator, optimiser, labels, latent):
    """One step of the generator on labels (B,) and latent (B, L); its loss in nats."""
    ### BEGIN SOLUTION
    loss = F.softplus(-discriminator(generator(latent, labels), labels)).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()
    ### END SOLUTION


# %% tags=["check"]
check.generator_step(generator_step)

# %% [markdown]
# ### A dry run before the real one
#
# Before you spend minutes, spend seconds. Three questions that find most
# bugs: do the shapes fit, does an untrained pair pay about $2 \ln 2 = 1.386$
# nats, and can the discriminator learn *at all*, if the generator stands
# still? We ask the library's pair.

# %%
from medigenx_lib.gan import losses

generator, discriminator = networks.build(plain)
latent = torch.randn(64, plain.latent, generator=torch.Generator().manual_seed(1))
with torch.no_grad():
    fake = generator(latent, targets[:64])
adam = torch.optim.Adam(discriminator.parameters(), 5e-4, (0.0, 0.99))
paid = []
for _ in range(20):
    logits = discriminator(torch.cat([real[:64], fake]), targets[:64].repeat(2))
    loss = losses.standard_discriminator_loss(*logits.chunk(2))
    adam.zero_grad()
    loss.backward()
    adam.step()
    paid.append(loss.item())

# %%
# NBVAL_CHECK_OUTPUT
print("shapes fit:", fake.shape == real[:64].shape)
print("begins near 2 ln 2 (within 1 nat):", bool(abs(paid[0] - 2 * np.log(2)) < 1))
print("learns to tell noise from films (below 0.2):", bool(paid[-1] < 0.2))

# %% [markdown]
# A pair that fails here would have failed after an hour too.
#
# ## 4. Training
#
# The loop is short: draw films, play a round, and keep a slow **average** of
# the generator's weights. The two players circle around each other (lesson
# 03), and the average sits in the middle of the circle.
#
# To train **your own** parts, set `MINE = True` once the four checks above
# are green, and run from here. Otherwise the library's pair plays by the
# library's step, which does the same two things.

# %%
import copy

from medigenx_lib import settings
from medigenx_lib.gan import steps
from medigenx_lib.gan.state import State

MINE = False
device = settings.device()
state = State.new(plain, {}, device)
generator, discriminator = state.generator, state.discriminator
if MINE:
    generator, discriminator = FilmGenerator().to(device), FilmDiscriminator().to(device)
adams = [torch.optim.Adam(network.parameters(), 5e-4, (0.0, 0.99)) for network in (generator, discriminator)]
average = copy.deepcopy(generator).eval()


# %% [markdown]
# `play_round` is one round with your parts or with ours, and returns what the
# discriminator paid. `follow` moves the average a little towards the
# generator: much at first, then 1 % a round.


# %%
def play_round(films, classes):
    """One turn of each player; the discriminator's loss in nats."""
    if not MINE:
        return steps.step(state, films, classes, progress=0.0)["discriminator_loss"]
    latents = torch.randn(2, len(films), 64, device=device)
    paid = discriminator_step(generator, discriminator, adams[1], films, classes, latents[0])
    generator_step(generator, discriminator, adams[0], classes, latents[1])
    return paid


@torch.no_grad()
def follow(number):
    """Move the average towards the generator, after so many rounds."""
    share = 1 - steps.ema_decay(0.99, number)
    for slow, fast in zip(average.state_dict().values(), generator.state_dict().values(), strict=True):
        slow.copy_(torch.lerp(slow.float(), fast.float(), share))


# %% [markdown]
# And one more to look at what the average makes, always of the same latents.


# %%
@torch.no_grad()
def preview(classes=(0, 0, 0, 1, 1, 1)):
    """Films (n, 32, 32), 0..1, of the average, always from the same latents."""
    fixed = torch.randn(len(classes), 64, generator=torch.Generator().manual_seed(5)).to(device)
    made = average(fixed, torch.tensor(classes, device=device))
    return ((made[:, 0] + 1) / 2).clamp(0, 1).cpu().numpy()


# %% [markdown]
# Now train. A snapshot is taken at the start, after a tenth, a third, and at
# the end. What will be there first: the frame of the chest, its brightness,
# or the ribs? (A minute or so. Stop it when the room cannot wait: `average`
# keeps what was learnt, and all cells below go on with that.)

# %%
from tqdm.auto import trange

rounds = course.by_profile(fast=190, class_=850 if device == "cpu" else 3000)
snapshots, curve = {}, []
films_on, classes_on = real.to(device), targets.to(device)
torch.manual_seed(0)
for number in trange(rounds + 1, desc="playing"):
    if number in (0, rounds // 10, rounds // 3, rounds):
        snapshots[32 * number] = preview()
    chosen = torch.randint(len(real), (32,), device=device)
    curve.append(play_round(films_on[chosen], classes_on[chosen]))
    follow(number)

# %%
titles = [f"{seen:,} films seen" if i == 0 else "" for seen in snapshots for i in range(6)]
fig = course.films([film for films in snapshots.values() for film in films], titles, columns=6)
course.show(
    fig,
    alt="Four rows of generated films from the same latents: grey at first, then a blurred chest, later one with lungs and heart.",
)

# %% [markdown]
# The films get better, the loss does not. It is no score: it says how the
# two players stand *to each other*. If it falls to zero, the discriminator
# has won and teaches nothing any more.

# %%
import matplotlib.pyplot as plt

fig, axis = plt.subplots(figsize=(7, 2.6))
_ = axis.plot(32 * np.arange(len(curve)), [float(paid) for paid in curve], linewidth=0.8)
_ = axis.axhline(2 * np.log(2), color="grey", linestyle=":", label="2 ln 2, cannot tell them apart")
_ = axis.set(xlabel="films seen", ylabel="discriminator's loss, nats", ylim=(0, 2.5))
_ = axis.legend()
course.show(
    fig,
    alt="The discriminator's loss over training: it wavers near the line of 2 ln 2 all the time, while the films get better.",
)

# %% [markdown]
# ### The same with the full recipe
#
# Lesson 04 mended the game: pairs instead of absolute marks, a penalty on
# the discriminator's gradient, a learning rate that falls, a judge that is
# told how films of a group differ, and networks that are thin where pixels
# are many. All of it is the recipe `narrow`, the library's default.
# `training.train` shows its progress, saves a checkpoint every half minute,
# and **goes on from it** if the folder holds one. In Colab, take
# `folder = course.keep("my-gan")`: it lies on your Drive, and a broken
# connection costs half a minute. Here too: stop the training when you must;
# what it saved can be sampled, and run again the cell goes on from there.

# %%
import tempfile

folder = tempfile.mkdtemp()

# %%
from medigenx_lib.course import benches
from medigenx_lib.gan import training

recipe = recipes.recipe("narrow", size=32, ema=course.by_profile(fast=0.99, class_=0.999))
seen = course.by_profile(fast=10_000, class_=18_000 if device == "cpu" else 100_000, full=400_000)
live = benches.live_samples()
result = training.train(pixels, labels, folder, recipe, images=seen, on_sample=live, sample_every=5)

# %%
# NBVAL_CHECK_OUTPUT
again = training.train(pixels, labels, folder, recipe, images=seen, progress_bar=False)
print("run again, it finds that nothing is left to do:", again.figures["images"] == result.figures["images"])

# %% [markdown]
# If the room cannot wait, fall back on the generator that comes with the
# course: write `checkpoint = "gan_64"` below. It was trained for 25
# CPU-minutes on 4,701 real films of children.

# %%
from medigenx_lib.gan import sampling

checkpoint = folder
asked = [film.label or 0 for film in held_out]
made = sampling.sample(asked, checkpoint)
mixed = [*[f for f in made if f.label == 0][:6], *[f for f in made if f.label == 1][:6], *shown]
titles = ["made, normal"] * 6 + ["made, pneumonia"] * 6 + ["real, normal"] * 6 + ["real, pneumonia"] * 6
course.show(
    course.films(mixed, titles),
    alt="Two rows of generated chests, smooth and somewhat alike, above two rows of real ones with sharper edges and more variety.",
)

# %%
course.think(
    "Look at the two upper rows for a minute, then at the two lower ones. Write down three ways in which they differ. "
    "Which of them would a radiologist mind?",
    "Most people find blur first: fine lines such as ribs are missing or wavy. Then sameness: the generated chests "
    "share one frame, while real ones are rotated, cropped, over- and underexposed. Then oddities: lungs that end in "
    "nothing, markers that are no letters.\n\nA radiologist would mind what a classifier may overlook: a diaphragm "
    "that is not there, or an opacity that respects no border. And nobody sees by eye what is missing altogether. "
    "For that one needs a count.",
)

# %% [markdown]
# ## 5. A score by hand
#
# How far are generated films from real ones? A toy first: describe each film
# by **one** number, its mean grey. Then each set is a heap of numbers with a
# mean and a spread, and the Fréchet distance between two bell curves is
#
# $$ d = (m_1 - m_2)^2 + (s_1 - s_2)^2 . $$

# %%
sets = {"real, held out": held_out, "generated": made}
greys = {name: 10 * np.array([film.image.mean() for film in films]) for name, films in sets.items()}
fig, axis = plt.subplots(figsize=(7, 2.6))
for name, values in greys.items():
    _ = axis.hist(values, bins=30, alpha=0.6, label=f"{name}: mean {values.mean():.2f}, spread {values.std():.2f}")
_ = axis.set(xlabel="mean grey of a film, 0 to 10", ylabel="films")
_ = axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
course.show(fig, alt="Two overlapping heaps of mean greys, real and generated, with their means and spreads.")

# %% [markdown]
# With D numbers a film, spreads become covariance matrices $A$ and $B$:
#
# $$ d = \|m_1 - m_2\|^2 + \mathrm{tr}(A) + \mathrm{tr}(B)
#      - 2\,\mathrm{tr}\bigl(\sqrt{AB}\bigr) $$
#
# (Dowson and Landau, 1982; Heusel et al., NeurIPS 2017, who made it known as
# the FID.) The root is that of a *matrix*. Its trace is easy to get: it is
# the sum of the square roots of the eigenvalues of $AB$.

# %% [markdown]
# ### Exercise 5.5: the Fréchet distance
# *difficulty 3 of 5 · 9 minutes*
#
# Write `frechet_distance(real, generated)` for features `(N, D)` and
# `(M, D)`. Return one real number. It must also work with D = 1.
#
# <details><summary>Hint 1</summary><code>np.atleast_2d(np.cov(real,
# rowvar=False))</code> is A, also for D = 1.</details>
#
# <details><summary>Hint 2</summary><code>np.linalg.eigvals(a @ b)</code> may come
# out with tiny imaginary or negative parts: take <code>.real</code>, then
# <code>.clip(0)</code>, then the root.</details>


# %% tags=["exercise"]
def frechet_distance(real, generated):
    """Squared Fréchet distance of Gaussians fitted to features (N, D) and (M, D)."""
    ### BEGIN SOLUTION
    shift = real.mean(0) - generated.mean(0)
    a, b = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (real, generated))
    roots = np.sqrt(np.linalg.eigvals(a @ b).real.clip(0))
    return float(shift @ shift + np.trace(a) + np.trace(b) - 2 * roots.sum())
    ### END SOLUTION


# %% tags=["check"]
check.frechet_distance(frechet_distance)

# %% [markdown]
# Which numbers should describe a film? Papers take a network trained on
# photographs; this course takes one trained on chest films, the **encoder**
# (`evaluation.encoder`): 64 features that know the diagnosis, the anatomy, and
# how much blur and grain there is. It was trained on *real* films of children.
# On phantoms it still sees shape and sharpness, but it cannot read their
# diagnosis; keep that in mind.
#
# Before you trust the distance, ask what it says of **real against real**,
# for sets of different sizes. What do you expect: 0?

# %%
from medigenx_lib.evaluation import distances
from medigenx_lib.evaluation.encoder import features

described = features(train_films)
rng = np.random.default_rng(0)
sizes, floors = [24, 48, 96, 192, 384], {}
for size in sizes:
    draws = [rng.permutation(len(described))[: 2 * size] for _ in range(8)]
    floors[size] = [distances.frechet_distance(described[d[:size]], described[d[size:]]) for d in draws]

# %%
fig, axis = plt.subplots(figsize=(6.5, 2.8))
for values in zip(*floors.values(), strict=True):
    _ = axis.plot(sizes, values, "o", color=course.PALETTE.sky, markersize=4)
_ = axis.plot(sizes, [np.mean(floors[size]) for size in sizes], color=course.PALETTE.blue)
_ = axis.set(xscale="log", yscale="log", xticks=sizes, xticklabels=sizes, xlabel="films in each set")
axis.minorticks_off()
_ = axis.set(
    yticks=[3, 10, 30], yticklabels=[3, 10, 30], ylabel="Fréchet distance", title="real films against real films"
)
course.show(
    fig, alt="Distance between two sets of real films: far above zero for few films, falling steadily as sets grow."
)

# %%
# NBVAL_CHECK_OUTPUT
mean = {size: np.mean(values) for size, values in floors.items()}
print("real against real is never 0:", min(map(min, floors.values())) > 0)
print("24 films look at least 4 times as far apart as 384:", bool(mean[24] > 4 * mean[384]))

# %% [markdown]
# The same films, the same scorer, and the number changes by a factor, just
# because there are fewer of them (Chong and Forsyth, CVPR 2020). So:
#
# - a distance without the **number of films** means nothing;
# - a distance without its **floor** means nothing: real films that no
#   network has seen, scored the same way, at the same number.
#
# ### What a mean and a covariance cannot see
#
# Two sets may share both and still differ. So we also ask neighbours. Draw
# a ball around every real film that reaches to its k-th neighbour among the
# other real ones. **Coverage**: in what share of the balls lies at least one
# generated film? **Precision** asks the other way round: what share of the
# generated films lies in some ball? (Naeem et al., ICML 2020; Kynkäänniemi
# et al., NeurIPS 2019.)
#
# Three more of the kind stand in the table below:
#
# - **Recall** is precision with the roles exchanged: the balls are drawn
#   around the generated films, and the share of *real* films inside them is
#   counted. It falls where kinds of film are missing.
# - **Density** counts in how many real balls a generated film lies, over k.
#   Real films have 1; a film that only one odd ball reaches counts little.
# - The **kernel distance** (KID) asks whether pairs of real and generated
#   films are as alike as pairs of one kind. It assumes no bell curve; real
#   films against real films have 0 on average at any size of the sets
#   (Bińkowski et al., ICLR 2018).

# %%
# NBVAL_CHECK_OUTPUT
from scipy.spatial.distance import cdist

print(cdist(np.array([[0.0], [1.0], [4.0]]), np.array([[0.0], [3.0]])))

# %% [markdown]
# `cdist` gives all distances between two sets of points: one row for each
# point of the first, one column for each of the second.

# %% [markdown]
# ### Exercise 5.6: who is covered?
# *difficulty 3 of 5 · 9 minutes*
#
# Write `coverage(real, generated, k)` for features `(N, D)` and `(M, D)`:
# the share, 0 to 1, of real films with a generated film in their ball.
#
# <details><summary>Hint 1</summary><code>cdist(real, real)</code> has zeros on its
# diagonal: each film is its own nearest neighbour. After sorting a row, the
# k-th other film stands at place k.</details>
#
# <details><summary>Hint 2</summary><code>cdist(real, generated).min(1)</code> is how
# near the nearest generated film comes to each real one.</details>


# %% tags=["exercise"]
def coverage(real, generated, k):
    """Share of real films (N, D) with a generated one (M, D) as near as their k-th real neighbour."""
    ### BEGIN SOLUTION
    reach = np.sort(cdist(real, real), axis=1)[:, k]
    return float(np.mean(cdist(real, generated).min(1) <= reach))
    ### END SOLUTION


# %% tags=["check"]
check.coverage(coverage)

# %% [markdown]
# ## 6. The whole table
#
# `evaluation.images.scores` computes all of these and more, for several sets
# at once, each with as many films, in the same mix of classes, against the
# same real training films. We give it three generators: your round of the
# game, the full recipe, and `gan_64`. Beside them it puts the **floor** (real
# films, held out) and two **controls**, which ought to be bad: real films
# blurred, and 16 real films shown over and over.
#
# Some rows are new. `grain`, `sharpness` and `contrast` say by how many
# standard deviations of real films the made ones differ, so 0 is best.
# `label_agreement` is the share of films that the encoder takes for the class
# that was asked for. The last three look for training films learnt by heart:
# section 7.

# %%
from medigenx_lib.cases import Case
from medigenx_lib.evaluation import images

films = preview(asked)
by_hand = [Case(f"by-hand-{i}", film, asked[i], source="by hand", synthetic=True) for i, film in enumerate(films)]
others = {"by hand": by_hand, "gan_64": sampling.sample(asked, "gan_64")}
repeats = course.by_profile(fast=10, class_=20)
table = images.scores(train_films, held_out, made, others, repeats=repeats)

# %%
values = table.pivot(index="score", columns="set", values="value").loc[list(images.SCORES)]
order = ["held-out real", "generated", "by hand", "gan_64", "blurred real", "repeated real"]
short = dict(zip(order, ["floor", "generated", "by hand", "gan_64", "blurred", "repeated"], strict=True))
print(values[order].round(2).rename(columns=short).rename_axis(index=None, columns=None).to_string())

# %% [markdown]
# Fourteen rows are too many to read. A picture with intervals is better: a dot
# is the score, its bar what another choice of films might have given (90 %),
# and the grey band is the floor's. **Nothing to the good side of the band is
# worth celebrating**: no generator can be more real than real films.


# %%
def draw_scores(names, figsize):
    """One panel a score: a dot and a 90 % interval for each set, the floor as a grey band."""
    fig, axes = plt.subplots(2, len(names) // 2, figsize=figsize, sharey=True)
    for axis, name in zip(axes.flat, names, strict=True):
        rows = table[table.score == name].set_index("set").loc[order[::-1]]
        axis.axvspan(rows.low["held-out real"], rows.high["held-out real"], color="lightgrey")
        axis.hlines(range(len(rows)), rows.low, rows.high, color=course.PALETTE.blue)
        axis.plot(rows.value, range(len(rows)), "o", color=course.PALETTE.blue)
        title = name.replace("_", " ").replace("frechet", "Fréchet")
        axis.set(title=f"{title}\n({images.SCORES[name].better} is better)", yticks=range(len(rows)))
        axis.set_xlabel("SD of real films" if name in ("grain", "sharpness") else "")
        axis.set_yticklabels(rows.index)
    return fig


# %%
distant = ["frechet_distance", "pixel_frechet_distance", "grain", "sharpness"]
shares = ["precision", "recall", "coverage", "density"]
course.show(
    draw_scores(distant + shares, (10.5, 5.2)),
    alt="Eight panels with one dot and interval for each set: generators, controls and the floor as a grey band.",
)

# %% [markdown]
# Some things to find in the picture:
#
# - The full recipe against the loop by hand: it has other networks, another
#   game and another number of films. How much did all that buy, and is
#   it more than the bars? Look at precision and recall of the loop by hand
#   together: its single films are not bad, but what does it leave out?
# - `repeated real` has excellent single films and a recall of zero.
# - `gan_64` is the best generator in this house. On phantoms it looks bad:
#   it makes *children of one hospital*, and phantoms are something else. A
#   score belongs to a set of films. Run this lesson on real films, and the
#   same generator comes close to the floor.
# - `label_agreement` in the table, on phantoms: even the floor is near 0.5,
#   so the judge cannot tell, and the row is worthless. Only the floor
#   tells you that.

# %%
# NBVAL_CHECK_OUTPUT
control = values["repeated real"]
print(f"16 films over and over: recall {control.recall:.1f}, copies {control.copies:.1f}")
print(
    "their distance is far above the floor:",
    bool(control.frechet_distance > 3 * values["held-out real"].frechet_distance),
)

# %% [markdown]
# ## 7. Has it learnt films by heart?
#
# The best score of all would go to a generator that hands out its training
# films. So for each generated film we look for the most similar training
# film: by the correlation of a middle band of detail (ribs, vessels, heart
# border), shifted up to 4 pixels. But how similar is *too* similar? Films of
# different people are alike too. The held-out films tell what chance finds.

# %%
from medigenx_lib.evaluation import memorisation

found = {
    "held-out": memorisation.nearest_films(held_out, train_films),
    "generated": memorisation.nearest_films(made, train_films),
}

# %%
fig, axis = plt.subplots(figsize=(7, 2.8))
for name, nearest in found.items():
    _ = axis.hist(nearest.similarity, bins=np.linspace(0, 1, 41), alpha=0.6, label=f"{name} films")
_ = axis.axvline(memorisation.COPY_SIMILARITY, color="black", linestyle=":", label="counts as a copy")
_ = axis.set(xlabel="similarity to the nearest training film", ylabel="films")
_ = axis.legend()
course.show(
    fig,
    alt="Similarity to the nearest training film: the heap of generated films beside that of held-out films, both mostly left of the line for copies.",
)

# %% [markdown]
# If the heap of the generated films lies to the *right* of the other, the
# generator knows its training films too well. Always look at the most
# similar pairs themselves. No score replaces that.

# %%
nearest = found["generated"]
closest = np.argsort(-nearest.similarity)[:6]
pairs = [made[i] for i in closest] + [train_films[nearest.index[i]] for i in closest]
titles = [f"similarity {nearest.similarity[i]:.2f}" for i in closest] + ["nearest, training"] * 6
course.show(
    course.films(pairs, titles),
    alt="The six generated films most similar to a training film, above those training films: alike in shape, not the same film.",
)

# %% [markdown]
# ## 8. The crash test
#
# A car is not safe because its maker says so; one drives it into a wall. **A
# crash test of a score plants a flaw in real films, and sees whether the score
# notices.** The flaws:
#
# | flaw | what is planted |
# |---|---|
# | collapse | a tenth of the films, each ten times |
# | grain | a checkerboard of 3 % |
# | blur | a Gaussian of 0.7 pixels |
# | contrast | reduced to three quarters |
# | copies | half of the films are training films, shifted and brightened |
# | swapped labels | a fifth of each class under the other's name |
#
# "Notices" means: the score's interval lies wholly on the bad side of the
# floor's. Predict before you run: which flaw will the Fréchet distance miss?
# Which will only one score see?

# %%
from medigenx_lib.evaluation import crashtest

caught = crashtest.crash_test(train_films, held_out, repeats=repeats)

# %%
grid = caught.T.astype(int)
fig, axis = plt.subplots(figsize=(8, 5))
_ = axis.imshow(grid, cmap="Blues", vmin=0, vmax=2, aspect="auto")
_ = axis.set_xticks(range(len(grid.columns)), grid.columns, rotation=20)
_ = axis.set_yticks(range(len(grid)), [name.replace("_", " ").replace("frechet", "Fréchet") for name in grid.index])
for (row, column), value in np.ndenumerate(grid):
    _ = axis.text(column, row, "noticed" if value else "·", ha="center", va="center", fontsize=8)
course.show(
    fig,
    alt="A table of scores against planted flaws, with the word noticed where a score's interval leaves the floor's; no row is full.",
)

# %%
# NBVAL_CHECK_OUTPUT
pairs = {"collapse": "coverage", "grain": "grain", "blur": "sharpness", "contrast": "contrast", "copies": "copies"}
for flaw, score in pairs.items():
    print(f"{flaw:9} is noticed by {score:10} {caught.loc[flaw, score]}")
print("one score that notices all of them:", bool(caught.loc[list(pairs)].all().any()))

# %% [markdown]
# Read it by rows and by columns. No row is full: **there is no single
# score**. Swapped labels need a judge that can read the class, which ours can
# on real films only. And if something is "noticed" in the column `nothing`,
# you have met a false alarm: with 14 scores and intervals of 90 %, one or
# two are to be expected.
#
# Try to cheat yourself. Choose a flaw and turn it up. Each bar says how many
# times worse than the floor a score is; 1 is "as good as real". Can you ruin
# the films while a bar stays at 1?

# %%
from dataclasses import replace

from medigenx_lib.evaluation.encoder import blurred
from medigenx_lib.evaluation.pixels import PixelBasis

basis = PixelBasis.fit(train_films)
clean, victims = held_out[: len(held_out) // 2], held_out[len(held_out) // 2 :]
reference = train_films[:256]

# %% [markdown]
# Each set is described once, then compared.


# %%
def describe(films):
    """Encoder features and pixel components of films."""
    return features(films), basis.project(films)


def three_scores(films):
    """Fréchet distances in both spaces, and the share of the reference that is not covered."""
    pairs = list(zip(known, describe(films), strict=True))
    far = [distances.frechet_distance(first, second) for first, second in pairs]
    return np.array([*far, 1 - distances.density_coverage(*pairs[0])[1]])


known = describe(reference)
usual = three_scores(clean)

# %% [markdown]
# The flaws, each with a strength of 0 to 1:


# %%
board = np.indices((32, 32)).sum(0) % 2 * 2 - 1
EDITS = {
    "blur": lambda image, s: blurred(torch.from_numpy(image), 0.05 + 1.5 * s).numpy(),
    "grain": lambda image, s: image + 0.12 * s * board,
    "contrast": lambda image, s: image + 0.6 * s * (image.mean() - image),
    "mirror": lambda image, s: image[:, ::-1],
}


def flawed(flaw, strength):
    """The victims with a flaw; ``collapse`` shows ever fewer over and over, ``mirror`` turns ever more of them."""
    if flaw == "collapse":
        return [victims[i % max(4, round(len(victims) * (1 - strength)))] for i in range(len(victims))]
    edit, count = EDITS[flaw], round(len(victims) * strength) if flaw == "mirror" else len(victims)
    spoilt = [edit(film.image, strength).clip(0, 1).astype(np.float32) for film in victims[:count]]
    return [replace(film, image=image, masks={}) for film, image in zip(victims, spoilt, strict=False)] + victims[
        count:
    ]


# %%
def draw_flaw(flaw, strength):
    """Four films with the flaw, and how many times worse than the floor three scores are."""
    films = flawed(flaw, strength)
    fig, axes = plt.subplots(1, 5, figsize=(10.5, 2.5), width_ratios=[1, 1, 1, 1, 1.6])
    for axis, film in zip(axes, films[:4], strict=False):
        axis.imshow(film.image, vmin=0, vmax=1)
        axis.axis("off")
    bars, times = ["not covered", "Fréchet, pixels", "Fréchet, encoder"], (three_scores(films) / usual)[::-1]
    axes[4].hlines(bars, 1, times, color=course.PALETTE.blue, linewidth=8)
    axes[4].axvline(1, color="black", linestyle=":")
    axes[4].set(xscale="log", xlim=(0.5, 60), ylim=(-0.6, 2.6), xlabel="times the floor")
    axes[4].set(xticks=[1, 3, 10, 30], xticklabels=[1, 3, 10, 30])
    axes[4].minorticks_off()
    return fig


course.interact(draw_flaw, flaw=["blur", "grain", "contrast", "collapse", "mirror"], strength=(0.0, 1.0, 0.1, 0.5),
                alt="Four films with a planted flaw, and three scores as multiples of the floor.")  # fmt: skip

# %% [markdown]
# Did you find that the pixel components hardly mind blur and grain? They are
# the 48 broadest patterns of a film, and fine detail is in none of them. And
# `mirror` puts the heart on the wrong side: gross, and yet nearly invisible
# to some of the bars, at least as long as no score was made for it.
#
# ## 9. The class's board
#
# A score card holds what others need to compare: the films, their size, how
# many were scored, and for each score its value, its interval and **its
# floor**. A card without a floor is not accepted.

# %%
import json
import os
from pathlib import Path

import pandas as pd

KEPT = ("frechet_distance", "pixel_frechet_distance", "recall", "coverage", "copies")


def card(team, which):
    """What team puts on the board about the set called which: JSON-able."""
    rows, floor = (table[table.set == name].set_index("score") for name in (which, "held-out real"))
    found = {name: rows.loc[name, ["value", "low", "high"]].astype(float).round(4).to_dict() for name in KEPT}
    scores = {name: {**found[name], "floor": round(float(floor.value[name]), 4)} for name in KEPT}
    source = Path(os.environ.get("MEDIGENX_SOURCE", "phantom")).stem
    return {"team": team, "source": source, "size": 32, "scored": int(rows.n.iloc[0]), "scores": scores}


print(json.dumps(card("our recipe", "generated"), indent=1)[:360], "...")

# %% [markdown]
# Every team writes its card into one folder (a shared drive, a repository),
# and this reads all that are there. Cards of other films, another size or
# another number of films would not be comparable, so they are left out.

# %%
wall = Path(tempfile.mkdtemp())
for team, which in {"our recipe": "generated", "by hand": "by hand", "gan_64": "gan_64"}.items():
    (wall / f"{team}.json").write_text(json.dumps(card(team, which)))


def read_board(folder, like):
    """All comparable cards in folder, best first: distance over its floor, recall, coverage, copies."""
    cards = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    cards = [c for c in cards if all(c[key] == like[key] for key in ("source", "size", "scored"))]
    rows = []
    for scores in (c["scores"] for c in cards):
        far, rest = scores["frechet_distance"], {name: scores[name]["value"] for name in KEPT[2:]}
        rows.append({"distance / floor": far["value"] / far["floor"], **rest})
    return pd.DataFrame(rows, index=[c["team"] for c in cards]).sort_values("distance / floor")


# %%
print(read_board(wall, card("", "generated")).round(2).to_string())

# %% [markdown]
# Do not train *for* the board: once a score is the goal, its blind spots
# become your films. (You know from section 8 which they are.) And a rank is
# worth something only if the intervals are apart.
#
# ## 10. A walk between two films
#
# A score is one number; a generator is a whole space. The bench walks from
# one point of it to another, in the generator that comes with the course.
# Predict first: will the films on the way look like chests, or like two
# chests laid over each other? What does the class slider change in *one*
# anatomy? And what do you pay for a small truncation?

# %%
_ = benches.latent_bench()
# %% [markdown]
# A generator that had only learnt films by heart would jump or blend on the
# way. Truncation draws from the middle of the space: each film safer, all of
# them more alike. Section 5 would call that precision bought with coverage.
#
# ## Summary
#
# - A GAN is two networks and two turns. Detach the fakes in the
#   discriminator's turn; clear the gradients in each.
# - Dry run first: shapes, the untrained loss, can the discriminator learn?
# - The discriminator's loss is no score. An average of the weights, a budget
#   in films, and a checkpoint belong to every run.
# - A distance has a floor that depends on the number of films. Real against
#   real is never 0. Always give the number, the floor and an interval.
# - Mean and covariance miss what neighbours see, neighbours miss what pixel
#   statistics see, and none of them sees a copy. Plant flaws and find out
#   what *your* scores miss.
# - Similarity to training films means something only beside that of films
#   the generator has never seen.
#
# ## Quiz

# %%
course.quiz(
    "In the discriminator's turn somebody forgets `.detach()`. What happens?",
    {
        "Training crashes": "no error is raised: that is what makes this bug expensive.",
        "Gradients pile up in the generator": "and unless the generator clears them in its turn, it walks the wrong way.",
        "The discriminator learns nothing": "its own gradients are the same as before.",
    },
    answer="Gradients pile up in the generator",
)

# %%
course.quiz(
    "Team A reports a Fréchet distance of 9 with 100 films, team B 6 with 2,000. Who is nearer to real?",
    {
        "Team B": "perhaps, but fewer films give larger distances by themselves.",
        "Team A, because it is harder with few films": "it may be, but the numbers do not say so.",
        "Nobody can tell without the floors": "score both at the same number of films, beside real films.",
    },
    answer="Nobody can tell without the floors",
)

# %%
course.quiz(
    "A generator shows 16 perfect films over and over. Which score notices?",
    {
        "Precision": "each film lies among the real ones, so precision is excellent.",
        "Recall and coverage": "most real films have no generated neighbour.",
        "Sharpness": "the films are as sharp as real ones, because they are real ones.",
    },
    answer="Recall and coverage",
)

# %%
course.quiz(
    "6 % of the generated films count as copies of training films. Your next step?",
    {
        "Retract the generator": "first find out what the detector says of films that cannot be copies.",
        "Raise the threshold until there are none": "then the detector would find no real copies either.",
        "Run it on held-out films, and look at the pairs": "if held-out films give 6 % too, that is what chance finds.",
    },
    answer="Run it on held-out films, and look at the pairs",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 06](06_applications_in_healthcare.ipynb): what such films are good
#   for, and whom they may harm.
# - Set `MINE = True` and beat the board with your own networks. Ideas: more
#   channels at 8 x 8, the loss in pairs (`gan.losses`), a slower average.
# - Run everything on real films: the lines under the title say how.
# - What the same scores say about other people's recipes, each trained for
#   240 CPU-seconds: [benchmarks](../benchmarks/README.md).
# - Borji, "Pros and cons of GAN evaluation measures: new developments",
#   Computer Vision and Image Understanding, 2022.
