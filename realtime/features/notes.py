"""The last notes played, as a sequence of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from realtime.features.tracker import Tracker, chords, log_time

WIDTHS = {
    "pitch": 1,
    "chroma": 12,
    "interval": 1,
    "ioi": 1,
    "duration": 1,
    "seconds": 1,
    "velocity": 1,
}
"""Columns a sequence can hold and how many numbers each takes; see ``note_matrix``."""


def note_matrix(
    onsets: np.ndarray,
    durations: np.ndarray,
    pitches: np.ndarray,
    velocities: np.ndarray,
    *,
    length: int,
    columns: Sequence[str],
    chord: float,
) -> np.ndarray:
    """The last ``length`` notes as network input.

    Columns, each about 0 to 1:
        ``pitch`` MIDI pitch over 127; ``chroma`` pitch class, one of twelve; ``interval`` semitones
        from the note before over 24, -1 to 1; ``ioi`` time since the note before and ``duration``,
        both log2(1 + seconds / 0.05) / 8; ``seconds`` duration over 10 s; ``velocity`` over 127.

    Args:
        onsets: Seconds, sorted, shape (n,).
        durations: Seconds each key was held, shape (n,).
        pitches: MIDI pitches, shape (n,).
        velocities: MIDI velocities, shape (n,).
        length: Rows of the result; fewer notes leave rows of zeros in front.
        columns: Names out of ``WIDTHS``.
        chord: Seconds within which onsets count as one chord.

    Returns:
        float32 (length, sum of the columns' widths).
    """
    result = np.zeros((length, sum(WIDTHS[c] for c in columns)), np.float32)
    onsets, durations = onsets[-length:], durations[-length:]
    pitches, velocities = pitches[-length:], velocities[-length:]
    n = len(onsets)
    if n == 0:
        return result
    order, starts = chords(onsets, pitches, chord)
    pitch = pitches[order]
    filled = result[length - n :]
    at = 0
    for column in columns:
        if column == "pitch":
            filled[:, at] = pitch / 127
        elif column == "chroma":
            filled[np.arange(n), at + pitch % 12] = 1
        elif column == "interval":
            filled[1:, at] = np.clip(np.diff(pitch) / 24, -1, 1)
        elif column == "ioi":
            filled[1:, at] = log_time(np.diff(starts))
        elif column == "duration":
            filled[:, at] = log_time(durations[order])
        elif column == "seconds":
            filled[:, at] = np.minimum(durations[order] / 10, 1)
        elif column == "velocity":
            filled[:, at] = velocities[order] / 127
        at += WIDTHS[column]
    return result


class NoteSequence(Tracker):
    """The last notes of a MIDI stream, a row a note: see ``note_matrix`` and ``chords``.

    Args:
        length: Notes a window.
        columns: What is told of each note, see ``note_matrix``.
        chord: Seconds within which onsets count as one chord.

    Raises:
        ValueError: A column has an unknown name.
    """

    kind = "notes"

    def __init__(
        self,
        *,
        length: int = 128,
        columns: Sequence[str] = ("pitch", "chroma", "ioi", "duration"),
        chord: float = 0.04,
    ) -> None:
        for column in columns:
            if column not in WIDTHS:
                raise ValueError(f"unknown note column {column!r}; known: {', '.join(WIDTHS)}")
        super().__init__(length, chord)
        self.columns = tuple(columns)
        self.shape = (length, sum(WIDTHS[c] for c in columns))

    def window(self) -> np.ndarray:
        """The current window, float32 of ``shape``."""
        length, columns, chord = self.shape[0], self.columns, self.chord
        self.start = self._rows[0][0] if self._rows else self._now
        self.full = len(self._rows) == length
        return note_matrix(*self.notes(), length=length, columns=columns, chord=chord)
