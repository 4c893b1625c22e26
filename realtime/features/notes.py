"""The last notes played, as a sequence of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from realtime.records import STREAM_RATE, TimedMessage

if TYPE_CHECKING:
    import mido

DRUM_CHANNEL = 9
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


def chords(onsets: np.ndarray, pitches: np.ndarray, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Gather notes that a player struck together.

    A note that starts at most ``spread`` seconds after the first of a chord belongs to it and is
    given its onset; inside a chord notes are sorted by pitch. Without this a human performance,
    where chords are never struck at once, looks unlike any score.

    Args:
        onsets: Seconds, sorted, shape (n,).
        pitches: MIDI pitches, shape (n,).
        spread: Seconds; 0 gathers only what starts at the same instant.

    Returns:
        The order of the notes (indices) and their chords' onsets in that order, both (n,).
    """
    starts = np.empty(len(onsets))
    first = -np.inf
    for i, onset in enumerate(onsets.tolist()):
        if onset - first > spread:
            first = onset
        starts[i] = first
    order = np.lexsort((pitches, starts))
    return order, starts[order]


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
            filled[1:, at] = _log_time(np.diff(starts))
        elif column == "duration":
            filled[:, at] = _log_time(durations[order])
        elif column == "seconds":
            filled[:, at] = np.minimum(durations[order] / 10, 1)
        elif column == "velocity":
            filled[:, at] = velocities[order] / 127
        at += WIDTHS[column]
    return result


def _log_time(seconds: np.ndarray) -> np.ndarray:
    return np.minimum(np.log2(1 + np.maximum(seconds, 0) / 0.05) / 8, 1)


class NoteSequence:
    """The last notes of a MIDI stream.

    A note lasts while its key is down; the sustain pedal is left to the synthesizer, because it
    says little about the score and each player uses it differently. Drums are left out. Notes that
    are still sounding last until now.

    Args:
        length: Notes a window.
        columns: What is told of each note, see ``note_matrix``.
        chord: Seconds within which onsets count as one chord.

    Raises:
        ValueError: A column has an unknown name.
    """

    kind = "notes"
    stream = "midi"

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
        self.length, self.columns, self.chord = length, tuple(columns), chord
        self.shape = (length, sum(WIDTHS[c] for c in columns))
        self.heard = 0
        self._now = 0
        self._rows: list[list[int]] = []
        self._down: dict[tuple[int, int], list[int]] = {}

    @property
    def end(self) -> int:
        """Stream position up to which notes were heard."""
        return self._now

    @property
    def start(self) -> int:
        """Stream position of the first note of the window; ``end`` when there is none."""
        return self._rows[-self.count][0] if self.count else self._now

    @property
    def count(self) -> int:
        """Notes in the window."""
        return min(self.heard, self.length)

    @property
    def sounding(self) -> tuple[int, ...]:
        """Pitches whose keys are down."""
        return tuple(sorted({pitch for _, pitch in self._down}))

    def push(self, messages: Iterable[TimedMessage], now: int) -> None:
        """Take the next messages and move on to position ``now``."""
        for timed in messages:
            message, at = timed.message, timed.position
            kind = message.type
            if kind == "note_on" and message.velocity > 0:
                self._release(message.channel, message.note, at)
                if message.channel != DRUM_CHANNEL:
                    self._press(message, at)
            elif kind in ("note_on", "note_off"):
                self._release(message.channel, message.note, at)
            elif kind == "control_change" and message.control in (120, 123):
                for channel, pitch in list(self._down):
                    if channel == message.channel:
                        self._release(channel, pitch, at)
        self._now = max(self._now, now)

    def window(self) -> np.ndarray:
        """The current window, float32 (length, n_columns)."""
        rows = np.array(self._rows[-self.length :], np.int64).reshape(-1, 4)
        ends = np.where(rows[:, 1] < 0, self._now, rows[:, 1])
        return note_matrix(
            rows[:, 0] / STREAM_RATE,
            (ends - rows[:, 0]) / STREAM_RATE,
            rows[:, 2],
            rows[:, 3],
            length=self.length,
            columns=self.columns,
            chord=self.chord,
        )

    def reset(self) -> None:
        """Forget the stream."""
        self.heard = self._now = 0
        self._rows.clear()
        self._down.clear()

    def _press(self, message: mido.Message, at: int) -> None:
        row = [at, -1, message.note, message.velocity]
        self._down[(message.channel, message.note)] = row
        self._rows.append(row)
        self.heard += 1
        if len(self._rows) >= 2 * self.length:
            del self._rows[: -self.length]

    def _release(self, channel: int, pitch: int, at: int) -> None:
        row = self._down.pop((channel, pitch), None)
        if row is not None:
            row[1] = at
