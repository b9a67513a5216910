"""Plausible wrong answers to the exercises of lesson 04."""

WRONG = {
    "kinds_covered": [
        """
def kinds_covered(made, centres, radius=0.45, least=0.02):
    distance, kind = torch.cdist(made, centres).min(1)
    counts = torch.bincount(kind, minlength=len(centres))
    return int((counts >= least * len(made)).sum()), (distance < radius).float().mean().item()
""",
        """
def kinds_covered(made, centres, radius=0.45, least=0.02):
    distance, kind = torch.cdist(made, centres).min(1)
    near = distance < radius
    counts = torch.bincount(kind[near], minlength=len(centres))
    return int((counts > 0).sum()), near.float().mean().item()
""",
        """
def kinds_covered(made, centres, radius=0.45, least=0.02):
    distance, kind = torch.cdist(made, centres).min(1)
    near = distance < radius
    counts = torch.bincount(kind[near], minlength=len(centres))
    return int((counts >= least * near.sum()).sum()), near.float().mean().item()
""",
    ],
    "gradient_penalty": [
        """
def gradient_penalty(judge, points):
    points = points.detach().requires_grad_()
    (slope,) = torch.autograd.grad(judge(points).sum(), points)
    return slope.square().sum(1).mean()
""",
        """
def gradient_penalty(judge, points):
    points = points.detach().requires_grad_()
    (slope,) = torch.autograd.grad(judge(points).sum(), points, create_graph=True)
    return slope.norm(dim=1).mean()
""",
        """
def gradient_penalty(judge, points):
    points = points.detach().requires_grad_()
    (slope,) = torch.autograd.grad(judge(points).mean(), points, create_graph=True)
    return slope.square().sum(1).mean()
""",
        """
def gradient_penalty(judge, points):
    points = points.detach().requires_grad_()
    (slope,) = torch.autograd.grad(judge(points).sum(), points, create_graph=True)
    return (slope.norm(dim=1) - 1).square().mean()
""",
    ],
    "update_average": [
        """
def update_average(average, generator, decay, step):
    with torch.no_grad():
        for mean, value in zip(average.parameters(), generator.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)
""",
        """
def update_average(average, generator, decay, step):
    d = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for mean, value in zip(average.parameters(), generator.parameters(), strict=True):
            mean.lerp_(value, d)
""",
        """
def update_average(average, generator, decay, step):
    d = min(decay, (1 + step) / (10 + step))
    for mean, value in zip(average.parameters(), generator.parameters(), strict=True):
        mean = d * mean + (1 - d) * value
""",
    ],
    "overfitting": [
        """
def overfitting(train_logits, held_out_logits, fake_logits):
    return (train_logits.mean() - held_out_logits.mean()).item()
""",
        """
def overfitting(train_logits, held_out_logits, fake_logits):
    train, held_out, fake = train_logits.mean(), held_out_logits.mean(), fake_logits.mean()
    return float((held_out - fake) / (train - fake))
""",
        """
def overfitting(train_logits, held_out_logits, fake_logits):
    train, held_out, fake = train_logits.mean(), held_out_logits.mean(), fake_logits.mean()
    return float((train - held_out) / (train - fake))
""",
    ],
    "shift_films": [
        """
def shift_films(films, rows, columns):
    moved = [torch.roll(film, (int(r), int(c)), (1, 2)) for film, r, c in zip(films, rows, columns)]
    return torch.stack(moved)
""",
        """
def shift_films(films, rows, columns):
    place = torch.arange(films.shape[-1])
    row = (place[None, :] + rows[:, None]).clamp(0, films.shape[-1] - 1)
    column = (place[None, :] + columns[:, None]).clamp(0, films.shape[-1] - 1)
    film = torch.arange(len(films))[:, None, None]
    return films[:, 0][film, row[:, :, None], column[:, None, :]][:, None]
""",
        """
def shift_films(films, rows, columns):
    place = torch.arange(films.shape[-1])
    row = (place[None, :] - columns[:, None]).clamp(0, films.shape[-1] - 1)
    column = (place[None, :] - rows[:, None]).clamp(0, films.shape[-1] - 1)
    film = torch.arange(len(films))[:, None, None]
    return films[:, 0][film, row[:, :, None], column[:, None, :]][:, None]
""",
    ],
}
