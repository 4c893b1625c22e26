"""One process at a time, where several make the same thing in the same folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Wait until no other process is at it; one that dies leaves nothing to be tidied up.

    Windows, and file systems without locks, let everybody in at once.

    Args:
        path: A file that stands for what is made; it is made and stays.
        waiting: Called if there is another process, before the wait.
    """
    with open(path, "a", encoding="utf-8") as file:
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError:
                pass
        yield
