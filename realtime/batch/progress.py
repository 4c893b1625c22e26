"""How far a long run has come, on stderr: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from realtime.text import tell

LINE_SECONDS = 10.0
"""Between two lines where there is no terminal."""


class Progress:
    """Counts files and bytes; time left follows the bytes, since files differ in length.

    Args:
        files: How many there are to do.
        size: Their bytes together.
    """

    def __init__(self, files: int, size: int) -> None:
        self._files, self._size = files, max(1, size)
        self._done = self._failed = self._bytes = 0
        self._begun = self._said = time.monotonic()
        self._bar = _bar(self._size) if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def step(self, size: int, *, failed: bool) -> None:
        """A file of ``size`` bytes is done."""
        self._done += 1
        if failed:  # at once, most often: it says nothing of how long the others take
            self._failed += 1
            self._size -= size
        else:
            self._bytes += size
        count = f"{self._done} of {self._files} files"
        if self._failed:
            count += f", {self._failed} failed"
        now = time.monotonic()
        if self._bar is not None:
            task = self._bar.task_ids[0]
            self._bar.update(task, completed=self._bytes, total=self._size, count=count)
        elif now - self._said >= LINE_SECONDS and self._done < self._files:
            self._said = now
            if self._bytes:
                left = (now - self._begun) / self._bytes * (self._size - self._bytes)
                count += f", {left / 60:.0f} min left"
            tell(count)


def _bar(size: int):  # type: ignore[no-untyped-def]  # Rich is imported only where it is shown
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(stderr=True),
        speed_estimate_period=3600,  # Rich's own 30 s may hold no file at all, or a long one alone
    )
    bar.add_task("", total=size, count="starting")
    return bar
