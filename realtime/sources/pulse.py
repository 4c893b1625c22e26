"""What an input of PulseAudio hears, or of PipeWire in its place.

A program that opens ``default`` hears a source of the server's choice. When that is unplugged, the
server lets the program hear another one (``module-rescue-streams``), and tells those who ask. That
ALSA's plug-in does not, through which PortAudio hears; so this does, as a client of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from typing import Any

from realtime.quiet import quiet_stderr
from realtime.sources.behind import Behind
from realtime.sources.returning import Returning
from realtime.text import printable

_CLIENT = "rt-classify"
_PATIENCE = 1.5  # seconds for the thread to end, unless the server hangs
_LISTEN = 1.0  # seconds after which listening ends if it could not be stopped
_LISTED = 0.3  # seconds after which the server has a new stream on its list
_DUMMY = "auto_null.monitor"  # what there is to be heard where no microphone is
_COUNTED = re.compile(r"\.\d+$")  # a name that was still taken gets a number
_NONE = 0xFFFFFFFF  # a number of what is not there
_FAULTS = Exception  # pulsectl's have no type in common, and one is its own affair


class PulseStream(Behind):
    """Follows the stream that this process opens next, where it is one of PulseAudio's.

    Its source is gone when it is no longer there and the server lets another one be heard, which is
    not another profile of the same card. A person may let the program hear another source, too:
    then that is what is heard from there on.
    """

    def __init__(self) -> None:
        self._pulse = _connect()
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()  # the server is left by one thread and woken by another
        self._closing = self._gone = self._told = False
        self._before: set[int] = set()
        self._index = self._card = _NONE  # of the source
        try:
            self._before = {stream.index for stream in self._streams()} if self._pulse else set()
        except _FAULTS:
            self.close()

    @property
    def gone(self) -> bool:
        """Whether the source is there no more, and another one is heard."""
        return self._gone

    def follow(self, source: Returning | None) -> bool:
        """Begin, now that the input is open; the server is asked to let it hear ``source``.

        Raises:
            OSError: That is not there, or another one stays to be heard.
        """
        try:
            moved = self._begin(source)
        except _FAULTS as error:  # no server, or none of its streams
            self.close()
            if source is not None:
                raise OSError(f"{source.name} cannot be heard") from error
            return False
        self._thread = threading.Thread(target=self._listen, name="pulse", daemon=True)
        self._thread.start()
        return moved

    def _begin(self, source: Returning | None) -> bool:
        if self._pulse is None:
            raise ConnectionError("no server")
        self._pulse.event_mask_set("source_output")
        self._pulse.event_callback_set(self._wake)
        end = time.monotonic() + _LISTED
        while not (new := [s for s in self._streams() if s.index not in self._before]):
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        (stream,) = new  # two that are opened at once cannot be told apart
        self._stream = stream.index
        sources = self._sources()
        wanted = stream.source
        if source is not None:
            name = source.among([other.name for other in sources.values()])
            wanted = next(other.index for other in sources.values() if other.name == name)
        if wanted != stream.source:
            self._pulse.source_output_move(stream.index, wanted)
        if wanted in sources:  # PipeWire only then begins to look for one
            self._hears(wanted, sources)
        return bool(wanted != stream.source)

    def close(self) -> None:
        """Follow it no more."""
        self._closing = True
        if self._thread is None:
            self._leave()
            return
        end = time.monotonic() + _PATIENCE
        while self._thread.is_alive() and time.monotonic() < end:
            with self._turn:
                if self._pulse is not None:
                    self._pulse.event_listen_stop()
            self._thread.join(0.02)

    def _leave(self) -> None:
        with self._turn:
            pulse, self._pulse = self._pulse, None
            if pulse is not None:
                pulse.close()

    def _hears(self, index: int, sources: dict[int, Any]) -> None:
        source = sources[index]
        self._index, self._card = index, source.card
        self.description = printable(source.description)
        names = [other.name for other in sources.values()]
        # Last: by it the reader sees a change.
        self.source = Returning(source.name, names, _COUNTED)

    def _listen(self) -> None:
        with contextlib.suppress(_FAULTS):  # the server has ended, which PortAudio notices
            while not (self._closing or self._gone):
                self._told = False
                self._look()
                # It is asked nothing unless it has told something: one that hangs would not answer.
                while not (self._told or self._closing):
                    self._pulse.event_listen(_LISTEN)
        self._leave()

    def _look(self) -> None:
        streams = self._pulse.source_output_list()
        now = next((s.source for s in streams if s.index == self._stream), None)
        if now in (None, self._index):
            return
        sources = self._sources()
        if now not in sources:  # on its way to one
            return
        same_card = sources[now].card == self._card != _NONE
        none_yet = self.source is None or self.source.name == _DUMMY
        if none_yet or self._index in sources or same_card:
            self._hears(now, sources)
        else:
            self._gone = True

    def _wake(self, _event: Any) -> None:
        import pulsectl

        self._told = True
        raise pulsectl.PulseLoopStop

    def _streams(self) -> list[Any]:
        """What this process hears."""
        # Not by what is told of a stream itself: PipeWire's own do not tell whose they are.
        pid = str(os.getpid())
        clients = self._pulse.client_list()
        own = {c.index for c in clients if c.proplist.get("application.process.id") == pid}
        return [stream for stream in self._pulse.source_output_list() if stream.client in own]

    def _sources(self) -> dict[int, Any]:
        return {source.index: source for source in self._pulse.source_list()}


def there(source: Returning) -> bool:
    """Whether a source is there, as far as that can be known."""
    pulse = _connect()
    if pulse is None:
        return True
    try:
        with pulse:
            names = [other.name for other in pulse.source_list()]
    except _FAULTS:
        return True
    return source.among(names) is not None


def _connect() -> Any:
    """A client of the server that runs; None if there is none. It waits for one that hangs."""
    try:
        import pulsectl
    except (ImportError, OSError):  # OSError: no libpulse
        return None
    with quiet_stderr():  # libpulse prints what it finds wrong with the runtime directory
        pulse = pulsectl.Pulse(_CLIENT, connect=False)
        try:
            pulse.connect()  # with a timeout it would always take as long
        except pulsectl.PulseError:
            pulse.close()
            return None
    return pulse
