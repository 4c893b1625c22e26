"""How loud the stream is, and what its spectrum looks like at a glance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from realtime.features.banks import hann, log_frequency
from realtime.records import STREAM_RATE
from realtime.ring import Ring

CHUNK = STREAM_RATE // 10
QUIETEST = -120.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A tenth of a second.

    Attributes:
        end: Samples measured up to its end.
        level: Root mean square in dBFS, ``QUIETEST`` at least.
        peak: Highest absolute sample.
    """

    end: int
    level: float
    peak: float


class Meter:
    """Level by tenths of a second, at positions that do not depend on how the stream is cut.

    Args:
        seconds: How far back ``loudest`` can look.
    """

    N_FFT = 2048
    BANDS = 48
    LOWEST, HIGHEST = 60.0, 7600.0  # Hz, the centres of the outermost bands

    def __init__(self, seconds: float) -> None:
        self._levels = Ring(max(1, math.ceil(seconds * 10)), fill=QUIETEST)
        self._samples = Ring(max(CHUNK, self.N_FFT))
        self._bank = log_frequency(STREAM_RATE, self.N_FFT, self.BANDS, self.LOWEST, self.HIGHEST)
        self._window = hann(self.N_FFT) * np.float32(4 / self.N_FFT)

    def push(self, samples: np.ndarray) -> list[Reading]:
        """Take the next float32 (n,) samples; returns the tenths of a second they completed."""
        readings = []
        at = 0
        while at < len(samples):
            missing = CHUNK - self._samples.written % CHUNK
            part = samples[at : at + missing]
            self._samples.write(part)
            at += len(part)
            if len(part) == missing:
                readings.append(self._measure())
        return readings

    def loudest(self, seconds: float) -> float:
        """The highest level of the last whole tenths of a second, in dBFS."""
        n = min(self._levels.capacity, max(1, math.ceil(seconds * 10)))
        return float(self._levels.latest(n).max())

    def spectrum(self) -> np.ndarray:
        """Band levels of the last 128 ms, float32 (``BANDS``,) in dBFS from ``LOWEST``."""
        spectrum = np.fft.rfft(self._samples.latest(self.N_FFT) * self._window)
        power = self._bank @ (spectrum.real**2 + spectrum.imag**2)
        return (10 * np.log10(np.maximum(power, 1e-12))).astype(np.float32)

    def reset(self) -> None:
        """Forget the stream."""
        self._levels.reset()
        self._samples.reset()

    def _measure(self) -> Reading:
        chunk = self._samples.latest(CHUNK)
        power = float(np.dot(chunk, chunk)) / CHUNK
        level = 10 * math.log10(power) if power > 1e-12 else QUIETEST
        self._levels.write(np.array([level], np.float32))
        return Reading(self._samples.written, level, float(np.abs(chunk).max()))
