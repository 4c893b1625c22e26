"""What a test looks for in what a microphone heard."""

from __future__ import annotations

import numpy as np
import pytest
from others import sound

RATE = 16_000


def loud(heard):
    """The stretches of ``heard`` in which the tone is up, as (start, end)."""
    size = 160
    parts = heard[: len(heard) // size * size].reshape(-1, size)
    up = np.concatenate([[False], np.nan_to_num(np.abs(parts).max(axis=1)) > 0.3, [False]])
    edges = np.flatnonzero(np.diff(up.astype(int))) * size
    return list(zip(edges[::2], edges[1::2], strict=True))


def frequency(tone):
    window = np.hanning(len(tone))
    size = 16 * len(tone)
    return np.abs(np.fft.rfft(tone * window, size)).argmax() * RATE / size


def longest(heard):
    """The longest stretch of a tone, away from its edges."""
    start, stop = max(loud(heard), key=lambda edges: edges[1] - edges[0])
    middle = heard[start + 800 : stop - 800]
    assert len(middle) > RATE // 4
    return middle


def tone_in(heard):
    """Frequency of the longest stretch of a tone."""
    return frequency(longest(heard))


def gap(mic, gone, back, *, lost, within):
    """Check the one gap of a microphone that was lost at ``lost``; returns what it heard after.

    Stream time went on with the clock, to ``within`` seconds, and nothing fills it.
    """
    heard = sound(mic)
    (jump,) = mic.all("jump", start=round(gone["t"] * RATE))
    assert jump["stop"] / RATE == pytest.approx(back["t"])
    assert back["t"] - gone["t"] == pytest.approx(back["at"] - lost, abs=within)
    assert np.isnan(heard[jump["start"] : jump["stop"]]).all()
    return heard[jump["stop"] :]
