"""What stands behind an input of a sound server, and may go away without PortAudio's notice."""

from __future__ import annotations

import sys

from realtime.sources.portaudio import AudioInput
from realtime.sources.returning import Returning


class Behind:
    """Follows what the next input to be opened hears; this one sees nothing go.

    Attributes:
        source: What is heard, by the server's name for it; None where that is not known.
        description: The same for a person.
    """

    source: Returning | None = None
    description = ""

    @property
    def gone(self) -> bool:
        """What was heard is there no more, though the input still delivers something."""
        return False

    def follow(self, source: Returning | None) -> bool:
        """Begin, now that the input is open.

        Args:
            source: What it should hear; None for whatever it does.

        Returns:
            Whether the input heard something else until now.

        Raises:
            OSError: That cannot be heard.
        """
        return False

    def close(self) -> None:
        """Follow it no more; any number of times."""


def behind(device: AudioInput) -> Behind:
    """What can be followed of a device that is about to be opened.

    Raises:
        TimeoutError: Its server does not answer.
    """
    if device.jack:
        from realtime.sources.jack_client import JackClient

        return JackClient(device.name)
    # A sound card's own name leads past every server.
    if sys.platform == "linux" and "(hw:" not in device.name:
        from realtime.sources.pulse import PulseStream

        return PulseStream()
    return Behind()


def there(device: AudioInput, source: Returning | None) -> bool:
    """Whether what was heard of a device is there again, as far as that can be known.

    Args:
        device: As it was known.
        source: As ``Behind`` told it.
    """
    if source is None:
        return True
    if device.jack:
        from realtime.sources import jack_client

        return jack_client.there(source.name)
    from realtime.sources import pulse

    return pulse.there(source)
