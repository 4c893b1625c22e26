"""Sound files read whole, for training only; the engine streams them instead."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from realtime.errors import UserError
from realtime.records import STREAM_RATE


def load(path: Path, seconds: float = 60.0) -> np.ndarray:
    """The first seconds of a file, float32 (n,), mono at ``STREAM_RATE``.

    Raises:
        UserError: The file cannot be read, is empty or holds NaN or infinite samples.
    """
    import soundfile
    import soxr

    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            samples = file.read(int(seconds * rate), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
        raise UserError(f"{path}: cannot be read as sound ({error})") from error
    mono = samples.mean(axis=1, dtype=np.float32)
    if not len(mono) or not np.isfinite(mono).all():
        raise UserError(f"{path}: {'NaN or infinite samples' if len(mono) else 'no samples'}")
    if rate != STREAM_RATE:
        mono = soxr.resample(mono, rate, STREAM_RATE).astype(np.float32)
    return mono
