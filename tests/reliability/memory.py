"""How much memory a process ever held."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path


def peak() -> float:
    """Most memory that this process ever held, in MB.

    Linux begins ``ru_maxrss`` with what the parent held; its own count does not.
    """
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
