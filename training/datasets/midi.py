"""The notes of a MIDI file as arrays, for training only; the engine streams messages instead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.features.notes import DOUBLING


@dataclass(frozen=True, slots=True)
class Notes:
    """Notes sorted by onset, each array of shape (n,).

    Attributes:
        onsets: Seconds, float64.
        durations: Seconds the key was held, float64.
        pitches: MIDI pitch, int64.
        velocities: MIDI velocity, int64.
        programs: General MIDI program of the note's track, int64.
    """

    onsets: np.ndarray
    durations: np.ndarray
    pitches: np.ndarray
    velocities: np.ndarray
    programs: np.ndarray

    def __len__(self) -> int:
        return len(self.onsets)

    def take(self, index: np.ndarray | slice) -> Notes:
        """The notes at an index, mask or slice."""
        return Notes(
            self.onsets[index],
            self.durations[index],
            self.pitches[index],
            self.velocities[index],
            self.programs[index],
        )


def load(path: Path) -> Notes:
    """Read every note of a file but the drums, with unisons merged as the engine merges them.

    Raises:
        UserError: The file cannot be parsed or holds no notes.
    """
    import symusic

    try:
        score: Any = symusic.Score(str(path), ttype="Second")
    except Exception as error:  # symusic raises whatever its C++ side threw
        raise UserError(f"{path}: cannot be read as MIDI ({error})") from error
    tracks = [t for t in score.tracks if not t.is_drum and len(t.notes)]
    if not tracks:
        raise UserError(f"{path}: holds no notes")
    parts = [t.notes.numpy() for t in tracks]
    programs = np.concatenate([np.full(len(t.notes), t.program) for t in tracks])
    notes = Notes(
        np.concatenate([p["time"] for p in parts]).astype(np.float64),
        np.concatenate([p["duration"] for p in parts]).astype(np.float64),
        np.concatenate([p["pitch"] for p in parts]).astype(np.int64),
        np.concatenate([p["velocity"] for p in parts]).astype(np.int64),
        programs.astype(np.int64),
    )
    return merge_doublings(notes)


def merge_doublings(notes: Notes) -> Notes:
    """Keep one of the notes that strike the same key within ``DOUBLING`` seconds."""
    by_key = notes.take(np.lexsort((notes.onsets, notes.pitches)))
    double = (np.diff(by_key.pitches) == 0) & (np.diff(by_key.onsets) <= DOUBLING)
    kept = by_key.take(np.concatenate(([True], ~double)))
    return kept.take(np.lexsort((kept.pitches, kept.onsets)))
