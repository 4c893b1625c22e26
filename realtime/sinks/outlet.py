"""Between the engine and a sink: a bounded inbox and a thread, so that no sink holds up others."""

from __future__ import annotations

import threading
import time
from collections import deque

from realtime.records import Event, Prediction, Record, Signal
from realtime.sinks import Sink

DROPPABLE = (Signal, Prediction)
"""The records that come many times a second; one of them can be spared, the others cannot."""

PATIENCE = 5.0
"""Seconds that a sink may take to finish."""

LOOK = 0.2
"""Seconds between two looks of who waits for room at whether the wait should end."""

FAR_BEYOND = 8
"""Times its size to which an inbox grows by events: for hours of them there is no room either."""


class Outlet:
    """Feeds one sink from a thread of its own.

    Attributes:
        name: The sink's class, to name it in messages.
        dropped: Records that the sink never got, because it was too slow or had failed.
        failed: What the sink raised, or a TimeoutError if it did not finish; None while all is
            well. A reader who goes away (a closed pipe) is no failure.
    """

    def __init__(self, sink: Sink, *, size: int = 1024, wait: bool) -> None:
        """Starts feeding.

        Args:
            sink: Where the records go.
            size: Records that may wait. Events and summaries are kept even beyond it; of more
                than ``FAR_BEYOND`` times as many the oldest events are left out, too.
            wait: When the inbox is full, whether ``put`` waits (a replay, where nothing may be
                lost) or leaves out the oldest record (live, where the engine may not wait).
        """
        self.name = type(sink).__name__
        self.dropped = 0
        self.failed: Exception | None = None
        self._sink = sink
        self._size = size
        self._wait = wait
        self._inbox: deque[Record] = deque()
        self._closing = False
        self._ended = False
        self._until = float("inf")  # when waiting for room ends
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"sink {self.name}", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """Records that the sink took and could not pass on, as it counts them itself."""
        return int(getattr(self._sink, "lost", 0))

    @property
    def ended(self) -> bool:
        """True once the sink takes nothing more: closed, failed, or its reader has gone."""
        return self._ended

    def put(self, record: Record) -> None:
        """Hands over a record; one for a sink that has ended is ignored."""
        with self._changed:
            while self._waits_for_room() and time.monotonic() < self._until:
                self._changed.wait(LOOK)
            if self._closing or self._ended:
                return
            if len(self._inbox) >= self._size and not self._make_room(record):
                return
            self._inbox.append(record)
            self._changed.notify_all()

    def hurry(self) -> None:
        """Let ``put`` wait for no longer than ``PATIENCE`` from now on; a signal's handler may ask.

        It takes no lock, because what the signal interrupts may hold it.
        """
        self._until = min(self._until, time.monotonic() + PATIENCE)

    def close(self, timeout: float | None = None) -> None:
        """Lets the sink take what is waiting, then closes it.

        Args:
            timeout: Seconds to wait for it; the sink's own ``patience`` or ``PATIENCE`` if None. A
                sink that is stuck for longer is given up: it is marked as failed, and its thread
                ends by itself should the sink ever return.
        """
        if timeout is None:
            timeout = float(getattr(self._sink, "patience", PATIENCE))
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)
        if self._thread.is_alive():
            with self._changed:
                self._end(TimeoutError(f"did not finish within {timeout:g} s"))

    def _waits_for_room(self) -> bool:
        full = len(self._inbox) >= self._size
        return self._wait and full and not self._closing and not self._ended

    def _make_room(self, record: Record) -> bool:
        """Leaves out the oldest record that can be spared; False if that is the new one itself."""
        if self._leave_out(DROPPABLE):
            return True
        if isinstance(record, DROPPABLE):
            self.dropped += 1
            return False
        if len(self._inbox) >= FAR_BEYOND * self._size:
            self._leave_out((Event,))
        return True

    def _leave_out(self, kinds: tuple[type[Record], ...]) -> bool:
        for index, waiting in enumerate(self._inbox):
            if isinstance(waiting, kinds):
                del self._inbox[index]
                self.dropped += 1
                return True
        return False

    def _run(self) -> None:
        try:
            while (record := self._next()) is not None:
                self._sink.emit(record)
        except Exception as error:  # whatever it is, the other sinks go on
            self._fail(error)
        try:
            self._sink.close()
        except Exception as error:
            self._fail(error)
        with self._changed:
            self._end(None)

    def _next(self) -> Record | None:
        """The next record; None when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._inbox or self._closing or self._ended)
            if not self._inbox:
                return None
            record = self._inbox.popleft()
            self._changed.notify_all()
            return record

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._end(None if isinstance(error, BrokenPipeError) else error)

    def _end(self, error: Exception | None) -> None:
        """Stops the feed and lets go of whoever waits in ``put``. The first error is kept."""
        self.failed = self.failed or error  # first, as ``ended`` is looked at without the lock
        self._ended = True
        self.dropped += len(self._inbox)
        self._inbox.clear()
        self._changed.notify_all()
