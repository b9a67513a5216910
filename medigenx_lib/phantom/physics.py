"""From path lengths to a film: attenuation, scatter, blur, quantum noise, logarithm, display curve.

Source for the chain: Bushberg et al., "The Essential Physics of Medical Imaging", 4th ed., chapters 4 and 7.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from medigenx_lib.phantom import streams
from medigenx_lib.phantom.anatomy import View
from medigenx_lib.phantom.fields import blur, grid, smooth

SCATTER_REACH = 0.15
"""Standard deviation of the scatter kernel, as a share of the film's width."""


def centimetres(p: SimpleNamespace) -> float:
    """Half the inner thoracic width in cm: 7 in an infant, 14 in an adult."""
    return 7.0 + 7.0 * p.age


def attenuation(p: SimpleNamespace, soft: np.ndarray, bone: np.ndarray) -> np.ndarray:
    """Beer-Lambert exponent (S, S) of soft tissue and bone path lengths, at an effective 55 to 75 keV."""
    soft_cm, bone_cm = centimetres(p) * np.maximum(soft, 0), centimetres(p) * bone
    return (0.185 - 0.03 * p.energy) * soft_cm + (0.60 - 0.18 * p.energy) * bone_cm


def detect(p: SimpleNamespace, exponent: np.ndarray) -> np.ndarray:
    """Noise-free detector signal (S, S), 1 in the open beam: primary beam, its blur, and scatter."""
    primary = np.exp(-exponent)
    sharp = blur(primary, round(float(np.hypot(p.sharpness, 0.38 / len(primary))), 4))
    return sharp + 0.45 * p.scatter * blur(primary * np.minimum(exponent * 0.5, 1), SCATTER_REACH)


def noisy(p: SimpleNamespace, signal: np.ndarray) -> np.ndarray:
    """Quantum noise: variance proportional to the signal; ``10 ** dose`` quanta per open pixel at 64 pixels."""
    white = streams.normals(p.seed, "quantum_noise", signal.shape)
    quanta = 10**p.dose * (64 / len(signal)) ** 0.5
    return signal + np.sqrt(signal / quanta) * white


def density(signal: np.ndarray) -> np.ndarray:
    """Negative logarithm of the signal: what a detector's first processing step gives."""
    return -np.log(np.maximum(signal, 1e-4))


def window_of(p: SimpleNamespace, film: np.ndarray) -> tuple[float, float]:
    """Centre and width of the display window, from the middle of the film *without* disease.

    A technician sets exposure and window for the patient, so that disease moves no grey value away from itself;
    automatic exposure, which would, is left out on purpose: counterfactual pairs would differ everywhere.
    """
    u, v = grid(len(film))
    weight = np.exp(-0.9 * (u * u + v * v))
    weight /= weight.sum()
    centre = float((film * weight).sum())
    return centre, float(np.sqrt(((film - centre) ** 2 * weight).sum()))


def display(p: SimpleNamespace, view: View, film: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Grey values 0..1, bright where much is absorbed: unsharp masking, window, sigmoid film curve, tone."""
    u, v = grid(view.size)
    centre, spread = window
    level = film - centre + p.unsharp * 0.6 * (film - blur(film, 0.10))
    level = level / (spread**p.latitude * 0.55 ** (1 - p.latitude)) + p.vignette * (u + v)
    level = level + p.texture * smooth(p.seed, "film_texture", view.size, 26)
    grey = 1 / (1 + np.exp(np.minimum(-1.7 * p.contrast * (level - p.centre), 40)))
    grey = np.exp(p.toe * np.log(grey))
    return p.black + (p.white - p.black) * grey
