import subprocess
import sys
import textwrap

import numpy as np
import pytest
import soundfile

from realtime import AudioFile, MidiFile, classify
from realtime.api import choose
from realtime.errors import UserError
from realtime.records import STREAM_RATE, Prediction


@pytest.fixture
def shipped(model_folder, monkeypatch):
    """Three tiny models as those that come with the program."""
    folders = [
        model_folder(name="instrument-cnn"),
        model_folder(name="composer-cnn", task="composer"),
        model_folder({"kind": "notes", "length": 4}, name="composer-lstm", task="composer"),
    ]
    monkeypatch.setattr("realtime.registry.SHIPPED", folders[0].parent)
    return folders


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "noise.wav"
    noise = np.random.default_rng(0).normal(0, 0.2, STREAM_RATE)
    soundfile.write(path, noise, STREAM_RATE)
    return path


@pytest.fixture
def mid(tmp_path):
    import mido

    path, file = tmp_path / "song.mid", mido.MidiFile()
    track = mido.MidiTrack()
    for note in range(60, 72):
        track.append(mido.Message("note_on", note=note, time=0))
        track.append(mido.Message("note_off", note=note, time=240))
    file.tracks.append(track)
    file.save(path)
    return path


@pytest.mark.usefixtures("shipped")
class TestChoice:
    @pytest.mark.parametrize(
        ("stream", "task", "names"),
        [
            ("audio", None, ["composer-cnn", "instrument-cnn"]),
            ("audio", "all", ["composer-cnn", "instrument-cnn"]),
            ("audio", "instrument", ["instrument-cnn"]),
            ("audio", "composer", ["composer-cnn"]),
            ("midi", None, ["composer-cnn", "composer-lstm"]),
            ("midi", "all", ["composer-cnn", "composer-lstm", "instrument-cnn"]),
            ("midi", "instrument", ["instrument-cnn"]),
        ],
    )
    def test_by_task(self, stream, task, names):
        assert [m.manifest.name for m in choose(stream, task=task)] == names

    def test_by_name_or_folder_whatever_the_task(self, shipped):
        chosen = choose("audio", task="composer", models=["instrument-cnn", str(shipped[1])])
        assert [m.manifest.name for m in chosen] == ["instrument-cnn", "composer-cnn"]

    def test_one_name_is_no_list_of_letters(self):
        (chosen,) = choose("audio", models="instrument-cnn")
        assert chosen.manifest.name == "instrument-cnn"

    def test_the_same_twice_is_refused(self, shipped):
        with pytest.raises(UserError, match="different names"):
            choose("audio", models=["instrument-cnn", str(shipped[0])])

    def test_none_is_refused(self):
        with pytest.raises(
            UserError,
            match="no shipped model does task 'birds'; there are instrument, composer and all",
        ):
            choose("audio", task="birds")


def test_a_name_is_no_source(wav):
    with pytest.raises(UserError, match="give a source, such as AudioFile"):
        next(classify(wav))


def test_iterating_gives_predictions(shipped, wav):
    heard = list(classify(AudioFile(wav), task="instrument", hop=0.25))
    assert all(isinstance(p, Prediction) for p in heard)
    assert [p.t for p in heard] == [0.25, 0.5, 0.75, 1.0]
    assert {p.model for p in heard} == {"instrument-cnn"}
    assert heard[-1].label in ("ape", "bee", "cat")
    assert list(classify(AudioFile(wav, block=77), task="instrument"))[-1].probs == heard[-1].probs


def test_a_midi_file_drives_the_pair(shipped, mid):
    names = [p.model for p in classify(MidiFile(mid), models=["composer-lstm"], hop=1.0)]
    assert len(names) == 4
    assert set(names) == {"composer-lstm"}


def test_closing_or_dropping_it_closes_the_source(shipped, wav):
    class Watched(AudioFile):
        closed = 0

        def __exit__(self, *error):
            self.closed += 1
            super().__exit__(*error)

    source = Watched(wav)
    run = classify(source)
    next(run)
    assert source.closed == 0
    run.close()
    assert source.closed == 1
    for _ in classify(source := Watched(wav)):
        break
    assert source.closed == 1


def test_what_is_at_fault_is_one_line(shipped, tmp_path, wav):
    for source, options, says in (
        (AudioFile(tmp_path / "none.wav"), {}, "none.wav"),
        (AudioFile(wav), {"models": ["trumpet"]}, "trumpet"),
        (AudioFile(wav), {"hop": 0}, "hop"),
        (AudioFile(wav), {"models": ["composer-lstm"]}, "no model for audio"),
    ):
        with pytest.raises(UserError, match=says) as caught:
            next(classify(source, **options))
        assert str(caught.value).isprintable()


HEAVY = "tensorflow keras tf_keras librosa numba sklearn matplotlib scipy pretty_midi training"


def test_the_engine_needs_none_of_what_training_needs(model_folder, wav, mid):
    """In a process of its own, that imports every module of the engine and runs it."""
    sound, notes = model_folder(name="a"), model_folder({"kind": "chords", "length": 4}, name="b")
    code = f"""
        import importlib, pkgutil, sys
        import realtime
        from realtime import AudioFile, MidiFile, classify
        heavy = {HEAVY.split()}
        loaded = lambda: [name for name in heavy if name in sys.modules]
        assert list(classify(AudioFile({str(wav)!r}), models=[{str(sound)!r}]))
        assert list(classify(MidiFile({str(mid)!r}), models=[{str(notes)!r}, {str(sound)!r}]))
        assert not loaded(), loaded()
        for module in pkgutil.walk_packages(realtime.__path__, "realtime."):
            try:
                importlib.import_module(module.name)
            except OSError as error:  # a driver's library is not installed here
                print(module.name, error)
        assert not loaded(), loaded()
        for name in realtime.__all__:
            assert hasattr(realtime, name), name
        assert callable(realtime.classify), 'its module has taken its name'
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_replaying_a_file_loads_no_driver(model_folder, wav):
    folder = model_folder()
    code = f"""
        import sys
        from realtime import AudioFile, classify
        list(classify(AudioFile({str(wav)!r}), models=[{str(folder)!r}]))
        drivers = [n for n in ("sounddevice", "rtmidi", "fluidsynth") if n in sys.modules]
        assert not drivers, drivers
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
