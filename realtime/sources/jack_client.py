"""Another program that an input of JACK hears, and that may end."""

from __future__ import annotations

import contextlib

from realtime.sources import portaudio
from realtime.sources.behind import Behind
from realtime.sources.jack import JackWatch
from realtime.sources.jack_heartbeat import JackHeartbeat
from realtime.sources.returning import Returning


class JackClient(Behind):
    """Follows a client of the JACK server: PortAudio hears silence when it has left.

    Args:
        name: The client's, which PortAudio calls the device by. One that the server does not know
            under it, or outside Linux, is not followed.

    Raises:
        TimeoutError: The server does not answer.
    """

    def __init__(self, name: str) -> None:
        self._heartbeat = JackHeartbeat(name)
        if self._heartbeat.sees:
            self.source = Returning(name, [name])

    @property
    def gone(self) -> bool:
        """Whether it has left."""
        return self.source is not None and self._heartbeat.left

    def follow(self, source: Returning | None) -> bool:
        """See that it is there."""
        if source is not None and self.source is None:
            raise OSError("it is not there")
        return False

    def close(self) -> None:
        """Follow it no more."""
        self._heartbeat.close()


def there(name: str) -> bool:
    """Whether a client is there; no server that answers has none."""
    if portaudio.jack_ended() and not JackWatch().running:
        return False
    try:
        with contextlib.closing(JackHeartbeat(name)) as heartbeat:
            return heartbeat.sees
    except TimeoutError:
        return False
