"""Stub networks and sources for the engine."""

from __future__ import annotations

import time
import zlib
from dataclasses import replace
from types import SimpleNamespace

import mido
import numpy as np
import pytest

from realtime import features
from realtime.records import (
    STREAM_RATE,
    AudioBlock,
    Event,
    Latency,
    MidiBlock,
    Prediction,
    TimedMessage,
)
from realtime.registry import Manifest, Model

FEATURES = {
    "mfcc": {"window": 4096, "n_fft": 1024, "hop": 256, "n_mels": 20, "n_mfcc": 5},
    "spectrogram": {"frames": 16, "bands": 8, "n_fft": 512, "win_length": 500, "hop": 470},
    "notes": {"length": 8},
    "chords": {"length": 6},
}
LABELS = ("ape", "bee", "cat", "dog")


class StubNetwork:
    """Answers that change when any bit of the window does."""

    def __init__(self):
        self.asked = 0

    def predict(self, window):
        self.asked += 1
        assert window.dtype == np.float32
        weights = np.frombuffer(zlib.crc32(window.tobytes()).to_bytes(4, "big"), np.uint8) + 1.0
        return (weights / weights.sum()).astype(np.float32)


def stub_model(kind="mfcc", name=None, **changes):
    manifest = Manifest(
        name=name or f"stub-{kind}",
        task="animal",
        kind="cnn",
        labels=LABELS,
        feature={"kind": kind, **FEATURES[kind]},
        window_s=None,
        hop_s=0.25,
        quantisation="float32",
        calibration={"temperature": 1.3, "unknown_below": 0.4},
        smoothing_s=0.7,
        file="model.tflite",
        sha256="",
        size=0,
    )
    return Model(replace(manifest, **changes), StubNetwork())


class StubSource:
    """Yields what it was given, and knows whether it was closed.

    An exception among the items is raised in its place; a callable is called.
    """

    length = None

    def __init__(self, items, *, stream="audio", live=False, name="stub"):
        self.items, self.stream, self.live, self.name = items, stream, live, name
        self.opened = self.closed = 0

    def __enter__(self):
        self.opened += 1
        return self

    def __exit__(self, *_):
        self.closed += 1

    def __iter__(self):
        for item in self.items:
            if isinstance(item, type | BaseException):
                raise item
            yield item() if callable(item) else item


def sound_blocks(samples, sizes=(1600,), *, position=0, captured=None):
    """Samples as blocks of these sizes, again and again."""
    blocks, at, i = [], 0, 0
    while at < len(samples):
        part = samples[at : at + sizes[i % len(sizes)]]
        now = time.perf_counter() if captured is None else captured
        blocks.append(AudioBlock(position + at, part, now))
        at, i = at + len(part), i + 1
    return blocks


def midi_blocks(messages, end, sizes=(1600,), *, position=0):
    """Messages as blocks of these sizes, again and again, up to ``end``."""
    blocks, at, i = [], position, 0
    while at < end:
        stop = min(end, at + sizes[i % len(sizes)])
        inside = tuple(m for m in messages if at <= m.position < stop)
        blocks.append(MidiBlock(at, stop, inside, time.perf_counter()))
        at, i = stop, i + 1
    return blocks


def melody(seconds, seed=0):
    """Notes, chords, pedal, rests and a few drums."""
    rng = np.random.default_rng(seed)
    messages, at = [], 0

    def send(at, kind, **values):
        messages.append(TimedMessage(int(at), mido.Message(kind, **values)))

    while at < seconds * STREAM_RATE:
        held = rng.integers(800, 9_000)
        for _ in range(rng.integers(1, 4)):
            note, channel = int(rng.integers(48, 80)), int(rng.choice([0, 0, 1, 9]))
            send(at, "note_on", note=note, velocity=int(rng.integers(30, 120)), channel=channel)
            send(at + held, "note_off", note=note, channel=channel)
        if rng.random() < 0.2:
            send(at, "control_change", control=64, value=int(rng.choice([0, 127])))
        at += rng.integers(1, 8_000)
        if rng.random() < 0.1:
            at += 60_000
    messages.sort(key=lambda m: m.position)
    return [m for m in messages if m.position < seconds * STREAM_RATE]


def noise(seconds, seed=0):
    """Loud and silent stretches."""
    rng = np.random.default_rng(seed)
    parts = []
    while sum(map(len, parts)) < seconds * STREAM_RATE:
        n = int(rng.integers(1_000, 30_000))
        parts.append(rng.normal(size=n) * rng.choice([0, 0.001, 0.1, 0.3]))
    return np.concatenate(parts)[: round(seconds * STREAM_RATE)].astype(np.float32)


def predictions(records):
    """Predictions without what a clock says."""
    none = Latency(0, 0, 0, 0)
    return [replace(r, latency=none) for r in records if isinstance(r, Prediction)]


@pytest.fixture(scope="session")
def stub():
    """Stub models and sources, what to feed them, and what to look at."""
    assert set(FEATURES) == set(features.KINDS)
    return SimpleNamespace(
        model=stub_model,
        source=StubSource,
        blocks=sound_blocks,
        midi_blocks=midi_blocks,
        melody=melody,
        noise=noise,
        predictions=predictions,
        event=lambda kind, t=0.0, count=0: Event(kind, t, kind, "stub", count),
    )


class FakeSynth:
    """A synthesizer that hums while it is open."""

    made: list[FakeSynth]

    def __init__(self, soundfont):
        self.soundfont, self.position, self.closed = soundfont, 0, False
        self.made.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True

    def render(self, messages, end):
        assert all(self.position <= m.position < end for m in messages)
        t = np.arange(self.position, end)
        self.position = end
        return (0.3 * np.sin(t / 7)).astype(np.float32)

    def reset(self, position):
        self.position = position


@pytest.fixture
def synths(monkeypatch):
    """The synthesizers that an engine made; none of them needs FluidSynth."""
    FakeSynth.made = []
    monkeypatch.setattr("realtime.engine.Synth", FakeSynth)
    return FakeSynth.made
