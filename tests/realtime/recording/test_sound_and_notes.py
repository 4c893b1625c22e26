"""The files of a recording."""

from __future__ import annotations

import errno
import io

import mido
import numpy as np
import pytest
import soundfile
from scripted import Script, content, passed_on, replayed, scale, tone

from realtime.errors import UserError
from realtime.recording import notes, sound
from realtime.records import STREAM_RATE, AudioBlock, MidiBlock, TimedMessage


def test_sound_is_kept_in_24_bits(tmp_path):
    samples = np.array([0.1, -0.1, 1.0, -1.0, 7.0, -7.0, 2**-24, 0], np.float32)
    (block,) = passed_on(Script([AudioBlock(0, samples, 0.0)]), tmp_path)
    (path,) = tmp_path.glob("*.flac")
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.subtype) == (STREAM_RATE, 1, "PCM_24")
    kept, _ = soundfile.read(path, dtype="float32")
    assert np.array_equal(kept, block.samples)
    assert np.abs(block.samples - np.clip(samples, -1, 1)).max() <= 2**-23


def test_a_tick_is_a_sample(tmp_path):
    struck = [(5, 60), (16_000, 62), (16_001, 64), (2**28 + 16_005, 65)]
    played = tuple(TimedMessage(at, mido.Message("note_on", note=note)) for at, note in struck)
    end = 2**28 + 20_000  # 4.7 hours: more than one number of a MIDI file can say
    passed_on(Script([MidiBlock(0, end, played, 0.0)], "midi"), tmp_path)
    file = mido.MidiFile(tmp_path / "notes.mid")
    assert file.ticks_per_beat * 1_000_000 / 500_000 == STREAM_RATE
    at = np.cumsum([message.time for message in file.tracks[0]])
    sounding = [m.type == "note_on" for m in file.tracks[0]]
    assert at[sounding].tolist() == [position for position, _ in struck]
    assert at[-1] == end
    assert (
        content(replayed(tmp_path, block=10**8))[1:3]
        == content([MidiBlock(0, end, played, 0.0)])[1:3]
    )


def test_notes_that_break_off_anywhere_are_read_up_to_there(tmp_path):
    passed_on(Script([scale(0, 1600), scale(1600, 3200)], "midi"), tmp_path)
    path = tmp_path / "notes.mid"
    data, whole = path.read_bytes(), notes.read(path)
    found = []
    for length in range(22, len(data)):
        path.write_bytes(data[:length])
        positions, packed, _ = notes.read(path)
        assert positions == whole[0][: len(positions)]
        assert packed == whole[1][: len(packed)]
        found.append(len(positions))
    assert found[-1] == len(whole[0]) == 4
    assert found == sorted(found)


def test_a_write_that_takes_only_a_part_goes_on(tmp_path):
    class Slow(io.BytesIO):
        def write(self, data):
            return super().write(bytes(data[:3]))

    file = Slow()
    sound.write_all(file, b"all of it")
    assert file.getvalue() == b"all of it"


def test_what_was_written_before_a_fault_stays_as_it_is(tmp_path, monkeypatch):
    """Also when there is room again: a file that goes on after a hole would be damaged."""
    room, real = [20_000], sound.write_all

    def write_all(file, data):
        if len(data) > room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        room[0] -= len(data)
        real(file, data)

    monkeypatch.setattr(sound, "write_all", write_all)
    file = sound.SoundFile(tmp_path / "a.flac")
    with pytest.raises(OSError, match="No space"):
        file.write(tone(0, 40_000))
    before = (tmp_path / "a.flac").read_bytes()
    room[0] = 10**9
    with pytest.raises(OSError, match="No space"):
        file.close()
    assert (tmp_path / "a.flac").read_bytes() == before


def test_damaged_notes_are_one_line(tmp_path):
    passed_on(Script([scale(0, 1600), scale(1600, 3200)], "midi"), tmp_path)
    path = tmp_path / "notes.mid"
    data = path.read_bytes()
    for damaged in (b"", b"RIFF" + data, data[:-9], data[:40] + b"\xf7" * 9):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"notes\.mid"):
            replayed(tmp_path)
    path.unlink()
    with pytest.raises(UserError, match=r"notes\.mid"):
        replayed(tmp_path)
