import pytest

from realtime.errors import UserError
from realtime.sources.audio_file import AudioFile
from realtime.sources.midi_file import MidiFile
from realtime.sources.open import open_file
from realtime.sources.raw import RawStdin

HEADS = {
    "wav": b"RIFF    WAVE",
    "flac": b"fLaC",
    "ogg": b"OggS",
    "mp3": b"ID3\4\0\0\0\0\0\0",
    "aiff": b"FORM    AIFF",
    "aif": b"FORM    AIFC",
    "mid": b"MThd",
    "midi": b"MThd",
}


@pytest.mark.parametrize("suffix", [*HEADS, "WAV", "Mp3", "MID"])
def test_the_kind_chooses_the_source(suffix, tmp_path):
    kind = suffix.lower()
    (tmp_path / f"a.b.{suffix}").write_bytes(HEADS[kind])
    source = open_file(tmp_path / f"a.b.{suffix}")
    assert type(source) is (MidiFile if kind.startswith("mid") else AudioFile)
    assert source.stream == ("midi" if kind.startswith("mid") else "audio")
    assert not source.live


def test_a_dash_is_standard_input():
    source = open_file("-")
    assert type(source) is RawStdin
    assert (source.stream, source.live) == ("audio", False)


def test_content_of_another_kind_is_told_at_once(tmp_path):
    (tmp_path / "song.wav").write_bytes(HEADS["mid"])
    with pytest.raises(UserError, match=r"is not WAV: it holds MIDI; rename it to song\.mid"):
        open_file(tmp_path / "song.wav")


@pytest.mark.parametrize("name", ["a.xyz", "song", "wav", ".wav"])
def test_an_unknown_extension_is_refused_with_those_that_are_known(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(100))
    with pytest.raises(UserError, match=r"\.wav \.flac \.ogg \.mp3 \.aiff \.aif \.mid \.midi"):
        open_file(tmp_path / name)


def test_known_content_under_an_unknown_extension_gets_a_name(tmp_path):
    (tmp_path / "song.m4v").write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(UserError, match=r"holds FLAC; rename it to song\.flac"):
        open_file(tmp_path / "song.m4v")


def test_a_folder_and_a_missing_file_are_called_so(tmp_path):
    with pytest.raises(UserError, match="is a folder"):
        open_file(tmp_path)
    with pytest.raises(UserError, match="no such file"):
        open_file(tmp_path / "missing")
