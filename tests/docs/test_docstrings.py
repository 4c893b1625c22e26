"""Examples in docstrings: each does what it shows. Those that need a device are tried elsewhere."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import mido
import numpy as np
import pytest
import soundfile

import realtime
import training

NAMES = [
    module.name
    for package in (realtime, training)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith("__main__")
]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files that the examples name."""
    monkeypatch.chdir(tmp_path)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(64_000) / 16_000)
    soundfile.write("flute.wav", tone, 16_000)
    soundfile.write("song.flac", tone[:32_000], 16_000)
    track = mido.MidiTrack()
    for note in (60, 64, 67):
        track.append(mido.Message("note_on", note=note, velocity=70))
        track.append(mido.Message("note_off", note=note, time=240))
    mido.MidiFile(tracks=[track]).save("song.mid")


def test_every_example_does_what_it_shows(files):
    tried = 0
    for name in ["realtime", *NAMES]:
        module = import_module(name)
        result = doctest.testmod(module)
        assert result.failed == 0, name
        tried += result.attempted
    assert tried > 10
