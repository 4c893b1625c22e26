"""More than the machine can do: the newest wins, and what is lost is counted.

In most of these tests time is simulated: a microphone delivers every 10 ms of a clock that only
networks and sleeping move on, so that a network said to take ten hops takes exactly that.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from live_fakes import FakeSounddevice
from long_run import Playing
from tiny_models import write_folder

from realtime import engine, registry
from realtime.engine import LATE, Engine
from realtime.records import STREAM_RATE, AudioBlock, Event, Prediction, Signal, Summary
from realtime.sinks.osc import Osc
from realtime.sinks.outlet import FAR_BEYOND, Outlet
from realtime.sources import portaudio
from realtime.sources.microphone import Microphone

PRELUDE = Path(__file__).resolve().parents[2] / "demo" / "prelude.ogg"
HOP = 0.25
PART = STREAM_RATE // 100


class Slow:
    """A network that takes as long as ``takes`` says of the moment."""

    def __init__(self, network, clock, takes):
        self.network, self.clock, self.takes = network, clock, takes
        self.begun = []

    def predict(self, window):
        self.begun.append(self.clock.time - self.clock.begun)
        self.clock.sleep(self.takes(self.begun[-1]))
        return self.network.predict(window)


class Counting:
    """A source that counts the samples it passes on."""

    live, length = True, None

    def __init__(self, source):
        self.source, self.name, self.stream, self.samples = source, source.name, "audio", 0

    def __enter__(self):
        self.source.__enter__()
        return self

    def __exit__(self, *args):
        self.source.__exit__(*args)

    def __iter__(self):
        for item in self.source:
            if isinstance(item, AudioBlock):
                self.samples += len(item.samples)
            yield item


@pytest.fixture
def listen(tmp_path, monkeypatch):
    """Listen to an endless microphone with a network that takes so long, for so many seconds."""

    def listen(takes, seconds, sink=lambda record: None):
        sd = FakeSounddevice()
        sd.plug("endless", channels=1, rate=STREAM_RATE)
        monkeypatch.setattr(portaudio, "load", lambda: sd)
        noise = np.random.default_rng(0).normal(0, 0.1, (PART, 1)).astype(np.float32)
        clock = Playing(0.01, lambda _: sd.streams[0].feed(noise))
        monkeypatch.setattr(engine, "time", SimpleNamespace(perf_counter=clock.now))
        model = registry.load(write_folder(tmp_path / "tiny"))
        slow = Slow(model.network, clock, takes)
        source = Counting(Microphone(clock=clock))
        heard = []
        listening = Engine(
            source, [registry.Model(model.manifest, slow)], hop=HOP, duration=seconds, signals=True
        )
        for record in listening.run():
            sink(record)
            heard.append((clock.time - clock.begun, record))
        predictions = [(when, r) for when, r in heard if isinstance(r, Prediction)]
        return SimpleNamespace(
            begun=slow.begun,
            predictions=predictions,
            events=[r for _, r in heard if isinstance(r, Event)],
            summary=next(r for _, r in heard if isinstance(r, Summary)),
            lags=[when - r.t for when, r in predictions],
            samples=source.samples,
            delivered=clock.played * PART,
            records=len(heard),
        )

    return listen


def test_a_network_ten_times_too_slow_hears_the_newest(listen, tried):
    heard = listen(lambda now: 10 * HOP if 10 <= now < 40 else 0.01, 60)
    assert {e.kind for e in heard.events} == {"dropped"}, "no sound may be lost"
    dropped = sum(e.count for e in heard.events)
    assert len(heard.predictions) + dropped == 60 / HOP
    assert heard.summary.dropped == dropped
    assert dropped == pytest.approx(30 / HOP * 0.9, abs=12)
    # What is asked about is never older than the allowance, also in the midst of it.
    ages = [begun - p.t for begun, (_, p) in zip(heard.begun, heard.predictions, strict=True)]
    assert max(ages) < LATE + 0.05
    # After the last slow window, the very next ones are current.
    over = next(when for when, _ in heard.predictions if when >= 40)
    after = [(when, p.t) for when, p in heard.predictions if when > over]
    assert max(when - t for when, t in after) < LATE + 0.1
    assert all(when - t < 0.1 for when, t in after if when > over + HOP)
    assert heard.samples == 60 * STREAM_RATE
    current = next(when for when, t in after if when - t < 0.1) - over
    came = f"current again {current:.2f} s after the last slow window"
    tried("a network 10 times too slow", cases=1, losses=f"{dropped} windows", came=came)


def test_a_stall_longer_than_the_ring_is_counted_to_the_sample(listen, tried):
    heard = listen(lambda now: 15.0 if 5 < now < 6 else 0.001, 40)
    (overflow,) = (e for e in heard.events if e.kind == "overflow")
    assert heard.summary.overflows == 1
    assert heard.samples + overflow.count == 40 * STREAM_RATE
    assert overflow.count > 4 * STREAM_RATE
    late = [when - p.t for when, p in heard.predictions if when > 22]
    assert max(late) < 0.1, "stream time must stay true after a loss"
    losses = f"{overflow.count} samples, {heard.summary.dropped} windows"
    tried("a stall of 15 s", cases=1, losses=losses, came="stream time stays true")


class Stuck:
    """A sink that takes nothing until it is let go, as a blocked terminal does."""

    def __init__(self):
        self.go, self.got = threading.Event(), 0

    def emit(self, record):
        self.go.wait()
        self.got += 1

    def close(self):
        pass


def test_a_blocked_terminal_holds_up_nobody(listen, tried):
    sink, size = Stuck(), 64
    outlet = Outlet(sink, size=size, wait=False)
    heard = listen(lambda now: 0.001, 60, outlet.put)
    assert not [e for e in heard.events if e.kind in ("overflow", "dropped")]
    assert len(heard.predictions) == 60 / HOP
    sink.go.set()
    outlet.close()
    assert sink.got + outlet.dropped == heard.records
    assert sink.got <= size + 2
    tried("a blocked terminal", losses=f"{outlet.dropped} records", cases=1, came="not held up")


def test_an_osc_receiver_that_never_reads_holds_up_nobody(listen, tried):
    pytest.importorskip("pythonosc")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        receiver.bind(("127.0.0.1", 0))
        sink = Osc(f"127.0.0.1:{receiver.getsockname()[1]}")
        outlet = Outlet(sink, wait=False)
        heard = listen(lambda now: 0.001, 60, outlet.put)
        outlet.close()
    assert not [e for e in heard.events if e.kind in ("overflow", "dropped")]
    assert len(heard.predictions) == 60 / HOP
    assert (outlet.dropped, outlet.lost, outlet.failed) == (0, 0, None)
    tried("an OSC receiver that never reads", cases=heard.records, came="not held up")


def test_memory_stays_flat_however_long_a_sink_is_stuck(tried):
    sink, size = Stuck(), 64
    outlet = Outlet(sink, size=size, wait=False)
    signals = [Signal(float(n), -20.0, 0.1, None, None) for n in range(100)]
    event = Event("dropped", 0.0, "late", "stub", 1)

    def load(n):
        for i in range(n):
            outlet.put(signals[i % 100])
            outlet.put(event)

    load(1000)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    load(5000)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(outlet._inbox) <= FAR_BEYOND * size
    assert grown < 50_000
    sink.go.set()
    outlet.close()
    assert sink.got + outlet.dropped == 12_000
    losses = f"{outlet.dropped} records"
    tried("a sink stuck for 12,000 records", losses=losses, memory=f"+{grown / 2**20:.3f}")


@pytest.mark.slow  # it measures, and a machine may be busy with anything else
def test_the_callback_is_never_held_up(monkeypatch, tried):
    """With a thread that delivers in real time beside a reader that is busy or away.

    What is asserted is the time that the callback itself takes of a processor; the time by the
    clock, which includes waiting for other programs, is shown.
    """
    sd = FakeSounddevice()
    sd.plug("fast", channels=2, rate=48_000)
    monkeypatch.setattr(portaudio, "load", lambda: sd)
    own, clock = [], []
    sound = np.random.default_rng(0).normal(0, 0.1, (480, 2)).astype(np.float32)
    done = threading.Event()

    def deliver():
        while not done.wait(0.004):
            began, spent = time.perf_counter(), time.thread_time()
            sd.streams[0].feed(sound)
            own.append(time.thread_time() - spent)
            clock.append(time.perf_counter() - began)

    with Microphone() as source:
        device = threading.Thread(target=deliver)
        device.start()
        until = time.monotonic() + 3
        for _ in source:
            for _ in range(20):  # a reader that computes and then sleeps, with and without the GIL
                np.sort(np.random.default_rng(1).random(20_000))
                sum(range(20_000))
            time.sleep(0.2)
            if time.monotonic() > until:
                break
        done.set()
        device.join()
    p99, by_clock = (1e3 * float(np.percentile(times, 99)) for times in (own, clock))
    assert p99 < 1.0
    came = f"p99 {p99:.2f} ms of its own, {by_clock:.2f} ms by the clock"
    tried("the capture callback", cases=len(own), came=came)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("output", ["dashboard", "json"])
def test_ctrl_c_ends_a_run_whose_terminal_is_blocked(output, env, tried):
    import fcntl
    import pty
    import struct
    import termios

    args = ["--file", str(PRELUDE), "--pace", "real"]
    if output == "json":
        args += ["--json", "--hop", "0.01"]
        reader, writer = os.pipe()
    else:
        reader, writer = pty.openpty()
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "realtime.cli", *args],
        stdout=writer,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=env | {"TERM": "xterm-256color"},
        text=True,
    )
    os.close(writer)
    time.sleep(10)  # the pipe or the terminal is full by then, and nobody reads
    process.send_signal(signal.SIGINT)
    try:
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(reader)
    assert process.returncode in (130, 2)
    assert "Traceback" not in told
    assert "Fatal" not in told
    came = f"ended with {process.returncode}: {told.strip() or 'without a word'}"
    tried(f"Ctrl-C, {output} to a blocked terminal", cases=1, came=came)


def test_a_slow_reader_of_a_replay_gets_every_line(env, tmp_path, tried):
    sound, rate = soundfile.read(PRELUDE, frames=100_000)
    soundfile.write(tmp_path / "short.wav", sound, rate)
    args = ["--file", "short.wav", "--json", "--hop", "0.02", "--model", "instrument-cnn"]
    process = subprocess.Popen(
        [sys.executable, "-m", "realtime.cli", *args], stdout=subprocess.PIPE, env=env, cwd=tmp_path
    )
    lines = []
    for line in process.stdout:
        lines.append(json.loads(line))
        if len(lines) % 50 == 0:
            time.sleep(0.2)
    assert process.wait() == 0
    times = [line["t"] for line in lines if line["type"] == "prediction"]
    assert times[:-1] == [round(n * 0.02, 4) for n in range(1, len(times))]  # the last is the end
    assert lines[-1]["type"] == "summary"
    assert lines[-1]["dropped"] == 0
    tried("a slow reader of a replay", cases=len(times), came="every line arrived")
