"""The folder that results are written to, and what is in it already."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from realtime.batch.tree import Found
from realtime.errors import UserError
from realtime.files import whole
from realtime.text import printable

SETTINGS, TABLE, FAILED = "settings.json", "results.csv", "failed.csv"
RESULTS = "results"

LONGEST = 225
"""Bytes of a result's name: folders take 255, and ``whole`` writes under a longer one first."""


class Folder:
    """Holds ``results/NAME.jsonl`` for each file, and the tables made of them.

    Args:
        path: Made if it is not there.
        settings: What the results depend on. A folder made with others is refused, so that a table
            never mixes results that cannot be compared.

    Raises:
        UserError: It cannot be written, or its results are of other settings.
    """

    def __init__(self, path: str, settings: Mapping[str, Any]) -> None:
        self._path = Path(path)
        self._said = printable(path)
        kept = self._path / SETTINGS
        now = json.dumps(settings, indent=1)
        try:
            results = self._path / RESULTS
            results.mkdir(parents=True, exist_ok=True)
            if not kept.exists() or not any(results.iterdir()):
                _replace(kept, now)
            before = kept.read_text("utf-8")
        except OSError as error:
            raise UserError(
                f"{self._said}: cannot be written to ({error.strerror}); name another folder"
            ) from error
        if before != now:
            raise UserError(
                f"{self._said}: holds results of other settings or models (see {SETTINGS} in it); "
                "name another folder"
            )

    def has(self, found: Found) -> bool:
        """Whether there is a result that is not older than the file."""
        try:
            info = self._result(found).stat()
        except OSError:
            return False
        # Without power, a file system may keep a name and lose what was in it.
        return info.st_size > 0 and info.st_mtime >= found.changed

    def keep(self, found: Found, content: str) -> None:
        """Write a file's result; it is there as a whole or not at all."""
        path = self._result(found)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, content)
        except OSError as error:
            raise UserError(
                f"{printable(str(path))}: cannot be written ({error.strerror}); make room, then "
                "give the same command again"
            ) from error

    def sum_up(self, files: Iterable[Found], failed: Mapping[str, str]) -> int:
        """Write the table of all results there are, and the list of what failed.

        Returns:
            The rows of the table.
        """
        rows = [row for found in files if (row := self._row(found)) is not None]
        columns = list(dict.fromkeys(key for row in rows for key in row))
        _write_table(self._path / TABLE, columns or ["file"], rows)
        if failed:
            reasons = [
                {"file": printable(name), "reason": printable(reason)}
                for name, reason in sorted(failed.items())
            ]
            _write_table(self._path / FAILED, ["file", "reason"], reasons)
        else:
            (self._path / FAILED).unlink(missing_ok=True)
        return len(rows)

    def _result(self, found: Found) -> Path:
        name = Path(found.name)
        stem, digest = os.fsencode(name.name), ""
        if len(stem) > LONGEST:
            digest = "~" + hashlib.sha256(stem).hexdigest()[:12]
            stem = stem[:LONGEST].decode("utf-8", "ignore").encode()
        return self._path / RESULTS / name.with_name(f"{os.fsdecode(stem)}{digest}.jsonl")

    def _row(self, found: Found) -> dict[str, Any] | None:
        """A file's row: for each model what it heard, how likely it is and in how many windows."""
        if not self.has(found):
            return None
        last = self._result(found).read_text("utf-8").splitlines()[-1]
        summary = json.loads(last)
        row: dict[str, Any] = {"file": printable(found.name), "seconds": summary["seconds"]}
        for name, model in summary["models"].items():
            label = model["label"]
            row[name] = printable(label or "")
            row[f"{name} p"] = model["probs"].get(label, "")
            row[f"{name} windows"] = model["windows"]
        return row


def _write_table(path: Path, columns: list[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with whole(path) as part, open(part, "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _replace(path: Path, content: str) -> None:
    with whole(path) as part:
        part.write_text(content, "utf-8", errors="surrogateescape", newline="\n")
