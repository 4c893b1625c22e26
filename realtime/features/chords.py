"""The last chords played, told so that a piece in another key looks the same.

What tells one composer from another is how chords are built and how they follow each other, not
which keys they are played on. So every chord is described from its own bass, and by the steps that
lead to it; and beside what it is made of stand the numbers of the patterns that end with it, which
a network looks up in a table.
"""

from __future__ import annotations

import numpy as np

from realtime.features.tracker import Tracker, chords, log_time
from realtime.records import STREAM_RATE

LOWEST, HIGHEST = 21, 108  # a piano's keys
STEP = 12
"""Semitones up or down that a step is told apart; wider ones count as these."""
STEPS = 2 * STEP + 1
MEMORY = (16, 32)
"""Chords over which pitch classes are remembered."""
LAGS = (1, 2, 3, 4, 6, 8)
"""Chords back with which a chord is compared, for accompaniments that go round."""
PACE = 13
"""Ratios of two times that are told apart: half octaves, three octaves up or down."""
HASHED = 4096

COLUMNS = 12 + STEPS + STEPS + 12 + 12 + 4 + len(MEMORY) + 3 + len(LAGS) + 1
"""Numbers that describe a chord; see ``chord_matrix``."""

TABLES = (2048, STEPS**2, STEPS**2, HASHED, STEPS**2, 8 * 20, HASHED, PACE**2)
"""How many patterns of each kind there are; see ``chord_matrix``."""
PATTERNS = sum(TABLES) + 1
"""All patterns; the last stands for none."""


def chord_matrix(
    onsets: np.ndarray,
    durations: np.ndarray,
    pitches: np.ndarray,
    *,
    length: int,
    chord: float,
    patterns: bool = True,
) -> np.ndarray:
    """The last ``length`` chords as network input; a single note is a chord too.

    The first ``COLUMNS`` numbers of a row describe the chord, most of them 0 to 1:

    * which of the twelve pitch classes it has, counted from its bass (12);
    * the step of the bass, and of the top note, from the chord before, -12 to 12 semitones, wider
      ones as these, one of 25 (50);
    * its pitch classes counted from the bass of the chord before (12);
    * in how many of the last 16 chords, this one included, each pitch class is, counted from its
      bass, over 4, at most 1 (12): where it stands in the key;
    * notes over 8, at most 1, span over 60, bass and top from A0 over 87 (4);
    * different pitch classes in the last 16 and 32 chords, over 12 (2);
    * time since the chord before and mean duration, see ``log_time``; log2 of the time over the one
      before it, over 4, -1 to 1 (3);
    * how many of its keys were also struck 1, 2, 3, 4, 6 and 8 chords before, over its notes (6);
    * 1, which tells a chord from an empty row (1).

    The window's first chord has no step, and stands for the one before it.

    With ``patterns`` eight more follow, the numbers of patterns, below ``PATTERNS``: pitch classes
    from the bass; steps of bass and top; the last two steps of the top; the last two chords and the
    step of the bass between them (hashed); the last two steps of the bass; notes (8 or more as 8)
    and span (in minor thirds, at most 19); the last three steps of the top (hashed); the last two
    ratios of times, in half octaves. A pattern that would begin before the window has the last
    number, "none".

    Only what lies in the window counts, so that it looks the same whatever was played before it.

    Args:
        onsets: Seconds, sorted, shape (n,).
        durations: Seconds each key was held, shape (n,).
        pitches: MIDI pitches, shape (n,); outside a piano's keys they count as the outermost.
        length: Rows of the result; fewer chords leave rows of zeros in front, with no patterns.
        chord: Seconds within which onsets count as one chord.
        patterns: Whether to number the patterns that end with each chord.

    Returns:
        float32 (length, ``COLUMNS``), or eight columns more.
    """
    gathered = chords(onsets, pitches, chord)
    return _describe(*gathered, durations, pitches, length=length, patterns=patterns)


def _describe(
    order: np.ndarray,
    starts: np.ndarray,
    durations: np.ndarray,
    pitches: np.ndarray,
    *,
    length: int,
    patterns: bool,
) -> np.ndarray:
    """``chord_matrix`` of notes that ``chords`` has gathered."""
    result = np.zeros((length, _width(patterns)), np.float32)
    result[:, COLUMNS:] = PATTERNS - 1
    if len(order) == 0:
        return result
    row = np.cumsum(np.concatenate(([False], np.diff(starts) > 0)))
    kept = row > row[-1] - length
    row, starts = row[kept] - row[kept][0], starts[kept]
    pitch = np.clip(pitches[order][kept], LOWEST, HIGHEST)
    n = int(row[-1]) + 1
    first = np.searchsorted(row, np.arange(n))
    notes = np.diff(first, append=len(row))
    bass, top = pitch[first], pitch[first + notes - 1]
    seconds = np.diff(starts[first], prepend=starts[first[0]])
    held = np.bincount(row, durations[order][kept]) / notes
    keys = np.zeros((n, HIGHEST - LOWEST + 1), np.float32)
    keys[row, pitch - LOWEST] = 1
    classes = np.zeros((n, 12), np.float32)
    classes[row, pitch % 12] = 1

    from_bass = (np.arange(12) + bass[:, None]) % 12
    built = np.take_along_axis(classes, from_bass, axis=1)
    before = np.concatenate((bass[:1], bass[:-1]))
    bass_step, top_step, pace = _steps(bass), _steps(top), _paces(seconds)
    remembered = [_recent(classes, chords_back) for chords_back in MEMORY]
    one_of = np.eye(STEPS, dtype=np.float32)
    parts = (
        built,
        one_of[bass_step],
        one_of[top_step],
        np.take_along_axis(classes, (np.arange(12) + before[:, None]) % 12, axis=1),
        np.minimum(np.take_along_axis(remembered[0], from_bass, axis=1) / 4, 1),
        np.minimum(notes / 8, 1),
        (top - bass) / 60,
        (bass - LOWEST) / 87,
        (top - LOWEST) / 87,
        *(np.count_nonzero(struck, axis=1) / 12 for struck in remembered),
        log_time(seconds),
        log_time(held),
        np.clip(pace / 4, -1, 1),
        *(_again(keys, lag) / notes for lag in LAGS),
        np.ones(n),
    )
    last = result[length - n :]
    last[:, :COLUMNS] = np.column_stack(parts)
    if patterns:
        last[:, COLUMNS:] = _patterns(
            built, bass=bass_step, top=top_step, pace=pace, notes=notes, span=top - bass
        )
    return result


def _width(patterns: bool) -> int:
    return COLUMNS + patterns * len(TABLES)


def _steps(line: np.ndarray) -> np.ndarray:
    """Steps of a line from 0 to ``STEPS`` - 1; the first is none."""
    return np.clip(np.diff(line, prepend=line[0]), -STEP, STEP) + STEP


def _paces(seconds: np.ndarray) -> np.ndarray:
    """log2 of each time over the one before it; 0 where there is none."""
    pace = np.zeros(len(seconds))
    times = np.log2(np.maximum(seconds, 0.02))
    pace[2:] = np.diff(times[1:])
    return pace


def _recent(classes: np.ndarray, back: int) -> np.ndarray:
    """How many of the last ``back`` chords, this one included, have each pitch class."""
    total = np.cumsum(classes, axis=0)
    total[back:] -= total[:-back].copy()
    return total


def _again(keys: np.ndarray, lag: int) -> np.ndarray:
    """How many of a chord's keys were struck ``lag`` chords before."""
    again = np.zeros(len(keys))
    again[lag:] = np.einsum("ij,ij->i", keys[lag:], keys[:-lag])
    return again


def _patterns(
    built: np.ndarray,
    *,
    bass: np.ndarray,
    top: np.ndarray,
    pace: np.ndarray,
    notes: np.ndarray,
    span: np.ndarray,
) -> np.ndarray:
    """Numbers of the patterns that end with each chord, int64 (n, 8); see ``chord_matrix``."""
    n = len(bass)
    code = (built[:, 1:] @ (1 << np.arange(11))).astype(np.int64)
    ratio = np.clip(np.round(2 * pace) + PACE // 2, 0, PACE - 1).astype(np.int64)

    def earlier(values: np.ndarray, by: int) -> np.ndarray:
        return np.concatenate((np.zeros(min(by, n), np.int64), values[: max(0, n - by)]))

    found = (
        (code, 0),
        (bass * STEPS + top, 1),
        (earlier(top, 1) * STEPS + top, 2),
        (_hash((earlier(code, 1) * 2048 + code) * STEPS + bass), 1),
        (earlier(bass, 1) * STEPS + bass, 2),
        (np.minimum(notes - 1, 7) * 20 + np.minimum(span // 3, 19), 0),
        (_hash((earlier(top, 2) * STEPS + earlier(top, 1)) * STEPS + top), 3),
        (earlier(ratio, 1) * PACE + ratio, 3),
    )
    numbers = np.empty((n, len(found)), np.int64)
    offset = 0
    for i, ((values, needs), size) in enumerate(zip(found, TABLES, strict=True)):
        numbers[:, i] = values + offset
        numbers[:needs, i] = PATTERNS - 1
        offset += size
    return numbers


def _hash(values: np.ndarray) -> np.ndarray:
    """Spread numbers over ``HASHED`` (Knuth's multiplicative hash)."""
    mixed = (values.astype(np.uint64) * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    return (mixed >> np.uint64(20)).astype(np.int64)


class ChordSequence(Tracker):
    """The last chords of a MIDI stream, a row a chord: see ``chord_matrix``.

    Args:
        length: Chords a window.
        chord: Seconds within which onsets count as one chord.
        patterns: Whether to number the patterns that end with each chord.

    Raises:
        ValueError: ``patterns`` is neither true nor false.
    """

    kind = "chords"
    NOTES_A_CHORD = 6  # notes kept for each row: more than piano music needs on average

    def __init__(self, *, length: int = 128, chord: float = 0.04, patterns: bool = True) -> None:
        if not isinstance(patterns, bool):
            raise ValueError(f"patterns must be true or false, not {patterns!r}")
        super().__init__(length * self.NOTES_A_CHORD, chord)
        self.patterns = patterns
        self.shape = (length, _width(patterns))

    def window(self) -> np.ndarray:
        """The current window, float32 of ``shape``."""
        onsets, durations, pitches, _ = self.notes()
        length = self.shape[0]
        order, starts = chords(onsets, pitches, self.chord)
        rows = np.unique(starts)[-length:]
        self.start = round(rows[0] * STREAM_RATE) if len(rows) else self._now
        # Chords of many notes fill what is kept before they fill every row.
        self.full = len(rows) == length or len(self._rows) == self._keep
        return _describe(order, starts, durations, pitches, length=length, patterns=self.patterns)
