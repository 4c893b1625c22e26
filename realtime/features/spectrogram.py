"""A spectrogram over a rolling window, as a grey picture."""

from __future__ import annotations

from typing import Literal

import numpy as np

from realtime.features.banks import SCALES
from realtime.features.frames import BandFrames, Rolling
from realtime.records import STREAM_RATE

FLOOR = 1e-20
"""Least power: so low that silence is black however quiet the sound beside it."""


class Spectrogram(Rolling):
    """Band energies of the last seconds of a stream, scaled to [0, 1].

    White (1) is the loudest point of the window and black (0) ``top_db`` below it, so the picture
    does not depend on the recording level; a window that is all quieter than ``floor_db`` stays
    dark instead of showing its noise. 0 dB is a full-scale sine whose energy stays within one band.

    The window ends at the newest whole frame, so it trails the stream by less than ``hop``.

    Args:
        frames: Frames a window (the first axis of the picture).
        bands: Bands a frame (the second axis).
        n_fft: Length of the Fourier transform.
        win_length: Samples a frame, zero-padded to ``n_fft``. The defaults span 10 s
            exactly, with three bands a semitone.
        hop: Samples between frames.
        scale: ``"mel"``, ``"log"`` (equal musical distances) or ``"linear"``.
        fmin: Lowest frequency in hertz.
        fmax: Highest frequency in hertz.
        top_db: Range from white to black in decibels.
        floor_db: Lowest level in dBFS that counts as white.

    Raises:
        ValueError: The sizes do not fit each other, or there is no such scale.
    """

    kind = "spectrogram"

    def __init__(
        self,
        *,
        frames: int = 256,
        bands: int = 256,
        n_fft: int = 4096,
        win_length: int = 3940,
        hop: int = 612,
        scale: Literal["mel", "log", "linear"] = "log",
        fmin: float = 27.5,
        fmax: float = 3729.3,
        top_db: float = 80.0,
        floor_db: float = -60.0,
    ) -> None:
        if scale not in SCALES:
            raise ValueError(f"unknown scale {scale!r}; known: {', '.join(SCALES)}")
        if not 0 <= fmin < fmax <= STREAM_RATE / 2:
            raise ValueError(f"fmin {fmin} must lie below fmax {fmax}, from 0 to 8000")
        if top_db is None:
            raise ValueError("a picture needs a top_db: what is black must be known")
        self.shape = (frames, bands)
        self._top_db, self._floor_db = top_db, floor_db
        self._black = np.zeros(bands, np.float32)  # a row: NumPy is faster with it than a number
        # A sine of amplitude 1 has |X| = win_length / 4 under a Hann window.
        bank = SCALES[scale](STREAM_RATE, n_fft, bands, fmin, fmax)
        rolling = BandFrames(
            bank / np.maximum(bank.sum(axis=1, keepdims=True), 1e-12),
            n_fft=n_fft,
            win_length=win_length,
            hop=hop,
            n_frames=frames,
            scale=(4 / win_length) ** 2,
            floor=FLOOR,
        )
        super().__init__(rolling, (frames - 1) * hop + win_length)

    def window(self) -> np.ndarray:
        """The current window, float32 (frames, bands), 0 to 1; a copy."""
        return self.picture(self.decibels())

    def decibels(self) -> np.ndarray:
        """The same before scaling, float32 (frames, bands) in dBFS; a view until the next push."""
        return self._frames.latest(self.shape[0])

    def picture(self, decibels: np.ndarray) -> np.ndarray:
        """Scale band energies in dBFS, float32 (n, bands), to [0, 1] as ``window`` does."""
        return self.shade(decibels, float(decibels.max()))

    def shade(self, decibels: np.ndarray, loudest: float | np.ndarray) -> np.ndarray:
        """The same, with white at a level of its own for all rows, or (n, 1) for each."""
        white = np.maximum(np.float32(loudest), np.float32(self._floor_db))
        picture = decibels - (white - np.float32(self._top_db))
        picture *= np.float32(1 / self._top_db)
        return np.maximum(picture, self._black, out=picture)
