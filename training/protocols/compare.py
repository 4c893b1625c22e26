"""Two systems over the same folds: is one better, or was it luck?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from realtime.errors import UserError
from training.protocols.folds import Outcome
from training.statistics import interval


def compare(a: Sequence[Outcome], b: Sequence[Outcome], *, seed: int = 0) -> dict[str, Any]:
    """Wilcoxon's signed-rank test over folds and a paired bootstrap over what was tested.

    The bootstrap draws instruments or works anew (Efron and Tibshirani, 1993), not windows, since
    the windows of one are no independent evidence. Where the two systems read different windows of
    the same files, as sound and notes, files are paired.

    Args:
        a: Folds of the first system.
        b: The same folds of the second.
        seed: Of the bootstrap.

    Returns:
        ``accuracies`` of both in what is paired, fold by fold; ``difference`` (a - b), its 95%
        ``interval`` and how many ``items`` and ``clusters`` it rests on; ``wilcoxon`` with
        ``statistic``, ``p`` and ``least_p``, which is as low as p can be with so many folds. Folds
        share most of what they are trained on, so that p is lower than it should be (Dietterich,
        1998): the interval, which draws what was tested, is the better guide.

    Raises:
        UserError: The two have no test window or file in common.
    """
    folds, unit = _paired(a, b)
    first, second = ([round(float(fold[k].mean()), 4) for fold in folds] for k in ("a", "b"))
    paired = np.concatenate(folds)
    gaps, clusters = paired["a"] - paired["b"], paired["cluster"]
    return {
        "accuracies": [first, second],
        "difference": round(float(gaps.mean()), 4),
        "interval": list(interval(gaps, clusters, seed=seed)),
        "paired": unit,
        "items": len(gaps),
        "clusters": len(np.unique(clusters)),
        "wilcoxon": wilcoxon(first, second),
    }


def wilcoxon(first: Sequence[float], second: Sequence[float]) -> dict[str, float]:
    """Two-sided signed-rank test over paired accuracies; folds that tie are left out."""
    from scipy import stats

    differences = np.round(np.subtract(first, second), 6)
    n = int(np.count_nonzero(differences))
    least = 2.0 ** (1 - len(differences))
    if n == 0:
        return {"statistic": 0.0, "p": 1.0, "least_p": least}
    result = stats.wilcoxon(differences[differences != 0])
    return {
        "statistic": float(result.statistic),
        "p": round(float(result.pvalue), 6),
        "least_p": round(least, 6),
    }


def _paired(a: Sequence[Outcome], b: Sequence[Outcome]) -> tuple[list[np.ndarray], str]:
    """How far each window or file of each fold was named right by both, and what is paired.

    Returns:
        For each fold a structured array (n,) of ``a``, ``b`` and ``cluster``.
    """
    for unit, name in (("windows", _window), ("files", _file)):
        folds = []
        for x, y in zip(a, b, strict=True):
            mine, other = _right(x, name), _right(y, name)
            rows = [
                (mine[k][0], other[k][0], mine[k][1]) for k in sorted(mine.keys() & other.keys())
            ]
            folds.append(np.array(rows, [("a", float), ("b", float), ("cluster", np.int64)]))
        if all(map(len, folds)):
            return folds, unit
    raise UserError(
        "the two were tested on nothing in common; compare them under --protocol honest"
    )


def _right(tested: Outcome, name: Any) -> dict[str, tuple[float, int]]:
    """Share of windows named right, and the cluster, of each window or file."""
    found: dict[str, list[float]] = {}
    group: dict[str, int] = {}
    for key, g, right in zip(
        tested.keys.tolist(), tested.groups.tolist(), tested.right.tolist(), strict=True
    ):
        found.setdefault(name(key), []).append(float(right))
        group[name(key)] = g
    return {k: (float(np.mean(v)), group[k]) for k, v in found.items()}


def _window(key: str) -> str:
    return key


def _file(key: str) -> str:
    return key.rpartition("#")[0]
