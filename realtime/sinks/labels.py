"""``--labels``: label tracks for Audacity, one file a model.

A line is ``start<TAB>end<TAB>label``, times in seconds with a point, as Audacity's manual gives its
standard format: File > Import > Labels reads it beside the sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from realtime.records import Prediction, Record
from realtime.sinks.place import writable
from realtime.text import printable


@dataclass
class Stretch:
    """Time in which a model said the same, and the sum of the probabilities it said it with."""

    start: float
    end: float
    label: str
    total: float
    count: int


class Labels:
    """Writes a region for each stretch in which a model goes on hearing the same label.

    A prediction stands for the time since the one before. What is silent, unknown or still warming
    up is left without a label. The probability behind a label is the mean over its stretch.
    """

    def __init__(self, path: str | Path) -> None:
        """Remembers where to write; a model's file is made with its first prediction.

        Args:
            path: ``song.txt`` gives ``song.instrument-cnn.txt`` and so on.

        Raises:
            UserError: Nothing can be written there.
        """
        self._path = writable(path)
        self._files: dict[str, TextIO] = {}
        self._open: dict[str, Stretch] = {}
        self._last: dict[str, float] = {}

    def emit(self, record: Record) -> None:
        """Begins, lengthens or writes a stretch."""
        if not isinstance(record, Prediction):
            return
        model, label = record.model, _label(record)
        self._file(model)  # also where it never says anything: no file of an earlier run may stay
        since = self._last.get(model, record.t)
        self._last[model] = record.t
        stretch = self._open.get(model)
        if stretch is not None and stretch.label != label:
            self._write(model)
        if label is None:
            return
        stretch = self._open.setdefault(model, Stretch(since, record.t, label, 0.0, 0))
        stretch.end = record.t
        stretch.total += record.smoothed[label]
        stretch.count += 1

    def close(self) -> None:
        """Writes what is still open and closes the files."""
        for model in list(self._open):
            self._write(model)
        for file in self._files.values():
            file.close()

    def _write(self, model: str) -> None:
        stretch = self._open.pop(model)
        mean = stretch.total / stretch.count
        text = f"{printable(stretch.label)} {mean:.0%}"
        self._file(model).write(f"{stretch.start:.6f}\t{stretch.end:.6f}\t{text}\n")

    def _file(self, model: str) -> TextIO:
        if model not in self._files:
            path = self._path
            named = path.with_name(f"{path.stem}.{_file_name(model)}{path.suffix or '.txt'}")
            self._files[model] = open(  # noqa: SIM115 - closed by close()
                named, "w", buffering=1, newline="", encoding="utf-8"
            )
        return self._files[model]


def _label(prediction: Prediction) -> str | None:
    if prediction.state != "live" or not prediction.smoothed:
        return None
    return max(prediction.smoothed, key=prediction.smoothed.__getitem__)


def _file_name(model: str) -> str:
    return "".join(char if char.isalnum() or char in "-_." else "_" for char in model)
