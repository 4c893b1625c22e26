"""Sounds that no model should name."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.records import STREAM_RATE
from realtime.synth import Synth, SynthMissing, default_soundfont
from training.augment import foreign


@pytest.fixture(scope="module")
def makers():
    try:
        with Synth():
            return foreign.kinds([default_soundfont()])
    except SynthMissing:
        return foreign.kinds([])


def test_every_kind_is_audible_and_different_each_time(makers):
    assert {"noise", "hum", "applause", "wind", "motor", "sweep"} <= set(makers)
    for make in makers.values():
        one, other = (
            foreign.draw(make, STREAM_RATE, np.random.default_rng(seed)) for seed in (1, 2)
        )
        assert one.dtype == np.float32
        assert len(one) == STREAM_RATE
        assert np.isfinite(one).all()
        assert np.abs(one).max() > 1e-3
        assert not np.array_equal(one, other)


def test_the_same_chance_gives_the_same_sound(makers):
    for name in set(makers) - {"effects", "drums"}:  # a synthesizer goes on where it was
        one, other = (foreign.draw(makers[name], 8_000, np.random.default_rng(3)) for _ in range(2))
        np.testing.assert_array_equal(one, other)


def test_without_fonts_there_are_no_instruments_to_play_effects():
    assert {"effects", "drums"}.isdisjoint(foreign.kinds([]))
