"""Keep a chatty C library off the terminal."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_turn = threading.Lock()


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send what is written to file descriptor 2 meanwhile nowhere.

    libmpg123 (the MP3 decoder inside libsndfile) prints notes about damaged files straight to
    stderr, through the dashboard and around the one line that an error gets, and TFLite announces
    each delegate it makes; neither has a switch.
    Descriptors belong to the whole process, so keep the stretch short: what other threads write to
    stderr in it is lost. Only one thread at a time is inside.
    """
    with _turn:
        try:
            kept = os.dup(2)
        except OSError:  # no stderr at all, as in a windowed program
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
