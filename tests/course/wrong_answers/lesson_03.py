"""Plausible wrong answers to the exercises of lesson 03."""

WRONG = {
    "discriminator_loss": [
        """
def discriminator_loss(real_logits, fake_logits):
    return -torch.log(torch.sigmoid(real_logits)).mean() - torch.log(1 - torch.sigmoid(fake_logits)).mean()
""",
        """
def discriminator_loss(real_logits, fake_logits):
    return F.softplus(real_logits).mean() + F.softplus(-fake_logits).mean()
""",
        """
def discriminator_loss(real_logits, fake_logits):
    return (F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()) / 2
""",
    ],
    "optimal_discriminator": [
        """
def optimal_discriminator(real_density, fake_density):
    return real_density / fake_density
""",
        """
def optimal_discriminator(real_density, fake_density):
    return real_density / (real_density + fake_density)
""",
        """
def optimal_discriminator(real_density, fake_density):
    return (real_density + 0.01) / (real_density + fake_density + 0.02)
""",
    ],
    "play_round": [
        """
def play_round(theta, w, b, real, noise, rate):
    fake = theta + noise
    judged_real, judged_fake = expit(w * real + b), expit(w * fake + b)
    new_w = w - rate * (np.mean(judged_fake * fake) - np.mean((1 - judged_real) * real))
    new_b = b - rate * (np.mean(judged_fake) - np.mean(1 - judged_real))
    return theta + rate * np.mean(1 - judged_fake) * w, new_w, new_b
""",
        """
def play_round(theta, w, b, real, noise, rate):
    fake = theta + noise
    judged_real, judged_fake = expit(w * real + b), expit(w * fake + b)
    w = w + rate * (np.mean(judged_fake * fake) - np.mean((1 - judged_real) * real))
    b = b + rate * (np.mean(judged_fake) - np.mean(1 - judged_real))
    return theta + rate * np.mean(1 - expit(w * fake + b)) * w, w, b
""",
    ],
    "transposed_convolution": [
        """
def transposed_convolution(values, kernel, stride):
    result = np.zeros(stride * (len(values) - 1) + len(kernel))
    for i, value in enumerate(values):
        result[i * stride : i * stride + len(kernel)] = value * kernel
    return result
""",
        """
def transposed_convolution(values, kernel, stride):
    result = np.zeros(stride * len(values) + len(kernel))
    for i, value in enumerate(values):
        result[i * stride : i * stride + len(kernel)] += value * kernel
    return result
""",
    ],
    "projection_logits": [
        """
def projection_logits(features, weight, bias, embedding, labels):
    return features @ weight + bias + embedding[labels].sum(1)
""",
        """
def projection_logits(features, weight, bias, embedding, labels):
    return features @ weight + bias + (features * embedding[0]).sum(1)
""",
        """
def projection_logits(features, weight, bias, embedding, labels):
    return (features * embedding[labels]).sum(1)
""",
    ],
}
