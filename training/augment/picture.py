"""Changes to a spectrogram scaled to [0, 1], cheap enough to be made afresh at every draw."""

from __future__ import annotations

import numpy as np

FOLLOWING = 0.4
"""Share of windows that begin with another sound."""

REMAINS = (0.08, 0.75)
"""Share of such a window that is left to the later one: 0.3 to 3 s of 4."""

RUMBLING = 0.25
"""Share of windows under which something rumbles."""

RUMBLE = (-0.2, 0.35)
"""How far a rumble's lowest band lies above the loudest point of the sound: -16 to 28 dB of 80."""

AUDIBLE = 0.15
"""How far below a window's loudest point a sound still counts: 12 dB of 80."""


def elsewhere(window: np.ndarray, rng: np.random.Generator) -> None:
    """Let a sound be heard in another place, in place: over a rumble, in another colour, in part.

    Args:
        window: float32 (frames, bands), 0 to 1.
        rng: Source of chance.
    """
    rumble(window, rng)
    colour(window, rng)
    mask(window, rng)


def rumble(window: np.ndarray, rng: np.random.Generator) -> None:
    """Let traffic, a ventilator or mains hum sound below now and then, in place.

    It may be louder than all that is to be heard, which is then scaled by it: a hydrophone's hum
    made a whale's song pass for a guitar.
    """
    if rng.random() > RUMBLING:
        return
    frames, bands = window.shape
    low = int(rng.integers(1, 2 + bands // 16))
    loudest = window.max()
    levels = loudest + rng.uniform(*RUMBLE) - rng.uniform(0, 0.15) * np.arange(low)
    swell = np.interp(np.arange(frames), np.linspace(0, frames, 5), rng.normal(0, 0.03, 5))
    noise = rng.normal(0, rng.uniform(0, 0.04), (frames, low))
    below = (levels + swell[:, None] + noise).astype(np.float32)
    np.maximum(window[:, :low], below, out=window[:, :low])
    window -= max(0, window.max() - loudest)
    np.clip(window, 0, 1, out=window)


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


def follow(window: np.ndarray, earlier: np.ndarray, rng: np.random.Generator) -> None:
    """Let another sound come before this one now and then, in place.

    A live window holds two instruments for as long as it is, after each change. Most of those here
    hold little of the later one, as they do just after it began; it is the one to be named.

    Args:
        window: float32 (frames, bands), 0 to 1.
        earlier: What is heard before, the same shape.
        rng: Source of chance.
    """
    if rng.random() > FOLLOWING:
        return
    frames = len(window)
    change = frames - round(frames * rng.uniform(*REMAINS))
    loudest = window.max()
    if window[change:].max() < loudest - AUDIBLE:
        return  # it had died away by then
    before = earlier[:change]
    gain = np.float32(rng.uniform(-AUDIBLE, AUDIBLE))
    window[:change] = np.where(before > 0, np.clip(before + gain, 0, loudest), 0)
