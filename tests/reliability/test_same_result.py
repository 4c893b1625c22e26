"""The same stream says the same, however it comes: property tests over the whole engine.

The networks are tiny but real, and see every kind of feature. The engine's own tests hold more of
these properties with networks that answer to every bit of a window (``test_engine_same.py``).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from live_fakes import FakeClock, FakeSounddevice
from tiny_models import MFCC, write_folder

from realtime import registry
from realtime.decision import Decision
from realtime.engine import Engine
from realtime.features import build, extract
from realtime.records import STREAM_RATE, AudioBlock, Event, Latency, Prediction
from realtime.sources import portaudio
from realtime.sources.audio_file import AudioFile
from realtime.sources.microphone import Microphone
from realtime.sources.raw import RawStdin

PICTURE = {"kind": "spectrogram", "frames": 16, "bands": 8, "n_fft": 512, "win_length": 500}
PICTURE |= {"hop": 400}
NONE = Latency(0, 0, 0, 0)
BLOCKS = st.lists(st.integers(1, 9_000), min_size=1, max_size=5).filter(
    lambda sizes: sum(sizes) > 400 * len(sizes)  # only tiny ones would take only time
)
GRID = 16_000  # samples: a multiple of the hop, the meter's tenths and all features' hops


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    mfcc = MFCC | {"window": 4000, "n_fft": 1000, "hop": 250}
    return [
        registry.load(write_folder(folder / "mfcc", mfcc)),
        registry.load(write_folder(folder / "picture", PICTURE)),
    ]


class Blocks:
    """A source of samples in blocks of these sizes, beginning at a position."""

    stream, live, length, name = "audio", False, None, "blocks"

    def __init__(self, samples, sizes, position=0):
        self.samples, self.sizes, self.position = samples, sizes, position

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        at = i = 0
        while at < len(self.samples):
            part = self.samples[at : at + self.sizes[i % len(self.sizes)]]
            yield AudioBlock(self.position + at, part, 0.0)
            at, i = at + len(part), i + 1


def sound(seconds, seed):
    """Loud, quiet and silent stretches."""
    rng, parts = np.random.default_rng(seed), []
    while sum(map(len, parts)) < seconds * STREAM_RATE:
        level = rng.choice([0, 0.001, 0.1, 0.3])
        parts.append(rng.normal(size=rng.integers(1_000, 20_000)) * level)
    return np.concatenate(parts)[: round(seconds * STREAM_RATE)].astype(np.float32)


def said(source, models, **options):
    run = Engine(source, models, **options).run()
    return [replace(p, latency=NONE, source="") for p in run if isinstance(p, Prediction)]


def core(prediction):
    p = prediction
    return p.model, p.t, p.window, p.state, p.label, p.p, p.probs


@settings(max_examples=25)
@given(sizes=BLOCKS, seed=st.integers(0, 999), seconds=st.floats(0.3, 3))
def test_any_blocks(models, sizes, seed, seconds):
    samples = sound(seconds, seed)
    whole = said(Blocks(samples, [len(samples)]), models)
    assert said(Blocks(samples, sizes), models) == whole


@settings(max_examples=25)
@given(sizes=BLOCKS, seed=st.integers(0, 999), hops=st.integers(2, 12))
def test_a_stream_says_what_each_window_says_offline(models, sizes, seed, hops):
    """Each prediction against its window alone, cut out of the sound and computed at once."""
    samples = sound(hops * 0.25, seed)
    for p in said(Blocks(samples, sizes), models):
        if p.label is None:
            continue
        model = next(m for m in models if m.manifest.name == p.model)
        feature = build(model.manifest.feature)
        end = round(p.window[1] * STREAM_RATE)
        raw = model.network.predict(extract(feature, samples[:end]))
        assert list(p.probs.values()) == Decision(model.manifest).calibrate(raw).tolist()


@settings(max_examples=15)
@given(sizes=BLOCKS, seed=st.integers(0, 999), start=st.integers(1, 3))
def test_after_a_reset_and_after_a_reconnect(models, sizes, seed, start):
    """A gap resets all; what follows is what a fresh start at that place says."""
    samples, at = sound(start + 2.0, seed), start * GRID

    class Gap(Blocks):
        def __iter__(self):
            yield from Blocks(sound(1.0, seed + 1), sizes)
            yield Event("disconnected", 1.0, "gone", "gap")
            yield Event("reconnected", 5.0, "back", "gap")
            yield from Blocks(samples[at:], sizes, position=5 * GRID)

    fresh = said(Blocks(samples[at:], [1600], position=5 * GRID), models)
    after = [p for p in said(Gap(samples, sizes), models) if p.t > 5]
    assert [core(p) for p in after] == [core(p) for p in fresh]
    assert [p.smoothed for p in after] == [p.smoothed for p in fresh]


def test_a_device_that_was_away_says_of_later_sound_what_it_would_have_said(models, monkeypatch):
    samples = sound(4.0, 3)

    def listen(away):
        sd, clock = FakeSounddevice(), FakeClock()
        monkeypatch.setattr(portaudio, "load", lambda: sd)
        device = sd.plug("usb", channels=1, rate=STREAM_RATE)

        def feed(part):
            if sd.streams:
                sd.streams[0].feed(part[:, None])

        start = 12.0 if away else 0.0
        for at in range(0, len(samples), 160):
            part = samples[at : at + 160]
            clock.at(start + (at + 160) / STREAM_RATE, lambda part=part: feed(part))
        if away:
            clock.at(0.5, lambda: sd.unplug(device))
            clock.at(8.0, lambda: sd.present.append(device))
            clock.at(9.0, lambda: feed(np.zeros(1600, np.float32)))
        source = Microphone(clock=clock)
        clock.at(start + 4.05, source.stop)
        blocks, events = [], []
        with source:
            for item in source:
                if isinstance(item, Event):
                    events.append(item)
                elif isinstance(item, AudioBlock):
                    blocks.append(item)
        assert [e.kind for e in events][:2] == (["disconnected", "reconnected"] if away else [])
        heard = np.concatenate([b.samples for b in blocks if isinstance(b, AudioBlock)])
        return heard[-len(samples) :]

    assert np.array_equal(listen(away=True)[-GRID:], listen(away=False)[-GRID:])


@settings(max_examples=4)
@given(seed=st.integers(0, 999))
def test_alone_or_among_sixteen(models, seed):
    """Sixteen engines take turns with the same interpreters."""
    streams = [sound(1.0, seed + i) for i in range(16)]
    alone = [said(Blocks(s, [1600]), models) for s in streams]
    runs = [Engine(Blocks(s, [900 + 31 * i]), models).run() for i, s in enumerate(streams)]
    together = [[] for _ in runs]
    left = set(range(16))
    while left:
        for i in sorted(left):
            record = next(runs[i], None)
            if record is None:
                left.discard(i)
            elif isinstance(record, Prediction):
                together[i].append(replace(record, latency=NONE, source=""))
    assert together == alone


@pytest.mark.parametrize("pace", ["real", "fast"])
def test_any_pace_and_any_way_in(models, tmp_path, pace):
    samples = sound(1.5, 9)
    soundfile.write(tmp_path / "a.wav", samples, STREAM_RATE, subtype="FLOAT")
    (tmp_path / "a.raw").write_bytes(samples.astype("<f4").tobytes())
    expected = said(Blocks(samples, [1600]), models)
    assert said(AudioFile(tmp_path / "a.wav"), models, pace=pace) == expected
    with (tmp_path / "a.raw").open("rb") as raw:
        assert said(RawStdin(raw), models, pace=pace) == expected
