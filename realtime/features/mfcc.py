"""MFCC over a rolling window, as librosa defines them."""

from __future__ import annotations

import numpy as np

from realtime.features.banks import dct, mel
from realtime.features.frames import BandFrames, Rolling
from realtime.records import STREAM_RATE


class Mfcc(Rolling):
    """Mel-frequency cepstral coefficients of the last seconds of a stream.

    The window equals ``librosa.feature.mfcc(y=…, sr=16000, n_fft=n_fft, hop_length=hop,
    n_mfcc=n_mfcc, n_mels=n_mels, pad_mode="constant").T`` over the samples it spans. Of its frames,
    those that lie inside the window are computed once as the stream goes by; the few that reach
    over its edges into librosa's zero padding change with every window and are computed anew, as
    are the clip at ``top_db`` below the window's own maximum and the cosine transform.

    The window ends at the newest whole frame, so it trails the stream by less than ``hop``.

    Args:
        window: Samples a window, a multiple of ``hop``.
        n_fft: Samples a frame.
        hop: Samples between frames; divides ``n_fft // 2``.
        n_mels: Mel bands.
        n_mfcc: Coefficients kept.
        top_db: Range kept below the window's maximum, in decibels.

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
        top_db: float = 80.0,
    ) -> None:
        if window % hop or (n_fft // 2) % hop or window < n_fft:
            raise ValueError(
                f"window {window} and n_fft // 2 {n_fft // 2} must be multiples of hop {hop}, "
                f"and a window no shorter than a frame"
            )
        self._edges = n_fft // 2 // hop
        self._inner = (window - n_fft) // hop + 1
        self._top_db = top_db
        self.shape = (window // hop + 1, n_mfcc)
        bank = mel(STREAM_RATE, n_fft, n_mels, 0.0, STREAM_RATE / 2)
        frames = BandFrames(bank, n_fft=n_fft, hop=hop, n_frames=self._inner, history=window + hop)
        super().__init__(frames, window)
        self._dct = np.ascontiguousarray(dct(n_mels, n_mfcc).T)
        self._edge = np.zeros(n_fft, np.float32)
        self._decibels = np.empty((self.shape[0], n_mels), np.float32)

    def window(self) -> np.ndarray:
        """The current window, float32 (n_frames, n_mfcc); a copy."""
        frames, edge, n = self._frames, self._edge, len(self._edge)
        late = frames.samples.written - frames.end  # samples that no whole frame covers yet
        seen = frames.samples.latest(self.window_samples, back=late)
        rows = self._decibels
        rows[self._edges : self._edges + self._inner] = frames.decibels.latest(self._inner)
        for i in range(self._edges):
            kept = n // 2 + i * frames.hop
            edge[: n - kept] = 0
            edge[n - kept :] = seen[:kept]
            rows[i] = frames.spectrum(edge)
            edge[kept:] = 0
            edge[:kept] = seen[-kept:]
            rows[-1 - i] = frames.spectrum(edge)
        # In float64: sums of 128 levels around -80 dB lose more than librosa does in float32.
        clipped = np.maximum(rows, rows.max() - self._top_db)
        return (clipped @ self._dct).astype(np.float32)
