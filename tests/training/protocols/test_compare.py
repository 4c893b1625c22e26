from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import UserError
from training.protocols.compare import compare, wilcoxon
from training.protocols.folds import Outcome


def outcome(fold: int, right: list[bool], keys: list[str] | None = None) -> Outcome:
    keys = keys or [f"file{i}#{fold}" for i in range(len(right))]
    figures = {"accuracy": float(np.mean(right))}
    return Outcome(fold, figures, np.array(keys), np.arange(len(right)), np.array(right))


def test_a_clear_winner() -> None:
    rng = np.random.default_rng(0)
    a = [outcome(k, (rng.random(200) < 0.9).tolist()) for k in range(8)]
    b = [outcome(k, (rng.random(200) < 0.6).tolist()) for k in range(8)]
    found = compare(a, b)
    assert found["interval"][0] > 0.2
    assert found["interval"][0] <= found["difference"] <= found["interval"][1]
    assert found["wilcoxon"]["p"] == pytest.approx(found["wilcoxon"]["least_p"], abs=1e-5)
    assert (found["items"], found["clusters"], found["paired"]) == (1600, 200, "windows")


def test_five_folds_never_reach_five_percent() -> None:
    found = wilcoxon([0.9, 0.91, 0.92, 0.93, 0.94], [0.1, 0.2, 0.3, 0.4, 0.5])
    assert found["p"] == found["least_p"] == 0.0625


def test_equal_systems_do_not_differ() -> None:
    a = [outcome(k, [True, False, True]) for k in range(3)]
    found = compare(a, a)
    assert (found["difference"], found["interval"], found["wilcoxon"]["p"]) == (0, [0, 0], 1)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12))
def test_wilcoxon_is_symmetric_and_a_probability(pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    assert 0 < wilcoxon(first, second)["p"] <= 1
    assert wilcoxon(first, second)["p"] == wilcoxon(second, first)["p"]


def test_systems_that_read_different_windows_are_paired_by_file() -> None:
    a = [outcome(0, [True, True], ["bach/a.mid#piece-sounds-0", "bach/a.mid#piece-sounds-1"])]
    b = [outcome(0, [False, True], ["bach/a.mid#notes-0", "bach/a.mid#notes-1"])]
    found = compare(a, b)
    assert (found["paired"], found["items"], found["difference"]) == ("files", 1, 0.5)


def test_nothing_in_common_is_told() -> None:
    with pytest.raises(UserError, match="nothing in common"):
        compare([outcome(0, [True], ["a#0"])], [outcome(0, [True], ["b#0"])])


def test_wilcoxon_weighs_what_is_paired_not_all_that_each_was_tested_on() -> None:
    a = [outcome(0, [True, False], ["bach/a.mid#0", "bach/b.mid#0"])]
    b = [outcome(0, [True, False, False], ["bach/a.mid#7", "bach/b.mid#1", "bach/b.mid#9"])]
    found = compare(a, b)
    assert found["accuracies"] == [[0.5], [0.5]]
    assert found["wilcoxon"]["p"] == 1
