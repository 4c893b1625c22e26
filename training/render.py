"""Notes and phrases rendered from SoundFonts, as a data set in NSynth's layout."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import numpy as np

from realtime.errors import UserError
from realtime.files import whole
from realtime.records import STREAM_RATE, TimedMessage
from realtime.synth import Synth, default_soundfont
from training.datasets.nsynth import FAMILIES

SOURCES = {"acoustic": 0, "electronic": 1, "synthetic": 2}
VELOCITIES = (25, 50, 75, 100, 127)
SECONDS = 4
HELD = 3.0
LONG = 10
LONG_HELD = 9.0
"""Seconds of a note that goes on when the window that it began in is over."""

PROGRAMS: dict[str, tuple[str, range | tuple[int, ...]]] = {
    "bass": ("acoustic", range(32, 38)),
    "brass": ("acoustic", range(56, 62)),
    "flute": ("acoustic", range(72, 80)),
    "guitar": ("acoustic", (24, 25, 26, 27, 28, 105)),
    "keyboard": ("acoustic", range(8)),
    "mallet": ("acoustic", (8, 9, 10, 11, 12, 13, 14, 108)),
    "organ": ("electronic", range(16, 21)),
    "reed": ("acoustic", range(64, 72)),
    "string": ("acoustic", (40, 41, 42, 43, 44, 45, 48, 49)),
    "vocal": ("acoustic", (52, 53, 54)),
}
"""General MIDI programs (from 0) that sound like each NSynth family. Programs between two families
(accordion, harmonica, harp, synth brass, distorted guitar) are left out."""

ELECTRONIC = {4, 5, 26, 27, 28, 33, 34, 35, 36, 37}
"""Programs of acoustic families that are played on something electric."""

SYNTHS: dict[str, range] = {
    "bass": range(38, 40),
    "brass": range(62, 64),
    "string": range(50, 52),
    "synth_lead": range(80, 96),
}
"""Programs that imitate synthesizers: for telling sources apart, not families."""

NUMBERED = (*FAMILIES[:9], "synth_lead", "vocal")
"""Families by their numbers in NSynth."""

RANGES = {"bass": (23, 67), "flute": (48, 98), "vocal": (36, 84), "guitar": (36, 88)}
"""Pitches a family is rendered at where fewer than a piano's make sense."""

FONT_FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
    "/usr/share/minuet/soundfonts",
)


def find_soundfonts() -> list[Path]:
    """The SoundFonts installed where Debian and others put them, and the embedded default."""
    found = {default_soundfont().stem: default_soundfont()}
    for folder in map(Path, FONT_FOLDERS):
        for link in sorted(folder.glob("*.sf[23]")) if os.path.isdir(folder) else ():
            path = link.resolve()  # Debian links "default-GM" to one of the others
            found.setdefault(path.stem, path)
    return list(found.values())


def render(
    out: Path,
    fonts: list[Path],
    *,
    notes: int,
    long: int,
    phrases: int,
    synths: bool = False,
    seed: int = 0,
) -> Iterator[tuple[int, int]]:
    """Write a data set, and tell after each instrument how many of how many are done.

    A font that is finished is not rendered again, so that a stopped run can be taken up.

    Args:
        out: Folder to write ``examples.json`` and ``audio/`` to.
        fonts: SoundFonts.
        notes: Single notes of each program of each font: 3 s held, 1 s of decay.
        long: Single notes of each that are held for 9 s, and decay for 1 s.
        phrases: Phrases of several notes of each, 4 s.
        synths: Add synthesizers, so that there are sounds of every source.
        seed: Of the choice of pitches, velocities and phrases.

    Raises:
        UserError: A SoundFont cannot be read, or ``out`` cannot be written.
    """
    import soundfile

    try:
        (out / "audio").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: cannot be written ({error.strerror})") from error
    jobs = [
        (family, program, "electronic" if program in ELECTRONIC else PROGRAMS[family][0])
        for family in FAMILIES
        for program in PROGRAMS[family][1]
    ]
    if synths:
        jobs += [(family, p, "synthetic") for family, programs in SYNTHS.items() for p in programs]
    index: dict[str, dict[str, object]] = {}
    for f, font in enumerate(fonts):
        part = out / f"{font.stem}-{notes}-{long}-{phrases}-{seed}{'-synths' * synths}.json"
        if part.exists():
            index |= json.loads(part.read_text("utf-8"))
            continue
        entries: dict[str, dict[str, object]] = {}
        with Synth(font) as synth:
            for j, (family, program, source) in enumerate(jobs):
                rng = np.random.default_rng([seed, crc32(font.stem.encode()), program])
                instrument = f"{family}_{source}_{font.stem}-{program:03d}"
                for name, pitch, velocity, sound in _sounds(
                    synth, family, program, notes=notes, long=long, phrases=phrases, rng=rng
                ):
                    note = f"{instrument}-{name}"
                    soundfile.write(out / "audio" / f"{note}.flac", sound, STREAM_RATE)
                    entries[note] = {
                        "note_str": note,
                        "instrument_str": instrument,
                        "instrument_family": NUMBERED.index(family),
                        "instrument_family_str": family,
                        "instrument_source": SOURCES[source],
                        "instrument_source_str": source,
                        "pitch": pitch,
                        "velocity": velocity,
                        "sample_rate": STREAM_RATE,
                    }
                yield f * len(jobs) + j + 1, len(fonts) * len(jobs)
        with whole(part) as new:
            new.write_text(json.dumps(entries), "utf-8")
        index |= entries
    with whole(out / "examples.json") as new:
        new.write_text(json.dumps(index, indent=0), "utf-8")


def _sounds(
    synth: Synth,
    family: str,
    program: int,
    *,
    notes: int,
    long: int,
    phrases: int,
    rng: np.random.Generator,
) -> Iterator[tuple[str, int, int, np.ndarray]]:
    low, high = RANGES.get(family, (21, 108))
    keys = [(p, v) for p in range(low, high + 1) for v in VELOCITIES]
    for kind, n, held, seconds in (("", notes, HELD, SECONDS), ("long-", long, LONG_HELD, LONG)):
        for i in rng.permutation(len(keys))[:n]:
            pitch, velocity = keys[i]
            sound = _play(synth, program, [(0.0, held, pitch, velocity)], seconds)
            if np.abs(sound).max() > 0.002:  # some programs are mute at the ends of the keyboard
                yield f"{kind}{pitch:03d}-{velocity:03d}", pitch, velocity, sound
    for i in range(phrases):
        score = _phrase(low, high, rng)
        sound = _play(synth, program, score, SECONDS)
        if np.abs(sound).max() > 0.002:
            yield f"phrase{i:03d}", score[0][2], score[0][3], sound


def _phrase(low: int, high: int, rng: np.random.Generator) -> list[tuple[float, float, int, int]]:
    """A random walk over the middle of the keyboard: single notes, some of them chords."""
    score = []
    at, pitch = rng.uniform(0, 0.5), int(rng.integers(low + 5, high - 5))
    pace = np.exp(rng.uniform(np.log(0.12), np.log(0.9)))
    chordal = rng.random() < 0.3
    while at < SECONDS - 0.1:
        held = pace * rng.uniform(0.5, 1.2)
        velocity = int(rng.integers(40, 120))
        score.append((at, held, pitch, velocity))
        if chordal and rng.random() < 0.5:
            score += [(at, held, min(high, pitch + k), velocity) for k in (4, 7)]
        at += pace * rng.choice([0.5, 1, 1, 1, 2])
        pitch = int(np.clip(pitch + rng.integers(-5, 6), low, high))
    return score


def _play(
    synth: Synth, program: int, score: list[tuple[float, float, int, int]], seconds: int
) -> np.ndarray:
    import mido

    start = synth.position
    messages = [
        TimedMessage(start, mido.Message("control_change", control=120, value=0)),
        TimedMessage(start, mido.Message("program_change", program=program)),
    ]
    for at, held, pitch, velocity in score:
        on, off = start + round(at * STREAM_RATE), start + round((at + held) * STREAM_RATE)
        messages.append(TimedMessage(on, mido.Message("note_on", note=pitch, velocity=velocity)))
        messages.append(TimedMessage(off, mido.Message("note_off", note=pitch)))
    messages.sort(key=lambda m: m.position)
    end = start + seconds * STREAM_RATE
    return synth.render([m for m in messages if m.position < end], end)
