"""What is said of the time left, where there is no terminal."""

from __future__ import annotations

import pytest

from realtime.batch import progress


@pytest.fixture
def steps(monkeypatch, capsys):
    """Takes steps a minute apart and gives what was said."""

    def steps(*sizes_and_failures):
        clock = [0.0]
        monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
        sizes = [size for size, _ in sizes_and_failures]
        with progress.Progress(len(sizes), sum(sizes)) as it:
            for size, failed in sizes_and_failures:
                clock[0] += 60
                it.step(size, failed=failed)
        return capsys.readouterr().err.splitlines()

    return steps


def test_time_left_follows_the_bytes(steps):
    assert steps((100, False), (100, False), (800, False)) == [
        "rt-classify: 1 of 3 files, 9 min left",
        "rt-classify: 2 of 3 files, 8 min left",
    ]


def test_what_failed_says_nothing_of_the_others(steps):
    assert steps((4, True), (100, False), (0, True), (100, False)) == [
        "rt-classify: 1 of 4 files, 1 failed",
        "rt-classify: 2 of 4 files, 1 failed, 2 min left",
        "rt-classify: 3 of 4 files, 2 failed, 3 min left",
    ]
