"""Walks over folders in which nothing is missed in silence."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from realtime.errors import UserError


def inside(folder: Path) -> list[Path]:
    """What a folder holds, in order.

    Raises:
        UserError: It cannot be read.
    """
    try:
        return [folder / name for name in sorted(os.listdir(folder))]
    except OSError as error:
        raise UserError(
            f"{folder}: cannot be read ({error.strerror}); check the path and its permissions"
        ) from error


def below(
    folder: Path, kind: str, endings: Collection[str], left_out: dict[str, str]
) -> list[Path]:
    """All files of a kind below a folder, in order.

    Args:
        folder: Where to begin.
        kind: What the files are called, such as ``sound``.
        endings: What their names end in, such as ``.wav``.
        left_out: Told the other files, the folders that cannot be read, and this one where it holds
            no such file, and why.
    """

    def missed(error: OSError) -> None:
        left_out[str(error.filename)] = f"cannot be read ({error.strerror})"

    walk = os.walk(folder, onerror=missed)
    found = []
    for path in sorted(Path(at) / name for at, _, names in walk for name in names):
        if path.suffix.lower() in endings:
            found.append(path)
        else:
            left_out[str(path)] = f"not a {kind} file"
    if not found:
        left_out.setdefault(str(folder), f"no {kind} file in it")
    return found
