import os
import subprocess
import sys

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needs import go_without

from realtime.errors import UserError
from realtime.records import TimedMessage
from realtime.synth import Synth, SynthMissing, default_soundfont


@pytest.fixture(scope="module")
def synth():
    try:
        with Synth() as synth:
            yield synth
    except SynthMissing as error:
        go_without(str(error))


def message(at, kind, **values):
    return TimedMessage(at, mido.Message(kind, **values))


PIECE = [
    message(0, "program_change", program=40),
    message(100, "note_on", note=60, velocity=90),
    message(1_000, "note_on", note=64, velocity=120, channel=3),
    message(1_001, "control_change", control=64, value=127),
    message(1_500, "pitchwheel", pitch=3000),
    message(2_222, "note_off", note=60),
    message(2_222, "note_on", note=38, velocity=127, channel=9),
    message(4_000, "control_change", control=64, value=0),
    message(4_100, "aftertouch", value=3),
    message(5_000, "note_off", note=64, channel=3),
]
END = 8_000
DITHER = 1 / 32768  # what FluidSynth adds to everything


def render(synth, cuts):
    at, parts = synth.position, []
    start = at
    for cut in (*sorted(cuts), END):
        messages = [m for m in PIECE if at - start <= m.position < cut]
        moved = [TimedMessage(m.position + start, m.message) for m in messages]
        parts.append(synth.render(moved, start + cut))
        at = start + cut
    return np.concatenate(parts)


@settings(max_examples=12)
@given(cuts=st.lists(st.integers(0, END), max_size=8))
def test_the_sound_is_the_same_for_any_cutting(synth, cuts):
    synth.reset()
    whole = render(synth, [])
    synth.reset()
    assert np.array_equal(render(synth, cuts), whole)
    assert len(whole) == synth.position == END


def test_reset_is_a_fresh_start(synth):
    with Synth() as fresh:
        expected = render(fresh, [])
    synth.render([message(synth.position, "note_on", note=80)], synth.position + 777)
    synth.reset()
    assert np.array_equal(render(synth, []), expected)
    synth.reset(123_456)
    assert synth.position == 123_456
    assert np.array_equal(render(synth, []), expected)


def test_a_reset_does_not_load_the_soundfont_again(tmp_path, synth):
    font = tmp_path / "font.sf2"
    font.write_bytes(default_soundfont().read_bytes())
    with Synth(font) as own:
        font.unlink()
        expected = render(own, [])
        for _ in range(3):
            own.render([message(own.position, "note_on", note=50)], own.position + 3_000)
            own.reset()
            assert np.array_equal(render(own, []), expected)


def test_notes_are_heard_and_silence_is_silent(synth):
    synth.reset()
    assert np.abs(synth.render([], 4_000)).max() <= DITHER
    sound = synth.render([message(4_000, "note_on", note=69, velocity=100)], 20_000)
    assert sound.dtype == np.float32
    assert sound.shape == (16_000,)
    assert 0.01 < np.abs(sound).max() <= 1
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    peaks = {440 * k for k in (1, 2, 3)}
    assert min(abs(spectrum.argmax() - peak) for peak in peaks) < 5
    assert synth.render([], 20_000).shape == (0,)


def test_no_room_is_added(synth):
    synth.reset()
    played = synth.render([message(0, "note_on", note=60, velocity=127)], 4_000)
    assert np.abs(played).max() > 0.01
    synth.render([message(4_000, "control_change", control=120)], 4_800)
    assert np.abs(synth.render([], 20_000)).max() <= DITHER


def test_a_message_sounds_at_its_position_to_a_block(synth):
    for at in (1_000, 5_555):
        synth.reset()
        sound = synth.render([message(at, "note_on", note=60, velocity=127)], 9_000)
        first = int(np.flatnonzero(np.abs(sound) > 3 * DITHER)[0])
        assert at - 64 < first < at + 64 + 100  # the piano's sample begins softly


def test_a_closed_synthesizer_may_be_closed_again():
    synth = Synth()
    synth.close()
    synth.close()


def test_soundfonts_that_are_none(tmp_path, capfd):
    rubbish = tmp_path / "rubbish\x1b[2J.sf2"
    rubbish.write_bytes(b"nothing of the kind" * 100)
    for path, says in (
        (tmp_path / "missing.sf2", "no such SoundFont"),
        (tmp_path, "no such SoundFont"),
        (rubbish, "not a SoundFont"),
    ):
        with pytest.raises(UserError, match=says) as caught:
            Synth(path)
        assert str(caught.value).isprintable()
        assert path.name.partition("\x1b")[0] in str(caught.value)
    assert capfd.readouterr().err == "", "FluidSynth speaks to the terminal"


def test_nothing_that_is_played_reaches_the_terminal(synth, capfd):
    synth.reset()
    messages = [
        message(0, "control_change", control=0, value=77),
        message(0, "program_change", program=72),
        *(message(0, "note_on", note=n, channel=c) for n in range(40, 60) for c in range(16)),
    ]
    synth.render(messages, 64)
    synth.reset()
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_on_build_machines_the_library_says_nothing_either(synth):
    code = "from realtime.synth import Synth; Synth().close()"
    env = os.environ | {"CI": "1"}
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert (ran.stdout, ran.stderr) == (b"", b"")


@pytest.mark.parametrize("error", [ImportError, AttributeError, OSError])
def test_without_the_library_one_line_says_what_to_install(error, monkeypatch):
    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name == "fluidsynth":
                raise error("Couldn't find the FluidSynth library.")

    monkeypatch.delitem(sys.modules, "fluidsynth", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(SynthMissing, match="FluidSynth is missing") as caught:
        Synth()
    assert isinstance(caught.value, UserError)
    assert "install" in str(caught.value)


def test_the_embedded_soundfont_is_found_without_its_package():
    assert default_soundfont().is_file()
    code = (
        "import sys; from realtime.synth import default_soundfont; default_soundfont();"
        "sys.exit('pretty_midi' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_where_the_soundfont_is_missing_one_line_says_so(monkeypatch):
    monkeypatch.setattr("realtime.synth.find_spec", lambda name: None)
    with pytest.raises(UserError, match="--soundfont"):
        default_soundfont()
