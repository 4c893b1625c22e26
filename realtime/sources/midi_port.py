"""A MIDI port: a keyboard, or another program."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterator
from typing import Any, Literal, Self

import mido

from realtime.errors import UserError
from realtime.records import STREAM_RATE, Event, MidiBlock, Pause, TimedMessage
from realtime.sources import devices, midi_system
from realtime.sources.clock import Clock
from realtime.sources.midi_system import MidiSystem
from realtime.sources.midi_through import Through
from realtime.sources.returning import Returning
from realtime.sources.sounding import Sounding
from realtime.text import printable

_BLOCK = STREAM_RATE // 100  # blocks end on hundredths of a second, where most hops do
_POLL = 0.1  # seconds between two looks at the ports: one that returns faster is not missed
_RETRY = 0.5  # seconds between two tries to reach a MIDI system that is down
_INBOX = 8192  # messages kept for a reader that is late
_HEARD = frozenset(  # the rest is not music: clock, active sensing, system exclusive …
    {
        "note_on",
        "note_off",
        "control_change",
        "program_change",
        "pitchwheel",
        "aftertouch",
        "polytouch",
    }
)
_TELL = 1.0  # seconds between two notices of messages that could not be passed on
_FAREWELL = 0.1  # seconds that the last messages may take: JACK passes them on once a period


class MidiPort:
    """Live MIDI from a port, as a source of messages.

    Blocks of about 10 ms come whether anything is played or not. Stream time 0 is the beginning of
    the iteration; a message's place is when it arrived. Notes, pedals and other controls, program
    changes, bends and aftertouch are passed; clock, active sensing and system exclusive are not.

    Events:

    - ``overflow``: the reader came too late; ``count`` messages are lost and all notes end, but not
      those that were passed on through ``through``, which lost nothing.
    - ``disconnected``: the port went away, noticed within 2 s. Sounding notes are ended and pedals
      released in the block before. No blocks come until it returns, only a ``Pause`` now and then.
    - ``reconnected``: it returned, found by its name; stream time went on meanwhile.
    - ``notice``: the ``through`` port went away or returned, or ``count`` messages could not be
      passed on to it, told at most once a second.

    A port that is closed and opened again within 0.1 s is not noticed. On leaving, notes and pedals
    that were passed on and still sound are ended.

    Args:
        port: Part of a name; the only port otherwise.
        api: ``alsa``, ``jack``, ``coremidi`` or ``winmm``; the first that has the port otherwise.
        virtual: Open a port of this name that other programs can connect to, instead of ``port``.
        through: Part of the name of an output, of the same system, that gets all that is played.
        exit_on_disconnect: End the stream after ``disconnected`` instead of waiting.
        clock: Where time comes from; for tests.

    Attributes:
        name: Of the port, safe to print.
        lost: Messages lost because the reader came too late.
        own: MIDI system and name of the virtual port, as ``port``; kept by ``elsewhere``, so that
            there is a way back. None if there was never one.

    Raises:
        ValueError: Both ``port`` and ``virtual`` are given.
        UserError: ``virtual`` is empty. On entering: no port fits or several do, it is busy or
            forbidden, or no MIDI system works here.

    Example:
        >>> with MidiPort("Keystation") as source:  # needs one  # doctest: +SKIP
        ...     for item in source:
        ...         print(item)
    """

    stream: Literal["midi"] = "midi"
    live = True
    length: float | None = None

    def __init__(
        self,
        port: str | None = None,
        *,
        api: str | None = None,
        virtual: str | None = None,
        through: str | None = None,
        exit_on_disconnect: bool = False,
        clock: Clock | None = None,
    ) -> None:
        if port is not None and virtual is not None:
            raise ValueError("give a port to listen to or the name of a virtual one, not both")
        if virtual is not None and not virtual.strip():
            raise UserError("a virtual MIDI port needs a name: --midi-virtual NAME")
        self.name = printable(virtual or port or "MIDI port")
        self.lost = 0
        self.own: tuple[str, str] | None = None
        self._wanted, self._virtual, self._through_wanted = port, virtual, through
        self._only = api
        self._exit_on_disconnect = exit_on_disconnect
        self._clock = clock or Clock()
        self._api = self._port_name = ""
        self._system: MidiSystem | None = None
        self._returning: Returning | None = None
        self._input: Any = None
        self._through: Through | None = None
        self._inbox: deque[tuple[float, mido.Message]] = deque()
        self._sounding = Sounding()
        self._begun = 0.0
        self._told_unsent, self._told_at = 0, -math.inf
        self._stopped = False

    @property
    def api(self) -> str:
        """RtMidi's name of the MIDI system in use; empty before the port was opened."""
        return self._api

    @property
    def port(self) -> tuple[str, str]:
        """The MIDI system and the port in use, as they name themselves: not safe to print."""
        return self._api, self._port_name

    @property
    def unsent(self) -> int:
        """Messages that could not be passed on through ``through``."""
        return 0 if self._through is None else self._through.failed

    def __enter__(self) -> Self:
        surveyed = midi_system.survey(self._only)
        working = [ports for ports in surveyed if not ports.problem]
        if not working:
            problems = "; ".join(f"{ports.label}: {ports.problem}" for ports in surveyed)
            raise UserError(f"no MIDI system works here ({problems or 'none was built in'})")
        if self._virtual is not None:
            self._api, self._port_name = self.own = working[0].api, self._virtual
        else:
            self._api, self._port_name = devices.choose_port(self._wanted, working)
        self.name = printable(self._port_name)
        self._stopped = False
        self._told_unsent = 0
        try:
            self._system = MidiSystem(self._api)
            if self._through_wanted is not None:
                self._through = Through(self._through_wanted, self._system)
            self._listen()
        except OSError as error:
            self._close_system()
            remedy = "close a program that has ports there, or listen to one of those: --midi-port"
            if self._virtual is None:
                everything = [port for ports in working for port in ports.inputs]
                remedy = devices.instead(self._port_name, everything)
            raise UserError(f"{self.name}: cannot be opened ({error}); {remedy}") from None
        except UserError:
            self._close_system()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        try:
            self._end_through()
        finally:
            self._close_system()

    def elsewhere(self, api: str, port: str) -> MidiPort:
        """Another port, by its MIDI system and name, to be listened to in the same way."""
        virtual = (api, port) == self.own
        other = MidiPort(
            None if virtual else port,
            api=api,
            virtual=port if virtual else None,
            through=self._through_wanted,
            exit_on_disconnect=self._exit_on_disconnect,
            clock=self._clock,
        )
        other.own = self.own
        return other

    def stop(self) -> None:
        """End the iteration soon; any thread may call it. The port is closed on leaving."""
        self._stopped = True

    def __iter__(self) -> Iterator[MidiBlock | Event | Pause]:
        if self._system is None:
            raise RuntimeError("enter the source (with MidiPort() as source) before iterating")
        clock = self._clock
        self._inbox.clear()
        self._begun = looked = clock.now()
        position, lost = 0, self.lost
        while not self._stopped:
            due = (position // _BLOCK + 1) * _BLOCK
            wait = self._begun + due / STREAM_RATE - clock.now()
            if wait > 0:
                clock.sleep(wait)
            now = clock.now()
            gone, notice = False, None
            if now - looked >= _POLL:
                looked = now
                gone = not self._is_here()
                notice = None if gone else self._check_through()
                notice = notice or self._check_unsent(now)
            start, position = position, max(position + 1, self._position(now))
            messages = self._take(start, position)
            more, lost = self.lost - lost, self.lost
            if gone or more:
                messages += self._endings(position - 1)
            if gone and self._through is not None:
                self._through.release()
            yield MidiBlock(start, position, tuple(messages), now)
            if more:
                yield self._event("overflow", position, f"{more} messages were lost", more)
            if notice:
                yield self._event("notice", position, notice)
            if gone:
                text = f"{self.name} is gone"
                if not self._exit_on_disconnect:
                    text += "; waiting for it to return"
                yield self._event("disconnected", position, text)
                if self._exit_on_disconnect or not (yield from self._wait_for_return()):
                    return
                away, position = position, self._position(clock.now())
                text = f"{self.name} is back after {(position - away) / STREAM_RATE:.1f} s"
                yield self._event("reconnected", position, text)

    def _arrive(self, message: mido.Message) -> None:
        """Take a message; runs in RtMidi's thread."""
        now = self._clock.now()
        through = self._through
        if through is not None and not self._stopped:  # no note may begin after the last is ended
            through.send(message)
        if message.type in _HEARD:
            if len(self._inbox) < _INBOX:
                self._inbox.append((now, message))
            else:
                self.lost += 1

    def _position(self, when: float) -> int:
        return round((when - self._begun) * STREAM_RATE)

    def _take(self, start: int, end: int) -> list[TimedMessage]:
        """The messages that arrived before ``end``."""
        inbox, taken = self._inbox, []
        while inbox and self._position(inbox[0][0]) < end:
            when, message = inbox.popleft()
            # One that RtMidi's thread was just putting down belongs to the block before.
            start = max(start, self._position(when))
            taken.append(TimedMessage(start, message))
            self._sounding.follow(message)
        return taken

    def _endings(self, position: int) -> list[TimedMessage]:
        """End all that sounds."""
        return [TimedMessage(position, message) for message in self._sounding.end()]

    def _end_through(self) -> None:
        """End what sounds at the other end of ``through``, unless the system is dead or hangs."""
        if self._through is not None and self._answers() and self._through.release():
            self._clock.sleep(_FAREWELL)

    def _answers(self) -> bool:
        system = self._system
        return system is not None and system.alive and system.answers

    def _is_here(self) -> bool:
        if self._system is None or not self._answers():
            return False
        return self._virtual is not None or self._port_name in self._system.inputs()

    def _check_through(self) -> str | None:
        if self._through is None or self._system is None:
            return None
        return self._through.check(self._system)

    def _check_unsent(self, now: float) -> str | None:
        more = self.unsent - self._told_unsent
        if not more or now - self._told_at < _TELL:
            return None
        self._told_unsent, self._told_at = self.unsent, now
        return f"messages that could not be passed on: {more}"

    def _listen(self) -> None:
        assert self._system is not None
        virtual = self._virtual is not None
        ports = self._system.inputs()
        self._returning = midi_system.returning(self._api, self._port_name, ports)
        self._input = self._system.open_input(self._port_name, self._arrive, virtual=virtual)

    def _wait_for_return(self) -> Generator[Pause, None, bool]:
        """Whether the port is open again; not if the source was stopped before."""
        while not self._stopped:
            yield Pause(self._position(self._clock.now()))
            # Looking at the ports is cheap, making clients for a system that is down is not.
            self._clock.sleep(_POLL if self._system is not None else _RETRY)
            if self._reopen():
                return True
        return False

    def _reopen(self) -> bool:
        try:
            if self._system is not None and not self._system.alive:
                self._close_system()
            if self._system is None:
                self._system = MidiSystem(self._api)
            elif not self._system.answers:
                return False
            self._close_input()
            if self._virtual is None:
                assert self._returning is not None
                name = self._returning.among(self._system.inputs())
                if name is None:
                    return False
                self._port_name = name
            self._inbox.clear()
            self._listen()
        except OSError:  # the system does not run yet, or the port went away once more
            return False
        self._check_through()
        return True

    def _close_input(self) -> None:
        port, self._input = self._input, None
        if port is not None:
            port.close()

    def _close_system(self) -> None:
        """Close the system and all that depends on it, as a dead one requires."""
        self._input = None
        if self._through is not None:
            self._through.forget()
        system, self._system = self._system, None
        if system is not None:
            system.close()

    def _event(self, kind: str, position: int, text: str, count: int = 0) -> Event:
        return Event(kind, position / STREAM_RATE, text, self.name, count)
