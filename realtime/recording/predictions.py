"""``predictions.jsonl``: what was said while a recording was made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from realtime.files import private
from realtime.records import Record, Start
from realtime.sinks.jsonlines import JsonLines


class Predictions:
    """Writes records as ``--json`` does to a file in a recording's folder.

    The recorder makes the folder when its source is open, after the ``Start`` of the run: the file
    is made with the next record.

    Args:
        folder: The recording.
    """

    NAME = "predictions.jsonl"

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._path = Path(folder) / self.NAME
        self._start: Start | None = None
        self._file: TextIO | None = None
        self._lines: JsonLines | None = None

    def emit(self, record: Record) -> None:
        """Takes one record.

        Raises:
            OSError: It cannot be written.
        """
        if isinstance(record, Start):
            self._start = record
            return
        if self._lines is None:
            self._file = open(  # noqa: SIM115 - closed by close()
                self._path, "x", encoding="utf-8", newline="\n", opener=private
            )
            self._lines = JsonLines(self._file)
            if self._start is not None:
                self._lines.emit(self._start)
        self._lines.emit(record)

    def close(self) -> None:
        """Close the file, if there ever was one."""
        if self._file is not None:
            self._file.close()
