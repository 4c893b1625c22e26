"""Features: what a network reads, kept up to date as the stream goes by.

Each feature has a streaming form (``push`` blocks, read ``window``) and an offline form
(``extract``) that runs the same code, so the two agree exactly however the stream is cut.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime import plugins
from realtime.errors import UserError
from realtime.features.chords import ChordSequence
from realtime.features.mfcc import Mfcc
from realtime.features.notes import NoteSequence
from realtime.features.spectrogram import Spectrogram

if TYPE_CHECKING:
    AudioFeature = Mfcc | Spectrogram
    NoteFeature = NoteSequence | ChordSequence
    Feature = AudioFeature | NoteFeature

KINDS = {kind.kind: kind for kind in (Mfcc, Spectrogram, NoteSequence, ChordSequence)}

LARGEST = {
    "window": 1 << 23,
    "n_fft": 1 << 14,
    "win_length": 1 << 14,
    "hop": 1 << 14,
    "frames": 1 << 13,
    "bands": 1 << 10,
    "n_mels": 1 << 10,
    "n_mfcc": 1 << 10,
    "length": 1 << 13,
}
"""Whole numbers that features are made with, at least 1, and the most that makes sense: a manifest
may come from anyone, and must not make the program hang or fill the memory."""

REAL = ("top_db", "floor_db", "fmin", "fmax", "chord")
"""Numbers that features are made with."""


@cache
def kind_of(name: str) -> Any:
    """The class of a kind of feature: one of ours, or what an installed package adds.

    Raises:
        UserError: There is no such kind.
    """
    if name in KINDS:
        return KINDS[name]
    added = plugins.names("realtime.features")
    if name in added:
        return plugins.load("realtime.features", name)
    raise UserError(f"unknown feature {name!r}; this version knows {', '.join([*KINDS, *added])}")


def build(spec: dict[str, Any]) -> Feature:
    """Make the feature that a manifest declares.

    Args:
        spec: ``{"kind": "mfcc" | "spectrogram" | "notes" | "chords", …}``, or a kind that an
            installed package adds, with that kind's parameters.

    Raises:
        UserError: No such feature, or parameters that do not fit it.
    """
    params = {key: value for key, value in spec.items() if key != "kind"}
    name = spec.get("kind")
    if not isinstance(name, str):
        raise UserError(f"a feature's kind must be a name, not {name!r}")
    kind = kind_of(name)
    try:
        for key, value in params.items():
            _check(key, value)
        return kind(**params)
    except (TypeError, ValueError) as error:
        raise UserError(f"feature {name!r} cannot be built: {error}") from error


def _check(name: str, value: Any) -> None:
    if name in LARGEST and not (type(value) is int and 0 < value <= LARGEST[name]):
        raise ValueError(f"{name} must be a whole number from 1 to {LARGEST[name]}, not {value!r}")
    if name == "top_db" and value is None:
        return
    if name in REAL and not (type(value) in (int, float) and math.isfinite(value)):
        raise ValueError(f"{name} must be a number, not {value!r}")
    if name == "top_db" and value <= 0:
        raise ValueError(f"top_db must be positive, not {value!r}")


def extract(feature: AudioFeature, samples: np.ndarray) -> np.ndarray:
    """The offline form: the window that ends with ``samples``.

    Args:
        feature: Any audio feature; it is reset first.
        samples: float32 (n,) at 16 kHz. Silence is assumed before them.

    Returns:
        float32, of the feature's ``shape``.

    Example:
        >>> extract(Mfcc(), np.zeros(64_000, np.float32)).shape
        (126, 13)
    """
    feature.reset()
    feature.push(samples)
    return feature.window()
