"""A listener for live music: sound and MIDI in, what two kinds of network hear out.

Example:
    >>> from realtime import Microphone, classify
    >>> for prediction in classify(Microphone()):  # needs one  # doctest: +SKIP
    ...     print(prediction.label, prediction.p)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime.api import classify
    from realtime.engine import Engine
    from realtime.errors import UserError
    from realtime.records import Event, Prediction, Summary
    from realtime.sources.audio_file import AudioFile
    from realtime.sources.microphone import Microphone
    from realtime.sources.midi_file import MidiFile
    from realtime.sources.midi_port import MidiPort
    from realtime.sources.raw import RawStdin

__version__ = "0.2.0.dev0"

__all__ = [
    "AudioFile",
    "Engine",
    "Event",
    "Microphone",
    "MidiFile",
    "MidiPort",
    "Prediction",
    "RawStdin",
    "Summary",
    "UserError",
    "classify",
]

_HOMES = {
    "AudioFile": "realtime.sources.audio_file",
    "Engine": "realtime.engine",
    "Event": "realtime.records",
    "Microphone": "realtime.sources.microphone",
    "MidiFile": "realtime.sources.midi_file",
    "MidiPort": "realtime.sources.midi_port",
    "Prediction": "realtime.records",
    "RawStdin": "realtime.sources.raw",
    "Summary": "realtime.records",
    "UserError": "realtime.errors",
    "classify": "realtime.api",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: replaying a file needs no audio driver."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
