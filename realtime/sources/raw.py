"""Raw samples on standard input."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, Literal, Self

import numpy as np

from realtime.errors import UserError
from realtime.records import STREAM_RATE, AudioBlock
from realtime.sources.content import sniff

_FORMAT = "raw float32 samples, little-endian, 16000 a second, mono"
_CONVERT = "ffmpeg -i FILE -f f32le -ar 16000 -ac 1 -"
_WIDTH = 4  # bytes a sample
_LOUDEST = 1e10  # see audio_file


class RawStdin:
    """Mono float32 little-endian samples at ``STREAM_RATE`` from standard input.

    It waits for its writer, and the writer for it: nothing is lost. Standard input stays open.

    Args:
        stream: Where to read bytes instead, for tests and embedding.
        block: Samples a block; only the last block is shorter.

    Raises:
        ValueError: ``block`` is below 1.
        UserError: On entering, if standard input is a terminal or closed. While iterating, after
            the good part, if it holds nothing, ends inside a sample, holds a sample that is no
            finite number, or begins like a sound file.
    """

    name = "stdin"
    stream: Literal["audio"] = "audio"
    live = False
    length: float | None = None

    def __init__(self, stream: BinaryIO | None = None, *, block: int = 1600) -> None:
        if block < 1:
            raise ValueError(f"a block needs at least 1 sample, not {block}")
        self._given = stream
        self._input: BinaryIO | None = None
        self._block = block

    def __enter__(self) -> Self:
        given = self._given
        if given is None:
            if sys.stdin is None or sys.stdin.closed:
                raise UserError(f"stdin: is closed; pipe {_FORMAT} into it")
            if sys.stdin.isatty():
                raise UserError(f"stdin: is a terminal; pipe {_FORMAT} into it, as {_CONVERT} does")
            given = sys.stdin.buffer
        self._input = given
        return self

    def __exit__(self, *_: object) -> None:
        self._input = None

    def __iter__(self) -> Iterator[AudioBlock]:
        if self._input is None:
            raise RuntimeError("enter the source (with RawStdin() as source) before iterating")
        position, last = 0, False
        while not last:
            data = self._read(self._input)
            last = len(data) < self._block * _WIDTH
            if position == 0:
                _check_start(data)
            samples = np.frombuffer(data[: len(data) // _WIDTH * _WIDTH], "<f4").astype(
                np.float32, copy=False
            )
            bad = np.flatnonzero(~(np.abs(samples) <= _LOUDEST))
            good = samples[: bad[0]] if len(bad) else samples
            if len(good):
                yield AudioBlock(position, good, time.perf_counter())
            position += len(good)
            if len(bad):
                at = f"{position / STREAM_RATE:.3f} s"
                raise UserError(f"stdin: sample of {samples[bad[0]]} at {at}; send {_FORMAT}")
            if len(data) % _WIDTH:
                seconds = f"{position / STREAM_RATE:.3f} s"
                raise UserError(f"stdin: ends inside a sample after {seconds}; send {_FORMAT}")

    def _read(self, stream: BinaryIO) -> bytes:
        """The bytes of a whole block; fewer only at the end of the stream."""
        parts: list[bytes] = []
        missing = self._block * _WIDTH
        while missing:
            part = stream.read(missing)
            if part is None:  # set non-blocking by whoever made the pipe, and nothing there yet
                time.sleep(0.005)
                continue
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


def _check_start(data: bytes) -> None:
    """Raise ``UserError`` if nothing came, or if a file was sent as it is."""
    if not data:
        raise UserError(f"stdin: is empty; send {_FORMAT}")
    kind = sniff(BytesIO(data))
    # Two bytes make an MP3 frame, and any bytes may be text: sound could begin like them.
    if kind in ("WAV", "FLAC", "OGG", "AIFF", "MIDI"):
        raise UserError(f"stdin: is a {kind} file; name it instead, or send {_FORMAT}: {_CONVERT}")
