import tracemalloc

import numpy as np
import pytest
from live_fakes import FakeClock, FakeSounddevice

from realtime.errors import UserError
from realtime.sources import portaudio
from realtime.sources.capture import Capture


@pytest.fixture
def sd(monkeypatch):
    fake = FakeSounddevice()
    monkeypatch.setattr(portaudio, "load", lambda: fake)
    return fake


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def capture(sd, clock):
    """Open the device that was plugged in first."""
    opened = []

    def capture(channel="mix", dtype="float32", ring_seconds=2.0):
        sd._initialize()
        device = portaudio.inputs()[0]
        opened.append(
            Capture(device, channel=channel, dtype=dtype, ring_seconds=ring_seconds, clock=clock)
        )
        return opened[-1]

    yield capture
    for each in opened:
        each.close()
    assert not sd.streams


LEFT_RIGHT = np.array([[0.5, 0.1], [-0.5, 0.3], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("channel", "heard"), [("mix", [0.3, -0.1, 0.5]), (1, [0.5, -0.5, 0]), (2, [0.1, 0.3, 1])]
)
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_mono(sd, capture, channel, heard, dtype):
    sd.plug("mic")
    it = capture(channel, dtype)
    sd.streams[0].feed(LEFT_RIGHT * (1 if dtype == "float32" else 32768 - 1))
    assert it.stamp[0] == 3
    np.testing.assert_allclose(it.ring.latest(3), heard, atol=1e-4)


@pytest.mark.parametrize(("channel", "clipped"), [("mix", 5), (1, 2), (2, 3)])
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_clipping_is_counted_before_channels_are_mixed(sd, capture, channel, clipped, dtype):
    sd.plug("mic")
    it = capture(channel, dtype)
    full = 1.0 if dtype == "float32" else 32767
    loud = [[1, 0], [-1, 0], [0.99, 1], [0, -1], [-0.99, 1]]
    sd.streams[0].feed(np.array(loud) * full)
    assert it.clipped == clipped


def test_a_callback_makes_no_arrays(sd, capture):
    sd.plug("mic", channels=8)
    it = capture()
    sound = np.ones((4096, 8), np.float32)
    it._arrive(sound, len(sound), None, None)
    tracemalloc.start()
    it._arrive(sound, len(sound), None, None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert it.clipped == 2 * sound.size
    assert peak < 10_000, "what is compared has 32 kB"


def test_one_big_block(sd, capture):
    sd.plug("mic", channels=1)
    it = capture()
    sound = np.linspace(-1, 1, 10_000, dtype=np.float32)
    sd.streams[0].feed(sound)
    np.testing.assert_array_equal(it.ring.latest(10_000), sound)


@pytest.mark.parametrize(
    ("offered", "channel", "opened"),
    [(1, "mix", 1), (2, "mix", 2), (6, "mix", 6), (32, "mix", 2), (32, 5, 5), (2, 1, 1)],
)
def test_channels_opened(sd, capture, offered, channel, opened):
    sd.plug("mic", channels=offered)
    assert capture(channel).channels == opened


def test_only_as_the_device_likes(sd, capture):
    sd.plug("mic", channels=4, rate=44_100, rates={32_000}, counts={4})
    it = capture(2)
    assert (it.rate, it.channels) == (32_000, 4)
    sd.streams[0].feed([[0, 0.25, 0, 0]])
    assert it.ring.latest(1) == [0.25]


def test_own_rate_first(sd, capture):
    sd.plug("mic", rate=96_000)
    assert capture().rate == 96_000


def test_no_rate_fits(sd, capture):
    sd.plug("mic", rates={11_025})
    with pytest.raises(UserError, match="mic: takes none of the rates"):
        capture()


def test_no_such_channel(sd, capture):
    sd.plug("mic")
    with pytest.raises(UserError, match="has no channel 3; choose 1 to 2, or mix"):
        capture(3)


def test_busy(sd, capture):
    sd.plug("mic")
    sd.busy = True
    with pytest.raises(OSError, match="Device unavailable"):
        capture()


def test_stamps(sd, capture, clock):
    sd.plug("mic")
    it = capture()
    assert it.begun is None
    clock.sleep(1)
    sd.streams[0].feed(np.zeros(480))
    assert it.stamp == (480, 101.0)
    assert it.begun == pytest.approx(100.99)
    clock.sleep(0.01)
    sd.streams[0].feed(np.zeros(480))
    assert it.stamp == (960, pytest.approx(101.01))
    assert it.begun == pytest.approx(100.99)


def test_what_the_device_lost(sd, capture, clock):
    sd.plug("mic")
    it = capture()
    for step, overflow in ((0, True), (0.01, False), (0.11, True), (0.0105, True)):
        clock.sleep(step)
        sd.streams[0].feed(np.zeros(480), overflow=overflow)
    # The first flag comes before any sound; the last is about nothing that could be measured.
    assert list(it.losses) == [(960, 4800)]
    assert it.xruns == 2


def test_broken_samples_do_not_disturb_the_callback(sd, capture, recwarn):
    sd.plug("mic")
    it = capture()
    sd.streams[0].feed([[np.inf, -np.inf], [np.nan, 0], [3e38, 3e38]])
    assert not np.isfinite(it.ring.latest(3)[:2]).any()
    assert not len(recwarn)


def test_finished(sd, capture):
    mic = sd.plug("mic")
    it = capture()
    assert not it.finished
    sd.unplug(mic)
    assert it.finished
