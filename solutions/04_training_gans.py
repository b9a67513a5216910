# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Training GANs
#     key_point: What goes wrong in training (collapse, vanishing gradients, overfitting discriminators), provoked live, measured, and mended one lever at a time.
#     answer: A generator can fail in ways that its loss does not show; knowing the curves that do show it decides whether a film set may be used at all.
#     teaching: 55
#     exercises: 40
#     prerequisites: [3]
#     objectives:
#       - Provoke mode collapse in a second, count what is missing, and name the setting that caused it
#       - Show why a perfect discriminator stops one generator loss and not the other
#       - Write the zero-centred gradient penalty and the averaged generator by hand
#       - Tell from held-out films when a discriminator learns by heart, and mend it
#       - Read training curves, and say which levers helped on real films and which did not
#     accelerator: none
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. A game small enough to watch
#
# Most GAN trainings that fail do not crash: the losses look busy, films come
# out, and only later somebody notices that all of them are the same child.
# So we shall break trainings on purpose, see what each failure looks like,
# and mend them one lever at a time.
#
# For that we need a game that takes a second. Say two numbers were measured
# on each film, and there are **eight kinds of film**: eight small clouds on
# a ring. A good generator makes all eight.

# %%
import math

import torch

from medigenx_lib import course

angle = torch.arange(8) * math.pi / 4
CENTRES = 2 * torch.stack([angle.cos(), angle.sin()], 1)  # (8, 2)


def real_points(count, draw):
    """``count`` real films as points (count, 2), of all eight kinds alike."""
    kind = torch.randint(8, (count,), generator=draw)
    return CENTRES[kind] + 0.15 * torch.randn(count, 2, generator=draw)


# %% [markdown]
# The players are two small networks. Everything that you may turn stands in
# the arguments; we go through them one by one. `momentum` is the first of
# Adam's two betas: how much of the last steps each new step repeats. And as
# in many tutorials gone wrong, the generator is in a hurry: it learns five
# times as fast as its judge.

# %%
import copy

from torch import nn


def network(outputs, width=64):
    """Points (B, 2) to (B, outputs), through two hidden layers."""
    middle = [nn.Linear(width, width), nn.LeakyReLU(0.2)]
    return nn.Sequential(nn.Linear(2, width), nn.LeakyReLU(0.2), *middle, nn.Linear(width, outputs))


def players(momentum, seed, width=64):
    """Generator, discriminator, and one Adam for each."""
    torch.manual_seed(seed)
    maker, judge = network(2), network(1, width)
    adams = [torch.optim.Adam(who.parameters(), rate, (momentum, 0.99)) for who, rate in ((maker, 5e-3), (judge, 1e-3))]
    return maker, judge, *adams


# %% [markdown]
# The two turns are those of lesson 03. The discriminator's comes first. Its
# loss is the cross-entropy. `penalty` is a function that may add something
# to the discriminator's loss; for now there is none.

# %%
from medigenx_lib.gan import losses


def discriminator_turn(judge, adam, real, fake, penalty):
    """One step of the discriminator on points (B, 2) of both kinds; returns its loss."""
    loss = losses.standard_discriminator_loss(judge(real)[:, 0], judge(fake)[:, 0])
    if penalty:
        loss = loss + penalty(judge, real) + penalty(judge, fake)
    adam.zero_grad()
    loss.backward()
    adam.step()
    return loss.item()


# %% [markdown]
# The generator is judged by the discriminator that has just been improved.


# %%
def generator_turn(judge, adam, fake):
    """One step of the generator that made ``fake`` (B, 2)."""
    loss = losses.standard_generator_loss(judge(fake)[:, 0])
    adam.zero_grad()
    loss.backward()
    adam.step()


# %% [markdown]
# And the game. Every 50 rounds the game takes a photograph: 500 made points,
# the loss, and what the discriminator says on average about real and made
# points. Two more arguments wait for their sections: `change`, done to
# everything that the discriminator sees, and `points`, a fixed set of real
# films instead of new ones each time.

# %%
from tqdm.auto import tqdm

FIXED = torch.randn(500, 2, generator=torch.Generator().manual_seed(1))  # latents of the photographs
HELD_OUT = real_points(500, torch.Generator().manual_seed(2))  # real, never trained on


def photograph(generator, judge, average, loss, points):
    """What one round looks like: made points, live and averaged, and mean logits."""
    with torch.no_grad():
        made, smooth = generator(FIXED), average(FIXED)
        seen = {"train": points, "held_out": HELD_OUT, "fake": made}
        logits = {name: judge(films).mean().item() for name, films in seen.items()}
    return {"made": made, "averaged": smooth, "loss": loss, **logits}


# %%
def play(momentum, penalty=None, change=None, points=None, rounds=1000, seed=0, width=64):
    """Play ``rounds`` rounds, batches of 64; returns the photographs, one every 50 rounds."""
    generator, judge, generator_adam, judge_adam = players(momentum, seed, width)
    average, album, draw = copy.deepcopy(generator), [], torch.Generator().manual_seed(seed)
    for turn in tqdm(range(1, rounds + 1), "rounds", leave=False, delay=1, disable=rounds < 1000):
        real = real_points(64, draw) if points is None else points[torch.randint(len(points), (64,), generator=draw)]
        fake = generator(torch.randn(64, 2, generator=draw))
        shown = (real, fake) if change is None else (change(real, draw), change(fake, draw))
        loss = discriminator_turn(judge, judge_adam, shown[0], shown[1].detach(), penalty)
        generator_turn(judge, generator_adam, shown[1])
        with torch.no_grad():
            for mean, value in zip(average.parameters(), generator.parameters(), strict=True):
                mean.lerp_(value, max(0.01, 9 / (10 + turn)))
        if turn % 50 == 0:
            album.append(photograph(generator, judge, average, loss, real if points is None else points))
    return album


# %% [markdown]
# ## 2. Collapse
#
# First we play with a momentum of 0.5, as the DCGAN's tutorials do. Adam
# itself would take 0.9. What do you expect to see: eight clouds, one, none?

# %%
import matplotlib.pyplot as plt


def scatter(axis, made, title):
    """Made points (n, 2) over the eight real clouds."""
    axis.plot(*HELD_OUT.T, ".", color="lightgrey", markersize=3)
    axis.plot(*made.T, ".", color=course.PALETTE.red, markersize=3)
    axis.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), xticks=[], yticks=[], aspect="equal", title=title)


collapsed = play(momentum=0.5)
fig, axes = plt.subplots(1, 5, figsize=(10.5, 2.4))
for axis, moment in zip(axes, (3, 7, 11, 15, 19), strict=True):
    scatter(axis, collapsed[moment]["made"], f"round {50 * moment + 50}")
course.show(fig, alt="Five photographs of one game: made points form one clump, each time elsewhere.")

# %% [markdown]
# The generator puts nearly everything on one spot. The discriminator learns
# that this spot is suspicious, the generator runs to another, and so on for
# ever. This is **mode collapse**: each film may look fine, and the set is
# worthless. Imagine a teaching file in which every pneumonia sits in the
# same lobe.
#
# Looking is not enough: how many kinds are there, and how many points lie on
# any kind at all?

# %% [markdown]
# ### Exercise 4.1: count what is there
# *difficulty 2 of 5 · 7 minutes*
#
# Write `kinds_covered(made, centres, radius=0.45, least=0.02)`. `made` is
# `(n, 2)`, `centres` `(K, 2)`. A point belongs to its nearest centre if it
# lies closer than `radius`, else to none. Return two numbers: how many kinds
# hold at least the share `least` of **all** points (a whole number), and the
# share of points that belong to some kind (0 to 1).
#
# <details><summary>Hint 1</summary><code>torch.cdist(made, centres)</code> gives
# all distances, (n, K); <code>.min(1)</code> gives the nearest and its
# number.</details>
#
# <details><summary>Hint 2</summary>Count with <code>torch.bincount(numbers[near],
# minlength=len(centres))</code>, where <code>near</code> says which points are
# close enough.</details>
#
# <details><summary>Hint 3</summary>Compare the counts with
# <code>least * len(made)</code>.</details>


# %% tags=["exercise"]
def kinds_covered(made, centres, radius=0.45, least=0.02):
    """(kinds that hold at least the share ``least`` of all points, share of points on any kind)."""
    ### BEGIN SOLUTION
    distance, kind = torch.cdist(made, centres).min(1)
    near = distance < radius
    counts = torch.bincount(kind[near], minlength=len(centres))
    return int((counts >= least * len(made)).sum()), near.float().mean().item()
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_04 as check

check.kinds_covered(kinds_covered)

# %% [markdown]
# The same count, in our words for the rest of the lesson. We look at the
# loss beside it. Would the loss have told you?


# %%
def kinds(made):
    """How many of the eight kinds hold at least 2 % of the made points."""
    distance, kind = torch.cdist(made, CENTRES).min(1)
    return int((torch.bincount(kind[distance < 0.45], minlength=8) >= 0.02 * len(made)).sum())


healthy = play(momentum=0.0)
print(
    "kinds of 8 at the end:", kinds(collapsed[-1]["made"]), "with momentum 0.5,", kinds(healthy[-1]["made"]), "with 0"
)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 2.8))
for name, album in {"momentum 0.5": collapsed, "momentum 0": healthy}.items():
    turns = range(50, 50 * len(album) + 1, 50)
    _ = left.plot(turns, [kinds(photo["made"]) for photo in album], "o-", markersize=3, label=name)
    _ = right.plot(turns, [photo["loss"] for photo in album], label=name)
_ = left.set(xlabel="round", ylabel="kinds made, of 8", ylim=(-0.3, 8.5))
_ = right.set(xlabel="round", ylabel="discriminator's loss, nats", ylim=(0, 1.8))
_ = right.axhline(2 * math.log(2), color="grey", linestyle=":")
_ = left.legend()
course.show(fig, alt="Kinds: two at most with momentum 0.5, soon eight with 0. Both losses stay at the dotted line.")

# %% [markdown]
# One number changed, and all eight kinds are there. Momentum repeats the
# last steps; in a game the opponent has moved meanwhile, and the last steps
# are wrong by now. That is why GAN recipes set Adam's first beta below its
# usual 0.9: to 0.5, which is not low enough here, or to 0.
#
# And look right: the loss hardly differs. **A GAN's loss does not tell you
# whether it works.** It says how well two players match, not how good they
# are.


# %%
# NBVAL_CHECK_OUTPUT
def most_and_least(album):
    """The largest and the smallest number of kinds in the second half of a game."""
    counts = [kinds(photo["made"]) for photo in album[len(album) // 2 :]]
    return max(counts), min(counts)


print("momentum 0.5, never more than half of the kinds:", most_and_least(collapsed)[0] <= 4)
print("momentum 0, always more than half:", most_and_least(healthy)[1] > 4)

# %% [markdown]
# ## 3. A judge too good to learn from
#
# Lesson 03 met the second failure on paper: a perfect discriminator is flat
# where the fakes are. Let us measure it. We freeze an untrained generator,
# train only the discriminator, and ask after each step: if the generator
# moved now, how strong would its gradient be?


# %%
def pull(loss, generator, judge):
    """Norm of the gradient that reaches the generator's weights."""
    slopes = torch.autograd.grad(loss(judge(generator(FIXED))[:, 0]), list(generator.parameters()))
    return math.sqrt(sum(slope.square().sum().item() for slope in slopes))


def saturating(logits):
    """What lesson 03 called the saturating loss, logits (B,)."""
    return -nn.functional.softplus(logits).mean()


GENERATOR_LOSSES = {"saturating": saturating, "non-saturating": losses.standard_generator_loss}


# %% [markdown]
# One step of the discriminator, then a look at both gradients; sixty looks.


# %%
def study(penalty=None, steps=600):
    """Pull of both losses, two lists, while the discriminator alone learns against a frozen generator."""
    generator, judge, _, adam = players(momentum=0.0, seed=0)
    draw, pulls = torch.Generator().manual_seed(0), {name: [] for name in GENERATOR_LOSSES}
    for step in range(steps):
        fake = generator(torch.randn(64, 2, generator=draw)).detach()
        discriminator_turn(judge, adam, real_points(64, draw), fake, penalty)
        if step % 10 == 9:
            for name, loss in GENERATOR_LOSSES.items():
                pulls[name].append(pull(loss, generator, judge))
    return pulls


free = study()

# %%
fig, axis = plt.subplots(figsize=(6.5, 2.8))
for name, values in free.items():
    _ = axis.semilogy(range(10, 601, 10), values, label=name)
_ = axis.set(xlabel="steps of the discriminator alone", ylabel="gradient for the generator")
_ = axis.legend()
course.show(fig, alt="The saturating gradient falls by orders of magnitude as the judge learns; the other grows.")

# %%
# NBVAL_CHECK_OUTPUT
print("saturating: the pull fell to under a tenth of its best:", free["saturating"][-1] < 0.1 * max(free["saturating"]))
print("non-saturating: still pulls over 10 times harder:", free["non-saturating"][-1] > 10 * free["saturating"][-1])

# %% [markdown]
# With the saturating loss a better judge is a worse teacher: **vanishing
# gradients**. The non-saturating loss cures that, but see how its pull
# *grows*: the judge becomes a cliff, and steps from a cliff are wild. What
# we want is a judge that stays smooth while it learns.
#
# ## 4. Penalties: keep the judge smooth
#
# The remedy that did most for GANs is short: **make the discriminator pay
# for steepness.** Ask how steeply the logit rises when a *film* changes a
# little, $\nabla_x D(x)$, and add to the loss:
#
# $$ \frac{\gamma}{2}\; \overline{\lVert \nabla_x D(x) \rVert^2} $$
#
# On real films this is called R1, on fakes R2 (Mescheder et al., ICML 2018).
# *Zero-centred*, because the wanted slope is 0: where real and fake agree,
# the judge should be flat. WGAN-GP wants a slope of 1 instead, and so never
# comes to rest.

# %% [markdown]
# ### Exercise 4.2: make steepness cost
# *difficulty 4 of 5 · 10 minutes*
#
# Write `gradient_penalty(judge, points)`. `judge` is a network that takes
# `(B, 2)` to `(B, 1)`, one logit for each point; `points` is `(B, 2)`.
# Return the mean over points of the *squared norm* of the logit's gradient
# by the point, one number that the discriminator can itself be trained on.
#
# <details><summary>Hint 1</summary>Gradients by an input need a leaf that asks for
# them: <code>points.detach().requires_grad_()</code>.</details>
#
# <details><summary>Hint 2</summary>The logits of different points do not
# depend on each other, so the gradient of their <code>.sum()</code> holds each
# point's own: <code>torch.autograd.grad(total, points, ...)</code>.</details>
#
# <details><summary>Hint 3</summary>To train on a gradient, it must itself be
# differentiable: <code>create_graph=True</code>. Square, sum over axis 1, then
# the mean.</details>


# %% tags=["exercise"]
def gradient_penalty(judge, points):
    """Mean squared norm of the gradient of ``judge`` at points (B, 2); differentiable."""
    ### BEGIN SOLUTION
    points = points.detach().requires_grad_()
    (slope,) = torch.autograd.grad(judge(points).sum(), points, create_graph=True)
    return slope.square().sum(1).mean()
    ### END SOLUTION


# %% tags=["check"]
check.gradient_penalty(gradient_penalty)

# %% [markdown]
# The library's (`losses.zero_centred_penalty`) is the same for films with a
# label. Ours for points, with a weight:


# %%
def smooth(gamma):
    """A penalty of weight ``gamma`` for ``play`` and ``study``."""

    def penalty(judge, points):
        points = points.detach().requires_grad_()
        (slope,) = torch.autograd.grad(judge(points).sum(), points, create_graph=True)
        return gamma / 2 * slope.square().sum(1).mean()

    return penalty


held_back = study(smooth(1.0))

# %% [markdown]
# First the pull on the frozen generator again. Then the landscape itself: what
# such a discriminator says of every place, without and with the penalty.

# %%
# NBVAL_CHECK_OUTPUT
steeper = free["non-saturating"][-1] / held_back["non-saturating"][-1]
print("without the penalty the pull is over 3 times as wild:", steeper > 3)
print("with it, the saturating loss still pulls:", held_back["saturating"][-1] > 10 * free["saturating"][-1])


# %%
def judge_of(penalty):
    """A discriminator after 400 steps against a frozen, untrained generator, as a picture (60, 60)."""
    generator, judge, _, adam = players(momentum=0.0, seed=0)
    draw = torch.Generator().manual_seed(0)
    for _ in range(400):
        fake = generator(torch.randn(64, 2, generator=draw)).detach()
        discriminator_turn(judge, adam, real_points(64, draw), fake, penalty)
    side = torch.linspace(-3, 3, 60)
    with torch.no_grad():
        return judge(torch.cartesian_prod(side, side)).reshape(60, 60).T, generator(FIXED)


# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4))
for axis, (title, penalty) in zip(axes, {"no penalty": None, "R1 + R2, gamma 1": smooth(1.0)}.items(), strict=True):
    logits, made = judge_of(penalty)
    shown = axis.imshow(logits, origin="lower", extent=(-3, 3, -3, 3), cmap="cividis")
    _ = fig.colorbar(shown, ax=axis, label="logit")
    _ = axis.plot(*made.T, ".", color=course.PALETTE.red, markersize=2)
    _ = axis.set(xlabel="first number of a point", ylabel="second number")
    _ = axis.set_title(f"{title}: logits {logits.min():.1f} to {logits.max():.1f}")
course.show(fig, alt="Without penalty a funnel that rises ever higher; with it a gentle bowl, highest at the ring.")

# %% [markdown]
# Same task, same steps; mind the two scales. On the left a funnel that goes
# on rising where no film lies at all: "anywhere but there". On the right a
# slope more than ten times as gentle, which ends where the real films are.
#
# Now the collapsed game of section 2 once more, with nothing changed but the
# penalty:

# %%
mended = play(momentum=0.5, penalty=smooth(1.0))
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8))
scatter(axes[0], collapsed[-1]["made"], f"no penalty: {kinds(collapsed[-1]['made'])} of 8")
for axis, moment in zip(axes[1:], (3, 9, 19), strict=True):
    scatter(axis, mended[moment]["made"], f"R1 + R2, round {50 * moment + 50}: {kinds(mended[moment]['made'])} of 8")
course.show(fig, alt="Without penalty one clump; with R1 + R2 the points spread along the ring.")

# %%
# NBVAL_CHECK_OUTPUT
print("with the penalty, more than half of the kinds at the end:", kinds(mended[-1]["averaged"]) > 4)

# %% [markdown]
# Two different levers, momentum and penalty, each mends this collapse. The
# strong recipe of this course sets both. Move them yourself. Where does it
# break? (One game a move, a second or two.)


# %%
def draw_game(momentum, gamma, seed):
    """One game of 500 rounds: the generator as it is, its average, and kinds over time."""
    album = play(momentum, smooth(gamma) if gamma else None, rounds=500, seed=seed)
    fig, axes = plt.subplots(1, 3, figsize=(9.5, 3))
    scatter(axes[0], album[-1]["made"], f"generator: {kinds(album[-1]['made'])} of 8")
    scatter(axes[1], album[-1]["averaged"], f"its average: {kinds(album[-1]['averaged'])} of 8")
    axes[2].plot(range(50, 501, 50), [kinds(photo["made"]) for photo in album], "o-")
    axes[2].set(xlabel="round", ylabel="kinds made", ylim=(-0.3, 8.5))
    return fig


# %%
course.interact(
    draw_game, momentum=(0.0, 0.9, 0.1, 0.5), gamma=(0.0, 5.0, 0.1, 0.3), seed=(0, 9, 1, 0),
    alt="Made points of a generator and of its average over the eight clouds, and the number of kinds over time.",
)  # fmt: skip

# %% [markdown]
# Did you try another seed at `gamma` 0.3? Some games come right, some do
# not. **One run is an anecdote.** Every comparison of GANs, ours included,
# needs several seeds, and shows the worst beside the best.
#
# ### A loss that compares
#
# A third lever changes the question. The **relativistic pairing** loss does
# not ask "is this film real?" but "is this real film more real than that
# fake?": the price is $\text{softplus}(\text{fake} - \text{real})$. A fake
# cannot win by reaching a fixed mark: it has to beat the real film
# beside it. In our own tries on this ring, at momentum 0.5, it mended two
# seeds of three by itself; the standard loss mended none, and either of them
# with R1 + R2 all three. That agrees with the theory: it converges *with*
# the penalties (Huang et al., NeurIPS 2024). Try it: it is
# `losses.relativistic_pairing_loss`.
#
# ## 5. The average of a restless generator
#
# Near the end the generator still jitters: each step answers to the last
# batch. An **exponential moving average** (EMA) of its weights, kept beside
# and never trained, is calmer:
#
# $$ \bar{w} \leftarrow d\, \bar{w} + (1 - d)\, w $$
#
# With $d = 0.999$ it remembers about 1,000 steps. At the very beginning
# that is too long: it would remember the random start. So the decay warms
# up: at step $t = 0, 1, 2, \dots$ use
# $\min\left(d, \frac{1 + t}{10 + t}\right)$.

# %% [markdown]
# ### Exercise 4.3: keep an average
# *difficulty 2 of 5 · 7 minutes*
#
# Write `update_average(average, generator, decay, step)`. Both are networks
# of the same build; `decay` is 0 to 1, `step` counts from 0. Change the
# parameters of `average` **in place**, leave `generator` alone, return
# nothing. No gradient may flow through it.
#
# <details><summary>Hint 1</summary>Work under <code>with torch.no_grad():</code>,
# and go through both <code>.parameters()</code> with <code>zip</code>.</details>
#
# <details><summary>Hint 2</summary>In place:
# <code>mean.mul_(d).add_((1 - d) * value)</code>, or
# <code>mean.lerp_(value, 1 - d)</code>.</details>


# %% tags=["exercise"]
def update_average(average, generator, decay, step):
    """Move the parameters of ``average`` towards those of ``generator``, in place, with warm-up."""
    ### BEGIN SOLUTION
    weight = 1 - min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for mean, value in zip(average.parameters(), generator.parameters(), strict=True):
            mean.lerp_(value, weight)
    ### END SOLUTION


# %% tags=["check"]
check.update_average(update_average)

# %% [markdown]
# `play` has kept one all along, with $d = 0.99$. Before you look: will it
# help the mended game? And the collapsed one?

# %%
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8))
for pair, (name, album) in zip((axes[:2], axes[2:]), {"mended": mended, "collapsed": collapsed}.items(), strict=True):
    for axis, which in zip(pair, ("made", "averaged"), strict=True):
        points = album[-1][which]
        scatter(axis, points, f"{name}, {which}: {kinds(points)} of 8")
course.show(fig, alt="Mended: the average covers all kinds. Collapsed: the average is one clump in the middle.")

# %%
# NBVAL_CHECK_OUTPUT
print("mended, the average covers at least as many:", kinds(mended[-1]["averaged"]) >= kinds(mended[-1]["made"]))
print("collapsed, the average covers over half of the kinds:", kinds(collapsed[-1]["averaged"]) > 4)

# %% [markdown]
# The average polishes a healthy game and cannot mend a sick one: the mean of
# a generator that runs in circles is a place where it never was.
#
# ## 6. A discriminator that learns by heart
#
# So far there was always a fresh real film. In medicine films are few: some
# thousand, a few hundred, sometimes fifty. A discriminator can learn fifty
# films by heart. Then "real" means "one of those I know", and the generator
# is pushed to copy.
#
# Eight points now, one of each kind, and a wide discriminator. We watch
# what it says about three sets: the **training** points, **held-out** real
# points that it never saw, and made points.

# %%
FEW = CENTRES + 0.15 * torch.randn(8, 2, generator=torch.Generator().manual_seed(3))
by_heart = play(momentum=0.0, points=FEW, width=256, rounds=1200)


def curves(axis, album, title):
    """Mean logits of training, held-out and made points over time."""
    for (name, style), words in zip(
        {"train": "-", "held_out": "--", "fake": ":"}.items(), ("training", "held out", "made"), strict=True
    ):
        axis.plot(range(50, 50 * len(album) + 1, 50), [photo[name] for photo in album], style, label=words)
    axis.set(xlabel="round", ylabel="mean logit", title=title, ylim=(-2.5, 2.5))


# %%
plenty = play(momentum=0.0, width=256, rounds=1200)
fig, axes = plt.subplots(1, 2, figsize=(9.5, 3), sharey=True)
curves(axes[0], plenty, "a new real film each time")
curves(axes[1], by_heart, "8 real films")
_ = axes[0].legend(loc="lower left")
course.show(fig, alt="Fresh films: training and held-out logits agree. 8 films: held-out sinks with the fakes.")

# %% [markdown]
# A judge that has learned by heart finds **a real film that it has not seen
# nearly as suspicious as a fake**. On the right the dashed line leaves the
# solid one and keeps company with the dotted. No other curve shows it:
# training high and fakes low looks like a judge who knows his trade.
#
# Karras et al. (NeurIPS 2020) make one number of it: where does held-out
# lie on the way from training (0) to fake (1)?
#
# $$ r = \frac{\overline{D_{train}} - \overline{D_{held\,out}}}
# {\overline{D_{train}} - \overline{D_{fake}}} $$

# %% [markdown]
# ### Exercise 4.4: learned, or learned by heart?
# *difficulty 2 of 5 · 6 minutes*
#
# Write `overfitting(train_logits, held_out_logits, fake_logits)`: three
# tensors `(n,)`, of different lengths perhaps. Return $r$ as a number:
# 0 where held-out films are judged like training films, 1 where like fakes.
# If training films and fakes are judged alike, to within 0.001, nothing can
# be said: return `nan`.
#
# <details><summary>Hint 1</summary>Take the three means first.</details>
#
# <details><summary>Hint 2</summary><code>float("nan")</code>, and
# <code>abs(difference) &lt; 0.001</code>.</details>


# %% tags=["exercise"]
def overfitting(train_logits, held_out_logits, fake_logits):
    """0: held-out films are judged like training films; 1: like fakes; nan: training and fakes alike."""
    ### BEGIN SOLUTION
    train, held_out, fake = (logits.mean().item() for logits in (train_logits, held_out_logits, fake_logits))
    way = train - fake
    return float("nan") if abs(way) < 0.001 else (train - held_out) / way
    ### END SOLUTION


# %% tags=["check"]
check.overfitting(overfitting)

# %% [markdown]
# Two cures are open to us. The penalty is one: a smooth judge cannot single
# out eight spots. The other is new. **Augmentation** changes a little
# everything that the discriminator sees, real and fake alike, a new way each
# time. Eight points become eight clouds. The change must be *differentiable*,
# because the generator's gradient passes through it.


# %%
def wobble(size):
    """A change for ``play``: shift each point by normal noise of this size."""

    def change(points, draw):
        return points + size * torch.randn(points.shape, generator=draw)

    return change


CURES = {"augmented 0.2": {"change": wobble(0.2)}, "augmented 1.0": {"change": wobble(1.0)},
         "R1 + R2": {"penalty": smooth(0.3)}}  # fmt: skip
cured = {name: play(momentum=0.0, points=FEW, width=256, rounds=1200, **cure) for name, cure in CURES.items()}
cured = {"none": by_heart, **cured}

# %%
fig, axes = plt.subplots(2, 4, figsize=(11, 5), height_ratios=(2, 3))
for (above, below), (name, album) in zip(axes.T, cured.items(), strict=True):
    curves(above, album, name)
    scatter(below, album[-1]["averaged"], f"{kinds(album[-1]['averaged'])} of 8")
_ = axes[0, 0].legend(loc="lower left", fontsize=8)
course.show(fig, alt="Each cure narrows the gap of the logit curves; strong augmentation scatters the points.")


# %%
# NBVAL_CHECK_OUTPUT
def late_gap(album):
    """Training minus held-out logit, mean of the last eight photographs."""
    return sum(photo["train"] - photo["held_out"] for photo in album[-8:]) / 8


gap = {name: late_gap(album) for name, album in cured.items()}
for name in CURES:
    print(f"{name}: gap from training to held-out under half of that without:", gap[name] < gap["none"] / 2)

# %% [markdown]
# All three narrow the gap. But see the third picture: where the change is as
# large as the distance between kinds, the judge can hardly tell them apart,
# and points lie where no real film is, nearer the middle and between the
# clouds. Too strong an augmentation hides what should be learned.
#
# For chest films this decides what is allowed: only changes that leave a film
# as some real patient could have it. A small shift, a little more or less
# exposure: such films exist. A mirror image: the heart would be on the right,
# and the generator would learn that this happens to every second child.

# %% [markdown]
# ### Exercise 4.5: move a film, keep the gradient
# *difficulty 3 of 5 · 8 minutes*
#
# Write `shift_films(films, rows, columns)`: `films` is `(B, 1, S, S)`,
# `rows` and `columns` are whole numbers `(B,)`. Film `i` moves **down** by
# `rows[i]` and **right** by `columns[i]` (up and left where negative). What
# was at the edge is repeated: neither black borders, nor what left at one
# side coming back at the other. Same shape out, differentiable.
#
# <details><summary>Hint 1</summary>The new row r shows the old row r - shift,
# kept within 0..S-1 by <code>.clamp(0, S - 1)</code>. Build these row numbers
# for all films at once: (B, S).</details>
#
# <details><summary>Hint 2</summary>Picking pixels by number is
# differentiable: <code>films[:, 0][film, row, column]</code> with film (B, 1,
# 1), row (B, S, 1) and column (B, 1, S) gives (B, S, S).</details>


# %% tags=["exercise"]
def shift_films(films, rows, columns):
    """Films (B, 1, S, S), each moved down and right by its own whole pixels (B,); edges are repeated."""
    ### BEGIN SOLUTION
    side = films.shape[-1]
    place, film = torch.arange(side), torch.arange(len(films))[:, None, None]
    row = (place - rows[:, None]).clamp(0, side - 1)
    column = (place - columns[:, None]).clamp(0, side - 1)
    return films[:, 0][film, row[:, :, None], column[:, None, :]][:, None]
    ### END SOLUTION


# %% tags=["check"]
check.shift_films(shift_films)

# %% [markdown]
# ## 7. The same on films
#
# Now chest films, small ones of 16 x 16 pixels, and few: **32 to train on**,
# 16 of each class. Other films, of other patients, are held out.

# %%
import numpy as np


def halved(films):
    """Films of 32 pixels as an array (n, 16, 16) float32, 0..1: each pixel the mean of four."""
    return np.stack([film.image for film in films]).reshape(-1, 16, 2, 16, 2).mean((2, 4)).astype(np.float32)


few = [film for label in (0, 1) for film in course.cases(16, size=32, label=label)]
others = course.cases(256, size=32, split="test")
fig = course.films([*halved(few[:6]), *halved(few[16:22])], ["normal"] * 6 + ["pneumonia"] * 6)
course.show(fig, alt="Twelve of the 32 training films, six normal, six with pneumonia, 16 by 16 pixels.")

# %% [markdown]
# The library's `gan.steps.step` is the round that you know: discriminator,
# penalty every few steps, generator, average. What we watch is also the
# same, and one thing more: a **Fréchet distance** (FD) of made to held-out
# films, here on 4 x 4 coarse greys. Lesson 05 builds it by hand. For now:
# smaller is nearer, and real films are not at 0 either.

# %%
from medigenx_lib.evaluation.distances import frechet_distance


def coarse(images):
    """Images (n, 16, 16) as 16 mean greys each, (n, 16)."""
    return images.reshape(-1, 4, 4, 4, 4).mean((2, 4)).reshape(len(images), 16)


real, real_labels = halved(others), torch.tensor([film.label for film in others])
floor = frechet_distance(coarse(real[::2]), coarse(real[1::2]))
of_few = frechet_distance(coarse(real), coarse(halved(few)))
print(f"FD x 1000: held-out films, half against half {1000 * floor:.1f}; our 32 films {1000 * of_few:.1f}")

# %%
from medigenx_lib.gan import recipes, sampling, steps, training
from medigenx_lib.gan.state import State

LATENT = torch.randn(len(real), 16, generator=torch.Generator().manual_seed(5))
pixels, targets = training.check_films(halved(few), np.array([film.label for film in few]), 16)


@torch.no_grad()
def look(state):
    """Mean logits of training, held-out and made films, and the distance of made to held-out films."""
    made = sampling.films(state.average, LATENT, real_labels)
    sets = {"train": (pixels / 255, targets), "held_out": (torch.from_numpy(real)[:, None], real_labels),
            "fake": (made, real_labels)}  # fmt: skip
    logits = {name: state.discriminator(2 * films - 1, labels).mean().item() for name, (films, labels) in sets.items()}
    return {**logits, "fd": 1000 * frechet_distance(coarse(real), coarse(made[:, 0].numpy())), "made": made}


# %% [markdown]
# Four recipes that differ in two levers. Predict the order before you look:
# which discriminator learns by heart, and which films come out best?

# %%
IMAGES = course.by_profile(fast=9_600, class_=24_000)
SMALL = {"size": 16, "width": 16, "latent": 16, "lr": 1e-3, "ema": 0.99}
LOOSE = {"loss": "standard", "gamma": 0.0}
KIND = {"augment": ("translation", "brightness", "contrast")}
RECIPES = {name: recipes.recipe(**SMALL, **levers) for name, levers in
           {"no lever": LOOSE, "augmentation": LOOSE | KIND, "R1 + R2": {}, "both": KIND}.items()}  # fmt: skip

# %% [markdown]
# The loop is the library's step and a look every 25 rounds.


# %%
def watch(recipe):
    """Train on the few films; what was seen every 25 rounds."""
    state, album = State.new(recipe, {}), []
    for turn in range(1, IMAGES // recipe.batch + 1):
        steps.step(state, *training.batch(pixels, targets, state), turn * recipe.batch / IMAGES)
        if turn % 25 == 0:
            album.append(look(state))
    return album


watched = {name: watch(recipe) for name, recipe in tqdm(RECIPES.items())}

# %% [markdown]
# First the gap, training minus held-out logit, and the distance.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3))
for name, album in watched.items():
    seen = range(800, 800 * len(album) + 1, 800)
    _ = left.plot(seen, [photo["train"] - photo["held_out"] for photo in album], label=name)
    _ = right.semilogy(seen, [photo["fd"] for photo in album])
_ = left.set(xlabel="films shown", ylabel="logit, training minus held out")
_ = right.axhline(1000 * floor, color="grey", linestyle=":")
_ = right.set(xlabel="films shown", ylabel="FD x 1000 to held-out films")
_ = left.legend()
course.show(fig, alt="The gap of logits grows most without levers, least with both; the distances lie close together.")

# %%
made = [photo for album in watched.values() for photo in album[-1]["made"][:6]]
fig = course.films(made, [name for name in watched for _ in range(6)], columns=6)
course.show(fig, alt="Six made films for each recipe, all blotchy chests; by eye they can hardly be ranked.")

# %%
# NBVAL_CHECK_OUTPUT
last = {name: late_gap(album) for name, album in watched.items()}
print("the gap without levers is the largest:", max(last, key=last.get) == "no lever")
print("with both it is under half of that:", last["both"] < last["no lever"] / 2)
print("each lever alone narrows it:", max(last["augmentation"], last["R1 + R2"]) < last["no lever"])

# %% [markdown]
# Could you have ranked the four by looking at six films of each? The gap says
# it from early on, and costs nothing but a few films set aside. The habit to
# take home: **keep real films out of training, and watch what the
# discriminator says about them.**
#
# And the distance on the right? We ran three seeds on phantoms: the order of
# the gaps was the same in all three. The distances were 48 without levers
# against 27 with both in one seed, and 22 against 21 and 25 against 24 in the
# others: the levers mended the judge each time, and the films not always. One
# run would have told you a nicer story.
#
# ### When the machine stops
#
# Colab disconnects, laptops sleep. A training that cannot go on is lost.
# `training.train` writes a checkpoint every 30 seconds: both networks, the
# average, Adam's moments, and the counters. Randomness is not saved but
# *derived* from seed and step, so the resumed run takes the very same steps.
# We pull the plug in the middle, on purpose:

# %%
import tempfile

from medigenx_lib.errors import TrainingError

FILMS, TARGETS = halved(few), targets.numpy()
QUIET = {"images": 1280, "progress_bar": False}
whole, broken = tempfile.mkdtemp(), tempfile.mkdtemp()


def pull_the_plug(films, figures):
    """What a person does who presses Stop in the middle."""
    if figures["images"] >= 640:
        raise KeyboardInterrupt


# %%
training.train(FILMS, TARGETS, whole, RECIPES["both"], **QUIET)
try:
    training.train(FILMS, TARGETS, broken, RECIPES["both"], **QUIET, on_sample=pull_the_plug,
                   sample_every=0.0, checkpoint_every=0.0)  # fmt: skip
except TrainingError as error:
    print(str(error).split(".")[0])

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib import weights

result = training.train(FILMS, TARGETS, broken, RECIPES["both"], **QUIET)
first, second = (weights.load(f"{folder}/checkpoint.safetensors")[0] for folder in (whole, broken))
print("films shown in all:", result.figures["images"])
print("every weight and every moment the same, to the last bit:", all(torch.equal(first[k], second[k]) for k in first))

# %% [markdown]
# ## 8. Reading curves
#
# Three games that you have seen, as you would meet them: curves, and no
# scatter plot. Above the logits. Below a curve that costs nothing either:
# how far the films from **fixed latents** moved since the last photograph.
# Which is the collapse, which learns by heart, and which may go on?


# %%
from itertools import pairwise


def movement(album):
    """Mean distance, from photograph to photograph, of the points made from the same latents."""
    return [(after["made"] - before["made"]).norm(dim=1).mean() for before, after in pairwise(album)]


fig, axes = plt.subplots(2, 3, figsize=(10.5, 4.6), sharex=True)
for (above, below), (letter, album) in zip(axes.T, {"A": by_heart, "B": collapsed, "C": healthy}.items(), strict=True):
    curves(above, album[:20], letter)
    _ = below.plot(range(100, 1001, 50), movement(album[:20]), color=course.PALETTE.purple)
    _ = above.set(ylim=(-1.5, 1.5), xlabel="")
    _ = below.set(xlabel="round", ylabel="movement", ylim=(0, 4))
_ = axes[0, 0].legend(loc="upper left", fontsize=8)
course.show(fig, alt="Logits: in A held-out parts from training; in B and C all near zero. Movement: large in B.")

# %%
course.think(
    "Which is which, and what would you do about A and B? Which failure would you not find in such curves at all?",
    "A learns by heart: the held-out curve leaves the training curve. Augment, penalise, or get more films.\n\n"
    "B is the collapse, and its logits are as calm as those of C. Only the movement tells: the same latents give other "
    "films all the time. Lower the momentum, slow the generator down, penalise.\n\nC may go on. But a generator that "
    "has settled on six of eight kinds would look like C: what is never made is never judged. Only a count of kinds, "
    "coverage or recall on the films themselves, finds it.",
)

# %% [markdown]
# What you may see in the curves, what it may mean, and what to turn then.
# (*Coverage* and *recall*, lesson 05, are shares of the real films that have
# made ones among or around them.)
#
# | you see | it may be | look at | turn |
# |---|---|---|---|
# | fixed latents give other films each time | collapse that travels | movement, kinds | momentum, generator's rate, penalty |
# | fakes far below real, and staying there | judge too strong | gradient at the generator | penalty, non-saturating loss |
# | held-out below training | learning by heart | held-out logits, copies | augmentation, penalty, more films |
# | loss NaN | a step too large | learning rate, log of sigmoid | resume lower, softplus |
# | all calm, films alike | settled collapse | coverage, recall | levers above, another seed |
#
# ## 9. Which levers helped on real films?
#
# On the ring everything is clear. On real films, at 32 x 32 pixels, every
# recipe below had the same 240 CPU-seconds, three seeds, and the same films.
# The FD is that of lesson 05, in numbers that a network trained on chest
# films makes of them (*encoder*); one half of the real films against the
# other has 0.68, held-out films have 1.02. *Recall* is the share of the real
# films that lie among the made ones (lesson 05): low where kinds are missing,
# 0.84 for other real films. Median, and range over seeds.
#
# | recipe | FD encoder | recall | what the row adds |
# |---|---|---|---|
# | DCGAN tutorial | 2.91 (2.88 to 2.91) | 0.67 | the starting point |
# | the same + label + EMA | 8.57 (7.25 to 29.33) | 0.16 | averaging *hurt* here |
# | WGAN-GP | 7.28 (6.96 to 7.35) | 0.34 | penalty towards slope 1, 5 judge steps |
# | hinge + spectral norm | 5.67 (4.65 to 6.97) | 0.27 | judge limited layer by layer |
# | the same + DiffAugment | 49.14 (47.95 to 58.63) | 0.00 | strong changes: collapse |
# | `strong` (pairing, R1 + R2, EMA, bilinear) | 2.47 (2.16 to 2.53) | 0.63 | the recipe of these lessons |
# | `narrow` as it began (32-bit numbers) | 1.86 (1.69 to 1.88) | 0.67 | thin where pixels are many, steps four times as large |
# | the same in bfloat16 | 1.69 (1.56 to 1.84) | 0.68 | a fifth more films in the same seconds |
# | **`narrow`**, but for its last lever | **0.96** (0.95 to 1.00) | **0.75** | the judge is told how films of a group differ |
#
# The full tables, with their commands, are in the
# [benchmarks](../benchmarks/README.md), these rows under "The earlier run,
# with more rows". Read them honestly:
#
# - No lever is good in itself. **EMA** made the tutorial's generator smoother
#   and less diverse at this budget; in the strong recipe it stays.
# - **Augmentation** as published for photographs (cut-outs, large shifts)
#   collapsed in all three seeds. The mild kind is off in our default.
# - In this space `strong` is a little ahead of a plain DCGAN, which sees 2.4
#   times as many films in the same time. In a classifier's space the lead is
#   large (0.09 against 0.71), and the DCGAN's seeds lie far apart (0.16 to
#   2.07). Reliability is what the levers bought.
# - **Speed is a lever too.** `narrow` has half the weights and shows twice as
#   many films in the same seconds; with the small steps that alone helped
#   little. Steps four times as large did, and eight times as large no more:
#   at half of this budget 3.9, 3.1, 2.3 and 3.6, one seed each.
# - **A judge that compares films** helped most of all. It sees one film at a
#   time, so films that are all alike but good pass it. `narrow` tells it in
#   one more number per channel how much four films of a batch differ: 2.16
#   became 1.43, with a third of the penalty 1.33 (half of the budget).
# - **A judge that reads radiomics.** Convolutions look at patches; how bright,
#   how flat, how dark a whole film is they hardly see. So, since that table,
#   `narrow` also tells its judge five first-order numbers of each film (mean,
#   deviation and its logarithm, darkest and brightest grey; lesson 08) and
#   how much they differ in the group. In a run of its own the distance in
#   radiomics fell from 2.1 to 1.4; real half against half has 0.63.
#   At 64 x 64 the same lever did harm, so there it is off: measure again.
# - **Some levers that others swear by**, each alone in `narrow`, half of the
#   budget, two seeds: 1.90 and 2.10 as it is; 1.76 and 1.89 from weights that
#   were trained on phantoms first; 1.92 and 1.77 with *adaptive* augmentation
#   (films are changed only as far as the judge wins too many pairs). One seed:
#   2.88 with all films mildly changed, 3.10 without EMA, 2.13 with batches
#   of 64. Transposed convolutions have 1.72, and a grain that the eye sees
#   and no distance minds: one more reason to look at films.
# - **A start that has seen phantoms** saves the most time. `gan_phantoms_32`,
#   shipped, brings one minute of `narrow` from 3.2 to 2.0 (median of three
#   seeds), and at 64 x 64 `gan_phantoms_64` from 14.7, 16.6 and 19.5 to
#   4.5, 4.4 and 4.9 (three seeds; held-out films have 2.4). After four
#   minutes at 32 x 32 nothing is left of the lead:
#   `medigenx train --start gan_phantoms_64` is for hurry, and for few films.
# - Even so: real half against half is at 0.68. And a diffusion-like rival,
#   **flow matching**, reaches 0.97 without any game. Lesson 07 takes that up.

# %%
# NBVAL_CHECK_OUTPUT
strong, tutorial = recipes.recipe("strong"), recipes.recipe("dcgan")
for lever in ("loss", "gamma", "ema", "betas", "lr", "lr_end", "latent", "upsampling", "conditional", "batch_norm"):
    print(f"{lever:>12}: tutorial {getattr(tutorial, lever)!s:>12}   strong {getattr(strong, lever)!s}")

# %% [markdown]
# That is the ladder between the two recipes, in the library's own words; the
# layers of the networks (`body`) are its last rung. Each can be changed alone:
# `recipes.recipe("dcgan", ema=0.999)`.
#
# ## Summary
#
# - **Collapse**: each film fine, the set worthless. The loss does not show
#   it; counting kinds (coverage, recall) does. Momentum 0 and a penalty on
#   the judge's steepness mended it; averaging did not.
# - **Vanishing gradients**: a judge too good is a poor teacher, most of all
#   with the saturating loss. Zero-centred penalties keep it gentle.
# - **Learning by heart**: real films held out fall below those in training.
#   Mild augmentation and penalties close the gap; strong changes leak.
# - The average of the weights calms a healthy generator, and hides a sick one.
# - Several seeds, always; a lever that helped elsewhere may hurt here.
#
# ## Quiz

# %%
course.quiz(
    "The discriminator's loss has been at 1.3 for an hour. What follows for the films?",
    {
        "They are nearly perfect.": "A collapsed game on our ring had about the same loss.",
        "Nothing; look at the films and at coverage.": "The loss tells how well two players match, no more.",
        "Training has stopped.": "Both may be learning fast, in step with each other.",
    },
    answer="Nothing; look at the films and at coverage.",
)

# %%
course.quiz(
    "Mean logits: training films 1.5, held-out films -0.8, fakes -0.5. What is going on?",
    {
        "The discriminator learns by heart.": "Real films it has not seen look worse to it than fakes: r is above 1.",
        "Mode collapse": "That is not seen here: it is about which films are made.",
        "Healthy: training films are judged real, fakes are not.": "Then held-out films would be near 1.5 as well.",
    },
    answer="The discriminator learns by heart.",
)

# %%
course.quiz(
    "Why is the gradient penalty of this lesson called zero-centred?",
    {
        "It pulls the logits to 0.": "It says nothing on the logits, only on how fast they change.",
        "The wanted steepness is 0.": "Where real and fake agree the judge should be flat; WGAN-GP wants 1.",
        "It starts at 0 and grows.": "Its weight falls during our training, if anything.",
    },
    answer="The wanted steepness is 0.",
)

# %%
course.quiz(
    "Which augmentation of what the discriminator sees would you allow for chest films?",
    {
        "Mirror images, since they double the data": "The heart would lie on the right in half of the films made.",
        "A cut-out of a quarter of the film": "Missing lobes would be learned as anatomy, and at our budget it collapsed.",
        "A shift of one pixel in sixteen": "Such films exist, and it does not change what a film means.",
    },
    answer="A shift of one pixel in sixteen",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 05](05_hands_on_gan_implementation.ipynb): build, train and *score*
#   a GAN on films with your own hands.
# - [steps.py](../medigenx_lib/gan/steps.py): the round of this lesson, as it
#   trains films.
# - Mescheder et al., "Which training methods for GANs do actually converge?",
#   ICML 2018; Karras et al., "Training GANs with limited data", NeurIPS 2020;
#   Zhao et al., "Differentiable augmentation", NeurIPS 2020; Huang et al.,
#   "The GAN is dead; long live the GAN!", NeurIPS 2024.
