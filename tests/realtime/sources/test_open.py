import pytest

from realtime.errors import UserError
from realtime.sources.audio_file import AudioFile
from realtime.sources.midi_file import MidiFile
from realtime.sources.open import open_file
from realtime.sources.raw import RawStdin


@pytest.mark.parametrize(
    ("name", "kind", "stream"),
    [
        *[
            (f"a.{s}", AudioFile, "audio")
            for s in ["wav", "flac", "ogg", "mp3", "aiff", "aif", "WAV", "Mp3"]
        ],
        *[(f"a.b.{s}", MidiFile, "midi") for s in ["mid", "midi", "MID"]],
        ("-", RawStdin, "audio"),
    ],
)
def test_the_extension_chooses_the_source(name, kind, stream):
    source = open_file(name)
    assert type(source) is kind
    assert source.stream == stream
    assert not source.live


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
