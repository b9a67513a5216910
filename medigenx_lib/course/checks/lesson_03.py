"""Checks of lesson 03, the architecture of GANs: losses, the best discriminator, one round, strides, projection."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from medigenx_lib.course.checks import passed, require


def discriminator_loss(answer: Callable) -> None:
    """``answer(real_logits, fake_logits)``: binary cross-entropy, in nats, summed over the two kinds of film."""
    zeros = torch.zeros(4)
    given = answer(zeros, zeros)
    require(torch.is_tensor(given) and given.ndim == 0, "The loss is not one number.", "Take the mean over the films.")
    what = f"With all logits 0 the loss is {float(given):.3f}, expected 2 ln 2 = 1.386."
    require(abs(float(given) - 1.3863) < 1e-3, what, "Two kinds of film, ln 2 each: add the two means.")
    right = float(answer(torch.full((4,), 3.0), torch.full((4,), -3.0)))
    wrong = float(answer(torch.full((4,), -3.0), torch.full((4,), 3.0)))
    require(right < wrong, "A discriminator that is right pays more than one that is wrong.", "Mind the signs.")
    require(abs(right - 2 * 0.048587) < 1e-4, f"Logits 3 and -3 cost {right:.4f}, expected 0.0972.")
    uneven = float(answer(torch.tensor([2.0]), torch.tensor([1.0, -1.0])))
    require(abs(uneven - (0.126928 + (1.313262 + 0.313262) / 2)) < 1e-4, "Each kind needs a mean of its own.")
    far = float(answer(torch.tensor([-200.0]), torch.tensor([200.0])))
    hint = "sigmoid rounds to 0 or 1 and its logarithm is lost; torch.nn.functional.softplus is exact."
    require(abs(far - 400) < 1e-2, f"Two very wrong logits of 200 cost {far:g}, expected 400.", hint)
    logits = torch.tensor([-150.0, 1.0], requires_grad=True)
    answer(logits, zeros).backward()
    lost = f"For a logit of -150 the gradient is {float(logits.grad[0]):.3g}, expected -0.5."
    require(abs(float(logits.grad[0]) + 0.5) < 1e-4, lost, hint)
    passed("the loss is 2 ln 2 where the discriminator knows nothing, and exact where it is very sure.")


def optimal_discriminator(answer: Callable) -> None:
    """``answer(real_density, fake_density)``: the probability of real, where each density is known."""
    given = np.asarray(answer(np.array([1.0, 3.0, 1.0]), np.array([1.0, 1.0, 3.0])))
    require(given.shape == (3,), f"The answer has shape {given.shape}, expected (3,).", "One probability a place.")
    require(np.isclose(given[0], 0.5), f"Where both are as dense, you say {given[0]:.2f}, expected 0.50.")
    wanted = "expected 0.75: three of four films there are real."
    require(np.isclose(given[1], 0.75), f"Where real is 3 times as dense, you say {given[1]:.2f}, {wanted}")
    require(np.isclose(given[2], 0.25), f"Where fakes are 3 times as dense, you say {given[2]:.2f}, expected 0.25.")
    scaled = np.asarray(answer(np.array([0.003]), np.array([0.001])))
    require(np.isclose(scaled[0], 0.75), "Small densities give another answer.", "Only the ratio counts: add nothing.")
    with np.errstate(divide="ignore", invalid="ignore"):
        empty = np.asarray(answer(np.array([0.0, 0.0, 2.0]), np.array([0.0, 1.0, 0.0])))
    require(np.isfinite(empty).all(), "Where no film lies at all, you divide 0 by 0.", "Say 0.5 there: np.where.")
    require(np.allclose(empty, [0.5, 0, 1]), f"Where one kind is missing you say {empty.tolist()}, expected 0.5, 0, 1.")
    passed("knowing both densities, nobody could guess better.")


def play_round(answer: Callable) -> None:
    """``answer(theta, w, b, real, noise, rate)``: discriminator first, then the generator, by gradient descent."""
    rng = np.random.default_rng(3)
    for theta, w, b, rate in [(-4.0, 0.0, 0.0, 0.1), (1.0, 0.7, -0.3, 0.05), (0.5, -1.2, 0.4, 0.3)]:
        real, noise = rng.normal(0.3, 0.6, 50), rng.normal(0, 0.6, 50)
        given = answer(theta, w, b, real.copy(), noise.copy(), rate)
        require(len(given) == 3, "Return three numbers.", "The new theta, w and b, in this order.")
        wanted = _round(theta, w, b, real, noise, rate)
        early = _round(theta, w, b, real, noise, rate, simultaneous=True)
        what = f"From theta {theta}, w {w}, b {b} you get w {given[1]:.4f}, b {given[2]:.4f}; expected "
        require(np.allclose(given[1:], wanted[1:], atol=1e-6), f"{what}{wanted[1]:.4f}, {wanted[2]:.4f}.",
                "Descend: subtract rate times the gradient. Both gradients use the old w and b.")  # fmt: skip
        at_once = np.isclose(given[0], early[0]) and not np.isclose(early[0], wanted[0])
        require(not at_once, "The generator answers to the old discriminator.", "Judge the fakes again, with new w, b.")
        what = f"theta becomes {given[0]:.4f}, expected {wanted[0]:.4f}."
        require(np.isclose(given[0], wanted[0], atol=1e-6), what, "Its gradient is -mean((1 - D(fake)) * w).")
    passed("three numbers play the game that millions of weights play, as automatic differentiation confirms.")


def _round(theta, w, b, real, noise, rate, simultaneous=False) -> tuple[float, float, float]:
    """The same round by automatic differentiation."""
    theta, w, b = (torch.tensor(float(value), dtype=torch.float64, requires_grad=True) for value in (theta, w, b))
    real, noise = torch.from_numpy(real), torch.from_numpy(noise)
    softplus = torch.nn.functional.softplus
    fake = (theta + noise).detach()
    loss = softplus(-(w * real + b)).mean() + softplus(w * fake + b).mean()
    by_w, by_b = torch.autograd.grad(loss, (w, b))
    judge = (w, b) if simultaneous else ((w - rate * by_w).detach(), (b - rate * by_b).detach())
    fooled = softplus(-(judge[0] * (theta + noise) + judge[1])).mean()
    (by_theta,) = torch.autograd.grad(fooled, theta)
    return tuple((old - rate * by).item() for old, by in ((theta, by_theta), (w, by_w), (b, by_b)))


def transposed_convolution(answer: Callable) -> None:
    """``answer(values, kernel, stride)``: each value stamps the kernel, ``stride`` apart, and stamps add up."""
    one = np.asarray(answer(np.array([2.0]), np.array([1.0, 0.5, 3.0]), 2))
    require(one.shape == (3,), f"One value and a kernel of 3 give length {len(one)}, expected 3.")
    require(np.allclose(one, [2, 1, 6]), f"One value 2 stamps {one.tolist()}, expected the kernel doubled: 2, 1, 6.")
    two = np.asarray(answer(np.array([1.0, 1.0]), np.array([1.0, 1.0, 1.0]), 2))
    length = "stride * (len(values) - 1) + len(kernel)"
    require(two.shape == (5,), f"Two values, kernel 3, stride 2: length {len(two)}, expected 5.", f"It is {length}.")
    require(np.allclose(two, [1, 1, 2, 1, 1]), f"Two stamps of ones give {two.tolist()}, expected 1, 1, 2, 1, 1.",
            "Where stamps overlap they add up: use +=.")  # fmt: skip
    rng = np.random.default_rng(5)
    for count, size, stride in [(5, 3, 2), (4, 4, 2), (6, 5, 3), (7, 3, 1), (3, 2, 4)]:
        values, kernel = rng.normal(size=count), rng.normal(size=size)
        wanted = torch.nn.functional.conv_transpose1d(
            torch.from_numpy(values)[None, None], torch.from_numpy(kernel)[None, None], stride=stride
        )[0, 0].numpy()
        given = np.asarray(answer(values.copy(), kernel.copy(), stride))
        where = f"{count} values, kernel {size}, stride {stride}"
        require(
            given.shape == wanted.shape, f"{where}: length {len(given)}, expected {len(wanted)}.", f"It is {length}."
        )
        require(np.allclose(given, wanted), f"{where}: the values differ.", "Stamp i begins at i * stride, unreversed.")
    passed("it is torch's conv_transpose1d, to the last digit.")


def projection_logits(answer: Callable) -> None:
    """``answer(features, weight, bias, embedding, labels)``: ``w.h + b + e[label].h``, one logit a film."""
    rng = torch.Generator().manual_seed(2)
    features, weight = torch.randn(6, 4, generator=rng), torch.randn(4, generator=rng)
    embedding, labels = torch.randn(2, 4, generator=rng), torch.tensor([0, 1, 1, 0, 1, 0])
    given = answer(features, weight, torch.tensor(0.7), embedding, labels)
    require(given.shape == (6,), f"The logits have shape {tuple(given.shape)}, expected (6,).", "Sum over features.")
    plain = answer(features, weight, torch.tensor(0.7), torch.zeros(2, 4), labels)
    require(torch.allclose(plain, features @ weight + 0.7, atol=1e-5),
            "With an embedding of zeros the logit should be w.h + b: no label, no difference.")  # fmt: skip
    swapped = answer(features, weight, torch.tensor(0.7), embedding, 1 - labels)
    require(not torch.allclose(given, swapped), "Other labels give the same logits.", "embedding[labels] picks a row.")
    wanted = torch.tensor([float(f @ weight + 0.7 + f @ embedding[k]) for f, k in zip(features, labels, strict=True)])
    hint = "Each film meets the row of its own label: (features * embedding[labels]).sum(1)."
    require(torch.allclose(given, wanted, atol=1e-5), "The label's part is not its row times the features.", hint)
    doubled = answer(2 * features, weight, torch.tensor(0.0), embedding, labels)
    require(torch.allclose(doubled, 2 * (wanted - 0.7), atol=1e-5), "Doubled features should double logits without b.")
    passed("the same film gets another logit under another label, and only through what is seen on it.")
