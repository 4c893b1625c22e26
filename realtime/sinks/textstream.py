"""Lines of text to a stream that a person or a program reads while they are written."""

from __future__ import annotations

import os
from typing import TextIO


class TextStream:
    """Writes whole lines, each at once, whatever the stream's encoding."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"

    def line(self, text: str) -> None:
        """Writes a line and passes it on; characters the stream cannot encode become ``?``.

        Raises:
            BrokenPipeError: Nobody reads the stream any more.
            OSError: It cannot be written to, as on a full disk.
        """
        text = text.encode(self._encoding, "replace").decode(self._encoding)
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except OSError:
            self._discard()
            raise

    def _discard(self) -> None:
        """Points the stream at nothing, or Python would fail again when it flushes at its end."""
        try:
            descriptor = self._stream.fileno()
        except OSError:  # not a file, so there is nothing to flush into
            return
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, descriptor)
        os.close(nothing)
