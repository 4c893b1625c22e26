"""The files of a tree that can be heard."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from realtime.errors import UserError
from realtime.sources.content import EXTENSIONS
from realtime.text import printable


@dataclass(frozen=True, slots=True)
class Found:
    """A file to hear.

    Attributes:
        path: Where it is, absolute.
        name: Its path from the top of the tree; no two files have the same.
        size: Its bytes.
        changed: When it was last written, in seconds of the system's clock.
    """

    path: Path
    name: str
    size: int
    changed: float


def find(paths: Sequence[str]) -> list[Found]:
    """All sound and MIDI files below folders, and the files given themselves, by name.

    Links to folders are not followed; files of other kinds are left out.

    Raises:
        UserError: A path does not exist, a folder may not be read, or there is no such file at all.
    """
    given = [Path(os.path.abspath(path)) for path in paths]
    for path, said in zip(given, paths, strict=True):
        if not os.path.exists(path):
            raise UserError(f"{printable(said)}: no such file or folder; check the name")
    top = Path(os.path.commonpath([p if os.path.isdir(p) else p.parent for p in given]))
    found = {each.path: each for path in given for each in _below(path, top)}
    if not found:
        where = ", ".join(map(printable, paths))
        raise UserError(f"{where}: no file in it ends in {' '.join(EXTENSIONS)}; name another")
    return sorted(found.values(), key=lambda each: each.name)


def _below(path: Path, top: Path) -> Iterator[Found]:
    if os.path.isdir(path):
        walk = os.walk(path, onerror=_refuse)
        names = [Path(folder, name) for folder, _, files in walk for name in files]
    else:
        names = [path]
    for each in names:
        if each.suffix.lower() in EXTENSIONS or each == path:
            try:
                info = each.stat()
            except OSError:  # a dangling link; hearing it says what is wrong
                yield Found(each, str(each.relative_to(top)), 0, 0.0)
            else:
                yield Found(each, str(each.relative_to(top)), info.st_size, info.st_mtime)


def _refuse(error: OSError) -> None:
    """Say which folder cannot be looked into: its files would be missing in the table."""
    where = printable(str(error.filename))
    raise UserError(f"{where}: cannot be read ({error.strerror}); allow it, or name other folders")
