"""Measurements on disk: one small JSON file each, from which ``rt-train report`` is made."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from realtime.errors import UserError

FOLDER = Path("reports")
"""Where measurements lie if nothing else is said."""

Measured = list[dict[str, Any]]


def keep(
    folder: Path, kind: str, name: str, values: dict[str, Any], *, replace: bool = True
) -> Path:
    """Write a measurement.

    Args:
        folder: Where measurements lie.
        kind: ``folds``, ``compare``, ``tune``, ``evaluate``, ``seconds``, ``splices`` or
            ``foreign``.
        name: What was measured under which conditions.
        values: The figures, anything JSON can hold.
        replace: Whether it takes the place of one of the same kind and name.

    Raises:
        UserError: The folder cannot be written.
    """
    path = folder / f"{kind}-{re.sub(r'[^a-z0-9.-]+', '-', name.lower()).strip('-')}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and not replace:
            return path
        text = json.dumps({"kind": kind, **values}, allow_nan=False)
        path.write_text(_lines(text), "utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from error
    return path


def read(folder: Path) -> Measured:
    """All measurements of a folder, sorted by file name.

    Raises:
        UserError: There is none, or one is no measurement.
    """
    found = []
    for path in _files(folder):
        try:
            values = json.loads(path.read_text("utf-8"))
            values["kind"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{path}: not a measurement; remove it or measure again") from error
        found.append(values)
    if not found:
        raise UserError(
            f"{folder}: no measurements; rt-train fit, compare, tune and evaluate write them there"
        )
    return found


def of(measured: Measured, kind: str, **wanted: str) -> Measured:
    """The measurements of a kind that hold the ``wanted`` values."""
    return [
        m for m in measured if m["kind"] == kind and all(m.get(k) == v for k, v in wanted.items())
    ]


def about(folder: Path, sha256: str) -> Measured:
    """The measurements of one network; often none.

    Args:
        folder: Where measurements lie; it need not be there.
        sha256: Hash of the network's file.

    Raises:
        UserError: A file there is no measurement.
    """
    found = read(folder) if any(folder.glob("*.json")) else []
    return [m for m in found if m.get("sha256") == sha256]


def follow(folder: Path, old: str, new: str) -> None:
    """Let what was measured of a network count for the file that it is in now.

    Args:
        folder: Where measurements lie.
        old: SHA-256 of the file that the network was in.
        new: SHA-256 of the file that it is in now.

    Raises:
        UserError: A measurement cannot be read or written.
    """
    for path in _files(folder):
        try:
            text = path.read_text("utf-8")
            if old in text:
                path.write_text(text.replace(old, new), "utf-8")
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: not a measurement; remove it or measure again") from error


def _files(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in sorted(os.listdir(folder)) if name.endswith(".json")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror}); choose --results") from error


def short(layout: str) -> str:
    """A data set's own name, without where it lies on this machine."""
    kind, _, folder = layout.partition(":")
    return f"{kind}:{Path(folder).name}"


def _lines(text: str) -> str:
    """One top-level entry a line, so that a change shows where it is."""
    values = json.loads(text)
    rows = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in values.items()]
    return "{\n" + ",\n".join(rows) + "\n}\n"
