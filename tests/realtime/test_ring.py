import sys
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.ring import Ring

pytestmark = pytest.mark.reliability


class Model:
    """What a ring promises, as a list that keeps everything."""

    def __init__(self, capacity, fill):
        self.rows = []
        self.capacity, self.fill = capacity, fill

    def latest(self, n, back):
        past = [self.fill] * self.capacity + self.rows
        end = len(past) - back
        return past[end - n : end]

    def read(self, position, limit):
        start = max(position, len(self.rows) - self.capacity)
        end = len(self.rows) if limit is None else min(len(self.rows), start + limit)
        return self.rows[start:end], end, start - position


@given(
    capacity=st.integers(1, 20),
    fill=st.sampled_from([0.0, -100.0]),
    sizes=st.lists(st.integers(0, 50), max_size=20),
    data=st.data(),
)
def test_a_ring_is_the_tail_of_a_list(capacity, fill, sizes, data):
    ring, model = Ring(capacity, fill=fill), Model(capacity, fill)
    position = 0
    for size in sizes:
        rows = np.arange(len(model.rows), len(model.rows) + size, dtype=np.float32)
        ring.write(rows)
        model.rows += rows.tolist()
        assert ring.written == len(model.rows)
        n = data.draw(st.integers(0, capacity))
        back = data.draw(st.integers(0, capacity - n))
        assert ring.latest(n, back).tolist() == model.latest(n, back)
        limit = data.draw(st.none() | st.integers(0, 30))
        expected = model.read(position, limit)
        rows, position, lost = ring.read(position, limit)
        assert (rows.tolist(), position, lost) == expected


@given(st.lists(st.integers(0, 9), max_size=9), st.integers(1, 7))
def test_a_reset_ring_is_a_new_one(sizes, capacity):
    ring = Ring(capacity, (2,), fill=-1.0)
    for size in sizes:
        ring.write(np.ones((size, 2), np.float32))
    ring.reset()
    assert ring.written == 0
    assert ring.latest(capacity).tolist() == [[-1.0, -1.0]] * capacity
    ring.write(np.full((1, 2), 5, np.float32))
    assert ring.latest(1).tolist() == [[5.0, 5.0]]


def test_the_latest_rows_are_one_view_without_a_copy():
    ring = Ring(8, (3,))
    for start in range(0, 30, 3):
        ring.write(np.full((3, 3), start, np.float32))
        view = ring.latest(8)
        assert view.base is not None
        assert view.flags.c_contiguous
        assert np.shares_memory(view, ring.latest(1))


def test_what_was_read_stays_when_the_ring_goes_on():
    ring = Ring(4)
    ring.write(np.arange(4, dtype=np.float32))
    rows, _, _ = ring.read(0)
    ring.write(np.full(4, 9, np.float32))
    assert rows.tolist() == [0, 1, 2, 3]


def test_more_than_the_capacity_is_refused():
    ring = Ring(4)
    for n, back in ((5, 0), (3, 2), (0, 5)):
        with pytest.raises(ValueError, match="ring of 4"):
            ring.latest(n, back)
    with pytest.raises(ValueError, match="at least 1"):
        Ring(0)


@pytest.fixture
def impatient():
    """Threads that interrupt each other all the time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("impatient")
def test_no_read_is_torn_and_every_loss_is_counted():
    ring, total = Ring(64), 600_000
    sizes = np.random.default_rng(0).integers(1, 40, 1_000)
    done = threading.Event()

    def write():
        at = 0
        while at < total:
            size = min(int(sizes[at % len(sizes)]), total - at)
            ring.write(np.arange(at, at + size, dtype=np.float32))
            at += size
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    position = got = missed = torn = 0
    while True:
        finished = done.is_set()  # before the read: nothing comes after what it then finds
        rows, after, lost = ring.read(position, limit=5)
        expected = np.arange(after - len(rows), after)
        torn += not np.array_equal(rows, expected)
        got, missed = got + len(rows), missed + lost
        assert position + lost + len(rows) == after
        position = after
        if finished and position == total:
            break
    writer.join()
    assert torn == 0
    assert got + missed == total
    assert got > 0
    assert missed > 0, "nothing was overwritten: the test is too gentle to mean anything"


class Meddling(np.ndarray):
    """An array that lets the writer go on each time that the reader has decided what to copy."""

    def __getitem__(self, key):
        if self.meanwhile:
            self.meanwhile.pop()()
        return np.asarray(self)[key]


@pytest.mark.parametrize("size", [1, 3, 8])
def test_a_read_that_a_write_overtakes_is_done_again(size):
    ring = Ring(8)
    ring.write(np.arange(11, dtype=np.float32))
    rows = ring._rows
    ring._rows = rows.view(Meddling)

    def write():
        ring._rows = rows
        ring.write(np.arange(11, 11 + size, dtype=np.float32))

    ring._rows.meanwhile = [write]
    rows, position, lost = ring.read(0)
    assert rows.tolist() == list(range(3 + size, 11 + size))
    assert (position, lost) == (11 + size, 3 + size)


def test_a_read_in_the_middle_of_a_write_waits_for_its_end():
    ring, half = Ring(8), threading.Event()
    ring.write(np.arange(11, dtype=np.float32))

    class Halfway(np.ndarray):
        """Rows to write that stop the writer when the first of two copies is made."""

        asked = 0

        def __getitem__(self, key):
            self.asked += 1
            if self.asked == 2:
                half.set()
                time.sleep(0.05)
            return np.asarray(self)[key]

    rows = np.arange(11, 17, dtype=np.float32).view(Halfway)
    writer = threading.Thread(target=ring.write, args=(rows,))
    writer.start()
    half.wait()
    got, position, lost = ring.read(0)
    writer.join()
    assert got.tolist() == list(range(position - len(got), position))
    assert lost == position - len(got)
