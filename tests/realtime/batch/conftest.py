"""A tree of short files, and a small model to hear them with."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from realtime.batch.hear import How


@pytest.fixture
def tree(tmp_path):
    """Twelve sounds in folders, one that is none, and one of another kind."""
    top = tmp_path / "tree"
    rng = np.random.default_rng(0)
    for number in range(12):
        folder = top / f"player {number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        sound = rng.normal(0, 0.1, 16_000 * (1 + number % 2)).astype(np.float32)
        soundfile.write(folder / f"take-{number:02}.wav", sound, 16_000)
    (top / "broken.wav").write_bytes(b"RIFF")
    (top / "notes.txt").write_text("not music")
    return top


@pytest.fixture
def how(model_folder):
    """The options that make a small model hear."""
    return How(models=(str(model_folder()),))
