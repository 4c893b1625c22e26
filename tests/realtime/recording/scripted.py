"""Sources that do as they are told, and what to compare of a stream."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np

from realtime.recording import Recorder, Recording
from realtime.records import (
    STREAM_RATE,
    AudioBlock,
    Event,
    Latency,
    MidiBlock,
    Prediction,
    TimedMessage,
)

DEMO = Path(__file__).parents[3] / "demo"
HOP = 0.05


class Script:
    """A source that yields what it was given; exceptions among it are raised."""

    length = None

    def __init__(self, items, stream="audio", live=False):
        self.items, self.stream, self.live = items, stream, live
        self.name = "script"
        self.is_open = False

    def __enter__(self):
        self.is_open = True
        return self

    def __exit__(self, *_):
        self.is_open = False

    def __iter__(self):
        for item in self.items:
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, Event):
                yield item
            else:  # ``captured`` is how late it comes
                yield replace(item, captured=time.perf_counter() - item.captured)


def tone(position, n, late=0.0):
    """A block whose samples are off the 24-bit grid and, here and there, beyond full scale."""
    rng = np.random.default_rng(position)
    return AudioBlock(position, rng.normal(0, 0.3, n).astype(np.float32), late)


def event(kind, position, count=0):
    return Event(kind, position / STREAM_RATE, f"{kind} at {position}", "script", count)


def content(items):
    """Sound or messages by position, gaps, and events with the position they came at."""
    end, starts, parts, events = 0, [], [], []
    for item in items:
        if isinstance(item, Event):
            events.append((end, replace(item, source="")))
            continue
        if item.end == item.position:
            continue
        if not starts or item.position != end:
            starts.append(item.position)
            parts.append([])
        parts[-1] += [item.samples] if isinstance(item, AudioBlock) else item.messages
        end = item.end
    if any(part and isinstance(part[0], np.ndarray) for part in parts):
        parts = [np.concatenate(part).tobytes() for part in parts]
    else:
        parts = [[(m.position, m.message.bin()) for m in part] for part in parts]
    return starts, end, parts, events


def passed_on(source, folder):
    with Recorder(source, folder) as recorder:
        return list(recorder)


def replayed(folder, **options):
    with Recording(folder, **options) as recording:
        return list(recording)


def said(records):
    """What must be the same: all of the predictions and events but latency and source."""
    none = Latency(0, 0, 0, 0)
    return [
        replace(r, source="", latency=none) if isinstance(r, Prediction) else replace(r, source="")
        for r in records
        if isinstance(r, Prediction | Event)
    ]


def scale(start, end):
    note = 40 + start // 1600 % 40
    struck = mido.Message("note_on", note=note), mido.Message("note_off", note=note)
    return MidiBlock(
        start, end, (TimedMessage(start, struck[0]), TimedMessage(end - 1, struck[1])), 0.0
    )


def lines(text):
    """Predictions and events of JSON lines, without what a replay cannot repeat."""
    records = [json.loads(line) for line in text.splitlines()]
    return [
        {key: value for key, value in record.items() if key not in ("latency_ms", "source")}
        for record in records
        if record["type"] in ("prediction", "event")
    ]
