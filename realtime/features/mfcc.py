"""MFCC over a rolling window, as librosa defines them."""

from __future__ import annotations

import numpy as np

from realtime.features.banks import dct, mel
from realtime.features.frames import BandFrames, Rolling, sliced
from realtime.records import STREAM_RATE


class Mfcc(Rolling):
    """Mel-frequency cepstral coefficients of the last seconds of a stream.

    The window equals ``librosa.feature.mfcc(y=…, sr=16000, n_fft=n_fft, hop_length=hop,
    n_mfcc=n_mfcc, n_mels=n_mels, pad_mode="constant").T`` over the samples it spans. Of its frames,
    those that lie inside the window are computed once as the stream goes by; the few that reach
    over its edges into librosa's zero padding change with every window and are computed anew, as
    are the clip at ``top_db`` below the window's own maximum and the cosine transform. Without that
    clip a frame's coefficients depend on nothing else, and are computed once too.

    The window ends at the newest whole frame, so it trails the stream by less than ``hop``.

    Args:
        window: Samples a window, a multiple of ``hop``.
        n_fft: Samples a frame.
        hop: Samples between frames; divides ``n_fft // 2``.
        n_mels: Mel bands.
        n_mfcc: Coefficients kept.
        top_db: Range kept below the window's maximum, in decibels; None keeps all, as Kaldi does.
        center: As librosa's: whether frames at both ends reach into zero padding. Without them a
            new window costs one new frame, not one and ``n_fft // hop`` at its ends.

    Raises:
        ValueError: The sizes do not fit each other.
    """

    kind = "mfcc"

    def __init__(
        self,
        *,
        window: int = 64_000,
        n_fft: int = 2048,
        hop: int = 512,
        n_mels: int = 128,
        n_mfcc: int = 13,
        top_db: float | None = 80.0,
        center: bool = True,
    ) -> None:
        if window % hop or (n_fft // 2) % hop or window < n_fft:
            raise ValueError(
                f"window {window} and n_fft // 2 {n_fft // 2} must be multiples of hop {hop}, "
                f"and a window no shorter than a frame"
            )
        inner = (window - n_fft) // hop + 1
        bank = mel(STREAM_RATE, n_fft, n_mels, 0.0, STREAM_RATE / 2)
        # In float64: sums of 128 levels around -80 dB lose more than librosa does in float32.
        cosines = np.ascontiguousarray(dct(n_mels, n_mfcc).T)
        frames = BandFrames(
            bank,
            n_fft=n_fft,
            hop=hop,
            n_frames=inner,
            history=window + hop,
            transform=cosines if top_db is None else None,
        )
        super().__init__(frames, window)
        self._edges = n_fft // 2 // hop if center else 0
        self.shape = (inner + 2 * self._edges, n_mfcc)
        self._top_db, self._cosines = top_db, cosines
        self._rows = np.empty((self.shape[0], frames.columns), np.float32)
        self._floor = np.empty(n_mels, np.float32)
        # What librosa pads, at both ends of a window: zeros and its start, its end and zeros.
        reach = n_fft - hop
        self._padded = np.zeros(n_fft + 2 * reach, np.float32)
        self._head = self._padded[n_fft // 2 :][:reach]
        self._tail = self._padded[n_fft // 2 + reach :][:reach]
        self._outer = sliced(self._padded, n_fft, hop)
        self._ends = np.r_[: self._edges, -self._edges : 0]

    def window(self) -> np.ndarray:
        """The current window, float32 of ``shape``; a copy."""
        frames, edges, rows = self._frames, self._edges, self._rows
        rows[edges : len(rows) - edges] = frames.latest(len(rows) - 2 * edges)
        if edges:
            self._reach_over(rows)
        if self._top_db is None:
            return rows.copy()
        self._floor.fill(rows.max() - self._top_db)  # a row: NumPy is faster with it than a number
        np.maximum(rows, self._floor, out=rows)
        return (rows @ self._cosines).astype(np.float32)

    def _reach_over(self, rows: np.ndarray) -> None:
        """Compute the frames at both ends."""
        frames = self._frames
        late = frames.samples.written - frames.end  # samples that no whole frame covers yet
        seen = frames.samples.latest(self.window_samples, back=late)
        self._head[:] = seen[: len(self._head)]
        self._tail[:] = seen[-len(self._tail) :]
        for i in range(0, len(self._ends), frames.BATCH):
            at = self._ends[i : i + frames.BATCH]
            rows[at] = frames.rows(self._outer[at])
