"""A window to a prediction, for every shipped model, and the whole engine around them."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.api import choose
from realtime.engine import Engine
from realtime.registry import load, shipped
from realtime.sources.audio_file import AudioFile
from realtime.sources.midi_file import MidiFile

from .conftest import DEMO


@pytest.mark.benchmark(group="network: a window to a prediction")
@pytest.mark.parametrize("folder", shipped(), ids=lambda folder: folder.name)
def test_network(benchmark, folder):
    network = load(folder).network
    window = np.random.default_rng(0).random(network.input_shape, dtype=np.float32)
    benchmark(network.predict, window)


@pytest.mark.benchmark(group="engine: a minute of sound or MIDI, hop 0.25 s")
@pytest.mark.parametrize(
    ("make", "name", "task"),
    [
        (AudioFile, "prelude.ogg", "instrument"),
        (AudioFile, "prelude.ogg", "all"),
        (MidiFile, "prelude.mid", "composer"),
    ],
    ids=["sound, instruments", "sound, all", "MIDI, composers"],
)
def test_engine(benchmark, make, name, task):
    source = make(DEMO / name)
    models = choose(source.stream, task=task)
    benchmark.pedantic(lambda: list(Engine(source, models).run()), rounds=3, warmup_rounds=1)
