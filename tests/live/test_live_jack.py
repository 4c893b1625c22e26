"""Microphones and a JACK server that dies: PortAudio, once its client, can neither leave it nor
find another one."""

from __future__ import annotations

import signal
import sys
import time

import pytest
from heard import RATE, gap, tone_in
from others import end, jack_audio, left, sound


def of_the_device(listener):
    """Its coming and going; without a real-time kernel, JACK also drops sound at times."""
    return [e for e in listener.all("event") if e["kind"] in ("disconnected", "reconnected")]


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param([48_000], id="once"),
        pytest.param([44_100] * 2, marks=pytest.mark.slow, id="twice"),
    ],
)
def test_a_microphone_of_a_server_that_dies_and_returns(jack_at, helper, listen, rates):
    """Perhaps at another rate, and more than once."""
    jack = jack_at(48_000)
    mic = listen("mic", env=jack.env, device="loopback")
    mic.wait("begin")
    deaths = []
    for death, rate in enumerate(rates, 1):
        time.sleep(1)
        killed = time.perf_counter()
        jack.kill()
        gone = mic.wait("event", death, kind="disconnected")
        assert gone["at"] - killed < 2
        time.sleep(1.5)
        jack.command = jack_audio(jack.env, rate).command
        jack.start()
        returned = time.perf_counter()
        back = mic.wait("event", death, kind="reconnected")
        assert back["at"] - returned < 3
        deaths.append((gone, back, killed))
        player = helper("play_sound.py", "loopback", str(rate), env=jack.env)
        player.wait("playing")
        time.sleep(1.5)
        player.close()
    kinds = [event["kind"] for event in of_the_device(mic)]
    assert kinds == ["disconnected", "reconnected"] * len(rates)
    for gone, back, killed in deaths:
        after = gap(mic, gone, back, lost=killed, within=1)[: 3 * RATE]
        # JACK drops samples on a busy machine, but it is nearer than the other rate would be.
        assert tone_in(after) == pytest.approx(440, abs=15)
    assert left(mic).get("python") is None  # what the old server's client is, nobody can close


@pytest.mark.parametrize("then", ["goes on", "is killed and started again"])
def test_a_microphone_of_a_server_that_hangs_and(jack_at, listen, then):
    jack = jack_at(48_000)
    mic = listen("mic", env=jack.env, device="loopback")
    mic.wait("begin")
    time.sleep(0.5)
    hung = time.perf_counter()
    jack.hang()
    gone = mic.wait("event", kind="disconnected")
    assert gone["at"] - hung < 2
    time.sleep(2)
    if then == "goes on":
        returned = time.perf_counter()
        jack.go_on()
    else:
        jack.kill()
        time.sleep(1)
        jack.start()
        returned = time.perf_counter()
    back = mic.wait("event", kind="reconnected")
    assert back["at"] - returned < 3
    time.sleep(1)
    assert sound(mic).size > (back["t"] + 0.5) * RATE
    assert [event["kind"] for event in of_the_device(mic)] == ["disconnected", "reconnected"]
    gap(mic, gone, back, lost=hung, within=1)


@pytest.mark.parametrize("how", ["dies", "quits"])
def test_a_server_beside_that_of_the_microphone(pulse, jack_at, listen, how):
    """PortAudio is a client of every server that it sees."""
    jack = jack_at(48_000)
    mic = listen("mic", env=jack.env, device="vmic")
    mic.wait("begin")
    if how == "dies":
        jack.kill()
    else:
        end(jack.process)
    time.sleep(0.5)
    assert mic.all("event") == []
    pulse.kill()
    mic.wait("event", kind="disconnected")
    time.sleep(1)
    pulse.start()
    returned = time.perf_counter()
    assert mic.wait("event", kind="reconnected")["at"] - returned < 3
    time.sleep(0.5)
    mic.stop()


@pytest.mark.skipif(
    sys.version_info[:3] in ((3, 12, 0), (3, 12, 1)), reason="they start no thread at their end"
)
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_ending_while_a_server_beside_that_of_the_microphone_hangs(pulse, jack_at, helper, signum):
    jack = jack_at(48_000)
    argv = ["--mic", "vmic", "--model", "instrument-cnn", "--json"]
    listener = helper("realtime.cli", *argv, env=jack.env)
    listener.wait("prediction", 2, seconds=60)
    jack.hang()
    listener.wait("prediction", len(listener.all("prediction")) + 4)
    assert listener.all("event", kind="disconnected") == []
    listener.process.send_signal(signum)
    assert listener.process.wait(5) == 130
    listener.wait("summary", seconds=1)


def test_ending_after_the_server_of_the_microphone_died(jack_at, listen):
    jack = jack_at(48_000)
    mic = listen("mic", env=jack.env, device="loopback")
    mic.wait("begin")
    jack.kill()
    mic.wait("event", kind="disconnected")
    asked = time.perf_counter()
    mic.stop()
    assert time.perf_counter() - asked < 5
