"""Sounds that are no instrument."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.records import STREAM_RATE
from training.augment import background

KINDS = [background.speechlike, background.howls, background.calls, background.knocks]


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("n", [1, 1000, STREAM_RATE, 4 * STREAM_RATE])
def test_each_kind_fills_any_length_by_chance_alone(make, n):
    for seed in range(5):
        one, same = (make(n, np.random.default_rng(seed)) for _ in range(2))
        assert one.dtype == np.float32
        assert one.shape == (n,)
        assert np.isfinite(one).all()
        np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("seed", range(20))
def test_a_background_has_a_level_that_a_microphone_may_give(seed):
    samples = background.background(STREAM_RATE, np.random.default_rng(seed))
    rms = 20 * np.log10(np.sqrt(np.mean(samples.astype(float) ** 2)))
    assert -60.1 < rms < -9.9


def spectral_change(samples):
    """How much neighbouring frames of 64 ms differ in which frequencies sound, from 0 to 1."""
    frames = samples[: len(samples) // 1024 * 1024].reshape(-1, 1024) * np.hanning(1024)
    power = np.abs(np.fft.rfft(frames)) ** 2
    loud = power[power.sum(axis=1) > 0.01 * power.sum(axis=1).max()]
    shares = loud / loud.sum(axis=1, keepdims=True)
    return float(np.mean(np.abs(np.diff(shares, axis=0)).sum(axis=1) / 2))


def test_howls_are_held_where_calls_glide():
    def change(make):
        seeds = range(30)
        return np.median(
            [spectral_change(make(4 * STREAM_RATE, np.random.default_rng(s))) for s in seeds]
        )

    assert change(background.howls) < 0.7 * change(background.calls)
