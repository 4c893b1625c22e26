"""A process beside this one, which ends when its stdin does."""

from __future__ import annotations

import contextlib
import subprocess


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """End it, in order if it does so within so many seconds.

    Args:
        process: Started with ``stdin=PIPE``.
        seconds: How long to wait for it.
    """
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
