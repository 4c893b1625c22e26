"""What a person asks of a run while it goes on: to end, to pause, to stop, to begin anew."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Literal

from realtime.sources.hold import Hold

if TYPE_CHECKING:
    from realtime.engine import Engine

Wish = Literal["quit", "next device"]


class Controls:
    """Takes wishes from any thread, such as a keyboard's, for the run in the main thread.

    Args:
        live: Whether a device is heard, so that there may be a next one.
        recording: Whether the run is recorded. Its source and its evidence are then left as they
            are, so that a replay says the same.

    Attributes:
        hold: Whether a person takes a pause; read by the sources.
    """

    def __init__(self, *, live: bool = False, recording: bool = False) -> None:
        self.hold = Hold()
        self._live, self._recording = live, recording
        self._engine: Engine | None = None
        self._wish: Wish | None = None
        self._leave: Callable[[], None] = _nothing
        self._return: Callable[[], None] = _nothing

    def on_stop(self, leave: Callable[[], None], come_back: Callable[[], None]) -> None:
        """What to do before Ctrl-Z stops the program, and when the shell lets it go on."""
        self._leave, self._return = leave, come_back

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Mind Ctrl-Z meanwhile, where there is such a thing; only in the main thread."""
        if sys.platform == "win32":
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            self._leave()
            begun = time.perf_counter()
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTSTP)  # returns when somebody lets the program go on
            signal.signal(signal.SIGTSTP, stop)
            self.hold.stood(time.perf_counter() - begun)

        handlers = {signal.SIGTSTP: stop, signal.SIGCONT: lambda *_: self._return()}
        before = {number: signal.signal(number, handle) for number, handle in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def over(self, engine: Engine) -> Iterator[None]:
        """Wishes are for this engine."""
        self._engine = engine
        try:
            yield
        finally:
            self._engine = None

    def quit(self) -> None:
        """End in order, after what is being worked on."""
        self._end("quit")

    def next_device(self) -> bool:
        """End what is heard now and go on with the next device, if there may be one."""
        return self._live and not self._recording and self._end("next device")

    def reset_evidence(self) -> None:
        """Forget what was gathered so far, as when another piece begins; not while recording."""
        if self._engine is not None and not self._recording:
            self._engine.reset_evidence()

    def granted(self) -> Wish | None:
        """Why the run was interrupted, asked once; None for Ctrl-C."""
        wish, self._wish = self._wish, None
        return wish

    def _end(self, wish: Wish) -> bool:
        if self._engine is None or self._wish is not None:
            return False
        self._wish = wish
        if self.hold.on:
            self.hold.toggle()
        _interrupt_main_thread()
        return True


def _nothing() -> None:
    pass


def _interrupt_main_thread() -> None:
    """What Ctrl-C does; it also wakes a source that waits for its device."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)
