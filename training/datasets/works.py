"""Which MIDI files hold the same work, so that a split never divides one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from realtime.errors import UserError
from training.datasets.midi import Notes, load

GRAM = 10
SHARED = 0.15
COMMON = 8
MANY, STEADY, SPAN = 25, 0.97, 0.5


def groups(pieces: Sequence[Notes]) -> np.ndarray:
    """Number pieces so that those that resemble each other share a number.

    Two pieces are taken for one work when the intervals of their top lines share at least 15% of
    their runs of ten (and five runs), or 25 runs that come at a steady pace through half of one of
    them: two people rarely play or type the same notes. Runs that more than eight pieces share say
    nothing. Transposed versions are found, arrangements with another top line are not.

    Returns:
        int64 (n,): a group number for each piece.
    """
    grams = [_grams(piece) for piece in pieces]
    holders: dict[bytes, list[int]] = defaultdict(list)
    for i, runs in enumerate(grams):
        for run in runs:
            holders[run].append(i)
    alike: Counter[tuple[int, int]] = Counter()
    for where in holders.values():
        if 1 < len(where) <= COMMON:
            alike.update((a, b) for k, a in enumerate(where) for b in where[k + 1 :])
    parent = list(range(len(pieces)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for (a, b), count in alike.items():
        first, second = grams[a], grams[b]
        if count >= max(5, SHARED * min(len(first), len(second))):
            parent[root(a)] = root(b)
        elif count >= MANY:
            telling = [r for r in first.keys() & second.keys() if len(holders[r]) <= COMMON]
            if _parallel(first, second, telling):
                parent[root(a)] = root(b)
    return np.array([root(i) for i in range(len(pieces))])


def shared(learned: Sequence[Path], kept: Sequence[Path]) -> dict[Path, Path]:
    """Files to judge by that hold a work which is trained on, and a file that it is trained on in.

    Files that cannot be read are left aside.

    Args:
        learned: MIDI files to train on.
        kept: MIDI files to judge by.
    """
    readable: list[Path] = []
    pieces: list[Notes] = []
    for path in (*learned, *kept):
        try:
            pieces.append(load(path))
            readable.append(path)
        except UserError:
            continue
    number = dict(zip(readable, groups(pieces).tolist(), strict=True))
    of = {number[path]: path for path in learned if path in number}
    return {path: of[number[path]] for path in kept if number.get(path) in of}


def _parallel(first: dict[bytes, float], second: dict[bytes, float], runs: list[bytes]) -> bool:
    """Whether runs that two pieces share come in one order, and at one pace but for rubato."""
    x, y = (np.array([piece[run] for run in runs]) for piece in (first, second))
    through = max(np.ptp(x) / max(first.values()), np.ptp(y) / max(second.values()))
    return bool(through > SPAN and np.corrcoef(x, y)[0, 1] > STEADY)


def _grams(piece: Notes) -> dict[bytes, float]:
    """Runs of a piece's top line, and the second at which each comes, for the last time."""
    _, first = np.unique(np.round(piece.onsets / 0.03), return_index=True)
    top = np.maximum.reduceat(piece.pitches, first)
    line = np.clip(np.diff(top) + 30, 0, 60).astype(np.uint8).tobytes()
    onsets = piece.onsets[first].tolist()
    return {line[i : i + GRAM]: onsets[i] for i in range(len(line) - GRAM + 1)}
