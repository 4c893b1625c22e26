"""Replaying a recording."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, Self

import numpy as np

from realtime.errors import UserError
from realtime.recording import notes
from realtime.recording.blocks import Block, cut
from realtime.recording.index import Index, Segment, load
from realtime.records import STREAM_RATE, AudioBlock, Event, MidiBlock
from realtime.sources import Item, smf
from realtime.sources.audio_file import AudioFile
from realtime.text import printable


class Recording:
    """A folder that ``Recorder`` wrote, as a source.

    It yields the same sound or messages at the same positions, with the same gaps and events, and
    tells the engine which windows were left out. With the same models and hop the predictions are
    those of the run that was recorded.

    Args:
        folder: The recording.
        block: Samples of stream time a block at most.

    Raises:
        ValueError: ``block`` is below 1.
        UserError: When made: the folder holds no recording. On entering or while iterating, after
            the good part: a file is missing or not as it was recorded.
    """

    live = False

    def __init__(self, folder: str | os.PathLike[str], *, block: int = 1600) -> None:
        if block < 1:
            raise ValueError(f"a block needs at least 1 sample, not {block}")
        self._folder = Path(folder)
        self.name = printable(str(self._folder))
        self._index = load(self._folder)
        self._block = block
        self._notes: tuple[np.ndarray, np.ndarray, int] | None = None
        self._open = False

    @property
    def index(self) -> Index:
        """What ``recording.json`` says."""
        return self._index

    @property
    def stream(self) -> Literal["audio", "midi"]:
        """Whether it holds sound or notes."""
        return self._index.stream

    @property
    def length(self) -> float | None:
        """Stream time at its end in seconds; None for one that was not ended in order."""
        segments = self._index.segments
        end = segments[-1].end if segments else 0
        return None if end is None else end / STREAM_RATE

    @property
    def skips(self) -> Mapping[int, Event]:
        """Windows that were left out, by the position at which they were due."""
        return self._index.skipped

    def skipped(self, due: int, event: Event) -> None:
        """It is known already."""

    def ended(self, position: int) -> tuple[()]:
        """There is nothing to finish."""
        return ()

    def __enter__(self) -> Self:
        if any(s.position != s.end for s in self._index.segments) and self.stream == "midi":
            positions, packed, end = notes.read(self._folder / self._index.segments[0].file)
            self._notes = np.array(positions), np.array(packed), end
        self._open = True
        return self

    def __exit__(self, *_: object) -> None:
        self._notes = None
        self._open = False

    def __iter__(self) -> Iterator[Item]:
        if not self._open:
            raise RuntimeError("enter the recording before iterating")
        events = deque(self._index.events)
        for block in self._blocks():
            rest = block
            while events and events[0].at < rest.end:
                if events[0].at > rest.position:
                    head, rest = cut(rest, events[0].at)
                    yield head
                yield replace(events.popleft().event, source=self.name)
            yield rest
        for told in events:
            yield replace(told.event, source=self.name)

    def _blocks(self) -> Iterator[Block]:
        for segment in self._index.segments:
            if segment.position == segment.end:
                yield self._nothing(segment.position)
            elif self.stream == "midi":
                yield from self._played(segment)
            else:
                yield from self._heard(segment)

    def _nothing(self, position: int) -> Block:
        """An empty block, which moves the engine to its place."""
        if self.stream == "midi":
            return MidiBlock(position, position, (), time.perf_counter())
        return AudioBlock(position, np.zeros(0, np.float32), time.perf_counter())

    def _heard(self, segment: Segment) -> Iterator[AudioBlock]:
        """The sound of a segment, shifted to its place."""
        at = segment.position
        try:
            with AudioFile(self._folder / segment.file, block=self._block) as file:
                for block in file:
                    yield replace(block, position=at)
                    at += len(block.samples)
        except UserError:
            if segment.end is not None:
                raise
            return  # it was never finished: what there is counts
        if segment.end not in (None, at):
            raise self._damaged(segment, f"holds {at - segment.position} samples")

    def _played(self, segment: Segment) -> Iterator[MidiBlock]:
        assert self._notes is not None
        positions, packed, last = self._notes
        end = last if segment.end is None else segment.end
        if end > last:
            raise self._damaged(segment, f"ends at {last / STREAM_RATE:.3f} s")
        for start in range(segment.position, end, self._block):
            stop = min(start + self._block, end)
            first, after = np.searchsorted(positions, (start, stop))
            messages = smf.timed(positions[first:after], packed[first:after])
            yield MidiBlock(start, stop, messages, time.perf_counter())

    def _damaged(self, segment: Segment, what: str) -> UserError:
        where = printable(str(self._folder / segment.file))
        return UserError(f"{where}: {what}, not what was recorded; use a complete copy")
