"""Sound as a microphone in a room would pick it up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from realtime.records import STREAM_RATE

TUNED = 3.0
"""Semitones by which a sound is tuned up or down at most: its formants move too, as they do from a
smaller instrument to a larger one."""

LONGEST_OF = 4
"""Notes of which the longest is taken where one is to be held: few are longer than a window."""

Limit = tuple[float, int | np.integer]
"""Hz beyond which a sound falls, by 6 dB an octave for each of the order beside."""


def place(draw: Callable[[], np.ndarray], n: int, rng: np.random.Generator) -> np.ndarray:
    """Notes of one instrument somewhere in a window: a live window rarely holds just one note.

    Args:
        draw: Gives another note of the instrument, float32 (any,).
        n: Samples of the window.
        rng: Source of chance.

    Returns:
        float32 (n,): one note from the first sample on, one that begins anywhere, one that was
        struck before the window and rings on, or several of any length; all of it tuned up or down
        by at most ``TUNED`` now and then.
    """
    longer = int(n * 2 ** (TUNED / 12)) + 1  # tuning up shortens
    window = np.zeros(longer, np.float32)
    case = rng.random()
    if case < 0.2:
        _add(window, draw(), 0)
    elif case < 0.4:
        _add(window, draw(), int(rng.uniform(-0.4, 0.85) * n))
    elif case < 0.6:
        note = max((draw() for _ in range(LONGEST_OF)), key=len)
        _add(window, note, -int(rng.uniform(0, max(0.4 * n, len(note) - 0.5 * n))))
    else:
        pace = rng.uniform(0.15, 1.2) * STREAM_RATE
        at = int(rng.uniform(-0.5, 0.6) * n) if rng.random() < 0.4 else int(-rng.uniform(0, pace))
        while at < longer:
            note = draw()[: int(pace * rng.uniform(0.5, 1.5)) + 800].copy()
            fade = min(800, len(note))
            note[len(note) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
            _add(window, note * np.float32(10 ** rng.uniform(-0.4, 0)), at)
            at += int(pace * rng.uniform(0.6, 1.4))
    if rng.random() < 0.5:
        window = tune(window, rng.uniform(-TUNED, TUNED))
    return window[:n]


def _add(window: np.ndarray, note: np.ndarray, at: int) -> None:
    note = note[max(0, -at) :]
    at = max(0, at)
    end = min(len(window), at + len(note))
    window[at:end] += note[: end - at]


def tune(samples: np.ndarray, semitones: float) -> np.ndarray:
    """Play float32 (n,) faster and so higher, or slower where ``semitones`` is negative."""
    import soxr

    rate = STREAM_RATE / 2 ** (semitones / 12)
    return soxr.resample(samples, STREAM_RATE, rate, quality="LQ")


def record(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Send a sound through a room, a small microphone and some noise, at some level.

    Args:
        samples: float32 (n,).
        rng: Source of chance.

    Returns:
        float32 (n,), its peak between -30 and 0 dBFS; some noise may come on top.
    """
    if rng.random() < 0.45:
        samples = reverb(samples, rng)
    if rng.random() < 0.6:
        samples = equalise(samples, rng)
    peak = float(np.abs(samples).max())
    if peak > 0:
        samples = samples * np.float32(10 ** rng.uniform(-1.5, 0) / peak)
    if rng.random() < 0.6:
        rms = float(np.sqrt(np.mean(samples**2)))
        samples = samples + noise(len(samples), rng) * np.float32(
            rms * 10 ** rng.uniform(-3.2, -0.5)
        )
    return samples.astype(np.float32)


def reverb(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A room of 0.1 to 1.2 s as decaying noise, 5 to 60% of the sound."""
    seconds = np.exp(rng.uniform(np.log(0.1), np.log(1.2)))
    hiss = rng.standard_normal(int(seconds * STREAM_RATE))
    return room(samples, hiss, seconds, rng.uniform(0.002, 0.02), rng.uniform(0.05, 0.6))


def room(
    samples: np.ndarray, hiss: np.ndarray, seconds: float, rise: float, share: float
) -> np.ndarray:
    """A sound and what a room gives back of it.

    Args:
        samples: float32 (n,).
        hiss: White noise, float64 (any,), of which the room's answer is made.
        seconds: Time in which that falls by 60 dB.
        rise: Seconds in which it sets in.
        share: Its RMS beside the sound's own, 1 for as much.

    Returns:
        float32 (n,).
    """
    from scipy.signal import fftconvolve

    t = np.arange(len(hiss)) / STREAM_RATE
    tail = hiss * 10 ** (-3 * t / seconds)
    tail *= np.minimum(1, t / rise)
    tail *= share / np.sqrt(np.sum(tail**2))
    tail[0] += 1
    return fftconvolve(samples, tail.astype(np.float32))[: len(samples)].astype(np.float32)


def equalise(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A tilt of up to 4 dB an octave and, now and then, a small microphone's band limits."""
    tilt = rng.uniform(-4, 4)
    low = (rng.uniform(60, 300), rng.integers(1, 4)) if rng.random() < 0.4 else None
    high = (rng.uniform(3000, 8000), rng.integers(1, 5)) if rng.random() < 0.4 else None
    return filtered(samples, tilt, low, high)


def filtered(
    samples: np.ndarray,
    tilt: float = 0.0,
    low: Limit | None = None,
    high: Limit | None = None,
) -> np.ndarray:
    """Make a sound brighter or darker, or take its lowest or highest part away.

    Args:
        samples: float32 (n,).
        tilt: Decibels an octave; 1 kHz stays as it is.
        low: Where it falls towards the lows; None for nowhere.
        high: Where it falls towards the highs.

    Returns:
        float32 (n,).
    """
    spectrum, n = _spectrum(samples)
    hz = np.maximum(np.arange(len(spectrum)) * STREAM_RATE / n, 20)
    gain = (hz / 1000) ** (tilt / 6.02)
    if low:
        gain = gain / np.sqrt(1 + (low[0] / hz) ** (2 * low[1]))
    if high:
        gain = gain / np.sqrt(1 + (hz / high[0]) ** (2 * high[1]))
    return np.fft.irfft(spectrum * gain, n)[: len(samples)].astype(np.float32)


def noise(n: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of some colour, white to brown, with hum now and then; float32 (n,), RMS 1."""
    sound = coloured(rng.standard_normal(n), rng.uniform(-1, 0.1))
    if rng.random() < 0.3:
        t = np.arange(n) / STREAM_RATE
        for harmonic in range(1, 6):
            level = rng.uniform(0, 1) / harmonic
            sound += level * np.sin(2 * np.pi * rng.choice([50, 60]) * harmonic * t)
        sound /= np.sqrt(np.mean(sound**2))
    return sound.astype(np.float32)


def coloured(white: np.ndarray, power: float) -> np.ndarray:
    """Noise whose amplitude goes with a power of the frequency: 0 white, -0.5 pink, -1 brown.

    Args:
        white: White noise, float64 (n,).
        power: Of the frequency above 20 Hz.

    Returns:
        float64 (n,), RMS 1.
    """
    spectrum, fast = _spectrum(white)
    hz = np.maximum(np.arange(len(spectrum)) * STREAM_RATE / fast, 20)
    sound = np.fft.irfft(spectrum * hz**power, fast)[: len(white)]
    return sound / np.sqrt(np.mean(sound**2))


def _spectrum(samples: np.ndarray) -> tuple[np.ndarray, int]:
    """Spectrum of the zero-padded samples, and a length that transforms ten times faster."""
    from scipy.fft import next_fast_len

    n = next_fast_len(len(samples), real=True)
    return np.fft.rfft(samples, n), n
