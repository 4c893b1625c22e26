"""The time that live sources run by."""

from __future__ import annotations

import time


class Clock:
    """A clock to stamp by and to wait by; tests put their own in its place."""

    def now(self) -> float:
        """Seconds, as ``time.perf_counter`` counts them."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait; a signal's exception ends it."""
        time.sleep(seconds)
