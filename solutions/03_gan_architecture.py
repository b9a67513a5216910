# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: GAN architecture
#     key_point: Two networks in a game, from one number to convolutions, with the losses they play for and the label they are told.
#     answer: Films can be made to order by a game between two networks; knowing its parts tells you what such a film can and cannot be trusted for.
#     teaching: 50
#     exercises: 40
#     prerequisites: [1, 2]
#     objectives:
#       - Play the whole game with three numbers and say what each player wants
#       - Read the two generator losses off their landscapes and tell which one goes flat, and where
#       - Follow a latent vector through a generator and a film through a discriminator, shape by shape
#       - Explain the checkerboard of transposed convolutions by counting
#       - Condition both networks on a label, and measure whether it worked
#     accelerator: none
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. Two players and one number
#
# A **generator** makes films. A **discriminator** is shown real and made
# films and says which is which. Each learns from the other: the
# discriminator to tell them apart, the generator to make that impossible.
# Nobody ever writes down what a chest looks like. (*Real* means in this game:
# from the collection. Unless you chose others, the collection is phantoms.)
#
# Before any network, let us play with one number per film: its mean grey,
# on a scale from -5 (all black) to 5 (all white).

# %%
import numpy as np

from medigenx_lib import course

films = course.cases(256, size=16)
real = 10 * (np.array([film.image.mean() for film in films]) - 0.5)
spread = real.std()
print(f"{len(real)} films, mean grey {real.mean():.2f}, standard deviation {spread:.2f}")

# %% [markdown]
# Our generator has **one parameter**, $\theta$. It takes noise $z$ and adds
# $\theta$. We start it at -4: everything it makes is nearly black.

# %%
import matplotlib.pyplot as plt

rng = np.random.default_rng(0)
noise = spread * rng.standard_normal(256)
fig, axis = plt.subplots(figsize=(7, 2.4))
_ = axis.hist(real, bins=20, color=course.PALETTE.blue, label="real films")
_ = axis.hist(-4 + noise, bins=20, color=course.PALETTE.orange, label="generated, theta = -4")
_ = axis.set(xlabel="mean grey, -5 black to 5 white", ylabel="films")
_ = axis.legend()
course.show(fig, alt="Two humps that do not overlap: generated greys around -4, real greys a little below 0.")

# %% [markdown]
# The discriminator is the smallest one there is, a straight line squeezed
# into a probability: $D(x) = \sigma(w x + b)$. The number $w x + b$ is its
# **logit**: high for real, low for fake, 0 for "no idea".
#
# What should it pay for an error? The usual price is the surprise of the
# right answer: $-\ln D(x)$ for a real film, $-\ln(1 - D(x))$ for a fake. Its
# unit is the *nat*, as the natural logarithm is taken. With
# $D = \sigma(\text{logit})$ these become
# $\text{softplus}(-\text{logit})$ and $\text{softplus}(\text{logit})$, where
# $\text{softplus}(t) = \ln(1 + e^t)$.

# %%
import torch
import torch.nn.functional as F

logit = torch.tensor([0.0, 3.0, 120.0])
print("price of calling a fake real:")
for name, prices in {"sigmoid and log": -torch.log(1 - torch.sigmoid(logit)), "softplus": F.softplus(logit)}.items():
    print(f"  by {name:15}", *(f"{price:9.4f}" for price in prices))

# %% [markdown]
# Look at the last number of each line. Written as in the textbook, the price
# of being very wrong is infinite on a computer, and its gradient is lost.
# Written as softplus it is exact. Many a mysterious NaN in a loss starts here.

# %% [markdown]
# ### Exercise 3.1: what the discriminator pays
# *difficulty 1 of 5 · 5 minutes*
#
# Write `discriminator_loss(real_logits, fake_logits)`: two tensors of shape
# `(B,)`, any numbers, in; one number (a tensor without axes, in nats) out.
# It is the mean price on real films plus the mean price on fakes, and must
# stay exact for logits of 200.
#
# <details><summary>Hint 1</summary>A real film with a high logit is right and
# costs nothing: its price falls with the logit.</details>
#
# <details><summary>Hint 2</summary>Use <code>F.softplus</code> twice, once with a
# minus sign, and <code>.mean()</code> twice.</details>


# %% tags=["exercise"]
def discriminator_loss(real_logits, fake_logits):
    """Cross-entropy in nats of real against 1 and fake against 0; both tensors are (B,)."""
    ### BEGIN SOLUTION
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_03 as check

check.discriminator_loss(discriminator_loss)

# %% [markdown]
# One number to remember: a discriminator that knows nothing (logit 0
# everywhere) pays $2 \ln 2$. A game in which both players are equally good
# hovers around $2 \ln 2$. The library's loss agrees:

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib.gan import losses

know_nothing = torch.zeros(8)
print(f"{losses.standard_discriminator_loss(know_nothing, know_nothing):.4f} nats")

# %% [markdown]
# ### The best possible discriminator
#
# Suppose somebody told the discriminator exactly how dense real films and
# fakes lie at each grey, $p(x)$ and $q(x)$. What should it answer?

# %% [markdown]
# ### Exercise 3.2: nobody could guess better
# *difficulty 2 of 5 · 6 minutes*
#
# Write `optimal_discriminator(real_density, fake_density)`. Both are arrays
# of the same shape, densities of at least 0; the answer has that shape too:
# the probability, 0 to 1, that a film found there is real, if real films and
# fakes are shown equally often. Where there are no films at all, say 0.5.
#
# <details><summary>Hint 1</summary>Of 4 films at one grey, 3 are real. What
# would you say?</details>
#
# <details><summary>Hint 2</summary>Real over the sum of both, by Bayes' rule with
# equal priors.</details>
#
# <details><summary>Hint 3</summary>For places without films, give
# <code>np.divide</code> an <code>out</code> full of 0.5 and a
# <code>where</code>: it divides only there.</details>


# %% tags=["exercise"]
def optimal_discriminator(real_density, fake_density):
    """Probability 0..1 that a film is real, at places of known densities (arrays of one shape)."""
    ### BEGIN SOLUTION
    both = real_density + fake_density
    return np.divide(real_density, both, out=np.full(np.shape(both), 0.5), where=both > 0)
    ### END SOLUTION


# %% tags=["check"]
check.optimal_discriminator(optimal_discriminator)

# %% [markdown]
# Put this answer into the loss and something beautiful comes out. What the
# best discriminator pays is $2 \ln 2$ minus twice the *Jensen-Shannon
# divergence* between real and fake: a distance between the two sets of
# films. So the discriminator is a measuring device, and the generator moves
# to make its reading smaller (Goodfellow et al., NeurIPS 2014).

# %%
from scipy.stats import norm

grey = np.linspace(-8, 8, 4001)
step = grey[1] - grey[0]


def best_price(theta):
    """What the best discriminator pays, in nats, when real is N(0, 0.6) and fake N(theta, 0.6)."""
    p, q = norm.pdf(grey, 0, 0.6), norm.pdf(grey, theta, 0.6)
    share = p / (p + q + 1e-300)
    return -step * np.sum(p * np.log(share + 1e-300) + q * np.log1p(-share.clip(0, 1 - 1e-16)))


# %%
# NBVAL_CHECK_OUTPUT
for theta in (0.0, -0.5, -1.0, -2.0, -3.0, -4.0, -6.0):
    print(f"theta {theta:4.1f}: the best discriminator pays {best_price(theta):.3f} nats")

# %% [markdown]
# Do you see the trouble in the last two lines? Between -4 and -6 the price
# hardly changes: the two kinds of film no longer overlap, the discriminator
# is all but perfect at both places, and "a little better" is not rewarded.
# **A perfect judge is a poor teacher.** We come back to it in lesson 04.

# %% [markdown]
# ## 2. Two losses for the generator
#
# What should the generator want? Goodfellow's paper gives two answers:
#
# - **saturating**: make the discriminator pay more for fakes, that is,
#   minimise $\ln(1 - D(\text{fake}))$;
# - **non-saturating**: have fakes taken for real, that is, minimise
#   $-\ln D(\text{fake})$.
#
# Both want the same in the end. They differ in how strongly they pull.
# Before you move the controls: which one pulls harder on fakes that nobody
# believes?


# %%
def softplus(t):
    """ln(1 + exp(t)), exact for large t."""
    return np.logaddexp(0, t)


PRICES = {"saturating": lambda logit: -softplus(logit), "non-saturating": lambda logit: softplus(-logit)}


def landscape(theta, w, loss):
    """Mean generator loss and its slope by theta, where the discriminator's logit is w * x + 1."""
    before, value, after = (
        PRICES[loss](w * (place + noise) + 1).mean() for place in (theta - 1e-3, theta, theta + 1e-3)
    )
    return value, (after - before) / 2e-3


# %% [markdown]
# On the left is what the discriminator sees; on the right the generator's
# loss for every $\theta$ it could have, while the discriminator stands
# still. The generator walks downhill.


# %%
from scipy.special import expit


def draw_landscape(theta, sharpness, loss):
    """Densities and D on the left; on the right the loss landscape, the place and the slope there."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3))
    both = [real, theta + noise]
    left.hist(both, bins=40, range=(-8, 4), histtype="stepfilled", alpha=0.8, label=["real", "generated"])
    twin = left.twinx()
    twin.plot(grey, expit(sharpness * grey + 1), color="black")
    twin.set(ylim=(0, 1.05), ylabel="D (black)")
    left.margins(y=0.3)  # room for the legend
    left.set(xlim=(-8, 4), xlabel="mean grey", ylabel="films", title="D: probability of real")
    left.legend(loc="upper left", ncols=2)
    places = np.linspace(-6, 3, 200)
    right.plot(places, [landscape(place, sharpness, loss)[0] for place in places], color=course.PALETTE.green)
    value, slope = landscape(theta, sharpness, loss)
    right.plot(theta, value, "o", color=course.PALETTE.red, markersize=10)
    right.set(xlabel="theta", title=f"{loss}: slope at theta {slope:.3f}", ylabel="generator's loss, nats")
    return fig


# %%
course.interact(draw_landscape, theta=(-6.0, 2.0, 0.5, -4.0), sharpness=(0.5, 6.0, 0.5, 2.0),
                loss=["saturating", "non-saturating"],
                alt="Left: real and generated greys with the discriminator's curve. Right: the generator's loss.")  # fmt: skip

# %% [markdown]
# The saturating loss is flat exactly where the generator is worst. The
# other is steep there. In numbers, for one fake at which the discriminator
# says a logit of -8 ("certainly fake"):

# %%
# NBVAL_CHECK_OUTPUT
for name, price in {"saturating": lambda t: -F.softplus(t), "non-saturating": lambda t: F.softplus(-t)}.items():
    logit = torch.tensor(-8.0, requires_grad=True)
    price(logit).backward()
    print(f"{name:>15}: gradient {float(logit.grad):.5f}")

# %% [markdown]
# 3,000 times weaker. That is why nearly everybody uses the second one.
#
# ### Let them play
#
# Now a whole game: first the discriminator takes a step downhill on its
# loss, then the generator on its own, judged by the discriminator that has
# just been improved. With three parameters we can write the gradients down.
# With $D(x) = \sigma(wx+b)$ they are
#
# $$ \frac{\partial L_D}{\partial w}
# = -\overline{(1 - D(x))\,x} + \overline{D(\tilde x)\,\tilde x} $$
#
# $$ \frac{\partial L_D}{\partial b}
# = -\overline{(1 - D(x))} + \overline{D(\tilde x)} $$
#
# $$ \frac{\partial L_G}{\partial \theta}
# = -\overline{(1 - D(\tilde x))}\,w $$
#
# with $x$ real, $\tilde x = \theta + z$ fake, and bars for means.

# %% [markdown]
# ### Exercise 3.3: one round of the game
# *difficulty 3 of 5 · 10 minutes*
#
# Write `play_round(theta, w, b, real, noise, rate)`. `theta`, `w`, `b` and
# `rate` are numbers, `real` and `noise` arrays `(B,)`. Return the new
# `(theta, w, b)` after one step of the discriminator and then one of the
# generator (non-saturating), each of size `rate` times its gradient.
#
# <details><summary>Hint 1</summary>Downhill: new value = old value - rate *
# gradient. Compute both gradients of the discriminator before you change
# <code>w</code> or <code>b</code>.</details>
#
# <details><summary>Hint 2</summary>The fakes are <code>theta + noise</code>. Judge
# them twice: with the old w and b for the discriminator's step, with the new
# ones for the generator's.</details>
#
# <details><summary>Hint 3</summary><code>expit(t)</code> from
# <code>scipy.special</code>, imported above, is the sigmoid.</details>


# %% tags=["exercise"]
def play_round(theta, w, b, real, noise, rate):
    """(theta, w, b) after one step of the discriminator and one of the generator; arrays are (B,)."""
    ### BEGIN SOLUTION
    fake = theta + noise
    judged_real, judged_fake = expit(w * real + b), expit(w * fake + b)
    by_w = np.mean(judged_fake * fake) - np.mean((1 - judged_real) * real)
    by_b = np.mean(judged_fake) - np.mean(1 - judged_real)
    w, b = w - rate * by_w, b - rate * by_b
    return theta + rate * np.mean(1 - expit(w * fake + b)) * w, w, b
    ### END SOLUTION


# %% tags=["check"]
check.play_round(play_round)

# %% [markdown]
# Here is the same round with the gradients left to torch, as we shall do
# from now on. What do you expect the path of $\theta$ to look like: straight
# to the goal, or not?


# %%
def play(rounds, rate, theta=-4.0):
    """The path (rounds, 3) of theta, w and b."""
    judge, place = torch.zeros(2, requires_grad=True), torch.tensor(theta, requires_grad=True)
    path, draw = [], np.random.default_rng(1)
    for _ in range(rounds):
        x, z = (torch.tensor(draw.choice(values, 64), dtype=torch.float32) for values in (real, noise))
        fake = (place + z).detach()
        loss = losses.standard_discriminator_loss(judge[0] * x + judge[1], judge[0] * fake + judge[1])
        (slope,) = torch.autograd.grad(loss, judge)
        judge.data -= rate * slope
        fooled = losses.standard_generator_loss(judge[0].detach() * (place + z) + judge[1].detach())
        (slope,) = torch.autograd.grad(fooled, place)
        place.data -= rate * slope
        path.append((place.item(), *judge.tolist()))
    return np.array(path)


# %%
path = play(rounds=600, rate=0.1)
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.2))
_ = left.plot(path[:, 0], label="theta, the generator")
_ = left.plot(path[:, 1], label="w, the discriminator")
_ = left.axhline(real.mean(), color="grey", linestyle=":")
_ = left.set(xlabel="round", title="both players over time")
_ = left.legend()
_ = right.scatter(path[:, 0], path[:, 1], c=np.arange(len(path)), cmap="cividis", s=9)
_ = right.plot(real.mean(), 0, "*", color=course.PALETTE.red, markersize=16)
_ = right.set(xlabel="theta", ylabel="w", title="as a walk, dark to light, towards the star")
course.show(
    fig,
    alt="Theta runs from -4 past the real mean and swings back; in the plane of theta and w the path is a spiral into the star.",
)

# %% [markdown]
# Generator and discriminator do not walk downhill together, they **circle**.
# The generator runs towards the real films, overshoots, the discriminator
# changes its mind, and both swing back. At the end it is flat, $w = 0$: it
# learned everything it could and then had nothing left to say.

# %%
# NBVAL_CHECK_OUTPUT
print("generator found the real mean:", bool(abs(path[-100:, 0].mean() - real.mean()) < 0.15))
print("discriminator has nothing left to say:", bool(np.abs(path[-100:, 1]).mean() < 0.3))
print("theta overshot on its way:", bool(path[:, 0].max() > real.mean() + 0.2))

# %%
course.think(
    "Our generator was given the right spread as a present. Suppose its spread were ten times too small: would this "
    "discriminator, a straight line, ever notice?",
    "No. With a straight line only the means can be told apart: once they agree, the best line is flat, and the "
    "generator could make the same grey film for ever.\n\nA generator is only ever as good as what its "
    "discriminator can see. That is why the discriminator below has convolutions, and why lesson 04 worries about "
    "what it cannot see or sees too well.",
)

# %% [markdown]
# ## 3. From a number to a picture: growing pixels
#
# A film of 64 x 64 pixels is 4,096 numbers that hang together. A generator
# begins with a short vector of noise, the **latent**, spreads it over a tiny
# picture of 4 x 4, and then doubles the side again and again: 8, 16, 32, 64.
# How does one double a picture with learned weights?
#
# The classic answer is the **transposed convolution**: every value stamps a
# small kernel on the larger picture, the stamps lie `stride` apart, and
# where they overlap they add up. In one dimension you can do it by hand.

# %% [markdown]
# ### Exercise 3.4: stamps that overlap
# *difficulty 3 of 5 · 10 minutes*
#
# Write `transposed_convolution(values, kernel, stride)` with arrays of
# shapes `(N,)` and `(K,)`. Stamp number `i` is `values[i] * kernel` and
# begins at position `i * stride`. The answer has
# `stride * (N - 1) + K` numbers.
#
# <details><summary>Hint 1</summary>Begin with <code>np.zeros</code> of that length
# and loop over the values.</details>
#
# <details><summary>Hint 2</summary>The slice of stamp i is <code>[i * stride : i *
# stride + len(kernel)]</code>. Add to it; do not overwrite.</details>


# %% tags=["exercise"]
def transposed_convolution(values, kernel, stride):
    """``values`` (N,) each stamping ``kernel`` (K,), ``stride`` apart: (stride * (N - 1) + K,)."""
    ### BEGIN SOLUTION
    result = np.zeros(stride * (len(values) - 1) + len(kernel))
    for i, value in enumerate(values):
        result[i * stride : i * stride + len(kernel)] += value * kernel
    return result
    ### END SOLUTION


# %% tags=["check"]
check.transposed_convolution(transposed_convolution)

# %% [markdown]
# Now feed it a flat input, all ones, with a flat kernel. The result counts
# how many stamps each new pixel received. Ideally all get the same.

# %%
# NBVAL_CHECK_OUTPUT
for size in (3, 4, 5):
    stamped = F.conv_transpose1d(torch.ones(1, 1, 6), torch.ones(1, 1, size), stride=2)
    print(f"kernel {size}, stride 2: stamps per pixel {stamped[0, 0].int().tolist()}")

# %% [markdown]
# With kernels of 3 or 5 the counts alternate: a checkerboard before anything
# is learned. A kernel of 4 divides evenly by the stride, and so the usual code
# of DCGAN, the first GAN of convolutions that trained well (Radford et al.,
# ICLR 2016), takes it. But even then neighbouring pixels are made by
# *different weights*, and until training has made those agree, the picture has
# grain (Odena, Dumoulin, Olah, Distill, 2016). The cure we use: enlarge by
# interpolation first, then an ordinary 3 x 3 convolution. Look at both,
# untrained.

# %%
from medigenx_lib.gan import networks, recipes


def untrained(upsampling):
    """One film (64, 64), 0..1, of a generator with random weights, its contrast stretched."""
    generator, _ = networks.build(recipes.recipe(upsampling=upsampling))
    with torch.no_grad():
        film = generator(torch.randn(1, 64, generator=torch.Generator().manual_seed(1)), torch.tensor([0]))[0, 0]
    return ((film - film.mean()) / (6 * film.std()) + 0.5).clamp(0, 1)


pictures = {name: untrained(name) for name in ("transposed", "bilinear")}
fig = course.films([*pictures.values(), *(film[20:36, 20:36] for film in pictures.values())],
                   ["transposed convolution", "bilinear, then 3x3", "its middle, enlarged", "its middle, enlarged"])  # fmt: skip
course.show(
    fig, alt="Random weights: the transposed convolution gives pixel grain, bilinear enlargement smooth clouds."
)

# %% [markdown]
# Grain is no matter of taste: it can be measured, as the energy of the
# finest diagonal pattern (`evaluation.pixels.grain`, a logarithm to base 10).

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib.evaluation import pixels

grain = {name: pixels.grain(film[None])[0] for name, film in pictures.items()}
print("transposed has over 100 times the grain:", bool(grain["transposed"] - grain["bilinear"] > 2))

# %% [markdown]
# ## 4. The two networks, shape by shape
#
# Here they are. The generator turns a latent of 64 numbers and a label into
# a film of -1 (black) to 1 (white). The discriminator does the reverse: it
# halves the side until 4 x 4 is left, and then gives one logit. One row below
# is one size on the way: a stack of pictures, called *channels*, and how many
# weights the layers hold that make it. (Not shown: the layer that leads from
# the latent to 4 x 4, and the one that leads from 4 x 4 to the logit.)

# %%
import pandas as pd

recipe = recipes.STRONG
generator, discriminator = networks.build(recipe)


def shapes(network, *inputs):
    """One row for each size in ``network``: what comes out there, and how many weights its layers hold."""
    weights = {}

    def note(layer, _, out):
        size = " x ".join(map(str, out.shape[1:]))
        weights[size] = weights.get(size, 0) + sum(p.numel() for p in layer.parameters())

    hooks = [stage.register_forward_hook(note) for stage in network.stages]
    with torch.no_grad():
        out = network(*inputs)
    for hook in hooks:
        hook.remove()
    return pd.DataFrame(weights.items(), columns=["channels x height x width", "weights"]), out


# %%
# NBVAL_CHECK_OUTPUT
table, film = shapes(generator, torch.zeros(1, recipe.latent), torch.tensor([0]))
print(table.to_string(index=False))
print("film:", tuple(film.shape))

# %%
# NBVAL_CHECK_OUTPUT
table, logits = shapes(discriminator, film, torch.tensor([0]))
print(table.to_string(index=False))
print("logit:", tuple(logits.shape))

# %% [markdown]
# Why convolutions? Because an edge is an edge wherever it lies: one small
# kernel is used at every place. Compare what one fully connected layer from
# film to film would need:

# %%
# NBVAL_CHECK_OUTPUT
count = {name: sum(p.numel() for p in net.parameters()) for name, net in
         {"generator": generator, "discriminator": discriminator}.items()}  # fmt: skip
for name, weights in count.items():
    print(f"{name}: {weights:,} weights in all")
print(f"one fully connected layer, 4,096 pixels to 4,096: {4096 * 4096:,}")

# %% [markdown]
# Small differences decide. Three that you will meet again:
#
# - **Batch norm** in the generator, none in the discriminator. It brings each
#   channel to mean 0 and spread 1 over all films of a batch; so it mixes
#   films, and a discriminator should judge each film alone.
# - **Leaky ReLU** in the discriminator. A plain ReLU turns negative values
#   into 0 and passes no gradient there; a leaky one keeps a fifth of them. The
#   discriminator's gradient is all the generator ever gets.
# - **Interpolation** instead of transposed convolution, as above.
#
# Now a *trained* generator, shipped with the course: `gan_64`. What does its
# film look like on the way, at 4 x 4, 8 x 8 and so on? We show the mean over
# the channels of each stage. (The tables above are of the recipe `strong`;
# `gan_64` has the same stages from `narrow`, with fewer channels where pixels
# are many.)

# %%
from medigenx_lib.gan import sampling

trained = sampling.load("gan_64")
latent = sampling.latents(trained.recipe, seed=8, indices=[1])
seen = []
hooks = [stage.register_forward_hook(lambda _, __, out: seen.append(out[0])) for stage in trained.network.stages[0::2]]
film = sampling.films(trained.network, latent, torch.tensor([0]))[0, 0]
for hook in hooks:
    hook.remove()


# %%
def as_film(maps):
    """The mean over the channels of maps (C, H, W), scaled to 0..1."""
    mean = maps.mean(0)
    return (mean - mean.min()) / (mean.max() - mean.min() + 1e-9)


stages = [as_film(maps) for maps in seen]
fig = course.films([*stages, film], [*(f"{len(stage)} x {len(stage)}" for stage in stages), "film"])
course.show(
    fig,
    alt="Four feature maps from 4x4 to 32x32 pixels, coarse blocks first, chest outlines later, then the generated film.",
)

# %% [markdown]
# The layout comes first, the detail last: where the lungs lie is decided on
# a few pixels, the ribs are drawn at the end. Every film in this course that
# comes from a generator is **synthetic** and says so in its record:

# %%
# NBVAL_CHECK_OUTPUT
cases = sampling.sample([0, 1] * 3, seed=5)
print({case.label_name: case.source for case in cases}, all(case.synthetic for case in cases))

# %% [markdown]
# ## 5. Made to order: conditioning
#
# We want to ask for a *normal* film or for *pneumonia*. So both players are
# told the label:
#
# - The **generator** gets a few learned numbers for each label (an
#   *embedding*) beside the latent.
# - The **discriminator** gets them by *projection* (Miyato and Koyama, ICLR
#   2018): it first sees the film, giving features $h$, and then judges
#   $\text{logit} = w \cdot h + b + e_{\text{label}} \cdot h$. The first part
#   asks "is it a chest?", the last "is it a chest *of this class*?".

# %% [markdown]
# ### Exercise 3.5: does it look real, as what it claims to be?
# *difficulty 3 of 5 · 8 minutes*
#
# Write `projection_logits(features, weight, bias, embedding, labels)`:
# `features` is `(B, C)`, `weight` is `(C,)`, `bias` a number, `embedding`
# `(2, C)` with one row a class, `labels` `(B,)` of 0 and 1. The answer is
# `(B,)`.
#
# <details><summary>Hint 1</summary><code>embedding[labels]</code> has shape (B, C):
# for every film the row of its own label.</details>
#
# <details><summary>Hint 2</summary>A dot product for each film is a product of two
# (B, C) tensors, summed over axis 1.</details>


# %% tags=["exercise"]
def projection_logits(features, weight, bias, embedding, labels):
    """One logit a film, (B,), from features (B, C), weight (C,), embedding (2, C) and labels (B,)."""
    ### BEGIN SOLUTION
    return features @ weight + bias + (features * embedding[labels]).sum(1)
    ### END SOLUTION


# %% tags=["check"]
check.projection_logits(projection_logits)

# %% [markdown]
# With the shipped generator we can now hold the latent still and change the
# label alone: the same invented child, healthy and ill. The third row is the
# difference. Where do you expect it to be largest?

# %%
latent = sampling.latents(trained.recipe, seed=8, indices=range(6))
normal, ill = (sampling.films(trained.network, latent, torch.full((6,), label)) for label in (0, 1))
change = (0.5 + ill - normal).clamp(0, 1)
titles = ["normal"] * 6 + ["pneumonia"] * 6 + ["difference"] * 6
fig = course.films([*normal, *ill, *change], titles, columns=6)
course.show(
    fig,
    alt="Six generated chests as normal and as pneumonia from the same latents, and the differences: brighter inside the lungs, with edges where ribs and diaphragm moved.",
)

# %% [markdown]
# The label brightens the lungs inside nearly the same frame. But look at the
# edges in the third row: the diaphragm, the heart and the ribs moved too. And
# "looks ill to me" is no measurement. The course's film encoder, trained on
# real films to tell the two classes apart, can judge: how probable is
# pneumonia, as we slide the label's embedding from one class to the other?

# %%
from medigenx_lib.evaluation import encoder


def in_between(latent, share):
    """Films (n, 1, 64, 64) of a label that is ``share`` pneumonia; 0 and 1 are the trained ends."""
    return sampling.films(trained.network, latent, torch.full((len(latent),), share, dtype=torch.float32))


latent = sampling.latents(trained.recipe, seed=0, indices=range(32))
shares = np.linspace(0, 1, 9)
judged = np.array([encoder.pneumonia_probability(in_between(latent, share)) for share in shares])

# %%
fig, axis = plt.subplots(figsize=(6.5, 3))
_ = axis.plot(shares, judged, color="lightgrey", linewidth=0.8)
_ = axis.plot(shares, judged.mean(1), "o-", label="mean of 32 latents")
_ = axis.set(xlabel="label: 0 normal, 1 pneumonia", ylabel="probability of pneumonia", ylim=(0, 1))
_ = axis.legend()
course.show(
    fig,
    alt="The judged probability of pneumonia rises in an S from near 0 to near 1 as the label moves; single latents rise at different places.",
)

# %%
# NBVAL_CHECK_OUTPUT
right = np.mean([np.mean(judged[0] < 0.5), np.mean(judged[-1] > 0.5)])
print("at least 90 % of films judged as the class asked for:", bool(right >= 0.9))
print("rises at every step:", bool((np.diff(judged.mean(1)) > 0).all()))

# %% [markdown]
# Try it yourself: another child (seed), another label, and the *truncation*,
# which scales the latent. Small latents give typical films, all alike; large
# ones give variety, and more that go wrong.


# %%
def draw_film(seed, pneumonia, truncation):
    """Four generated films, with the probability of pneumonia that the encoder reads from each."""
    latent = sampling.latents(trained.recipe, seed, range(4), truncation)
    made = in_between(latent, pneumonia)
    return course.films(made, [f"judged {value:.2f}" for value in encoder.pneumonia_probability(made)], columns=4)


course.interact(draw_film, seed=(0, 50, 1, 0), pneumonia=(0.0, 1.0, 0.1, 0.5), truncation=(0.2, 2.0, 0.2, 1.0),
                alt="Four generated chest films, each with the encoder's probability of pneumonia.")  # fmt: skip

# %%
course.think(
    "Can `normal` and `pneumonia` from the same latent be used as the same patient before and after an illness?",
    "As an illustration, yes; as evidence, no. Nothing in training asked the generator to keep the patient: it only "
    "had to fill both classes with believable films. The heart, the ribs or the exposure may change along with the "
    "label, and where real pneumonia films were taken lying down or of younger children, so will the generated be. "
    "Our phantom can make true pairs (`phantom.counterfactual`), because there a lung is a lung.",
)

# %% [markdown]
# ## 6. All parts together
#
# Let us put the pieces to work: a small pair of networks, 16 x 16 pixels,
# trained on the films of this session for a few seconds. `gan.training`
# plays exactly the game of section 2, with convolutions. Lesson 04 opens
# that loop.

# %%
import tempfile

from medigenx_lib.gan import training

images, labels = np.stack([film.image for film in films]), np.array([film.label for film in films])
small = recipes.recipe(size=16, width=8, latent=16, ema=0.99)
folder = tempfile.mkdtemp()
seen = course.by_profile(fast=20_000, class_=100_000)
result = training.train(images, labels, folder, small, images=seen)

# %%
made = sampling.sample([0] * 6 + [1] * 6, checkpoint=folder)
fig = course.films([*made, *films[:6]], ["generated normal"] * 6 + ["generated pneumonia"] * 6 + ["training film"] * 6)
course.show(fig, alt="Small blurred generated chests of both classes above six training films, all of 16 by 16 pixels.")

# %% [markdown]
# After seconds, from noise, there is the plan of a chest: two darker sides and
# a bright middle. Not a good one. How to tell *how* good, and what to do when
# it goes wrong, is the matter of the next two lessons.
#
# ## Summary
#
# - A discriminator measures how far the generator's films are from real
#   ones; the generator walks to make that measure small. The two circle.
# - A discriminator that knows nothing pays $2 \ln 2$ = 1.386 nats. One that
#   is perfect teaches nothing, least of all through the saturating loss.
# - Write losses with softplus of logits, never with log of sigmoid.
# - A generator doubles its picture step by step. Transposed convolutions
#   leave grain; interpolation and a 3 x 3 convolution do not.
# - A label enters the generator as an embedding, the discriminator by
#   projection. Whether it worked is measured, by a judge trained on real
#   films.
#
# ## Quiz

# %%
course.quiz(
    "The discriminator's loss has settled at 1.386 nats. What do you know?",
    {
        "The generated films are perfect.": "Not from this. A discriminator that sees nothing pays just the same.",
        "The discriminator cannot tell the two apart.": "That is all it says; why it cannot is another question.",
        "Training has crashed.": "A crash shows as NaN. 1.386 is what a coin toss costs.",
    },
    answer="The discriminator cannot tell the two apart.",
)

# %%
course.quiz(
    "Why is the saturating generator loss hardly used?",
    {
        "It is flat where the fakes are worst.": "At a logit of -8 its gradient is about 3,000 times weaker.",
        "Its minimum lies elsewhere.": "Both losses want the fakes to be taken for real.",
        "It cannot be computed exactly.": "As a softplus it can, as well as the other.",
    },
    answer="It is flat where the fakes are worst.",
)

# %%
course.quiz(
    "Generated films show a fine checkerboard. Where do you look first?",
    {
        "At the learning rate": "That makes films late or unstable, but not checked.",
        "At the way the generator enlarges": "Stamps that overlap unevenly, or weights that alternate, leave this.",
        "At the labels": "Wrong labels give wrong classes, not grain.",
    },
    answer="At the way the generator enlarges",
)

# %%
course.quiz(
    "In a projection discriminator the label's embedding is all zeros. What does the label do?",
    {
        "Nothing: the logit is the same for both labels.": "The term is a dot product with zeros; training begins so.",
        "It makes every logit 0.": "The unconditional part of the logit is still there.",
        "It makes the generator ignore the latent.": "The embedding is the discriminator's; the latent is not involved.",
    },
    answer="Nothing: the logit is the same for both labels.",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 04](04_training_gans.ipynb): collapse, flat gradients,
#   discriminators that learn by heart, and the cures, one at a time.
# - [networks.py](../medigenx_lib/gan/networks.py): both networks, 350 lines.
# - Goodfellow et al., "Generative adversarial nets", NeurIPS 2014; Radford et
#   al. (DCGAN), ICLR 2016; Miyato and Koyama, "cGANs with projection
#   discriminator", ICLR 2018; Odena et al., "Deconvolution and checkerboard
#   artifacts", Distill, 2016.
