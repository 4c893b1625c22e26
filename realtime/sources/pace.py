"""Replay at the speed of the music."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from realtime.records import STREAM_RATE, Event, Pause
from realtime.sources import Item


def _no_pause() -> float:
    return 0.0


def held(items: Iterable[Item], hold: Callable[[], float]) -> Iterator[Item]:
    """The same items, none while ``hold`` waits."""
    for item in items:
        hold()
        yield item


def paced(items: Iterable[Item], hold: Callable[[], float] = _no_pause) -> Iterator[Item]:
    """Hold every block back until it would have been captured live.

    The clock starts with the first block. A block whose reader comes late is released at once: none
    is dropped, and what was lost of the time is made up for. Ctrl-C ends the wait.

    Args:
        items: What a source yields.
        hold: Waits out a pause, and says how many seconds that took; the clock stands meanwhile.

    Yields:
        The same items; blocks with the time of their release as ``captured``.
    """
    start = 0.0  # when the position 0 of the stream was, or would have been
    begun = False
    for item in items:
        if isinstance(item, Event | Pause):
            yield item
            continue
        if not begun:
            start = time.perf_counter() - item.position / STREAM_RATE
            begun = True
        start += hold()
        due = start + item.end / STREAM_RATE
        while (wait := due - time.perf_counter()) > 0:
            time.sleep(wait)
        yield replace(item, captured=time.perf_counter())
