"""Short-time spectra of a stream, frame by frame: what MFCC and spectrogram are made from."""

from __future__ import annotations

from typing import Literal

import numpy as np

from realtime.features.banks import hann
from realtime.ring import Ring


class BandFrames:
    """A rolling window of band energies in decibels.

    A frame ends ``win_length + i * hop`` samples into the stream, for every integer ``i``: the
    first ones reach back into the silence before it. Each is computed once, by itself, as soon as
    its last sample arrives, so the result is the same to the last bit however the stream is cut.

    Args:
        bank: float32 (n_bands, n_fft // 2 + 1), see ``realtime.features.banks``.
        n_fft: Length of the Fourier transform.
        hop: Samples between frames.
        n_frames: Frames kept.
        win_length: Samples a frame, zero-padded to ``n_fft``; the same by default.
        history: Samples kept beside them.
        scale: Factor on the power spectrum.
        floor: Least power, which silence is given. The default is librosa's: -100 dB.

    Raises:
        ValueError: A band holds no FFT bin, a frame is longer than the transform, or the frames do
            not fit into ``MOST`` numbers.
    """

    MOST = 1 << 23  # 32 MB: a manifest may come from anyone

    def __init__(
        self,
        bank: np.ndarray,
        *,
        n_fft: int,
        hop: int,
        n_frames: int,
        win_length: int | None = None,
        history: int = 0,
        scale: float = 1.0,
        floor: float = 1e-10,
    ) -> None:
        self.win_length, self.hop = win_length or n_fft, hop
        if self.win_length > n_fft:
            raise ValueError(f"win_length {win_length} is longer than n_fft {n_fft}")
        if n_frames * len(bank) > self.MOST:
            raise ValueError(f"{n_frames} frames of {len(bank)} bands are too many")
        self.samples = Ring(max(self.win_length, history))
        self.decibels = Ring(n_frames, (len(bank),), fill=10 * np.log10(floor))
        self._floor = np.float32(floor)
        # Triangles are narrow: summing only their own bins is several times faster than a matrix.
        if not bank.any(axis=1).all():
            raise ValueError("a band holds no FFT bin; ask for fewer bands or a longer n_fft")
        rows, self._bins = np.nonzero(bank)
        self._weights = bank[rows, self._bins]
        self._starts = np.searchsorted(rows, np.arange(len(bank)))
        self._weighted = np.empty(len(rows), np.float32)
        self._power = np.empty(n_fft // 2 + 1, np.float32)
        self._square = np.empty(n_fft // 2 + 1, np.float32)
        self._window = hann(self.win_length) * np.float32(np.sqrt(scale))
        self._windowed = np.zeros(n_fft, np.float32)

    @property
    def end(self) -> int:
        """Stream position after the last whole frame; samples beyond it wait for the next one."""
        written = self.samples.written
        return max(0, written - (written - self.win_length) % self.hop)

    def push(self, samples: np.ndarray) -> None:
        """Take the next float32 (n,) samples of the stream, any number of them."""
        at, total = 0, len(samples)
        while at < total:
            missing = self.hop - (self.samples.written - self.win_length) % self.hop
            chunk = samples[at : at + missing]
            self.samples.write(chunk)
            at += len(chunk)
            if len(chunk) == missing:
                self.decibels.write(self.spectrum(self.samples.latest(self.win_length))[None])

    def spectrum(self, frame: np.ndarray) -> np.ndarray:
        """Band energies of one frame of ``win_length`` samples, float32 (n_bands,), in decibels."""
        np.multiply(frame, self._window, out=self._windowed[: self.win_length])
        spectrum = np.fft.rfft(self._windowed)
        np.square(spectrum.real, out=self._power, casting="same_kind")
        np.square(spectrum.imag, out=self._square, casting="same_kind")
        np.add(self._power, self._square, out=self._power)
        np.take(self._power, self._bins, out=self._weighted, mode="clip")
        np.multiply(self._weighted, self._weights, out=self._weighted)
        bands = np.add.reduceat(self._weighted, self._starts)
        np.maximum(bands, self._floor, out=bands)
        np.log10(bands, out=bands)
        bands *= 10
        return bands

    def reset(self) -> None:
        """Forget the stream."""
        self.samples.reset()
        self.decibels.reset()


class Rolling:
    """What the features that read a stream of sound have in common: frames and a window over them.

    The window ends at the newest whole frame, so it trails the stream by less than a hop.
    """

    stream: Literal["audio", "midi"] = "audio"

    def __init__(self, frames: BandFrames, window_samples: int) -> None:
        self.window_samples = window_samples
        self._frames = frames

    @property
    def end(self) -> int:
        """Stream position at which the current window ends."""
        return self._frames.end

    @property
    def start(self) -> int:
        """Stream position at which the current window starts; negative while warming up."""
        return self.end - self.window_samples

    @property
    def full(self) -> bool:
        """Whether a whole window has been heard."""
        return self.start >= 0

    def push(self, samples: np.ndarray) -> None:
        """Take the next float32 (n,) samples of the stream."""
        self._frames.push(samples)

    def reset(self) -> None:
        """Forget the stream."""
        self._frames.reset()
