"""What settings are chosen by."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.protocols.tune import apart


@given(st.lists(st.integers(10, 40), min_size=1, max_size=5), st.integers(0, 5))
def test_settings_are_chosen_by_a_fifth_of_every_label(counts: list[int], seed: int) -> None:
    """However the rows lie: they come sorted by label."""
    y = np.repeat(np.arange(len(counts)), counts)
    train = np.flatnonzero(np.arange(len(y)) % 5 != 0)
    left, chosen = apart(y, train, seed=seed)
    assert sorted([*left, *chosen]) == train.tolist()
    of_each = np.bincount(y[train])
    np.testing.assert_array_equal(np.bincount(y[chosen], minlength=len(counts)), of_each // 5)
