"""Sounds, pieces and systems that are small enough to be trained in seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from training.datasets import read_all
from training.fit import quiet_tensorflow
from training.protocols.plans import PLANS, Plan
from training.protocols.windows import Windows, cut

TINY = {
    "instrument-cnn-paper": {
        "name": "vgg",
        "blocks": [[2], [2]],
        "dropout": 0.1,
        "dense": 4,
        "batch_norm": False,
        "standardise": True,
    },
    "instrument-lstm-paper": {
        "name": "lstm",
        "units": [4],
        "dropout": 0.1,
        "dense": 4,
        "standardise": True,
    },
    "composer-cnn-bands": {
        "name": "bands",
        "stem": 2,
        "blocks": [[2], [2]],
        "dense": 4,
        "dropout": 0.1,
    },
    "composer-lstm-paper": {"name": "lstm", "units": [4], "dropout": 0.1, "dense": 4},
    "composer-cnn-paper": {
        "name": "mixed",
        "vgg": [[2], [2, 2], [2]],
        "residual": [2],
        "dense_blocks": [1],
        "growth": 2,
        "dense": 4,
        "dropout": 0.1,
    },
}


@pytest.fixture
def tensorflow() -> None:
    """Has TensorFlow ready, on two threads."""
    pytest.importorskip("tensorflow")
    quiet_tensorflow(2)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The papers' systems with next to no network, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    for name in TINY:
        monkeypatch.setitem(PLANS, name, tiny_plan(name))


def tiny_plan(name: str) -> Plan:
    """A paper's system with next to no network."""
    plan = PLANS[name]
    feature = plan.feature
    if feature["kind"] == "mfcc":
        feature = feature | {"window": 8192, "n_mels": 20, "n_mfcc": 5}
    training = replace(plan.training, epochs=2, batch=8)
    space = {"dropout": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)}
    return replace(plan, network=TINY[name], feature=feature, training=training, space=space)


@pytest.fixture
def sounds(tmp_path: Path) -> str:
    """Two families, four instruments each, six notes an instrument."""
    rng = np.random.default_rng(0)
    t = np.arange(8000) / 16_000
    index = {}
    (tmp_path / "notes" / "audio").mkdir(parents=True)
    for family in ("flute", "organ"):
        for i in range(4):
            for pitch in range(60, 66):
                hz = 440 * 2 ** ((pitch - 69) / 12)
                sound = np.sin(2 * np.pi * hz * t) if family == "flute" else rng.normal(0, 1, 8000)
                name = f"{family}_{i}-{pitch}"
                soundfile.write(tmp_path / "notes" / "audio" / f"{name}.wav", 0.2 * sound, 16_000)
                index[name] = {
                    "instrument_family_str": family,
                    "instrument_str": f"{family}_{i}",
                    "instrument_source_str": "acoustic" if family == "flute" else "electronic",
                }
    (tmp_path / "notes" / "examples.json").write_text(json.dumps(index))
    return f"nsynth:{tmp_path / 'notes'}"


@pytest.fixture
def pieces(tmp_path: Path) -> str:
    """Four works each of two composers."""
    rng = np.random.default_rng(0)
    for composer, step in (("bach", 2), ("chopin", 7)):
        for k in range(4):
            track = mido.MidiTrack()
            line = 40 + np.cumsum(rng.integers(-step, step + 1, 130)) % 40
            for note in line.tolist():
                track.append(mido.Message("note_on", note=note, velocity=60 + step))
                track.append(mido.Message("note_off", note=note, time=96))
            path = tmp_path / "pieces" / composer / f"{k}.mid"
            path.parent.mkdir(parents=True, exist_ok=True)
            mido.MidiFile(tracks=[track]).save(path)
    return f"composers:{tmp_path / 'pieces'}"


@pytest.fixture
def made() -> Callable[..., Windows]:
    """Cuts the windows of a plan from a data set."""

    def made(plan: Plan, layout: str, most: int | None = None) -> Windows:
        return cut(plan, read_all([layout]), most=most, jobs=1, seed=0, progress=lambda *_: None)

    return made
