import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.meter import QUIETEST, Meter

TENTH = 1_600


def tone(n, amplitude=1.0, hz=1000.0):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(n) / 16_000)).astype(np.float32)


@settings(max_examples=50)
@given(sizes=st.lists(st.integers(0, 5_000), max_size=8), seed=st.integers(0, 99))
def test_readings_do_not_depend_on_the_cutting(sizes, seed):
    rng = np.random.default_rng(seed)
    samples = (rng.normal(size=sum(sizes)) * rng.uniform(0, 1)).astype(np.float32)
    whole, cut = Meter(1.0), Meter(1.0)
    readings, at = [], 0
    for size in sizes:
        readings += cut.push(samples[at : at + size])
        at += size
    assert readings == whole.push(samples)
    assert [r.end for r in readings] == list(range(TENTH, len(samples) + 1, TENTH))
    for seconds in (0.1, 0.35, 1.0):
        assert cut.loudest(seconds) == whole.loudest(seconds)
    assert np.array_equal(cut.spectrum(), whole.spectrum())


@pytest.mark.parametrize(("amplitude", "level"), [(1, -3.01), (0.1, -23.01), (1e-4, -83.01)])
def test_levels_are_decibels_below_full_scale(amplitude, level):
    (reading,) = Meter(1.0).push(tone(TENTH, amplitude))
    assert reading.level == pytest.approx(level, abs=0.01)
    assert reading.peak == pytest.approx(amplitude, rel=1e-3)


def test_silence_is_as_quiet_as_it_gets():
    meter = Meter(1.0)
    assert meter.loudest(1.0) == QUIETEST
    (reading,) = meter.push(np.zeros(TENTH, np.float32))
    assert (reading.level, reading.peak) == (QUIETEST, 0)


def test_the_loudest_of_the_last_tenths_counts():
    meter = Meter(1.0)
    meter.push(tone(TENTH))
    for tenths in range(1, 12):
        meter.push(np.zeros(TENTH, np.float32))
        assert (meter.loudest(0.5) > -10) == (tenths < 5)
        assert (meter.loudest(1.0) > -10) == (tenths < 10)


def test_the_spectrum_shows_where_the_sound_is():
    meter = Meter(1.0)
    centres = np.geomspace(60, 7600, Meter.BANDS)
    for hz in (100, 440, 3000, 7000):
        meter.push(tone(4_000, 0.5, hz))
        spectrum = meter.spectrum()
        assert spectrum.shape == (Meter.BANDS,)
        assert spectrum.dtype == np.float32
        loudest = int(spectrum.argmax())
        assert abs(loudest - int(np.abs(centres - hz).argmin())) <= 1
        assert spectrum.min() < spectrum.max() - 40


def test_reset_is_a_fresh_start():
    meter = Meter(0.5)
    meter.push(tone(2_000))
    meter.reset()
    assert meter.loudest(0.5) == QUIETEST
    (reading,) = meter.push(tone(TENTH, 0.1))
    assert reading.end == TENTH
    assert reading.level == pytest.approx(-23.01, abs=0.01)
