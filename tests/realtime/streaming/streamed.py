"""A small spectrogram, sound for it, and its rows as what follows the stream is to read them."""

from __future__ import annotations

import numpy as np

from realtime.features import Spectrogram

FRAMES, BANDS = 12, 6
FEATURE = {"frames": FRAMES, "bands": BANDS, "n_fft": 512, "win_length": 500, "hop": 470}


def sound(n: int, seed: int) -> np.ndarray:
    """Noise, float32 (n,), louder and softer every sixteenth of a second."""
    rng = np.random.default_rng(seed)
    loudness = np.repeat(rng.uniform(0, 1, n // 1000 + 1) ** 3, 1000)[:n]
    return (rng.normal(0, 0.2, n) * loudness).astype(np.float32)


def rows(samples: np.ndarray) -> np.ndarray:
    """Each frame by itself, scaled by the loudest of the window that ends with it."""
    feature, hop, length = Spectrogram(**FEATURE), FEATURE["hop"], FEATURE["win_length"]
    decibels = np.full((FRAMES, BANDS), -np.inf, np.float32)
    grey = np.zeros((0, BANDS), np.float32)
    for end in range((length - 1) % hop + 1, len(samples) + 1, hop):
        feature.reset()
        feature.push(samples[:end])
        decibels = np.concatenate([decibels, feature.decibels()[-1:]])[-FRAMES:]
        white = max(float(decibels.max()), -60.0)
        grey = np.concatenate([grey, np.maximum((decibels[-1:] - white + 80) / 80, 0)])
    return grey.astype(np.float32)


def followed(follower, feature, samples, cuts):
    """Let it follow the samples, in blocks of these lengths over and over."""
    at = k = 0
    while at < len(samples):
        block = samples[at : at + cuts[k % len(cuts)]]
        feature.push(block)
        follower.catch_up()
        at, k = at + len(block), k + 1
