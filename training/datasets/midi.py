"""The notes of a MIDI file as arrays, for training only; the engine streams messages instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.features.tracker import DOUBLING


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
    """Play all parts on one keyboard, as ``realtime.features.tracker`` hears them.

    Of the notes that strike a key within ``DOUBLING`` seconds one is kept, until the last of them
    ends. A key that is struck again while another part holds it ends its first note there, and is
    up when both have let go.
    """
    notes = notes.take(np.lexsort((notes.onsets, notes.pitches)))
    pitches, onsets = notes.pitches.tolist(), notes.onsets.tolist()
    ends = (notes.onsets + notes.durations).tolist()
    kept: list[int] = []
    for i, onset in enumerate(onsets):
        if kept and pitches[last := kept[-1]] == pitches[i]:
            if onset - onsets[last] <= DOUBLING:
                ends[last] = max(ends[last], ends[i])
                continue
            if ends[last] > onset:
                ends[i] = max(ends[i], ends[last])
                ends[last] = onset
        kept.append(i)
    played = replace(notes, durations=np.array(ends) - notes.onsets).take(np.array(kept, np.int64))
    return played.take(np.lexsort((played.pitches, played.onsets)))
