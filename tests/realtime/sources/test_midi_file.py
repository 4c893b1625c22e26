import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.errors import UserError
from realtime.records import STREAM_RATE
from realtime.sources.midi_file import MidiFile


def on(note, time=0, **kwargs):
    return mido.Message("note_on", note=note, time=time, **kwargs)


def off(note, time=0, **kwargs):
    return mido.Message("note_off", note=note, time=time, **kwargs)


def save(path, *tracks, ticks=480, kind=1):
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(path)
    return path


def messages(heard):
    return [(timed.position, timed.message) for block in heard.blocks for timed in block.messages]


@pytest.fixture
def song(tmp_path):
    """Two tracks with tempo changes, chords, pedal, programs and text between them."""
    tempo = [
        mido.MetaMessage("track_name", name="song"),
        mido.MetaMessage("set_tempo", tempo=400_001),
        mido.MetaMessage("set_tempo", tempo=731_003, time=700),
        mido.MetaMessage("set_tempo", tempo=250_007, time=333),
        mido.Message("sysex", data=[1, 2, 3], time=10),
    ]
    right = [mido.Message("program_change", program=6, channel=1)]
    for i in range(30):
        right += [on(60 + i, 17 * i, channel=1), on(64 + i, 0, channel=1)]
        right += [mido.Message("control_change", control=64, value=127, channel=1)]
        right += [off(60 + i, 91, channel=1), on(64 + i, 5, velocity=0, channel=1)]
        right += [mido.Message("pitchwheel", pitch=-8192 + 500 * i, channel=1)]
    left = [m.copy(channel=2) for m in right if m.type != "pitchwheel"]
    return save(tmp_path / "song.mid", tempo, right, left)


def test_all_messages_come_at_the_time_that_mido_gives_them(song, hear):
    expected, seconds = [], 0.0
    for message in mido.MidiFile(song):
        seconds += message.time
        if not message.is_meta and message.type != "sysex":
            expected.append((seconds, message.copy(time=0)))
    source = MidiFile(song)
    got = messages(hear(source))
    assert [m for _, m in got] == [m for _, m in expected]
    for (position, _), (due, _) in zip(got, expected, strict=True):
        assert abs(position - due * STREAM_RATE) < 0.51  # mido adds up rounding errors
    assert source.length == got[-1][0] / STREAM_RATE + 1


@settings(deadline=None, max_examples=25)
@given(block=st.integers(1, 100_000))
def test_every_block_size_gives_the_same_stream(tmp_path_factory, block):
    folder = tmp_path_factory.mktemp("blocks")
    path = save(folder / "a.mid", [on(60), off(60, 100), on(62, 1), on(62, 480, velocity=0)])
    with MidiFile(path) as whole:
        expected = [timed for b in whole for timed in b.messages]
    with MidiFile(path, block=block) as source:
        blocks = list(source)
    assert [timed for b in blocks for timed in b.messages] == expected
    assert all(b.position <= t.position < b.end for b in blocks for t in b.messages)
    assert [b.position for b in blocks] == list(range(0, blocks[-1].end, block))
    assert blocks[-1].end == expected[-1].position + STREAM_RATE


def test_silence_is_blocks_without_messages(tmp_path, hear):
    path = save(tmp_path / "a.mid", [on(60, 960), off(60, 10)])
    heard = hear(MidiFile(path))
    assert [bool(b.messages) for b in heard.blocks[:11]] == [False] * 10 + [True]


def chunk(body):
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def header(kind=0, tracks=1, division=480):
    numbers = (kind, tracks, division)
    return b"MThd\0\0\0\6" + b"".join(n.to_bytes(2, "big") for n in numbers)


END = b"\0\xff\x2f\0"
NOTE = b"\0\x90\x3c\x40\x60\x3c\0"  # running status, ended by velocity 0


def raw(path, *parts):
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.parametrize(
    ("frames", "rate"), [(24, 24.0), (25, 25.0), (29, 30_000 / 1001), (30, 30.0)]
)
def test_smpte_time_ignores_the_tempo(tmp_path, hear, frames, rate):
    division = (256 - frames) << 8 | 40
    tempo = b"\0\xff\x51\x03\x01\0\0"
    path = raw(tmp_path / "a.mid", header(division=division), chunk(tempo + NOTE + END))
    positions = [position for position, _ in messages(hear(MidiFile(path)))]
    assert positions == [0, round(0x60 / (rate * 40) * STREAM_RATE)]


def test_running_status_goes_on_behind_meta_events(tmp_path, hear):
    body = b"\0\x90\x3c\x40\0\xff\x01\x02hi\x10\x3c\0" + END
    path = raw(tmp_path / "a.mid", header(), chunk(body))
    assert [m.velocity for _, m in messages(hear(MidiFile(path)))] == [64, 0]


def test_unknown_chunks_and_a_longer_header_are_passed_over(tmp_path, hear):
    longer = header().replace(b"\0\0\0\6", b"\0\0\0\x08") + b"\0\0"
    alien = b"XFIH\0\0\0\x03abc"
    path = raw(tmp_path / "a.mid", longer, alien, chunk(NOTE + END), b"rubbish")
    heard = hear(MidiFile(path))
    assert heard.error == ""
    assert len(messages(heard)) == 2


def test_notes_behind_the_end_of_a_track_count_and_rubbish_there_does_not(tmp_path, hear):
    body = b"\0\x90\x3c\x40" + END + b"\x60\x3c\0" + b"\xff\xff\xff\xff\xff"
    path = raw(tmp_path / "a.mid", header(), chunk(body))
    heard = hear(MidiFile(path))
    assert heard.error == ""
    assert [m.velocity for _, m in messages(heard)] == [64, 0]


PEDAL = b"\0\xb0\x40\x7f"
BROKEN = {
    "no notes": (header(), chunk(PEDAL + END)),
    "no notes ": (header(tracks=0),),
    "without end": (header(), chunk(b"\0\x90\x3c\x40" + END)),
    "cut off": (header(), chunk(NOTE + END)[:-5]),
    "cut off ": (header(tracks=3), chunk(NOTE + END)),
    "cut off  ": (header(), b"MTrk"),
    "cut off   ": (header()[:-1],),
    "cut off    ": (b"MThd\xff\xff\xff\xff\0\0\0\1\1\xe0", chunk(NOTE + END)),
    "cut off     ": (header(), b"MTrk\xff\xff\xff\xff", NOTE, END),
    "breaks off inside an event": (header(), chunk(b"\0\x90\x3c")),
    "breaks off inside an event ": (header(), chunk(NOTE + b"\0\xff\x01\x7fshort")),
    "value out of range": (header(), chunk(b"\0\x90\x3c\x99" + END)),
    "unknown kind": (header(), chunk(b"\0\x3c\x40" + END)),
    "unknown kind ": (header(), chunk(b"\0\xf4" + END)),
    "more than four bytes": (header(), chunk(b"\xff" * 1_000_000)),
    "type 2": (header(kind=2), chunk(NOTE + END)),
    "time division": (header(division=0), chunk(NOTE + END)),
    "time division ": (header(division=0x8028), chunk(NOTE + END)),
    "hours": (header(), chunk(b"\0\x90\x3c\x40\xff\xff\xff\x7f\x3c\0" + END)),
    "MiB": (header(), chunk(NOTE * 300_000 + END)),
}


@pytest.mark.parametrize("words", BROKEN)
def test_what_is_wrong_is_said_on_entering(tmp_path, words):
    path = raw(tmp_path / "a.mid", *BROKEN[words])
    with pytest.raises(UserError, match=words.strip()) as fault:
        MidiFile(path).__enter__()
    assert str(fault.value).startswith(f"{path}: ")
    assert str(fault.value).isprintable()
    assert "; " in str(fault.value)


def test_the_first_of_the_notes_that_never_end_is_named(tmp_path, hear):
    tracks = [[on(60), off(60, 9), on(62, 471)], [on(70, 960, channel=3), on(71, channel=3)]]
    path = save(tmp_path / "a.mid", *tracks)
    error = hear(MidiFile(path)).error
    assert "3 notes without end" in error
    assert "pitch 62, channel 1, 0.50 s" in error


@pytest.mark.parametrize(
    "track",
    [
        [on(60), on(60, 10), off(60, 10)],
        [on(60), mido.Message("control_change", control=123, time=9)],
        [on(60), mido.Message("control_change", control=120, time=9)],
        [on(60, channel=2), on(60, 5, channel=2, velocity=0)],
    ],
)
def test_keys_that_an_instrument_would_have_released_do_not_hang(tmp_path, hear, track):
    assert hear(MidiFile(save(tmp_path / "a.mid", track))).error == ""


@pytest.mark.parametrize("other", [off(60, 9, channel=1), off(61, 9), on(60, 9)])
def test_only_its_own_release_ends_a_note(tmp_path, hear, other):
    assert "without end" in hear(MidiFile(save(tmp_path / "a.mid", [on(60), other]))).error


def test_a_tolerant_reader_ends_notes_with_the_file(tmp_path, hear):
    end = mido.MetaMessage("end_of_track", time=240)
    tracks = [[on(60), on(64, 480), off(64, 480), end], [on(40, 20, channel=5)]]
    heard = hear(MidiFile(save(tmp_path / "a.mid", *tracks), strict=False))
    assert heard.error == ""
    assert [(p, m.type, m.channel, m.note) for p, m in messages(heard)[-2:]] == [
        (20_000, "note_off", 0, 60),
        (20_000, "note_off", 5, 40),
    ]
    assert heard.blocks[-1].end == 20_000 + STREAM_RATE


def test_a_tolerant_reader_does_not_hold_notes_to_a_far_track_end(tmp_path, hear):
    end = mido.MetaMessage("end_of_track", time=10**8)
    heard = hear(MidiFile(save(tmp_path / "a.mid", [on(60), end]), strict=False))
    assert [p for p, _ in messages(heard)] == [0, STREAM_RATE]


@pytest.mark.parametrize(
    ("parts", "count"),
    [
        ((header(), chunk(NOTE + b"\0\x90\x3e\x99\0\x3e\0" + END)), 4),
        ((header(), chunk(NOTE + b"\0\x90\x3c")), 2),
        ((header(), chunk(NOTE + END)[:-5]), 2),
        ((header(tracks=9), chunk(NOTE + END), b"MT"), 2),
        ((header(kind=1, tracks=2), chunk(b"\0\xf4"), chunk(NOTE + END)), 2),
    ],
)
def test_a_tolerant_reader_keeps_what_is_good(tmp_path, hear, parts, count):
    path = raw(tmp_path / "a.mid", *parts)
    assert hear(MidiFile(path)).error
    heard = hear(MidiFile(path, strict=False))
    assert heard.error == ""
    assert len(messages(heard)) == count


@pytest.mark.parametrize("words", ["no notes", "type 2", "time division", "hours"])
def test_a_tolerant_reader_still_refuses_what_is_no_music(tmp_path, hear, words):
    path = raw(tmp_path / "a.mid", *BROKEN[words])
    assert words in hear(MidiFile(path, strict=False)).error


def test_sound_is_not_notes(tmp_path, hear):
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVE")
    assert "AudioFile" in hear(MidiFile(path)).error


def test_misuse_is_told_apart_from_bad_input(tmp_path):
    with pytest.raises(ValueError, match="block"):
        MidiFile(tmp_path / "a.mid", block=0)
    with pytest.raises(RuntimeError, match="enter"):
        list(MidiFile(tmp_path / "a.mid"))
