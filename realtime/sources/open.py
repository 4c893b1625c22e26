"""The source that a name on the command line asks for."""

from __future__ import annotations

import os
from pathlib import Path

from realtime.recording import INDEX, Recording
from realtime.sources.audio_file import AudioFile
from realtime.sources.content import EXTENSIONS, identify
from realtime.sources.midi_file import MidiFile
from realtime.sources.raw import RawStdin


def open_file(path: str | os.PathLike[str]) -> AudioFile | MidiFile | RawStdin | Recording:
    """The source for a file, chosen by its extension; to be entered like any other.

    Args:
        path: A file, a recording's folder, or ``-`` for raw samples on standard input.

    Raises:
        UserError: The extension is not known, or the recording is damaged; all other faults show
            on entering.
    """
    if os.fspath(path) == "-":
        return RawStdin()
    if os.path.isfile(Path(path) / INDEX):
        return Recording(path)
    kind = EXTENSIONS.get(Path(path).suffix.lower()) or identify(Path(path))
    return MidiFile(path) if kind == "MIDI" else AudioFile(path)
