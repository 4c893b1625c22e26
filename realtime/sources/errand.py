"""Work that may hang: done in a thread that can be left to itself."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from realtime.errors import UserError
from realtime.quiet import unmute_stderr

_PATIENCE = 20.0  # seconds; a sleeping sound server takes a few

T = TypeVar("T")


class Errand(Generic[T]):
    """Something that is being done in a thread of its own.

    A sound server that hangs holds up whoever calls PortAudio, for half a minute and longer, and a
    thread that is held up in C hears no Ctrl-C.

    Args:
        work: What to do.
        undo: Is given the result if nobody wants it any more.
    """

    def __init__(self, work: Callable[[], T], undo: Callable[[T], object]) -> None:
        self._work, self._undo = work, undo
        self._turn = threading.Lock()
        self._done = threading.Event()
        self._wanted = True
        self._results: list[T] = []
        self._error: BaseException | None = None
        if sys.platform == "win32":  # COM ties devices to the thread that found them
            self._run()
        else:
            threading.Thread(target=self._run, name="errand", daemon=True).start()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it is done by now, or within so many seconds; Ctrl-C ends the wait."""
        return self._done.wait(seconds)

    def result(self) -> T:
        """What came out, once it is done; what it raised is raised here."""
        self._done.wait()
        with self._turn:
            if self._error is not None:
                raise self._error
            return self._results.pop()

    def give_up(self) -> None:
        """Leave it to itself, unless its result was taken; any number of times."""
        with self._turn:
            self._wanted = False
            if not self._done.is_set():
                unmute_stderr()  # it may have muted it, and hang
        self._clear()

    def _run(self) -> None:
        try:
            result = self._work()
        except BaseException as error:
            self._error = error
        else:
            self._results.append(result)
        with self._turn:
            self._done.set()
            wanted = self._wanted
        if not wanted:
            self._clear()

    def _clear(self) -> None:
        with self._turn:
            left, self._results = self._results, []
        for result in left:
            self._undo(result)


def patiently(work: Callable[[], T], undo: Callable[[T], object] = lambda _: None) -> T:
    """Ask something of the sound system, which may hang; Ctrl-C ends the wait for it.

    Args:
        work: What to do.
        undo: Is given the result if it comes when it is too late.

    Returns:
        What came out.

    Raises:
        UserError: There is no answer.
    """
    errand = Errand(work, undo)
    try:
        if not errand.wait(_PATIENCE):
            raise UserError("the sound system does not answer: restart the sound server")
        return errand.result()
    finally:
        errand.give_up()
