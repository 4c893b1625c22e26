"""The last notes or chords played, as a sequence of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from realtime.records import STREAM_RATE, TimedMessage

if TYPE_CHECKING:
    import mido

DRUM_CHANNEL = 9
LOWEST_KEY = 21  # A0, where a piano begins
CHORD_WIDTH = 88 + 12 + 3
DOUBLING = 0.02
"""Seconds within which the same key struck twice is two parts in unison, not a repetition."""
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


def chord_matrix(
    onsets: np.ndarray, durations: np.ndarray, pitches: np.ndarray, *, length: int, chord: float
) -> np.ndarray:
    """The last ``length`` chords as network input; a single note is a chord too.

    Args:
        onsets: Seconds, sorted, shape (n,).
        durations: Seconds each key was held, shape (n,).
        pitches: MIDI pitches, shape (n,).
        length: Rows of the result; fewer chords leave rows of zeros in front.
        chord: Seconds within which onsets count as one chord.

    Returns:
        float32 (length, ``CHORD_WIDTH``): which of the 88 keys were struck, which of the twelve
        pitch classes, time since the chord before and mean duration, both
        log2(1 + seconds / 0.05) / 8, and 1.
    """
    result = np.zeros((length, CHORD_WIDTH), np.float32)
    if len(onsets) == 0:
        return result
    order, starts = chords(onsets, pitches, chord)
    pitch, held = pitches[order], durations[order]
    first = np.concatenate(([True], np.diff(starts) > 0))
    row = np.cumsum(first) - 1
    shift = length - 1 - row[-1]
    kept = row + shift >= 0
    at = (row + shift)[kept]
    result[at, np.clip(pitch[kept] - LOWEST_KEY, 0, 87)] = 1
    result[at, 88 + pitch[kept] % 12] = 1
    times = starts[first]
    gaps = np.concatenate(([0.0], _log_time(np.diff(times))))
    means = _log_time(np.bincount(row, held) / np.bincount(row))
    n = min(length, len(times))
    result[length - n :, 100] = gaps[-n:]
    result[length - n :, 101] = means[-n:]
    result[length - n :, 102] = 1
    return result


class _Tracker:
    """The recent notes of a MIDI stream, as one player at one keyboard would have struck them.

    A note lasts while its key is down; the sustain pedal is left to the synthesizer, because it
    says little about the score and each player uses it differently. Where two parts strike the same
    key at once, one note remains. Drums are left out. Notes still sounding last until now.
    """

    stream: Literal["audio", "midi"] = "midi"

    def __init__(self, keep: int, chord: float) -> None:
        self.chord = chord
        self.heard = 0
        self._keep = keep
        self._now = 0
        self._rows: list[list[int]] = []  # onset, end or -1, pitch, velocity
        self._down: dict[int, set[int]] = {}  # pitch to the channels that hold it
        self._last: dict[int, list[int]] = {}  # pitch to its newest row
        self.start = 0
        """Stream position of the first note of the window last read."""
        self.full = False
        """Whether the window last read was filled to its first row."""

    @property
    def end(self) -> int:
        """Stream position up to which notes were heard."""
        return self._now

    @property
    def sounding(self) -> tuple[int, ...]:
        """Pitches whose keys are down."""
        return tuple(sorted(self._down))

    def push(self, messages: Iterable[TimedMessage], now: int) -> None:
        """Take the next messages and move on to position ``now``."""
        for timed in messages:
            message, at = timed.message, timed.position
            kind = message.type
            if kind == "note_on" and message.velocity > 0:
                if message.channel != DRUM_CHANNEL:
                    self._press(message, at)
            elif kind in ("note_on", "note_off"):
                self._release(message.channel, message.note, at)
            elif kind == "control_change" and message.control in (120, 123):
                held = [p for p, by in self._down.items() if message.channel in by]
                for pitch in held:
                    self._release(message.channel, pitch, at)
        self._now = max(self._now, now)

    def notes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Onsets and durations in seconds, pitches and velocities of the notes kept, each (n,)."""
        rows = np.array(self._rows, np.int64).reshape(-1, 4)
        ends = np.where(rows[:, 1] < 0, self._now, rows[:, 1])
        onsets = rows[:, 0] / STREAM_RATE
        return onsets, (ends - rows[:, 0]) / STREAM_RATE, rows[:, 2], rows[:, 3]

    def reset(self) -> None:
        """Forget the stream."""
        self.heard = self._now = self.start = 0
        self.full = False
        self._rows.clear()
        self._down.clear()
        self._last.clear()

    def _press(self, message: mido.Message, at: int) -> None:
        pitch = message.note
        last = self._last.get(pitch)
        holders = self._down.setdefault(pitch, set())
        holders.add(message.channel)
        if last is not None and at - last[0] <= DOUBLING * STREAM_RATE:
            last[1] = -1
            return
        if last is not None and last[1] < 0:
            last[1] = at
        row = [at, -1, pitch, message.velocity]
        self._last[pitch] = row
        self._rows.append(row)
        self.heard += 1
        if len(self._rows) > self._keep:
            del self._rows[0]

    def _release(self, channel: int, pitch: int, at: int) -> None:
        holders = self._down.get(pitch)
        if holders is None or channel not in holders:
            return
        holders.discard(channel)
        if not holders:
            del self._down[pitch]
            self._last[pitch][1] = at


class NoteSequence(_Tracker):
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


class ChordSequence(_Tracker):
    """The last chords of a MIDI stream, a row a chord: see ``chord_matrix`` and ``chords``.

    Args:
        length: Chords a window.
        chord: Seconds within which onsets count as one chord.
    """

    kind = "chords"
    NOTES_A_CHORD = 6  # notes kept for each row: more than piano music needs on average

    def __init__(self, *, length: int = 128, chord: float = 0.04) -> None:
        super().__init__(length * self.NOTES_A_CHORD, chord)
        self.shape = (length, CHORD_WIDTH)

    def window(self) -> np.ndarray:
        """The current window, float32 of ``shape``."""
        onsets, durations, pitches, _ = self.notes()
        length = self.shape[0]
        starts = np.unique(chords(onsets, pitches, self.chord)[1])[-length:]
        self.start = round(starts[0] * STREAM_RATE) if len(starts) else self._now
        # Chords of many notes fill what is kept before they fill every row.
        self.full = len(starts) == length or len(self._rows) == self._keep
        return chord_matrix(onsets, durations, pitches, length=length, chord=self.chord)
