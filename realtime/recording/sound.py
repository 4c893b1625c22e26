"""Sound in a recording: FLAC that is readable while it is being written."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

import numpy as np
import soundfile

from realtime.files import private
from realtime.records import STREAM_RATE, AudioBlock

_STEPS = 1 << 23  # 24 bits, of which one is the sign


def on_grid(samples: np.ndarray) -> np.ndarray:
    """Samples as 24 bits hold them, so that those who listen now and later get the same ones.

    Args:
        samples: float32 (n,), finite.

    Returns:
        float32 (n,): multiples of 2 ** -23 from -1 to just below 1; exact, because float32 holds
        24 bits.
    """
    steps = np.rint(samples * np.float32(_STEPS))
    return np.clip(steps, -_STEPS, _STEPS - 1) / np.float32(_STEPS)


def create(path: Path) -> io.FileIO:
    """A new file that only its owner can read, open for unbuffered writing.

    Raises:
        OSError: It exists or cannot be made.
    """
    return io.FileIO(path, "x", opener=private)


def write_all(file: io.FileIO, data: bytes) -> None:
    """Write all of ``data``; a file that takes only a part of it would go unnoticed otherwise.

    Raises:
        OSError: It cannot be written.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) or 0 :]


class SoundFile:
    """Writes a gapless stretch of sound. Each 4096 samples (0.26 s) go to the disk as one frame.

    Args:
        path: The file to make.

    Raises:
        OSError: It cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self._out = _Out(path)
        try:
            self._sound = soundfile.SoundFile(
                self._out, "w", STREAM_RATE, 1, subtype="PCM_24", format="FLAC"
            )
        except soundfile.SoundFileError:
            self._out.close()  # says what is wrong with the disk, if that is it
            raise
        self._out.check()

    def write(self, block: AudioBlock) -> None:
        """Append samples that are ``on_grid``.

        Raises:
            OSError: They cannot be written, in whole or in part.
        """
        steps = (block.samples * np.float32(_STEPS)).astype(np.int32)
        # soundfile's own complaint (an AssertionError among others) does not say what is wrong.
        with contextlib.suppress(soundfile.SoundFileError, AssertionError):
            self._sound.write(steps << 8)  # it takes 24 bits as the upper ones of 32
        self._out.check()

    def flush(self, end: int) -> None:
        """Nothing to do: whole frames are out, and others cannot be."""

    def close(self) -> None:
        """Write the last frame and the length.

        Raises:
            OSError: They cannot be written; what was written before is readable.
        """
        with contextlib.suppress(soundfile.SoundFileError, AssertionError):
            self._sound.close()
        self._out.close()


class _Out:
    """A file for libsndfile, which cannot pass on an exception: it is kept for ``check``.

    Nothing is written after it, so that what is there stays as it is.
    """

    def __init__(self, path: Path) -> None:
        self._file = create(path)
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        if self._error is not None:
            return 0
        try:
            write_all(self._file, data)
        except OSError as error:
            self._error = error
            return 0
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self._file.close()
        self.check()
