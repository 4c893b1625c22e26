"""Whether the JACK server answers, or hangs, and whether a client of it is there.

Whoever asks something of a server that hangs waits for it, also to part from it, and python-rtmidi
keeps Python's lock meanwhile: then no thread runs any more, and no Ctrl-C is heard. That a server
hangs shows in its time, which stands still, but only its clients see that. So there is one in a
process of its own, which can be ended whatever the server does: this file, run as a program. It
also sees when another client leaves: who listened to that one goes on hearing silence.
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
_MOVED, _STOOD, _LEFT = b"+", b"-", b"!"
_SOUND, _OUTPUT = b"32 bit float mono audio", 2  # JACK's words for a port that sound comes from


class JackHeartbeat:
    """Follows the server that runs when it is made.

    Args:
        client: One of its clients that sound is heard from; it is followed too.

    Raises:
        TimeoutError: The server does not answer.
    """

    def __init__(self, client: str = "") -> None:
        self._left = False
        self._process = subprocess.Popen(
            # None of site-packages: it starts in 20 ms.
            [sys.executable, "-I", "-S", __file__, client],
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

    @property
    def left(self) -> bool:
        """Whether that client has no port that sound comes from; does not wait."""
        while self._read(0):
            pass
        return self._left

    @property
    def sees(self) -> bool:
        """Whether it is known to have one; does not wait."""
        return not self.left and self._watching

    def beats(self) -> bool:
        """Whether the server answers at this moment; waits for a second at most."""
        while self._read(0):
            pass
        return self._beats(_STILL)

    def close(self) -> None:
        """Stop following it."""
        from realtime.sources import child  # not above: as a program this file stands alone

        child.end(self._process, _PATIENCE)
        self._watching = False
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
        self._left = self._left or _LEFT in said
        said = said.replace(_LEFT, b"")
        since = said.rpartition(_MOVED)
        self._still = len(since[2]) + (0 if since[1] else self._still)
        return self._watching


def beat(client: bytes) -> None:
    """Be a client of the JACK server, and write for each tick whether its time moved, to stdout.

    It ends when stdin does, or when nobody reads any more.

    Args:
        client: Another client of whose leaving to tell; none if empty.
    """
    out = os.dup(1)
    os.dup2(2, 1)  # libjack prints
    jack = ctypes.CDLL("libjack.so.0")
    for name, result in (
        ("jack_client_open", ctypes.c_void_p),
        ("jack_last_frame_time", ctypes.c_uint32),
        ("jack_client_close", ctypes.c_int),
        ("jack_get_ports", ctypes.POINTER(ctypes.c_char_p)),
    ):
        getattr(jack, name).restype = result
    no_start_server = 1
    opened = jack.jack_client_open(b"rt-classify-heartbeat", no_start_server, None)
    if opened is None:
        return
    handle = ctypes.c_void_p(opened)
    before = jack.jack_last_frame_time(handle)
    with contextlib.suppress(BrokenPipeError):
        while not select.select([sys.stdin], [], [], _TICK)[0]:
            now = jack.jack_last_frame_time(handle)
            said = _STOOD if now == before else _MOVED
            before = now
            if client and not _sounds(jack, handle, client):
                said, client = _LEFT + said, b""
            os.write(out, said)
    jack.jack_client_close(handle)


def _sounds(jack: ctypes.CDLL, handle: ctypes.c_void_p, client: bytes) -> bool:
    """Whether a client has a port that sound comes from."""
    names = jack.jack_get_ports(handle, None, _SOUND, ctypes.c_ulong(_OUTPUT))
    if not names:
        return False
    found, i = False, 0
    while names[i] is not None and not found:
        found, i = names[i].startswith(client + b":"), i + 1
    jack.jack_free(names)
    return found


if __name__ == "__main__":
    beat(os.fsencode(sys.argv[1]))
