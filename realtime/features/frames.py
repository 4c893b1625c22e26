"""Short-time spectra of a stream, frame by frame: what MFCC and spectrogram are made from."""

from __future__ import annotations

from typing import Literal

import numpy as np

from realtime.features.banks import hann
from realtime.ring import Ring


class BandFrames:
    """A rolling window of band energies in decibels, or of what is computed from each frame's.

    A frame ends ``win_length + i * hop`` samples into the stream, for every integer ``i``: the
    first ones reach back into the silence before it. Each is computed once, when it is asked for or
    when ``BATCH`` of them wait, and from its own samples alone, so the result is the same to the
    last bit however the stream is cut.

    Args:
        bank: float32 (n_bands, n_fft // 2 + 1), see ``realtime.features.banks``.
        n_fft: Length of the Fourier transform.
        hop: Samples between frames.
        n_frames: Frames kept.
        win_length: Samples a frame, zero-padded to ``n_fft``; the same by default.
        history: Samples kept beside them.
        scale: Factor on the power spectrum.
        floor: Least power, which silence is given. The default is librosa's: -100 dB.
        transform: (n_bands, n_columns), applied to each frame's decibels; none by default.

    Attributes:
        columns: Numbers a frame.

    Raises:
        ValueError: A band holds no FFT bin, a frame is longer than the transform, or the frames do
            not fit into ``MOST`` numbers.
    """

    MOST = 1 << 23  # 32 MB: a manifest may come from anyone
    BATCH = 8  # frames computed together: NumPy's cost a call is then that of one frame

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
        transform: np.ndarray | None = None,
    ) -> None:
        self.n_fft, self.hop, self.win_length = n_fft, hop, win_length or n_fft
        if self.win_length > n_fft:
            raise ValueError(f"win_length {win_length} is longer than n_fft {n_fft}")
        if n_frames * len(bank) > self.MOST:
            raise ValueError(f"{n_frames} frames of {len(bank)} bands are too many")
        waiting = self.win_length + self.BATCH * hop
        self.samples = Ring(max(waiting, history))
        silence = np.full((1, len(bank)), 10 * np.log10(floor), np.float32)
        self._transform = transform
        self._floor = np.float32(floor)
        fill = self._transformed(silence)[0]
        self.columns = len(fill)
        self._rows = Ring(n_frames, (self.columns,), fill=fill)
        # Triangles are narrow: summing only their own bins is several times faster than a matrix,
        # and the sum does not depend on how many frames are computed together.
        if not bank.any(axis=1).all():
            raise ValueError("a band holds no FFT bin; ask for fewer bands or a longer n_fft")
        rows, self._bins = np.nonzero(bank)
        self._weights = bank[rows, self._bins]
        self._starts = np.searchsorted(rows, np.arange(len(bank)))
        self._window = hann(self.win_length) * np.float32(np.sqrt(scale))
        self._first = (self.win_length - 1) % hop + 1  # where the first frame ends

    @property
    def end(self) -> int:
        """Stream position after the last whole frame; samples beyond it wait for the next one."""
        return max(0, self._first + (self.whole - 1) * self.hop)

    @property
    def whole(self) -> int:
        """Frames whose last sample has arrived."""
        return (self.samples.written - self._first) // self.hop + 1

    def push(self, samples: np.ndarray) -> None:
        """Take the next float32 (n,) samples of the stream, any number of them."""
        at, total = 0, len(samples)
        while at < total:
            full = self._first + (self._rows.written + self.BATCH - 1) * self.hop
            chunk = samples[at : at + full - self.samples.written]
            self.samples.write(chunk)
            at += len(chunk)
            if self.samples.written == full:
                self._catch_up()

    def latest(self, n: int) -> np.ndarray:
        """The newest ``n`` frames, float32 (n, columns); a view until the next push."""
        self._catch_up()
        return self._rows.latest(n)

    def rows(self, frames: np.ndarray) -> np.ndarray:
        """What is kept of frames, computed by itself.

        Args:
            frames: float32 (n, win_length).

        Returns:
            float32 (n, columns). Each row is the same whatever the others are.
        """
        return self._transformed(self._levels(frames))

    def _transformed(self, levels: np.ndarray) -> np.ndarray:
        if self._transform is None:
            return levels
        # A product for each row: that of all rows at once may round by how many they are.
        return (levels[:, None, :] @ self._transform)[:, 0].astype(np.float32)

    def _levels(self, frames: np.ndarray) -> np.ndarray:
        spectrum = np.fft.rfft(frames * self._window, self.n_fft)
        power = np.square(spectrum.real)
        power += np.square(spectrum.imag)
        weighted = power.take(self._bins, axis=1)
        weighted *= self._weights
        bands = np.add.reduceat(weighted, self._starts, axis=1)
        np.maximum(bands, self._floor, out=bands)
        np.log10(bands, out=bands)
        bands *= 10
        return bands

    def reset(self) -> None:
        """Forget the stream."""
        self.samples.reset()
        self._rows.reset()

    def _catch_up(self) -> None:
        """Compute the frames that have arrived since the last time, ``BATCH`` at most."""
        n = self.whole - self._rows.written
        if n:
            late = self.samples.written - self.end
            stretch = self.samples.latest(self.win_length + (n - 1) * self.hop, back=late)
            self._rows.write(self.rows(sliced(stretch, self.win_length, self.hop)))


def sliced(samples: np.ndarray, length: int, hop: int) -> np.ndarray:
    """Overlapping frames of contiguous float32 (n,) samples, (n_frames, length), without a copy."""
    n = (len(samples) - length) // hop + 1
    return np.ndarray((n, length), np.float32, samples, strides=(4 * hop, 4))


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
    def hop(self) -> int:
        """Samples between frames."""
        return self._frames.hop

    @property
    def heard(self) -> int:
        """Frames since the stream began."""
        return self._frames.whole

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
