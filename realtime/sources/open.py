"""The source that a name on the command line asks for."""

from __future__ import annotations

import os
from pathlib import Path

from realtime.recording import INDEX, Recording
from realtime.sources.audio_file import AudioFile
from realtime.sources.content import identify
from realtime.sources.midi_file import MidiFile
from realtime.sources.raw import RawStdin


def open_file(path: str | os.PathLike[str]) -> AudioFile | MidiFile | RawStdin | Recording:
    """The source for a file, chosen by its kind; to be entered like any other.

    Args:
        path: A file, a recording's folder, or ``-`` for raw samples on standard input.

    Raises:
        UserError: The file cannot be read, its extension is not known or its content is of
            another kind, or the recording is damaged. What is wrong further on shows on entering.
    """
    if os.fspath(path) == "-":
        return RawStdin()
    if os.path.isfile(Path(path) / INDEX):
        return Recording(path)
    return MidiFile(path) if identify(Path(path)) == "MIDI" else AudioFile(path)
