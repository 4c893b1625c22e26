"""Walks over folders in which nothing is missed in silence."""

from __future__ import annotations

import os
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


def below(folder: Path, left_out: dict[str, str]) -> list[Path]:
    """All files below a folder, in order.

    Args:
        folder: Where to begin.
        left_out: Told the folders that cannot be read, and why.
    """

    def missed(error: OSError) -> None:
        left_out[str(error.filename)] = f"cannot be read ({error.strerror})"

    walk = os.walk(folder, onerror=missed)
    return sorted(Path(at) / name for at, _, names in walk for name in names)
