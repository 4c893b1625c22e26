"""Which figures are reached, and which are not known."""

from __future__ import annotations

from typing import Any

import pytest

from training.judging.targets import targets


def row(start: str, *measured: dict[str, Any]) -> list[str]:
    """Cells of the one row that starts so."""
    (line,) = [x for x in targets(list(measured), {}) if x.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_row_without_measurement_says_so() -> None:
    assert row("composer LSTM, the paper")[3:] == ["not measured", "not measured", ""]


@pytest.mark.parametrize(("accuracy", "verdict"), [(0.69, "no"), (0.7, "yes")])
def test_windows_and_whole_files_of_what_was_never_heard(
    accuracy: float, verdict: str, evaluation
) -> None:
    cells = row("composer LSTM, never heard", evaluation | {"accuracy": accuracy})
    assert cells[-2] == f"{accuracy:.3f} / 0.950 of 10 windows, `composer-lstm`"
    assert cells[-1] == verdict


def test_how_far_a_figure_may_be_off_is_told(evaluation) -> None:
    known = evaluation | {"interval": [0.6123, 0.7912], "groups": 35}
    cells = row("composer LSTM, never heard", known)
    assert cells[-2].endswith("`composer-lstm` (0.61 to 0.79 for others like these 35 works)")


def test_the_best_network_counts_beside_the_papers_own(folds) -> None:
    best = folds | {"model": "instrument-cnn-ours", "accuracy": 0.99}
    cells = row("instrument CNN, the paper", folds, best)
    assert cells[3:] == [
        "0.900 (of 19 windows tested in 2 folds; 96 in all, 3 epochs)",
        "0.990 (of 19 windows tested in 2 folds; 96 in all, 3 epochs), `instrument-cnn-ours`",
        "yes",
    ]


def test_points_lost_are_judged_once_both_are_known(evaluation) -> None:
    neutral = evaluation | {"condition": "neutral", "accuracy": 0.65}
    cells = row("composers: points lost from as-is to neutral", evaluation, neutral)
    assert cells[-2:] == ["+5.0 `composer-lstm`", ""]
    other = [m | {"model": "composer-cnn"} for m in (evaluation, neutral)]
    cells = row("composers: points lost from as-is to neutral", evaluation, neutral, *other)
    assert cells[-1] == "no"


@pytest.mark.parametrize(("median", "verdict"), [(0.9, "yes"), (1.1, "no"), (None, "no")])
def test_the_slowest_network_tells_the_time_to_notice(median: float | None, verdict: str) -> None:
    times = {"median": 0.5}
    found = {"kind": "splices", "model": "m", "changes": 9, "window": times, "smoothed": times}
    slow = found | {"window": {"median": median}}
    assert row("median time", found, slow)[-1] == verdict
