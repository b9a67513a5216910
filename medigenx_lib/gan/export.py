"""A generator as the Hugging Face Hub knows models: ``save_pretrained`` and ``from_pretrained``.

A folder with ``model.safetensors``, ``config.json`` (the recipe, from which the network is rebuilt) and ``README.md``
(the model card). Weights are read from safetensors alone: a pickle can run code when it is opened.
"""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData, PyTorchModelHubMixin, hf_hub_download
from torch import Tensor, nn

from medigenx_lib import weights
from medigenx_lib.errors import WeightsError
from medigenx_lib.gan import sampling
from medigenx_lib.gan.networks import build_generator
from medigenx_lib.gan.recipes import Recipe
from medigenx_lib.gan.sampling import SHIPPED
from medigenx_lib.settings import NOTICE

WEIGHTS = "model.safetensors"
USE = """
## Use

```python
from medigenx_lib.gan.export import PretrainedGenerator

generator = PretrainedGenerator.from_pretrained("{folder}")
films = generator.sample([0, 1], seed=0)  # (2, 1, {size}, {size}), 0..1; label 0 normal, 1 pneumonia
```
"""


class PretrainedGenerator(nn.Module, PyTorchModelHubMixin):
    """A generator with its recipe: ``recipe`` is the JSON-able form that ``Recipe.to_dict`` gives.

    ``save_pretrained(folder)`` writes it; ``from_pretrained(folder or "owner/name")`` reads it, ready to sample.
    """

    def __init__(self, recipe: dict, card: str = ""):
        super().__init__()
        self.recipe, self.card = Recipe.from_dict(recipe), card
        self.generator = build_generator(self.recipe).eval()

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Latents (n, D) and labels (n,) to films (n, 1, S, S), about -1..1."""
        return self.generator(latent, labels)

    def sample(self, labels: list[int], seed: int = 0) -> Tensor:
        """One film a label, (n, 1, S, S) 0..1: those of ``sampling.sample`` with the same seed."""
        from torch import tensor

        return sampling.films(self.generator, sampling.latents(self.recipe, seed, range(len(labels))), tensor(labels))

    def generate_model_card(self, *args, **kwargs) -> ModelCard:
        """The card that belongs to the weights, under the header that the Hub reads."""
        data = ModelCardData(
            library_name="pytorch",
            license="cc-by-4.0",
            tags=["medical", "radiology", "chest-x-ray", "gan", "synthetic"],
        )
        use = USE.format(folder="FOLDER", size=self.recipe.size)
        body = self.card or f"# {self.recipe.name} generator of {self.recipe.size}x{self.recipe.size} films\n"
        return ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}\n**{NOTICE}**\n{use}")

    @classmethod
    def _from_pretrained(cls, *, model_id, revision, cache_dir, force_download, local_files_only, token, **kwargs):
        """Called by ``from_pretrained`` once the configuration has been read."""
        if (Path(model_id) / WEIGHTS).is_file():
            path = Path(model_id) / WEIGHTS
        else:
            where = {"revision": revision, "cache_dir": cache_dir, "force_download": force_download}
            path = hf_hub_download(model_id, WEIGHTS, token=token, local_files_only=local_files_only, **where)
        model = cls(**kwargs)
        _load(model, path)
        return model.requires_grad_(False)


def pretrained(checkpoint: str | Path = SHIPPED) -> PretrainedGenerator:
    """The averaged generator of a shipped name, a weights file or a training folder, with its card if it has one.

    Raises WeightsError if there is none.
    """
    trained = sampling.load(checkpoint)
    card = weights.FOLDER / f"{trained.name}.md"
    text = card.read_text("utf-8") if card.is_file() else ""
    model = PretrainedGenerator(recipe=trained.recipe.to_dict(), card=text)
    model.generator.load_state_dict(trained.network.state_dict())
    return model.requires_grad_(False)


def _load(model: nn.Module, path: str | Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        model.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(f"{path} holds no such generator ({error}).", "Save it anew: save_pretrained.") from error
