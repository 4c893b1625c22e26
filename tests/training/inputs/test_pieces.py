"""Windows of pieces as sound: what they hold, and how they are moved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest

from realtime.errors import UserError
from realtime.synth import default_soundfont
from training.datasets import read_all
from training.inputs import lessons, pieces
from training.inputs.pieces import PieceSoundInputs
from training.presets import PICTURE, PRESETS

FEATURE = PICTURE | {"frames": 24}


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request) -> PieceSoundInputs:
    """Bach, who knows but a low note here, and Chopin, who knows a high one."""
    for composer, note in (("bach", 45), ("chopin", 81)):
        track = mido.MidiTrack()
        for _ in range(200):
            track.append(mido.Message("note_on", note=note, velocity=90))
            track.append(mido.Message("note_off", note=note, time=120))
        path = tmp_path / "pieces" / composer / "piece.mid"
        path.parent.mkdir(parents=True)
        mido.MidiFile(tracks=[track]).save(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pieces, "elsewhere", lambda window, rng: None)
    monkeypatch.setattr(pieces, "humanise", lambda notes, rng: notes)
    monkeypatch.setattr(PieceSoundInputs, "SHARD", 12)
    monkeypatch.setattr(PieceSoundInputs, "STRANGE", getattr(request, "param", 0))
    data = read_all([f"composers:{tmp_path / 'pieces'}"])
    made = PieceSoundInputs(data, FEATURE, fonts=[default_soundfont()], stretches=12)
    made.prepare(lambda *_: None)
    return made


def test_windows_are_pictures_of_what_their_composer_wrote(source) -> None:
    windows, targets = source.draw(40, np.random.default_rng(0))
    assert windows.shape == (40, *source.shape)
    assert windows.min() == 0
    assert windows.max() == pytest.approx(1)
    loudest = (windows**16).sum(axis=1)  # noise of the room drowned
    middle = np.array([np.average(np.arange(256), weights=row) for row in loudest])
    high = targets[:, source.labels.index("chopin")] == 1
    assert 0 < high.sum() < 40
    assert middle[high].min() > middle[~high].max()


def test_draws_are_transposed(source) -> None:
    windows, targets = source.draw(60, np.random.default_rng(1))
    low = windows[targets[:, source.labels.index("bach")] == 1]
    fundamentals = {int(w.sum(axis=0)[60:90].argmax()) + 60 for w in low}  # A2 is band 72
    assert len(fundamentals) > 5
    assert min(fundamentals) < 70
    assert max(fundamentals) > 74


@pytest.mark.parametrize("source", [1], indirect=True)
def test_what_is_no_music_is_nobodys(source) -> None:
    windows, targets = source.draw(8, np.random.default_rng(2))
    assert windows.max() == pytest.approx(1)
    assert (targets == 0.5).all()


def test_crops_are_shorter_windows_of_the_same_stretches(source) -> None:
    shorter = source.crop(16)
    windows, targets = shorter.draw(40, np.random.default_rng(3))
    assert windows.shape == (40, 16, 256)
    assert shorter.feature["frames"] == 16
    assert source.draw(2, np.random.default_rng(3))[0].shape == (2, 24, 256)
    loudest = (windows**16).sum(axis=1)
    middle = np.array([np.average(np.arange(256), weights=row) for row in loudest])
    high = targets[:, source.labels.index("chopin")] == 1
    assert np.median(middle[high]) > np.median(middle[~high]) + 50  # a tail may be all noise


def test_stretches_are_twice_as_long_as_what_is_learned_from(source) -> None:
    assert source._pool.window(0).shape == (48, 256)
    data = read_all([f"composers:{Path('pieces').resolve()}"])
    made = PieceSoundInputs(data, FEATURE, fonts=[default_soundfont()], stretches=12, crop=16)
    made.prepare(lambda *_: None)
    assert made._pool.window(0).shape == (32, 256)
    assert made.draw(3, np.random.default_rng(0))[0].shape == (3, 24, 256)


def test_what_has_no_crops_says_so(source) -> None:
    preset = PRESETS["composer-cnn"]
    assert lessons(source, replace(preset, crop=0)) is source
    assert lessons(source, replace(preset, crop=16)).shape == (16, 256)
    with pytest.raises(UserError, match="cannot be cropped"):
        lessons(object(), preset)


@pytest.mark.parametrize("crop", [11, 25])
def test_crops_are_half_a_window_or_more(source, crop) -> None:
    data = read_all([f"composers:{Path('pieces').resolve()}"])
    with pytest.raises(UserError, match=f"a crop of {crop} frames"):
        PieceSoundInputs(data, FEATURE, fonts=[default_soundfont()], stretches=12, crop=crop)
