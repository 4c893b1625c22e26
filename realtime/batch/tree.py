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
        UserError: A path does not exist, or there is no such file at all.
    """
    given = [Path(os.path.abspath(path)) for path in paths]
    for path, said in zip(given, paths, strict=True):
        if not path.exists():
            raise UserError(f"{printable(said)}: no such file or folder; check the name")
    top = Path(os.path.commonpath([p if p.is_dir() else p.parent for p in given]))
    found = {each.path: each for path in given for each in _below(path, top)}
    if not found:
        where = ", ".join(map(printable, paths))
        raise UserError(f"{where}: no file in it ends in {' '.join(EXTENSIONS)}; name another")
    return sorted(found.values(), key=lambda each: each.name)


def _below(path: Path, top: Path) -> Iterator[Found]:
    if path.is_dir():
        names = [Path(folder, name) for folder, _, files in os.walk(path) for name in files]
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
