"""Notes that nobody wrote."""

from __future__ import annotations

import numpy as np

from training.datasets.midi import Notes


def notes(n: int = 60, *, seed: int = 0) -> Notes:
    """As many as asked for within 20 s, on a harpsichord of one loudness."""
    rng = np.random.default_rng(seed)
    onsets = np.sort(np.round(rng.uniform(0, 20, n), 2))
    return Notes(
        onsets,
        rng.uniform(0.1, 1, n),
        rng.integers(40, 80, n),
        np.full(n, 64),
        np.full(n, 6),
    )
