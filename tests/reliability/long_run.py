"""Listens for hours of stream time at full speed: ``long_run.py audio|midi HOURS FACTS``.

A microphone at 48 kHz or a MIDI port is played to by a clock that does not wait; all behind it is
the program's own: capture, ring, resampler, engine, the shipped models and a sink. Writes what it
measured to the file FACTS, as JSON.
"""

from __future__ import annotations

import gc
import itertools
import json
import math
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import psutil
import soundfile
from live_fakes import FakeClock, FakeMidi, FakeSounddevice

from realtime.api import choose
from realtime.engine import Engine
from realtime.records import STREAM_RATE, AudioBlock, Event, MidiBlock, Prediction, Summary
from realtime.registry import read_manifest, shipped
from realtime.sinks.jsonlines import JsonLines
from realtime.sinks.outlet import Outlet
from realtime.sources import midi_port, midi_system, portaudio
from realtime.sources.microphone import Microphone
from realtime.sources.midi_port import MidiPort
from realtime.sources.midi_system import MidiPorts

ROOT = Path(__file__).resolve().parents[2]
RATE = 48_000  # of the device
BLOCK = 4_800  # frames a callback
HOP = 2.0
GRID = math.lcm(  # samples: a multiple of the hop and of the distances of all features' frames
    round(HOP * STREAM_RATE),
    *(m["hop"] for folder in shipped() if "hop" in (m := read_manifest(folder).feature)),
)
REST = GRID // 4 // 4_000  # quarters of a second between two rests, one of them before the tail
TAIL = 90 * STREAM_RATE
"""The end of the stream that a fresh start hears too: longer than every window."""


class Playing(FakeClock):
    """A clock that never waits and plays each time it should have.

    Args:
        step: Seconds between two things that are played.
        play: Plays number ``n``.
    """

    def __init__(self, step: float, play) -> None:
        super().__init__()
        self.begun = self.time = time.perf_counter()
        self.step, self.play, self.played = step, play, 0

    def sleep(self, seconds: float) -> None:
        end = self.time + seconds
        while (when := self.begun + (self.played + 1) * self.step) <= end + 1e-9:
            self.time = max(self.time, when)
            self.play(self.played)
            self.played += 1
        self.time = max(self.time, end)


class Tee:
    """A source that remembers the blocks of the last stretch, for the fresh start."""

    def __init__(self, source, start: int, end: int) -> None:
        self.source, self.start, self.end = source, start, end
        self.kept = []
        self.events: Counter[str] = Counter()
        self.name, self.stream, self.live = source.name, source.stream, source.live
        self.length = None

    def __enter__(self):
        self.source.__enter__()
        return self

    def __exit__(self, *args):
        self.source.__exit__(*args)

    def __iter__(self):
        for item in self.source:
            if isinstance(item, Event):
                self.events[item.kind] += 1
            elif isinstance(item, AudioBlock | MidiBlock) and item.end > self.start:
                self.kept.append(item)
            yield item


class Again:
    """The kept blocks as a source that begins where they do."""

    live, length, name = False, None, "again"

    def __init__(self, stream, blocks, start) -> None:
        self.stream, self.blocks, self.start = stream, blocks, start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        for block in self.blocks:
            if block.position >= self.start:
                yield block
            elif isinstance(block, AudioBlock):
                skip = self.start - block.position
                yield replace(block, position=self.start, samples=block.samples[skip:])
            else:
                inside = tuple(m for m in block.messages if m.position >= self.start)
                yield replace(block, position=self.start, messages=inside)


def music() -> np.ndarray:
    """Nine minutes at the device's rate: music, silence, noise, and music again."""
    import soxr

    song, rate = soundfile.read(ROOT / "demo" / "prelude.ogg", dtype="float32", always_2d=True)
    song = soxr.resample(song.mean(axis=1), rate, RATE).astype(np.float32)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.05, 60 * RATE).astype(np.float32)
    parts = [song, np.zeros(30 * RATE, np.float32), noise, song[::2] * np.float32(0.3), song]
    whole = np.concatenate(parts)
    return whole[: len(whole) // BLOCK * BLOCK]


def microphone():
    """A microphone that plays ``music`` for ever, and how many frames it delivered."""
    sd, sound = FakeSounddevice(), music()
    sd.plug("endless", channels=1)
    portaudio.load = lambda: sd
    blocks = itertools.cycle(range(0, len(sound), BLOCK))

    def play(_):
        at = next(blocks)
        sd.streams[0].feed(sound[at : at + BLOCK, None])

    clock = Playing(BLOCK / RATE, play)
    source = Microphone(clock=clock)
    return source, lambda: clock.played * BLOCK / RATE


def keyboard():
    """A MIDI port on which somebody plays for ever, with rests, and how long it was played."""
    midi = FakeMidi()
    midi_system.survey = lambda only=None: [MidiPorts("UNIX_JACK", "JACK", ("keys",))]
    midi_port.MidiSystem = midi.system
    rng = np.random.default_rng(0)
    keys = rng.integers(36, 96, 4_096)
    down: list[int] = []

    def send(kind, **values):
        midi.inputs[0].callback(mido.Message(kind, **values))

    def play(n):
        while down:
            send("note_off", note=down.pop())
        if n % REST >= REST - 44:  # eleven seconds: long enough for the last note to die away
            if n % REST == REST - 44:
                send("control_change", control=64, value=0)
            return
        for key in keys[np.arange(n, n + 1 + n % 3) % len(keys)].tolist():
            send("note_on", note=key, velocity=40 + n % 60)
            down.append(key)
        if n % 16 == 0:
            send("control_change", control=64, value=127 * (n // 16 % 2))

    clock = Playing(0.25, play)
    return MidiPort(clock=clock), lambda: clock.time - clock.begun


def open_files() -> int:
    return psutil.Process().num_fds() if os.name == "posix" else psutil.Process().num_handles()


def main(stream: str, hours: float, facts: Path) -> None:
    end = math.ceil(hours * 3600 * STREAM_RATE / GRID) * GRID + TAIL
    start = end - TAIL
    models = choose(stream)
    source, played = microphone() if stream == "audio" else keyboard()
    tee = Tee(source, start, end)
    engine = Engine(tee, models, hop=HOP, duration=end / STREAM_RATE, signals=True)
    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open as long as the process
    outlet = Outlet(JsonLines(nowhere), wait=True)
    memory, handles, threads = [], [], []
    last: list[Prediction] = []
    states: Counter[str] = Counter()
    dues, drift, summary = 0, 0.0, None
    began = time.perf_counter()
    step = start // 50 // round(HOP * STREAM_RATE)
    for record in engine.run():
        outlet.put(record)
        if isinstance(record, Summary):
            summary = record
        if not isinstance(record, Prediction):
            continue
        states[record.state] += 1
        if record.t * STREAM_RATE > start:
            last.append(record)
        if record.model == models[0].manifest.name:
            dues += 1
            assert record.t == dues * HOP, "a window came at another time than it was due"
            drift = max(drift, abs(played() - record.t))
            if dues % step == 0 and record.t * STREAM_RATE <= start:
                gc.collect()
                memory.append(psutil.Process().memory_info().rss / 2**20)
                handles.append(open_files())
                threads.append(threading.active_count())
    outlet.close(60)
    wall = time.perf_counter() - began
    fresh = Engine(
        Again(stream, tee.kept, start), models, hop=HOP, duration=end / STREAM_RATE
    ).run()
    again = [r for r in fresh if isinstance(r, Prediction)]
    facts.write_text(
        json.dumps(
            {
                "models": [m.manifest.name for m in models],
                "hop_s": HOP,
                "hours": end / STREAM_RATE / 3600,
                "wall_s": wall,
                "cpu_s": time.process_time(),
                "windows": sum(states.values()),
                "states": states,
                "events": tee.events,
                "dropped": summary.dropped,
                "seconds": summary.seconds,
                "drift_s": drift,
                "memory_mb": memory,
                "handles": handles,
                "threads": threads,
                "unsent": outlet.dropped,
                "last": [_said(p) for p in last],
                "fresh": [_said(p) for p in again],
            }
        ),
        "utf-8",
    )


def _said(p: Prediction) -> tuple:
    return p.model, p.t, p.window, p.state, p.label, p.probs


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
