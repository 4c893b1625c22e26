"""Windows of single instruments: what sounds in them, and which label they bear."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.datasets import read_all
from training.inputs import sounds
from training.inputs.sounds import SoundInputs

SMALL = {"frames": 16, "bands": 8, "n_fft": 512, "win_length": 500, "hop": 470}
FEATURE = {"kind": "spectrogram", "scale": "mel", "fmin": 0.0, "fmax": 8000.0, **SMALL}
FEATURE |= {"top_db": 80.0, "floor_db": -60.0}

INSTRUMENTS = {("deep", "cello"): 250, ("deep", "viola"): 700, ("high", "flute"): 2000}
"""Frequencies by family and instrument, so far apart that no tuning makes one another's."""


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for (family, name), hz in INSTRUMENTS.items():
        wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(24_000) / 16_000)
        path = tmp_path / "sounds" / family / f"{name}_take.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, wave, 16_000)
    monkeypatch.chdir(tmp_path)
    return f"folders:{tmp_path / 'sounds'}"


def heard(samples: np.ndarray) -> set[str]:
    """The instruments that sound in a window."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / 16_000)
    return {
        name
        for (_, name), middle in INSTRUMENTS.items()
        if power[abs(np.log2(hz.clip(1) / middle)) < 0.3].sum() > 0.01 * power.sum()
    }


@pytest.fixture
def played(layout: str, monkeypatch: pytest.MonkeyPatch):
    """Makes a pool and gives the label of each window and what is played in it, as yet dry."""

    def play(together: float) -> list[tuple[str, np.ndarray]]:
        recorded: list[np.ndarray] = []

        def record(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            recorded.append(samples)
            return samples

        monkeypatch.setattr(sounds, "TOGETHER", together)
        monkeypatch.setattr(sounds, "BACKGROUND", 0.0)
        monkeypatch.setattr(sounds, "SHARD", 120)
        monkeypatch.setattr(sounds.sound, "record", record)
        source = SoundInputs(read_all([layout]), FEATURE, windows=120, seed=int(10 * together))
        source.prepare(lambda *_: None)
        labels = [source.labels[i] for i in source._pool.labels]
        return list(zip(labels, recorded, strict=True))

    return play


def test_two_instruments_of_a_family_may_sound_together(played) -> None:
    windows = [heard(samples) for label, samples in played(1.0) if label == "deep"]
    both = windows.count({"cello", "viola"})
    assert 0.2 < both / len(windows) < 0.6  # half of the time the second is the first again


def test_alone_they_are_never_mixed(played) -> None:
    assert {len(heard(samples)) for _, samples in played(0.0)} == {1}


@pytest.mark.parametrize("together", [0.0, 1.0])
def test_what_sounds_is_of_the_family_that_the_label_names(together: float, played) -> None:
    family = {"deep": {"cello", "viola"}, "high": {"flute"}}
    windows = played(together)
    assert {label for label, _ in windows} == set(family)
    for label, samples in windows:
        assert set() < heard(samples) <= family[label]


def test_the_second_is_no_louder_than_the_first(played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sounds.sound, "place", lambda draw, n, rng: draw()[:n])  # peaks of 1
    peaks = [float(np.abs(samples).max()) for _, samples in played(1.0)]
    assert min(peaks) < 1.3
    assert 1.5 < max(peaks) <= 2.001


def test_recordings_in_several_folders_count_as_one_set(layout: str, tmp_path: Path) -> None:
    more = tmp_path / "more" / "deep" / "bass_take.wav"
    more.parent.mkdir(parents=True)
    soundfile.write(more, np.ones(100), 16_000)
    data = read_all([layout, f"folders:{tmp_path / 'more'}"])
    data.examples = [e for e in data.examples if e.label == "deep"]
    (sets,) = sounds._tree(data, ["deep"])
    assert [len(instruments) for instruments in sets] == [3]
