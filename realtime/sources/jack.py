"""Notices that the JACK server has gone, which RtMidi does not tell.

RtMidi goes on listing the ports of a dead server, and making a new client while old ones are open
then crashes the process. So a client of our own waits for JACK's word.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

from realtime.quiet import quiet_stderr

_NO_START_SERVER = 1
_SHUTDOWN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class JackWatch:
    """A silent JACK client that learns when its server goes.

    Without libjack, or if no client can be made, the server always counts as alive.
    """

    def __init__(self) -> None:
        self.alive = True
        self._library: Any = None
        self._client: int | None = None
        # JACK calls it from its own thread; the object must live as long as the client.
        self._callback = _SHUTDOWN(self._gone)
        name = ctypes.util.find_library("jack")
        if name is None:
            return
        try:
            library = ctypes.CDLL(name)
        except OSError:
            return
        library.jack_client_open.restype = ctypes.c_void_p
        library.jack_client_open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
        library.jack_on_shutdown.restype = None
        library.jack_on_shutdown.argtypes = [ctypes.c_void_p, _SHUTDOWN, ctypes.c_void_p]
        library.jack_client_close.argtypes = [ctypes.c_void_p]
        with quiet_stderr():
            client = library.jack_client_open(b"rt-classify-watch", _NO_START_SERVER, None)
        if client:
            library.jack_on_shutdown(client, self._callback, None)
            self._library, self._client = library, client

    def close(self) -> None:
        """Leave the server."""
        client, self._client = self._client, None
        if client is not None:
            with quiet_stderr():
                self._library.jack_client_close(client)

    def _gone(self, _: int | None) -> None:
        self.alive = False
