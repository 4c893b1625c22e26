"""Filter banks: matrices that gather FFT bins into bands."""

from __future__ import annotations

import numpy as np


def hann(n: int) -> np.ndarray:
    """Periodic Hann window, float32 (n,), as ``scipy.signal.get_window("hann", n)``."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(np.float32)


def _hz_to_mel(hz: np.ndarray | float) -> np.ndarray:
    """Slaney's mel scale: linear below 1 kHz, logarithmic above (Auditory Toolbox, 1998)."""
    hz = np.asarray(hz, np.float64)
    linear = hz * 3 / 200
    return np.where(hz < 1000, linear, 15 + 27 * np.log(np.maximum(hz, 1e-9) / 1000) / np.log(6.4))


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def mel(rate: int, n_fft: int, n_bands: int, fmin: float, fmax: float) -> np.ndarray:
    """Triangular mel bands of equal area, float32 (n_bands, n_fft // 2 + 1).

    The same as ``librosa.filters.mel`` with its defaults (``htk=False, norm="slaney"``).
    """
    edges = _mel_to_hz(np.linspace(_hz_to_mel(fmin), _hz_to_mel(fmax), n_bands + 2))
    bins = np.arange(n_fft // 2 + 1) * rate / n_fft
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def log_frequency(rate: int, n_fft: int, n_bands: int, fmin: float, fmax: float) -> np.ndarray:
    """Bands at equal musical distances, float32 (n_bands, n_fft // 2 + 1).

    Each is a triangle that reaches its neighbours' centres, or one FFT bin where those lie closer
    together than the bins do. Rows sum to 1, so that a steady tone reads the same in every band.
    """
    centres = np.geomspace(fmin, fmax, n_bands)
    bins = np.arange(n_fft // 2 + 1) * rate / n_fft
    spacing = centres * ((fmax / fmin) ** (1 / max(1, n_bands - 1)) - 1)
    width = np.maximum(spacing, rate / n_fft)[:, None]
    triangles = np.maximum(0, 1 - np.abs(bins - centres[:, None]) / width)
    return (triangles / triangles.sum(axis=1, keepdims=True)).astype(np.float32)


def linear(rate: int, n_fft: int, n_bands: int, fmin: float, fmax: float) -> np.ndarray:
    """Neighbouring bins averaged into equal bands, float32 (n_bands, n_fft // 2 + 1)."""
    bins = np.arange(n_fft // 2 + 1) * rate / n_fft
    edges = np.linspace(fmin, fmax, n_bands + 1)
    inside = (bins > edges[:-1, None]) & (bins <= edges[1:, None])
    return (inside / np.maximum(1, inside.sum(axis=1, keepdims=True))).astype(np.float32)


SCALES = {"mel": mel, "log": log_frequency, "linear": linear}


def dct(n_in: int, n_out: int) -> np.ndarray:
    """Orthonormal DCT-II as a matrix, float64 (n_out, n_in): ``scipy.fft.dct(norm="ortho")``."""
    k, n = np.arange(n_out)[:, None], np.arange(n_in)
    matrix = np.sqrt(2 / n_in) * np.cos(np.pi * k * (2 * n + 1) / (2 * n_in))
    matrix[0] /= np.sqrt(2)
    return matrix
