"""Holding what is heard: a pause that a person takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Self

from realtime.records import STREAM_RATE, Event, Pause
from realtime.sources import Item, Source
from realtime.sources.wrapper import Wrapper


class Hold:
    """A pause that a person takes. Any thread may begin or end it."""

    def __init__(self) -> None:
        self._going = threading.Event()
        self._going.set()
        self._stood = 0.0

    @property
    def on(self) -> bool:
        """Whether there is a pause now."""
        return not self._going.is_set()

    def toggle(self) -> None:
        """Begins a pause, or ends it."""
        if self._going.is_set():
            self._going.clear()
        else:
            self._going.set()

    def stood(self, seconds: float) -> None:
        """The whole program was stopped for so long, which a replay is not to make up for."""
        self._stood += seconds

    def wait(self) -> float:
        """Waits until there is no pause; Ctrl-C ends the wait.

        Returns:
            Seconds waited, or stopped, since the last call.
        """
        stood, self._stood = self._stood, 0.0
        if self._going.is_set():
            return stood
        begun = time.perf_counter()
        while not self._going.wait(0.1):
            pass
        self._stood = 0.0  # it was stopped within the pause
        return stood + time.perf_counter() - begun


class Holdable(Wrapper):
    """A live source of which nothing is heard during a pause.

    It goes on by itself meanwhile, so its stream time does too: the pause leaves a gap, told by an
    event ``paused`` at its end.

    Args:
        source: What to listen to.
        hold: When not to.
    """

    def __init__(self, source: Source, hold: Hold) -> None:
        super().__init__(source)
        self._hold = hold

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._source.__exit__(*exception)

    def __iter__(self) -> Iterator[Item]:
        paused_from: int | None = None
        for item in self._source:
            if isinstance(item, Event | Pause):
                yield item
            elif self._hold.on:
                paused_from = item.position if paused_from is None else paused_from
                yield Pause(item.position)
            else:
                if paused_from is not None:
                    yield self._told(paused_from, item.position)
                    paused_from = None
                yield item

    def _told(self, start: int, end: int) -> Event:
        seconds = (end - start) / STREAM_RATE
        text = f"a pause of {seconds:.1f} s was not heard"
        return Event("paused", end / STREAM_RATE, text, self.name, end - start)
