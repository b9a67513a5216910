# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   medigenx:
#     title: Explore medical imaging data
#     key_point: What a chest radiograph is, from the X-ray to the stored number, and what the public collections of them hide.
#     answer: Before a machine can add insight to a film, we must know what its numbers mean, who is on it, and who said what is wrong with them.
#     teaching: 45
#     exercises: 45
#     prerequisites: []
#     objectives:
#       - Compute a radiograph from path lengths and attenuation, and say why disease shows
#       - Name the biases of the public collections, and find one with a single number
#       - Read grey values out of a DICOM file without the two classic mistakes
#       - Split films so that no patient is on both sides
#       - Say what a score can mean when labels are wrong
#     accelerator: none
#     data: [phantom, pneumoniamnist, dicom]
# ---
# %% [markdown]
# ## 1. Twelve films
#
# Here are twelve chest radiographs: six called normal above, six with
# pneumonia below. Look at them for a minute before you read on. Which parts
# are bright, and which are dark? Can you put into words how the rows differ?

# %%
from medigenx_lib import course

films = course.cases(6, label=0) + course.cases(6, label=1)
course.show(
    course.films(films, [film.label_name for film in films]),
    alt="Twelve frontal chest films in grey: dark lungs left and right of a bright heart and spine.",
)

# %% [markdown]
# Unless you chose otherwise, these are *phantoms*: films computed by a
# physical simulation. No patient is on them, and everything about them is
# known. The lines under the title say how to take real films instead; the
# same cells then show those. Both are stored alike:

# %%
# NBVAL_CHECK_OUTPUT
film = films[0]
print("shape:", film.image.shape, "· numbers:", film.image.dtype)
print("between 0 and 1:", bool(film.image.min() >= 0 and film.image.max() <= 1))
print("classes:", sorted({film.label_name for film in films}))

# %% [markdown]
# A film is a table of numbers. So the first question of this workshop is not
# about networks at all. It is: **what does one of these numbers mean?**
#
# ## 2. A radiograph is a shadow
#
# An X-ray tube sends photons through the patient to a detector. Of the
# photons that enter a thin layer, a fixed share is lost, whatever their
# number. A second layer takes its share of what is left, and so on. That is
# the law of Beer and Lambert,
#
# $$ \frac{I}{I_0} = \exp\Bigl(-\sum_i \mu_i \, x_i\Bigr), $$
#
# where $x_i$ is how many centimetres of material $i$ a photon has to cross,
# and $\mu_i$ (per centimetre) says how strongly the material takes photons
# away. At 60 keV, about the middle of a chest film's spectrum:
#
# | material | attenuation per cm |
# |---|---|
# | air | 0.0002 |
# | lung, full of air | 0.05 |
# | muscle, blood, fluid | 0.21 |
# | compact bone | 0.60 |
#
# (From the tables of Hubbell and Seltzer, NIST, 1995, times the density of
# each tissue.) Keep two rows in mind. Lung is four times more transparent
# than fluid: that is why pneumonia, which fills air spaces with fluid, can
# be seen at all. And fluid, blood and muscle are *the same row*: a film
# cannot tell pus from blood from muscle.

# %%
# NBVAL_CHECK_OUTPUT
import numpy as np

for name, attenuation in {"air": 0.0002, "lung": 0.05, "fluid": 0.21, "bone": 0.60}.items():
    print(f"1 cm of {name:5} lets {100 * np.exp(-attenuation):5.1f} % through")

# %% [markdown]
# ### Exercise 1.1: what gets through
# *difficulty 1 of 5 · 6 minutes*
#
# Write `transmitted(attenuations, lengths)`: the share of photons (0 to 1)
# that cross layers with these attenuations (per cm) and thicknesses (cm).
# Both are lists or arrays of the same length. Guess first: how many of 1,000
# photons cross 20 cm of muscle?
#
# <details><summary>Hint 1</summary>Add up attenuation times length over all
# layers, then take the exponential once.</details>
#
# <details><summary>Hint 2</summary><code>np.exp</code> wants a minus sign in
# front of the sum: more material, fewer photons.</details>


# %% tags=["exercise"]
def transmitted(attenuations, lengths):
    """Share of photons, 0..1, that cross the layers: per cm and cm, two sequences of equal length."""
    ### BEGIN SOLUTION
    return float(np.exp(-np.sum(np.multiply(attenuations, lengths))))
    ### END SOLUTION


# %% tags=["check"]
from medigenx_lib.course.checks import lesson_01 as check

check.transmitted(transmitted)

# %% [markdown]
# Was your guess near? Here are three ways through the same chest, each 20 cm
# long. Between the brightest and the darkest lies a factor of twenty: a
# detector has to count few photons and many, side by side.

# %%
# NBVAL_CHECK_OUTPUT
LUNG, SOFT, BONE = 0.05, 0.21, 0.60
ways = {
    "through lung": 6 * SOFT + 14 * LUNG,
    "lung full of fluid": 20 * SOFT,
    "through the spine": 18 * SOFT + 2 * BONE,
}
for name, exponent in ways.items():
    print(f"{name:20} {1000 * np.exp(-exponent):6.1f} of 1000 photons arrive")

# %% [markdown]
# ## 3. A chest of ellipsoids
#
# To get a picture we need the path lengths at every pixel. Let the chest be
# made of ellipsoids: the trunk, two lungs, a heart, a spine. An ellipsoid with
# half-axes $a$ (across), $b$ (along the beam) and $c$ (up and down) and its
# centre at $(c_x, c_z)$ is crossed at the pixel $(x, z)$ over a length of
#
# $$ 2b\,\sqrt{1 - \Bigl(\tfrac{x - c_x}{a}\Bigr)^2
#    - \Bigl(\tfrac{z - c_z}{c}\Bigr)^2}, $$
#
# and not at all where the root is negative.

# %% [markdown]
# ### Exercise 1.2: how thick is it here?
# *difficulty 2 of 5 · 8 minutes*
#
# Write `path_length(x, z, centre, half_axes)`. `x` and `z` are arrays of pixel
# positions in cm that broadcast against each other, such as (1, W) and (H, 1);
# `centre` is $(c_x, c_z)$, `half_axes` is $(a, b, c)$. Return the path lengths
# in cm, with 0 beside the ellipsoid, and no warning from numpy.
#
# <details><summary>Hint 1</summary>Compute the squared distance
# <code>((x - cx) / a) ** 2 + ((z - cz) / c) ** 2</code> first: it is 0 in the
# middle and 1 at the rim.</details>
#
# <details><summary>Hint 2</summary>Beside the ellipsoid one minus this is
# negative, and its root is not a number. <code>np.maximum(..., 0)</code> before
# the root mends that.</details>
#
# <details><summary>Hint 3</summary>In the middle the answer must be the whole
# axis along the beam, <code>2 * b</code>.</details>


# %% tags=["exercise"]
def path_length(x, z, centre, half_axes):
    """Path length in cm at pixels (x, z) in cm through an ellipsoid; 0 beside it."""
    ### BEGIN SOLUTION
    (cx, cz), (a, b, c) = centre, half_axes
    squared = ((x - cx) / a) ** 2 + ((z - cz) / c) ** 2
    return 2 * b * np.sqrt(np.maximum(1 - squared, 0))
    ### END SOLUTION


# %% tags=["check"]
check.path_length(path_length)

# %% [markdown]
# The library's phantom is built on the same formula; there it is called
# `chord`. We use it for the parts of a small chest, with a trunk and a spine
# that are endless upwards (`np.inf`).

# %%
from medigenx_lib.phantom.fields import chord

x = np.linspace(-18, 18, 192)[None, :]  # cm, to the patient's left
z = np.linspace(18, -18, 192)[:, None]  # cm, upwards


def organ(centre, half_axes):
    """Path lengths (192, 192) in cm."""
    (cx, cz), (a, b, c) = centre, half_axes
    return 2 * b * chord(((x - cx) / a) ** 2 + ((z - cz) / c) ** 2)


# %% [markdown]
# Organs push each other aside: where heart and abdomen are, there is less
# lung. So we take their paths away from the lungs'. (A rough rule, good
# enough for a toy.)

# %%
trunk = organ((0, 0), (15, 10, np.inf))
heart = organ((2.5, -5), (5, 4.5, 5.5))
spine = organ((0, 0), (1.8, 1, np.inf))
abdomen = organ((0, -17), (15, 9, 10))
lungs = organ((-7.3, 0), (5.3, 7.5, 13)) + organ((7.3, 0), (5.3, 7.5, 13))
lungs = np.maximum(lungs - heart - abdomen, 0)

# %% [markdown]
# What you see below is not a film yet. It is how many centimetres of each
# material lie in the way.

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 3, figsize=(10, 3))
for axis, (name, path) in zip(axes, {"trunk": trunk, "lungs": lungs, "spine (bone)": spine}.items(), strict=True):
    picture = axis.imshow(path, cmap="viridis")
    figure.colorbar(picture, ax=axis, label="cm")
    axis.axis("off")
    _ = axis.set_title(name)
course.show(figure, alt="Path lengths in cm: up to 20 through the trunk, 15 through each lung, 2 through the spine.")

# %% [markdown]
# Now the law of Beer and Lambert, once for each pixel. Soft tissue is what is
# left of the trunk when lungs and bone are taken out of it.


# %%
def exponent_of(lungs, fluid=0):
    """Sum of attenuation times length; ``fluid`` (cm) replaces air of the lungs."""
    air = np.maximum(lungs - fluid, 0)
    return SOFT * (trunk - air - spine) + LUNG * air + BONE * spine


signal = np.exp(-exponent_of(lungs))

# %% [markdown]
# `signal` is the share of photons that reach each pixel. Before you look:
# will the lungs be bright or dark in it?

# %%
density = -np.log(signal)
figure, axes = plt.subplots(1, 2, figsize=(7, 3.4))
axes[0].imshow(signal, vmax=0.3)
axes[1].imshow(density, vmin=1)
for axis, name in zip(axes, ("what the detector counts", "minus its logarithm"), strict=True):
    axis.axis("off")
    _ = axis.set_title(name)
course.show(figure, alt="The toy chest twice: lungs bright in the photon counts, dark after the negative logarithm.")

# %% [markdown]
# In the counts the lungs are *bright*: many photons get through. The negative
# logarithm turns this round, and it undoes the exponential: each pixel is now
# a plain sum of centimetres times attenuation. That is why the second picture
# shows the heart. Films are stored and read after that logarithm: **bright is
# dense**.
#
# ### Disease is fluid where air should be
#
# Put a ball of fluid into the right lung. (It is on the *left* of the picture:
# you face the patient.) The sliders set its radius and how many photons fall
# on each pixel. Photons come one by one, and a count of $N$ of them wavers by
# $\sqrt{N}$. With how few photons can you still find a ball of 1 cm?


# %%
def draw_fluid(radius_in_cm, photons_a_pixel):
    """The toy film with a ball of fluid, counted with so many photons a pixel."""
    fluid = np.minimum(organ((-7, 3), [radius_in_cm] * 3), lungs)
    counts = np.random.default_rng(0).poisson(photons_a_pixel * np.exp(-exponent_of(lungs, fluid)))
    film = -np.log(np.maximum(counts, 0.5) / photons_a_pixel)
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), width_ratios=[1, 1.2])
    axes[0].imshow(film, vmin=1, vmax=5)
    axes[0].axis("off")
    axes[0].axhline(80, color=course.PALETTE.orange, linewidth=1)
    axes[1].plot(x[0], film[80], color=course.PALETTE.orange, linewidth=1)
    axes[1].set(title="along the line", xlabel="cm", ylabel="density", ylim=(0.5, 7))
    return figure


course.interact(
    draw_fluid,
    alt="The toy film with a ball of fluid in the right lung, and its density along a line.",
    radius_in_cm=(0.5, 4.0, 0.5, 2.5),
    photons_a_pixel=[3000, 100000, 300, 100],
)

# %% [markdown]
# More photons mean less noise and more dose. Radiology pays with one for the
# other all day. How much less noise? That follows from the square root:

# %%
# NBVAL_CHECK_OUTPUT
for arriving in (10, 100, 1000, 10_000):
    print(f"{arriving:6} photons arrive: the count wavers by {100 / np.sqrt(arriving):4.1f} %")

# %%
course.think(
    "A pneumonia lies in the lung behind the heart. Will a frontal film show it? What on the film could give it away?",
    "It shows, but weakly: the ray crosses less lung there, and the heart's shadow is bright already.\n\n"
    "A missing edge may give it away. Through the heart one still sees the edge of the left diaphragm, because lung "
    "with air touches it. If fluid takes the place of that air, both sides are the same row of the table and the edge "
    "disappears. Radiologists call this the silhouette sign, and it also tells where the fluid lies: here the heart's "
    "own border stays, for the lung that touches it lies beside the heart and not behind it. Edges go missing in our "
    "phantom too, although nobody programmed that: it follows from path lengths.",
)

# %% [markdown]
# ## 4. From the toy to the phantom
#
# The course's phantom is the same sum of path lengths with more anatomy: a
# curved cage, ribs, vessels, domes of the diaphragm, shoulders, patients of
# all ages, and a detector that blurs, scatters and adds noise. It can do what
# no hospital can: show **the same patient on the same day, healthy and ill**.

# %%
from medigenx_lib import phantom

healthy, ill = phantom.counterfactual(seed=29, size=128)
figure = course.films([-np.log(signal) / 6, healthy, ill], ["toy", "phantom, healthy", "phantom, pneumonia"])
course.show(figure, alt="The toy chest beside a phantom without and with pneumonia; the phantom looks like a film.")

# %% [markdown]
# The difference of the two is what disease did, and nothing else. Beside it
# stands the true mask of the opacity, which no real film comes with.

# %%
figure, axes = plt.subplots(1, 2, figsize=(7, 3.2))
picture = axes[0].imshow(ill.image - healthy.image, cmap="RdBu_r", vmin=-0.4, vmax=0.4)
figure.colorbar(picture, ax=axes[0], label="change of grey value")
axes[1].imshow(ill.masks["opacity"], cmap="gray")
for axis, name in zip(axes, ("ill minus healthy", "true mask of the opacity"), strict=True):
    axis.axis("off")
    _ = axis.set_title(name)
course.show(figure, alt="Difference of the two films, red where pneumonia made it brighter, and the true opacity mask.")

# %%
# NBVAL_CHECK_OUTPUT
change, mask = ill.image - healthy.image, ill.masks["opacity"]
print("brighter inside the opacity:", bool(change[mask].mean() > 0.05))
print("a tenth of that elsewhere, or less:", bool(abs(change[~mask]).mean() < 0.1 * change[mask].mean()))
for finding in ill.findings.present():
    print(finding.kind, "·", finding.side, "·", ", ".join(finding.zones), "·", finding.pattern)

# %% [markdown]
# Keep in mind what the phantom is good for: we know the truth, so we can test
# every measurement on it. It is *not* good for claims about patients.
#
# ## 5. Real collections, and who is missing
#
# These are the collections that most papers on chest films use.
#
# | collection | films | who | who labelled |
# |---|---|---|---|
# | Kermany 2018, PneumoniaMNIST | 5,856 | children of 1 to 5 years, one hospital in Guangzhou | two physicians, a third for the test set |
# | ChestX-ray14, 2017 | 112,120 | 30,805 patients of one US hospital | software that read the reports |
# | CheXpert, 2019 | 224,316 | one US hospital | software that read the reports |
# | MIMIC-CXR, 2019 | 377,110 | one US hospital, from its emergency department | software that read the reports |
# | Indiana (Open-i), 2016 | 7,470 | two hospital systems in Indiana | people and software that coded the reports |
#
# In the Kermany collection, on which our generators were trained, the label
# "normal" means *no pneumonia*, not that nothing else is wrong.
#
# Read the third column again: one hospital, one hospital, one hospital. A
# model learns *its* machines, *its* patients, *its* habits. Three warnings
# from the literature:
#
# - Networks that found pneumonia well in the hospitals they were trained on
#   did worse elsewhere: they had learned to tell the hospital, and hospitals
#   differ in how many are ill (Zech et al., PLOS Medicine, 2018).
# - Networks for COVID-19 looked at markers, borders and shoulders, because
#   the ill and the healthy came from different collections (DeGrave et al.,
#   Nature Machine Intelligence, 2021).
# - Women, the young, and patients on public insurance were more often called
#   healthy when they were not (Seyyed-Kalantari et al., Nature Medicine, 2021).
#
# ### What is in our collection?
#
# First, count. How many films of each class are in each split?

# %%
for split in ("train", "val", "test"):
    labels = [film.label for film in course.cases(400, split=split)]
    print(f"{split:6} {len(labels):4} films, {100 * np.mean(labels):3.0f} % with pneumonia")

# %% [markdown]
# In the Kermany collection, three of four children have pneumonia. Among the
# children in a waiting room it would be one of many. A model that answers
# "pneumonia" every time would be right on 74 % of the collection's training
# films, and useless. So accuracy alone says little. We need a score that does
# not care how common disease is.

# %% [markdown]
# ### Exercise 1.3: the area under the curve, by hand
# *difficulty 3 of 5 · 10 minutes*
#
# Draw one ill and one healthy film at random. How often does the ill one get
# the higher score? That share is the area under the ROC curve (AUC): 0.5 is
# guessing, 1 is perfect. Write `auc(scores, labels)` for arrays of N numbers
# and N labels (0 healthy, 1 ill). Where two scores are equal, count one half.
#
# <details><summary>Hint 1</summary>Split the scores in two:
# <code>ill = scores[labels == 1]</code>, and the healthy likewise.</details>
#
# <details><summary>Hint 2</summary><code>ill[:, None] - healthy[None, :]</code>
# compares every ill film with every healthy one.</details>
#
# <details><summary>Hint 3</summary>The mean of <code>difference > 0</code> is the
# share of wins; add half of the share of draws.</details>


# %% tags=["exercise"]
def auc(scores, labels):
    """Share of (ill, healthy) pairs in which the ill film has the higher score; a draw counts half."""
    ### BEGIN SOLUTION
    scores, labels = np.asarray(scores, float), np.asarray(labels)
    difference = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())
    ### END SOLUTION


# %% tags=["check"]
check.auc(auc)

# %% [markdown]
# Now a "diagnosis" that nobody should trust: one number a film, computed
# without looking at any lung. What AUC do you expect? Note your guess.

# %%
from sklearn.metrics import roc_auc_score

sample = course.cases(400)
labels = np.array([film.label for film in sample])
numbers = {
    "mean grey value": [film.image.mean() for film in sample],
    "minus the contrast (standard deviation)": [-film.image.std() for film in sample],
    "grey value of the four corners": [film.image[[0, 0, -1, -1], [0, -1, 0, -1]].mean() for film in sample],
}

# %%
for name, scores in numbers.items():
    print(f"{name:42} AUC {roc_auc_score(labels, scores):.2f}")

# %% [markdown]
# On phantoms the mean grey value reaches about 0.6, since fluid makes a film
# brighter, and the others stay near 0.5. On real films it is another story:
# we measured 0.69 for the contrast alone on 400 films of the Kermany
# collection at 64 pixels, and 0.81 on 4,000 films of PneumoniaMNIST at 28.
# Disease lowers contrast, but so do exposure, position and the machine, and
# the film does not say which it was. **Whatever a network scores, compare it
# with such a number first.**
#
# ### A shortcut, planted
#
# Let us make the trap ourselves. Hospital A puts a small bright marker into
# the corner of the films it makes on the ward, and patients on the ward are
# mostly ill. Hospital B has the opposite habit.


# %%
def with_markers(cases, share_if_ill):
    """Films (N, 1024) with a marker on that share of the ill, and on the rest of the healthy; labels (N,)."""
    rng = np.random.default_rng(0)
    films = np.stack([case.image for case in cases])
    labels = np.array([case.label for case in cases])
    marked = rng.random(len(cases)) < np.where(labels == 1, share_if_ill, 1 - share_if_ill)
    films[marked, 2:5, 2:5] = 1.0
    return films.reshape(len(films), -1), labels


train, test = course.cases(400, size=32), course.cases(200, size=32, split="test")

# %% [markdown]
# A plain classifier learns from hospital A, where 95 % of the ill carry the
# marker. We test it there, in a place without that habit, and in B.

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
_ = model.fit(*with_markers(train, 0.95))
for place, share in {"hospital A": 0.95, "no habit": 0.5, "hospital B": 0.05}.items():
    films_there, labels_there = with_markers(test, share)
    score = roc_auc_score(labels_there, model.decision_function(films_there))
    print(f"{place:12} AUC {score:.2f}")

# %% [markdown]
# The classifier that learned from hospital A looks like a triumph there, and
# in hospital B it is worse than a coin, with the same films and lungs. No
# score computed inside hospital A could have told you. That is why every
# lesson of this workshop asks: *what else could have given this number?*
#
# ## 6. How many greys? Bit depth
#
# A detector stores whole numbers. With $b$ bits there are $2^b$ levels of grey:
# 256 for 8 bits, 4,096 for 12 bits. Screens show 8 bits: is that not enough?


# %%
def rounded(image, bits):
    """The image (0..1) with as many grey levels as ``bits`` bits can hold."""
    steps = 2**bits - 1
    return np.round(image * steps) / steps


clear = phantom.cases([4], size=128, disease=False)[0]
depths = (8, 4, 3, 2)
course.show(
    course.films([rounded(clear.image, bits) for bits in depths], [f"{bits} bits" for bits in depths]),
    alt="One film with 8, 4, 3 and 2 bits: with 4 bits or fewer, grey areas break into flat steps.",
)

# %% [markdown]
# For looking at the whole film, 8 bits suffice. Trouble starts when you
# *stretch* a part of it, as radiologists do to see behind the heart. In a
# window over a twentieth of the range, how many greys are left?

# %%
# NBVAL_CHECK_OUTPUT
greys = np.linspace(0, 1, 100_001)
window = (greys > 0.50) & (greys < 0.55)
for bits in (8, 10, 12, 16):
    print(f"{bits:2} bits: {len(np.unique(rounded(greys, bits)[window])):5} greys in the window")

# %% [markdown]
# A dozen greys make visible steps; texture features, which lesson 08 computes,
# would measure the steps and not the lung. Keep the depth you were given for
# as long as you can, and note it down with the film.
#
# ## 7. DICOM: the file from the hospital
#
# Hospitals store films as DICOM: pixels and several hundred possible *tags*
# in one file. We write a phantom as DICOM and open it with `pydicom`, the
# library everybody uses. The file says inside that it is synthetic: in the
# patient's name, the image type and the comments.

# %%
import tempfile
from pathlib import Path

import pydicom

from medigenx_lib import interop

folder = tempfile.TemporaryDirectory()
path = interop.write_dicom(ill, Path(folder.name) / "film.dcm")
dicom = pydicom.dcmread(path)

# %% [markdown]
# Which of these tags change what a number in the picture *means*?

# %%
# NBVAL_CHECK_OUTPUT
tags = (
    "PatientName",
    "ImageType",
    "Modality",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "PhotometricInterpretation",
    "PatientOrientation",
)
for tag in tags:
    print(f"{tag:27} {dicom[tag].value}")

# %% [markdown]
# - `BitsStored`: 12 of the 16 allocated bits are used, so white is 4,095.
# - `PhotometricInterpretation`: in `MONOCHROME2` large numbers are bright. In
#   `MONOCHROME1` large numbers are **dark**, and whoever forgets that sees a
#   negative: white lungs.
# - `PatientOrientation`: where left and head are. A heart on the wrong side is
#   more often a wrong tag than a rare patient.
#
# Others say who is on the film: name, birth date, dates of the visit. Taking
# all that out is a task of its own, and names may also be burned into the
# pixels. **Never upload a DICOM file from a hospital to a notebook service.**

# %% [markdown]
# ### Exercise 1.4: stored numbers to grey values
# *difficulty 3 of 5 · 8 minutes*
#
# Write `to_image(stored, bits_stored, photometric)`. `stored` is an array
# (H, W) of `uint16`, as `dicom.pixel_array` gives it; `photometric` is
# `"MONOCHROME1"` or `"MONOCHROME2"`. Return floats of the same shape, 0 to 1,
# with bright for dense. Scale by what the detector *can* store, not by the
# largest number on this film: then two films can be compared.
#
# <details><summary>Hint 1</summary>The largest number that b bits hold is
# <code>2 ** b - 1</code>.</details>
#
# <details><summary>Hint 2</summary>Divide first. Floats may become negative,
# <code>uint16</code> cannot: there, 0 - 1 is 65,535.</details>
#
# <details><summary>Hint 3</summary>Turning a picture in 0..1 into its negative
# is <code>1 - picture</code>.</details>


# %% tags=["exercise"]
def to_image(stored, bits_stored, photometric):
    """Grey values (H, W) in 0..1, bright = dense, from unsigned numbers as stored in a DICOM file."""
    ### BEGIN SOLUTION
    image = stored / (2**bits_stored - 1)
    return 1 - image if photometric == "MONOCHROME1" else image
    ### END SOLUTION


# %% tags=["check"]
check.to_image(to_image)

# %% [markdown]
# This is what the two classic mistakes look like. Turn the tag of our file
# round, as a careless export does, and divide by 65,535 instead of 4,095.

# %%
stored = dicom.pixel_array
mistakes = [stored / 4095, 1 - stored / 4095, stored / 65535]
course.show(
    course.films(mistakes, ["right", "photometric tag ignored", "12 bits read as 16"]),
    alt="The same DICOM film right, as a negative with white lungs, and nearly black.",
)

# %% [markdown]
# A network would happily train on a negative, or on a film that is nearly
# black. The library's `read_film` takes care of tags, windows and orientation,
# and notes where a film looks like a negative although its tag says otherwise.

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib import datasets

back = datasets.read_film(path)
print("largest difference after writing and reading:", f"{abs(back.image - ill.image).max():.4f}")
print("half a step of 12 bits:                      ", f"{0.5 / 4095:.4f}")
dicom.PhotometricInterpretation = "MONOCHROME1"
dicom.save_as(path)
print("with a wrong tag, the film looks", datasets.read_film(path).meta["polarity"])
folder.cleanup()

# %% [markdown]
# ## 8. Splits: by patient, or not at all
#
# A child with pneumonia is filmed on Monday and again on Thursday. If Monday's
# film is in the training set and Thursday's in the test set, the network may
# simply recognise the child. So **all films of a patient go to one side**.

# %% [markdown]
# ### Exercise 1.5: a split by patient
# *difficulty 3 of 5 · 8 minutes*
#
# Write `split_by_patient(patients, share, seed)`. `patients` is an array of N
# patient names, one a film; a patient may have many films. Return a boolean
# array (N,), True for films that go to the test set. About `share` of the
# *patients* go there, chosen at random by `seed`, each with all their films.
#
# <details><summary>Hint 1</summary><code>np.unique(patients)</code> gives every
# patient once. Choose among these, not among films.</details>
#
# <details><summary>Hint 2</summary><code>np.random.default_rng(seed)</code> has a
# method <code>choice(names, size, replace=False)</code>.</details>
#
# <details><summary>Hint 3</summary><code>np.isin(patients, chosen)</code> leads
# from patients back to films.</details>


# %% tags=["exercise"]
def split_by_patient(patients, share, seed):
    """True for films of the test set (N,): about ``share`` of the patients, drawn by ``seed``."""
    ### BEGIN SOLUTION
    names = np.unique(patients)
    count = round(share * len(names))
    chosen = np.random.default_rng(seed).choice(names, count, replace=False)
    return np.isin(patients, chosen)
    ### END SOLUTION


# %% tags=["check"]
check.split_by_patient(split_by_patient)

# %% [markdown]
# What would a split by films have done? Take 200 patients with one to six
# films each, and put every fifth film into the test set. For how many films
# of the test set has the network met the patient before?

# %%
# NBVAL_CHECK_OUTPUT
from medigenx_lib import preprocessing

patients = np.repeat([f"patient{i:03d}" for i in range(200)], [1 + i % 6 for i in range(200)])
in_test = np.arange(len(patients)) % 5 == 0
met_before = np.isin(patients[in_test], patients[~in_test])
print(f"split by films:    {100 * met_before.mean():.0f} % of the test films show a patient of the training set")
by_patient = np.array([preprocessing.split_of(name) == "test" for name in patients])
met_before = np.isin(patients[by_patient], patients[~by_patient])
print(f"split by patients: {100 * met_before.mean():.0f} %")

# %% [markdown]
# The library decides by a hash of the patient's name, not by a random draw.
# A film that is added next year then moves no patient from one side to the
# other, on any machine.
#
# ## 9. Labels: who says so?
#
# A label is somebody's opinion, often that of a program that read somebody's
# report. Six radiologists read 110 films of children with suspected pneumonia
# (Neuman et al., Journal of Hospital Medicine, 2012). Their agreement, as
# Cohen's kappa (0 is chance, 1 is perfect), was 0.69 on alveolar infiltrates
# (air spaces filled with fluid or pus, a dense white), but 0.47 on "any
# infiltrate", faint ones included. Some "errors" of a network are errors of
# its labels. How much does that cost? Let a perfect reader meet wrong labels:

# %%
noise = np.linspace(0, 0.4, 9)
truth = np.random.default_rng(1).random(20_000) < 0.5
accuracy = {"perfect reader": [], "reader with 90 % accuracy": []}
for share in noise:
    rng = np.random.default_rng(2)
    label = truth ^ (rng.random(truth.size) < share)
    accuracy["perfect reader"].append(np.mean(truth == label))
    accuracy["reader with 90 % accuracy"].append(np.mean((truth ^ (rng.random(truth.size) < 0.1)) == label))

# %%
figure, axis = plt.subplots(figsize=(5.5, 3.2))
for marker, (name, values) in zip("os", accuracy.items(), strict=True):
    axis.plot(noise, values, marker=marker, label=name)
axis.set(xlabel="share of wrong labels", ylabel="accuracy we would report", ylim=(0.5, 1.02))
_ = axis.legend()
course.show(figure, alt="Accuracy against the share of wrong labels: both readers fall and move closer together.")

# %% [markdown]
# Two things happen. The best possible score falls: with 10 % wrong labels a
# *perfect* reader reports 90 %. And the two readers move together: label noise
# hides which of two models is better. So in a test set, a few hundred labels
# read with care are worth more than a hundred thousand by software. On our
# phantoms, labels are true by construction: that is their use.
#
# ## Summary
#
# - A radiograph is an exponential of path lengths. After the logarithm each
#   pixel is a sum, bright is dense, and fluid, blood and muscle look alike.
# - Photons are counted: noise falls with the square root of the dose.
# - Collections come from few hospitals, with their habits. One number without
#   any lung in it may score well; a marker may score better. Compare with
#   that before you believe a network.
# - Read bit depth and photometric interpretation, or the numbers lie.
# - Split by patient. Ask who made the labels, and how often they are wrong.
#
# ## Quiz

# %%
course.quiz(
    "A vessel and a small patch of pneumonia are equally thick. On the film, they are",
    {
        "equally bright": "blood and fluid stand in the same row of the table: only shape and place tell them apart.",
        "different: blood is denser": "both are mostly water, with nearly the same attenuation.",
        "different: pneumonia is brighter": "brightness follows the path length, not the danger.",
    },
    answer="equally bright",
)

# %%
course.quiz(
    "A detector gets four times as many photons. Compared with the count, the noise is then",
    {
        "a quarter": "the noise grows too: it is the square root of the count.",
        "half": "four times the count, twice the noise: in relation, one half.",
        "the same": "then dose would buy nothing.",
    },
    answer="half",
)

# %%
course.quiz(
    "A film looks like a negative, with white lungs. The first thing to look at is",
    {
        "the disease": "no disease does that to both lungs and to the air beside the body.",
        "the bit depth": "a wrong depth makes a film too dark, not a negative.",
        "the photometric interpretation": "in `MONOCHROME1` large numbers are dark.",
    },
    answer="the photometric interpretation",
)

# %%
course.quiz(
    "A network has an AUC of 0.90 on PneumoniaMNIST. Minus the contrast of a film has 0.81. The network",
    {
        "certainly reads lungs": "some of its score may be exposure and position. The score alone cannot tell.",
        "is useless": "it is above the single number. How much of the rest is disease has to be tested.",
        "must be tested against such shortcuts": "change what should not matter, and see whether the answer changes.",
    },
    answer="must be tested against such shortcuts",
)

# %% [markdown]
# ## Where to go next
#
# - [Lesson 02](02_data_preprocessing.ipynb) turns stored numbers into pictures
#   that a network can compare, and shows what each step may destroy.
# - To see how the phantom goes beyond ellipsoids, read
#   [physics.py](../medigenx_lib/phantom/physics.py): 70 lines.
# - Run this lesson once more on real films: the lines under its title say
#   how.
# - Bushberg et al., *The Essential Physics of Medical Imaging*, chapters 4
#   and 7, for what a detector does that we left out.
