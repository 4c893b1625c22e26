"""A microphone on a stage: what plays into it, and what came out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from live_fakes import FakeClock

from realtime.records import AudioBlock, Event, Pause
from realtime.sources.microphone import Microphone


class Stage:
    """A microphone, what plays into it, and what came out."""

    def __init__(self, sd, **options):
        self.sd = sd
        self.clock = FakeClock()
        self.source = Microphone(clock=self.clock, **options)
        self.sent = 0

    def play(self, sound, *, every=480, start=0.0, late=0.0):
        """Plan the delivery of a sound, in real time, to whatever stream is open by then."""
        for at in range(0, len(sound), every):
            part = sound[at : at + every]
            when = start + (at + len(part)) / 48_000 + late
            self.clock.at(when, lambda part=part: self.feed(part))

    def feed(self, part, **options):
        if self.sd.streams:
            self.sd.streams[0].feed(part, **options)

    def run(self, until):
        """Listen for so many seconds of the clock."""
        self.clock.at(until, self.source.stop)
        with self.source:
            items = []
            for item in self.source:
                if isinstance(item, AudioBlock):
                    assert item.samples.dtype == np.float32
                    assert np.isfinite(item.samples).all()
                    assert item.captured <= self.clock.now()
                items.append((self.clock.now() - 100, item))
        return heard(items)


def heard(items):
    """Sound in stream time (NaN where there is none), events and when each came."""
    blocks = [item for _, item in items if isinstance(item, AudioBlock)]
    pauses = [(when, item.position) for when, item in items if isinstance(item, Pause)]
    items = [(when, item) for when, item in items if not isinstance(item, Pause)]
    events = [item for _, item in items if isinstance(item, Event)]
    sound = np.full(max((block.end for block in blocks), default=0), np.nan, np.float32)
    end, told = 0, False
    for _, item in items:
        if isinstance(item, AudioBlock):
            assert item.position >= end
            if item.position > end:
                assert told, "a gap without an event"
            sound[item.position : item.end] = item.samples
            end, told = item.end, False
        else:
            told = True
    return SimpleNamespace(
        blocks=blocks,
        sound=sound,
        events=events,
        kinds=[event.kind for event in events],
        times=[when for when, item in items if isinstance(item, Event)],
        pauses=pauses,
    )


def tone(seconds, rate=48_000):
    t = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
