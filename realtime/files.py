"""Files that only their owner reads, and files that are there as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def private(path: str, flags: int) -> int:
    """An opener for ``open``: what it makes is for its owner only."""
    return os.open(path, flags, 0o600)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write what is to take the place of ``path`` in one step.

    Whoever reads meanwhile, or after the program was killed, finds the file as it was before. Two
    processes may write the same file: the last one wins.

    Args:
        path: The file; its ending is kept, since some writers go by it.

    Yields:
        A path beside it, removed again if writing fails.
    """
    part = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
