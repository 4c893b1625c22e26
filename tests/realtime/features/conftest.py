"""Sounds for features, and ways to cut them."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pytest


def music(n, seed):
    """Decaying partials over noise, with silence and clicks between: float32 (n,)."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / 16_000
    sound = np.zeros(n)
    for _ in range(rng.integers(1, 8)):
        at = rng.integers(0, max(1, n))
        tone = np.sin(2 * np.pi * rng.uniform(40, 7500) * t + rng.uniform(0, 6))
        sound[at:] += (tone * np.exp(-rng.uniform(0, 8) * t))[: n - at] * rng.uniform(0, 0.4)
    sound += rng.normal(0, 10 ** rng.uniform(-6, -1.3), n)
    if rng.random() < 0.3:
        start, stop = sorted(rng.integers(0, n + 1, 2))
        sound[start:stop] = 0
    if rng.random() < 0.2:
        sound[rng.integers(0, n)] = 1
    return (sound * 10 ** rng.uniform(-3, 0.2)).astype(np.float32)


def push_in_pieces(feature, samples, sizes):
    """Feed samples in pieces of these sizes, again and again until nothing is left."""
    at = 0
    for size in cycle(sizes) if any(sizes) else ():
        if at >= len(samples):
            break
        feature.push(samples[at : at + size])
        at += size
    feature.push(samples[at:])


@pytest.fixture(scope="session")
def sound():
    return music


@pytest.fixture(scope="session")
def feed():
    return push_in_pieces
