"""Plausible wrong answers to the exercises of lesson 05; each must be caught, with words."""

STAGE = 'nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d({0}, {1}, 3, padding=1), nn.ReLU()'
STAGES = {
    "two": ", ".join([STAGE.format(64, 32), STAGE.format(32, 16)]),
    "three": ", ".join([STAGE.format(64, 32), STAGE.format(32, 16), STAGE.format(16, 16)]),
}
GENERATOR = """
class FilmGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.label, self.start = nn.Embedding(2, 16), nn.Linear(80, 64 * 16)
        self.stages = {stages}
        self.film = nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, latent, labels):
        x = self.start(torch.cat([latent, {label}], 1)).view(-1, 64, 4, 4)
        for stage in self.stages:
            x = stage(x)
        return {end}
"""
DISCRIMINATOR = """
class FilmDiscriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.stages = nn.Sequential(
            nn.Conv2d(1, 16, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(16, 32, 4, 2, 1), {norm} nn.LeakyReLU(0.2),
            nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(1024, 64))
        self.logit, self.label = nn.Linear(64, 1), nn.Embedding(2, 64)

    def forward(self, films, labels):
        h = self.stages(films)
        return {end}
"""
PROJECTED = "self.logit(h)[:, 0] + (h * self.label(labels)).sum(1)"
TURN = """
def discriminator_step(generator, discriminator, optimiser, real, labels, latent):
    fake = generator(latent, labels){detach}
    loss = F.softplus({real}discriminator(real, labels)).mean() + F.softplus({fake}discriminator(fake, labels)).mean()
    {clear}
    loss.backward()
    {step}
    return loss.item()
"""
OTHER_TURN = """
def generator_step(generator, discriminator, optimiser, labels, latent):
    loss = {loss}
    {clear}
    loss.backward()
    optimiser.step()
    return loss.item()
"""
WRONG = {
    "FilmGenerator": [
        GENERATOR.format(
            stages=f"nn.Sequential({STAGES['two']})", label="self.label(labels)", end="torch.tanh(self.film(x))"
        ),
        GENERATOR.format(stages=f"nn.Sequential({STAGES['three']})", label="self.label(labels)", end="self.film(x)"),
        GENERATOR.format(
            stages=f"nn.Sequential({STAGES['three']})", label="self.label(0 * labels)", end="torch.tanh(self.film(x))"
        ),
        GENERATOR.format(
            stages=f"nn.Sequential({STAGES['three']})", label="self.label(labels)", end="torch.tanh(x[:, :1])"
        ),
        """
class FilmGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(64, 1024), nn.Tanh()]

    def forward(self, latent, labels):
        return self.layers[1](self.layers[0](latent)).view(-1, 1, 32, 32)
""",
    ],
    "FilmDiscriminator": [
        DISCRIMINATOR.format(norm="", end="self.logit(h) + (h * self.label(labels)).sum(1, keepdim=True)"),
        DISCRIMINATOR.format(norm="", end=f"torch.sigmoid({PROJECTED})"),
        DISCRIMINATOR.format(norm="nn.BatchNorm2d(32),", end=PROJECTED),
        DISCRIMINATOR.format(norm="", end="self.logit(h)[:, 0]"),
    ],
    "discriminator_step": [
        TURN.format(detach="", real="-", fake="", clear="optimiser.zero_grad()", step="optimiser.step()"),
        TURN.format(detach=".detach()", real="-", fake="", clear="pass", step="optimiser.step()"),
        TURN.format(detach=".detach()", real="", fake="-", clear="optimiser.zero_grad()", step="optimiser.step()"),
        TURN.format(detach=".detach()", real="-", fake="", clear="optimiser.zero_grad()", step="pass"),
        TURN.format(detach=".detach()", real="-", fake="-", clear="optimiser.zero_grad()", step="optimiser.step()"),
    ],
    "generator_step": [
        OTHER_TURN.format(
            loss="F.softplus(-discriminator(generator(latent, labels).detach(), labels)).mean()",
            clear="optimiser.zero_grad()",
        ),
        OTHER_TURN.format(
            loss="F.softplus(discriminator(generator(latent, labels), labels)).mean()", clear="optimiser.zero_grad()"
        ),
        OTHER_TURN.format(
            loss="-F.softplus(discriminator(generator(latent, labels), labels)).mean()", clear="optimiser.zero_grad()"
        ),
        OTHER_TURN.format(loss="F.softplus(-discriminator(generator(latent, labels), labels)).mean()", clear="pass"),
    ],
    "frechet_distance": [
        """
def frechet_distance(real, generated):
    shift = real.mean(0) - generated.mean(0)
    return float(shift @ shift)
""",
        """
def frechet_distance(real, generated):
    shift = real.mean(0) - generated.mean(0)
    a, b = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (real, generated))
    return float(shift @ shift + np.trace(a) + np.trace(b) - 2 * np.trace(np.sqrt(np.abs(a @ b))))
""",
        """
def frechet_distance(real, generated):
    shift = real.mean(0) - generated.mean(0)
    a, b = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (real, generated))
    roots = np.sqrt(np.linalg.eigvals(a @ b).real.clip(0))
    return float(np.sqrt(shift @ shift) + np.trace(a) + np.trace(b) - 2 * roots.sum())
""",
    ],
    "coverage": [
        """
def coverage(real, generated, k):
    reach = np.sort(cdist(real, real), axis=1)[:, k - 1]
    return float(np.mean(cdist(real, generated).min(1) <= reach))
""",
        """
def coverage(real, generated, k):
    reach = np.sort(cdist(real, real), axis=1)[:, k]
    return float(np.mean((cdist(real, generated) <= reach[:, None]).any(0)))
""",
        """
def coverage(real, generated, k):
    reach = np.sort(cdist(generated, generated), axis=1)[:, min(k, len(generated) - 1)]
    return float(np.mean((cdist(real, generated) <= reach[None]).any(1)))
""",
    ],
}
