"""Checks of lesson 05, a GAN by hand: both networks, both turns, the Fréchet distance, coverage."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from medigenx_lib.course.checks import passed, require

LATENT, SIDE = 64, 32
LABELS = torch.tensor([0, 1, 1, 0, 1, 0])


def FilmGenerator(answer: Callable) -> None:
    """Shapes, range, label, latent, and whether each weight takes part."""
    torch.manual_seed(0)
    network = answer()
    _has_weights(network)
    latent = torch.randn(6, LATENT)
    films = network(latent, LABELS)
    require(
        tuple(films.shape) == (6, 1, SIDE, SIDE),
        f"Six latents give films of shape {tuple(films.shape)}, expected (6, 1, 32, 32).",
        "Start at 4 x 4 and double three times: 8, 16, 32. The last convolution has one channel.",
    )
    _stays_within(network, latent)
    network.eval()
    with torch.no_grad():
        first, other, again = network(latent, LABELS), network(latent, 1 - LABELS), network(latent.flip(0), LABELS)
    require(not torch.allclose(first, again, atol=1e-6), "Other latents give the same films.", "Use the latent.")
    require(
        not torch.allclose(first, other, atol=1e-6),
        "The same latent gives the same film for both labels.",
        "Join nn.Embedding's numbers for the label to the latent: torch.cat([latent, ...], 1).",
    )
    _all_weights_learn(network, lambda: network(latent, LABELS).square().sum())
    passed("latents and labels become films of 32 x 32, -1 to 1, and every weight takes part.")


def _stays_within(network: nn.Module, latent: Tensor) -> None:
    """Whatever the weights are, grey values must stay within -1..1: here they are ten times as large."""
    strong = copy.deepcopy(network)
    with torch.no_grad():
        for weight in strong.parameters():
            weight.mul_(10)
        most = float(strong(latent, LABELS).abs().max())
    require(most <= 1.0001, f"With larger weights grey values reach {most:.1f}, beyond -1..1.", "End with torch.tanh.")


def FilmDiscriminator(answer: Callable) -> None:
    """Shapes, no sigmoid, each film judged alone, the label, the whole film, and each weight."""
    torch.manual_seed(0)
    network = answer()
    _has_weights(network)
    with torch.no_grad():  # an embedding that starts at zero is a fine choice: move it before asking what it does
        for weight in network.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    films = torch.rand(6, 1, SIDE, SIDE) * 2 - 1
    logits = network(films, LABELS)
    require(
        tuple(logits.shape) == (6,),
        f"Six films give logits of shape {tuple(logits.shape)}, expected (6,).",
        "One number a film: the linear layer gives (B, 1), take its column with [:, 0].",
    )
    loud = network(1000 * films, LABELS)
    require(
        bool(((loud < 0) | (loud > 1)).any()),
        "All answers lie between 0 and 1, as after a sigmoid.",
        "Return the logit itself: the loss does the rest, and does it exactly.",
    )
    alone = torch.cat([network(film[None], label[None]) for film, label in zip(films, LABELS, strict=True)])
    require(
        torch.allclose(logits, alone, atol=1e-4),
        "A film gets another logit in a batch than alone.",
        "Leave batch normalisation and dropout out: each film should be judged by itself.",
    )
    other = network(films, 1 - LABELS)
    require(
        not torch.allclose(logits, other, atol=1e-6),
        "The label makes no difference.",
        "Add the projection: (features * embedding(labels)).sum(1).",
    )
    _sees_everything(network, films)
    _all_weights_learn(network, lambda: network(films, LABELS).square().sum())
    passed("one logit a film, from the whole film and its label, whatever else is in the batch.")


def _has_weights(network: nn.Module) -> None:
    require(isinstance(network, nn.Module), "This is no network.", "Derive your class from nn.Module.")
    count = sum(weight.numel() for weight in network.parameters())
    require(
        count > 5000,
        f"Only {count:,} weights are registered.",
        "Layers in a plain list are not found: put them into nn.Sequential, and call super().__init__() first.",
    )
    require(count < 3_000_000, f"{count:,} weights are too many for a lesson.", "Start with 64 or 128 channels.")


def _all_weights_learn(network: nn.Module, loss: Callable[[], Tensor]) -> None:
    network.train()
    network.zero_grad()
    loss().backward()
    idle = [name for name, weight in network.named_parameters() if weight.grad is None]
    require(not idle, f"These weights take no part: {', '.join(idle[:3])}.", "Use every layer you made, or remove it.")


def _sees_everything(network: nn.Module, films: Tensor) -> None:
    films = films.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(films, LABELS).sum(), films)
    seen = float((gradient != 0).any(0).float().mean())
    require(
        seen > 0.9,
        f"Only {100 * seen:.0f} % of the pixels have any influence on the logits.",
        "Halve the picture by convolutions of kernel 4, stride 2, padding 1, and use all that is left.",
    )


class _Toy(nn.Module):
    """A generator or discriminator of a few weights that takes a label, and can be differentiated by hand."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.body = nn.Linear(inputs, outputs)
        self.label = nn.Embedding(2, outputs)

    def forward(self, values: Tensor, labels: Tensor) -> Tensor:
        """(B, inputs) and labels (B,) to (B, outputs), or to (B,) where there is one output."""
        made = self.body(values) + self.label(labels)
        return made[:, 0] if made.shape[1] == 1 else made


def _players(seed: int) -> tuple[nn.Module, nn.Module, Tensor, Tensor]:
    torch.manual_seed(seed)
    generator, discriminator = _Toy(3, 2), _Toy(2, 1)
    for network in (generator, discriminator):  # what an earlier turn left behind
        for weight in network.parameters():
            weight.grad = torch.randn_like(weight)
    return generator, discriminator, torch.randn(6, 2) + 1, torch.randn(6, 3)


def _weights(network: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def _moved(network: nn.Module, loss: Callable[[nn.Module], Tensor]) -> tuple[Tensor, float]:
    """Weights after one step of size 0.1 down ``loss``, and the loss before it."""
    twin = copy.deepcopy(network)
    value = loss(twin)
    slopes = torch.autograd.grad(value, list(twin.parameters()))
    return _weights(twin) - 0.1 * torch.cat([slope.flatten() for slope in slopes]), value.item()


def discriminator_step(answer: Callable) -> None:
    """Against one step of plain gradient descent, worked out apart; the generator has to stay as it is."""
    for seed in (1, 2):
        _discriminator_turn(answer, *_players(seed))
    passed("the discriminator moves down its loss, and the generator does not notice.")


def _discriminator_turn(answer: Callable, generator, discriminator, real: Tensor, latent: Tensor) -> None:
    before, slopes = _weights(generator), [weight.grad.clone() for weight in generator.parameters()]
    fake = generator(latent, LABELS).detach()
    wanted, price = _moved(
        discriminator, lambda judge: F.softplus(-judge(real, LABELS)).mean() + F.softplus(judge(fake, LABELS)).mean()
    )
    start = _weights(discriminator)
    loss = answer(
        generator, discriminator, torch.optim.SGD(discriminator.parameters(), 0.1), real.clone(), LABELS, latent.clone()
    )
    touched = any(
        weight.grad is not None and not torch.equal(weight.grad, old)
        for weight, old in zip(generator.parameters(), slopes, strict=True)
    )
    require(
        torch.equal(_weights(generator), before) and not touched,
        "Gradients have flowed into the generator.",
        "It is not its turn: detach the fakes, generator(latent, labels).detach().",
    )
    _turn_is_right(_weights(discriminator), start, wanted, loss, price, "discriminator")


def generator_step(answer: Callable) -> None:
    """Against one step of plain gradient descent, worked out apart; the discriminator's weights stay."""
    for seed in (3, 4):
        generator, discriminator, _, latent = _players(seed)
        _generator_turn(answer, generator, discriminator, latent)
    passed("the generator moves towards films that are taken for real, through a judge that stands still.")


def _generator_turn(answer: Callable, generator, discriminator, latent: Tensor) -> None:
    judge, start = _weights(discriminator), _weights(generator)
    wanted, price = _moved(generator, lambda maker: F.softplus(-discriminator(maker(latent, LABELS), LABELS)).mean())
    loss = answer(generator, discriminator, torch.optim.SGD(generator.parameters(), 0.1), LABELS, latent.clone())
    require(
        torch.equal(_weights(discriminator), judge),
        "The discriminator's weights have changed.",
        "Step the generator's optimiser alone.",
    )
    _turn_is_right(_weights(generator), start, wanted, loss, price, "generator")


def _turn_is_right(now: Tensor, start: Tensor, wanted: Tensor, loss: object, price: float, who: str) -> None:
    require(
        not torch.equal(now, start),
        f"The {who}'s weights have not moved.",
        "zero_grad, backward, step, in this order; and nothing may be detached on the way to these weights.",
    )
    forwards, yours = wanted - start, now - start
    alike = float(F.cosine_similarity(forwards, yours, dim=0))
    require(alike > -0.99, f"The {who} walks uphill: away from where its loss falls.", "Look at the signs in softplus.")
    require(
        torch.allclose(now, wanted, atol=1e-5),
        f"The {who} has moved, but not down its loss (agreement {alike:.2f}, expected 1.00).",
        "Are old gradients cleared first (zero_grad)? Is it softplus(-real) + softplus(fake) for the discriminator, "
        "softplus(-fake) for the generator, each a mean?",
    )
    require(loss is not None, "Nothing is returned.", "Return the loss as a number: loss.item().")
    require(abs(float(loss) - price) < 1e-4, f"The loss is {price:.4f}, you return {float(loss):.4f}.")


def frechet_distance(answer: Callable) -> None:
    """Against closed forms: one dimension, and clouds whose axes are the same but turned."""
    rng = np.random.default_rng(0)
    plain = _exact(rng, 40, np.zeros(1), np.eye(1))
    for shift, spread in ((3.0, 1.0), (0.0, 2.0), (-1.0, 0.5)):
        got = float(np.real(answer(plain, spread * plain + shift)))
        expected = shift**2 + (spread - 1) ** 2
        require(
            abs(got - expected) < 1e-6,
            f"Means {abs(shift):g} apart, standard deviations 1 and {spread:g}: "
            f"the distance is {expected:g}, not {got:.3f}.",
            "Squared distance of the means, plus trace(A + B) - 2 trace(sqrt(A B)).",
        )
    for dims in (2, 5):
        turn, _ = np.linalg.qr(rng.normal(size=(dims, dims)))
        first, second = rng.uniform(0.5, 3, dims), rng.uniform(0.5, 3, dims)
        gap = rng.normal(size=dims)
        real = _exact(rng, 60, np.zeros(dims), turn * first @ turn.T)
        made = _exact(rng, 80, gap, turn * second @ turn.T)
        given = answer(real, made)
        require(not np.iscomplexobj(given), "The answer is a complex number.", "Take the real part of the root.")
        expected = float(gap @ gap + ((first - second) ** 2).sum())
        require(
            abs(float(given) - expected) < 1e-6,
            f"In {dims} dimensions the distance is {expected:.4f}, not {float(given):.4f}.",
            "The root is of the matrix A B, not of its entries: the trace of the root is the sum of the roots of "
            "the eigenvalues, np.linalg.eigvals. Films are rows: np.cov(..., rowvar=False).",
        )
    passed("it is the closed form wherever there is one, in one dimension and in turned clouds.")


def _exact(rng: np.random.Generator, count: int, mean: np.ndarray, root: np.ndarray) -> np.ndarray:
    """``count`` points whose sample mean is ``mean`` and whose sample covariance is ``root`` squared, exactly."""
    dots = rng.normal(size=(count, len(mean)))
    dots = dots - dots.mean(0)
    whitened = dots @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(dots, rowvar=False)))).T
    return whitened @ root + mean


def coverage(answer: Callable) -> None:
    """Against films counted one by one, on equal, collapsed and distant clouds, for several k."""
    rng = np.random.default_rng(1)
    real = rng.normal(size=(40, 3))
    kinds = {
        "from the same cloud": rng.normal(size=(30, 3)),
        "collapsed to one place": real[:1] + 0.01 * rng.normal(size=(50, 3)),
        "far away": rng.normal(size=(30, 3)) + 50,
        "few": rng.normal(size=(6, 3)),
    }
    for k in (1, 5):
        for name, made in kinds.items():
            got, expected = float(answer(real, made, k)), counted(real, made, k)
            require(
                abs(got - expected) < 1e-9,
                f"Films {name}, k = {k}: {expected:.3f} of the real films are covered, not {got:.3f}.",
                "Each real film has a ball that reaches to its k-th neighbour among the other real films (its distance "
                "to itself, 0, does not count). What share of the balls holds a generated film?",
            )
    passed("a real film is covered if a generated one lies as near as its own neighbours do.")


def counted(real: np.ndarray, made: np.ndarray, k: int) -> float:
    """Coverage film by film."""
    covered = 0
    for i, film in enumerate(real):
        others = sorted(float(np.linalg.norm(film - other)) for j, other in enumerate(real) if j != i)
        covered += any(float(np.linalg.norm(film - other)) <= others[k - 1] for other in made)
    return covered / len(real)
