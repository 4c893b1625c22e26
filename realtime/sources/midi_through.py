"""Passes on what is played."""

from __future__ import annotations

from typing import Any

import mido

from realtime.errors import UserError
from realtime.sources import devices
from realtime.sources.midi_system import MidiSystem, returning
from realtime.sources.sounding import Sounding
from realtime.text import printable


class Through:
    """A MIDI output that gets all that arrives, and may come and go too.

    Args:
        wanted: Part of the port's name.
        system: The MIDI system, the same as the input's.

    Attributes:
        failed: Messages that could not be sent.

    Raises:
        UserError: No output fits or several do, or it is busy or forbidden.
    """

    def __init__(self, wanted: str, system: MidiSystem) -> None:
        self.failed = 0
        self._sounding = Sounding()
        outputs = system.outputs()
        name = devices.choose_output(wanted, system.api, outputs)
        self._known = returning(system.api, name, outputs)
        try:
            self._port: Any = system.open_output(name)
        except OSError as error:
            raise UserError(
                f"{printable(name)}: cannot be opened to pass notes on ({error});"
                f" {devices.instead(name, outputs)}"
            ) from None

    def send(self, message: mido.Message) -> None:
        """Pass a message on, from any thread; one that cannot be sent is counted in ``failed``."""
        port = self._port
        if port is not None:
            try:
                port.send(message)
            except Exception:  # RtMidi's own errors, and ValueError once the port is closed
                self.failed += 1
            else:
                self._sounding.follow(message)

    def check(self, system: MidiSystem) -> str | None:
        """Let go of a port that went away and open it again when it is back.

        Returns:
            What changed, for a person; None if nothing did.
        """
        outputs = system.outputs()
        if self._port is not None:
            if self._known.name in outputs:
                return None
            self.close()
            return f"{printable(self._known.name)} is gone: nothing is passed on"
        name = self._known.among(outputs)
        if name is None:
            return None
        try:
            self._port = system.open_output(name)
        except OSError:
            return None
        self._known = returning(system.api, name, outputs)
        return f"{printable(name)} is back: what is played is passed on"

    def release(self) -> bool:
        """End what was passed on and would sound on; a port that is away cannot be told.

        Returns:
            Whether there was anything to end.
        """
        if self._port is None:
            return False
        endings = self._sounding.end()
        for message in endings:
            self.send(message)
        return bool(endings)

    def forget(self) -> None:
        """Use the port no more, as its system is being closed and closes it."""
        self._port = None

    def close(self) -> None:
        """Close the port."""
        port, self._port = self._port, None
        if port is not None:
            port.close()
