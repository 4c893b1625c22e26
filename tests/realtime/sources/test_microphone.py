"""What a microphone hears, and when it says so."""

import numpy as np
import pytest
import soxr
from mic_stage import Stage, tone

from realtime.records import STREAM_RATE
from realtime.sources.microphone import Microphone
from realtime.sources.resample import Resampler


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


@pytest.mark.parametrize(("channel", "clipped", "mixed"), [("mix", 9, 2), (1, 9, 1), (2, 0, 1)])
def test_what_clipped_is_kept_when_the_device_goes(sd, channel, clipped, mixed):
    sd.plug("mic")
    source = Microphone(channel=channel)
    assert (source.clipped, source.mixed) == (0, 1)
    with source:
        sd.streams[0].feed(np.array([[1.0, 0.5]] * 9))
        assert source.clipped == clipped
    assert (source.clipped, source.mixed) == (clipped, mixed)


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
