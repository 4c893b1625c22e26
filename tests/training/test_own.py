"""Sounds of one's own: how they are split, and what is said of too few."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import UserError
from training import own
from training.datasets import Dataset, Example


def sounds(*labels: tuple[str, dict[str, int]]) -> Dataset:
    """Files by label and group."""
    return Dataset(
        [
            Example(Path(f"{label}/{group}_{i}.wav"), label, f"{label}/{group}")
            for label, groups in labels
            for group, n in groups.items()
            for i in range(n)
        ]
    )


groups = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9), min_size=1).filter(
    lambda g: sum(g.values()) >= own.LEAST
)


@given(st.lists(groups, min_size=2, max_size=4), st.integers(0, 99))
def test_every_label_is_trained_and_judged_and_no_group_is_divided(parts, seed):
    data = sounds(*((f"label{i}", g) for i, g in enumerate(parts)))
    split = own.split(data, seed)
    assert split.train.labels == split.judge.labels == data.labels
    both = [*split.train.examples, *split.judge.examples]
    assert sorted(str(e.path) for e in both) == sorted(str(e.path) for e in data.examples)
    divided = {e.group for e in split.train.examples} & {e.group for e in split.judge.examples}
    alone = {f"label{i}/{next(iter(g))}" for i, g in enumerate(parts) if len(g) == 1}
    assert divided == alone
    assert sum("judged on its own" in w for w in split.warnings) == len(alone)


def test_too_little_is_said_by_name():
    few = sounds(("door", {"a": 2, "b": 5}), ("bell", {"a": 5, "b": 9}))
    assert own.split(few, 0).warnings == ["door has only 7 files: expect little below 10"]
    with pytest.raises(UserError, match="door has 3; 4 a label"):
        own.split(sounds(("door", {"a": 3}), ("bell", {"a": 9})), 0)
    with pytest.raises(UserError, match="only one label"):
        own.split(sounds(("door", {"a": 9})), 0)


def test_it_is_a_cnn_and_an_lstm_under_its_own_name():
    assert [(p.name, p.task, p.kind) for p in own.presets("doors")] == [
        ("doors-cnn", "doors", "cnn"),
        ("doors-lstm", "doors", "lstm"),
    ]
