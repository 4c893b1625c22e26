"""Who may touch what: interpreters and the ring buffer between threads."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
from tiny_models import tiny_network, write_folder

from realtime import cli
from realtime.inference import Function, Network
from realtime.records import STREAM_RATE
from realtime.registry import find, load
from realtime.ring import Ring
from realtime.streaming import Ear


@pytest.fixture
def impatient():
    """Threads change places as often as Python lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Watched:
    """An interpreter that knows which threads use it, and how often two did at once."""

    def __init__(self, interpreter, users):
        self.interpreter, self.users = interpreter, users
        self.inside = self.overlaps = 0

    def __getattr__(self, name):
        method = getattr(self.interpreter, name)

        def watched(*args):
            self.users.add(threading.current_thread().name)
            self.inside += 1
            self.overlaps += self.inside > 1
            time.sleep(0)  # another thread may go on, if nothing holds it
            try:
                return method(*args)
            finally:
                self.inside -= 1

        return watched


def test_a_run_uses_its_interpreters_from_one_thread_only(tmp_path, monkeypatch, capsys, tried):
    users: set[str] = set()
    made = Network.__init__

    def watch(self, *args, **options):
        made(self, *args, **options)
        self._interpreter = Watched(self._interpreter, users)

    def called(self, _call=Function.__call__, **arrays):
        users.add(threading.current_thread().name)
        calls.append(self)
        return _call(self, **arrays)

    calls: list[Function] = []
    monkeypatch.setattr(Network, "__init__", watch)
    monkeypatch.setattr(Function, "__call__", called)
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * STREAM_RATE)
    soundfile.write(tmp_path / "noise.wav", noise, STREAM_RATE)
    folder = write_folder(tmp_path / "model")
    args = ["--csv", str(tmp_path / "out.csv"), "--record", str(tmp_path / "rec"), "--json"]
    args += ["--model", str(folder), "--model", "composer-cnn"]  # which follows the stream
    assert cli.main(["--file", str(tmp_path / "noise.wav"), *args]) == 0
    assert len({id(function) for function in calls}) == 2
    assert users == {"MainThread"}
    tried("threads that use an interpreter", cases=len(users), came="one")


@pytest.mark.usefixtures("impatient")
def test_threads_that_share_a_network_take_turns(tried):
    network = Network(tiny_network((16, 5), 4)[0])
    network._interpreter = Watched(network._interpreter, set())
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(8, 16, 5)).astype(np.float32)
    alone = [network.predict(window) for window in windows]

    def right(i):
        numbers = [(n + i) % len(windows) for n in range(300)]
        return sum(np.array_equal(network.predict(windows[k]), alone[k]) for k in numbers)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(right, range(4))) == 1200
    assert network._interpreter.overlaps == 0
    tried("4 threads that share a network", cases=1200, came="they take turns; equal answers")


@pytest.mark.usefixtures("impatient")
def test_threads_that_share_functions_of_one_file_take_turns(monkeypatch, tried):
    ear = Ear(load(find("composer-cnn")).network)
    inside = overlaps = 0

    def watched(run):
        def call(**arrays):
            nonlocal inside, overlaps
            inside += 1
            overlaps += inside > 1
            time.sleep(0)
            try:
                return run(**arrays)
            finally:
                inside -= 1

        return call

    for function in (ear._hear, ear._judge):
        monkeypatch.setattr(function, "_runner", watched(function._runner))
    rng = np.random.default_rng(0)
    rows = rng.uniform(size=(8, *ear.rows)).astype(np.float32)
    keys = (rng.random((8, *ear.keys)) < 0.03).astype(np.float32)
    alone = [(ear.hear(r), ear.judge(k)) for r, k in zip(rows, keys, strict=True)]

    def right(i):
        numbers = [(n + i) % 8 for n in range(40)]
        heard = sum(np.array_equal(ear.hear(rows[k]), alone[k][0]) for k in numbers)
        return heard + sum(np.array_equal(ear.judge(keys[k]), alone[k][1]) for k in numbers)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(right, range(4))) == 320
    assert overlaps == 0
    tried("4 threads that share a file's functions", cases=320, came="they take turns")


def stress(capacity, total, seed):
    """A writer that never waits beside a reader: rows read, rows lost and torn reads.

    Row ``n`` holds ``n`` four times, so that a row that is torn shows as well as one out of place.
    """
    ring = Ring(capacity, (4,))
    rng = np.random.default_rng(seed)
    sizes, limits = rng.integers(1, 2 * capacity, 1000), rng.integers(1, capacity + 1, 1000)
    done = threading.Event()

    def write():
        at = i = 0
        while at < total:
            size = min(int(sizes[i % 1000]), total - at)
            ring.write(np.repeat(np.arange(at, at + size, dtype=np.float32)[:, None], 4, axis=1))
            at, i = at + size, i + 1
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    position = got = missed = torn = reads = 0
    while True:
        finished = done.is_set()
        rows, after, lost = ring.read(position, limit=int(limits[reads % 1000]))
        expected = np.arange(after - len(rows), after, dtype=np.float32)
        torn += not np.array_equal(rows, np.repeat(expected[:, None], 4, axis=1))
        assert position + lost + len(rows) == after
        got, missed, position, reads = got + len(rows), missed + lost, after, reads + 1
        if finished and position == total:
            break
    writer.join()
    return got, missed, torn, reads


@pytest.mark.slow
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("capacity", [1, 2, 7, 64, 1000])
def test_no_read_of_the_ring_is_torn_under_stress(capacity, tried):
    total = min(2_000_000, 200_000 * capacity)  # float32 counts to 2 ** 24 exactly
    got, missed, torn, reads = stress(capacity, total, seed=capacity)
    assert torn == 0
    assert got + missed == total
    assert got > 0
    assert missed > 0, "nothing was overwritten: the test is too gentle to mean anything"
    tried(f"a ring of {capacity} rows", cases=reads, losses=f"{missed} rows", came="none torn")
