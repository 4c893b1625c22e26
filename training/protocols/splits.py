"""Folds: which windows a network is trained, stopped early and tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime.errors import UserError
from training.protocols import Protocol
from training.protocols.windows import Windows

FOLDS = 5
"""Folds after which everything is shuffled anew, so that there are as many as one asks for."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows of a set of windows; the parts are disjoint.

    Attributes:
        number: From 0.
        train: int64 (n,).
        valid: int64 (n,); empty where the paper had no such part.
        test: int64 (n,).
    """

    number: int
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def split(
    windows: Windows,
    protocol: Protocol,
    number: int,
    *,
    shares: tuple[float, float],
    what: str = "instruments",
    seed: int = 0,
) -> Fold:
    """One fold, with every label divided alike.

    Five successive folds take their test parts from five different places of one shuffle, so that
    they overlap as little as the shares allow; the next five shuffle anew. Where a label has fewer
    instruments or works than five, there are as many places as those: no two folds are the same.

    Args:
        windows: What is divided.
        protocol: ``paper`` divides the windows of a label, ``honest`` its instruments or works.
        number: Of the fold, from 0.
        shares: Of each label for validation and test; each that is not 0 gets one window, or under
            ``honest`` one instrument or work, at least.
        what: What the groups are called, for the error.
        seed: Of the shuffles.

    Raises:
        UserError: A label has too few windows, instruments or works to divide.
    """
    valid_share, test_share = shares
    units = np.arange(len(windows)) if protocol == "paper" else windows.groups
    part = np.zeros(len(windows), np.int64)  # 0 train, 1 valid, 2 test
    owner = _owner(windows.y, units)
    places = min(FOLDS, *np.bincount(owner[owner >= 0], minlength=len(windows.labels)).tolist())
    shuffle, place = divmod(number, max(1, places))
    rng = np.random.default_rng([seed, shuffle])
    for i, label in enumerate(windows.labels):
        own = rng.permutation(np.flatnonzero(owner == i))
        n = len(own)
        n_test = max(1, round(test_share * n))
        n_valid = max(1, round(valid_share * n)) if valid_share else 0
        if n - n_test - n_valid < 1:
            need = 2 + bool(valid_share)
            name = "windows" if protocol == "paper" else what
            raise UserError(
                f"label {label!r} has too few {name} to split ({n}, {need} are needed): add some, "
                f"or leave the label out"
            )
        own = np.roll(own, -round(place * n / places))
        part[np.isin(units, own[:n_test])] = 2
        part[np.isin(units, own[n_test : n_test + n_valid])] = 1
    return Fold(number, *(np.flatnonzero(part == k) for k in range(3)))


def _owner(y: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The label of each unit, by its number; -1 where there is no such unit.

    A work that two labels share, as a transcription, goes with the label of its first window.
    """
    owner = np.full(int(units.max()) + 1, -1)
    owner[units[::-1]] = y[::-1]
    return owner
