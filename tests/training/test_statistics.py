"""How far a figure may be from the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.statistics import interval


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=60))
def test_it_lies_around_the_mean(rows):
    values, clusters = (np.array(side) for side in zip(*rows, strict=True))
    low, high = interval(values, clusters)
    assert 0 <= low <= high <= 1
    assert low - 1e-4 <= values.mean() <= high + 1e-4


def test_windows_of_one_instrument_are_no_more_evidence_than_one():
    few = np.array([1, 1, 0, 1, 0, 1, 1, 0])
    many = np.repeat(few, 50)
    assert interval(many, np.repeat(np.arange(8), 50)) == interval(few, np.arange(8))
    alone = interval(many, np.arange(400))
    assert alone[1] - alone[0] < 0.15


def test_it_covers_the_truth_19_times_in_20():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        low, high = interval(rng.random(60) < 0.7, np.arange(60))
        covered += low <= 0.7 <= high
    assert covered / 200 == pytest.approx(0.95, abs=0.05)
