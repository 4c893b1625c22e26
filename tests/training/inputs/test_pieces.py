"""Windows of pieces as sound: what they hold, and how they are moved."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.records import STREAM_RATE
from realtime.synth import default_soundfont
from training.datasets import read_all
from training.datasets.midi import Notes
from training.inputs import pieces
from training.inputs.pieces import PieceSoundInputs
from training.networks.heard import KEYS
from training.presets import PICTURE

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
    for change in ("rumble", "colour"):
        monkeypatch.setattr(pieces, change, lambda window, rng: None)
    monkeypatch.setattr(pieces, "humanise", lambda notes, rng: notes)
    monkeypatch.setattr(PieceSoundInputs, "SHARD", 12)
    monkeypatch.setattr(PieceSoundInputs, "STRANGE", getattr(request, "param", 0))
    data = read_all([f"composers:{tmp_path / 'pieces'}"])
    made = PieceSoundInputs(data, FEATURE, fonts=[default_soundfont()], windows=12)
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


def test_draws_are_as_they_were_played(source) -> None:
    windows, targets = source.draw(60, np.random.default_rng(1))
    low = windows[targets[:, source.labels.index("bach")] == 1]
    fundamentals = {int(w.sum(axis=0)[60:90].argmax()) + 60 for w in low}
    assert fundamentals <= {71, 72, 73}, "A2, whatever the instrument"


@pytest.mark.parametrize("source", [1], indirect=True)
def test_what_is_no_music_is_nobodys(source) -> None:
    windows, targets = source.draw(8, np.random.default_rng(2))
    assert windows.max() == pytest.approx(1)
    assert (targets == 0.5).all()


def test_all_windows_come_once_and_as_they_are_drawn(source) -> None:
    (parts,) = source.all()
    windows, targets = parts
    assert source.windows == len(windows) == len(targets) == 12
    drawn, meant = source.draw(6, np.random.default_rng(4))
    for window, target in zip(drawn, meant, strict=True):
        (same,) = np.flatnonzero((windows == window).all(axis=(1, 2)))
        np.testing.assert_array_equal(targets[same], target)


def test_keys_are_played_without_sound(source, monkeypatch) -> None:
    monkeypatch.setattr(pieces, "play", None)
    keys, targets = source.played(30, np.random.default_rng(5))
    assert keys.shape == (30, 24, KEYS)
    assert keys.any(axis=(1, 2)).all()
    low, high = (targets[:, source.labels.index(name)] == 1 for name in ("bach", "chopin"))
    assert low.any()
    assert high.any()
    assert np.flatnonzero(keys[low].any(axis=(0, 1))).tolist() == [45 - 21]
    assert np.flatnonzero(keys[high].any(axis=(0, 1))).tolist() == [81 - 21]


def test_struck_keys_are_where_they_are_heard(source) -> None:
    windows, keys = source.struck(40, 16, np.random.default_rng(3))
    assert windows.shape == (40, 16, 256)
    assert keys.shape == (40, 16, KEYS)
    struck = np.argwhere(keys)
    assert len(struck) > 200
    bands = 3 * struck[:, 2]
    level = {by: windows[struck[:, 0], struck[:, 1], bands + by].mean() for by in (-9, -6, 0, 6, 9)}
    assert level[0] == max(level.values())  # rooms and microphones make some of them faint
    assert level[0] > 0.5
    assert len(set(struck[:, 2].tolist())) > 8, "transposed"


def test_a_key_is_struck_in_the_frame_whose_middle_is_nearest(source) -> None:
    hop, win_length = FEATURE["hop"], FEATURE["win_length"]
    at = (np.array([0, 3, 23]) * hop + win_length / 2) / STREAM_RATE
    one = np.ones(3, np.int64)
    notes = Notes(at, at, np.array([21, 60, 105]), one, one)
    keys = source._keys(notes)
    assert np.argwhere(keys).tolist() == [[0, 0], [3, 39], [23, 84]]
    late = Notes(at + 0.45 * hop / STREAM_RATE, at, np.array([20, 60, 106]), one, one)
    assert np.argwhere(source._keys(late)).tolist() == [[3, 39]], "others have no band"


@pytest.mark.parametrize("source", [1], indirect=True)
def test_nothing_is_struck_where_there_is_no_music(source) -> None:
    _, keys = source.struck(8, 16, np.random.default_rng(2))
    assert not keys.any()


@given(st.integers(1, 90), st.integers(-100, 100))
def test_what_is_moved_out_is_gone(size: int, by: int) -> None:
    to, of = pieces._moved(size, by)
    moved = np.zeros(size, int)
    moved[to] = np.arange(1, size + 1)[of]
    expected = [i - by + 1 if 0 <= i - by < size else 0 for i in range(size)]
    assert moved.tolist() == expected
