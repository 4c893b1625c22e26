"""A sound server that hangs: it lives, but answers nobody, and whoever asks it hangs with it."""

from __future__ import annotations

import signal
import time

import pytest
from heard import gap, tone_in
from others import left

# Seconds from the loss of a device to when it is being opened again, and that hangs.
OPENING = 1.5 + 0.5 + 1


@pytest.fixture
def classify(pulse, helper, alone):
    """``rt-classify`` that hears the microphone."""

    def classify(*argv):
        argv = ["--mic", "vmic", "--model", "instrument-cnn", "--json", *argv]
        it = helper("realtime.cli", *argv, env=alone)
        it.wait("prediction", 4, seconds=60)
        return it

    return classify


@pytest.mark.parametrize("then", ["goes on", "is killed and started again"])
def test_a_server_that_hangs_and(pulse, listen, tone, then):
    mic = listen("mic", device="vmic")
    mic.wait("begin")
    pulse.play(["paplay", "--device=vmic", tone])
    time.sleep(1)
    hung = time.perf_counter()
    pulse.hang()
    gone = mic.wait("event", kind="disconnected")
    assert gone["at"] - hung < 2
    time.sleep(OPENING)
    if then == "goes on":
        returned = time.perf_counter()
        pulse.go_on()
    else:
        pulse.kill()
        time.sleep(1)
        pulse.start()
        returned = time.perf_counter()
        pulse.play(["paplay", "--device=vmic", tone])
    back = mic.wait("event", kind="reconnected")
    assert back["at"] - returned < 3
    time.sleep(1.5)
    assert [event["kind"] for event in mic.all("event")] == ["disconnected", "reconnected"]
    assert len(mic.all("jump")) == 1
    assert tone_in(gap(mic, gone, back, lost=hung, within=1)) == pytest.approx(440, abs=1)
    assert left(mic) == {}


def test_no_window_reaches_across(pulse, classify):
    listener = classify()
    pulse.hang()
    gone = listener.wait("event", kind="disconnected")["t"]
    time.sleep(OPENING)
    pulse.go_on()
    back = listener.wait("event", kind="reconnected")["t"]
    after = len(listener.all("prediction"))
    listener.wait("prediction", after + 4)
    listener.stop(130)
    windows = [line["window"] for line in listener.all("prediction")]
    assert windows[-1][0] >= back
    assert all(end <= gone or start >= back for start, end in windows)
    (summary,) = listener.all("summary")
    assert summary["seconds"] >= windows[-1][1]


@pytest.mark.parametrize(
    ("when", "signum"),
    [
        ("unnoticed", signal.SIGTERM),
        ("closing", signal.SIGINT),
        ("opening", signal.SIGINT),
        ("opening", signal.SIGTERM),
    ],
)
def test_ending_while_it_hangs(pulse, classify, when, signum):
    """The device cannot be closed then, nor opened."""
    listener = classify()
    pulse.hang()
    if when == "unnoticed":
        time.sleep(0.3)
    else:
        listener.wait("event", kind="disconnected")
        time.sleep(0.3 if when == "closing" else OPENING)
    listener.process.send_signal(signum)
    assert listener.process.wait(5) == 130
    listener.wait("summary", seconds=1)
    assert listener.all("event") == listener.all("event", kind="disconnected")


def test_the_duration_ends_while_it_hangs(pulse, classify):
    listener = classify("--duration", "6")
    pulse.hang()
    listener.wait("summary")
    assert listener.process.wait(5) == 0


def test_ctrl_c_when_it_hung_from_the_start(pulse, helper, alone):
    pulse.hang()
    argv = ["--mic", "vmic", "--model", "instrument-cnn", "--json"]
    listener = helper("realtime.cli", *argv, env=alone)
    listener.wait("start", seconds=60)
    time.sleep(2)
    assert listener.process.poll() is None
    listener.process.send_signal(signal.SIGINT)
    assert listener.process.wait(5) == 130
    assert listener.all("prediction") == listener.errors == []


@pytest.mark.slow
def test_a_server_that_never_answers(pulse, helper, alone):
    pulse.hang()
    listener = helper("realtime.cli", "--mic", "vmic", "--json", env=alone)
    assert listener.process.wait(60) == 2
    listener.close()
    assert listener.errors == [
        "rt-classify: the sound system does not answer: restart the sound server\n"
    ]
