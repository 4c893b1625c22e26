"""MIDI files on one piano, and as a person would play them.

In the composers' files one can be told from another by the instruments and by velocities that a
program wrote, which no player brings along.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from realtime.text import printable
from training.augment import playing
from training.datasets.midi import Notes, load
from training.performance import Performance

SPREAD = (0.005, 0.018)
"""Standard deviation of onsets around the beat in seconds: chords spread over 10 to 40 ms."""

PHRASE = 4.0
"""Seconds between bends of the tempo."""


def perform(path: Path, condition: str, rng: np.random.Generator) -> Performance:
    """A MIDI file under a condition of notes.

    Raises:
        UserError: The file cannot be read or holds no notes.
    """
    change = {"neutral": neutral, "played": played}[condition]
    return Performance(printable(str(path)), change(load(path), rng))


def neutral(notes: Notes, rng: np.random.Generator) -> Notes:
    """Every part on one piano, with a player's velocities; timing and pitches stay."""
    return replace(
        notes, velocities=playing.velocities(notes, rng), programs=np.zeros_like(notes.programs)
    )


def played(notes: Notes, rng: np.random.Generator) -> Notes:
    """The same with human timing: rubato, onsets off the beat, legato or staccato."""
    notes = neutral(notes, rng)
    onsets = notes.onsets - notes.onsets[0]
    bends = 2 + int(onsets[-1] / PHRASE)
    onsets, durations = playing.rubato(onsets, notes.durations, rng, bends)
    onsets = onsets + rng.normal(0, rng.uniform(*SPREAD), len(onsets))
    durations = durations * np.exp(rng.normal(rng.uniform(-0.7, 0.7), 0.3, len(durations)))
    onsets -= onsets.min()
    changed = replace(notes, onsets=onsets, durations=durations)
    return changed.take(np.argsort(onsets, kind="stable"))
