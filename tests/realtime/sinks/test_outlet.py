import subprocess
import sys
import threading

import pytest

from realtime.sinks.outlet import Outlet


class Collect:
    """Keeps what it gets; holds on to the first record until it is let go."""

    def __init__(self, held=False):
        self.got = []
        self.closed = 0
        self.busy = threading.Event()
        self.go = threading.Event()
        if not held:
            self.go.set()

    def emit(self, record):
        self.busy.set()
        self.go.wait(60)
        self.got.append(record)

    def close(self):
        self.closed += 1


class Failing(Collect):
    def __init__(self, error, *, when="emit"):
        super().__init__()
        self.error, self.when = error, when

    def emit(self, record):
        super().emit(record)
        if self.when == "emit":
            raise self.error

    def close(self):
        super().close()
        if self.when == "close":
            raise self.error


def sink_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("sink ")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    for thread in sink_threads():
        thread.join(60)
    assert not sink_threads()


@pytest.mark.parametrize("wait", [True, False])
def test_everything_arrives_in_order_and_the_sink_is_closed(make, wait):
    sink = Collect()
    outlet = Outlet(sink, wait=wait)
    records = [make.prediction(t=float(t)) for t in range(100)]
    for record in records:
        outlet.put(record)
    outlet.close()
    assert sink.got == records
    assert sink.closed == 1
    assert (outlet.failed, outlet.dropped, outlet.ended) == (None, 0, True)


def test_live_leaves_out_the_oldest_that_can_be_spared(make):
    sink = Collect(held=True)
    outlet = Outlet(sink, size=4, wait=False)
    held = make.start()
    outlet.put(held)
    sink.busy.wait(60)
    event, end = make.event(), make.summary()
    signals = [make.signal(t=float(t)) for t in range(6)]
    for record in (event, *signals, end):
        outlet.put(record)
    assert outlet.dropped == 4
    sink.go.set()
    outlet.close()
    assert sink.got == [held, event, *signals[4:], end]


def test_events_and_summaries_stay_even_when_nothing_else_is_left(make):
    sink = Collect(held=True)
    outlet = Outlet(sink, size=2, wait=False)
    outlet.put(make.start())
    sink.busy.wait(60)
    events = [make.event(t=float(t)) for t in range(5)]
    for record in events:
        outlet.put(record)
    outlet.put(make.prediction())
    assert outlet.dropped == 1
    sink.go.set()
    outlet.close()
    assert sink.got[1:] == events


def test_replay_waits_and_loses_nothing(make):
    sink = Collect(held=True)
    outlet = Outlet(sink, size=2, wait=True)
    records = [make.prediction(t=float(t)) for t in range(20)]

    def feed():
        for record in records:
            outlet.put(record)

    feeder = threading.Thread(target=feed)
    feeder.start()
    sink.busy.wait(60)
    assert feeder.is_alive()
    sink.go.set()
    feeder.join(60)
    outlet.close()
    assert sink.got == records
    assert outlet.dropped == 0


def test_after_ctrl_c_a_replay_waits_for_a_stuck_sink_no_longer(make, monkeypatch):
    monkeypatch.setattr("realtime.sinks.outlet.PATIENCE", 0.3)
    sink = Collect(held=True)
    outlet = Outlet(sink, size=2, wait=True)
    outlet.put(make.prediction(t=0.0))
    sink.busy.wait(60)
    threading.Timer(0.1, outlet.hurry).start()
    for t in range(1, 6):  # the third finds no room
        outlet.put(make.prediction(t=float(t)))
    assert outlet.dropped == 3
    sink.go.set()
    outlet.close()
    assert [record.t for record in sink.got] == [0, 4, 5]


def test_a_failing_sink_is_closed_and_no_longer_fed(make):
    error = RuntimeError("disk full")
    sink = Failing(error)
    outlet = Outlet(sink, size=1, wait=True)
    for t in range(10):
        outlet.put(make.prediction(t=float(t)))
    outlet.close()
    assert outlet.failed is error
    assert outlet.name == "Failing"
    assert len(sink.got) == 1
    assert sink.closed == 1
    assert outlet.ended


def test_a_failure_to_close_is_noticed_too(make):
    error = OSError("disk full")
    outlet = Outlet(Failing(error, when="close"), wait=True)
    outlet.put(make.prediction())
    outlet.close()
    assert outlet.failed is error


def test_a_reader_who_left_is_no_failure(make):
    sink = Failing(BrokenPipeError())
    outlet = Outlet(sink, wait=True)
    outlet.put(make.prediction())
    outlet.close()
    assert outlet.failed is None
    assert outlet.ended
    assert sink.closed == 1


def test_a_stuck_sink_is_given_up(make):
    sink = Collect(held=True)
    outlet = Outlet(sink, size=2, wait=False)
    for t in range(3):
        outlet.put(make.prediction(t=float(t)))
    sink.busy.wait(60)
    outlet.close(timeout=0.01)
    assert isinstance(outlet.failed, TimeoutError)
    outlet.put(make.prediction())  # ignored
    sink.go.set()  # the sink returns at last: its thread ends by itself
    outlet.close()
    assert len(sink.got) == 1
    assert sink.closed == 1


def test_closing_lets_go_of_whoever_waits(make):
    sink = Collect(held=True)
    outlet = Outlet(sink, size=1, wait=True)
    outlet.put(make.prediction())
    sink.busy.wait(60)
    outlet.put(make.prediction())
    feeder = threading.Thread(target=outlet.put, args=(make.prediction(),))
    feeder.start()
    outlet.close(timeout=0.01)
    feeder.join(60)
    assert not feeder.is_alive()
    sink.go.set()


def test_a_closed_pipe_ends_the_program_quietly():
    program = """
import sys
from realtime.records import Event
from realtime.sinks.jsonlines import JsonLines
from realtime.sinks.outlet import Outlet
outlet = Outlet(JsonLines(sys.stdout), wait=True)
while not outlet.ended:
    outlet.put(Event("notice", 0.0, "again", "here"))
outlet.close()
assert outlet.failed is None
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline().startswith('{"type":"event"')
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
