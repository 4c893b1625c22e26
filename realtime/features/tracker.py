"""The notes of a MIDI stream as one player at one keyboard would have struck them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np

from realtime.records import STREAM_RATE, TimedMessage

if TYPE_CHECKING:
    import mido

DRUM_CHANNEL = 9
DOUBLING = 0.02
"""Seconds within which the same key struck twice is two parts in unison, not a repetition."""

ROUNDING = 1e-6
"""Seconds by which onsets differ from where they are, by arithmetic alone."""


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
        if onset - first > spread + ROUNDING:
            first = onset
        starts[i] = first
    order = np.lexsort((pitches, starts))
    return order, starts[order]


def log_time(seconds: np.ndarray) -> np.ndarray:
    """Seconds on a scale where 0 is 0 and 12.8 s or more are 1: log2(1 + seconds / 0.05) / 8."""
    return np.minimum(np.log2(1 + np.maximum(seconds, 0) / 0.05) / 8, 1)


class Tracker:
    """The recent notes of a MIDI stream.

    A note lasts while its key is down; the sustain pedal is left to the synthesizer, because it
    says little about the score and each player uses it differently. Where two parts strike the same
    key at once, one note remains. Drums are left out. Notes still sounding last until now.

    Args:
        keep: Notes to remember.
        chord: Seconds within which onsets count as one chord.
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
        self.released = 0
        """Stream position at which the last key went up; see ``sounding``."""

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
        self.heard = self._now = self.start = self.released = 0
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
            self._last[pitch][1] = self.released = at
