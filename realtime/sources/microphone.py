"""A microphone, or any other sound input of the machine."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Literal, Self

from realtime.errors import UserError
from realtime.records import STREAM_RATE, AudioBlock, Event, Pause
from realtime.sources import devices, portaudio
from realtime.sources.behind import there
from realtime.sources.capture import Capture
from realtime.sources.clock import Clock
from realtime.sources.devices import KnownInput
from realtime.sources.errand import Errand, patiently
from realtime.sources.feed import Feed, Tally
from realtime.sources.portaudio import AudioInput
from realtime.sources.returning import Returning
from realtime.text import printable

_POLL = 0.004  # seconds between two looks into the ring
_STALLED = 1.0  # seconds without a callback after which a device counts as gone
_STARTING = 4.0  # the same before the first callback: a sleeping sound server may take 2 s
# Seconds between two looks for a device that is away; both let it return within 3 s. Each costs
# PortAudio some 70 ms and 13 kB that it never frees, so after the first minute they are fewer.
_SOON, _LATER, _FRESH = 0.5, 2.0, 60.0
_PROMPT = 0.25  # seconds that a look usually takes no longer than

_Found = tuple[KnownInput, Capture]


class Microphone:
    """Live sound from an input device, as a source of mono sound at ``STREAM_RATE``.

    The device runs at its own rate and is resampled as a stream. Stream time 0 is the first sample
    after the iteration began; what is lost on the way leaves a gap in stream time, told by an
    ``Event``, and nothing fills it:

    - ``overflow``: the device or the reader came too late; ``count`` stream samples are lost.
    - ``disconnected``: the device went away, noticed within 2 s. No blocks come until it returns,
      only a ``Pause`` now and then.
    - ``moved``: the sound server lets another source be heard through the device from now on, as
      when a person says so. That the one heard before was unplugged counts as ``disconnected``.
    - ``reconnected``: it returned, found by its name; stream time went on by the clock meanwhile.
    - ``xrun``: ``count`` times the device said that something was late or lost, be it only a few
      samples; at most one such event a second.
    - ``invalid``: ``count`` samples of the device were no finite numbers and count as 0; at most
      one such event a second.

    PortAudio must be restarted to find a device again, which ends every stream that the process
    has open through sounddevice; with several ``Microphone`` open it is restarted only when all
    have lost their device.

    Args:
        device: Part of a name, or an index; the default input otherwise.
        channel: The channel to hear, the first being 1, or ``mix`` for the mean of all (of the
            first two where a device claims more than eight, as software devices do).
        dtype: What the device is asked for: ``float32`` or ``int16``.
        ring_seconds: Sound kept for a reader that is late; what is older is lost.
        exit_on_disconnect: End the stream after ``disconnected`` instead of waiting.
        clock: Where time comes from; for tests.

    Attributes:
        name: Of the device, safe to print.

    Raises:
        ValueError: ``channel`` or ``ring_seconds`` is out of range, or ``dtype`` unknown.
        UserError: On entering: PortAudio is missing, no device fits or several do, it has no such
            channel, or it is busy or forbidden.

    Example:
        >>> with Microphone("USB") as source:  # needs one  # doctest: +SKIP
        ...     for item in source:
        ...         print(item)
    """

    stream: Literal["audio"] = "audio"
    live = True
    length: float | None = None

    def __init__(
        self,
        device: str | int | None = None,
        *,
        channel: int | Literal["mix"] = "mix",
        dtype: Literal["float32", "int16"] = "float32",
        ring_seconds: float = 10.0,
        exit_on_disconnect: bool = False,
        clock: Clock | None = None,
    ) -> None:
        if channel != "mix" and channel < 1:
            raise ValueError(f"channels count from 1, not {channel}")
        if not 0.1 <= ring_seconds <= 600:
            raise ValueError(f"a ring holds 0.1 to 600 seconds, not {ring_seconds}")
        if dtype not in ("float32", "int16"):
            raise ValueError(f"samples are float32 or int16, not {dtype}")
        self.name = "microphone" if device is None else printable(str(device))
        self._wanted = device
        self._channel: int | Literal["mix"] = channel
        self._dtype: Literal["float32", "int16"] = dtype
        self._ring_seconds = ring_seconds
        self._exit_on_disconnect = exit_on_disconnect
        self._clock = clock or Clock()
        self._known: KnownInput | None = None
        self._capture: Capture | None = None
        self._source: Returning | None = None  # what a device that is away was heard from
        self._tally = Tally()
        self._past_xruns = self._past_clipped = 0
        self._stopped = False

    @property
    def device(self) -> AudioInput | None:
        """The device in use; None before it was opened."""
        return self._known.device if self._known else None

    @property
    def rate(self) -> int:
        """Rate of the open device in Hz; 0 while there is none."""
        return self._capture.rate if self._capture else 0

    @property
    def channels(self) -> int:
        """Channels of the open device that are captured; 0 while there is none."""
        return self._capture.channels if self._capture else 0

    @property
    def latency(self) -> float:
        """Input latency of the open device, as PortAudio tells it, in seconds; 0 for none."""
        return self._capture.latency if self._capture else 0.0

    @property
    def xruns(self) -> int:
        """Callbacks in which the device said that something was late or lost."""
        return self._past_xruns + (self._capture.xruns if self._capture else 0)

    @property
    def clipped(self) -> int:
        """Samples at full scale, counted in each channel that is heard, before they are mixed."""
        return self._past_clipped + (self._capture.clipped if self._capture else 0)

    @property
    def mixed(self) -> int:
        """Channels that the device offers and that are heard together; 1 where one was chosen."""
        return self.device.channels if self.device and self._channel == "mix" else 1

    @property
    def lost(self) -> int:
        """Stream samples lost to overflows."""
        return self._tally.lost

    @property
    def invalid(self) -> int:
        """Samples of the device that were no finite numbers."""
        return self._tally.invalid

    def __enter__(self) -> Self:
        self._known, self._capture = patiently(self._find, _put_back)
        self.name = self._known.device.name
        self._stopped = False
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        self._release()

    def elsewhere(self, device: int | str) -> Microphone:
        """Another device, by its index or name, to be listened to in the same way."""
        return Microphone(
            device,
            channel=self._channel,
            dtype=self._dtype,
            ring_seconds=self._ring_seconds,
            exit_on_disconnect=self._exit_on_disconnect,
            clock=self._clock,
        )

    def stop(self) -> None:
        """End the iteration soon; any thread may call it. The device is closed on leaving."""
        self._stopped = True

    def __iter__(self) -> Iterator[AudioBlock | Event | Pause]:
        if self._capture is None:
            raise RuntimeError("enter the source (with Microphone() as source) before iterating")
        feed = Feed(self._event, self._tally, self._capture, 0, self._capture.stamp[0])
        while True:
            yield from self._listen(feed)
            if self._stopped:
                return
            yield from feed.finish()
            text = f"{self._told(feed.capture)} is gone"
            if not self._exit_on_disconnect:
                text += "; waiting for it to return"
            yield self._event("disconnected", feed.end, text)
            if self._exit_on_disconnect:
                return
            self._let_go()
            capture = yield from self._wait_for_return(feed)
            if capture is None or capture.begun is None:
                return
            away = max(0.0, capture.begun - feed.until)
            start = feed.end + round(away * STREAM_RATE)
            feed = Feed(self._event, self._tally, capture, start, capture.first)
            text = f"{self._told(capture)} is back after {away:.1f} s"
            yield self._event("reconnected", feed.end, text)

    def _listen(self, feed: Feed) -> Iterator[AudioBlock | Event]:
        """What is captured until the device is gone or the source stopped."""
        quiet = 0.0
        limit = _STALLED if feed.capture.begun is not None else _STARTING
        behind = feed.capture.behind
        source = behind.source
        while not self._stopped:
            items = feed.read()
            yield from items
            if behind.gone:
                return
            if behind.source is not source:
                if source is not None:  # else it is only now known
                    text = f"{self.name} lets {behind.description} be heard from now on"
                    yield self._event("moved", feed.end, text)
                source = behind.source
            if items:
                quiet, limit = 0.0, _STALLED
            elif feed.capture.finished or quiet >= limit:
                return
            else:
                # Sleeping beats waiting for a threading.Event here: setting one takes a lock in
                # PortAudio's thread. Time is counted in polls, so that a process that was stopped
                # and goes on (Ctrl-Z) does not take its device for stalled.
                self._clock.sleep(_POLL)
                quiet += _POLL

    def _wait_for_return(self, feed: Feed) -> Generator[Pause, None, Capture | None]:
        """The device, open and delivering again; None if the source was stopped before."""
        for found in self._looks(feed):
            if isinstance(found, Pause):
                yield found
                continue
            known, self._capture = found
            capture = self._capture
            waited = 0.0
            while not (self._stopped or capture.finished or waited >= _STARTING):
                if capture.begun is not None:
                    self._known = known
                    return capture
                self._clock.sleep(_POLL)
                waited += _POLL
            self._release()
        return None

    def _let_go(self) -> None:
        """Close what delivers nothing any more, except on a JACK server that hangs.

        That may go on, or be killed, which ends a process that is just closing or opening there.
        """
        assert self._capture is not None
        self._source = self._capture.behind.source
        if self._hangs():
            self._capture.begin_anew()
        else:
            self._release()

    def _hangs(self) -> bool:
        """Whether there is a device that delivered nothing because its JACK server hangs."""
        if self._capture is None or self._known is None or not self._known.device.jack:
            return False
        return not (self._capture.behind.gone or portaudio.jack_ended())

    def _looks(self, feed: Feed) -> Iterator[Pause | _Found]:
        """The device whenever it is there again, and how time goes on."""
        assert self._known is not None
        begun = looked = self._clock.now()
        look: Errand[_Found | None] | None = None
        try:
            while not self._stopped:
                now = self._clock.now()
                yield Pause(feed.end + round(max(0.0, now - feed.until) * STREAM_RATE))
                self._clock.sleep(_SOON)
                now = self._clock.now()
                if self._hangs():
                    assert self._capture is not None
                    if self._capture.begun is not None:
                        yield self._known, self._capture
                    continue
                self._release()
                if look is None:
                    if now - looked < (_SOON if now - begun < _FRESH else _LATER) - _POLL:
                        continue
                    looked = now
                    look = Errand(self._find_again, _put_back)
                if look.wait(_PROMPT):
                    found, look = look.result(), None
                    if found is not None:
                        yield found
        finally:
            if look is not None:
                look.give_up()

    def _find(self) -> _Found:
        """The device that was asked for, opened."""
        inputs = portaudio.inputs()
        try:
            device = devices.choose_input(self._wanted, inputs)
        except UserError:  # perhaps plugged in since PortAudio looked
            portaudio.refresh()
            inputs = portaudio.inputs()
            device = devices.choose_input(self._wanted, inputs)
        try:
            return KnownInput(device, inputs), self._open(device)
        except OSError as error:
            raise UserError(
                f"{device.name}: cannot be opened ({error}); close the program that uses it, allow"
                f" the use of the microphone, or choose {devices.audio_list(inputs)}"
            ) from None

    def _find_again(self) -> _Found | None:
        """The device that was lost, opened if it is there."""
        assert self._known is not None
        if not there(self._known.device, self._source):
            return None
        portaudio.refresh()
        known = self._known.again(portaudio.inputs())
        if known is None:
            return None
        try:
            return known, self._open(known.device, self._source)
        except (OSError, UserError):  # present but not ready, or changed: look again
            return None

    def _open(self, device: AudioInput, source: Returning | None = None) -> Capture:
        return Capture(
            device,
            channel=self._channel,
            dtype=self._dtype,
            ring_seconds=self._ring_seconds,
            clock=self._clock,
            source=source,
        )

    def _told(self, capture: Capture) -> str:
        """The device, and what it hears."""
        heard = capture.behind.description
        return f"{self.name} ({heard})" if heard else self.name

    def _release(self) -> None:
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.close()
            self._past_xruns += capture.xruns
            self._past_clipped += capture.clipped

    def _event(self, kind: str, position: int, text: str, count: int = 0) -> Event:
        return Event(kind, position / STREAM_RATE, text, self.name, count)


def _put_back(found: _Found | None) -> None:
    """Close what was opened when nobody wanted it any more."""
    if found is not None:
        found[1].close()
