"""Another program that an input of JACK hears, and that may end."""

from __future__ import annotations

from realtime.sources.behind import Behind
from realtime.sources.jack_heartbeat import JackHeartbeat


class JackClient(Behind):
    """Follows a client of the JACK server: PortAudio hears silence when it has left.

    Args:
        name: The client's, which PortAudio calls the device by.

    Raises:
        TimeoutError: The server does not answer.
    """

    def __init__(self, name: str) -> None:
        self._heartbeat = JackHeartbeat(name)

    @property
    def gone(self) -> bool:
        """Whether it has left."""
        return self._heartbeat.left

    def close(self) -> None:
        """Follow it no more."""
        self._heartbeat.close()
