"""Checks of lesson 04, training of GANs: kinds covered, gradient penalty, averaging, overfitting, shifts."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from torch import nn

from medigenx_lib.course.checks import passed, require


def kinds_covered(answer: Callable) -> None:
    """``answer(made, centres, radius, least)``: kinds with enough points, and the share of points on any kind."""
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    given = answer(centres.repeat(20, 1), centres)
    require(isinstance(given, tuple) and len(given) == 2, "Return two values: the number of kinds, and the share.")
    require(given[0] == 3, f"20 points on each of 3 centres: you count {given[0]} kinds, expected 3.")
    require(abs(float(given[1]) - 1) < 1e-6, f"All points lie on a centre, but your share is {float(given[1]):.2f}.")
    far = torch.tensor([[0.1, 0.0]] * 30 + [[2.0, 0.0]] * 50 + [[9.0, 9.0]] * 20)
    count, share = answer(far, centres)
    require(count == 1, f"30 points on one kind, 70 on none: you count {count} kinds, expected 1.",
            "A point that is radius or more from its nearest centre belongs to no kind.")  # fmt: skip
    require(abs(float(share) - 0.3) < 1e-6, f"30 of 100 points lie on a kind: your share is {float(share):.2f}.",
            "Divide by all points, not by those on a kind.")  # fmt: skip
    rare = torch.tensor([[0.0, 0.0]] * 97 + [[4.0, 0.0]] * 2 + [[0.0, 4.0]])
    count, _ = answer(rare, centres)
    require(count == 2, f"97, 2 and 1 of 100 points, least 0.02: you count {count} kinds, expected 2.",
            "A kind needs at least the share `least` of all points: 2 of 100 are enough, 1 is not.")  # fmt: skip
    stray = torch.tensor([[0.0, 0.0]] * 10 + [[4.0, 0.0]] * 3 + [[9.0, 9.0]] * 187)
    count, _ = answer(stray, centres)
    require(count == 1, f"10 and 3 of 200 points, least 0.02: you count {count} kinds, expected 1.",
            "The share is of all points, also of those that lie on no kind.")  # fmt: skip
    count, _ = answer(far, centres, radius=2.5, least=0.02)
    require(count in (1, 2), "With another radius your function breaks.", "Use the arguments radius and least.")
    _, wide = answer(far, centres, radius=2.5, least=0.02)
    require(abs(float(wide) - 0.8) < 1e-6, f"With radius 2.5 the share is {float(wide):.2f}, expected 0.80.")
    passed("a set that is fine film by film can still lack whole kinds, and now there is a number for it.")


def gradient_penalty(answer: Callable) -> None:
    """``answer(judge, points)``: the mean squared norm of the gradient by the points, differentiable."""
    line = nn.Linear(2, 1)
    with torch.no_grad():
        line.weight.copy_(torch.tensor([[3.0, 4.0]]))
    points = torch.randn(10, 2, generator=torch.Generator().manual_seed(0))
    given = answer(line, points)
    require(torch.is_tensor(given) and given.ndim == 0, "The penalty is not one number.", "Take the mean over points.")
    size = float(given.detach())
    said = {5.0: "That is the norm; square it.", 12.5: "Sum the squares over axis 1; do not take their mean.",
            250.0: "Take the mean over points, not the sum.", 0.25: "Sum the logits, no mean."}  # fmt: skip
    hint = next((why for value, why in said.items() if abs(size - value) < 0.01), "3 * 3 + 4 * 4 = 25.")
    what = f"For the line 3x + 4y the penalty is {size:.3f}, expected 25."
    require(abs(size - 25) < 1e-3, what, hint)
    _curved(answer)
    require(given.requires_grad, "The discriminator cannot be trained on your number: it has no graph.",
            "create_graph=True keeps the gradient differentiable; do not use .item() or .detach() on it.")  # fmt: skip
    (slope,) = torch.autograd.grad(given, line.weight)
    what = f"Its gradient by the weights (3, 4) is {slope[0].tolist()}, expected 6 and 8."
    require(torch.allclose(slope, torch.tensor([[6.0, 8.0]]), atol=1e-3), what, "create_graph=True")
    require(not points.requires_grad, "The points that came in were changed.", "Work on points.detach().")
    passed("it is the squared steepness, point by point, and the judge can be trained to be less steep.")


def _curved(answer: Callable) -> None:
    """A judge whose slope differs from point to point: D = x * x, slope (2x, 0)."""
    given = float(answer(lambda points: points[:, :1] ** 2, torch.tensor([[1.0, 5.0], [-3.0, 0.0]])).detach())
    what = f"For D = x * x at x = 1 and x = -3 the penalty is {given:.2f}, expected (4 + 36) / 2 = 20."
    require(abs(given - 20) < 1e-3, what, "Square each point's own gradient before you take the mean.")


def update_average(answer: Callable) -> None:
    """``answer(average, generator, decay, step)``: the parameters move in place, with a warm-up."""
    generator, average = nn.Linear(2, 2), nn.Linear(2, 2)
    _fill(generator, 1.0)
    _fill(average, 0.0)
    before = average.weight
    answer(average, generator, 0.9, 10_000)
    value = average.weight[0, 0].item()
    require(average.weight is before, "The average's parameters were replaced, not changed.", "mean.lerp_(value, ...)")
    require(value != 0.0, "The average did not move at all.", "Change it in place: mul_, add_, lerp_, copy_.")
    turned = "You kept 1 - d of the average: it is the new value that counts little."
    hint = turned if abs(value - 0.9) < 1e-4 else "Late in training the decay is d itself: 0.9 * 0 + 0.1 * 1."
    require(
        abs(value - 0.1) < 1e-4, f"Average 0, generator 1, decay 0.9, late: you get {value:.3f}, expected 0.1.", hint
    )
    require(abs(average.bias[0].item() - 0.1) < 1e-4, "The weights moved, the biases did not.", "Go through all.")
    for step, decay, wanted in [(0, 0.999, 0.9), (8, 0.999, 0.5), (90, 0.999, 0.09), (90, 0.5, 0.5)]:
        _fill(average, 0.0)
        answer(average, generator, decay, step)
        what = f"Step {step}, decay {decay}: from 0 towards 1 you get {average.weight[0, 0]:.3f}, expected {wanted}."
        require(math.isclose(average.weight[0, 0].item(), wanted, abs_tol=1e-4), what,
                "Warm-up: the decay in use is min(decay, (1 + step) / (10 + step)).")  # fmt: skip
    require(bool((generator.weight == 1).all()), "Your function changed the generator.", "Only the average may move.")
    require(average.weight.grad_fn is None, "The average carries a graph.", "Work under torch.no_grad().")
    passed("the average forgets its random start at once and remembers long later.")


def _fill(network: nn.Module, value: float) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(value)


def overfitting(answer: Callable) -> None:
    """``answer(train_logits, held_out_logits, fake_logits)``: where held-out lies from training (0) to fake (1)."""
    two, minus = torch.full((4,), 2.0), torch.full((9,), -2.0)
    for held_out, wanted, words in [(2.0, 0.0, "like training films"), (-2.0, 1.0, "like fakes"),
                                    (1.0, 0.25, "a quarter of the way"), (-4.0, 1.5, "worse than fakes")]:  # fmt: skip
        given = float(answer(two, torch.full((7,), held_out), minus))
        what = f"Training 2, fake -2, held out {held_out:g} ({words}): you get {given:.2f}, expected {wanted:.2f}."
        require(abs(given - wanted) < 1e-5, what, "(train - held out) / (train - fake), of the means; nothing clipped.")
    mixed = torch.tensor([4.0, 0.0, 2.0, 2.0])
    given = float(answer(mixed, torch.tensor([0.0, 0.0, 3.0]), minus))
    require(abs(given - 0.25) < 1e-5, f"With uneven logits you get {given:.2f}, expected 0.25.", "Means, not medians.")
    with torch.no_grad():
        given = float(answer(two, minus, two + 0.0004))
    require(math.isnan(given), f"Training and fake alike: you return {given:g}, expected nan.",
            "Without a difference there is no way to measure on: return float('nan').")  # fmt: skip
    passed("0 is learned, 1 is learned by heart, and above 1 real films look worse than fakes.")


def shift_films(answer: Callable) -> None:
    """``answer(films, rows, columns)``: each film moved by its own whole pixels, edges repeated, differentiable."""
    films = torch.rand(3, 1, 6, 6, generator=torch.Generator().manual_seed(4))
    rows, columns = torch.tensor([0, 1, -2]), torch.tensor([0, 0, 3])
    given = answer(films.clone(), rows, columns)
    require(given.shape == films.shape, f"The shape is {tuple(given.shape)}, expected {tuple(films.shape)}.")
    require(torch.equal(given[0], films[0]), "A film moved by 0 rows and 0 columns was changed.")
    down = given[1, 0, 1:]
    require(not torch.equal(given[1, 0, :-1], films[1, 0, 1:]), "1 row moves your film up; it should go down.",
            "The value at row i comes from row i - rows.")  # fmt: skip
    require(torch.equal(down, films[1, 0, :-1]), "One row down: the inner pixels are not the film's.")
    edge = given[1, 0, 0]
    require(not torch.equal(edge, films[1, 0, -1]), "What left at the bottom came back at the top.",
            "torch.roll wraps around; clamp the row numbers to 0..S-1 to repeat the edge.")  # fmt: skip
    require(torch.equal(edge, films[1, 0, 0]), "The new top row is not the old top row repeated.", "clamp(0, S - 1)")
    require(torch.equal(given[2], _moved(films[2], -2, 3)), "Two rows up and three columns right went wrong.",
            "Each film has its own shift; check rows against columns.")  # fmt: skip
    leaf = films.clone().requires_grad_()
    answer(leaf, rows, columns).sum().backward()
    require(leaf.grad is not None and leaf.grad.sum().item() > 0, "No gradient passes through.", "Index; do not copy.")
    passed("each film moves by itself, no black border appears, and gradients pass through.")


def _moved(film: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """One film (1, S, S), pixel by pixel."""
    result, side = copy.deepcopy(film), film.shape[-1]
    for row in range(side):
        for column in range(side):
            source = min(side - 1, max(0, row - down)), min(side - 1, max(0, column - right))
            result[0, row, column] = film[0, source[0], source[1]]
    return result
