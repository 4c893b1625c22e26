"""Notes as a person might play them: another key and tempo, rubato, chords that spread."""

from __future__ import annotations

import numpy as np

from training.datasets.midi import Notes


def humanise(notes: Notes, rng: np.random.Generator) -> Notes:
    """One possible performance of a stretch of a score.

    Each change is made or not, and by how much, at random: tempo by 0.64 to 1.57; rubato, as a
    smooth drift of the tempo; onsets that miss the beat by up to about 40 ms, so that chords
    spread; articulation from staccato to overpedalled; a few notes missed; velocities of a player's
    range that follow the melody; transposition by up to a tritone within the piano's keys.

    Args:
        notes: At least one note.
        rng: Source of chance.

    Returns:
        At least one note, sorted, the first at 0 s.
    """
    onsets = notes.onsets - notes.onsets[0]
    durations = notes.durations.copy()
    tempo = np.exp(rng.uniform(np.log(0.64), np.log(1.57)))
    onsets, durations = onsets * tempo, durations * tempo
    if rng.random() < 0.6:
        onsets, durations = rubato(onsets, durations, rng)
    if rng.random() < 0.7:
        onsets = onsets + rng.normal(0, rng.uniform(0, 0.018), len(onsets))
    if rng.random() < 0.7:
        durations *= np.exp(rng.normal(rng.uniform(-0.7, 0.7), 0.3, len(durations)))
    played = Notes(
        onsets, durations, _transpose(notes.pitches, rng), velocities(notes, rng), notes.programs
    )
    if rng.random() < 0.5:
        kept = rng.random(len(onsets)) >= rng.uniform(0, 0.06)
        kept[0] = True
        played = played.take(kept)
    played = played.take(np.argsort(played.onsets, kind="stable"))
    return Notes(
        played.onsets - played.onsets[0],
        played.durations,
        played.pitches,
        played.velocities,
        played.programs,
    )


def rubato(
    onsets: np.ndarray, durations: np.ndarray, rng: np.random.Generator, bends: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and durations under a tempo that drifts by about 12% between so many bends."""
    end = float((onsets + durations).max()) + 1e-3
    bends = bends or int(rng.integers(3, 12))
    grid = np.linspace(0, end, 200 + 20 * bends)
    pace = np.interp(grid, np.linspace(0, end, bends), np.exp(rng.normal(0, 0.12, bends)))
    warped = np.concatenate(([0], np.cumsum((pace[1:] + pace[:-1]) / 2 * np.diff(grid))))
    starts = np.interp(onsets, grid, warped)
    return starts, np.interp(onsets + durations, grid, warped) - starts


def _transpose(pitches: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    low, high = int(pitches.min()), int(pitches.max())
    fits = [step for step in range(-6, 7) if low + step >= 21 and high + step <= 108]
    return pitches + (int(rng.choice(fits)) if fits else 0)


def velocities(notes: Notes, rng: np.random.Generator) -> np.ndarray:
    """Louder melody, a slow swell and some unevenness: nothing of the file's own velocities."""
    n = len(notes)
    swell = np.interp(np.arange(n), np.linspace(0, n, 6), rng.normal(0, 10, 6))
    melody = 12 * (notes.pitches - notes.pitches.mean()) / 24
    loud = rng.uniform(45, 85) + swell + melody + rng.normal(0, 6, n)
    return np.clip(loud, 10, 120).astype(np.int64)
