"""Windows of pieces of music: as notes that a person might play, and as their sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mido
import numpy as np

from realtime.errors import UserError
from realtime.features import build
from realtime.features.chords import LOWEST, chord_matrix
from realtime.features.notes import note_matrix
from realtime.records import STREAM_RATE, TimedMessage
from realtime.synth import Synth
from training.augment import foreign, sound
from training.augment.background import background
from training.augment.picture import colour, rumble
from training.augment.playing import humanise
from training.datasets import Dataset
from training.datasets.midi import Notes, load
from training.inputs import Progress
from training.inputs.pool import Pool, Shard, targets
from training.networks.heard import KEYS
from training.work import Jobs

SHORTEST = 24
"""Notes a piece must have to be trained on."""


class Pieces:
    """Pieces by composer, drawn so that every composer is equally likely.

    Within a composer a piece is drawn in proportion to the square root of its length, so that long
    works are heard more, but not as much more as they are longer.

    Args:
        data: Labelled MIDI files.

    Raises:
        UserError: A label has no usable file.
    """

    def __init__(self, data: Dataset) -> None:
        self.labels = data.labels
        self.left_out = dict(data.left_out)
        self.pieces: list[list[Notes]] = [[] for _ in self.labels]
        for e in sorted(data.examples, key=lambda e: str(e.path)):
            try:
                notes = load(e.path)
            except UserError as error:
                self.left_out[str(e.path)] = str(error).partition(": ")[2]
                continue
            if len(notes) < SHORTEST:
                self.left_out[str(e.path)] = f"only {len(notes)} notes"
            else:
                self.pieces[self.labels.index(e.label)].append(notes)
        for label, pieces in zip(self.labels, self.pieces, strict=True):
            if not pieces:
                raise UserError(f"label {label!r}: none of its MIDI files can be used")
        weights = [np.sqrt([len(p) for p in pieces]) for pieces in self.pieces]
        self._weights = [w / w.sum() for w in weights]

    def draw(self, rng: np.random.Generator) -> tuple[int, Notes]:
        """A composer's number and one of his pieces."""
        k = int(rng.integers(len(self.labels)))
        i = rng.choice(len(self.pieces[k]), p=self._weights[k])
        return k, self.pieces[k][int(i)]


class NoteInputs:
    """Windows of notes or chords, each as one possible performance of a stretch of a piece.

    Args:
        data: Labelled MIDI files.
        feature: Description of a ``notes`` or ``chords`` feature.
    """

    changed = False

    DURATIONS_HIDDEN = 0.3
    """Share of windows that are told no durations: pedals and pianos blur them."""

    def __init__(self, data: Dataset, feature: dict[str, Any]) -> None:
        self.feature = feature
        self.shape: tuple[int, ...] = build(feature).shape
        self._pieces = Pieces(data)
        self.labels, self.left_out = self._pieces.labels, self._pieces.left_out

    def prepare(self, progress: Progress) -> None:
        """Nothing to do: windows are made as they are drawn."""

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Windows and targets; see ``Inputs``."""
        windows = np.zeros((n, *self.shape), np.float32)
        labels = np.zeros(n, np.int64)
        for i in range(n):
            labels[i], piece = self._pieces.draw(rng)
            windows[i] = self._window(piece, rng)
        return windows, np.eye(len(self.labels), dtype=np.float32)[labels]

    def _window(self, piece: Notes, rng: np.random.Generator) -> np.ndarray:
        length, chord = self.shape[0], self.feature["chord"]
        chordal = self.feature["kind"] == "chords"
        taken = length * (3 if chordal else 1)  # enough notes for that many chords, mostly
        start = int(rng.integers(0, max(1, len(piece) - taken // 2)))
        if rng.random() < 0.15:  # someone has only just begun to play
            taken = int(rng.integers(SHORTEST // 2, taken))
        notes = humanise(piece.take(slice(start, start + taken)), rng)
        durations = notes.durations
        if rng.random() < self.DURATIONS_HIDDEN:
            durations = np.zeros_like(durations)
        if chordal:
            return chord_matrix(
                notes.onsets,
                durations,
                notes.pitches,
                length=length,
                chord=chord,
                patterns=self.feature["patterns"],
            )
        return note_matrix(
            notes.onsets,
            durations,
            notes.pitches,
            notes.velocities,
            length=length,
            columns=self.feature["columns"],
            chord=chord,
        )


class PieceSoundInputs:
    """Spectrograms of pieces, played on a piano or as written, by a person or a sequencer.

    The pool holds windows in decibels, and beside each frame the keys that are struck in it, a bit
    each. A draw takes one as it is: what an ear mishears of one that was changed once more teaches
    little, and patterns are the same in every key. What teaches the ear itself is a part of one,
    transposed by shifting its bands, and changed.

    Args:
        data: Labelled MIDI files.
        feature: Description of a ``spectrogram`` feature with a logarithmic scale.
        fonts: SoundFonts, used in turn.
        windows: Size of the pool.
        jobs: By whom it is made.
        seed: Of every choice.
    """

    SHARD = 40
    LOW, HIGH = -145.0, 10.0  # dBFS that uint8 0 and 255 stand for
    SHIFT = 4  # semitones by which windows are transposed at most that teach an ear
    changed = False
    STRANGE = 0.1  # share of stretches that are no music, for which every label is equally wrong

    def __init__(
        self,
        data: Dataset,
        feature: dict[str, Any],
        *,
        fonts: list[Path],
        windows: int,
        jobs: Jobs = 1,
        seed: int = 0,
    ) -> None:
        self.feature = feature
        spectrogram: Any = build(feature)
        self._spectrogram, self.shape = spectrogram, spectrogram.shape
        self._seconds = spectrogram.window_samples / STREAM_RATE
        self._pieces = Pieces(data)
        self.labels, self.left_out = self._pieces.labels, self._pieces.left_out
        self._fonts, self._seed = fonts, seed
        octaves = np.log2(feature["fmax"] / feature["fmin"])
        self._semitone = (self.shape[1] - 1) / octaves / 12
        key = {
            "files": sorted(str(e.path.resolve()) for e in data.examples),
            "feature": feature,
            "keys": KEYS,
            "fonts": [f.name for f in fonts],
            "stretches": windows,
            "seed": seed,
            "speech": foreign.speech_is_here(),
        }
        shards = max(1, windows // self.SHARD)
        self.windows = shards * self.SHARD
        self._pool = Pool("pieces", key, self._make, shards=shards, jobs=jobs)

    def prepare(self, progress: Progress) -> None:
        """Make the pool."""
        self._pool.prepare(progress)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Windows and targets; see ``Inputs``."""
        return self._as_made(rng.integers(self.windows, size=n))

    def all(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Every window, as it is, and targets; a shard at a time."""
        for start in range(0, self.windows, self.SHARD):
            yield self._as_made(np.arange(start, start + self.SHARD))

    def struck(
        self, n: int, frames: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Parts of windows and the keys struck in them, transposed and changed; see ``Struck``."""
        whole, bands = self.shape
        pictures = np.empty((n, frames, bands), np.float32)
        keys = np.zeros((n, frames, KEYS), np.float32)
        for j, i in enumerate(rng.integers(self.windows, size=n)):
            start = int(rng.integers(0, whole - frames + 1))
            rows = self._pool.window(int(i))[start : start + frames]
            shift = round(rng.uniform(-self.SHIFT, self.SHIFT) * self._semitone)
            decibels = np.full((frames, bands), self.LOW, np.float32)
            to, of = _moved(bands, shift)
            decibels[:, to] = self._decibels(rows[:, of])
            pictures[j] = self._spectrogram.picture(decibels)
            to, of = _moved(KEYS, round(shift / self._semitone))
            keys[j][:, to] = np.unpackbits(rows[:, bands:], axis=1, count=KEYS)[:, of]
        for picture in pictures:
            rumble(picture, rng)
            colour(picture, rng)
        return pictures, keys

    def played(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Keys of performances that nobody rendered, and targets; see ``Struck``."""
        keys = np.zeros((n, self.shape[0], KEYS), bool)
        labels = np.zeros(n, np.int64)
        for i in range(n):
            labels[i], piece = self._pieces.draw(rng)
            keys[i] = self._keys(_stretch(piece, self._seconds, rng))
        return keys, targets(labels, len(self.labels))

    def _as_made(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Windows, float32 (n, frames, bands), and targets."""
        pictures = np.empty((len(chosen), *self.shape), np.float32)
        for j, i in enumerate(chosen):
            decibels = self._decibels(self._pool.window(int(i))[:, : self.shape[1]])
            pictures[j] = self._spectrogram.picture(decibels)
        return pictures, targets(self._pool.labels[chosen], len(self.labels))

    def _decibels(self, rows: np.ndarray) -> np.ndarray:
        """What bytes of the pool stand for."""
        return rows.astype(np.float32) * ((self.HIGH - self.LOW) / 255) + self.LOW

    def _make(self, k: int) -> Shard:
        rng = np.random.default_rng([self._seed, k])
        whole: Any = build(self.feature)
        frames, bands = whole.shape
        rows = np.zeros((self.SHARD, frames, bands + -(-KEYS // 8)), np.uint8)
        labels = np.zeros(self.SHARD, np.int64)
        n = whole.window_samples
        with Synth(self._fonts[k % len(self._fonts)]) as synth:
            for i in range(self.SHARD):
                if rng.random() < self.STRANGE:
                    labels[i], samples = -1, _no_music(n, rng)
                else:
                    labels[i], piece = self._pieces.draw(rng)
                    notes = _stretch(piece, self._seconds, rng)
                    rows[i, :, bands:] = np.packbits(self._keys(notes), axis=1)
                    samples = play(synth, notes, n, rng)
                    samples = sound.record(samples, rng) if rng.random() < 0.5 else samples
                whole.reset()
                whole.push(samples)
                scaled = (whole.decibels() - self.LOW) * (255 / (self.HIGH - self.LOW))
                rows[i, :, :bands] = np.round(np.clip(scaled, 0, 255))
        return rows, labels, {}

    def _keys(self, notes: Notes) -> np.ndarray:
        """Which keys are struck in each frame, bool (frames, keys): nearest to its middle."""
        frames = self.shape[0]
        keys = np.zeros((frames, KEYS), bool)
        middle = self.feature["win_length"] / 2
        at = np.round((notes.onsets * STREAM_RATE - middle) / self.feature["hop"]).astype(np.int64)
        key = notes.pitches - LOWEST
        inside = (at >= 0) & (at < frames) & (key >= 0) & (key < KEYS)
        keys[at[inside], key[inside]] = True
        return keys


def _moved(size: int, by: int) -> tuple[slice, slice]:
    """Where what is moved along an axis comes to lie, and where it lay."""
    kept = max(0, size - abs(by))
    to, of = max(0, by), max(0, -by)
    return slice(to, to + kept), slice(of, of + kept)


def _no_music(n: int, rng: np.random.Generator) -> np.ndarray:
    """Speech, where it can be made here, or one of the other sounds that are no music."""
    if foreign.speech_is_here() and rng.random() < 0.4:
        return foreign.draw(foreign.speech, n, rng)
    return background(n, rng)


def _stretch(piece: Notes, seconds: float, rng: np.random.Generator) -> Notes:
    """Notes from anywhere in a piece, beginning at 0 s.

    Most are played on one piano by a person; the rest keep their programs, or are given others, so
    that the sound of an ensemble tells less of the composer than what it plays.
    """
    start = int(rng.integers(0, max(1, len(piece) - SHORTEST)))
    ends = piece.onsets[start] + 1.6 * seconds  # a fast performance needs more than it lasts
    notes = piece.take(slice(start, int(np.searchsorted(piece.onsets, ends))))
    if rng.random() < 0.7:
        notes = humanise(notes, rng)
        program = int(rng.choice([0, 0, 0, 1, 2, 3, 6, 19, 48]))
        programs = np.full(len(notes), program)
    else:
        programs = notes.programs
        if rng.random() < 0.4:
            swap = rng.permutation(80)
            programs = swap[np.minimum(programs, 79)]
    onsets = notes.onsets - notes.onsets[0]
    return Notes(onsets, notes.durations, notes.pitches, notes.velocities, programs)


def play(synth: Synth, notes: Notes, n: int, rng: np.random.Generator) -> np.ndarray:
    """Render notes from silence, float32 (n,), now and then with a pedal changed every second."""
    start = synth.position
    messages = []

    def send(at: float, kind: str, **values: int) -> None:
        messages.append(TimedMessage(start + round(at * STREAM_RATE), mido.Message(kind, **values)))

    channels = {p: c + (c >= 9) for c, p in enumerate(np.unique(notes.programs)[:15].tolist())}
    for channel in range(16):
        send(0, "control_change", channel=channel, control=120, value=0)
        send(0, "control_change", channel=channel, control=64, value=0)
    for program, channel in channels.items():
        send(0, "program_change", channel=channel, program=int(program))
    for i in range(len(notes)):
        channel = channels.get(int(notes.programs[i]), 0)
        pitch, on = int(notes.pitches[i]), float(notes.onsets[i])
        off = on + max(0.03, float(notes.durations[i]))
        send(on, "note_on", channel=channel, note=pitch, velocity=int(notes.velocities[i]))
        send(off, "note_off", channel=channel, note=pitch)
    if rng.random() < 0.4:
        at = 0.0
        while at < n / STREAM_RATE:
            held = rng.uniform(0.4, 2.5)
            send(at, "control_change", control=64, value=127)
            send(at + held, "control_change", control=64, value=0)
            at += held + 0.06
    messages.sort(key=lambda m: m.position)
    return synth.render([m for m in messages if m.position < start + n], start + n)
