"""The devices after the one in use, for a person who steps through them."""

from __future__ import annotations

from realtime.errors import UserError
from realtime.sources import Source, devices, midi_system
from realtime.sources.microphone import Microphone
from realtime.sources.midi_port import MidiPort


def following(source: Source) -> list[Source]:
    """All other devices of the same sort, the next one first; the present one ends the list.

    Each is listened to as the present one is: its channel, where it passes notes on to, and so on.

    Args:
        source: The device in use, closed.

    Raises:
        UserError: It is no device.
    """
    if isinstance(source, Microphone) and source.device is not None:
        inputs = sorted(devices.inputs_anew(), key=lambda device: device.index)
        present = devices.KnownInput(source.device).again(inputs)
        after = source.device.index if present is None else present.device.index
        ordered = [d for d in inputs if d.index > after] + [d for d in inputs if d.index <= after]
        return [source.elsewhere(device.index) for device in ordered]
    if isinstance(source, MidiPort):
        ports = [
            (system.api, port)
            for system in midi_system.survey()
            if not system.problem
            for port in system.inputs
        ]
        at = next((i for i, known in enumerate(ports, 1) if known == source.port), 0)
        return [source.elsewhere(api, port) for api, port in ports[at:] + ports[:at]]
    raise UserError(f"{source.name}: there is no next device")
