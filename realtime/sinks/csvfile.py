"""``--csv``: one row a prediction, for a spreadsheet or a data frame."""

from __future__ import annotations

import csv
import math
import os
from contextlib import suppress
from pathlib import Path

from realtime.errors import UserError
from realtime.records import Prediction, Record, Start
from realtime.text import printable

COLUMNS = (
    "t",
    "source",
    "model",
    "task",
    "state",
    "label",
    "p",
    "window_start",
    "window_end",
    "total_ms",
    "probs",
)


class CsvFile:
    """Writes predictions as rows of ``COLUMNS``.

    ``probs`` holds every label as ``label=p;label=p`` in the model's order, since the labels differ
    from model to model; a ``;`` inside a label is written as ``,``. Control characters in names are
    written as ``?``, so that each row is one line; what is not a finite number is left empty. Each
    row is passed on when it is complete, so the file can be followed.
    """

    def __init__(self, path: str | Path) -> None:
        """Creates the file, or takes one that is there, to be emptied once something is heard.

        Raises:
            UserError: It cannot be written.
        """
        try:
            self._file = open(  # noqa: SIM115 - closed by close()
                path, "a", buffering=1, newline="", encoding="utf-8"
            )
        except (OSError, ValueError) as error:
            raise _refused(path, error) from error
        self._rows = csv.writer(self._file, lineterminator="\n")
        try:
            self._stale = os.fstat(self._file.fileno()).st_size > 0
            if not self._stale:
                self._rows.writerow(COLUMNS)
        except OSError as error:
            with suppress(OSError):  # what it holds cannot be written now either
                self._file.close()
            raise _refused(path, error) from error

    def emit(self, record: Record) -> None:
        """Writes a row for a prediction; nothing for anything else."""
        if self._stale and not isinstance(record, Start):
            self._stale = False
            self._file.truncate(0)
            self._rows.writerow(COLUMNS)
        if not isinstance(record, Prediction):
            return
        self._rows.writerow(
            (
                _number(record.t, 4),
                printable(record.source),
                printable(record.model),
                printable(record.task),
                record.state,
                printable(record.label or ""),
                _number(record.p, 4),
                _number(record.window[0], 4),
                _number(record.window[1], 4),
                _number(record.latency.total, 3),
                ";".join(
                    f"{printable(label).replace(';', ',')}={_number(p, 4)}"
                    for label, p in record.probs.items()
                ),
            )
        )

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _refused(path: str | Path, error: OSError | ValueError) -> UserError:
    reason = getattr(error, "strerror", None) or str(error)
    return UserError(f"{printable(str(path))}: cannot write CSV there ({reason}); name another")


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else ""
