"""The rows of a spectrogram, one after the other."""

from __future__ import annotations

import numpy as np

from realtime.features.spectrogram import Spectrogram
from realtime.ring import Ring


class Rows:
    """A spectrogram's rows as they come, each of them once.

    A row is scaled by the loudest of the window that ended with it: a window that is read as a
    whole is scaled by its loudest row, also where that came later.

    Args:
        feature: The spectrogram of the stream.
        per: So many rows are taken at a time, or a multiple of them; no more than its window has.

    Attributes:
        longest: Most samples that may come between two calls of ``new``: no row must pass unseen.
    """

    def __init__(self, feature: Spectrogram, per: int) -> None:
        self._feature, self._per = feature, per
        self._frames = feature.shape[0]
        self._none = np.empty((0, feature.shape[1]), np.float32)
        self._peaks = Ring(2 * self._frames, fill=-np.inf)
        self._taken = 0
        self.longest = max(1, self._frames - per) * feature.hop

    @property
    def waiting(self) -> int:
        """Rows that have come and were not taken."""
        return self._feature.heard - self._taken

    def new(self) -> np.ndarray:
        """The rows that came since the last time, float32 (n * per, bands), 0 to 1."""
        whole = self._feature.heard // self._per * self._per
        due, late = whole - self._taken, self._feature.heard - whole
        if not due:
            return self._none
        self._taken = whole
        decibels = self._feature.decibels()
        new = decibels[len(decibels) - late - due : len(decibels) - late]
        self._peaks.write(new.max(axis=1))
        peaks = self._peaks.latest(due + self._frames - 1)
        loudest = np.lib.stride_tricks.sliding_window_view(peaks, self._frames).max(axis=1)
        return self._feature.shade(new, loudest[:, None])

    def reset(self) -> None:
        """Forget the stream."""
        self._peaks.reset()
        self._taken = 0
