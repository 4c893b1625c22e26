"""``--check``: will it hear well, and will this machine keep up?"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

import mido
import numpy as np

from realtime.engine import Engine
from realtime.lanes import SILENT_DBFS
from realtime.meter import QUIETEST, Meter, Reading
from realtime.records import (
    STREAM_RATE,
    AudioBlock,
    Event,
    MidiBlock,
    Pause,
    Prediction,
    TimedMessage,
)
from realtime.registry import Model
from realtime.sources import Source
from realtime.sources.capture import CLIPPED
from realtime.text import printable

FAINT_DBFS = -45.0
"""A loudest moment below this leaves the networks little more than noise."""

TIGHT = 0.7
"""Share of the hop above which other programs can make it late."""

_WARM = 3  # hops that do not count: caches and lazy allocations
_ENOUGH = (2.0, 12)  # seconds and hops after which the timing may end
_PATIENCE = 10.0  # seconds after which it ends
_LONGEST_HOP = 2.0  # timing a longer one would take too long; shorter ones are harder anyway


@dataclass
class Heard:
    """What a source delivered.

    Attributes:
        seconds: Stream time.
        level: Mean level in dBFS; ``QUIETEST`` for nothing.
        loudest: Level of the loudest tenth of a second.
        floor: Level that a tenth of the tenths of a second stay below: the noise, in a pause.
        peak: Highest absolute sample.
        clipped: Samples at full scale; of a microphone, before its channels were mixed.
        notes: Notes struck.
        messages: MIDI messages.
        events: How many of each kind.
        xruns: Times that the device was late.
        mixed: Channels that were heard together and could be heard alone.
    """

    seconds: float = 0.0
    level: float = QUIETEST
    loudest: float = QUIETEST
    floor: float = QUIETEST
    peak: float = 0.0
    clipped: int = 0
    notes: int = 0
    messages: int = 0
    events: Counter[str] = field(default_factory=Counter)
    xruns: int = 0
    mixed: int = 1


@dataclass(frozen=True, slots=True)
class Speed:
    """What a hop costs on this machine.

    Attributes:
        hop: Seconds between predictions that were timed.
        usual: Median of the seconds that a hop took, for all models together.
        worst: 95th percentile of them.
        models: Median milliseconds of each network.
        notices: What the engine had to say, as that there is no synthesizer.
    """

    hop: float
    usual: float
    worst: float
    models: dict[str, float]
    notices: tuple[str, ...] = ()


def check(
    source: Source, models: Sequence[Model], *, hop: float, seconds: float = 5.0
) -> Iterator[str]:
    """Listen for a while, time the models, and judge.

    Args:
        source: A microphone or MIDI port, not yet entered.
        models: Those that would be used.
        hop: Seconds between predictions.
        seconds: How long to listen.

    Yields:
        Lines of text, the last one being the verdict.

    Raises:
        UserError: The source cannot be opened, or ``hop`` is out of range.
    """
    with source:
        what = "play as you will" if source.stream == "audio" else "play something"
        yield f"Listening to {source.name} for {seconds:g} s: {what}, with a pause"
        yield from _properties(source)
        heard = listen(source, seconds)
    yield from _signal(source.stream, heard)
    names = ", ".join(printable(m.manifest.name) for m in models)
    yield f"Timing {names}"
    speed = time_models(models, source.stream, hop)
    for notice in speed.notices:
        yield f"  note         {printable(notice)}"
    yield (
        f"  each hop     {speed.usual * 1e3:.1f} ms of {speed.hop * 1e3:g} ms, "
        f"at times {speed.worst * 1e3:.1f} ms"
    )
    for name, milliseconds in speed.models.items():
        yield f"    {printable(name):<18} {milliseconds:6.1f} ms"
    yield f"Verdict: {verdict(source.stream, heard, speed)}"


def listen(source: Source, seconds: float) -> Heard:
    """Measure what an entered source yields until ``seconds`` of stream time or its end."""
    heard = Heard()
    meter = Meter(1.0)
    readings: list[Reading] = []
    for item in source:
        if isinstance(item, Pause):
            break  # nothing to wait for
        if isinstance(item, Event):
            heard.events[item.kind] += 1
            continue
        if isinstance(item, AudioBlock):
            readings += meter.push(item.samples)
            heard.clipped += int(np.count_nonzero(np.abs(item.samples) >= CLIPPED))
        else:
            kinds = [(m.message.type, m.message.bytes()[-1]) for m in item.messages]
            heard.messages += len(kinds)
            heard.notes += sum(kind == "note_on" and last > 0 for kind, last in kinds)
        heard.seconds = item.end / STREAM_RATE
        if heard.seconds >= seconds:
            break
    if readings:
        levels = np.array([reading.level for reading in readings])
        heard.level = 10 * math.log10(np.mean(10 ** (levels / 10)))
        heard.loudest, heard.floor = float(levels.max()), float(np.percentile(levels, 10))
        heard.peak = max(reading.peak for reading in readings)
    heard.xruns = getattr(source, "xruns", 0)
    heard.clipped = getattr(source, "clipped", heard.clipped)
    heard.mixed = getattr(source, "mixed", 1)
    return heard


def time_models(models: Sequence[Model], stream: Literal["audio", "midi"], hop: float) -> Speed:
    """Run the engine at full speed on something that every model has to think about.

    Args:
        models: Loaded models.
        stream: What they will listen to.
        hop: Seconds between predictions; no more than ``_LONGEST_HOP`` is timed.

    Raises:
        UserError: ``hop`` is out of range, or a model cannot be used.
    """
    used = min(hop, _LONGEST_HOP)
    source = _Exercise(stream, used)
    done: dict[float, float] = {}
    took: dict[str, list[float]] = {}
    notices = []
    started = time.perf_counter()
    for record in Engine(source, models, hop=used).run():
        if isinstance(record, Prediction):
            done[record.t] = time.perf_counter()
            took.setdefault(record.model, []).append(record.latency.inference)
        elif isinstance(record, Event):
            notices.append(record.text)
    hops = np.diff([started, *done.values()])
    hops = hops[_WARM:] if len(hops) > _WARM else hops
    return Speed(
        hop=used,
        usual=float(np.median(hops)),
        worst=float(np.percentile(hops, 95)),
        models={name: float(np.median(times)) for name, times in took.items()},
        notices=tuple(notices),
    )


def verdict(stream: Literal["audio", "midi"], heard: Heard, speed: Speed) -> str:
    """One line: whether it will keep up, and what to do about what is not as it should be."""
    share = speed.worst / speed.hop
    slowest = max(speed.models, key=speed.models.__getitem__, default="a model")
    # A hop that leaves room, in steps that are easy to type.
    better = math.ceil(speed.worst / TIGHT * 20) / 20
    remedy = f"raise --hop to {better:g} or drop {printable(slowest)}"
    if share > 1:
        said = f"it will not keep up: {remedy}"
    elif share > TIGHT:
        said = f"it will only just keep up: to be sure, {remedy}"
    else:
        said = f"it will keep up, at {share:.0%} of the hop"
    return "; ".join([said, *_complaints(stream, heard)])


def _complaints(stream: Literal["audio", "midi"], heard: Heard) -> Iterator[str]:
    alone = f", or hear one of its {heard.mixed} channels alone: --channel N"
    alone = alone if heard.mixed > 1 else ""
    if heard.events["disconnected"]:
        yield "the device went away: check its cable"
    elif heard.seconds == 0:
        yield "nothing arrived: check the cable, or choose another device (--list-devices)"
    elif stream == "midi":
        if not heard.notes:
            yield "no note arrived: play on it, or choose another port (--list-devices)"
    elif heard.loudest < SILENT_DBFS:
        yield f"nothing but silence arrived: unmute it, turn it up or choose another device{alone}"
    elif heard.loudest < FAINT_DBFS:
        yield f"the level is too low: turn it up or go nearer{alone}"
    elif heard.clipped:
        yield "the sound clips: turn it down or go farther away"
    what = "sound was" if stream == "audio" else "messages were"
    if heard.events["overflow"]:
        yield f"{what} lost on the way: close other programs"
    elif heard.xruns:
        yield f"{what} lost or late: close other programs"


def _properties(source: Source) -> Iterator[str]:
    from realtime.sources.microphone import Microphone
    from realtime.sources.midi_port import MidiPort

    if isinstance(source, Microphone):
        device = source.device
        if device is not None:
            yield f"  device       {source.name} ({device.api}), number {device.index}"
            yield f"  channels     {source.channels} of {device.channels}"
        yield f"  rate         {source.rate} Hz, heard at {STREAM_RATE} Hz"
        yield f"  latency      {source.latency * 1e3:.0f} ms in the device"
    elif isinstance(source, MidiPort):
        yield f"  port         {source.name} ({source.api})"


def _signal(stream: Literal["audio", "midi"], heard: Heard) -> Iterator[str]:
    if stream == "midi":
        yield f"  notes        {heard.notes} among {heard.messages} messages"
    else:
        yield f"  level        {heard.level:.1f} dBFS, at its loudest {heard.loudest:.1f} dBFS"
        yield f"  noise floor  {heard.floor:.1f} dBFS"
        clipping = f"{heard.clipped} samples clipped" if heard.clipped else "no clipping"
        yield f"  peak         {heard.peak:.3f} of full scale, {clipping}"
    lost = f"{heard.events['overflow']} overflows"
    yield (
        f"  losses       {lost}, {heard.xruns} xruns"
        if stream == "audio"
        else f"  losses       {lost}"
    )


class _Exercise:
    """Noise, or a scale, for as long as timing takes."""

    name = "exercise"
    live = False
    length: float | None = None

    def __init__(self, stream: Literal["audio", "midi"], hop: float) -> None:
        self.stream = stream
        self._hop = round(hop * STREAM_RATE)
        rng = np.random.default_rng(0)
        self._noise = rng.normal(0, 0.1, STREAM_RATE // 10).astype(np.float32)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __iter__(self) -> Iterator[AudioBlock | MidiBlock]:
        started = time.perf_counter()
        seconds, hops = _ENOUGH
        step = len(self._noise)
        position = 0
        while True:
            spent = time.perf_counter() - started
            if spent > _PATIENCE and position > self._hop:
                return
            if spent > seconds and position > (hops + _WARM) * self._hop:
                return
            now = time.perf_counter()
            if self.stream == "audio":
                yield AudioBlock(position, self._noise, now)
            else:
                yield MidiBlock(position, position + step, self._notes(position, step), now)
            position += step

    def _notes(self, position: int, step: int) -> tuple[TimedMessage, ...]:
        """A note as long as the block."""
        pitch = 48 + position // step * 7 % 24
        on = mido.Message("note_on", note=pitch, velocity=80)
        off = mido.Message("note_off", note=pitch)
        return TimedMessage(position, on), TimedMessage(position + step - 1, off)
