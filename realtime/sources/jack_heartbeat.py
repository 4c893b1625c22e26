"""Whether the JACK server answers, or hangs.

Whoever asks something of a server that hangs waits for it, also to part from it, and python-rtmidi
keeps Python's lock meanwhile: then no thread runs any more, and no Ctrl-C is heard. That a server
hangs shows in its time, which stands still, but only its clients see that. So there is one in a
process of its own, which can be ended whatever the server does: this file, run as a program.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import subprocess
import sys
import time

_TICK = 0.05  # seconds between two looks at the server's time
_STILL = 1.0  # seconds for which that stands still when the server hangs: its period is far shorter
_FIRST = 5.0  # seconds that a server may take to become aware of a new client
_PATIENCE = 0.5  # seconds for the process to end in order
_MOVED, _STOOD = b"+", b"-"


class JackHeartbeat:
    """Follows the server that runs when it is made.

    Raises:
        TimeoutError: The server does not answer.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],  # none of site-packages: it starts in 20 ms
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us
        )
        assert self._process.stdout is not None
        self._out = self._process.stdout
        self._watching = True  # until its process ends, as when the server does
        self._still = 0
        try:
            answers = self._beats(_FIRST)
        except BaseException:  # Ctrl-C
            self.close()
            raise
        if not answers:
            self.close()
            raise TimeoutError("its server does not answer: restart it")

    @property
    def regular(self) -> bool:
        """Whether the server has not been standing still for a second; does not wait."""
        while self._read(0):
            pass
        return self._still * _TICK < _STILL

    def beats(self) -> bool:
        """Whether the server answers at this moment; waits for a second at most."""
        while self._read(0):
            pass
        return self._beats(_STILL)

    def close(self) -> None:
        """Stop following it."""
        from realtime.sources import child  # not above: as a program this file stands alone

        child.end(self._process, _PATIENCE)
        self._out.close()

    def _beats(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self._watching:
            left = end - time.monotonic()
            if left <= 0:
                return False
            if self._read(left) and self._still == 0:
                return True
        return True

    def _read(self, seconds: float) -> bool:
        """Take in what was said, waiting for it if need be; whether it was anything."""
        if not self._watching or not select.select([self._out], [], [], seconds)[0]:
            return False
        said = os.read(self._out.fileno(), 4096)
        self._watching = bool(said)
        since = said.rpartition(_MOVED)
        self._still = len(since[2]) + (0 if since[1] else self._still)
        return self._watching


def beat() -> None:
    """Be a client of the JACK server, and write for each tick whether its time moved, to stdout.

    It ends when stdin does, or when nobody reads any more.
    """
    out = os.dup(1)
    os.dup2(2, 1)  # libjack prints
    jack = ctypes.CDLL("libjack.so.0")
    for name, result in (
        ("jack_client_open", ctypes.c_void_p),
        ("jack_last_frame_time", ctypes.c_uint32),
        ("jack_client_close", ctypes.c_int),
    ):
        getattr(jack, name).restype = result
    no_start_server = 1
    client = jack.jack_client_open(b"rt-classify-heartbeat", no_start_server, None)
    if client is None:
        return
    handle = ctypes.c_void_p(client)
    before = jack.jack_last_frame_time(handle)
    with contextlib.suppress(BrokenPipeError):
        while not select.select([sys.stdin], [], [], _TICK)[0]:
            now = jack.jack_last_frame_time(handle)
            os.write(out, _STOOD if now == before else _MOVED)
            before = now
    jack.jack_client_close(handle)


if __name__ == "__main__":
    beat()
