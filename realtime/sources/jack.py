"""Notices that the JACK server has gone, which RtMidi does not tell.

RtMidi goes on listing the ports of a dead server, and making a new client while old ones are open
then crashes the process. JACK's own word, ``jack_on_shutdown``, takes a client of our own, and
closing one sometimes hangs. So this looks, without any library, whether the server's socket is
still there.
"""

from __future__ import annotations

import os
from pathlib import Path

_SOCKETS = Path("/proc/net/unix")
_LISTENING = "00010000"


class JackWatch:
    """Knows the JACK server that runs when it is made, and whether that one still does.

    Where servers cannot be seen (outside Linux, or JACK by PipeWire) it always counts as alive.
    """

    def __init__(self) -> None:
        name = os.environ.get("JACK_DEFAULT_SERVER") or "default"
        self._beginning = f"jack_{name}_"
        self._seen = self._sockets()

    @property
    def running(self) -> bool:
        """Whether there was a server when this was made, as far as servers can be seen."""
        return bool(self._seen)

    @property
    def alive(self) -> bool:
        """Whether the server has not ended, nor another taken its place."""
        return not self._seen or bool(self._seen & self._sockets())

    def _sockets(self) -> set[str]:
        """Inodes of the sockets at which servers of this name wait for clients."""
        try:
            lines = _SOCKETS.read_text(errors="replace").splitlines()
        except OSError:
            return set()
        # address: references protocol flags type state inode path
        rows = (line.split(maxsplit=7) for line in lines)
        return {
            row[6]
            for row in rows
            if len(row) == 8
            and row[3] == _LISTENING
            and row[7].rpartition("/")[2].startswith(self._beginning)
        }
