import numpy as np
import pytest

from realtime.records import AudioBlock, Event, MidiBlock
from realtime.sources import pace


class Clock:
    """Time that passes only when somebody sleeps, and then a little short."""

    def __init__(self):
        self.now = 100.0
        self.sleeps = []

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        assert seconds > 0
        self.sleeps.append(seconds)
        self.now += max(seconds * 0.75, 1e-9)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def audio(position, n=1600):
    return AudioBlock(position, np.zeros(n, np.float32), 0.0)


def test_blocks_are_released_when_they_would_have_been_captured(clock):
    blocks = [audio(0), audio(1600), audio(3200, 800)]
    for block, due in zip(pace.paced(blocks), [100.1, 100.2, 100.25], strict=True):
        assert block.captured == clock.now == pytest.approx(due, abs=1e-6)
        assert clock.now >= due - 1e-9


def test_the_clock_starts_with_the_first_block(clock):
    def late():
        clock.now += 50
        yield MidiBlock(16_000, 32_000, (), 0.0)
        yield MidiBlock(32_000, 48_000, (), 0.0)

    assert [round(b.captured, 6) for b in pace.paced(late())] == [151.0, 152.0]


def test_a_late_reader_gets_every_block_at_once_and_in_order(clock):
    positions = []
    for block in pace.paced(audio(1600 * i) for i in range(6)):
        positions.append(block.position)
        if block.position == 0:
            clock.now += 0.32
            clock.sleeps.clear()
        elif block.position <= 4800:
            assert block.captured == pytest.approx(100.42)
            assert not clock.sleeps
    assert positions == [1600 * i for i in range(6)]
    assert clock.now == pytest.approx(100.6)


def test_events_pass_at_once_and_nothing_else_of_a_block_changes(clock):
    event = Event("notice", 0.0, "hello", "test")
    block = audio(0)
    paced = pace.paced([event, block])
    assert next(paced) is event
    assert clock.now == 100
    released = next(paced)
    assert released.samples is block.samples
    assert (released.position, released.end) == (0, 1600)


def test_an_interrupt_ends_the_wait(clock, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(clock, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        next(pace.paced([audio(0)]))


def test_the_clock_stands_during_a_pause(clock):
    def hold():
        if not taken or len(taken) != 2:
            return 0.0
        clock.now += 30
        return 30.0

    taken, blocks = [], [audio(0), audio(1600), audio(3200), audio(4800)]
    for block in pace.paced(blocks, hold):
        taken.append(block.captured)  # noqa: PERF401  hold looks at it
    assert taken == pytest.approx([100.1, 100.2, 130.3, 130.4], abs=1e-6)
