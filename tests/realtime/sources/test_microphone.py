import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import soxr
from live_fakes import FakeClock, FakeSounddevice

from realtime.errors import UserError
from realtime.records import STREAM_RATE, AudioBlock, Event, Pause
from realtime.sources import portaudio
from realtime.sources.microphone import Microphone
from realtime.sources.resample import Resampler


@pytest.fixture
def sd(monkeypatch):
    fake = FakeSounddevice()
    monkeypatch.setattr(portaudio, "load", lambda: fake)
    yield fake
    assert not fake.streams, "every stream must be closed in the end"


class Stage:
    """A microphone, what plays into it, and what came out."""

    def __init__(self, sd, **options):
        self.sd = sd
        self.clock = FakeClock()
        self.source = Microphone(clock=self.clock, **options)
        self.sent = 0

    def play(self, sound, *, every=480, start=0.0, late=0.0):
        """Plan the delivery of a sound, in real time, to whatever stream is open by then."""
        for at in range(0, len(sound), every):
            part = sound[at : at + every]
            when = start + (at + len(part)) / 48_000 + late
            self.clock.at(when, lambda part=part: self.feed(part))

    def feed(self, part, **options):
        if self.sd.streams:
            self.sd.streams[0].feed(part, **options)

    def run(self, until):
        """Listen for so many seconds of the clock."""
        self.clock.at(until, self.source.stop)
        with self.source:
            items = []
            for item in self.source:
                if isinstance(item, AudioBlock):
                    assert item.samples.dtype == np.float32
                    assert np.isfinite(item.samples).all()
                    assert item.captured <= self.clock.now()
                items.append((self.clock.now() - 100, item))
        return heard(items)


def heard(items):
    """Sound in stream time (NaN where there is none), events and when each came."""
    blocks = [item for _, item in items if isinstance(item, AudioBlock)]
    pauses = [(when, item.position) for when, item in items if isinstance(item, Pause)]
    items = [(when, item) for when, item in items if not isinstance(item, Pause)]
    events = [item for _, item in items if isinstance(item, Event)]
    sound = np.full(max((block.end for block in blocks), default=0), np.nan, np.float32)
    end, told = 0, False
    for _, item in items:
        if isinstance(item, AudioBlock):
            assert item.position >= end
            if item.position > end:
                assert told, "a gap without an event"
            sound[item.position : item.end] = item.samples
            end, told = item.end, False
        else:
            told = True
    return SimpleNamespace(
        blocks=blocks,
        sound=sound,
        events=events,
        kinds=[event.kind for event in events],
        times=[when for when, item in items if isinstance(item, Event)],
        pauses=pauses,
    )


def tone(seconds, rate=48_000):
    t = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)


@pytest.mark.parametrize("every", [64, 480, 5000])
def test_resampled_as_one_stream(sd, every):
    sd.plug("mic")
    stage = Stage(sd, device="mic")
    sound = tone(1)
    stage.play(sound, every=every)
    result = stage.run(1.2)
    whole = soxr.resample(sound, 48_000, STREAM_RATE)
    assert not result.events
    # The resampler keeps some 2 ms back until the stream ends.
    assert len(result.sound) > 0.99 * len(whole)
    np.testing.assert_allclose(result.sound, whole[: len(result.sound)], atol=1e-3)  # at its edge
    exact = Resampler(48_000).push(sound)
    np.testing.assert_array_equal(result.sound, exact[: len(result.sound)])


def test_at_the_rate_of_the_stream_nothing_is_touched(sd):
    sd.plug("mic", rate=16_000)
    stage = Stage(sd)
    sound = tone(0.5, 16_000)
    stage.play(sound)
    result = stage.run(1)
    np.testing.assert_array_equal(result.sound, sound)


def test_captured_is_when_the_last_sample_came(sd):
    sd.plug("mic")
    stage = Stage(sd)
    stage.play(tone(1))
    result = stage.run(1)
    late = [block.captured - 100 - block.end / STREAM_RATE for block in result.blocks]
    assert np.abs(late).max() < 0.001


def test_what_waited_says_when_each_of_it_came(sd):
    sd.plug("mic", rate=16_000)
    stage = Stage(sd)
    with stage.source as source:
        items = iter(source)
        stage.clock.at(0, lambda: stage.feed(np.full(100, 0.1)))
        next(items)
        for _ in range(5):
            stage.clock.sleep(0.1)
            stage.feed(np.full(1600, 0.1))
        came = [next(items).captured for _ in range(5)]
    np.testing.assert_allclose(np.diff(came), 0.1)
    assert came[-1] == stage.clock.now()


def test_stream_time_begins_with_the_iteration(sd):
    sd.plug("mic", rate=16_000)
    stage = Stage(sd)
    with stage.source as source:
        stage.feed(np.full(100, 0.1))
        stage.clock.sleep(1)
        stage.feed(np.full(100, 0.1), overflow=True)
        items = iter(source)
        stage.clock.at(1, lambda: stage.feed(np.full(50, 0.2)))
        # A generator begins when it is first asked: what comes until then is not heard.
        block = next(items)
    assert block.position == 0
    np.testing.assert_allclose(block.samples, 0.2)


def test_attributes(sd):
    sd.plug("USB mic", channels=1, rate=44_100)
    sd.plug("other")
    source = Microphone("usb")
    assert (source.name, source.device, source.rate) == ("usb", None, 0)
    assert (source.stream, source.live, source.length) == ("audio", True, None)
    with source:
        assert source.name == source.device.name == "USB mic"
        assert (source.rate, source.channels, source.latency) == (44_100, 1, 0.035)
        assert (source.xruns, source.lost, source.invalid) == (0, 0, 0)
    assert (source.rate, source.channels, source.latency) == (0, 0, 0)


def test_a_reader_that_is_late(sd):
    sd.plug("mic", rate=16_000)
    stage = Stage(sd, ring_seconds=1)
    ramp = np.arange(48_000, dtype=np.float32) / 48_000
    with stage.source as source:
        items = iter(source)
        stage.clock.at(0.1, lambda: stage.feed(ramp[:100]))
        first = next(items)
        for at in range(100, 40_000, 100):
            stage.feed(ramp[at : at + 100])
        event, *blocks = (next(items) for _ in range(161))
        assert source.lost == event.count
    assert first.end == 100
    assert (event.kind, event.count, event.t) == ("overflow", 40_000 - 16_000 - 100, 100 / 16_000)
    assert [block.position for block in blocks] == list(range(24_000, 40_000, 100))
    np.testing.assert_array_equal(np.concatenate([b.samples for b in blocks]), ramp[24_000:40_000])


def test_a_device_that_is_late_is_told_also_where_next_to_nothing_was_lost(sd):
    sd.plug("mic", rate=16_000)
    stage = Stage(sd)
    sound = tone(3, rate=16_000)
    for start in range(0, 48_000, 160):  # late each tenth of a second
        overflow = start % 1600 == 800
        part = sound[start : start + 160]
        stage.clock.at(start / 16_000 + 0.01, lambda p=part, o=overflow: stage.feed(p, overflow=o))
    result = stage.run(3.2)
    assert set(result.kinds) == {"xrun"}
    assert 3 <= len(result.events) <= 4  # at most one a second
    assert len(result.sound) == 48_000
    assert 20 <= sum(event.count for event in result.events) <= stage.source.xruns == 30


def test_sound_that_the_device_lost(sd):
    sd.plug("mic", rate=48_000)
    stage = Stage(sd)
    sound = tone(2)
    stage.play(sound[:48_000])
    # Half a second is lost; the device says so with what comes next.
    stage.clock.at(1.51, lambda: stage.feed(sound[72_000:72_480], overflow=True))
    stage.play(sound[72_480:], start=1.51)
    result = stage.run(2.2)
    assert sorted(result.kinds) == ["overflow", "xrun"]
    (event,) = (each for each in result.events if each.kind == "overflow")
    assert event.count == pytest.approx(8000, abs=20)
    assert stage.source.lost == event.count
    assert stage.source.xruns == 1
    gap = np.flatnonzero(np.isnan(result.sound))
    assert (gap[0], len(gap)) == (event.t * STREAM_RATE, event.count)
    assert gap[0] == pytest.approx(STREAM_RATE, abs=2)
    whole = soxr.resample(sound, 48_000, STREAM_RATE)[: len(result.sound)]
    far = np.abs(np.arange(len(whole)) - 20_000) > 4500  # where no edge rings
    np.testing.assert_allclose(result.sound[far], whole[far], atol=0.01)


def test_sound_that_was_lost_without_a_word(sd):
    sd.plug("mic")
    stage = Stage(sd)
    stage.play(tone(5))
    stage.play(tone(5), start=5, late=0.7)
    result = stage.run(10.5)
    assert result.kinds == ["overflow"]
    assert result.events[0].count == pytest.approx(0.7 * STREAM_RATE, abs=20)
    assert 6.7 < result.times[0] < 9


def test_a_clock_that_drifts_loses_nothing(sd):
    sd.plug("mic", rate=16_000)
    stage = Stage(sd)
    for i in range(1, 3000):  # 500 ppm slow, callbacks up to 50 ms late
        late = 0.05 * (i * 7 % 10) / 10
        stage.clock.at(i * 0.1 * 1.0005 + late, lambda: stage.feed(np.zeros(1600)))
    assert stage.run(299).kinds == []


def test_a_stopped_process_is_no_lost_device(sd):
    sd.plug("mic")
    stage = Stage(sd)
    stage.play(np.zeros(48_000))

    def stop_and_go_on():
        stage.clock.time += 30

    stage.clock.at(1.005, stop_and_go_on)
    stage.play(np.zeros(48_000), start=31.1)
    assert "disconnected" not in stage.run(31.9).kinds


def test_broken_samples(sd):
    sd.plug("mic", rate=16_000)
    stage = Stage(sd)
    bad = np.full(480, 0.25, np.float32)
    bad[[1, 50, 400]] = np.nan, np.inf, -1e30
    for i in range(1, 291):
        stage.clock.at(i * 0.01, lambda: stage.feed(bad))
    result = stage.run(2.9)
    assert set(result.kinds) == {"invalid"}
    assert 2 <= len(result.events) <= 4
    assert stage.source.invalid == sum(event.count for event in result.events)
    assert sorted(set(result.sound)) == [0, 0.25]
    assert (result.sound == 0).sum() == pytest.approx(stage.source.invalid, abs=300)


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
