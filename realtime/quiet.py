"""Keep a chatty C library off the terminal."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Stderr:
    """The process's stderr, and who keeps it quiet."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.inside = 0
        self.era = 0  # of those who are inside
        self.kept: int | None = None  # the real one while it is quiet

    def mute(self) -> None:
        with contextlib.suppress(OSError):  # no stderr at all, as in a windowed program
            self.kept = os.dup(2)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)

    def unmute(self) -> None:
        if self.kept is not None:
            os.dup2(self.kept, 2)
            os.close(self.kept)
            self.kept = None


_stderr = _Stderr()


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send what is written to file descriptor 2 meanwhile nowhere.

    libmpg123 (the MP3 decoder inside libsndfile) prints notes about damaged files straight to
    stderr, through the dashboard and around the one line that an error gets, and TFLite announces
    each delegate it makes; neither has a switch.
    Descriptors belong to the whole process, so keep the stretch short: what other threads write to
    stderr in it is lost. Threads that are inside at once share the silence and need not wait for
    each other, for one of them may hang.
    """
    with _stderr.turn:
        _stderr.inside += 1
        if _stderr.inside == 1:
            _stderr.mute()
        era = _stderr.era
    try:
        yield
    finally:
        with _stderr.turn:
            if era == _stderr.era:
                _stderr.inside -= 1
                if _stderr.inside == 0:
                    _stderr.unmute()


def unmute_stderr() -> None:
    """Let stderr be heard again although somebody is inside, and perhaps for good.

    Who enters later keeps it quiet as ever.
    """
    with _stderr.turn:
        _stderr.era += 1
        _stderr.inside = 0
        _stderr.unmute()
