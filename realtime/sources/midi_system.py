"""The MIDI systems of a machine (ALSA, JACK, Core MIDI, WinMM) through mido and python-rtmidi."""

from __future__ import annotations

import contextlib
import ctypes
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import mido

from realtime.errors import UserError
from realtime.quiet import quiet_stderr
from realtime.sources.jack import JackWatch
from realtime.sources.jack_heartbeat import JackHeartbeat
from realtime.sources.returning import Returning
from realtime.text import printable

_LABELS = {  # RtMidi's names; in the order in which they are tried
    "LINUX_ALSA": "ALSA",
    "MACOSX_CORE": "CoreMIDI",
    "WINDOWS_MM": "WinMM",
    "UNIX_JACK": "JACK",
}
_REMEDIES = {
    "LINUX_ALSA": "its sequencer is not there: load it with 'modprobe snd-seq'",
    "UNIX_JACK": "no server runs: start one with 'jackd -d alsa'",
}
# What a system adds to a port's name anew at each connection.
_PASSING = {
    "LINUX_ALSA": re.compile(r" \d+:\d+$"),
    "WINDOWS_MM": re.compile(r" \d+$"),
    "UNIX_JACK": re.compile(r"-\d+(?=:)"),
}


@dataclass(frozen=True, slots=True)
class MidiPorts:
    """One MIDI system and its ports.

    Attributes:
        api: RtMidi's name of the system, as ``LINUX_ALSA``.
        label: What people call it; ``--midi-api`` takes it in any case.
        inputs: Ports that can be listened to, exactly as the system names them: not safe to print.
        problem: Why it does not work here, and what to do; empty if it works.
        outputs: Ports that can be played to, named as ``inputs`` are.
    """

    api: str
    label: str
    inputs: tuple[str, ...]
    problem: str = ""
    outputs: tuple[str, ...] = ()


class MidiSystem:
    """One MIDI system in use: lists its ports and opens them.

    Close it before making a new one. Ask nothing of it while it does not answer: that would hang.

    Args:
        api: RtMidi's name of it.

    Raises:
        OSError: It does not work here, or does not answer.
    """

    def __init__(self, api: str) -> None:
        rtmidi = _load()
        self.api = api
        self._backend = mido.Backend(f"mido.backends.rtmidi/{api}")
        self._watch = JackWatch() if api == "UNIX_JACK" else None
        running = self._watch is not None and self._watch.running
        self._heartbeat = JackHeartbeat() if running else None
        try:
            with quiet_stderr():
                # A lasting one: making a client for every look at the ports takes 25 ms on JACK.
                self._in = rtmidi.MidiIn(getattr(rtmidi, f"API_{api}"))
        except BaseException:
            self._end_heartbeat()
            raise
        self._out: Any = None
        self._ports: list[Any] = []

    @property
    def alive(self) -> bool:
        """Whether the system is still there; if not, close it."""
        return self._watch is None or self._watch.alive

    @property
    def answers(self) -> bool:
        """Whether the system does not hang, as it was a second ago; does not wait for it."""
        return self._heartbeat is None or self._heartbeat.regular

    def inputs(self) -> list[str]:
        """Ports that can be listened to."""
        return self._in.get_ports()

    def outputs(self) -> list[str]:
        """Ports that can be played to."""
        if self._out is None:
            rtmidi = _load()
            with quiet_stderr():
                self._out = rtmidi.MidiOut(getattr(rtmidi, f"API_{self.api}"))
        return self._out.get_ports()

    def open_input(self, name: str, callback: Callable[[Any], None], *, virtual: bool) -> Any:
        """Listen to a port, or make one of that name for others to play to.

        Raises:
            OSError: The port is gone, busy or forbidden, or the system has no virtual ports.
        """
        client = "rt-classify" if virtual else None
        return self._opened(
            self._backend.open_input, name, virtual=virtual, client_name=client, callback=callback
        )

    def open_output(self, name: str) -> Any:
        """Play to a port.

        Raises:
            OSError: The port is gone, busy or forbidden.
        """
        return self._opened(self._backend.open_output, name)

    def close(self) -> None:
        """Close the ports that are still open and leave the system.

        One that hangs is not told: what is open there stays so until the process ends.
        """
        clients = [client for client in (self._in, self._out) if client is not None]
        if self.alive and self._heartbeat is not None and not self._heartbeat.beats():
            for left in (*self._ports, *clients):
                # Not even when Python ends may it be deleted, which closes it.
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(left))
        else:
            with quiet_stderr():
                for port in self._ports:
                    port.close()
                for client in clients:
                    client.delete()
        self._end_heartbeat()

    def _opened(self, opener: Callable[..., Any], name: str, **options: Any) -> Any:
        with quiet_stderr():
            try:
                port = opener(name, **options)
            except (OSError, _load().RtMidiError) as error:
                raise OSError(printable(" ".join(str(error).split()))) from None
        self._ports = [port, *(other for other in self._ports if not other.closed)]
        return port

    def _end_heartbeat(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.close()


def survey(only: str | None = None) -> list[MidiPorts]:
    """The MIDI systems that python-rtmidi was built with, and their ports.

    Args:
        only: Look at this one only: ``alsa``, ``jack``, ``coremidi``, ``winmm`` or RtMidi's name.

    Raises:
        UserError: python-rtmidi is missing, or was built without ``only``.
    """
    rtmidi = _load()
    compiled = set(rtmidi.get_compiled_api())
    systems = {
        api: label for api, label in _LABELS.items() if getattr(rtmidi, f"API_{api}") in compiled
    }
    if only is not None:
        asked = only.casefold()
        chosen = {
            api: label
            for api, label in systems.items()
            if asked in (label.casefold(), api.casefold())
        }
        if not chosen:
            known = ", ".join(label.lower() for label in systems.values())
            raise UserError(f"no MIDI system '{printable(only)}' here; choose one of {known}")
        systems = chosen
    return [_look(api, label) for api, label in systems.items()]


def returning(api: str, port: str, ports: Iterable[str]) -> Returning:
    """What knows a port of a system again, among ``ports`` now and others later."""
    # A number that is but the place in the list does not tell equal devices apart.
    stable = ports if api != "WINDOWS_MM" else ()
    return Returning(port, stable, _PASSING.get(api))


def _look(api: str, label: str) -> MidiPorts:
    try:
        with contextlib.closing(MidiSystem(api)) as system:
            inputs, outputs = system.inputs(), system.outputs()
    except TimeoutError as error:
        return MidiPorts(api, label, (), str(error))
    except OSError as error:
        return MidiPorts(api, label, (), _REMEDIES.get(api, printable(str(error))))
    return MidiPorts(api, label, tuple(inputs), outputs=tuple(outputs))


def _load() -> Any:
    try:
        import rtmidi
    except ImportError:
        remedy = "install the extra, pip install '.[midi]'"
        if sys.platform == "linux":
            packages = "libasound2-dev libjack-jackd2-dev pkg-config g++"
            remedy += f" (if it has to be built, apt-get install {packages} first)"
        raise UserError(f"python-rtmidi, which MIDI ports need, is missing: {remedy}") from None
    return rtmidi
