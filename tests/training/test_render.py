import json

import numpy as np
import pytest
import soundfile
from needs import go_without

from realtime.errors import UserError
from realtime.synth import Synth, SynthMissing, default_soundfont
from training import render
from training.datasets import read
from training.datasets.nsynth import FAMILIES


@pytest.fixture(autouse=True)
def fluidsynth():
    try:
        Synth().close()
    except SynthMissing as error:
        go_without(str(error))


@pytest.fixture
def two_programs(monkeypatch):
    """A flute and a bass stand for all instruments."""
    programs = dict.fromkeys(FAMILIES, ("acoustic", ()))
    programs |= {"flute": ("acoustic", (73,)), "bass": ("electronic", (33,))}
    monkeypatch.setattr(render, "PROGRAMS", programs)


def make(out, **changes):
    options = {"notes": 3, "long": 1, "phrases": 2, "seed": 1} | changes
    return list(render.render(out, [default_soundfont()], **options))


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted((folder / "audio").iterdir())}


@pytest.mark.usefixtures("two_programs")
class TestRender:
    def test_what_is_written_is_a_data_set_in_nsynths_layout(self, tmp_path):
        assert make(tmp_path) == [(1, 2), (2, 2)]
        data = read(f"nsynth:{tmp_path}")
        assert data.left_out == {}
        assert data.labels == ["bass", "flute"]
        assert 9 <= len(data.examples) <= 12  # some notes may be mute
        assert {e.group for e in data.examples} == {
            "bass_electronic_TimGM6mb-033",
            "flute_acoustic_TimGM6mb-073",
        }
        index = json.loads((tmp_path / "examples.json").read_text("utf-8"))
        for example in data.examples:
            samples, rate = soundfile.read(example.path)
            seconds = 10 if "-long-" in example.path.stem else 4
            assert (len(samples), rate) == (seconds * 16_000, 16_000)
            assert np.abs(samples).max() > 0.002
            entry = index[example.path.stem]
            low, high = render.RANGES[example.label]
            assert low <= entry["pitch"] <= high
            assert FAMILIES[entry["instrument_family"]] == example.label

    def test_a_single_note_sounds_at_its_pitch_and_then_decays(self, tmp_path):
        make(tmp_path, notes=6, long=0, phrases=0)
        index = json.loads((tmp_path / "examples.json").read_text("utf-8"))
        flutes = {k: v for k, v in index.items() if v["instrument_family_str"] == "flute"}
        for name, entry in flutes.items():
            samples, _ = soundfile.read(tmp_path / "audio" / f"{name}.flac")
            held = samples[8_000:40_000] * np.hanning(32_000)
            peak = np.abs(np.fft.rfft(held)).argmax() / 2
            octaves = np.log2(peak / (440 * 2 ** ((entry["pitch"] - 69) / 12)))
            assert abs(octaves - round(octaves)) < 0.03
            assert np.abs(samples[-1_600:]).max() < 0.3 * np.abs(samples).max()

    def test_the_same_seed_gives_the_same_sound_and_another_one_another(self, tmp_path):
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            make(tmp_path / name, seed=seed)
        assert contents(tmp_path / "a") == contents(tmp_path / "b")
        assert set(contents(tmp_path / "a")) != set(contents(tmp_path / "c"))

    def test_a_run_that_was_stopped_is_taken_up(self, tmp_path):
        whole, stopped = tmp_path / "whole", tmp_path / "stopped"
        make(whole)
        steps = render.render(stopped, [default_soundfont()], notes=3, long=1, phrases=2, seed=1)
        next(steps)
        steps.close()
        assert not (stopped / "examples.json").exists()
        make(stopped)
        assert contents(stopped) == contents(whole)
        assert (stopped / "examples.json").read_bytes() == (whole / "examples.json").read_bytes()

    def test_a_font_that_is_finished_is_not_rendered_again(self, tmp_path):
        make(tmp_path)
        first = sorted((tmp_path / "audio").iterdir())[0]
        first.write_bytes(b"kept")
        make(tmp_path)
        assert first.read_bytes() == b"kept"

    def test_a_folder_that_cannot_be_written_is_named(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(UserError, match="cannot be written"):
            make(tmp_path / "file")


def test_every_family_has_programs_of_its_own():
    assert list(render.PROGRAMS) == list(FAMILIES)
    programs = [p for _, family in render.PROGRAMS.values() for p in family]
    assert len(set(programs)) == len(programs)
    assert all(0 <= p < 128 for p in programs)
    assert {kind for kind, _ in render.PROGRAMS.values()} <= set(render.SOURCES)


def test_the_embedded_soundfont_is_always_among_those_found():
    fonts = render.find_soundfonts()
    assert fonts[0] == default_soundfont()
    assert len({f.stem for f in fonts}) == len(fonts)
    assert all(f.is_file() for f in fonts)


def test_phrases_stay_on_the_keyboard_and_in_the_window():
    for seed in range(50):
        phrase = render._phrase(36, 84, np.random.default_rng(seed))
        assert phrase
        for at, held, pitch, velocity in phrase:
            assert 0 <= at < render.SECONDS
            assert held > 0
            assert 36 <= pitch <= 84
            assert 0 < velocity < 128


@pytest.mark.usefixtures("two_programs")
def test_synthesizers_come_only_when_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(render, "SYNTHS", {"synth_lead": range(80, 81)})
    make(tmp_path, synths=True)
    data = read(f"nsynth-source:{tmp_path}")
    assert data.labels == ["acoustic", "electronic", "synthetic"]
    assert read(f"nsynth:{tmp_path}").labels == ["bass", "flute"]
