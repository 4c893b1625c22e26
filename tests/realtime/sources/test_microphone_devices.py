"""Microphones that vanish, return, are busy, or are not there."""

import os
import signal
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from live_fakes import FakeBehind
from mic_stage import Stage, tone

from realtime.errors import UserError
from realtime.records import STREAM_RATE
from realtime.sources import portaudio
from realtime.sources.microphone import Microphone


@pytest.mark.parametrize("how", ["finished", "silent"])
def test_vanishing(sd, how):
    mic = sd.plug("mic")
    stage = Stage(sd)
    stage.play(tone(1))
    if how == "finished":
        stage.clock.at(1.001, lambda: sd.unplug(mic))
    result = stage.run(20)
    assert result.kinds == ["disconnected"]
    assert result.times[0] < 1 + (0.1 if how == "finished" else 1.2)
    # All that was heard before it is there, also what the resampler held back.
    assert len(result.sound) == pytest.approx(STREAM_RATE, abs=1)
    assert result.events[0].t == len(result.sound) / STREAM_RATE
    assert "waiting" in result.events[0].text


def test_returning(sd):
    mic = sd.plug("USB mic (hw:1,0)")
    stage = Stage(sd)
    sound = tone(3)
    stage.play(sound[:48_000])
    stage.clock.at(1.001, lambda: sd.unplug(mic))

    def plug():  # as another card, with another index and another rate
        sd.plug("other", first=True)
        sd.plug("USB mic (hw:2,0)", rate=16_000)

    stage.clock.at(5, plug)
    for i in range(1, 200):
        stage.clock.at(5 + i * 0.01, lambda: stage.feed(np.full(160, 0.5)))
    result = stage.run(7)
    assert result.kinds == ["disconnected", "reconnected"]
    assert result.times[1] < 5.6
    position = round(result.events[1].t * STREAM_RATE)
    gap = np.flatnonzero(np.isnan(result.sound))
    assert (gap[0], gap[-1]) == (pytest.approx(STREAM_RATE, abs=1), position - 1)
    # Stream time went on by the clock.
    assert len(result.sound) / STREAM_RATE == pytest.approx(6.99, abs=0.02)
    np.testing.assert_array_equal(result.sound[position:], 0.5)
    assert "back after 4." in result.events[1].text
    # Meanwhile it told how time goes on.
    assert len(result.pauses) >= 8
    for when, position in result.pauses:
        assert position / STREAM_RATE == pytest.approx(when, abs=0.02)


def test_an_equal_device_is_not_the_lost_one(sd):
    mic = sd.plug("USB mic (hw:1,0)", rate=16_000)
    sd.plug("USB mic (hw:2,0)", rate=16_000)
    stage = Stage(sd, device="USB mic (hw:1,0)")
    for i in range(600):
        stage.clock.at(i * 0.01, lambda: stage.feed(np.zeros(160)))
    stage.clock.at(1, lambda: sd.unplug(mic))
    stage.clock.at(4, lambda: sd.present.append(mic))
    result = stage.run(6)
    assert result.kinds == ["disconnected", "reconnected"]
    assert result.times[1] >= 4
    assert stage.source.device.name == "USB mic (hw:1,0)"


def test_returning_in_vain(sd):
    """A device that is there again but busy, or delivers nothing, is not back yet."""
    mic = sd.plug("mic", rate=16_000)
    stage = Stage(sd)
    stage.play(tone(0.5, 48_000))
    stage.clock.at(0.6, lambda: sd.unplug(mic))

    def plug(busy):
        sd.busy = busy
        sd.present[:] = []
        sd.plug("mic", rate=16_000)

    stage.clock.at(2, lambda: plug(True))
    stage.clock.at(4, lambda: plug(False))
    for i in range(100):
        stage.clock.at(12 + i * 0.01, lambda: stage.feed(np.zeros(160)))
    result = stage.run(12.9)
    assert result.kinds == ["disconnected", "reconnected"]
    assert result.times[1] > 12


def test_returning_although_the_lost_stream_does_not_close(sd, monkeypatch):
    """Then PortAudio cannot look for devices, but the one that it knows can be opened."""
    mic = sd.plug("mic", rate=16_000)
    stage = Stage(sd)
    stage.play(tone(0.5, 48_000))
    free = threading.Event()
    monkeypatch.setattr(portaudio, "_PATIENCE", 0.05)

    def die():
        sd.present.remove(mic)
        sd.streams[0].abort = free.wait
        sd.streams.pop().end()

    stage.clock.at(0.6, die)
    stage.clock.at(2, lambda: sd.present.append(mic))
    for i in range(100):
        stage.clock.at(3 + i * 0.01, lambda: stage.feed(np.zeros(160)))
    assert stage.run(4).kinds == ["disconnected", "reconnected"]
    free.set()
    while portaudio._open:  # or else the next test cannot look for devices
        time.sleep(0.01)


def test_exit_on_disconnect(sd):
    mic = sd.plug("mic")
    stage = Stage(sd, exit_on_disconnect=True)
    stage.play(tone(1))
    stage.clock.at(1.001, lambda: sd.unplug(mic))
    with stage.source as source:
        items = list(source)
    assert items[-1].kind == "disconnected"
    assert items[-1].text == "mic is gone"
    assert stage.clock.now() < 102


def test_a_device_that_never_delivers(sd):
    sd.plug("mic")
    stage = Stage(sd, exit_on_disconnect=True)
    with stage.source as source:
        assert [item.kind for item in source] == ["disconnected"]
    assert 102 < stage.clock.now() < 106


def test_a_slow_start_is_none(sd):
    sd.plug("mic", rate=16_000)
    stage = Stage(sd)
    for i in range(50):
        stage.clock.at(2 + i * 0.01, lambda: stage.feed(np.zeros(160)))
    assert stage.run(2.5).kinds == []


def test_plugged_in_after_the_program_started(sd):
    sd.plug("old")
    sd._initialize()
    sd.plug("new")
    with Microphone("new") as source:
        assert source.name == "new"


def test_two_at_once(sd):
    """One that lost its device does not end the stream of the other."""
    first, _ = sd.plug("first", rate=16_000), sd.plug("second", rate=16_000)
    stage = Stage(sd, device="first")
    stage.play(np.zeros(4800))
    stage.clock.at(0.2, lambda: sd.unplug(first))
    with Microphone("second"):
        assert stage.run(5).kinds == ["disconnected"]
        assert [stream.device["name"] for stream in sd.streams] == ["second"]


def test_busy(sd):
    sd.plug("mic")
    sd.plug("line")
    sd.busy = True
    with pytest.raises(UserError) as caught, Microphone("mic"):
        pass
    assert str(caught.value) == (
        "mic: cannot be opened (Device unavailable); close the program that uses it, allow"
        " the use of the microphone, or choose 0 'mic' (ALSA), 1 'line' (ALSA)"
    )


def test_unknown_device(sd):
    sd.plug("mic\x1b[1m")
    with pytest.raises(UserError) as caught, Microphone("li\nne"):
        pass
    assert str(caught.value) == "no microphone fits 'li?ne'; choose 0 'mic?[1m' (ALSA)"


@pytest.mark.parametrize("options", [{"channel": 0}, {"ring_seconds": 0}, {"dtype": "int24"}])
def test_senseless_options(options):
    with pytest.raises(ValueError, match="not"):
        Microphone(**options)


def test_not_entered(sd):
    with pytest.raises(RuntimeError, match="enter"):
        next(iter(Microphone()))


@pytest.mark.parametrize("when", ["listening", "waiting"])
def test_ctrl_c_closes_the_device(sd, when):
    mic = sd.plug("mic")
    stage = Stage(sd)
    if when == "waiting":  # for a device that is back, and open, but does not deliver
        stage.play(tone(0.1))
        stage.clock.at(0.11, lambda: sd.unplug(mic))
        stage.clock.at(0.2, lambda: sd.plug("mic"))

    def interrupt():
        raise KeyboardInterrupt

    stage.clock.at(1, interrupt)
    with pytest.raises(KeyboardInterrupt):
        stage.run(5)


@pytest.fixture
def slow(sd, monkeypatch):
    """Opening a device hangs from when ``hangs`` is set until ``free`` is."""
    opening, hangs, free = sd.InputStream, threading.Event(), threading.Event()

    def slowly(**options):
        if hangs.is_set():
            free.wait()
        return opening(**options)

    monkeypatch.setattr(sd, "InputStream", slowly)
    yield SimpleNamespace(hangs=hangs, free=free)
    free.set()


def lost_and_hung(sd, slow):
    """A microphone that is lost after a second, and whose server then hangs."""
    mic = sd.plug("mic", rate=16_000)
    stage = Stage(sd)
    stage.play(tone(1), every=480)

    def lose():
        slow.hangs.set()
        sd.streams[0].end()
        sd.present.remove(mic)
        sd.present.append(mic)

    stage.clock.at(1.001, lose)
    return stage


def test_time_goes_on_while_opening_hangs(sd, slow):
    stage = lost_and_hung(sd, slow)
    stage.clock.at(6, slow.free.set)
    for i in range(1, 400):
        stage.clock.at(6.2 + i * 0.01, lambda: stage.feed(np.zeros(160)))
    result = stage.run(9)
    assert result.kinds == ["disconnected", "reconnected"]
    assert 6 < result.times[1] < 8
    assert len([when for when, _ in result.pauses if 2 < when < 6]) >= 6


def test_stopping_while_opening_hangs(sd, slow):
    stage = lost_and_hung(sd, slow)
    assert stage.run(4).kinds == ["disconnected"]
    assert not sd.streams
    slow.free.set()
    while portaudio._turn.locked() or portaudio._open:  # opened after all, and closed again
        time.sleep(0.01)
    assert not sd.streams


def test_ctrl_c_while_the_first_opening_hangs(sd, slow):
    sd.plug("mic")
    portaudio.refresh()
    slow.hangs.set()
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), Microphone("mic"):
        pass
    slow.free.set()
    while portaudio._turn.locked() or portaudio._open:
        time.sleep(0.01)
    assert not sd.streams


def test_a_source_that_goes_while_the_device_stays(sd):
    """The server lets another one be heard; it waits until the same is there, and hears that."""
    sd.plug("default", rate=16_000)
    sd.sources = ["usb", "built-in"]
    sd.behind = FakeBehind("usb")
    stage = Stage(sd)

    def pull():
        sd.sources.remove("usb")
        sd.behind.left = True

    def move():  # so that the server does, for a new stream
        sd.behind.hears("built-in")

    for i in range(700):
        stage.clock.at(i * 0.01, lambda i=i: stage.feed(np.full(160, i / 1000)))
    stage.clock.at(1, pull)
    stage.clock.at(1.1, move)
    stage.clock.at(4, lambda: sd.sources.append("usb"))
    result = stage.run(6)
    assert result.kinds == ["disconnected", "reconnected"]
    assert result.times[0] == pytest.approx(1, abs=0.02)
    assert 4 < result.times[1] < 4.6
    assert result.events[0].text == "default (The usb) is gone; waiting for it to return"
    assert result.events[1].text.startswith("default (The usb) is back after ")
    assert [source and source.name for source in sd.behind.wanted] == [None, "usb"]
    assert sd.behind.closed == 2
    # What the other one let be heard meanwhile is not there.
    heard = result.sound[np.isfinite(result.sound)]
    assert not ((heard > 0.102) & (heard < 0.399)).any()


def test_another_source_is_heard(sd):
    sd.plug("default", rate=16_000)
    sd.behind = FakeBehind("usb")
    stage = Stage(sd)
    for i in range(200):
        stage.clock.at(i * 0.01, lambda: stage.feed(np.zeros(160)))
    sd.behind.source = None
    stage.clock.at(0.1, lambda: sd.behind.hears("usb"))  # only now known
    stage.clock.at(1, lambda: sd.behind.hears("built-in"))
    result = stage.run(2)
    assert result.kinds == ["moved"]
    assert result.events[0].text == "default lets The built-in be heard from now on"
    assert result.events[0].t == pytest.approx(1, abs=0.02)
    assert not np.isnan(result.sound).any()


def test_what_a_device_hears_is_followed_no_more_when_it_cannot_be_opened(sd):
    sd.plug("default")
    sd.behind = FakeBehind("usb")
    sd.busy = True
    with pytest.raises(UserError, match="cannot be opened"), Microphone():
        pass
    assert sd.behind.closed == 1


def test_a_program_of_jack_that_leaves_while_its_server_hangs(sd):
    """The input is kept while the server hangs; that it goes on with silence is no return."""
    sd.plug("organ", rate=16_000, api=1)
    sd.behind = FakeBehind("organ")
    stage = Stage(sd)
    for i in range(100):
        stage.clock.at(i * 0.01, lambda: stage.feed(np.full(160, 0.5)))

    def leave():
        assert len(sd.streams) == 1
        sd.behind.left = True

    stage.clock.at(3, leave)
    for i in range(300):
        stage.clock.at(3 + i * 0.01, lambda: stage.feed(np.zeros(160)))
    result = stage.run(6)
    assert result.kinds == ["disconnected"]
    assert not sd.streams
