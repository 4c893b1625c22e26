"""Which devices there are, which one is meant, and what to install where there could be more."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from realtime.errors import UserError
from realtime.sources import midi_system, portaudio
from realtime.sources.errand import patiently
from realtime.sources.midi_system import MidiPorts
from realtime.sources.portaudio import AudioInput
from realtime.sources.returning import Returning
from realtime.text import printable

_CARD = re.compile(r"\s*\(hw:\d+,\d+\)$")  # ALSA counts sound cards anew when one is plugged in
# Ports that nobody plays on: the kernel's own, also as a bridge to JACK calls it, and listeners'.
_BYSTANDERS = re.compile(r"\bMidi Through\b|:RtMidi (in|out)put")
_INPUT, _OUTPUT = "MIDI port", "MIDI output"


@dataclass(frozen=True, slots=True)
class Devices:
    """Everything that can be listened to or played to.

    Attributes:
        audio: Sound inputs, by index.
        midi: The MIDI systems of this machine and their ports.
        port: The MIDI port that is taken when none is named, not safe to print; None if there is
            none or a choice.
        problems: One line for each part that is missing, with what to install.
    """

    audio: tuple[AudioInput, ...]
    midi: tuple[MidiPorts, ...]
    port: str | None
    problems: tuple[str, ...]


def list_devices() -> Devices:
    """All devices of the machine, without opening any. A missing library is told, not raised."""
    audio: Sequence[AudioInput] = ()
    midi: Sequence[MidiPorts] = ()
    problems = []
    try:
        audio = inputs_anew()
    except UserError as error:
        problems.append(str(error))
    try:
        midi = midi_system.survey()
    except UserError as error:
        problems.append(str(error))
    problems += [f"{ports.label} MIDI: {ports.problem}" for ports in midi if ports.problem]
    port = None
    with contextlib.suppress(UserError):
        port = choose_port(None, midi)[1]
    return Devices(tuple(audio), tuple(midi), port, tuple(problems))


def lines(found: Devices) -> Iterator[str]:
    """Everything that there is, as ``--list-devices`` prints it."""
    yield from _section("Microphones and other inputs:", map(_audio_line, found.audio))
    inputs = [
        _port_line(system, port, chosen=port == found.port)
        for system in found.midi
        for port in system.inputs
    ]
    yield from _section("MIDI ports:", inputs)
    outputs = [_port_line(system, port) for system in found.midi for port in system.outputs]
    yield from _section("MIDI outputs, for --through:", outputs)
    for problem in found.problems:
        yield f"! {problem}"
    if found.port is not None or any(device.default for device in found.audio):
        yield "* is taken when none is named"


def _section(title: str, rows: Iterable[str]) -> Iterator[str]:
    yield title
    yield from list(rows) or ["   none"]


def _audio_line(device: AudioInput) -> str:
    mark = "*" if device.default else " "
    facts = f"{device.api}, {device.channels} ch, {device.rate} Hz"
    return f" {mark} {device.index:3}  {device.name}  ({facts})"


def _port_line(system: MidiPorts, port: str, *, chosen: bool = False) -> str:
    return f" {'*' if chosen else ' '} {printable(port)}  ({system.label})"


def inputs_anew() -> list[AudioInput]:
    """All sound inputs that there are now.

    Raises:
        UserError: PortAudio is missing, or the sound system does not answer.
    """

    def look() -> list[AudioInput]:
        portaudio.refresh()
        return portaudio.inputs()

    return patiently(look)


def choose_input(wanted: str | int | None, inputs: Sequence[AudioInput]) -> AudioInput:
    """The sound input that a person means.

    Args:
        wanted: An index, also as text, or part of a name in any case, where an equal name goes
            before one that only contains it; None for the default.
        inputs: The devices to choose from.

    Raises:
        UserError: None fits or several do; lists the choice.
    """
    if not inputs:
        raise UserError(
            "no microphone: plug one in, or check that the sound server runs and lets you in"
        )
    if wanted is None:
        defaults = [device for device in inputs if device.default]
        if defaults or len(inputs) == 1:
            return (defaults or inputs)[0]
        raise UserError(f"there is no default microphone; choose one of {audio_list(inputs)}")
    if isinstance(wanted, int) or (wanted.isdecimal() and len(wanted) < 10):
        for device in inputs:
            if device.index == int(wanted):
                return device
        raise UserError(f"no sound input has the index {wanted}; choose {audio_list(inputs)}")
    said, asked = printable(wanted), printable(wanted).casefold()
    found = [device for device in inputs if device.name.casefold() == asked]
    found = found or [device for device in inputs if asked in device.name.casefold()]
    # Windows shows each device once an API: the API of the default device is the usual one.
    usual = {device.api for device in inputs if device.default}
    found = [device for device in found if device.api in usual] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"microphone '{said}' fits several; choose {audio_list(found)}")
    raise UserError(f"no microphone fits '{said}'; choose {audio_list(inputs)}")


class KnownInput:
    """A sound input that is known again after it was away, though its index or card may differ.

    Args:
        device: Which.
        inputs: All that there are: an equal one that stays is not taken for it.

    Attributes:
        device: The sound input.
    """

    def __init__(self, device: AudioInput, inputs: Sequence[AudioInput] = ()) -> None:
        self.device = device
        names = [other.name for other in inputs if other.api == device.api]
        self._returning = Returning(device.name, names, _CARD)

    def again(self, inputs: Sequence[AudioInput]) -> KnownInput | None:
        """The device among those that there are now; None while it is away."""
        near = sorted(
            (device for device in inputs if device.api == self.device.api),
            key=lambda device: abs(device.index - self.device.index),
        )
        name = self._returning.among([device.name for device in near])
        return next((KnownInput(device, near) for device in near if device.name == name), None)


def choose_port(wanted: str | None, systems: Sequence[MidiPorts]) -> tuple[str, str]:
    """The MIDI input that a person means.

    Args:
        wanted: Part of a name in any case, where an equal name goes before one that only contains
            it; None for the only port that somebody may play on.
        systems: The MIDI systems to search; the first that has the port is taken.

    Returns:
        The system's name and the port's.

    Raises:
        UserError: None fits or several do, or there is no port at all; lists the choice.
    """
    return _choose(wanted, [(ports.api, ports.inputs) for ports in systems], _INPUT)


def choose_output(wanted: str, api: str, outputs: Sequence[str]) -> str:
    """The MIDI output that a person means, as ``choose_port`` does for inputs."""
    return _choose(wanted, [(api, outputs)], _OUTPUT)[1]


def _choose(
    wanted: str | None, systems: Sequence[tuple[str, Sequence[str]]], what: str
) -> tuple[str, str]:
    for api, ports in systems:
        found = _matches(wanted, ports)
        if len(set(found)) == 1:  # Core MIDI has ports of one name, and opens the first of them
            return api, found[0]
        if found:
            which = "several" if wanted is None else f"'{printable(wanted)}' fits several"
            raise UserError(f"{what}: {which}; choose {_port_list(found)}")
    everything = [port for _, ports in systems for port in ports]
    if everything and wanted is not None:
        raise UserError(f"no {what} fits '{printable(wanted)}'; choose {_port_list(everything)}")
    remedy = "plug one in or start the program that has it"
    if what == _INPUT:
        remedy += ", or let other programs connect to one of your own: --midi-virtual NAME"
    if everything:
        remedy += f"; taken only when named: {_port_list(everything)}"
    raise UserError(f"there is no {what}; {remedy}")


def _matches(wanted: str | None, ports: Sequence[str]) -> list[str]:
    if wanted is None:
        return [port for port in ports if not _BYSTANDERS.search(port)]
    asked = wanted.casefold()
    equal = [port for port in ports if port.casefold() == asked]
    return equal or [port for port in ports if asked in port.casefold()]


def audio_list(inputs: Sequence[AudioInput]) -> str:
    """The devices on one line, for a message."""
    return ", ".join(f"{device.index} '{device.name}' ({device.api})" for device in inputs)


def instead(busy: str, ports: Iterable[str]) -> str:
    """What to do about a MIDI port that cannot be opened, with all the others to choose from."""
    others = [port for port in ports if port != busy]
    choice = f"choose {_port_list(others)}" if others else "plug in another: there is none"
    return f"close the program that uses it, or {choice}"


def _port_list(ports: Sequence[str]) -> str:
    return ", ".join(f"'{printable(port)}'" for port in ports)
