"""Conditions under which files are judged: as they are, or changed as live music would be.

Conditions of notes change MIDI files, those of sound change sound files. What is here is told in
``--help``, on the page and in the cards; the changes themselves are in ``notes`` and ``sounds``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from zlib import crc32

from realtime.errors import UserError

if TYPE_CHECKING:  # --help tells of them, and starts without NumPy
    from realtime.registry import Manifest
    from realtime.sources import Source
    from training.datasets import Dataset

Kind = Literal["notes", "sound"]

NOISE_DB = 15
"""Decibels from the sound down to the noise that is added, both as RMS over the whole file."""

ROOM_S = 0.5
"""Seconds in which a room's reverberation falls by 60 dB (RT60)."""

QUIET_DBFS = -30
"""Peak of a quiet sound."""

FLOOR_DBFS = -65
"""RMS of the hiss under it: below the engine's gate, which would call it silence by itself."""

BAND_HZ = (200, 4000)
"""What a small microphone picks up; it falls by 12 dB an octave beyond."""


RUMBLE_DB = 6
"""Decibels by which a rumble is louder than the sound, both as RMS over the whole file."""

RUMBLE_HZ = 60
"""Where it ends, falling by 24 dB an octave: traffic, a ventilator, handling noise."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A way to change a file.

    Attributes:
        kind: What it changes.
        told: How, in a few words.
    """

    kind: Kind
    told: str


AS_IS = "as-is"

CONDITIONS: dict[str, Condition] = {
    "neutral": Condition("notes", "every part on one piano, with a player's velocities"),
    "played": Condition("notes", "on one piano, with rubato, onsets off the beat and articulation"),
    "noise": Condition("sound", f"pink noise {NOISE_DB} dB below the sound"),
    "room": Condition("sound", f"reverberation of {ROOM_S} s (RT60), as loud as the sound itself"),
    "quiet": Condition("sound", f"peak at {QUIET_DBFS} dBFS, over hiss at {FLOOR_DBFS} dBFS"),
    "phone": Condition("sound", f"{BAND_HZ[0]} to {BAND_HZ[1]} Hz only, 12 dB an octave beyond"),
    "rumble": Condition("sound", f"rumble below {RUMBLE_HZ} Hz, {RUMBLE_DB} dB above the sound"),
}
"""By name, in the order in which they are told."""


def of_kind(kind: Kind) -> list[str]:
    """Names of the conditions of a kind."""
    return [name for name, condition in CONDITIONS.items() if condition.kind == kind]


def kind_of(data: str) -> Kind:
    """What the files of a measurement hold; its data begin with their layout."""
    return "notes" if data.startswith("composers:") else "sound"


def legend(names: list[str]) -> str:
    """A sentence of Markdown for each condition."""
    return " ".join(f"*{name.capitalize()}*: {CONDITIONS[name].told}." for name in names)


def check(condition: str, data: Dataset, manifest: Manifest) -> None:
    """See that a condition changes what these files hold and this model hears.

    Raises:
        UserError: It does not.
    """
    if condition == AS_IS:
        return
    midi = [e.path.suffix.lower() in (".mid", ".midi") for e in data.examples]
    kind = CONDITIONS[condition].kind
    fit = " or ".join(of_kind("sound" if kind == "notes" else "notes"))
    if kind == "sound" and manifest.window_s is None:
        raise UserError(
            f"--condition {condition}: {manifest.name} reads notes and hears no sound; it takes "
            f"{fit}"
        )
    if kind == "notes" and not all(midi):
        raise UserError(
            f"--condition {condition}: only MIDI files can be played otherwise; name composers: "
            f"data, or choose {fit}"
        )
    if kind == "sound" and any(midi):
        raise UserError(
            f"--condition {condition}: only sound files can be heard otherwise; name nsynth: or "
            f"folders: data, or choose {fit}"
        )


def perform(path: Path, *, condition: str) -> Source:
    """A file under a condition, the same each time.

    Args:
        path: The file.
        condition: One of ``CONDITIONS`` that fits it, see ``check``, or ``as-is``.

    Raises:
        UserError: The file cannot be read, or holds nothing.
    """
    import numpy as np

    from training.evaluate import open_source
    from training.judging import notes, sounds

    if condition == AS_IS:
        return open_source(path)
    rng = np.random.default_rng([crc32(os.fsencode(path.name)), 1])
    if CONDITIONS[condition].kind == "notes":
        return notes.perform(path, condition, rng)
    return sounds.perform(path, condition, rng)
