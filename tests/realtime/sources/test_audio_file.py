import math
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.errors import UserError
from realtime.records import STREAM_RATE
from realtime.sources.audio_file import AudioFile

FORMATS = {
    "pcm.wav": ("WAV", "PCM_16"),
    "float.wav": ("WAV", "FLOAT"),
    "adpcm.wav": ("WAV", "IMA_ADPCM"),
    "rf64.wav": ("RF64", "PCM_24"),
    "a.flac": ("FLAC", "PCM_16"),
    "vorbis.OGG": ("OGG", "VORBIS"),
    "opus.ogg": ("OGG", "OPUS"),
    "a.mp3": ("MP3", "MPEG_LAYER_III"),
    "a.aiff": ("AIFF", "PCM_16"),
    "a.aif": ("AIFF", "PCM_16"),
}


def sound(rate, channels, seconds=1.0, seed=0):
    """A tone in each channel, loud enough to tell them apart, over a little noise."""
    t = np.arange(int(rate * seconds)) / rate
    tones = [0.5 * np.sin(2 * np.pi * (220 + 110 * c) * t) for c in range(channels)]
    noise = np.random.default_rng(seed).normal(0, 0.01, (len(t), channels))
    return (np.stack(tones, axis=1) + noise).astype(np.float32)


def write(path, rate=44_100, channels=2, seconds=1.0):
    kind, subtype = FORMATS[path.name]
    soundfile.write(path, sound(rate, channels, seconds), rate, format=kind, subtype=subtype)
    return path


def samples(heard):
    return np.concatenate([b.samples for b in heard.blocks] or [np.empty(0, np.float32)])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_as_soundfile_and_soxr_would_read_it_whole(tmp_path, hear, name):
    path = write(tmp_path / name, rate=48_000)
    whole, rate = soundfile.read(path, dtype="float32")
    expected = soxr.resample(whole.mean(axis=1), rate, STREAM_RATE)
    source = AudioFile(path)
    heard = hear(source)
    assert heard.error == ""
    assert source.length == len(whole) / rate
    got = samples(heard)
    assert got.dtype == np.float32
    assert len(got) == len(expected)
    np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_channel_count_becomes_mono_at_the_stream_rate(tmp_path, hear, rate, channels):
    path = tmp_path / "a.wav"
    tone = sound(rate, 1) * np.linspace(0.2, 1.8, channels, dtype=np.float32)
    if channels == 1:
        tone = sound(rate, 1)
    soundfile.write(path, tone, rate, subtype="FLOAT")
    heard = hear(AudioFile(path))
    got = samples(heard)
    assert len(got) == STREAM_RATE
    spectrum = np.abs(np.fft.rfft(got))
    assert np.argmax(spectrum) == 220
    assert math.isclose(spectrum[220] / STREAM_RATE * 2, 0.5, rel_tol=0.02)


def test_sound_at_the_stream_rate_passes_unchanged(tmp_path, hear):
    path = tmp_path / "a.wav"
    soundfile.write(path, sound(STREAM_RATE, 1), STREAM_RATE, subtype="FLOAT")
    assert np.array_equal(samples(hear(AudioFile(path))), soundfile.read(path, dtype="float32")[0])


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    path = write(tmp_path_factory.mktemp("song") / "a.flac", rate=44_100)
    with AudioFile(path, block=10**9) as source:
        (block,) = source
    return path, block.samples


@settings(deadline=None, max_examples=25)
@given(block=st.integers(1, 20_000))
def test_every_block_size_gives_the_same_samples(song, block):
    path, expected = song
    with AudioFile(path, block=block) as source:
        blocks = list(source)
    assert [len(b.samples) for b in blocks[:-1]] == [block] * (len(blocks) - 1)
    assert [b.position for b in blocks] == list(range(0, len(expected), block))
    assert np.array_equal(np.concatenate([b.samples for b in blocks]), expected)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.5, 0.97])
def test_a_file_that_was_cut_off_is_heard_up_to_there_and_then_reported(
    tmp_path, hear, capfd, name, share
):
    path = write(tmp_path / name, rate=48_000, seconds=3.0)
    whole = samples(hear(AudioFile(path)))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    heard = hear(AudioFile(path, block=100))
    assert "cut off" in heard.error
    assert str(path) in heard.error
    got = samples(heard)
    assert 0.6 * share * len(whole) < len(got) < len(whole)
    if name not in ("a.mp3", "opus.ogg"):  # these decode with memory of what follows
        sure = got[:-400]  # the resampler looks ahead
        np.testing.assert_allclose(sure, whole[: len(sure)], atol=1e-4)
    assert capfd.readouterr().err == ""  # libmpg123 would write there


def test_an_ogg_file_cut_off_between_two_pages_is_reported(tmp_path, hear):
    path = write(tmp_path / "vorbis.OGG", seconds=10.0)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"OggS")])
    heard = hear(AudioFile(path))
    assert "cut off" in heard.error
    assert len(samples(heard)) > STREAM_RATE


def test_a_tag_does_not_hide_that_an_mp3_was_cut_off(tmp_path, hear):
    path = write(tmp_path / "a.mp3")
    tag = b"ID3\x04\0\0\0\0\x10\0" + bytes(2048)
    path.write_bytes(tag + path.read_bytes())
    assert hear(AudioFile(path)).error == ""
    path.write_bytes(path.read_bytes()[:-1000])
    assert "cut off" in hear(AudioFile(path)).error


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_off_in_its_first_bytes_is_refused(tmp_path, hear, capfd, name):
    path = write(tmp_path / name, rate=48_000)
    data = path.read_bytes()
    for size in (1, 4, 11, 20, 40):
        path.write_bytes(data[:size])
        heard = hear(AudioFile(path))
        assert heard.error
        assert heard.blocks == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "vorbis.OGG"])
def test_damage_in_the_middle_is_reported(tmp_path, hear, capfd, name):
    path = write(tmp_path / name, seconds=4.0)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(1).bytes(3000)
    path.write_bytes(data)
    heard = hear(AudioFile(path))
    assert "damaged" in heard.error
    assert len(samples(heard)) > STREAM_RATE
    assert capfd.readouterr().err == ""


def patch(path, change):
    find, offset, value = change
    data = bytearray(path.read_bytes())
    at = data.index(find) + offset
    data[at : at + len(value)] = value
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("rf64.wav", (b"ds64", 16, (2**40).to_bytes(8, "little"))),
        ("pcm.wav", (b"data", 4, (2**30).to_bytes(4, "little"))),
        ("a.aiff", (b"SSND", 4, (2**30).to_bytes(4, "big"))),
        ("a.flac", (b"fLaC", 21, b"\xff" * 5)),
        ("a.mp3", (b"Xing", 8, b"\x7f\xff\xff\xff" * 2)),
    ],
)
def test_a_header_that_claims_far_too_much_costs_no_memory(tmp_path, hear, name, change):
    path = write(tmp_path / name)
    patch(path, change)
    tracemalloc.start()
    heard = hear(AudioFile(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**24
    assert len(samples(heard)) >= 0.9 * STREAM_RATE
    assert "cut off" in heard.error


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("pcm.wav", (b"data", 4, b"\xff\xff\xff\xff")),  # ffmpeg to a pipe
        ("pcm.wav", (b"data", 4, b"\x00\xf0\xff\x7f")),  # SoX to a pipe
        ("a.flac", (b"fLaC", 22, b"\0\0\0\0")),  # flac from a pipe
    ],
)
def test_a_file_written_to_a_pipe_does_not_know_its_length_and_is_heard_to_its_end(
    tmp_path, hear, name, change
):
    path = write(tmp_path / name)
    expected = samples(hear(AudioFile(path)))
    patch(path, change)
    heard = hear(AudioFile(path))
    assert heard.error == ""
    assert np.array_equal(samples(heard), expected)


def test_the_length_of_an_mp3_without_index_is_not_guessed(tmp_path, hear):
    path = write(tmp_path / "a.mp3")
    with AudioFile(path) as source:
        assert source.length == 1.0
    patch(path, (b"Xing", 0, b"\0\0\0\0"))
    path.write_bytes(b"ID3\x04\0\0\0\0\x10\0" + bytes(2048) + path.read_bytes())
    source = AudioFile(path)
    heard = hear(source)
    assert heard.error == ""
    assert source.length is None
    assert len(samples(heard)) >= STREAM_RATE


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize(
    ("bad", "shown"),
    [
        ([np.nan, 0], "nan"),
        ([np.inf, 0], "inf"),
        ([np.inf, -np.inf], "nan"),
        ([-np.inf, 0.5], "-inf"),
        ([1e30, 0], "e+29"),
    ],
)
def test_a_sample_that_is_no_number_is_reported_with_its_time(tmp_path, hear, rate, bad, shown):
    path = tmp_path / "a.wav"
    tone = sound(rate, 2, 2.0)
    soundfile.write(path, tone, rate, subtype="FLOAT")
    good = samples(hear(AudioFile(path)))
    tone[int(1.25 * rate)] = bad
    soundfile.write(path, tone, rate, subtype="FLOAT")
    heard = hear(AudioFile(path))
    assert "1.250 s" in heard.error
    assert shown in heard.error
    got = samples(heard)
    assert len(got) == 20_000
    np.testing.assert_allclose(got[:-400], good[: len(got) - 400], atol=1e-6)


def test_a_file_without_samples_is_refused_on_entering(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.empty((0, 1)), 16_000)
    with pytest.raises(UserError, match="no sound"):
        AudioFile(path).__enter__()


@pytest.mark.parametrize("rate", [10, 2_000_000])
def test_a_rate_that_no_recording_has_is_refused(tmp_path, hear, rate):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(100), rate)
    heard = hear(AudioFile(path))
    assert f"{rate} samples a second" in heard.error
    assert heard.blocks == []


def test_notes_are_not_sound(tmp_path, hear):
    path = tmp_path / "a.mid"
    path.write_bytes(b"MThd\0\0\0\6\0\0\0\1\1\xe0")
    assert "MidiFile" in hear(AudioFile(path)).error


def open_files():
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_leaving_early_and_failing_leave_no_file_open(tmp_path, hear):
    path = write(tmp_path / "a.mp3")
    before = open_files()
    with AudioFile(path, block=10) as source:
        next(iter(source))
        assert open_files() > before
    path.write_bytes(path.read_bytes()[:100])
    assert hear(AudioFile(path)).error
    assert open_files() == before


def test_a_name_that_is_not_unicode_can_be_opened_and_shown(tmp_path, hear):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\x1b[2J.wav")
    try:
        soundfile.write(os.fsencode(name), np.zeros(1600), 16_000)
    except (OSError, soundfile.SoundFileError):
        pytest.skip("this file system takes only Unicode names")
    source = AudioFile(name)
    assert source.name.endswith("caf??[2J.wav")
    heard = hear(source)
    assert heard.error == ""
    assert len(samples(heard)) == 1600


def test_misuse_is_told_apart_from_bad_input(tmp_path):
    with pytest.raises(ValueError, match="block"):
        AudioFile(tmp_path / "a.wav", block=0)
    with pytest.raises(RuntimeError, match="enter"):
        list(AudioFile(tmp_path / "a.wav"))
