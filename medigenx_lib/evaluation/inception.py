"""Inception features, for those who want the FID that papers print: a further space for ``images.scores``.

    images.scores(train, test, films, spaces={"inception": inception_features})

The network is torch-fidelity's copy of the one that Heusel et al. used ("GANs Trained by a Two Time-Scale Update Rule",
NeurIPS 2017); its weights (95 MB) are downloaded once. Pitfalls: it learned colour photographs, so grey films are shown
three times over and enlarged to 299 pixels, where a blurred film and a sharp small one look alike; 2,048 features need
far more than 2,048 films for a covariance; and what it cares for is no radiologist's concern (Kynkaanniemi et al., "The
Role of ImageNet Classes in Frechet Inception Distance", ICLR 2023). So it is offered, not the default.
"""

from __future__ import annotations

import functools

import numpy as np
import torch

from medigenx_lib import settings
from medigenx_lib.errors import DataUnavailableError
from medigenx_lib.evaluation.films import Films, stack

BATCH = 32
HOW = "In Colab or with a network: pip install torch-fidelity, then once more. The course's own encoder needs neither."


def inception_features(films: Films, progress: bool = True) -> np.ndarray:
    """The 2,048 pooled features of Inception-v3 for each film, float32 (N, 2048); films (N, S, S) in 0..1 of any size.

    About 0.1 CPU-seconds a film. Raises DataUnavailableError where torch-fidelity or its weights cannot be had.
    """
    from tqdm.auto import tqdm

    network, device = _network(), settings.device()
    grey = torch.from_numpy(stack(films)).mul(255).round().to(torch.uint8)[:, None]
    with torch.inference_mode():
        parts = tqdm(grey.split(BATCH), "Inception features", unit="batch", delay=2, disable=not progress)
        return torch.cat([network(part.expand(-1, 3, -1, -1).to(device))[0].cpu() for part in parts]).numpy()


@functools.cache
def _network() -> torch.nn.Module:
    try:
        from torch_fidelity import feature_extractor_inceptionv3 as fidelity
    except ImportError as error:
        raise DataUnavailableError("torch-fidelity is not installed.", HOW) from error
    try:  # checked and read as plain tensors first: torch-fidelity itself would unpickle whatever is there
        torch.hub.load_state_dict_from_url(fidelity.URL_INCEPTION_V3, check_hash=True, weights_only=True)
        extractor = fidelity.FeatureExtractorInceptionV3("inception", ["2048"], verbose=False)
    except (OSError, RuntimeError) as error:
        raise DataUnavailableError(f"Inception's weights could not be had ({error}).", HOW) from error
    return extractor.to(settings.device())
