import numpy as np
import pytest

from realtime.latency import Percentiles, Stopwatch
from realtime.records import STAGES, Latency


def test_percentiles_of_each_stage():
    percentiles = Percentiles()
    assert percentiles.summary() == {}
    for i in range(101):
        percentiles.add(Latency(capture=i, features=2 * i, inference=3 * i, total=6 * i))
    summary = percentiles.summary()
    assert tuple(summary) == STAGES
    for stage, times in zip(STAGES, (1, 2, 3, 6), strict=True):
        expected = {"p50": 50 * times, "p95": 95 * times, "p99": 99 * times}
        assert summary[stage] == pytest.approx(expected)


def test_only_the_newest_are_remembered():
    percentiles = Percentiles(keep=10)
    for i in range(25):
        percentiles.add(Latency(i, i, i, i))
    expected = np.percentile(range(15, 25), 99)
    assert percentiles.summary()["total"]["p99"] == pytest.approx(expected)


def test_a_stopwatch_adds_up_and_begins_again(monkeypatch):
    times = iter([1.0, 1.5, 10.0, 10.25, 20.0, 21.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    watch = Stopwatch()
    assert watch.take() == 0
    for _ in range(2):
        with watch:
            pass
    assert watch.take() == pytest.approx(0.75)
    with watch:
        pass
    assert watch.take() == pytest.approx(1.0)
    assert watch.take() == 0
