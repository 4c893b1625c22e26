"""What a person is told while something takes long."""

from __future__ import annotations

import pytest

from training import progress
from training.epochs import Epoch


def test_a_ticker_tells_now_and_then_and_at_the_end(monkeypatch, capsys) -> None:
    now = iter([100.0, 105.0, 111.0, 115.0, 130.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    tick = progress.Ticker()
    tick._said = 100.0
    for done in (2, 3, 4, 5, 8):
        tick("files", done, 8)
    assert capsys.readouterr().err.splitlines() == [
        "files: 4 of 8, 0 min left",
        "files: 8 of 8, 0 min left",
    ]


def test_time_left_counts_from_where_it_was_taken_up(monkeypatch, capsys) -> None:
    now = iter([0.0, 120.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    tick = progress.Ticker()
    tick("windows", 10, 40)
    tick("windows", 20, 40)
    assert capsys.readouterr().err == "windows: 20 of 40, 4 min left\n"


@pytest.mark.parametrize(("what", "done"), [("epoch 2", 20), ("epoch 1", 10)])
def test_what_begins_anew_is_timed_anew(what: str, done: int, monkeypatch, capsys) -> None:
    now = iter([0.0, 600.0, 1000.0, 1060.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    tick = progress.Ticker(every=30.0)
    tick("epoch 1", 10, 40)
    tick("epoch 1", 20, 40)
    tick(what, done, 40)
    tick(what, done + 10, 40)
    left = (40 - done - 10) // 10
    assert capsys.readouterr().err.splitlines() == [
        "epoch 1: 20 of 40, 20 min left",
        f"{what}: {done + 10} of 40, {left} min left",
    ]


def test_an_epoch_in_a_line() -> None:
    line = progress.epoch_line(Epoch(3, 5, 0.5, 0.75, 60.0))
    assert line == "epoch 3/5  loss 0.500  accuracy 0.750  60 s  2 min left"


@pytest.mark.parametrize(("count", "lines"), [(0, 0), (1, 2), (2, 3), (50, progress.NAMED + 1)])
def test_of_many_files_left_out_some_are_named(count: int, lines: int, capsys) -> None:
    progress.name_left_out({f"{i}\x1b.wav": "no sound" for i in range(count)})
    told = capsys.readouterr().err.splitlines()
    assert len(told) == lines
    assert not any("\x1b" in line for line in told)
    if count:
        assert told[0] == "left out: 0?.wav: no sound"
        assert told[-1] == f"{count} file{'s' if count > 1 else ''} left out"
