"""Sounds that are no instrument: noise, tones that glide or are held, something like speech."""

from __future__ import annotations

import numpy as np

from realtime.records import STREAM_RATE
from training.augment.sound import equalise, noise, reverb


def background(n: int, rng: np.random.Generator) -> np.ndarray:
    """One of the sounds below, at some level.

    Args:
        n: Samples.
        rng: Source of chance.

    Returns:
        float32 (n,), its RMS between -60 and -10 dBFS.
    """
    makers = [noise, speechlike, howls, calls, knocks]
    make = makers[int(rng.choice(len(makers), p=[0.3, 0.25, 0.25, 0.1, 0.1]))]
    sound = equalise(make(n, rng), rng)
    if make is not noise and rng.random() < 0.5:
        sound = sound + noise(n, rng) * np.float32(10 ** rng.uniform(-2, -0.3))
    rms = float(np.sqrt(np.mean(sound**2))) or 1.0
    return (sound * np.float32(10 ** rng.uniform(-3, -0.5) / rms)).astype(np.float32)


def speechlike(n: int, rng: np.random.Generator) -> np.ndarray:
    """Syllables of a voice whose pitch and formants never rest, float32 (n,), RMS about 1.

    A source and filter (Fant, 1960): pulses for vowels, hiss for consonants, through three
    resonances that move from one syllable to the next.
    """
    from scipy.signal import lfilter

    sound = np.zeros(n)
    middle = np.exp(rng.uniform(np.log(80), np.log(300)))
    at = int(rng.uniform(0, 0.3) * STREAM_RATE)
    while at < n:
        length = int(rng.uniform(0.08, 0.3) * STREAM_RATE)
        t = np.linspace(0, 1, length)
        pitch = middle * 2 ** (rng.normal(0, 0.2) + rng.normal(0, 0.3) * t)
        phase = np.cumsum(pitch) / STREAM_RATE
        source = np.diff(np.floor(phase), prepend=0) * 8 + rng.normal(0, 0.1, length)
        if rng.random() < 0.3:
            source = rng.normal(0, 0.6, length)
        for low, high in ((250, 900), (800, 2500), (2200, 3500)):
            hz, width = rng.uniform(low, high), rng.uniform(60, 200)
            radius = np.exp(-np.pi * width / STREAM_RATE)
            angle = 2 * np.pi * hz / STREAM_RATE
            source = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], source)
        source *= np.sin(np.pi * t) ** 0.5 * rng.uniform(0.3, 1)
        end = min(n, at + length)
        sound[at:end] += source[: end - at]
        at += int(length * rng.uniform(0.8, 1.3))
        if rng.random() < 0.15:  # a pause for breath
            at += int(rng.uniform(0.15, 0.7) * STREAM_RATE)
    return _loud(sound)


def calls(n: int, rng: np.random.Generator) -> np.ndarray:
    """Gliding whistles and moans, as of birds, whales and sirens; float32 (n,), RMS about 1."""
    sound = np.zeros(n)
    low, high = np.sort(np.exp(rng.uniform(np.log(120), np.log(7000), 2)))
    pace = np.exp(rng.uniform(np.log(0.04), np.log(1.5)))
    harmonics = int(rng.integers(1, 5))
    at = int(rng.uniform(0, 0.5) * STREAM_RATE)
    while at < n:
        length = int(pace * rng.uniform(0.5, 2) * STREAM_RATE)
        t = np.linspace(0, 1, length)
        bends = rng.uniform(np.log(low), np.log(high), int(rng.integers(2, 6)))
        hz = np.exp(np.interp(t, np.linspace(0, 1, len(bends)), bends))
        phase = 2 * np.pi * np.cumsum(hz) / STREAM_RATE
        call = sum(
            np.sin(k * phase) * (k * hz < STREAM_RATE / 2) / k**2 for k in range(1, harmonics + 1)
        )
        call = call * np.sin(np.pi * t) * rng.uniform(0.2, 1)
        end = min(n, at + length)
        sound[at:end] += call[: end - at]
        at += int(length * rng.uniform(1, 2.5))
    return _loud(sound)


def howls(n: int, rng: np.random.Generator) -> np.ndarray:
    """Tones that animals hold for seconds: wolves, whales, elk, cattle; float32 (n,), RMS about 1.

    Nearer to an instrument than any other of these: a pitch with harmonics that hardly moves, with
    pauses, mostly far away. But it bends where it begins and ends, breaks into its octave and grows
    rough, and its harmonics pass through the resonances of a throat.
    """
    sound = np.zeros(n)
    middle = np.exp(rng.uniform(np.log(70), np.log(1500)))
    pace = np.exp(rng.uniform(np.log(0.5), np.log(3)))
    fall = rng.uniform(0.3, 2)
    throat = np.exp(rng.uniform(np.log(300), np.log(4000), 2))
    at = int(rng.uniform(-1, 1) * pace * STREAM_RATE)
    while at < n:
        length = int(pace * rng.uniform(0.6, 1.4) * STREAM_RATE)
        call = _howl(length, middle * 2 ** rng.normal(0, 0.5), fall, throat, rng)
        start = max(0, at)
        end = max(start, min(n, at + length))
        sound[start:end] += call[start - at : end - at] * 10 ** rng.uniform(-0.7, 0)
        at += int(length * rng.uniform(0.9, 2.5))
    far = sound.astype(np.float32)
    return _loud(reverb(far, rng) if rng.random() < 0.7 else far)


def _howl(
    n: int, hertz: float, fall: float, throat: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """One call about a pitch: float64 (n,)."""
    t = np.linspace(0, 1, n)
    ends = rng.normal(0, 0.35, 2)  # octaves
    rise, sink = rng.uniform(0.05, 0.4, 2)
    bend = np.maximum(0, 1 - t / rise) * ends[0] + np.maximum(0, 1 - (1 - t) / sink) * ends[1]
    bend += rng.normal(0, 0.15) * t
    shaken = rng.uniform(0, 0.02) * np.sin(2 * np.pi * rng.uniform(3, 9) * n / STREAM_RATE * t)
    octave = (t > rng.uniform(0.1, 0.9)) * (rng.random() < 0.2) * rng.choice([-1, 1])
    hz = hertz * 2 ** (bend + shaken + octave)
    phase = 2 * np.pi * np.cumsum(hz) / STREAM_RATE
    call = np.zeros(n)
    for k in range(1, 1 + int(rng.integers(1, 16))):
        passed = sum(1 / (1 + (np.log2(k * hertz / peak) * 3) ** 2) for peak in throat)
        level = rng.uniform(0.2, 1) * k**-fall * (0.2 + passed)
        call += level * np.sin(k * phase) * (k * hz < STREAM_RATE / 2)
    if rng.random() < 0.4:  # rough
        beat = np.sin(2 * np.pi * rng.uniform(15, 90) * n / STREAM_RATE * t + rng.uniform(0, 6))
        call *= 1 + rng.uniform(0, 1) * beat * (t > rng.uniform(0, 0.7))
    call += rng.normal(0, np.std(call) * 10 ** rng.uniform(-2.5, -0.5), n)  # breath
    return call * np.sin(np.pi * t) ** rng.uniform(0.3, 1)


def knocks(n: int, rng: np.random.Generator) -> np.ndarray:
    """Steps, claps and things put down: short bursts of noise; float32 (n,), RMS about 1."""
    sound = np.zeros(n)
    pace = np.exp(rng.uniform(np.log(0.02), np.log(0.8)))
    at = int(rng.exponential(pace) * STREAM_RATE)
    while at < n:
        length = int(rng.uniform(0.01, 0.15) * STREAM_RATE)
        burst = rng.normal(0, rng.uniform(0.1, 1), length) * np.exp(-np.linspace(0, 6, length))
        end = min(n, at + length)
        sound[at:end] += burst[: end - at]
        at += 1 + int(rng.exponential(pace) * STREAM_RATE)
    return _loud(sound)


def _loud(sound: np.ndarray) -> np.ndarray:
    rms = float(np.sqrt(np.mean(sound**2)))
    return (sound / (rms or 1.0)).astype(np.float32)
