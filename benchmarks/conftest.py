"""What the benchmarks share: one thread, real music, the shipped models and the table."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmarks import table
from benchmarks.pairs import Pairs, interleave
from benchmarks.table import Row, duration
from realtime.sources.audio_file import AudioFile
from realtime.sources.midi_file import MidiFile

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
ROWS: list[Row] = []


@pytest.fixture(scope="session")
def music() -> np.ndarray:
    """A minute of piano, float32 at 16 kHz."""
    with AudioFile(ROOT / "demo" / "prelude.ogg") as source:
        return np.concatenate([block.samples for block in source])


@pytest.fixture(scope="session")
def messages() -> list:
    """The same as MIDI messages."""
    with MidiFile(ROOT / "demo" / "prelude.mid") as source:
        return [message for block in source for message in block.messages]


@pytest.fixture
def add(benchmark):
    """Puts a row into the table and into pytest-benchmark's JSON."""

    def add(what, reached, **values):
        row = Row(what, None if reached is None else float(reached), **values)
        ROWS.append(row)
        benchmark.extra_info.setdefault("rows", []).append(row.what)
        benchmark.extra_info[row.what] = {"reached": row.reached, "goal": row.goal, "met": row.met}

    return add


@pytest.fixture
def compare(benchmark, add):
    """Times ours beside a peer's and puts the ratio into the table; see ``interleave``.

    A goal of at least so many times less is given as ``times_less``, one of at most so many times
    as much as ``at_most``.
    """

    def compare(what, ours, peer, *, times_less=None, at_most=None, inside="", **how) -> Pairs:
        pairs = interleave(benchmark, ours, peer, **how)
        less = at_most is None
        add(
            f"{what}, times less" if less else f"{what}, ours / theirs",
            pairs.times_less if less else pairs.ratio,
            goal=times_less if less else at_most,
            least=less,
            spread=(1 / pairs.high, 1 / pairs.low) if less else (pairs.low, pairs.high),
            detail=f"{duration(pairs.ours)} against {duration(pairs.peer)}",
            method=(
                f"median of {pairs.rounds} interleaved pairs of {pairs.calls[0]} and "
                f"{pairs.calls[1]} calls, after 10 calls and one pair to warm up; one thread, "
                f"{pairs.clock}. Timed: {inside}"
            ),
        )
        return pairs

    return compare


@pytest.fixture
def peer(add):
    """Imports a peer, or notes in the table that it is not installed and skips."""

    def peer(module, what):
        try:
            return import_module(module)
        except ImportError:
            add(f"{what}: {module} is not installed", None)
            pytest.skip(f"{module} is not installed")

    return peer


def pytest_terminal_summary(terminalreporter):
    if ROWS:
        terminalreporter.section("speed")
        for line in table.lines(ROWS):
            terminalreporter.write_line(line)
        table.write(ROWS, BUILD)
