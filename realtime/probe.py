"""Trying a network that came from elsewhere in a process of its own.

The TFLite runtime believes a network's numbers once its frame is sound: shapes, types or operators
that do not fit each other can end the process or take all of its memory. ``python -m
realtime.probe`` runs a few windows, so that only that process is lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from realtime.errors import UserError
from realtime.inference import InferenceError, Network

PATIENCE = 30.0
"""Seconds after which a network that is still at its first windows is given up."""

_MEMORY = 400 << 20  # bytes of data; a shipped model's process holds 60 to 90 MB
_LEVELS = (0.0, 1.0, -1e3, 1e3)  # of the windows that it is tried with
_REMEDY = "export it again with rt-train"
_passed: set[str] = set()


def probe(content: bytes) -> None:
    """Try a network; what passed once is not tried again.

    Args:
        content: Content of a ``.tflite`` file.

    Raises:
        UserError: It is none, or it crashes, hangs, takes too much memory or gives no answer.
    """
    digest = hashlib.sha256(content).hexdigest()
    if digest in _passed:
        return
    home = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "realtime.probe"],  # -P: not from where we stand
            input=content,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            # One thread: NumPy would reserve memory for as many as there are processors.
            env=os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"gives no answer within {PATIENCE:g} s; {_REMEDY}") from None
    except OSError as error:
        raise UserError(f"cannot be tried in a process of its own ({error.strerror})") from error
    if done.returncode == 2:
        raise UserError(done.stdout.decode("utf-8", "replace").strip())
    if done.returncode:
        raise UserError(f"crashes the TFLite runtime; {_REMEDY}")
    _passed.add(digest)


def trial(content: bytes) -> int:
    """Try a network in this process, which may be lost to it.

    Returns:
        0 if it works, 2 after a line on stdout if it does not.
    """
    _limit()
    try:
        network = Network(content)
        functions = [f for f in map(network.function, network.functions) if f is not None]
        for level in _LEVELS:
            network.predict(np.full(network.input_shape, level, np.float32))
            for function in functions:
                function(**{k: np.full(n, level, np.float32) for k, n in function.takes.items()})
    except UserError as error:
        print(error)
        return 2
    except InferenceError as error:
        print(f"gives no answer ({error}); {_REMEDY}")
        return 2
    except (MemoryError, ValueError):
        print(f"asks for too much memory; {_REMEDY}")
        return 2
    return 0


def _limit() -> None:
    """Where the system can, end this process before it takes all memory, and dump no core."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    sys.exit(trial(sys.stdin.buffer.read()))
