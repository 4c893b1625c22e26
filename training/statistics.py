"""How far a figure may be from the truth."""

from __future__ import annotations

import numpy as np

RESAMPLED = 10_000


def interval(values: np.ndarray, clusters: np.ndarray, *, seed: int = 0) -> tuple[float, float]:
    """95% interval of a mean, from a bootstrap that draws clusters (Efron and Tibshirani, 1993).

    Windows of one instrument or work are no independent evidence, so those are drawn anew.

    Args:
        values: One a window or file, (n,).
        clusters: Number of the instrument or work of each, int64 (n,).
        seed: Of the bootstrap.
    """
    names, cluster = np.unique(clusters, return_inverse=True)
    sums, sizes = np.bincount(cluster, values), np.bincount(cluster)
    drawn = np.random.default_rng(seed).integers(len(names), size=(RESAMPLED, len(names)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)
