"""What is trained on, and what is kept to judge by, share nothing."""

from __future__ import annotations

import json
from pathlib import Path

import mido
import numpy as np
import pytest

from realtime.errors import UserError
from training.given import to_judge, to_learn


@pytest.fixture
def nsynth(tmp_path: Path):
    """Makes a folder of NSynth's, each name a note of an instrument of its own."""

    def nsynth(folder: str, *names: str) -> str:
        path = tmp_path / folder
        (path / "audio").mkdir(parents=True)
        for name in names:
            (path / "audio" / f"{name}.wav").touch()
        notes = {
            name: {"instrument_family_str": "flute", "instrument_str": name.partition("-")[0]}
            for name in names
        }
        (path / "examples.json").write_text(json.dumps(notes))
        return f"nsynth:{path}"

    return nsynth


@pytest.fixture
def pieces(tmp_path: Path):
    """Makes empty MIDI files."""

    def pieces(folder: str, *names: str) -> str:
        for name in names:
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return f"composers:{tmp_path / folder}"

    return pieces


def test_of_a_set_with_splits_train_alone_is_learned(tmp_path, nsynth, pieces, capsys):
    nsynth("all/nsynth-train", "a-60", "a-61")
    valid = nsynth("all/nsynth-valid", "b-60")
    data = to_learn([f"nsynth:{tmp_path / 'all'}"])
    assert [e.path.stem for e in data.examples] == ["a-60", "a-61"]
    assert "all: trained on its split train alone, 2 of 3 files" in capsys.readouterr().err
    assert len(to_learn([valid]).examples) == 1, "it was asked for by name"
    both = to_learn(
        [pieces("own", "bach/1.mid"), pieces("set", "train/bach/2.mid", "dev/byrd/3.mid")]
    )
    assert [e.path.stem for e in both.examples] == ["1", "2"]


def test_composers_who_are_missing_are_told(pieces, nsynth, capsys):
    to_learn([pieces("set", "bach/1.mid", "byrd/2.mid")])
    told = capsys.readouterr().err
    assert (
        "warning: nothing by bartok, chopin, handel, hummel, mendelssohn, mozart, schumann" in told
    )
    to_learn([nsynth("notes", "a-60")])
    assert "nothing by" not in capsys.readouterr().err


def test_what_is_left_out_is_named(pieces, capsys):
    to_learn([pieces("set", "bach/1.mid", "byrd/read.me")])
    assert "byrd: no MIDI file in it" in capsys.readouterr().err


def test_a_file_on_both_sides_is_refused(tmp_path, pieces):
    data = to_learn([pieces("set", "train/bach/1.mid", "train/byrd/2.mid", "dev/bach/3.mid")])
    kept = to_judge([f"composers:{tmp_path / 'set' / 'dev'}"], data)
    assert list(kept) == ["composers:dev"]
    with pytest.raises(UserError, match=r"files that are in --data, too: 2, such as .*bach.1\.mid"):
        to_judge([f"composers:{tmp_path / 'set' / 'dev' / '..' / 'train'}"], data)


def test_an_instrument_on_both_sides_is_refused(nsynth):
    data = to_learn([nsynth("train", "a-60", "b-60")])
    assert to_judge([nsynth("other", "c-60")], data)
    with pytest.raises(UserError, match="instruments that are in --data, too: 1, such as b;"):
        to_judge([nsynth("valid", "b-61", "c-60")], data)


def test_own_sounds_are_numbered_alike_and_are_not_the_same(tmp_path):
    for day in ("monday", "tuesday"):
        (tmp_path / day / "snare").mkdir(parents=True)
        (tmp_path / day / "snare" / "snare-001.wav").touch()
    data = to_learn([f"folders:{tmp_path / 'monday'}"])
    assert to_judge([f"folders:{tmp_path / 'tuesday'}"], data)


def test_a_work_on_both_sides_is_told(tmp_path, capsys):
    """Its files differ: in tempo, and in which notes somebody else typed."""
    for folder, tempo, slip in (("learned", 400_000, 0), ("kept", 520_000, 1)):
        for name, seed in (("1", 1), ("2", 2 + slip)):
            rng = np.random.default_rng(seed)
            notes = 60 + np.clip(np.cumsum(rng.integers(-4, 5, 600)), -20, 20)
            notes[::97] += slip
            track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempo)])
            for note in notes.tolist():
                track.append(mido.Message("note_on", note=note, velocity=64))
                track.append(mido.Message("note_off", note=note, time=240))
            path = tmp_path / folder / "bach" / f"{name}.mid"
            path.parent.mkdir(parents=True, exist_ok=True)
            mido.MidiFile(tracks=[track]).save(path)
    data = to_learn([f"composers:{tmp_path / 'learned'}"])
    capsys.readouterr()
    to_judge([f"composers:{tmp_path / 'kept'}"], data)
    (told,) = capsys.readouterr().err.splitlines()
    assert "kept/bach/1.mid: the work is trained on, too, in" in told
    assert "learned/bach/1.mid" in told
