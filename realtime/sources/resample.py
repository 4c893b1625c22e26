"""Any rate to ``STREAM_RATE``, as a stream that waits for little."""

from __future__ import annotations

import math

import numpy as np

from realtime.records import STREAM_RATE

_PASS, _STOP = 7400.0, 8600.0  # Hz: what is kept, and what is gone; between them it fades
_BETA = 7.9  # Kaiser's window: 80 dB


class Resampler:
    """A polyphase filter (windowed sinc) that keeps back only half its length: 2 ms.

    soxr's streams are a little faster and hold back up to 40 ms, in bursts: on a microphone that is
    more than everything else together. The output does not depend on how the input is cut, and
    output ``n`` is the sound at input ``n * rate / STREAM_RATE``.

    Args:
        rate: Of the input, in Hz.

    Example:
        >>> resampler = Resampler(48_000)
        >>> len(resampler.push(np.zeros(48_000, np.float32))) + len(resampler.flush())
        16000
    """

    def __init__(self, rate: int) -> None:
        common = math.gcd(rate, STREAM_RATE)
        self._up, self._down = STREAM_RATE // common, rate // common
        # A slower input has nothing above its own Nyquist frequency, but images of it.
        scale = min(1.0, rate / STREAM_RATE)
        width = (_STOP - _PASS) * scale / rate
        self._half = math.ceil((80 - 8) / (2.285 * 2 * np.pi * width) / 2)
        cutoff = (_PASS + _STOP) * scale / rate  # relative to the input's Nyquist frequency
        self._taps = 2 * self._half + 1
        at = np.arange(-self._half, self._half + 1) - np.arange(self._up)[:, None] / self._up
        inside = np.clip(1 - (at / (self._half + 1)) ** 2, 0, None)
        bank = np.sinc(at * cutoff) * np.i0(_BETA * np.sqrt(inside))
        self._bank = (bank / bank.sum(axis=1, keepdims=True)).astype(np.float32)
        self.clear()

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Take the next float32 (n,) samples; returns those of the output that they complete."""
        self._taken += len(samples)
        return self._filter(samples)

    def flush(self) -> np.ndarray:
        """The rest, as if silence followed; then it begins anew."""
        missing = -(-self._taken * self._up // self._down) - self._next
        rest = self._filter(np.zeros(self._half, np.float32))[:missing]
        self.clear()
        return rest

    def clear(self) -> None:
        """Begin anew."""
        self._kept = np.zeros(self._half, np.float32)  # silence before the first sample
        self._first = -self._half  # position of the first sample kept
        self._taken = self._next = 0

    def _filter(self, samples: np.ndarray) -> np.ndarray:
        kept = np.concatenate([self._kept, samples])
        # Output n lies just after the input n * down // up and reaches half a filter further.
        end = self._first + len(kept) - self._half
        stop = max(self._next, -(-end * self._up // self._down))
        steps = np.arange(self._next, stop) * self._down
        starts, phases = np.divmod(steps, self._up)
        starts -= self._first + self._half
        if len(steps):
            windows = np.lib.stride_tricks.sliding_window_view(kept, self._taps)[starts]
            out = np.einsum("ij,ij->i", windows, self._bank[phases])
        else:
            out = np.zeros(0, np.float32)
        self._next = stop
        needed = self._next * self._down // self._up - self._half
        drop = max(0, min(len(kept), needed - self._first))
        self._kept, self._first = kept[drop:], self._first + drop
        return out
