"""Where sound and notes come from.

A source is a context manager to iterate once: it yields blocks whose positions are in stream time,
and events when something happens to the stream itself (a loss, a disconnection). Adding a source
means adding one module here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol, Self, runtime_checkable

from realtime.records import AudioBlock, Event, MidiBlock, Pause

Item = AudioBlock | MidiBlock | Event | Pause


class Source(Protocol):
    """What the engine asks of a source.

    Entering opens the file or device and raises ``UserError`` if that is impossible; iterating
    yields its blocks without gaps or overlaps unless an ``Event`` between them says so, and may
    raise ``UserError`` when the rest cannot be read; leaving closes everything, at any point. While
    a device is away its source yields a ``Pause`` now and then.

    Attributes:
        name: What to call it: a path or a device name, safe to print.
        stream: Whether it yields ``AudioBlock`` or ``MidiBlock``.
        live: Whether it goes on by itself. A live source loses what is not taken in time; any
            other waits for its reader.
        length: Seconds it will last, or None when that is not known.

    A device may have a ``latency`` besides: the seconds that it says it adds before what it hears
    arrives.
    """

    @property
    def name(self) -> str:
        """What to call it; safe to print."""

    @property
    def stream(self) -> Literal["audio", "midi"]:
        """What its blocks hold."""

    @property
    def live(self) -> bool:
        """Whether it goes on by itself."""

    @property
    def length(self) -> float | None:
        """Seconds it will last, or None."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def __iter__(self) -> Iterator[Item]: ...


@runtime_checkable
class Replayable(Protocol):
    """What a source may have besides, to share with a replay what the engine made of its stream.

    Attributes:
        skips: Windows to leave out as they were then, by the position at which they are due.
    """

    @property
    def skips(self) -> Mapping[int, Event]:
        """Windows to leave out, by the position at which they are due."""

    def skipped(self, due: int, event: Event) -> None:
        """A window was left out, which is told by ``event``."""

    def ended(self, position: int) -> Sequence[Event]:
        """The engine heard up to a position and takes no more; returns what is left to tell."""
