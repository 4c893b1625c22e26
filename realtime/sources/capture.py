"""One opened microphone: what PortAudio's thread leaves for the reader."""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

import numpy as np

from realtime.errors import UserError
from realtime.ring import Ring
from realtime.sources import portaudio
from realtime.sources.behind import behind
from realtime.sources.clock import Clock
from realtime.sources.jack_anew import JackAnew
from realtime.sources.portaudio import AudioInput
from realtime.sources.returning import Returning

CLIPPED = 0.999
"""Share of full scale from which a sample counts as clipped."""

_CHUNK = 4096  # frames turned into mono at a time; a callback usually brings a few hundred
_REAL_CHANNELS = 8  # a device with more is mostly software that makes up what it is asked for
_STAMPS = 8192  # callbacks whose time is kept; more than a ring's worth of any usual size
_LEAST_LOSS = 0.002  # seconds; below it the estimate is mostly how irregular callbacks are
_RATES = (48_000, 44_100, 96_000, 32_000, 16_000)  # tried in turn if the device's own is refused


class Capture:
    """A device that is open and writes mono sound at its own rate into a ring.

    Only the constructor and ``close`` are the reader's; ``_arrive`` runs in PortAudio's thread. It
    copies, takes a time stamp and counts: it waits for no lock, logs nothing and allocates nothing
    that grows. What it tells the reader are single assignments and a bounded deque, which Python
    makes atomic.

    Args:
        device: What to open.
        channel: The channel to take, the first being 1, or ``mix`` for the mean of all (of the
            first two where a device claims more than eight).
        dtype: What the device is asked for; the ring holds float32 at ±1 either way.
        ring_seconds: How much the ring holds for a reader that is late.
        clock: Where time stamps come from.
        source: What the device should hear, as ``behind`` told it; None for whatever it does.

    Attributes:
        rate: Frames a second.
        channels: Channels opened.
        latency: PortAudio's input latency in seconds.
        ring: The sound.
        stamp: Rows written so far and when the last of them arrived, in seconds of the clock.
        stamps: The same after each callback; the reader takes them out.
        first: The first row that counts.
        begun: When that row began to arrive; None before.
        losses: Pairs of a row and an estimate of the rows that the device lost just before it.
        xruns: Callbacks that came with a status flag: something was late or lost.
        clipped: Samples at full scale in the channels that are heard, each before they are mixed:
            the mean with a silent one would hide it.
        finished: The device says that nothing more will come.
        behind: What it hears.

    Raises:
        UserError: The channel does not exist, or the device takes no rate that is tried.
        OSError: The device is busy, forbidden or gone, or does not hear ``source``.
    """

    def __init__(
        self,
        device: AudioInput,
        *,
        channel: int | Literal["mix"],
        dtype: Literal["float32", "int16"],
        ring_seconds: float,
        clock: Clock,
        source: Returning | None = None,
    ) -> None:
        if channel != "mix" and channel > device.channels:
            raise UserError(
                f"{device.name}: has no channel {channel}; choose 1 to {device.channels}, or mix"
            )
        if channel == "mix":
            wanted = device.channels if device.channels <= _REAL_CHANNELS else 2
        else:
            wanted = channel
        self.stamp: tuple[int, float] = (0, clock.now())
        self.stamps: deque[tuple[int, float]] = deque(maxlen=_STAMPS)
        self.first = 0
        self.begun: float | None = None
        self.losses: deque[tuple[int, int]] = deque(maxlen=64)
        self.xruns = self.clipped = 0
        self.finished = False
        self._channel = channel
        self._now = clock.now
        self._mono = np.empty(_CHUNK, np.float32)
        self._full_scale = 1.0 if dtype == "float32" else 1 / 32768
        # Of the device's type, so that comparing converts nothing.
        self._limit = np.dtype(dtype).type(CLIPPED / self._full_scale)
        self._ring_seconds = ring_seconds
        self.behind = behind(device)
        self._stream: Any = None
        try:
            self._stream = self._start(device, wanted, dtype)
            if self.behind.follow(source):
                self.begin_anew()
        except BaseException:  # Ctrl-C
            self.close()
            raise
        self.latency = float(self._stream.latency)

    def begin_anew(self) -> None:
        """Count as not begun, until more arrives."""
        self.first = self.stamp[0]
        self.begun = None

    def close(self) -> None:
        """Close the device; harmless when it is gone or closed."""
        self.behind.close()
        stream, self._stream = self._stream, None
        if stream is not None:
            portaudio.close(stream)

    def _start(self, device: AudioInput, wanted: int, dtype: str) -> Any:
        if device.jack and portaudio.jack_ended():
            anew = JackAnew(device, channels=wanted, dtype=dtype)
            self._expect(anew.rate, wanted)
            anew.run(self._arrive, self._finish)
            return anew
        # Some host APIs insist on all channels of a device, most on its own rate.
        for rate in dict.fromkeys((device.rate, *_RATES)):
            for channels in dict.fromkeys((wanted, device.channels)):
                self._expect(rate, channels)
                try:
                    return portaudio.start(
                        device,
                        rate=rate,
                        channels=channels,
                        dtype=dtype,
                        callback=self._arrive,
                        finished=self._finish,
                    )
                except portaudio.FormatError:
                    continue
        raise UserError(
            f"{device.name}: takes none of the rates that were tried ({device.rate} Hz and others);"
            " set it to 48000 Hz in the system's sound settings"
        )

    def _expect(self, rate: int, channels: int) -> None:
        self.rate, self.channels = rate, channels
        self.ring = Ring(max(1, round(self._ring_seconds * rate)))
        mixed = channels if self._channel == "mix" else 1
        self._scale = self._full_scale / mixed
        self._loud = np.empty((_CHUNK, mixed), bool)

    def _arrive(self, frames: np.ndarray, count: int, _time: Any, status: Any) -> None:
        now = self._now()
        before = self.stamp[1]
        if self.begun is None:
            self.begun = now - count / self.rate
        elif status:
            self.xruns += 1
            if status.input_overflow:
                # The device does not say how much: what should have come since the last callback.
                lost = round((now - before) * self.rate) - count
                if lost >= _LEAST_LOSS * self.rate:
                    self.losses.append((self.ring.written, lost))
        with np.errstate(all="ignore"):  # broken devices deliver NaN: the reader sees to it
            for start in range(0, count, _CHUNK):
                part = frames[start : start + _CHUNK]
                if self._channel != "mix":
                    part = part[:, self._channel - 1 : self._channel]
                self._count_clipped(part)
                mono = self._mono[: len(part)]
                np.add.reduce(part, axis=1, dtype=np.float32, out=mono)
                mono *= self._scale
                self.ring.write(mono)
        stamp = (self.ring.written, now)
        self.stamps.append(stamp)
        self.stamp = stamp

    def _count_clipped(self, part: np.ndarray) -> None:
        loud = self._loud[: len(part)]
        np.greater_equal(part, self._limit, out=loud)
        high = np.count_nonzero(loud)
        np.less_equal(part, -self._limit, out=loud)
        self.clipped += int(high + np.count_nonzero(loud))

    def _finish(self) -> None:
        self.finished = True
