"""What a checkpoint was trained from, so that a network of one thing is not taken for another's."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from realtime.errors import UserError
from realtime.files import whole
from realtime.registry import SHIPPED
from training import checkpoint, distil, start
from training.datasets import Dataset
from training.presets import Preset

FILE = "provenance.json"

SAMPLE = 16_384
"""Bytes from the middle of a file that stand for its content: all of NSynth is read in minutes."""


def describe(preset: Preset, data: Dataset, seed: int) -> dict[str, Any]:
    """All that a trained network depends on, ready for JSON.

    Raises:
        UserError: The weights that it begins with, or its teacher, cannot be read.
    """
    values = {
        "network": preset.network,
        "feature": preset.feature,
        "schedule": asdict(preset.schedule),
        "pool": preset.pool,
        "start": start.digest(SHIPPED / preset.start) if preset.start else "",
        "seed": seed,
        "labels": data.labels,
        "data": fingerprint(data),
    }
    if preset.ear:
        values["ear"] = asdict(preset.ear)
    if preset.teacher:
        values["teacher"] = [distil.digest(SHIPPED / preset.teacher), preset.taught]
    ready: dict[str, Any] = json.loads(json.dumps(values))
    return ready


def fingerprint(data: Dataset) -> str:
    """A digest of the files: where each lies below its data set, its label, size and middle.

    It stays the same where a data set is moved or copied. A file that cannot be read counts as an
    empty one; the inputs leave it out by name.
    """
    rows = []
    for e in data.examples:
        kind, _, folder = e.origin.partition(":")
        root = Path(os.path.expanduser(folder))
        inside = e.path.relative_to(root) if e.path.is_relative_to(root) else e.path
        rows.append([kind, inside.as_posix(), e.label, *_content(e.path)])
    return hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest()[:16]


def claim(folder: Path, wanted: dict[str, Any]) -> str:
    """Make a folder ready for the checkpoint of a network that ``wanted`` describes.

    One that was trained from anything else is set aside under another name, never deleted; one
    that does not tell what it was trained from is left to be gone on with.

    Args:
        folder: Where the checkpoint lies or will lie; made if it is not there.
        wanted: What ``describe`` returned.

    Returns:
        What the person should know of it in a line, or nothing.

    Raises:
        UserError: The folder or its description cannot be read or written.
    """
    told = ""
    try:
        if any(checkpoint.network(each) for each in (folder, folder / checkpoint.EAR)):
            found = _read(folder)
            if found is None:
                return _unknown(folder)
            if not (other := _differing(found, wanted)):
                return ""
            aside = next(p for n in range(1, 10**9) if not (p := _beside(folder, n)).exists())
            folder.rename(aside)
            told = (
                f"{folder}: was trained from other {other}: begins anew; "
                f"what there was is kept in {aside}"
            )
        folder.mkdir(parents=True, exist_ok=True)
        with whole(folder / FILE) as part:
            part.write_text(json.dumps(wanted, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror}); choose --work") from error
    return told


def check(folder: Path, wanted: dict[str, Any]) -> str:
    """As ``claim``, for a checkpoint that is to be used as it is; nothing is changed.

    Raises:
        UserError: There is none, or it was trained from anything else.
    """
    if not checkpoint.network(folder):
        raise UserError(f"{folder}: no checkpoint; rt-train fit with the same options makes one")
    found = _read(folder)
    if found is None:
        return _unknown(folder)
    if other := _differing(found, wanted):
        raise UserError(
            f"{folder}: was trained from other {other}; give those, or rt-train fit trains it anew"
        )
    return ""


def _read(folder: Path) -> dict[str, Any] | None:
    path = folder / FILE
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:  # older checkpoints have none
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read ({error}); move {folder} away") from error
    if not isinstance(found, dict):
        raise UserError(f"{path}: is no description; move {folder} away")
    return found


def _unknown(folder: Path) -> str:
    return (
        f"{folder}: does not tell what it was trained from, and is taken as it is; "
        f"move it away to begin anew"
    )


def _differing(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    names = {**wanted, **found}
    return ", ".join(name for name in names if found.get(name) != wanted.get(name))


def _beside(folder: Path, number: int) -> Path:
    return folder.with_name(f"{folder.name}-{number}")


def _content(path: Path) -> tuple[int, str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, (size - SAMPLE) // 2))
            return size, hashlib.sha256(file.read(SAMPLE)).hexdigest()
    except OSError:
        return 0, ""
