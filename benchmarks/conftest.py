"""What the benchmarks share: real music and the shipped models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime.sources.audio_file import AudioFile
from realtime.sources.midi_file import MidiFile

DEMO = Path(__file__).parents[1] / "demo"


@pytest.fixture(scope="session")
def music() -> np.ndarray:
    """A minute of piano, float32 at 16 kHz."""
    with AudioFile(DEMO / "prelude.ogg") as source:
        return np.concatenate([block.samples for block in source])


@pytest.fixture(scope="session")
def messages() -> list:
    """The same as MIDI messages."""
    with MidiFile(DEMO / "prelude.mid") as source:
        return [message for block in source for message in block.messages]
