"""From what a microphone delivered to blocks in stream time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from realtime.records import STREAM_RATE, AudioBlock, Event
from realtime.sources.capture import Capture
from realtime.sources.resample import Resampler

_LOUDEST = 1e10  # beyond it a sample is a fault, as NaN is, and energies overflow


@dataclass(slots=True)
class Tally:
    """What went wrong so far.

    Attributes:
        lost: Stream samples lost to overflows.
        invalid: Samples of the device that were no finite numbers.
    """

    lost: int = 0
    invalid: int = 0


class Feed:
    """The reader's end of one capture: blocks and events in stream time.

    Each callback's sound is a block of its own, stamped with the time at which it was in the ring,
    however many waited there.

    Args:
        tell: Makes an event of a kind, a stream position, a text and a count.
        tally: Where to count.
        capture: Where the sound comes from.
        position: Stream position of the first row that is read.
        row: That row of the capture.

    Attributes:
        end: Stream position up to which sound was yielded or is known to be lost.
        until: When the last row that was read had arrived, in seconds of the clock.
    """

    def __init__(
        self, tell: Callable[..., Event], tally: Tally, capture: Capture, position: int, row: int
    ) -> None:
        self.capture = capture
        self.end = position
        self.until = capture.stamp[1]
        self._tell, self._tally = tell, tally
        self._rate = capture.rate
        self._row = self._first = row
        while capture.losses and capture.losses[0][0] <= row:
            capture.losses.popleft()  # before our time
        self._position = position
        self._missing = 0  # rows since the first that the device never delivered
        self._fed = self._given = 0  # rows in and samples out since the last gap
        self._resampler = None
        if capture.rate != STREAM_RATE:
            self._resampler = Resampler(capture.rate)
        self._pace = Pace(capture.rate)
        self._invalid = 0
        self._xruns = capture.xruns
        self._complained = self._warned = -np.inf

    def read(self) -> list[AudioBlock | Event]:
        """What arrived since the last call; often nothing."""
        rows, when = self.capture.stamp
        if rows <= self._row:
            return []
        samples, end, skipped = self.capture.ring.read(self._row, rows - self._row)
        start = at = end - len(samples)
        self._row = end
        items: list[AudioBlock | Event] = []
        if skipped:
            items += self._gap(start)
        losses = self.capture.losses
        for until, came in self._arrivals(end, when):
            self.until = came
            while losses and losses[0][0] <= until:
                row, lost = losses.popleft()
                row = max(row, at)
                items += self._sound(samples[at - start : row - start])
                at = row
                self._missing += lost
                items += self._gap(row)
            if until > at:
                items += self._sound(samples[at - start : until - start])
                at = until
        if unsaid := self._pace.missing(rows + self._missing, when):
            self._missing += unsaid
            items += self._gap(end)
        if self._invalid and when - self._complained >= 1:
            items.append(self._complain(when))
        if self.capture.xruns > self._xruns and when - self._warned >= 1:
            items.append(self._warn(when))
        return items

    def _arrivals(self, end: int, when: float) -> list[tuple[int, float]]:
        """Where each callback's rows up to ``end`` ended, and when it came."""
        stamps, arrivals = self.capture.stamps, []
        while stamps and stamps[0][0] < end:
            arrivals.append(stamps.popleft())
        return [*arrivals, (end, when)]

    def finish(self) -> list[AudioBlock | Event]:
        """The rest: what the ring still holds and what the resampler kept back."""
        items = self.read() + self._flush()
        if self._invalid:
            items.append(self._complain(self.until))
        if self.capture.xruns > self._xruns:
            items.append(self._warn(self.until))
        return items

    def _sound(self, samples: np.ndarray) -> list[AudioBlock | Event]:
        if not len(samples):
            return []
        bad = ~(np.abs(samples) <= _LOUDEST)
        if bad.any():
            samples[bad] = 0
            self._invalid += int(np.count_nonzero(bad))
        self._fed += len(samples)
        return self._block(samples if self._resampler is None else self._resampler.push(samples))

    def _flush(self) -> list[AudioBlock | Event]:
        if self._resampler is None or self._fed == 0:
            return []
        return self._block(self._resampler.flush())

    def _block(self, samples: np.ndarray) -> list[AudioBlock | Event]:
        if not len(samples):
            return []
        position = self.end
        self.end += len(samples)
        self._given += len(samples)
        # The resampler holds some of it back: its last sample arrived that long ago.
        held = max(0.0, self._fed / self._rate - self._given / STREAM_RATE)
        return [AudioBlock(position, samples, self.until - held)]

    def _gap(self, row: int) -> list[AudioBlock | Event]:
        """End the sound before ``row``, which goes on where the lost rows put it."""
        items = self._flush()
        self._fed = self._given = 0
        came = row - self._first + self._missing
        position = self._position + round(came * STREAM_RATE / self._rate)
        lost = max(0, position - self.end)
        text = f"{lost / STREAM_RATE:.3f} s of sound were lost"
        items.append(self._tell("overflow", self.end, text, lost))
        self.end += lost
        self._tally.lost += lost
        return items

    def _complain(self, when: float) -> Event:
        count, self._invalid = self._invalid, 0
        self._complained = when
        self._tally.invalid += count
        text = f"{count} samples were no finite numbers"
        return self._tell("invalid", self.end, text, count)

    def _warn(self, when: float) -> Event:
        """Tell of what the device was late with, also where too little was lost for an estimate."""
        xruns = self.capture.xruns
        count, self._xruns = xruns - self._xruns, xruns
        self._warned = when
        return self._tell("xrun", self.end, f"times the device was late: {count}", count)


class Pace:
    """Finds sound that is missing although the device said nothing.

    A sound server whose client was held up for long drops what it cannot keep, without a word. Then
    all later rows are late by what was dropped. Lateness varies by the callback but its least value
    in a second does not, except that the device's clock drifts against ours.

    Args:
        rate: Rows a second.
    """

    _TOLERANCE = 0.1  # seconds; buffers of that size may come and go
    _DRIFT = 0.002  # seconds a second, more than any sound card's

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._usual = np.inf
        self._least = np.inf
        self._suspect = np.inf  # the window before, if it was too late
        self._due: float | None = None

    def missing(self, rows: int, when: float) -> int:
        """How many rows must have been lost; 0 unless two whole seconds were late.

        Args:
            rows: Rows that came or are known to be lost.
            when: The arrival of the last of them.
        """
        self._least = min(self._least, when - rows / self._rate)
        if self._due is None:
            self._due = when + 1
        if when < self._due:
            return 0
        self._due = when + 1
        least, self._least = self._least, np.inf
        if least <= self._usual + self._TOLERANCE:
            self._usual = min(least, self._usual + self._DRIFT)
            self._suspect = np.inf
            return 0
        suspect, self._suspect = self._suspect, least
        if suspect == np.inf:
            return 0
        self._suspect = np.inf
        return round((min(least, suspect) - self._usual) * self._rate)
