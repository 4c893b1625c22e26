"""MIDI files, played in stream time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

import numpy as np

from realtime.records import STREAM_RATE, MidiBlock
from realtime.sources import content, smf
from realtime.text import printable

_TAIL = STREAM_RATE  # a second for the last notes to ring
_LARGEST = 2 * 2**20  # bytes; hours of piano playing. It may hold a million messages.


class MidiFile:
    """A MIDI file of type 0 or 1 as a source of messages.

    Notes, controls (sustain pedal), program changes, pitch bends and aftertouch of all tracks are
    yielded at ``round(seconds * STREAM_RATE)``; system exclusive and meta events are left out. The
    stream ends one second after the last message.

    Args:
        path: The file.
        block: Samples of stream time a block, at ``STREAM_RATE``; only the last block is shorter.
        strict: Refuse damaged files and notes that never end. Otherwise what can be repaired is
            (see ``smf.parse``), for those who collect files from many hands.

    Raises:
        ValueError: ``block`` is below 1.
        UserError: On entering, if the file is missing, a folder, unreadable, empty, larger than
            2 MiB, no MIDI file, without notes or longer than 24 hours; if ``strict`` also if it is
            cut off, damaged or has notes that never end.

    Example:
        >>> with MidiFile("song.mid") as source:
        ...     played = [timed.message for block in source for timed in block.messages]
        >>> [message.note for message in played if message.type == "note_on"]
        [60, 64, 67]
    """

    stream: Literal["midi"] = "midi"
    live = False

    def __init__(
        self, path: str | os.PathLike[str], *, block: int = 1600, strict: bool = True
    ) -> None:
        if block < 1:
            raise ValueError(f"a block needs at least 1 sample, not {block}")
        self.path = Path(path)
        self.name = printable(str(self.path))
        self.length: float | None = None
        self._block = block
        self._strict = strict
        self._notation: smf.Notation | None = None

    def __enter__(self) -> Self:
        if content.identify(self.path) != "MIDI":
            raise content.fault(self.path, "holds sound, not notes", "open it as AudioFile")
        with content.open_regular(self.path) as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            what = f"is larger than the {_LARGEST // 2**20} MiB that a MIDI file may have"
            raise content.fault(self.path, what, "cut it into pieces")
        try:
            self._notation = smf.parse(data, strict=self._strict)
        except smf.SmfError as error:
            raise content.fault(self.path, error.what, error.remedy) from None
        self.length = (int(self._notation.positions[-1]) + _TAIL) / STREAM_RATE
        return self

    def __exit__(self, *_: object) -> None:
        self._notation = None

    def __iter__(self) -> Iterator[MidiBlock]:
        if self._notation is None:
            raise RuntimeError("enter the source (with MidiFile(...) as source) before iterating")
        positions, packed = self._notation.positions, self._notation.packed
        total = int(positions[-1]) + _TAIL
        first = 0
        for start in range(0, total, self._block):
            end = min(start + self._block, total)
            after = int(np.searchsorted(positions, end))
            messages = smf.timed(positions[first:after], packed[first:after])
            first = after
            yield MidiBlock(start, end, messages, time.perf_counter())
