"""Sound files as a microphone picks them up where people play.

The numbers are in ``conditions``; training draws its rooms and microphones of many kinds instead.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from realtime.records import STREAM_RATE
from realtime.sources.audio_file import AudioFile
from realtime.text import printable
from training.augment import sound
from training.judging.conditions import (
    BAND_HZ,
    FLOOR_DBFS,
    NOISE_DB,
    QUIET_DBFS,
    ROOM_S,
    RUMBLE_DB,
    RUMBLE_HZ,
)
from training.performance import Playback

SETS_IN = 0.005
"""Seconds until a room's reverberation is there."""


def perform(path: Path, condition: str, rng: np.random.Generator) -> Playback:
    """A sound file under a condition of sound.

    It is read whole, with the samples that the engine would hear of the file itself.

    Raises:
        UserError: The file cannot be read, or holds no sound.
    """
    change = {
        "noise": noisy,
        "room": roomy,
        "quiet": quiet,
        "phone": narrow,
        "rumble": rumbling,
    }[condition]
    with AudioFile(path) as source:
        samples = np.concatenate([block.samples for block in source])
    return Playback(printable(str(path)), change(samples, rng))


def noisy(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pink noise in the room, as many decibels below the sound; float32 (n,) as all below."""
    hiss = sound.coloured(rng.standard_normal(len(samples)), -0.5)
    return (samples + hiss * _rms(samples) * 10 ** (-NOISE_DB / 20)).astype(np.float32)


def rumbling(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Something below the sound, and louder, that goes on all the time."""
    hiss = rng.standard_normal(len(samples)).astype(np.float32)
    below = sound.filtered(hiss, high=(RUMBLE_HZ, 4))
    loud = 10 ** (RUMBLE_DB / 20) * _rms(samples) / max(_rms(below), 1e-9)
    return (samples + below * loud).astype(np.float32)


def roomy(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A room that gives as much sound back as comes straight from the instrument."""
    hiss = rng.standard_normal(round(ROOM_S * STREAM_RATE))
    return sound.room(samples, hiss, ROOM_S, SETS_IN, 1.0)


def quiet(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A sound that hardly rises above the hiss of a cheap microphone."""
    peak = float(np.abs(samples).max()) or 1.0
    hiss = rng.standard_normal(len(samples)) * 10 ** (FLOOR_DBFS / 20)
    return (samples * 10 ** (QUIET_DBFS / 20) / peak + hiss).astype(np.float32)


def narrow(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A small microphone without lows and highs; nothing is left to chance."""
    low, high = BAND_HZ
    return sound.filtered(samples, low=(low, 2), high=(high, 2))


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
