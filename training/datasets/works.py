"""Which MIDI files hold the same work, so that a split never divides one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from training.datasets.midi import Notes

GRAM = 10
SHARED = 0.15
COMMON = 8


def groups(pieces: Sequence[Notes]) -> np.ndarray:
    """Number pieces so that those that resemble each other share a number.

    Two pieces are taken for one work when the intervals of their top lines share at least 15% of
    their runs of ten (and five runs); runs that more than eight pieces share say nothing.
    Transposed versions are found, arrangements with another top line are not.

    Returns:
        int64 (n,): a group number for each piece.
    """
    grams = [_grams(piece) for piece in pieces]
    holders: dict[bytes, list[int]] = defaultdict(list)
    for i, runs in enumerate(grams):
        for run in runs:
            holders[run].append(i)
    shared: Counter[tuple[int, int]] = Counter()
    for where in holders.values():
        if 1 < len(where) <= COMMON:
            shared.update((a, b) for k, a in enumerate(where) for b in where[k + 1 :])
    parent = list(range(len(pieces)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for (a, b), count in shared.items():
        if count >= max(5, SHARED * min(len(grams[a]), len(grams[b]))):
            parent[root(a)] = root(b)
    return np.array([root(i) for i in range(len(pieces))])


def _grams(piece: Notes) -> set[bytes]:
    _, first = np.unique(np.round(piece.onsets / 0.03), return_index=True)
    top = np.maximum.reduceat(piece.pitches, first)
    line = np.clip(np.diff(top) + 30, 0, 60).astype(np.uint8).tobytes()
    return {line[i : i + GRAM] for i in range(len(line) - GRAM + 1)}
