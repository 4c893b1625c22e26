"""What ``rt-train`` tells on stderr while it works."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from realtime.text import printable

if TYPE_CHECKING:
    from training.epochs import Epoch

NAMED = 20
"""Files that are left out by name; of more only the number is told."""

IN_EPOCHS = 30.0
"""Least seconds between two lines about an epoch: each is told when it ends, too."""


def say(line: str) -> None:
    """Print a line."""
    print(printable(line), file=sys.stderr, flush=True)


def epoch_line(done: Epoch) -> str:
    """What an epoch came to, and how long the rest will take."""
    left = (done.of - done.number) * done.seconds / 60
    part = f"{done.part}, " if done.part else ""
    return (
        f"{part}epoch {done.number}/{done.of}  loss {done.loss:.3f}  accuracy {done.accuracy:.3f}  "
        f"{done.seconds:.0f} s  {left:.0f} min left"
    )


def name_left_out(left_out: Mapping[str, str], told: Mapping[str, str] | None = None) -> None:
    """Print which files could not be used, and why.

    Args:
        left_out: Reasons by name.
        told: Those of them that were printed before.
    """
    left_out = {name: why for name, why in left_out.items() if name not in (told or {})}
    for name, reason in list(left_out.items())[:NAMED]:
        say(f"left out: {name}: {reason}")
    if left_out:
        say("1 file left out" if len(left_out) == 1 else f"{len(left_out)} files left out")


class Ticker:
    """Says how far long work has come, and how long it will take.

    Args:
        every: Least seconds from one line to the next.
    """

    def __init__(self, every: float = 10.0) -> None:
        self._every = every
        self._begun = (0.0, 0)
        self._newest = ("", 0)
        self._said = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take notice that ``done`` of ``total`` are done; what goes on from less is begun anew."""
        now = time.monotonic()
        before, newest = self._newest
        if what != before or done <= newest:
            self._begun = (now, done)
        self._newest = (what, done)
        started, first = self._begun
        if done == total or (now - self._said > self._every and done > first):
            left = (now - started) / max(1, done - first) * (total - done) / 60
            say(f"{what}: {done} of {total}, {left:.0f} min left")
            self._said = now
