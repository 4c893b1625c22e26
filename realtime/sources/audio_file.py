"""Sound files, read and resampled as a stream."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal, Self

import numpy as np
import soundfile
import soxr

from realtime.errors import UserError
from realtime.quiet import quiet_stderr
from realtime.records import STREAM_RATE, AudioBlock
from realtime.sources import content, headers
from realtime.text import printable

_CHUNK = 4096  # frames decoded at a time, whatever the block, so that every block size agrees
_RATES = (1_000, 768_000)
_LOUDEST = 1e10  # 32-bit integers left unscaled still count as sound; beyond it energies overflow
_NO_COUNT = 2**63 - 1  # what libsndfile says of a FLAC stream of unknown length


class AudioFile:
    """A WAV, FLAC, OGG, MP3 or AIFF file as a source of mono sound at ``STREAM_RATE``.

    The file is decoded piece by piece and never loaded whole; channels are averaged. The samples
    are the same for every ``block``.

    Args:
        path: The file.
        block: Samples a block, at ``STREAM_RATE``; only the last block is shorter.

    Raises:
        ValueError: ``block`` is below 1.
        UserError: On entering, if the file is missing, a folder, unreadable, empty, without sound,
            of another kind than its extension says or not decodable. While iterating, after the
            good part, if it is cut off or damaged or holds a sample that is no finite number.

    Example:
        >>> with AudioFile("song.flac") as source:
        ...     seconds = sum(len(block.samples) for block in source) / 16_000
        >>> seconds
        2.0
    """

    stream: Literal["audio"] = "audio"
    live = False

    def __init__(self, path: str | os.PathLike[str], *, block: int = 1600) -> None:
        if block < 1:
            raise ValueError(f"a block needs at least 1 sample, not {block}")
        self.path = Path(path)
        self.name = printable(str(self.path))
        self.length: float | None = None
        self._block = block
        self._sound: _Forward | None = None
        self._cut = False
        self._is_mp3 = False

    def __enter__(self) -> Self:
        kind = content.identify(self.path)
        if kind == "MIDI":
            raise content.fault(self.path, "holds notes, not sound", "open it as MidiFile")
        with content.open_regular(self.path) as file:
            self._cut = headers.is_cut(file, kind)
            counted = headers.counts_frames(file, kind)
        self._is_mp3 = kind == "MP3"
        # As bytes, because soundfile cannot encode a name that is not valid UTF-8.
        name = os.fspath(self.path) if os.name == "nt" else os.fsencode(self.path)
        try:
            with self._hushed():
                sound = _Forward(name)
        except (soundfile.SoundFileError, OSError) as error:
            raise self._undecodable(kind, error) from None
        if sound.frames == 0:
            sound.close()
            what = "is cut off before its first sample" if self._cut else "holds no sound"
            raise content.fault(self.path, what, "use a complete copy, or record it again")
        lowest, highest = _RATES
        if not lowest <= sound.samplerate <= highest:
            sound.close()
            what = f"has {sound.samplerate} samples a second, outside {lowest} to {highest}"
            raise content.fault(self.path, what, "convert it to 44100")
        self._sound = sound
        if counted and sound.frames != _NO_COUNT:
            self.length = sound.frames / sound.samplerate
        return self

    def __exit__(self, *_: object) -> None:
        if self._sound is not None:
            self._sound.close()
            self._sound = None

    def __iter__(self) -> Iterator[AudioBlock]:
        if self._sound is None:
            raise RuntimeError("enter the source (with AudioFile(...) as source) before iterating")
        position = 0
        for samples in self._blocks(self._sound):
            yield AudioBlock(position, samples, time.perf_counter())
            position += len(samples)

    def _blocks(self, sound: _Forward) -> Iterator[np.ndarray]:
        """Stream samples in blocks, then the fault that ends them early, if any."""
        resampler = None
        if sound.samplerate != STREAM_RATE:
            resampler = soxr.ResampleStream(sound.samplerate, STREAM_RATE, 1)
        buffer = np.empty((_CHUNK, sound.channels), np.float32)
        block, heard = self._block, 0
        waiting: list[np.ndarray] = []
        last = False
        while not last:
            mono, fault = self._read(sound, buffer, heard)
            heard += len(mono)
            last = fault is not None or len(mono) < _CHUNK
            waiting.append(mono if resampler is None else resampler.resample_chunk(mono, last))
            if last or sum(map(len, waiting)) >= block:
                samples = np.concatenate(waiting)
                whole = len(samples) - len(samples) % block
                for start in range(0, whole, block):
                    yield samples[start : start + block]
                waiting = [samples[whole:]]
        if len(waiting[0]):
            yield waiting[0]
        if fault is not None:
            raise fault

    def _read(
        self, sound: _Forward, buffer: np.ndarray, heard: int
    ) -> tuple[np.ndarray, UserError | None]:
        """The next good frames as mono, and what is wrong after them.

        Fewer than ``_CHUNK`` frames mean that there are no more.
        """
        try:
            with self._hushed():
                frames = sound.read(out=buffer)
        except soundfile.SoundFileError:
            return np.empty(0, np.float32), self._cut_off(sound, heard)
        with np.errstate(all="ignore"):  # infinities of both signs, judged just below
            mono = frames.mean(axis=1)
        bad = np.flatnonzero(~(np.abs(mono) <= _LOUDEST))
        if len(bad):
            at = int(bad[0])
            what = f"has a sample of {mono[at]} at {(heard + at) / sound.samplerate:.3f} s"
            return mono[:at], content.fault(self.path, what, "export it again as sound within ±1")
        end = heard + len(mono)
        short = end < sound.frames and self.length is not None
        # The index of an MP3 file counts frames of 1152 samples, not always the same ones.
        if len(mono) < _CHUNK and (self._cut or (short and not self._is_mp3)):
            return mono, self._cut_off(sound, end)
        return mono, None

    def _undecodable(self, kind: str, error: Exception) -> UserError:
        reason = str(getattr(error, "error_string", error)).rstrip(".")
        if self._cut or "does not exist" in reason:  # libsndfile's guess when the decoder gives up
            reason = "it is cut off or damaged"
        what = f"cannot be decoded as {kind}: {printable(reason)}"
        return content.fault(self.path, what, "use a complete copy, or convert it to WAV")

    def _cut_off(self, sound: _Forward, heard: int) -> UserError:
        what = f"is cut off or damaged after {heard / sound.samplerate:.1f} s"
        return content.fault(self.path, what, "use a complete copy")

    def _hushed(self) -> AbstractContextManager[None]:
        return quiet_stderr() if self._is_mp3 else nullcontext()


class _Forward(soundfile.SoundFile):
    """A sound file that is only read onwards.

    soundfile seeks after every read where it can. At the end of a FLAC stream of unknown length
    that seek fails and takes the last samples with it.
    """

    def seekable(self) -> bool:
        return False
