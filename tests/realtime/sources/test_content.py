import os
import struct

import numpy as np
import pytest
import soundfile

from realtime.errors import UserError
from realtime.sources import content

FORMATS = {"wav": "WAV", "flac": "FLAC", "ogg": "OGG", "mp3": "MP3", "aiff": "AIFF"}


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """The bytes of a small file of each kind, by extension."""
    folder = tmp_path_factory.mktemp("originals")
    files = {}
    for suffix, kind in FORMATS.items():
        path = folder / f"a.{suffix}"
        soundfile.write(path, np.zeros((4000, 1)), 16_000, format=kind)
        files[suffix] = path.read_bytes()
    files["mid"] = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, 480)
    return files


KINDS = [*FORMATS, "mid"]


@pytest.mark.parametrize("really", KINDS)
@pytest.mark.parametrize("named", KINDS)
def test_a_renamed_file_is_told_what_it_is_and_what_to_be_called(
    tmp_path, originals, really, named
):
    path = tmp_path / f"song.{named}"
    path.write_bytes(originals[really])
    if really == named:
        assert content.identify(path) == content.EXTENSIONS[f".{named}"]
        return
    with pytest.raises(UserError) as fault:
        content.identify(path)
    assert str(path) in str(fault.value)
    assert f"holds {content.EXTENSIONS['.' + really]}" in str(fault.value)
    assert f"rename it to song.{really}" in str(fault.value)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"just some words\n", "text"),
        ("Текст".encode() * 2000, "text"),
        ("utf-16".encode("utf-16"), "text"),
        (b"\0\0\0\x20ftypM4A " + bytes(50), "M4A"),
        (b"PK\x03\x04" + bytes(50), "ZIP"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (bytes(5000), "no known kind"),
        (b"RIFF\x10\0\0\0AVI LIST", "no known kind"),
        (b"FORM\0\0\0\x10ILBM", "no known kind"),
        (b"\xff\xff\xff\xff" * 10, "no known kind"),
    ],
)
@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".mid"])
def test_other_content_is_named_where_that_is_easy(tmp_path, head, words, suffix):
    path = tmp_path / f"song{suffix}"
    path.write_bytes(head)
    with pytest.raises(UserError, match=words):
        content.identify(path)


def test_a_tag_before_the_sound_is_looked_through(tmp_path, originals):
    tag = b"ID3\x03\0\0" + bytes([0, 0, 2, 0]) + bytes(256)
    assert content.tag_length(tag) == len(tag)
    (tmp_path / "a.flac").write_bytes(tag + originals["flac"])
    (tmp_path / "a.mp3").write_bytes(tag + originals["mp3"])
    assert content.identify(tmp_path / "a.flac") == "FLAC"
    assert content.identify(tmp_path / "a.mp3") == "MP3"


def test_a_file_that_is_missing_empty_or_no_file_is_refused(tmp_path):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder.wav").mkdir()
    for name, words in [
        ("missing.wav", "no such file"),
        ("empty.wav", "is empty"),
        ("folder.wav", "is a folder"),
        ("empty.wav/a.wav", "cannot be opened"),
        ("nul\0.wav", "cannot be opened"),
        ("long" * 1000 + ".wav", "cannot be opened"),
    ]:
        with pytest.raises(UserError, match=words) as fault:
            content.identify(tmp_path / name)
        assert str(fault.value).isprintable()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in this file system")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(UserError, match="pipe"):
        content.identify(tmp_path / "pipe.wav")


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # chmod does not keep root from reading
    with pytest.raises(UserError, match="may not be read"):
        content.identify(path)


def test_escapes_in_a_name_do_not_reach_the_terminal(tmp_path):
    with pytest.raises(UserError) as fault:
        content.identify(tmp_path / "a\x1b[2J\n.wav")
    assert "a?[2J?.wav" in str(fault.value)
