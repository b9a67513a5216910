# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Radiomics features and analysis
#     key_point: From a film and a mask to 102 numbers, what each of the seven feature classes counts, which numbers can be trusted, and which tell normal from pneumonia.
#     answer: Before a text can be informed by measurements, somebody has to know what the measurements mean and when they lie; that is this lesson.
#     teaching: 60
#     exercises: 55
#     prerequisites: [1, 2]
#     objectives:
#       - Say why a feature belongs to a region and not to a film, and find the region
#       - Write the core of each feature class by hand and get the number that pyradiomics gives
#       - Recognise two traps in which pyradiomics returns wrong numbers without a word
#       - Measure how stable a feature is, and tell agreement from correlation
#       - Compare two groups on 102 features at once without fooling yourself
#     accelerator: none
#     data: [phantom, pneumoniamnist]
# ---
# %% [markdown]
# ## 1. A number of what? The region first
#
# A radiologist says "hazy". A computer can only say 3.08. **Radiomics** is
# the attempt to meet in the middle: to turn the look of a region into
# numbers that mean the same on every film, so that they can be compared,
# tested, and put into a report.
#
# The region comes first. Take the plainest feature of all, the mean grey
# value. What do you expect: is a film with pneumonia brighter than a normal
# one?

# %%
import numpy as np

from medigenx_lib import course, segmentation

films = [*course.cases(3, label=0), *course.cases(3, label=1)]
films = segmentation.segment(films, progress=False)
names = [film.label_name for film in films]

# %% [markdown]
# `segment` is the course's lung U-Net, trained on phantoms alone. It gives
# every film five masks (each lung, the heart, opacity, effusion) and says in
# `meta["quality"]` whether it trusts them. Here are the lungs, outlined.

# %%
fig = course.films(films, names, columns=6)
for axis, film in zip(fig.axes, films, strict=True):
    for side, colour in (("right", course.PALETTE.sky), ("left", course.PALETTE.orange)):
        _ = axis.contour(film.masks[f"{side}_lung"], levels=[0.5], colors=[colour], linewidths=1.2)
course.show(fig, alt="Three normal films and three with pneumonia; the outline of each lung is drawn in colour.")

# %%
print("              whole film   inside the lungs")
for film in films:
    lungs = film.masks["right_lung"] | film.masks["left_lung"]
    print(f"{film.label_name:12s}     {np.mean(film.image):.3f}         {np.mean(film.image[lungs]):.3f}")

# %% [markdown]
# Six films decide nothing, but they do warn: there is no clear border in
# either column. The mean over the whole film is mostly about the size of the
# child, the collimation and the black border. The mean inside the lungs is
# about the lungs, and about the exposure. So a feature is a property of *an
# image and a mask*, and half of what goes wrong in radiomics goes wrong in
# the mask.
#
# Two habits follow. Look at masks before you look at numbers. And ask how
# much a number moves when the mask moves by one pixel; section 9 does that.

# %% [markdown]
# ## 2. From grey values to levels
#
# Textures are about *which value stands next to which*. With 256 grey values
# there would be 65,536 kinds of neighbours and hardly two alike, so the
# values are first sorted into bins. The numbers of the bins are called
# **levels**: 1 for the darkest bin that occurs in the region, and so on up.
#
# Two ways are common. A *fixed number* of bins stretches each region over
# its own range, and thereby removes contrast. A *fixed width* keeps contrast,
# and needs images whose grey values mean the same thing. Pneumonia changes
# contrast, so we keep it: bins of width 8 on a scale of 0 to 255.

# %% [markdown]
# ### Exercise 8.1: levels
# *difficulty 2 of 5 · 6 minutes*
#
# Write `discretise(image, mask, width)`. `image` is (H, W) in grey levels
# (0 to 255), `mask` is bool (H, W), `width` is in grey levels. The answer is
# an integer array (H, W): 0 outside the mask, and inside it 1, 2, ... where
# bins start at multiples of `width` and the darkest bin *inside the mask*
# is 1. With width 8, the values 16, 23.9 and 24 become 1, 1 and 2.
#
# <details><summary>Hint 1</summary>Which multiple of the width a value lies
# above: <code>np.floor(image / width)</code>.</details>
#
# <details><summary>Hint 2</summary>Subtract the smallest such number inside
# the mask, <code>bins[mask].min()</code>, and add 1.</details>
#
# <details><summary>Hint 3</summary><code>np.where(mask, levels, 0)</code>
# clears the outside. Convert to <code>int</code>.</details>


# %% tags=["exercise"]
def discretise(image, mask, width):
    """Levels, int (H, W): 0 outside ``mask``, from 1 inside, in bins of ``width`` grey levels."""
    ### BEGIN SOLUTION
    bins = np.floor(np.asarray(image, float) / width).astype(int)
    return np.where(mask, bins - bins[mask].min() + 1, 0)
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_08 as check

check.discretise(discretise)

# %% [markdown]
# From here on we use the library's version of each thing that you wrote;
# they live in `medigenx_lib.radiomics.textbook`, as short as yours. To see
# levels, we take a phantom: a simulated film of which everything is known.
# The same child exists twice, healthy and with pneumonia.

# %%
from medigenx_lib import phantom
from medigenx_lib.radiomics import textbook

pair = phantom.counterfactual(112)
masks = [film.masks["right_lung"] | film.masks["left_lung"] for film in pair]
greys = [film.image * np.float32(255) for film in pair]
levels = [textbook.discretise(grey, mask, 8) for grey, mask in zip(greys, masks, strict=True)]

# %%
import matplotlib.pyplot as plt

fig, axes = plt.subplots(1, 3, figsize=(10, 3.2))
for axis, level, name in zip(axes, levels, ("healthy", "with pneumonia"), strict=False):
    _ = axis.imshow(np.where(level > 0, level, np.nan), cmap="viridis", vmin=1, vmax=26)
    _ = axis.set_title(f"levels, {name}")
    axis.axis("off")
for level, name, colour in zip(levels, ("healthy", "pneumonia"), course.PALETTE, strict=False):
    axes[2].hist(level[level > 0], bins=np.arange(0.5, 27), histtype="step", linewidth=2, color=colour, label=name)
_ = axes[2].set(xlabel="level", ylabel="pixels")
_ = axes[2].legend()
course.show(fig, alt="The levels of the same lungs, healthy and ill, as colours; the ill lung has more high levels.")

# %% [markdown]
# ## 3. First order: how much of each level
#
# The first class of features looks at the histogram alone: mean, spread,
# percentiles, skewness. One of them comes from information theory. If a
# share $p_i$ of the pixels has level $i$, then
#
# $$ \text{entropy} = -\sum_i p_i \log_2 p_i $$
#
# is the mean number of yes-or-no questions that you need to find out a
# pixel's level. One level only: no question, 0 bits. Four levels, equally
# frequent: 2 bits.

# %% [markdown]
# ### Exercise 8.2: entropy
# *difficulty 2 of 5 · 6 minutes*
#
# Write `entropy(levels)` for an integer array (H, W) of levels, 0 outside the
# region. The answer is one float, in bits.
#
# <details><summary>Hint 1</summary><code>levels[levels > 0]</code> are the
# levels inside; <code>np.bincount</code> counts them.</details>
#
# <details><summary>Hint 2</summary>A level that never occurs has share 0, and
# 0 · log 0 would be NaN. Leave such levels out.</details>


# %% tags=["exercise"]
def entropy(levels):
    """First-order entropy in bits of the ``levels`` above 0."""
    ### BEGIN SOLUTION
    counts = np.bincount(levels[levels > 0])
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
    ### END SOLUTION


# %% tags=["check"]
check.entropy(entropy)

# %% [markdown]
# Now a question that decides whether we need more than first order. Below,
# the pixels inside the lungs are shuffled: same values, other places. Which
# first-order features will change?

# %%
inside = np.flatnonzero(masks[1])
shuffled = greys[1].copy()
shuffled.flat[inside] = np.random.default_rng(0).permutation(shuffled.flat[inside])
fig = course.films([greys[1] / 255, shuffled / 255], ["pneumonia", "its lung pixels shuffled"])
course.show(fig, alt="A film with pneumonia, and the same film with the pixels inside the lungs shuffled: noise.")

# %%
# NBVAL_CHECK_OUTPUT
for name, image in (("film", greys[1]), ("shuffled", shuffled)):
    bits = textbook.entropy(textbook.discretise(image, masks[1], 8))
    print(f"{name:9s} mean {image[masks[1]].mean():5.1f}   entropy {bits:.2f} bits")

# %% [markdown]
# None. To first order, a lung and television snow can be the same thing. All
# that makes a lung look like a lung is in *where* the values are. The other
# classes count that, each in its own way.

# %% [markdown]
# ## 4. Shape: the mask alone
#
# The opposite extreme ignores the image. `shape2D` features describe the
# mask: its area, its perimeter, how long it is. One by hand: **elongation**.
# The pixels' coordinates have a covariance matrix; the roots of its
# two eigenvalues say how far the region spreads along its long and its short
# axis. Their ratio is 1 for a disc and near 0 for a line.


# %%
def elongation(mask):
    """Spread along the short axis over spread along the long one, 0..1."""
    short, long = np.linalg.eigvalsh(np.cov(np.argwhere(mask).T))
    return np.sqrt(short / long)


# %%
# NBVAL_CHECK_OUTPUT
rows, columns = np.indices((64, 64)) - 32
print("disc   ", round(elongation(rows**2 + columns**2 < 400), 2))
print("ellipse", round(elongation(rows**2 + (2 * columns) ** 2 < 400), 2))
print("lung   ", round(elongation(pair[0].masks["right_lung"]), 2))

# %% [markdown]
# Shape is where a mask's mistakes show first. If a dense consolidation is
# left out of the lung mask, the lung "shrinks", and a classifier on shape
# features will detect pneumonia by the failure of the segmentation. That is
# not a joke: it happens.

# %% [markdown]
# ## 5. Neighbours: the co-occurrence matrix
#
# The **grey-level co-occurrence matrix** (GLCM; Haralick, 1973) counts pairs.
# Its entry $(i, j)$ says how often a pixel of level $i$ has a neighbour of
# level $j$, one step in a given direction. Each pair is counted both ways, so
# the matrix is symmetric, and the whole is divided by its sum.
#
# A smooth region keeps to the diagonal: neighbours are alike. A busy one
# spreads away from it. The feature **contrast** measures just that: the mean
# squared difference between neighbours,
#
# $$ \text{contrast} = \sum_{i,j} p_{ij}\,(i - j)^2 . $$

# %%
import itertools

toy = np.array([[1, 1, 2, 3], [1, 2, 2, 3], [4, 4, 4, 1], [4, 2, 1, 1]])
fig, axis = plt.subplots(figsize=(2.6, 2.6))
_ = axis.imshow(toy, cmap="viridis", vmin=0, vmax=7)
for row, column in itertools.product(range(4), range(4)):
    _ = axis.text(column, row, toy[row, column], ha="center", va="center", color="white", fontsize=13)
axis.axis("off")
course.show(fig, alt="A toy region of four by four pixels with levels 1 to 4 written on them.")

# %% [markdown]
# Count by hand in this toy: how often does a 1 stand beside a 1,
# horizontally? Twice (top left, bottom right), and each counts both ways: 4.
# There are 12 horizontal pairs, 24 counts, so $p_{11} = 4/24$.

# %% [markdown]
# ### Exercise 8.3: the co-occurrence matrix
# *difficulty 4 of 5 · 14 minutes*
#
# Write `cooccurrence(levels, step)`. `levels` is int (H, W), 0 outside the
# region; `step` is (down, across) with `down >= 0`, such as (0, 1) for the
# neighbour on the right or (1, -1) for the one below on the left. The answer
# is a float array (n, n), n the highest level, symmetric, sum 1. Pairs with
# a pixel outside the region do not count.
#
# <details><summary>Hint 1</summary>Cut two overlapping pieces out of the
# array, so that <code>first[r, c]</code> and <code>second[r, c]</code> are
# neighbours. For step (0, 1): <code>levels[:, :-1]</code> and
# <code>levels[:, 1:]</code>.</details>
#
# <details><summary>Hint 2</summary>Simpler, if slower: loop over all pixels
# (<code>np.argwhere(levels > 0)</code>), compute where the neighbour lies,
# and skip it if that is off the picture or 0.</details>
#
# <details><summary>Hint 3</summary>Add <code>counts.T</code>, then divide by
# the sum. Level i belongs in row i - 1.</details>


# %% tags=["exercise"]
def cooccurrence(levels, step):
    """Symmetric co-occurrence matrix (n, n) that sums to 1; ``step`` is (down, across), ``down >= 0``."""
    ### BEGIN SOLUTION
    counts = np.zeros((levels.max(), levels.max()))
    height, width = levels.shape
    for row, column in np.argwhere(levels > 0):
        down, across = row + step[0], column + step[1]
        if down < height and 0 <= across < width and levels[down, across] > 0:
            counts[levels[row, column] - 1, levels[down, across] - 1] += 1
    counts = counts + counts.T
    return counts / counts.sum()
    ### END SOLUTION


# %% tags=["check"]
check.cooccurrence(cooccurrence)

# %% [markdown]
# Here it is on lungs: the healthy child, the same child with pneumonia, and
# the shuffled pixels. What will the third one look like?

# %%
busy = textbook.discretise(shuffled, masks[1], 8)
three = dict(zip(("healthy", "pneumonia", "shuffled"), (*levels, busy), strict=True))
matrices = {name: textbook.cooccurrence(level, (0, 1)) for name, level in three.items()}
fig, axes = plt.subplots(1, 3, figsize=(9, 3.9))
for axis, (name, matrix) in zip(axes, matrices.items(), strict=True):
    edges = (0.5, len(matrix) + 0.5, len(matrix) + 0.5, 0.5)
    _ = axis.imshow(matrix**0.5, cmap="magma", extent=edges)
    _ = axis.set(title=f"{name}\ncontrast {textbook.contrast(matrix):.1f}", xlabel="level of the neighbour")
    _ = axis.set(xticks=range(5, len(matrix) + 1, 5), yticks=range(5, len(matrix) + 1, 5))
_ = axes[0].set_ylabel("level")
course.show(fig, alt="Three co-occurrence matrices: two narrow bands along the diagonal, and one cloud, the shuffled.")

# %% [markdown]
# The cloud has no diagonal: knowing a pixel tells nothing about the next.
# (The square root of the counts is drawn, so that rare pairs can be seen.)
#
# In a plane there are four directions. pyradiomics computes the feature in
# each and returns the mean of the four, which makes it nearly independent of
# how the child lies. All 24 GLCM features come from this one matrix.

# %% [markdown]
# ## 6. Runs: how long a level lasts
#
# Walk along a line through the region. How many steps does a level last?
# Such a stretch is a **run**, and the run-length matrix (GLRLM; Galloway, in
# the year 1975) counts runs by level and length. **Long run emphasis** is the
# mean squared length of all runs: high where large areas have one level.

# %% [markdown]
# ### Exercise 8.4: runs
# *difficulty 3 of 5 · 9 minutes*
#
# Write `runs(line)`. `line` is a one-dimensional integer array of levels, 0
# outside the region. The answer is a list of `(level, length)`, in order.
# Zeros are no run, and they end one: `[2, 2, 0, 2, 1]` has the runs
# `[(2, 2), (2, 1), (1, 1)]`.
#
# <details><summary>Hint 1</summary>Go through the line and keep the last run.
# If the level is the same as before, lengthen it; if not, begin a new
# one.</details>
#
# <details><summary>Hint 2</summary><code>itertools.groupby(line)</code> gives
# stretches of equal values; <code>len(list(group))</code> is a
# length.</details>


# %% tags=["exercise"]
def runs(line):
    """(level, length) of each run of equal levels above 0, in order."""
    ### BEGIN SOLUTION
    stretches = [(int(level), len(list(group))) for level, group in itertools.groupby(line)]
    return [(level, length) for level, length in stretches if level > 0]
    ### END SOLUTION


# %% tags=["check"]
check.runs(runs)

# %% [markdown]
# Rows give one direction; columns and the two kinds of diagonals give the
# others. As before, the feature is computed in each and averaged.


# %%
def lines_of(levels):
    """All lines through ``levels`` (H, W): a list of rows, of columns, and of each kind of diagonal."""
    height, width = levels.shape
    places, mirrored = range(1 - height, width), levels[:, ::-1]
    diagonals = [[picture.diagonal(k) for k in places] for picture in (levels, mirrored)]
    return [list(levels), list(levels.T), *diagonals]


def long_run_emphasis(levels):
    """Mean squared length of runs, averaged over four directions."""
    lengths = [[length for line in lines for _, length in textbook.runs(line)] for lines in lines_of(levels)]
    return np.mean([np.mean(np.square(found)) for found in lengths])


# %%
# NBVAL_CHECK_OUTPUT
for name, level in three.items():
    print(f"{name:10s} long run emphasis {long_run_emphasis(level):.1f}")

# %% [markdown]
# ## 7. Zones, dependences, neighbourhoods
#
# Three classes are left, and you now have the eyes to read them as code.
#
# **Zones** (GLSZM) are runs without a direction: connected patches of one
# level, corners included. *Small area emphasis* is the mean of
# 1 / size²: near 1 where the region falls into single pixels.

# %%
from scipy import ndimage

CORNERS_TOO = np.ones((3, 3))


def small_area_emphasis(levels):
    """Mean of 1 / size^2 over all connected patches of one level."""
    sizes = []
    for level in range(1, levels.max() + 1):
        patches, count = ndimage.label(levels == level, CORNERS_TOO)
        sizes += np.bincount(patches.ravel(), minlength=count + 1)[1:].tolist()
    return np.mean(1 / np.square(sizes, dtype=float))


# %% [markdown]
# **Dependence** (GLDM) asks each pixel how many of its eight neighbours have
# its own level, and counts the pixel itself as one. *Large dependence
# emphasis* is the mean square of that number, from 1 to 81.


# %%
def shifted(levels):
    """The eight neighbours of every pixel, int (8, H, W); 0 beyond the border."""
    framed = np.pad(levels, 1)
    steps = [(down, across) for down in (0, 1, 2) for across in (0, 1, 2) if (down, across) != (1, 1)]
    height, width = levels.shape
    return np.stack([framed[down : down + height, across : across + width] for down, across in steps])


def large_dependence_emphasis(levels):
    """Mean squared number of equal neighbours, the pixel itself included."""
    alike = 1 + (shifted(levels) == levels).sum(0)
    return np.mean(alike[levels > 0] ** 2.0)


# %% [markdown]
# **Neighbourhood difference** (NGTDM; Amadasun and King, 1989) compares each
# pixel with the *mean* of its neighbours. Add up those differences for each
# level, weight each sum by how frequent the level is, and take one over the
# total: *coarseness*, high where grey values change slowly.


# %%
def coarseness(levels):
    """One over the summed differences from the neighbours' mean, weighted by the level's frequency."""
    around = shifted(levels)
    count = (around > 0).sum(0)
    usable = (levels > 0) & (count > 0)
    difference = np.abs(levels - around.sum(0) / np.maximum(count, 1))[usable]
    sums = np.bincount(levels[usable], difference)
    shares = np.bincount(levels[usable]) / usable.sum()
    return 1 / (shares * sums).sum()


# %% [markdown]
# ### The moment of truth
#
# Seven features, one of each class, in at most a dozen lines each. The
# reference is pyradiomics, which most papers use. Ask it directly, once, to
# see what it wants: a picture, a mask, and the width of a bin.

# %%
import logging

import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

logging.getLogger("radiomics").setLevel(logging.CRITICAL)


def ask_pyradiomics(image, mask, name, width=8, **settings):
    """All features of the class ``name``, straight from pyradiomics."""
    extractor = RadiomicsFeatureExtractor(binWidth=width, additionalInfo=False, **settings)
    extractor.disableAllFeatures()
    extractor.enableFeatureClassByName(name)
    picture, region = sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask.astype(np.uint8))
    found = extractor.execute(picture, region)
    return {key.split("_")[-1]: float(value) for key, value in found.items()}


# %%
sick, region = levels[1], masks[1]
contrasts = [textbook.contrast(textbook.cooccurrence(sick, step)) for step in textbook.DIRECTIONS]
by_hand = {
    ("firstorder", "Entropy"): textbook.entropy(sick),
    ("shape2D", "Elongation"): elongation(region),
    ("glcm", "Contrast"): np.mean(contrasts),
    ("glrlm", "LongRunEmphasis"): long_run_emphasis(sick),
    ("glszm", "SmallAreaEmphasis"): small_area_emphasis(sick),
    ("gldm", "LargeDependenceEmphasis"): large_dependence_emphasis(sick),
    ("ngtdm", "Coarseness"): coarseness(sick),
}

# %%
# NBVAL_CHECK_OUTPUT
for (name, feature), ours in by_hand.items():
    theirs = ask_pyradiomics(greys[1], region, name)[feature]
    print(f"{name:11s} {feature:24s} {ours:9.4f} {theirs:9.4f}  same: {np.isclose(ours, theirs)}")

# %% [markdown]
# All agree. That is less obvious than it looks: where bins start, whether a
# pair counts once or twice, whether corners touch, what happens at the
# border, each is a convention that could have been another one. The **IBSI**
# (Zwanenburg et al., Radiology 2020) exists to write down which one is meant.
# When two papers disagree about a feature, suspect the convention first.

# %% [markdown]
# ## 8. All of them, and two traps
#
# `radiomics.extract` gives the whole table, 102 features for each region,
# and `radiomics.definitions` says in a sentence what each one is.

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib import radiomics

table = radiomics.extract(pair, ("lungs",), workers=1, progress=False)
print(table.shape, "rows and columns;", table.feature.groupby(table.feature_class).count().to_dict())
known = radiomics.definitions().set_index(["feature_class", "feature"])
print(known.loc[("ngtdm", "Coarseness"), "definition"])

# %% [markdown]
# ### Trap 1: whole numbers that wrap around
#
# Films are often stored as 8-bit whole numbers, so passing `uint8` to
# pyradiomics seems natural. With numpy 2 the edges of the bins are then
# computed in 8 bits as well, and beyond 255 they start again at 0. All it
# takes is one white pixel in the region and the default bin width of 25.
# Below, a wire of an electrocardiogram crosses the lungs. There is no error;
# numpy mutters about an overflow, once, somewhere in a log (here we switch
# that off, as most pipelines do).

# %%
# NBVAL_CHECK_OUTPUT
wire = np.round(greys[1]).astype(np.uint8)
wire[30:32] = 255
for kind in (np.uint8, np.float32):
    with np.errstate(over="ignore"):
        found = ask_pyradiomics(wire.astype(kind), region, "glcm", width=25)
    print(f"{kind.__name__:8s} GLCM contrast {found['Contrast']:6.2f}   mean level {found['JointAverage']:.2f}")

# %% [markdown]
# Same picture, same numbers in it, another data type: another result. The
# cure is one word, `float32`, and a test that would notice. (Our library
# does both.)
#
# ### Trap 2: a plane cut into threads
#
# Our films are two-dimensional, so `force2D=True` sounds like just the
# thing. But it means: *cut the volume into slices along axis 0*. For a
# picture, axis 0 is the rows. The "slices" are single rows, and the texture
# is that of threads. Which features will not notice?

# %%
# NBVAL_CHECK_OUTPUT
for forced in (False, True):
    found = ask_pyradiomics(greys[1], region, "glszm", force2D=forced)
    first = ask_pyradiomics(greys[1], region, "firstorder", force2D=forced)
    print(f"force2D={forced!s:6s} zone percentage {found['ZonePercentage']:.3f}   entropy {first['Entropy']:.3f}")

# %% [markdown]
# First order does not notice, because it does not look at places. All the
# texture classes change. Neither call complained. **Plausible numbers are
# not evidence**: hold a new pipeline against a case that you can work out by
# hand. You did that in section 7, and it is why that section exists.

# %% [markdown]
# ## 9. Which numbers can be trusted?
#
# Suppose the same child were filmed twice in a minute. Nothing in the lungs
# has changed. What changed is a bit of noise, a bit of exposure, the way the
# picture was scaled, a mask that lies one pixel off. A feature that does not
# survive this says something about the hospital, not about the child.
#
# How to put a number on "survives"? Correlation is tempting, and wrong: if
# every value doubles, the correlation is a perfect 1. We want *agreement*.

# %% [markdown]
# ### Exercise 8.5: agreement is more than correlation
# *difficulty 3 of 5 · 10 minutes*
#
# Write `concordance(first, second)` for two arrays (n,) of the same n films,
# measured twice: Lin's concordance correlation coefficient,
#
# $$ \frac{2\,\mathrm{cov}(x, y)}
# {\mathrm{var}(x) + \mathrm{var}(y) + (\bar x - \bar y)^2} , $$
#
# with the covariance and variances divided by n. It is 1 only if every film
# gets its old value again. A relative of it is the intraclass correlation
# (ICC); for two measurements of many films the two nearly coincide.
#
# <details><summary>Hint 1</summary><code>np.var</code> divides by n. The
# covariance is the mean of the product of both deviations from their
# means.</details>
#
# <details><summary>Hint 2</summary><code>np.cov</code> divides by n - 1
# unless you pass <code>bias=True</code>.</details>


# %% tags=["exercise"]
def concordance(first, second):
    """Lin's concordance correlation coefficient of two arrays (n,), -1..1."""
    ### BEGIN SOLUTION
    covariance = np.mean((first - np.mean(first)) * (second - np.mean(second)))
    apart = (np.mean(first) - np.mean(second)) ** 2
    return 2 * covariance / (np.var(first) + np.var(second) + apart)
    ### END SOLUTION


# %% tags=["check"]
check.concordance(concordance)

# %% [markdown]
# Now the experiment. We take films of both classes, measure them, disturb
# them in four small ways, and measure again. Look at the pictures below: only
# the resampled one looks softer, and the last differs in its mask alone.

# %%
count = course.by_profile(fast=40, class_=80, full=200)
cohort = segmentation.segment([*course.cases(count, label=0), *course.cases(count, label=1)])
labels = np.array([film.label for film in cohort])
print(f"{len(cohort)} films, masks trusted on {sum(film.meta['quality']['trusted'] for film in cohort)}")

# %%
import torch
import torch.nn.functional as F

noise = np.random.default_rng(0)


def resampled(image):
    """Shrunk to three quarters and enlarged again, as between two data sets."""
    small = F.interpolate(torch.from_numpy(image)[None, None], scale_factor=0.75, mode="bilinear", antialias=True)
    return F.interpolate(small, image.shape, mode="bilinear")[0, 0].numpy()


DISTURB = {
    "noise": lambda image: image + noise.normal(0, 0.01, image.shape),
    "exposure": lambda image: image * 1.05,
    "resampling": resampled,
    "mask -1 pixel": lambda image: image,
}

# %%
from dataclasses import replace


def disturbed(film, name):
    """The film with one small disturbance; for the last kind, its lung masks lose one pixel all around."""
    image = np.clip(DISTURB[name](film.image), 0, 1).astype(np.float32)
    shrink = ndimage.binary_erosion if name.startswith("mask") else np.array
    lungs = {side: shrink(film.masks[side]) for side in ("right_lung", "left_lung")}
    return replace(film, image=image, masks={**film.masks, **lungs})


versions = [cohort[0], *(disturbed(cohort[0], name) for name in DISTURB)]
fig = course.films(versions, ["as it was", *DISTURB], columns=5)
for axis, film in zip(fig.axes, versions, strict=True):
    lungs = film.masks["right_lung"] | film.masks["left_lung"]
    _ = axis.contour(lungs, levels=[0.5], colors=[course.PALETTE.sky], linewidths=1)
course.show(
    fig, alt="One film and four disturbed versions, lungs outlined: one is softer, the last has a smaller outline."
)

# %% [markdown]
# Then measure: all 102 features of both lungs, before and after each
# disturbance, and the concordance of each feature with itself.


# %%
def measure_all(films):
    """The features of both lungs as an array (films, 102), and their names."""
    rows = radiomics.extract(films, ("lungs",), workers=1)
    rows["name"] = rows.feature_class + " " + rows.feature
    wide = rows.pivot(index="case", columns="name", values="value")
    return wide.reindex([film.id for film in films])


before = measure_all(cohort)
after = {name: measure_all([disturbed(film, name) for film in cohort]) for name in DISTURB}

# %%
import pandas as pd

agreement = pd.DataFrame({name: textbook.concordance(before.values, after[name].values) for name in DISTURB})
agreement.index = before.columns
groups = agreement.index.str.split(" ").str[0]
print(agreement.groupby(groups).median().loc[list(radiomics.FEATURE_CLASSES)].round(2).to_string())

# %%
fig, axis = plt.subplots(figsize=(8, 3.4))
for place, (name, colour) in enumerate(zip(DISTURB, course.PALETTE, strict=False)):
    for row, kind in enumerate(radiomics.FEATURE_CLASSES):
        values = agreement.loc[groups == kind, name]
        _ = axis.plot(
            values,
            np.full(len(values), row + 0.18 * place - 0.27),
            "o",
            ms=4,
            color=colour,
            alpha=0.6,
            label=name if row == 0 else None,
        )
_ = axis.axvline(0.9, color="grey", linestyle=":")
_ = axis.set(yticks=range(7), yticklabels=radiomics.FEATURE_CLASSES, xlabel="concordance with the undisturbed film")
_ = axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
course.show(fig, alt="Concordance of all features under four disturbances, by class: many dots lie far below 0.9.")

# %% [markdown]
# Each dot is a feature. A usual (and arbitrary) line is 0.9. How many
# features stay above it under *all four* disturbances? With so few films
# the count itself is uncertain, so we draw the films anew, with
# replacement, 200 times: the bootstrap.


# %%
def stable_names(rows):
    """Which features keep a concordance of at least 0.9 under every disturbance, on the films in ``rows``."""
    found = [textbook.concordance(before.values[rows], after[name].values[rows]) for name in DISTURB]
    return before.columns[np.min(found, axis=0) >= 0.9]


draw = np.random.default_rng(1)
counts = [len(stable_names(draw.integers(len(cohort), size=len(cohort)))) for _ in range(200)]
stable = stable_names(np.arange(len(cohort)))
print(
    f"stable under all four: {len(stable)} of 102 (90 % interval {np.quantile(counts, 0.05):.0f}"
    f" to {np.quantile(counts, 0.95):.0f})"
)

# %%
course.think(
    "Resampling, which to the eye makes a film a little softer, ruins the contrast between neighbours and hardly "
    "touches the percentiles. Can you say why, from what each one counts?",
    "A percentile looks at the histogram, and most of a lung's histogram is made by large, smooth structures, which "
    "resampling keeps. The contrast of the co-occurrence matrix is made by differences between one pixel and the "
    "next: exactly the fine detail that averaging removes. Runs and zones depend on exact equality of neighbours, so "
    "they move as well.\n\n"
    "The consequence is a rule: bring all films to one pixel size, by one method, before you measure textures, and "
    "say which. Real and generated films, too: a generator that is a little too smooth is seen here first.",
)

# %% [markdown]
# ## 10. Feature maps: where is it?
#
# One number for both lungs cannot say *where*. Slide a small window over the
# film, compute the feature in each window, and you get a picture of the
# feature: a **feature map**. First-order features of all windows at once are
# a matter of averaging: blur the indicator of each level, and you have that
# level's share in each neighbourhood.


# %%
def shares_around(levels, radius):
    """Share of each level around every pixel, (n, H, W), counting pixels of the region only."""
    size = 2 * radius + 1
    inside = ndimage.uniform_filter((levels > 0).astype(float), size)
    each = [ndimage.uniform_filter((levels == level).astype(float), size) for level in range(1, levels.max() + 1)]
    return np.array(each) / np.maximum(inside, 1e-9)


def feature_map(levels, feature, radius):
    """``feature`` of the window around each pixel of the region, (H, W), NaN outside it."""
    shares = shares_around(levels, radius)
    number = np.arange(1, len(shares) + 1)[:, None, None]
    mean = (number * shares).sum(0)
    entropies = -(shares * np.log2(np.maximum(shares, 1e-12))).sum(0)
    found = {"mean level": mean, "variance": ((number - mean) ** 2 * shares).sum(0), "entropy": entropies}
    return np.where(levels > 0, found[feature], np.nan)


# %% [markdown]
# Move the controls. On the phantom we know the truth, outlined in white: the
# pneumonia. Which feature finds it? What does a larger window gain, and what
# does it cost? Then look at a film of your own source, of which nobody told
# us the truth.

# %%
choices = {"phantom with pneumonia": pair[1], "the same, healthy": pair[0], "a film of the source": films[-1]}


def draw_map(film, feature, radius):
    """The film, and the feature map over it."""
    case = choices[film]
    lungs = case.masks["right_lung"] | case.masks["left_lung"]
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.4))
    shown = feature_map(textbook.discretise(case.image * 255, lungs, 8), feature, radius)
    left.imshow(case.image, cmap="gray", vmin=0, vmax=1)
    right.imshow(case.image, cmap="gray", vmin=0, vmax=1)
    fig.colorbar(right.imshow(shown, cmap="viridis"), ax=right, label=feature)
    if case.truth is not None and case.truth.masks["opacity"].any():
        right.contour(case.truth.masks["opacity"], levels=[0.5], colors="white", linewidths=1)
    _ = left.axis("off"), right.axis("off")
    return fig


# %%
course.interact(
    draw_map,
    film=list(choices),
    feature=["mean level", "variance", "entropy"],
    radius=(1, 8, 1, 3),
    alt="A film, and the chosen feature around each pixel of its lungs as a colour map.",
)

# %% [markdown]
# The mean level lights up where air was replaced, and also where a rib or
# the edge of the heart lies. Variance finds *borders*, of the disease and of
# everything else. A feature map is an excellent way to see what a feature
# really responds to, and a poor way to make a diagnosis.
#
# The bench puts it together. Pick a region, or place a rectangle, and watch
# which features move beside those of the other lung. Predict: if the
# rectangle slides from the lung onto the spine, which feature moves first?
# Which hardly minds?

# %%
from medigenx_lib.course import benches

_ = benches.region_bench(films)
# %% [markdown]
# ## 11. Clusters: 102 numbers, how many facts?
#
# Many of the 102 features say the same in other words. Two features are
# close here if they rank the films alike (Spearman's correlation, sign
# ignored). Hierarchical clustering then joins the closest ones first.

# %%
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

distance = 1 - before.corr("spearman").abs().to_numpy(copy=True)
np.fill_diagonal(distance, 0)
tree = linkage(squareform(distance, checks=False), "average")
groups_at = {limit: fcluster(tree, 1 - limit, "distance").max() for limit in (0.95, 0.9, 0.8)}
for limit, number in groups_at.items():
    print(f"joined where the mean correlation is at least {limit:.2f}: {number} groups of features")

# %%
from scipy.cluster.hierarchy import leaves_list

order = leaves_list(tree)
fig, axis = plt.subplots(figsize=(4.6, 3.8))
picture = axis.imshow(1 - distance[np.ix_(order, order)], cmap="magma", vmin=0, vmax=1)
_ = axis.set(xlabel="feature, in the order of the tree", ylabel="feature")
_ = fig.colorbar(picture, ax=axis, label="correlation of ranks, without sign")
course.show(fig, alt="Correlations between all features, ordered by the tree: bright blocks of near-duplicates.")

# %% [markdown]
# The bright blocks are families of near-duplicates. That matters twice: a
# model with 102 inputs has far fewer independent ones, and "40 features
# differ significantly" may be a few facts told many times.
#
# The *films* can be clustered as well, without ever showing the labels. If
# two clusters fall out, are they normal and pneumonia?

# %%
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

scaled = StandardScaler().fit_transform(before)
flat = PCA(2).fit(scaled)
cluster = KMeans(2, n_init=10, random_state=0).fit_predict(scaled)
points = flat.transform(scaled)

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharex=True, sharey=True)
for axis, kinds, title, words in (
    (axes[0], labels, "what the labels say", ("normal", "pneumonia")),
    (axes[1], cluster, "what k-means says", ("cluster A", "cluster B")),
):
    for kind, colour, marker in ((0, course.PALETTE.blue, "o"), (1, course.PALETTE.red, "^")):
        _ = axis.scatter(*points[kinds == kind].T, c=colour, marker=marker, s=26, alpha=0.75, label=words[kind])
    _ = axis.set(title=title, xlabel=f"component 1 ({100 * flat.explained_variance_ratio_[0]:.0f} % of the variance)")
    _ = axis.legend()
_ = axes[0].set_ylabel(f"component 2 ({100 * flat.explained_variance_ratio_[1]:.0f} %)")
course.show(fig, alt="The films on two principal components, by label and by cluster: the two agree only in part.")

# %%
from sklearn.metrics import adjusted_rand_score

print(f"adjusted Rand index, clusters against labels: {adjusted_rand_score(labels, cluster):.2f} (1 same, 0 chance)")
closest = before.corrwith(pd.Series(points[:, 0], before.index)).abs().nlargest(3)
print("component 1 goes with:", ", ".join(f"{name} ({value:.2f})" for name, value in closest.items()))

# %% [markdown]
# Clusters find what varies *most*, and that need not be what you care about:
# size of the child, exposure, contrast of the film. Agreement with the labels
# is partial. A cluster is a question ("what do these have in common?"), never
# a finding.

# %% [markdown]
# ## 12. Normal against pneumonia, 102 times
#
# Now with the labels. For each feature we ask whether its values in the two
# groups differ, by a rank test (Mann-Whitney), which does not mind odd
# distributions. And we ask *how much*: the AUC, the chance that a random film
# with pneumonia has a higher value than a random normal one. 0.5 is nothing,
# 0 and 1 are perfect separations.

# %%
from scipy.stats import mannwhitneyu


def compare_groups(values, labels):
    """AUC and p-value of each column of ``values`` (n, features), pneumonia against normal."""
    sick, well = values[labels == 1], values[labels == 0]
    test = mannwhitneyu(sick, well)
    return test.statistic / (len(sick) * len(well)), test.pvalue


areas, p_values = compare_groups(before.values, labels)
print(f"p < 0.05: {np.sum(p_values < 0.05)} of {len(p_values)} features")

# %% [markdown]
# Before you rejoice: shuffle the labels, so that there is *nothing* to find,
# and count again. At a level of 0.05 and 102 tests, how many hits do you
# expect?

# %%
rng = np.random.default_rng(3)
null = [compare_groups(before.values, rng.permutation(labels))[1] for _ in range(100)]
hits = [int(np.sum(found < 0.05)) for found in null]
fig, axis = plt.subplots(figsize=(6, 2.8))
_ = axis.hist(hits, bins=np.arange(-0.5, max(hits) + 1.5, 2), color=course.PALETTE.blue)
_ = axis.set(xlabel="features with p < 0.05 though the labels are shuffled", ylabel="of 100 shuffles")
course.show(fig, alt="Histogram of false hits over 100 shuffles: mostly few, but at times very many at once.")
print(f"mean {np.mean(hits):.1f}; at least one false hit in {100 * np.mean(np.array(hits) > 0):.0f} % of the shuffles")

# %% [markdown]
# About five on average, as arithmetic says. But they do not come evenly: because
# the features are relatives, false hits come in whole families, or not at
# all. In most shuffles somebody could have written a paper.
#
# A remedy that fits is to control the **false discovery rate** (Benjamini and
# Hochberg, 1995): of the features that I call different, at most a share $q$
# should be wrong, on average. Sort the m p-values. Find the largest rank $k$
# with
#
# $$ p_{(k)} \le \frac{k}{m}\,q , $$
#
# and call all features up to that rank different, *also* those in between
# that miss their own line.

# %% [markdown]
# ### Exercise 8.6: Benjamini and Hochberg
# *difficulty 3 of 5 · 10 minutes*
#
# Write `benjamini_hochberg(p_values, q)`. `p_values` is a float array (m,) in
# any order; the answer is a bool array (m,) in the *same* order: True where
# the difference is declared.
#
# <details><summary>Hint 1</summary><code>np.sort(p_values)</code> against
# <code>q * np.arange(1, m + 1) / m</code>.</details>
#
# <details><summary>Hint 2</summary>The largest rank that lies under its line:
# <code>np.flatnonzero(below)[-1]</code>, if there is any.</details>
#
# <details><summary>Hint 3</summary>Everything not greater than the p-value at
# that rank is declared: <code>p_values <= threshold</code>.</details>


# %% tags=["exercise"]
def benjamini_hochberg(p_values, q):
    """Which of ``p_values`` (m,) are declared different at false discovery rate ``q``: bool (m,)."""
    ### BEGIN SOLUTION
    ordered = np.sort(p_values)
    below = np.flatnonzero(ordered <= q * np.arange(1, len(ordered) + 1) / len(ordered))
    if len(below) == 0:
        return np.zeros(len(p_values), bool)
    return np.asarray(p_values) <= ordered[below[-1]]
    ### END SOLUTION


# %% tags=["check"]
check.benjamini_hochberg(benjamini_hochberg)

# %% [markdown]
# SciPy has it as `false_discovery_control`, which returns adjusted p-values
# to be compared with q. On the real labels and on the shuffled ones:

# %%
from scipy.stats import false_discovery_control

declared = false_discovery_control(p_values) <= 0.05
false_alarms = [np.any(false_discovery_control(found) <= 0.05) for found in null]
print(f"p < 0.05: {np.sum(p_values < 0.05)}    Benjamini-Hochberg, q = 0.05: {declared.sum()}")
print(f"shuffled labels with at least one discovery: {np.sum(false_alarms)} of {len(false_alarms)}")

# %%
# NBVAL_CHECK_OUTPUT
example = np.array([0.001, 0.013, 0.014, 0.2, 0.9])
print("uncorrected   ", (example < 0.05).tolist())
print("Bonferroni    ", (example < 0.05 / 5).tolist())
print("Benjamini-H.  ", (false_discovery_control(example) <= 0.05).tolist())

# %% [markdown]
# ### Does it hold on new films?
#
# We chose the best of 102 on these films, so its AUC here is flattered: the
# *winner's curse*. The only honest number comes from films that had no say in
# the choice. We also ask for the best feature among the stable ones of
# section 9.

# %%
fresh = [*course.cases(count, split="test", label=0), *course.cases(count, split="test", label=1)]
fresh = segmentation.segment(fresh)
later = measure_all(fresh)
later_labels = np.array([film.label for film in fresh])
winners = {"best of all": before.columns, "best of the stable": stable}


def best_of(names):
    """The feature of ``names`` whose AUC lies farthest from 0.5 on the first films."""
    distance = pd.Series(np.abs(areas - 0.5), before.columns)
    return distance[list(names)].idxmax()


# %%
def interval(values, labels, draws=400):
    """90 % bootstrap interval of the AUC, for the choice of films."""
    rng = np.random.default_rng(0)
    groups = [np.flatnonzero(labels == kind) for kind in (0, 1)]
    picks = [np.concatenate([rng.choice(group, len(group)) for group in groups]) for _ in range(draws)]
    return np.quantile([compare_groups(values[pick], labels[pick])[0] for pick in picks], [0.05, 0.95])


for title, names_of in winners.items():
    name = best_of(names_of)
    area = compare_groups(later[name].to_numpy(), later_labels)[0]
    low, high = interval(later[name].to_numpy(), later_labels)
    print(
        f"{title}: {name}\n   AUC {areas[before.columns.get_loc(name)]:.2f} where it was chosen, "
        f"{area:.2f} [{low:.2f}, {high:.2f}] on new films"
    )

# %%
name = best_of(stable)
fig, axes = plt.subplots(1, 2, figsize=(8, 2.9), sharey=True)
for axis, values, kinds, title in (
    (axes[0], before[name], labels, "chosen here"),
    (axes[1], later[name], later_labels, "new films"),
):
    boxes = axis.boxplot([values[kinds == 0], values[kinds == 1]], tick_labels=["normal", "pneumonia"], widths=0.5)
    _ = axis.set_title(title)
_ = axes[0].set_ylabel(name)
course.show(fig, alt="Box plots of the chosen feature, normal against pneumonia, on the first and on new films.")

# %% [markdown]
# Some of the shine is gone, as it should be. (In our run the feature is a
# percentile of the grey levels, 0 to 255.) One more thing to think about before
# such a feature enters a report.

# %%
course.think(
    "A colleague finds that a shape feature of the lung mask separates normal from pneumonia with q < 0.001, on new "
    "films too. What would you check before you believe that pneumonia changes the shape of lungs?",
    "Look at the masks first: a dense consolidation looks like soft tissue, so the segmentation may leave it out, and "
    "the feature then measures the segmentation's failure. Then look at who is in each group: ill children may be "
    "younger, lie down, breathe in less, or be filmed with another machine.\n\n"
    "The phantom can settle the first: with `phantom.counterfactual` the lungs of both films are the same by "
    "construction, so any difference in shape is made by the mask.",
)

# %% [markdown]
# ## 13. From features to findings
#
# A texture value of 3.08 will never stand in a report. What can stand there
# is a *finding*: opacity in the right lower zone, a quarter of the lung. The
# library's `radiomics.measure` draws on the image inside the masks and states
# findings, each with a number and a 90 % interval; and where it cannot
# measure, it says *unknown*, which is not the same as *absent*. The number of
# an opacity or effusion is its share of the lung, that of cardiomegaly the
# cardiothoracic ratio, which counts as large above 0.55 in small children. As
# opacity may hide the edge of a heart, a small network corrects the drawn
# width; what is left of the error is why a ratio is called large from 0.57 on,
# and *uncertain* from 0.56 on. The extent of an opacity is the mean of two
# readings, a number and a drawn area; the interval is that of the number.
# Where they disagree, the extent may lie at an end of its interval: trust it
# less.

# %%
for case in radiomics.measure(films[-2:], progress=False):
    print(case.label_name)
    for finding in case.findings:
        number = finding.measurement
        words = f"   {finding.side or '':6s}{finding.kind:13s}{finding.presence:10s}"
        print(words, "" if number is None else f"{number.value:.2f} [{number.low:.2f}, {number.high:.2f}]")

# %%
# NBVAL_CHECK_OUTPUT
vector = radiomics.vector(pair[1])
print(vector.shape == (len(radiomics.VECTOR_NAMES),), bool(np.isfinite(vector).all()))
print(*radiomics.VECTOR_NAMES[:4], "...", *radiomics.VECTOR_NAMES[-2:], sep="\n")

# %% [markdown]
# That vector, findings and a few stable textures, is what the language model
# of the next lessons is told beside the image. Whether it *listens* is what
# lesson 10 measures.

# %% [markdown]
# ## Summary
#
# - A radiomic feature belongs to an image **and a mask**. Look at masks first.
# - Seven classes: histogram, shape, pairs, runs, zones, dependences,
#   neighbourhood differences. Each is a few lines; the conventions (bins,
#   directions, borders) are what papers differ in.
# - pyradiomics can be wrong in silence: whole-number images with numpy 2, and
#   `force2D` on a 2D film. Hold every pipeline against a case worked out by
#   hand.
# - Agreement is not correlation. Many textures do not survive a disturbance
#   that an eye hardly sees.
# - 102 features are a few dozen facts. Correct for the number of tests, judge
#   the winner on new films, and ask what else differs between the groups.

# %% [markdown]
# ## Quiz

# %%
course.quiz(
    "You shuffle the pixels inside a mask. Which class of features does not change?",
    {
        "firstorder": "It sees the histogram alone, and shuffling leaves the histogram as it was.",
        "glcm": "Pairs of neighbours are what shuffling destroys.",
        "glszm": "Patches of one level fall apart.",
    },
    answer="firstorder",
)

# %%
course.quiz(
    "After a change of scanner every value of a feature is exactly twice what it was. What do you see?",
    {
        "Correlation 1, concordance below 1": "The order is kept, the values are not: agreement is lost.",
        "Correlation and concordance both 1": "Concordance also asks for equal means and equal spread.",
        "Both below 1": "A constant factor leaves the correlation at 1.",
    },
    answer="Correlation 1, concordance below 1",
)

# %%
course.quiz(
    "You test 100 unrelated features at p < 0.05 on shuffled labels. How many hits do you expect?",
    {
        "About 5": "Each test is wrong in 5 of 100 cases, by definition.",
        "None, there is nothing to find": "That is just why a p-value is not a proof.",
        "About 50": "That would be a level of 0.5.",
    },
    answer="About 5",
)

# %%
course.quiz(
    "What does Benjamini and Hochberg's procedure at q = 0.05 promise?",
    {
        "Of the declared differences, on average at most 5 % are false": "Yes: the false discovery rate.",
        "No declared difference is false": "Nothing short of declaring none could promise that.",
        "At most a 5 % chance of any false one": "That is the family-wise error; Bonferroni controls it, at a price.",
    },
    answer="Of the declared differences, on average at most 5 % are false",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 09](09_language_model_introduction.ipynb) starts with words: how a
#   language model comes to its next one.
# - [Lesson 10](10_text_image_fusion.ipynb) gives it the numbers of this lesson
#   and asks whether it uses them.
# - To go deeper: van Griethuysen et al., *Cancer Research* 77, 2017
#   (pyradiomics); Zwanenburg et al., *Radiology* 295, 2020 (IBSI); Lin,
#   *Biometrics* 45, 1989; Benjamini and Hochberg, *Journal of the Royal
#   Statistical Society B* 57, 1995.
# - Try it on real films (the lines under the title say how). Do the same
#   features win?
