import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.records import STREAM_RATE
from realtime.sources.resample import Resampler

RATES = (8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)


def sine(hertz, rate, seconds=0.5):
    t = np.arange(round(seconds * rate)) / rate
    return np.sin(2 * np.pi * hertz * t).astype(np.float32)


def whole(rate, sound):
    resampler = Resampler(rate)
    return np.concatenate([resampler.push(sound), resampler.flush()])


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_stays_where_and_as_it_is(rate):
    heard = whole(rate, sine(440, rate))
    np.testing.assert_allclose(heard[400:-400], sine(440, STREAM_RATE)[400:-400], atol=1e-4)


@pytest.mark.parametrize("rate", [rate for rate in RATES if rate > 20_000])
@pytest.mark.parametrize(("hertz", "kept"), [(7_000, True), (9_000, False), (10_000, False)])
def test_what_cannot_be_held_is_gone(rate, hertz, kept):
    level = np.abs(whole(rate, sine(hertz, rate))[400:-400]).max()
    assert level == pytest.approx(1, abs=0.01) if kept else level < 3e-4


@settings(max_examples=30)
@given(
    rate=st.sampled_from(RATES),
    sizes=st.lists(st.integers(0, 5_000), min_size=1, max_size=8),
    seed=st.integers(0, 99),
)
def test_cuts_change_nothing(rate, sizes, seed):
    sound = np.random.default_rng(seed).normal(size=sum(sizes)).astype(np.float32)
    resampler = Resampler(rate)
    for _ in range(2):  # as good as new after a flush
        parts, at = [], 0
        for size in sizes:
            parts.append(resampler.push(sound[at : at + size]))
            at += size
        parts.append(resampler.flush())
        heard = np.concatenate(parts)
        assert heard.dtype == np.float32
        assert len(heard) == -(-len(sound) * STREAM_RATE // rate)
        np.testing.assert_array_equal(heard, whole(rate, sound))


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_it_waits_for_two_milliseconds(rate):
    resampler = Resampler(rate)
    came = len(resampler.push(np.zeros(rate, np.float32)))
    assert 0 < 1 - came / STREAM_RATE < 0.0025
