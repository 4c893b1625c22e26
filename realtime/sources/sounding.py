"""What would sound on without its player."""

from __future__ import annotations

import mido

_SUSTAIN = 64
_SILENCERS = (120, 123)  # all sound off, all notes off


class Sounding:
    """Keys that are down and pedals that are held, by the messages that passed."""

    def __init__(self) -> None:
        self._held: set[tuple[int, int]] = set()
        self._pedals: set[int] = set()

    def follow(self, message: mido.Message) -> None:
        """Take account of a message of any type."""
        match message.type:
            case "note_on" if message.velocity > 0:
                self._held.add((message.channel, message.note))
            case "note_on" | "note_off":
                self._held.discard((message.channel, message.note))
            case "control_change" if message.control in _SILENCERS:
                self._held = {key for key in self._held if key[0] != message.channel}
            case "control_change" if message.control == _SUSTAIN:
                turned = self._pedals.add if message.value >= 64 else self._pedals.discard
                turned(message.channel)

    def end(self) -> list[mido.Message]:
        """The messages that end all of it; from then on nothing sounds."""
        messages = [
            mido.Message("note_off", channel=channel, note=note)
            for channel, note in sorted(self._held)
        ]
        messages += [
            mido.Message("control_change", channel=channel, control=_SUSTAIN, value=0)
            for channel in sorted(self._pedals)
        ]
        self._held.clear()
        self._pedals.clear()
        return messages
