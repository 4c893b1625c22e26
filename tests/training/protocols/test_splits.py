from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import UserError
from training.protocols.splits import FOLDS, split
from training.protocols.windows import Windows


def windows(y: list[int], groups: list[int]) -> Windows:
    n = len(y)
    labels = [f"label{i}" for i in range(max(y) + 1)]
    keys = np.array([f"file{i}#0" for i in range(n)])
    x = np.zeros((n, 1), np.float16)
    return Windows(labels, x, np.array(y), np.arange(n), np.array(groups), keys)


def even(labels: int, groups: int, each: int) -> Windows:
    """So many groups a label, so many windows a group."""
    y = np.repeat(np.arange(labels), groups * each)
    return windows(y.tolist(), np.repeat(np.arange(labels * groups), each).tolist())


@given(
    st.integers(1, 4),
    st.integers(3, 9),
    st.integers(1, 5),
    st.integers(0, 12),
    st.sampled_from([(0.1, 0.1), (0.15, 0.15), (0.2, 0.4)]),
)
def test_an_honest_split_divides_no_group_and_wastes_no_window(
    labels: int, groups: int, each: int, number: int, shares: tuple[float, float]
) -> None:
    w = even(labels, groups, each)
    fold = split(w, "honest", number, shares=shares)
    parts = (fold.train, fold.valid, fold.test)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(w)))
    seen = [set(w.groups[p].tolist()) for p in parts]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]
    for part in parts:
        assert set(w.y[part].tolist()) == set(range(labels))


def test_the_papers_split_takes_every_label_alike_and_divides_groups() -> None:
    w = even(3, 2, 50)
    fold = split(w, "paper", 0, shares=(0.1, 0.1))
    assert [len(p) for p in (fold.train, fold.valid, fold.test)] == [240, 30, 30]
    assert np.bincount(w.y[fold.test]).tolist() == [10, 10, 10]
    assert set(w.groups[fold.test]) <= set(w.groups[fold.train])


def test_five_folds_test_different_windows_and_the_next_five_others() -> None:
    w = even(2, 5, 20)
    tests = [set(split(w, "paper", k, shares=(0.1, 0.1)).test.tolist()) for k in range(10)]
    for i in range(FOLDS):
        for j in range(i):
            assert not tests[i] & tests[j]
    assert tests[0] != tests[FOLDS]


@pytest.mark.parametrize("groups", [3, 4, 5, 6, 11])
def test_no_two_folds_are_one_however_few_instruments_there_are(groups) -> None:
    w = even(3, groups, 4)
    places = min(FOLDS, groups)
    folds = [split(w, "honest", k, shares=(0.15, 0.15)) for k in range(places)]
    tests = [set(fold.test.tolist()) for fold in folds]
    for i in range(places):
        for j in range(i):
            assert not tests[i] & tests[j]


def test_a_work_that_two_labels_share_stays_whole() -> None:
    w = windows([0] * 12 + [1] * 12, [*range(12), 0, *range(13, 24)])
    for number in range(5):
        fold = split(w, "honest", number, shares=(0.15, 0.15))
        assert sum(0 in w.groups[p] for p in (fold.train, fold.valid, fold.test)) == 1


def test_too_few_instruments_are_told_in_a_line() -> None:
    with pytest.raises(UserError, match=r"'label1' has too few instruments .*\(2, 3 are needed\)"):
        split(windows([0] * 9 + [1] * 2, list(range(11))), "honest", 0, shares=(0.1, 0.1))
