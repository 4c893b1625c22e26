"""Notes, and samples, as a stream that the engine can listen to, without a file or a device."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Literal, Self

import mido
import numpy as np

from realtime.records import STREAM_RATE, AudioBlock, MidiBlock, TimedMessage
from training.datasets.midi import Notes

BLOCK = STREAM_RATE // 10
TAIL = STREAM_RATE


def messages(notes: Notes) -> list[TimedMessage]:
    """What a keyboard would send, in order: a key that is struck again is let go first.

    Args:
        notes: Notes of one player; their programs are not sent.
    """
    on = np.round(notes.onsets * STREAM_RATE).astype(np.int64)
    off = on + np.maximum(1, np.round(notes.durations * STREAM_RATE)).astype(np.int64)
    sent: list[tuple[int, int, mido.Message]] = []
    for start, end, pitch, velocity in zip(
        on.tolist(), off.tolist(), notes.pitches.tolist(), notes.velocities.tolist(), strict=True
    ):
        struck = mido.Message("note_on", note=pitch, velocity=max(1, velocity))
        sent += [(start, 1, struck), (end, 0, mido.Message("note_off", note=pitch))]
    sent.sort(key=lambda m: m[:2])
    return [TimedMessage(at, message) for at, _, message in sent]


class Performance:
    """Notes as a MIDI source: one player at one piano.

    Args:
        name: What to call it.
        notes: What is played.
    """

    stream: Literal["midi"] = "midi"
    live = False

    def __init__(self, name: str, notes: Notes) -> None:
        self.name = name
        self._messages = messages(notes)
        self._end = self._messages[-1].position + TAIL
        self.length: float | None = self._end / STREAM_RATE

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[MidiBlock]:
        at = 0
        for position in range(0, self._end, BLOCK):
            end = min(position + BLOCK, self._end)
            first = at
            while at < len(self._messages) and self._messages[at].position < end:
                at += 1
            yield MidiBlock(position, end, tuple(self._messages[first:at]), time.perf_counter())


class Playback:
    """Samples as a source of sound.

    Args:
        name: What to call it.
        samples: float32 (n,), mono at ``STREAM_RATE``.
    """

    stream: Literal["audio"] = "audio"
    live = False

    def __init__(self, name: str, samples: np.ndarray) -> None:
        self.name = name
        self._samples = samples
        self.length: float | None = len(samples) / STREAM_RATE

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[AudioBlock]:
        for at in range(0, len(self._samples), BLOCK):
            yield AudioBlock(at, self._samples[at : at + BLOCK], time.perf_counter())
