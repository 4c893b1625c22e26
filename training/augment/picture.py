"""Changes to a spectrogram scaled to [0, 1], cheap enough to be made afresh at every draw."""

from __future__ import annotations

import numpy as np


def mask(window: np.ndarray, rng: np.random.Generator) -> None:
    """Blank a band of frequencies and a stretch of time now and then, in place.

    SpecAugment (Park et al., 2019), at most a sixth of each axis.
    """
    for axis, size in enumerate(window.shape):
        if rng.random() < 0.4:
            width = int(rng.integers(1, max(2, size // 6)))
            start = int(rng.integers(0, size - width))
            where = [slice(None), slice(None)]
            where[axis] = slice(start, start + width)
            window[tuple(where)] = 0


def colour(window: np.ndarray, rng: np.random.Generator) -> None:
    """Raise some bands and lower others now and then, as another room would, in place.

    FilterAugment (Nam et al., 2022): a smooth random filter, here of up to a tenth of the picture's
    range (8 dB of 80) either way. What was black stays black and the loudest point stays as loud.

    Args:
        window: float32 (frames, bands), 0 to 1.
        rng: Source of chance.
    """
    if rng.random() < 0.3:
        return
    bands = window.shape[1]
    knots = int(rng.integers(3, 8))
    at = np.linspace(0, bands - 1, knots)
    curve = np.interp(np.arange(bands), at, rng.uniform(-0.1, 0.1, knots)).astype(np.float32)
    loudest = window.max()
    black = window <= 0
    window += curve
    window += loudest - window.max()
    np.clip(window, 0, 1, out=window)
    window[black] = 0
