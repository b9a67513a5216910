# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Data preprocessing
#     key_point: From stored numbers to comparable pictures, with windows, local contrast, crops, sizes, augmentation and splits that do not leak.
#     answer: A generated film, a measurement or a score is only as honest as the preprocessing before it; here you learn what each step may destroy.
#     teaching: 50
#     exercises: 45
#     prerequisites: [1]
#     objectives:
#       - Turn stored numbers into grey values with a window, and say why each film's own extremes are a poor one
#       - Write contrast limited adaptive histogram equalisation by hand, and measure what it gains and costs
#       - Shrink a film without inventing texture
#       - Decide which augmentations a chest allows, and move image and mask together
#       - Find the two leaks that make scores too good, patients and duplicates on both sides of a split
#     accelerator: none
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. Which numbers are bright? The window
#
# A detector stores perhaps 4,096 different numbers, a screen shows 256 and
# your eye tells apart far fewer. Somebody has to choose which of the stored
# numbers become black and which become white. Radiologists do it with two
# knobs, the **level** (or centre) and the **width** of a *window*: numbers
# below the window are black, numbers above it are white, and those inside
# share all the greys.
#
# Here is a film as a detector might have stored it, in 12 bits. The chest
# does not use all of the 4,096 numbers. It hardly ever does.

# %%
import numpy as np

from medigenx_lib import course

films = course.cases(8, size=64)
stored = np.round(500 + 2400 * films[0].image).astype(np.uint16)

# %%
import matplotlib.pyplot as plt

fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2))
_ = left.imshow(stored, cmap="gray", vmin=0, vmax=4095)
_ = left.set_title("all 4,096 numbers, black to white")
left.axis("off")
_ = right.hist(stored.ravel(), bins=64, range=(0, 4095), color=course.PALETTE[0])
_ = right.set(xlabel="stored number", ylabel="pixels", title="what is used")
course.show(fig, alt="A chest film that looks flat and grey, and its histogram: it uses the middle of the range only.")

# %% [markdown]
# The film looks as through fog. Nothing is wrong with the film, only the window
# is wrong. Before you read on: where would you put the centre, and how wide
# would you make the window?

# %% [markdown]
# ### Exercise 2.1: the window of radiology
# *difficulty 2 of 5 · 8 minutes*
#
# Write `window_level(pixels, centre, width)`. `pixels` is an array of any
# integer or floating type; the answer has the same shape, floating, 0 to 1.
# DICOM (PS3.3 C.11.2.1.2.1) places the window between two ends that are
# half a step off on purpose, because numbers are counted, not measured:
#
# $$ y = \frac{x - (c - 0.5)}{w - 1} + 0.5 \quad\text{, cut off at 0 and 1.} $$
#
# <details><summary>Hint 1</summary>Write the formula with numpy, without a
# loop: it works on the whole array at once.</details>
#
# <details><summary>Hint 2</summary>Unsigned integers cannot be negative: 3 - 5
# wraps to 65,534 in uint16. Turn the pixels into floating numbers
# first.</details>
#
# <details><summary>Hint 3</summary><code>np.clip(values, 0, 1)</code> cuts off
# what lies outside.</details>


# %% tags=["exercise"]
def window_level(pixels, centre, width):
    """Grey values 0..1 of ``pixels`` (any shape) in a window of ``width`` around ``centre``."""
    ### BEGIN SOLUTION
    ramp = (np.asarray(pixels, float) - (centre - 0.5)) / (width - 1) + 0.5
    return np.clip(ramp, 0, 1)
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_02 as check

check.window_level(window_level)

# %% [markdown]
# From here on we use the library's version, which is the same formula. Move
# the two knobs. A wide window shows everything faintly; a narrow one shows
# a little very clearly, and hides the rest.

# %%
from medigenx_lib import preprocessing


def draw_window(centre, width):
    """The film in this window, and where the window lies in the histogram."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2))
    left.imshow(preprocessing.window_level(stored, centre, width), cmap="gray", vmin=0, vmax=1)
    left.axis("off")
    right.hist(stored.ravel(), bins=64, range=(0, 4095), color=course.PALETTE[0])
    right.axvspan(centre - width / 2, centre + width / 2, color=course.PALETTE[1], alpha=0.25)
    right.set(xlabel="stored number", ylabel="pixels", xlim=(0, 4095))
    return fig


course.interact(
    draw_window,
    centre=(300, 3500, 100, 1500),
    width=(200, 4000, 100, 2200),
    alt="The film in the chosen window, and the window drawn over the histogram.",
)

# %% [markdown]
# ### Why not let every film choose its own window?
#
# The tempting one-liner is `(x - x.min()) / (x.max() - x.min())`. Try it on
# two films that are the same but for one thing: on the second, a lead marker
# lies in a corner.


# %%
def stretch(image):
    """The one-liner: the film's own darkest pixel becomes 0, its brightest 1."""
    return (image - image.min()) / (image.max() - image.min())


plain = 0.1 + 0.5 * films[1].image
marked = plain.copy()
marked[3:9, 4:8] = 1.0
shown = [stretch(plain), stretch(marked), preprocessing.normalise(marked)]
fig = course.films(shown, ["own extremes, plain", "own extremes, marker", "percentiles 1 to 99"])
course.show(fig, alt="The same film three times. With a marker, the stretch by extremes turns the chest dark.")

# %% [markdown]
# A few pixels of lead decided how bright the lungs are. Percentiles do not
# care about a few pixels. How much did the chest move, on average?

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib import phantom

chest = 0.1 + 0.5 * phantom.cases([1])[0].image
leaded = chest.copy()
leaded[3:9, 4:8] = 1.0
for name, scale in {"own extremes": stretch, "percentiles": preprocessing.normalise}.items():
    moved = np.abs(scale(leaded) - scale(chest))[10:].mean()
    print(f"{name:12}  the chest moved by {moved:.2f} of the grey range")

# %% [markdown]
# Percentiles are the better servant, but they serve the same master: both
# make each film fill the grey range, so *absolute* brightness is lost. A
# lung that is dense all over, and a film that was exposed for longer, come
# out alike.

# %%
course.think(
    "A network must tell white lungs (severe pneumonia on both sides) from clear ones. Would you normalise each film "
    "by its own percentiles first?",
    "It depends on what else makes films bright. If exposure differs from film to film, raw brightness carries mostly "
    "exposure, and normalising helps. If exposure is standardised, normalising throws away the very thing you look "
    "for. Measure both on a validation set; and whatever you choose, do the same to training, test and generated "
    "films.",
)

# %% [markdown]
# ## 2. Contrast where it is needed: CLAHE
#
# One window for the whole film is a compromise: the lungs are dark, the
# abdomen is bright, and fine detail in both cannot be had at once. *Histogram
# equalisation* spreads the greys so that each is used equally often. The
# recipe is two lines: count the greys, add the counts up. The running sum,
# scaled to 1, **is** the new grey of each old grey.
#
# A toy first: an image with three greys only.

# %%
toy = np.repeat([0.40, 0.45, 0.60], [10, 30, 60])
counts = np.histogram(toy, bins=20, range=(0, 1))[0]
curve = np.cumsum(counts) / counts.sum()

# %%
# NBVAL_CHECK_OUTPUT
for old in (0.40, 0.45, 0.60):
    print(f"grey {old:.2f}  ->  {curve[int(round(old * 20, 6))]:.2f}")

# %% [markdown]
# Neighbouring greys that many pixels share are pulled apart (0.45 and 0.60
# are now 0.60 apart). That is the gain. The cost: a grey that is *very*
# common, such as the flat background of the film, gets a huge share of the
# scale, and its noise is blown up with it.
#
# CLAHE, *contrast limited adaptive histogram equalisation*, mends both:
#
# - **adaptive**: a curve of its own for each tile of the film, and between
#   tile centres a blend of the four nearest curves;
# - **contrast limited**: no count may exceed a limit. What is cut off is
#   shared out over all greys, so the curve is nowhere too steep.
#
# Source: Pizer et al., *Computer Vision, Graphics, and Image Processing*
# 39 (1987); Zuiderveld, *Graphics Gems IV* (1994).

# %% [markdown]
# ### Exercise 2.2: the limited curve
# *difficulty 3 of 5 · 10 minutes*
#
# Write `clipped_curve(tile, clip, bins)`: `tile` is a 2D array in 0..1.
# Return `bins` numbers, rising from above 0 to exactly 1: the new grey of
# each old grey.
#
# 1. Count the greys in `bins` equal bins from 0 to 1.
# 2. No count may exceed `clip` times the *mean* count. Collect the excess.
# 3. Give every bin an equal share of the excess.
# 4. Add up, and divide by the total.
#
# <details><summary>Hint 1</summary><code>np.histogram(tile, bins, (0, 1))[0]</code>
# counts.</details>
#
# <details><summary>Hint 2</summary>The excess is
# <code>np.maximum(counts - limit, 0).sum()</code>, and each bin gets
# <code>excess / bins</code> of it, after the cut.</details>
#
# <details><summary>Hint 3</summary><code>np.cumsum</code> adds up. The total
# has not changed: what was cut has been given back.</details>


# %% tags=["exercise"]
def clipped_curve(tile, clip, bins):
    """New grey 0..1 of each of ``bins`` old greys: (bins,)."""
    ### BEGIN SOLUTION
    counts = np.histogram(tile, bins, (0, 1))[0].astype(float)
    limit = clip * counts.mean()
    excess = np.maximum(counts - limit, 0).sum()
    counts = np.minimum(counts, limit) + excess / bins
    return np.cumsum(counts) / counts.sum()
    ### END SOLUTION


# %% tags=["check"]
check.clipped_curve(clipped_curve)

# %% [markdown]
# The rest of CLAHE is bookkeeping: one curve for each tile (8 x 8 of them
# here), then for each pixel a blend of the four nearest curves, read off at
# the pixel's grey. `map_coordinates` blends: it reads a table *between* its
# entries.

# %%
from scipy import ndimage


def clahe(image, clip, tiles=8, bins=64):
    """A square film (S, S) in 0..1 after CLAHE, same shape."""
    tile = len(image) // tiles
    starts = range(0, len(image), tile)
    curves = [
        [preprocessing.clipped_curve(image[r : r + tile, c : c + tile], clip, bins) for c in starts] for r in starts
    ]
    place = np.clip((np.arange(len(image)) + 0.5) / tile - 0.5, 0, tiles - 1)  # in tiles, from the first centre
    rows, columns = np.meshgrid(place, place, indexing="ij")
    grey = np.minimum(image * bins, bins - 1).astype(int)
    return ndimage.map_coordinates(np.array(curves), [rows, columns, grey], order=1)


# %% [markdown]
# Predict before you run: on which of the four films will you see the ribs
# best? And the grain?

# %%
patient = course.cases(6, size=128, label=1)[0].image
looks = [patient, clahe(patient, 1e9, tiles=1), clahe(patient, 2), clahe(patient, 6)]
fig = course.films(looks, ["as it is", "equalised", "CLAHE, limit 2", "CLAHE, limit 6"])
course.show(fig, alt="A film with pneumonia: as it is, equalised, and after CLAHE with a low and a high limit.")

# %% [markdown]
# Equalising shows more everywhere, grain included; a low limit keeps the
# grain down. Tune it yourself. Many tiles follow the film closely, and then
# a lung that is dense *as a whole* turns as grey as any other.


# %%
def draw_clahe(limit, tiles):
    """The film before and after CLAHE, and how often each grey is used."""
    after = preprocessing.clahe(patient, tiles, limit)
    fig, (one, two, bars) = plt.subplots(1, 3, figsize=(9, 3))
    for axis, picture, name in ((one, patient, "before"), (two, after, "after")):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
        axis.set_title(name)
        axis.axis("off")
        bars.hist(picture.ravel(), bins=40, range=(0, 1), alpha=0.6, label=name)
    bars.set(xlabel="grey", ylabel="pixels")
    bars.legend()
    return fig


course.interact(
    draw_clahe,
    limit=(1.0, 8.0, 0.5, 2.0),
    tiles=[8, 1, 2, 4, 16],
    alt="A film before and after CLAHE, with the histogram of its greys.",
)

# %% [markdown]
# ### Does it help? Measure, don't look
#
# A picture that looks crisper is not yet a better input. The phantom can
# tell: it gives each patient twice, once healthy and once with pneumonia,
# and knows where the opacity is. So we can ask two plain questions:
#
# - **gain**: how far does the opacity stand out from the rest of the lungs,
#   in standard deviations over patients?
# - **cost**: add a little noise to the film; how much larger is that noise
#   after processing?

# %%
pairs = [phantom.counterfactual(seed, size=128) for seed in range(24)]
pairs = [(healthy, ill) for healthy, ill in pairs if ill.masks["opacity"].sum() > 50]
ways = {
    "as it is": lambda x: x,
    "equalised": lambda x: preprocessing.clahe(x, 1, 1e9),
    "CLAHE, limit 2": lambda x: preprocessing.clahe(x, 8, 2),
    "CLAHE, limit 6": lambda x: preprocessing.clahe(x, 8, 6),
}


def stands_out(way, case):
    """Mean grey of the opacity minus mean grey of the rest of the lungs."""
    opacity = case.masks["opacity"]
    rest = (case.masks["right_lung"] | case.masks["left_lung"]) & ~opacity
    film = way(case.image)
    return film[opacity].mean() - film[rest].mean()


# %%
# NBVAL_CHECK_OUTPUT
noise = np.random.default_rng(0).normal(0, 0.01, (128, 128)).astype(np.float32)
noisy = np.clip(pairs[0][0].image + noise, 0, 1)
for name, way in ways.items():
    steps = [stands_out(way, ill) for _, ill in pairs]
    grain = np.std(way(noisy) - way(pairs[0][0].image)) / np.std(noisy - pairs[0][0].image)
    print(f"{name:15} stands out by {np.mean(steps) / np.std(steps):.1f} sd   noise x {grain:.0f}")

# %% [markdown]
# The opacity stands out a little more, from film to film more evenly, and
# the noise is several times as large. Is it worth it? For an eye at a
# screen, often. For a network, it is a question for your validation set.
# For *measurements* of density (lesson 08) the answer is no: a tile's grey
# now depends on its neighbours, and the number means nothing any more.
#
# **In this course the films that are measured are never equalised.**

# %% [markdown]
# ## 3. Borders, and how a rectangle becomes a square
#
# Networks want squares. Films are rectangles, with black borders from
# collimation, white ones from scanners. There are three ways to a square:
#
# - **stretch**: keep every pixel, change the proportions;
# - **pad**: keep the proportions, add black;
# - **crop**: keep the proportions, cut off what does not fit.
#
# A circle in a frame shows what each of them does.

# %%
down, across = np.mgrid[0:96, 0:128]
circle = 0.25 + 0.6 * (np.hypot(down - 48, across - 64) < 44).astype(np.float32)
circle[:, :14] = 0.9  # something at the left edge that you would miss
fits = {fit: preprocessing.resize(circle, 64, fit=fit) for fit in ("stretch", "pad", "crop")}
fig = course.films([circle, *fits.values()], ["96 x 128", *fits])
course.show(
    fig, alt="A circle and a bright strip: stretched to an ellipse, padded with black, or cropped of its strip."
)

# %%
course.think(
    "The cardiothoracic ratio is the width of the heart over the width of the chest. Does it survive the stretch? The "
    "padding? The crop?",
    "The stretch: yes, both widths shrink by the same factor. (Areas, angles and the shape of the heart do not "
    "survive.) The padding: yes. The crop: only as long as it cuts no lung, and it is silent about it when it does.",
)

# %% [markdown]
# How often does the crop cut lung? Our phantoms are squares that stand for
# films about 1.25 times as wide as high (as the children's films in
# PneumoniaMNIST are). A centre crop of such a film keeps the middle 80 % of
# its columns. MedMNIST made PneumoniaMNIST by a centre crop.


# %%
# NBVAL_CHECK_OUTPUT
def lung_lost(case, wide):
    """Share of lung cut off when a film ``wide`` times as wide as high is cropped to its middle square."""
    lungs = case.masks["right_lung"] | case.masks["left_lung"]
    cut = round(lungs.shape[1] * (1 - 1 / wide) / 2)
    return 1 - lungs[:, cut : lungs.shape[1] - cut].sum() / lungs.sum()


children = phantom.cases(range(40), size=128, disease=False)
for wide in (1.1, 1.25, 1.4):
    lost = np.array([lung_lost(case, wide) for case in children])
    print(
        f"{wide:.2f} times as wide: {np.sum(lost > 0.01)} of 40 films lose lung, at worst {100 * lost.max():.0f} % of it"
    )

# %% [markdown]
# Usually nothing, sometimes a lot, and no error message. A pleural effusion
# begins in the outermost corner of the lung, where the crop cuts.
#
# Borders are the other way round: they should go. Here a film gets the black
# edges of a collimator, and `crop_borders` takes them off again. It cuts
# rows and columns of which 95 % are black or white.

# %%
framed = np.zeros((80, 90), np.float32)
framed[6:70, 16:80] = films[0].image
clean = preprocessing.crop_borders(framed)
fig = course.films([framed, clean], [f"{framed.shape} with borders", f"{clean.shape} without"])
course.show(fig, alt="A film in a black frame, and the same film with the frame cut off.")

# %% [markdown]
# The order matters: **first** the borders, **then** the square, **then** the
# contrast. The other way round the black frame is squeezed into the film and
# decides on its percentiles.

# %% [markdown]
# ## 4. Fewer pixels without false ones: aliasing
#
# To shrink a film eightfold, the quick way is to keep every eighth pixel:
# `image[::8, ::8]`. A toy shows what that does: stripes that get finer from
# left to right.

# %%
x = np.linspace(0, 1, 1024)
stripes = np.tile(0.5 + 0.5 * np.cos(2 * np.pi * 90 * x**2), (64, 1))
picked = stripes[::8, ::8]
averaged = stripes.reshape(8, 8, 128, 8).mean((1, 3))

# %%
fig, axes = plt.subplots(3, 1, figsize=(8, 3))
names = ["1,024 pixels", "every 8th pixel", "mean of every 8"]
for axis, picture, name in zip(axes, [stripes, picked, averaged], names, strict=True):
    axis.imshow(picture, cmap="gray", vmin=0, vmax=1, aspect="auto")
    axis.set(xticks=[], yticks=[])
    axis.set_ylabel(name, rotation=0, ha="right", va="center")
course.show(
    fig,
    alt="Stripes that get finer to the right. Picking pixels turns the fine ones into broad false stripes; "
    "averaging turns them into even grey.",
)

# %% [markdown]
# On the right the picked pixels show broad stripes that *are not there*.
# That is aliasing: detail finer than the new pixels does not vanish, it
# comes back as something else. Averaging first turns what cannot be shown
# into grey, which is the truth at this resolution.

# %% [markdown]
# ### Exercise 2.3: shrink
# *difficulty 2 of 5 · 6 minutes*
#
# Write `shrink(image, factor)` for an array (H, W) whose sides are multiples
# of `factor`: each new pixel is the mean of a `factor` x `factor` block.
# Return an array (H / factor, W / factor). No loops needed.
#
# <details><summary>Hint 1</summary>A row of 6 numbers reshaped to (3, 2) has
# the pairs side by side: the mean over the last axis is the mean of each
# pair.</details>
#
# <details><summary>Hint 2</summary>In two dimensions: reshape to
# <code>(H // factor, factor, W // factor, factor)</code>. Which two axes run
# inside a block?</details>


# %% tags=["exercise"]
def shrink(image, factor):
    """Means of ``factor`` x ``factor`` blocks: (H, W) to (H / factor, W / factor)."""
    ### BEGIN SOLUTION
    height, width = image.shape
    return image.reshape(height // factor, factor, width // factor, factor).mean((1, 3))
    ### END SOLUTION


# %% tags=["check"]
check.shrink(shrink)

# %% [markdown]
# On a film the false stripes are ribs and vessels. They also make the film
# *nervous*: move the patient by one pixel of 256 and the picked film
# changes far more than the averaged one. A network would have to learn that
# these are the same patient.

# %%
# NBVAL_CHECK_OUTPUT
large = [case.image for case in phantom.cases(range(16), size=256)]
small = {
    "every 8th pixel": lambda film: film[4::8, 4::8],
    "mean of every 8": lambda film: film.reshape(32, 8, 32, 8).mean((1, 3)),
    "library": lambda film: preprocessing.resize(film, 32),
}
for name, way in small.items():
    change = [np.abs(way(np.roll(film, 1, axis=0)) - way(film))[1:].mean() for film in large]
    print(f"{name:16} moves by {1000 * np.mean(change):.0f} thousandths of the grey range")

# %%
chest = phantom.cases([4], size=256)[0].image
looks = [chest, *(way(chest) for way in small.values())]
fig = course.films(looks, ["256 pixels", *small])
course.show(fig, alt="A film at 256 pixels, and at 32: picked pixels look jagged, averaged ones smooth.")

# %% [markdown]
# `preprocessing.resize` uses torchvision with antialiasing switched on. In
# many libraries it is off by default, and *scores of generated images have
# been published that mostly measured the resizer*: Parmar, Zhang and Zhu, "On
# Aliased Resizing and Surprising Subtleties in GAN Evaluation", CVPR 2022.

# %% [markdown]
# ## 5. Augmentation: what a chest allows
#
# Augmentation shows the network each film in many slightly different ways.
# The rule is simple to say: **change what may differ between two films of
# the same finding, and nothing else.** For a cat, mirroring is free. For a
# chest it is not.


# %%
def turned(degrees):
    return lambda picture: ndimage.rotate(picture, degrees, reshape=False, order=1, mode="nearest")


def hidden(picture):
    """A square of a quarter of the film's area is hidden, at the right lung."""
    side = len(picture)
    out = picture.copy()
    out[side // 5 : side // 5 + side // 2, side // 10 : side // 10 + side // 2] = 0
    return out


moves = {
    "shifted": lambda p: ndimage.shift(p, (3, -2), order=1, mode="nearest"),
    "turned by 4°": turned(4),
    "mirrored": np.fliplr,
    "upside down": np.flipud,
    "turned by 40°": turned(40),
    "part hidden": hidden,
}

# %%
film = course.cases(4, size=64, label=1)[1].image
fig = course.films([film, *(move(film) for move in moves.values())], ["original", *moves], columns=7)
course.show(
    fig,
    alt="A film and six changed versions: shifted, slightly turned, mirrored, upside down, strongly turned, "
    "and with a part hidden.",
)

# %% [markdown]
# Which of them could be a film of a patient? Decide, then measure. The
# phantom's masks move along with the film, so we can ask afterwards: is the
# heart still on the patient's left (the right of the picture)? How much of
# the opacity can still be seen?


# %%
def heart_is_left(masks):
    """Is the heart's centre on the picture's right of the middle between the outer edges of the lungs?"""
    columns = np.flatnonzero((masks["right_lung"] | masks["left_lung"]).any(0))
    return np.nonzero(masks["heart"])[1].mean() > (columns[0] + columns[-1]) / 2


def after(move, case):
    """The masks of the case, moved as the film is."""
    return {name: move(mask.astype(np.float32)) > 0.5 for name, mask in case.masks.items()}


# %%
# NBVAL_CHECK_OUTPUT
ill = [case for case in phantom.cases(range(60), disease=True) if case.masks["opacity"].sum() > 30]
print(f"{'':15}heart on the left   opacity still seen")
for name, move in {"original": lambda p: p, **moves}.items():
    moved = [after(move, case) for case in ill]
    left = np.mean([heart_is_left(masks) for masks in moved])
    seen = np.mean([m["opacity"].sum() / c.masks["opacity"].sum() for m, c in zip(moved, ill, strict=True)])
    print(f"{name:15}{100 * left:10.0f} %{100 * seen:17.0f} %")

# %% [markdown]
# - **Mirrored**: every heart is on the wrong side. About one person in ten
#   thousand is built that way. A classifier of "pneumonia, yes or no" may
#   not mind, and many published ones mirror. A *generator* trained on
#   mirrored films makes wrong hearts half of the time, and a report would
#   name the wrong lung.
# - **Part hidden**: on some films the opacity itself is gone, and the label
#   "pneumonia" has become a lie.
# - **Upside down** and **turned by 40°** keep every opacity, and are no chest
#   films that anybody takes.
# - **Shifted** and **turned by 4°** are what happens at the detector daily.

# %% [markdown]
# ### Exercise 2.4: augment film and mask together
# *difficulty 3 of 5 · 10 minutes*
#
# Write `augment(image, mask, rng)`; `image` is floating (H, W) in 0..1,
# `mask` bool (H, W), `rng` a `numpy.random.Generator`. Return both changed:
#
# - move both by the **same** whole number of pixels down and across, each
#   drawn from -3 to 3; where the film runs out, repeat its edge;
# - multiply the **image** alone by one number from 0.9 to 1.1, and clip it.
#
# <details><summary>Hint 1</summary>Draw first, use after:
# <code>down, across = rng.integers(-3, 4, size=2)</code>. The upper end does
# not count.</details>
#
# <details><summary>Hint 2</summary>Row numbers that repeat the edge:
# <code>rows = np.clip(np.arange(height) - down, 0, height - 1)</code>.</details>
#
# <details><summary>Hint 3</summary><code>image[rows][:, columns]</code> moves
# the image, and the same rows and columns move the mask.</details>


# %% tags=["exercise"]
def augment(image, mask, rng):
    """The film and its mask, moved together by up to 3 pixels; the film also 10 % brighter or darker at most."""
    ### BEGIN SOLUTION
    height, width = image.shape
    down, across = rng.integers(-3, 4, size=2)
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - across, 0, width - 1)
    brighter = np.clip(image * rng.uniform(0.9, 1.1), 0, 1)
    return brighter[rows][:, columns], mask[rows][:, columns]
    ### END SOLUTION


# %% tags=["check"]
check.augment(augment)

# %% [markdown]
# The library's `gan.augment` follows the same rule, for whole batches and
# such that gradients pass through. Is mirroring on its list?

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib.gan import augment as library

for name in ("translation", "brightness", "contrast", "flip"):
    print(f"{name:12}", "yes" if name in library.AUGMENTATIONS else "no")

# %% [markdown]
# ## 6. Leakage: scores that are too good to be true
#
# Everything above changed the films. This section changes nothing in them,
# and yet it can ruin a study: **which films are in training, which in the
# test.**
#
# Here is an experiment that must fail. 100 patients get a label by tossing
# a coin. There is nothing to learn. Each patient has four films, taken
# minutes apart: slightly moved, another exposure, other noise.


# %%
def retaken(film, rng):
    """The same patient, minutes later: moved by a pixel, another exposure, other noise."""
    moved = np.roll(film, rng.integers(-1, 2, size=2), axis=(0, 1))
    return moved * rng.uniform(0.9, 1.1) + rng.normal(0, 0.03, film.shape)


rng = np.random.default_rng(2)
patients = course.cases(100, size=32)
pixels = np.stack([retaken(case.image, rng).ravel() for case in patients for _ in range(4)])
patient_of = np.repeat(np.arange(len(patients)), 4)

# %% [markdown]
# The classifier is the simplest there is: it answers with the label of the
# most similar training film. We score it on a quarter of the data, drawn
# once by **film** and once by **patient**, for twenty sets of coin tosses.
# What accuracy do you expect in each?

# %%
from sklearn.neighbors import KNeighborsClassifier


def accuracy(labels, test):
    """Accuracy of the nearest training film's label, on the films where ``test`` is true."""
    nearest = KNeighborsClassifier(n_neighbors=1).fit(pixels[~test], labels[~test])
    return nearest.score(pixels[test], labels[test])


by_film, by_patient = [], []
for toss in range(20):
    coin = np.random.default_rng(toss)
    labels = coin.integers(0, 2, len(patients))[patient_of]
    by_film.append(accuracy(labels, coin.permutation(len(labels)) < len(labels) // 4))
    by_patient.append(accuracy(labels, coin.permutation(len(patients))[patient_of] < len(patients) // 4))

# %%
fig, axis = plt.subplots(figsize=(6, 2.6))
for row, (name, scores) in enumerate({"split by patient": by_patient, "split by film": by_film}.items()):
    axis.scatter(scores, np.full(20, row), alpha=0.5, color=course.PALETTE[row])
    axis.text(1.03, row, f"{name}: {100 * np.mean(scores):.0f} %", va="center")
axis.axvline(0.5, color="black", linestyle=":")
axis.set(xlim=(0.2, 1.02), ylim=(-0.6, 1.6), yticks=[], xlabel="accuracy on coin tosses (dotted: chance)")
course.show(fig, alt="Accuracy on random labels: near chance when split by patient, far above when split by film.")

# %%
# NBVAL_CHECK_OUTPUT
print("split by film looks like skill:     ", bool(np.mean(by_film) > 0.7))
print("split by patient stays near chance: ", bool(abs(np.mean(by_patient) - 0.5) < 0.1))

# %% [markdown]
# The classifier learnt nothing about disease. It recognised *patients*: the
# ribs, the shape of the heart, the way a child lies. Networks are excellent
# at it. So we split by patient, always, and by a hash of the patient's name:
# then a film that comes later never moves an old one to the other side.

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib.cases import replace

names = [f"patient-{number:03d}" for number in range(100)]
visits = [replace(films[0], id=f"{name}-{visit}", patient=name) for name in names for visit in range(4)]
splits = preprocessing.split_by_patient(visits)
print({name: len(part) for name, part in splits.items()})
print("patients on both sides:", len(preprocessing.leaks([case for part in splits.values() for case in part])))

# %% [markdown]
# ### Duplicates: the same film under two names
#
# Names can lie. In the public PneumoniaMNIST (28 x 28 pixels, see lesson 01)
# we counted 18 films that are in the training set twice, bit for bit, and 8
# validation films that are also in training. No name says so.

# %% [markdown]
# ### Exercise 2.5: find the duplicates
# *difficulty 2 of 5 · 6 minutes*
#
# Write `duplicates(train, val)`: two arrays of films, (N, H, W) and
# (M, H, W). Return the sorted list of the indices into `val` whose film is
# also in `train`, bit for bit, at any place. N and M may be thousands: do
# not compare each with each.
#
# <details><summary>Hint 1</summary><code>film.tobytes()</code> is something
# that a Python <code>set</code> can hold.</details>
#
# <details><summary>Hint 2</summary>Build the set of the training films once,
# then ask for each validation film whether it is in.</details>


# %% tags=["exercise"]
def duplicates(train, val):
    """Indices of the films of ``val`` (M, H, W) that are also in ``train`` (N, H, W), bit for bit."""
    ### BEGIN SOLUTION
    known = {film.tobytes() for film in train}
    return [index for index, film in enumerate(val) if film.tobytes() in known]
    ### END SOLUTION


# %% tags=["check"]
check.duplicates(duplicates)

# %% [markdown]
# Bit for bit is the easy kind. A film that was saved again as JPEG, moved by
# two pixels or made brighter is the same patient just as much, and no hash
# finds it. `evaluation.memorisation` compares ribs and vessels at the best
# shift instead of pixels. We hide five such copies among forty films.

# %%
from medigenx_lib.evaluation import memorisation

train = np.stack([case.image for case in course.cases(120, size=64)])
val = np.stack([case.image for case in course.cases(40, size=64, split="val")])
rng = np.random.default_rng(5)
hiding = [3, 11, 17, 25, 33]
for place, original in zip(hiding, rng.permutation(len(train)), strict=False):
    copy = np.roll(train[original], (1, -2), axis=(0, 1)) * 0.9 + rng.normal(0, 0.02, (64, 64))
    val[place] = np.clip(copy, 0, 1)
index, similarity = memorisation.most_similar(val, train)

# %%
# NBVAL_CHECK_OUTPUT
found = np.flatnonzero(similarity >= memorisation.COPY_SIMILARITY)
print("bit for bit:   ", len({film.tobytes() for film in train} & {film.tobytes() for film in val}))
print("hidden copies: ", hiding)
print("found:         ", found.tolist())

# %%
pairs = [picture for place in found[:3] for picture in (val[place], train[index[place]])]
fig = course.films(pairs, ["in validation", "in training"] * (len(pairs) // 2))
course.show(fig, alt="Pairs of films: a changed copy in the validation set beside its original in the training set.")

# %% [markdown]
# The same detector will come back in lesson 06, where the films that may be
# copies come from a generator.

# %% [markdown]
# ## 7. All of it, in the right order
#
# Borders, square, size, contrast; then, in training only, augmentation. One
# function, used for training, test *and generated* films alike.


# %%
def prepare(image, size=64):
    """Any film, float (H, W) in 0..1, to what the networks of this course expect."""
    inside = preprocessing.crop_borders(image)
    return preprocessing.normalise(preprocessing.resize(inside, size, fit="stretch"))


# %%
wrong = preprocessing.resize(preprocessing.normalise(framed), 64)
fig = course.films([framed, prepare(framed), wrong], ["as delivered", "right order", "borders left in"])
course.show(
    fig, alt="A film in a black frame: after the right order the chest fills the square, otherwise the frame stays."
)

# %% [markdown]
# And now with your own hands. The bench below does each step of this lesson
# on any film. Before you move anything, predict: at which window width do
# the ribs vanish? What does CLAHE do to the histogram? Shrink a film to 16
# pixels by picking, then by averaging: which one invents lines?

# %%
from medigenx_lib.course import benches

_ = benches.window_bench(course.cases(6, size=64))
# %% [markdown]
# ## Summary
#
# - A **window** decides what can be seen. Percentiles are a sturdier choice
#   than extremes, and both throw absolute brightness away.
# - **CLAHE** raises local contrast and noise together. Good for looking,
#   wrong before measuring.
# - **Stretch, pad, crop**: know which one your data went through. Crops cut
#   lungs silently.
# - **Shrink by averaging**, never by picking.
# - **Augment** only what differs between two films of the same finding. The
#   heart has a side.
# - **Split by patient**, and look for duplicates, exact and near.

# %% [markdown]
# ## Quiz

# %%
course.quiz(
    "Two hospitals' films are normalised by percentiles, each film on its own. What can a network no longer see?",
    {
        "Which lung is denser": "It can: both lungs are on the same film, and their order is kept.",
        "Whether both lungs together are denser than usual": "Yes: each film is stretched to the same range.",
        "Ribs": "It can: normalising keeps all edges.",
    },
    answer="Whether both lungs together are denser than usual",
)

# %%
course.quiz(
    "Your film is 1,024 pixels wide, your network wants 64. Which is best?",
    {
        "image[::16, ::16]": "That picks pixels: ribs come back as false texture.",
        "A resize with antialiasing": "Yes: it averages before it picks.",
        "A crop of 64 x 64 pixels": "That shows a sixteenth of the chest's width.",
    },
    answer="A resize with antialiasing",
)

# %%
course.quiz(
    "You train a generator of chest films. Which augmentation would you leave out?",
    {
        "Shifts by 2 pixels": "Harmless: patients never stand in exactly the same place.",
        "Mirroring": "Yes, leave it out: half of the generated hearts would be on the wrong side.",
        "5 % more or less contrast": "Harmless: exposures differ by more than that.",
    },
    answer="Mirroring",
)

# %%
course.quiz(
    "Validation accuracy is 99 %, at the new hospital 71 %. What do you check first?",
    {
        "Whether a larger network does better": "A larger network recognises patients even better.",
        "Whether patients or copies stand on both sides of the split": "Yes: it is cheap to check, and common.",
        "Whether the learning rate is too high": "That would have shown on the validation set too.",
    },
    answer="Whether patients or copies stand on both sides of the split",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 03](03_gan_architecture.ipynb) builds the two networks that these
#   films will feed.
# - [Lesson 08](08_radiomics_features_and_analysis.ipynb) measures films. Come
#   back to section 2 then, and see what equalising does to a texture feature.
# - Take real films (the lines under the title say how) and look for
#   duplicates in them.
# - To read: J. Yang et al., "MedMNIST v2", *Scientific Data* 10 (2023), on
#   how PneumoniaMNIST was made; S. Kapoor and A. Narayanan, "Leakage and the
#   reproducibility crisis in machine-learning-based science", *Patterns* 4
#   (2023).
