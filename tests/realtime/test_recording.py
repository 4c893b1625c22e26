"""Recordings: what was heard, written while listening, and its replay to the last digit."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime import cli
from realtime.api import choose
from realtime.engine import Engine
from realtime.errors import UserError
from realtime.recording import Predictions, Recorder, Recording, sound, writer
from realtime.recording.blocks import cut
from realtime.records import (
    STREAM_RATE,
    AudioBlock,
    Event,
    Latency,
    MidiBlock,
    Prediction,
    Start,
    TimedMessage,
)
from realtime.registry import load
from realtime.sources.audio_file import AudioFile
from realtime.sources.midi_file import MidiFile
from realtime.sources.open import open_file

DEMO = Path(__file__).parents[2] / "demo"
HOP = 0.05
CHORDS = {"kind": "chords", "length": 4, "chord": 0.04}


class Script:
    """A source that yields what it was given; exceptions among it are raised."""

    length = None

    def __init__(self, items, stream="audio", live=False):
        self.items, self.stream, self.live = items, stream, live
        self.name = "script"
        self.is_open = False

    def __enter__(self):
        self.is_open = True
        return self

    def __exit__(self, *_):
        self.is_open = False

    def __iter__(self):
        for item in self.items:
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, Event):
                yield item
            else:  # ``captured`` is how late it comes
                yield replace(item, captured=time.perf_counter() - item.captured)


def tone(position, n, late=0.0):
    """A block whose samples are off the 24-bit grid and, here and there, beyond full scale."""
    rng = np.random.default_rng(position)
    return AudioBlock(position, rng.normal(0, 0.3, n).astype(np.float32), late)


def event(kind, position, count=0):
    return Event(kind, position / STREAM_RATE, f"{kind} at {position}", "script", count)


def content(items):
    """Sound or messages by position, gaps, and events with the position they came at."""
    end, starts, parts, events = 0, [], [], []
    for item in items:
        if isinstance(item, Event):
            events.append((end, replace(item, source="")))
            continue
        if item.end == item.position:
            continue
        if not starts or item.position != end:
            starts.append(item.position)
            parts.append([])
        parts[-1] += [item.samples] if isinstance(item, AudioBlock) else item.messages
        end = item.end
    if any(part and isinstance(part[0], np.ndarray) for part in parts):
        parts = [np.concatenate(part).tobytes() for part in parts]
    else:
        parts = [[(m.position, m.message.bin()) for m in part] for part in parts]
    return starts, end, parts, events


def passed_on(source, folder):
    with Recorder(source, folder) as recorder:
        return list(recorder)


def replayed(folder, **options):
    with Recording(folder, **options) as recording:
        return list(recording)


def said(records):
    """What must be the same: all of the predictions and events but latency and source."""
    none = Latency(0, 0, 0, 0)
    return [
        replace(r, source="", latency=none) if isinstance(r, Prediction) else replace(r, source="")
        for r in records
        if isinstance(r, Prediction | Event)
    ]


@pytest.fixture
def new(tmp_path):
    """A folder that is not there yet."""
    return tmp_path / "recordings" / "new"


@pytest.fixture
def ears(model_folder):
    return [load(model_folder())]


@pytest.fixture
def players(model_folder):
    return [load(model_folder(name="chords", feature=CHORDS))]


# Streams


@st.composite
def streams(draw, stream):
    """Blocks of any size with gaps between them, and events anywhere."""
    items, position = [], draw(st.sampled_from([0, 0, 777]))
    for _ in range(draw(st.integers(1, 6))):
        if draw(st.integers(0, 3)) == 0:
            items.append(event("overflow", position, 12))
            position += draw(st.integers(1, 60_000))
        if draw(st.integers(0, 3)) == 0:
            items.append(event("reconnected", position))
        n = draw(st.integers(0, 9000))
        if stream == "audio":
            items.append(tone(position, n))
        else:
            items.append(draw(_played(position, position + n)))
        position += n
        if draw(st.integers(0, 4)) == 0:
            items.append(event("notice", position))
    return items


@st.composite
def _played(draw, start, end):
    if start == end:
        return MidiBlock(start, end, (), 0.0)
    at = sorted(draw(st.lists(st.integers(start, end - 1), max_size=6)))
    messages = st.one_of(
        st.builds(
            mido.Message,
            st.sampled_from(["note_on", "note_off"]),
            note=st.integers(0, 127),
            velocity=st.integers(0, 127),
            channel=st.integers(0, 15),
        ),
        st.builds(mido.Message, st.just("control_change"), control=st.integers(0, 127)),
        st.builds(mido.Message, st.just("program_change"), program=st.integers(0, 127)),
        st.builds(mido.Message, st.just("pitchwheel"), pitch=st.integers(-8192, 8191)),
        st.builds(mido.Message, st.just("aftertouch"), value=st.integers(0, 127)),
    )
    timed = tuple(TimedMessage(position, draw(messages)) for position in at)
    return MidiBlock(start, end, timed, 0.0)


@settings(max_examples=40)
@given(st.sampled_from(["audio", "midi"]).flatmap(lambda s: st.tuples(st.just(s), streams(s))))
def test_a_replay_yields_what_was_passed_on(tmp_path_factory, case):
    stream, items = case
    folder = tmp_path_factory.mktemp("recordings") / "new"
    heard = content(passed_on(Script(items, stream), folder))
    for block in (1600, 997):
        assert content(replayed(folder, block=block)) == heard
    if stream == "midi":
        assert heard == content(items)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=streams("audio"), again=st.booleans())
def test_a_replay_predicts_the_same(tmp_path_factory, ears, items, again):
    folder = tmp_path_factory.mktemp("recordings") / "new"
    live = said(Engine(Recorder(Script(items), folder), ears, hop=HOP).run())
    if again:  # a replay can be recorded, too
        second = folder.with_name("second")
        assert said(Engine(Recorder(Recording(folder), second), ears, hop=HOP).run()) == live
        folder = second
    assert said(Engine(Recording(folder), ears, hop=HOP).run()) == live


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=streams("midi"))
def test_a_replay_of_notes_predicts_the_same(tmp_path_factory, players, items):
    folder = tmp_path_factory.mktemp("recordings") / "new"
    live = said(Engine(Recorder(Script(items, "midi"), folder), players, hop=HOP).run())
    assert said(Engine(Recording(folder), players, hop=HOP).run()) == live


@pytest.mark.parametrize("name", ["prelude.ogg", "prelude.mid"])
def test_the_shipped_models_say_the_same(name, new):
    path = DEMO / name
    source = MidiFile(path) if name.endswith("mid") else AudioFile(path)
    # It stops inside a block and a hop.
    live = said(Engine(Recorder(source, new), choose(source.stream), duration=3.21).run())
    assert {p.t for p in live} >= {0.25, 3.21}
    assert said(Engine(Recording(new), choose(source.stream)).run()) == live


# What the engine left out or did not take


def test_windows_that_were_skipped_are_skipped_again(ears, new):
    items = [tone(n * 1600, 1600, late=2.0 if n in (3, 4, 8) else 0.0) for n in range(10)]
    live = said(Engine(Recorder(Script(items, live=True), new), ears, hop=HOP).run())
    skipped = [r for r in live if isinstance(r, Event)]
    assert [(e.kind, e.t, e.count) for e in skipped[:2]] == [
        ("dropped", 0.35, 1),
        ("dropped", 0.4, 1),
    ]
    engine = Engine(Recording(new), ears, hop=HOP)
    *records, summary = engine.run()
    assert said(records) == live
    assert summary.dropped == len(skipped) == 6


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), UserError("gone")], ids=["Ctrl-C", "fault"])
def test_an_early_end_is_a_whole_recording(stop, ears, new):
    items = [tone(0, 7001), tone(7001, 3000), stop]
    records = []
    source = Script(items)
    with pytest.raises(type(stop)):
        records.extend(Engine(Recorder(source, new), ears, hop=HOP).run())
    assert not source.is_open
    assert Recording(new).index.complete
    assert said(Engine(Recording(new), ears, hop=HOP).run()) == said(records)


def test_what_a_closed_engine_did_not_take_is_not_recorded(ears, new):
    records = Engine(Recorder(Script([tone(0, 16_000)]), new), ears, hop=0.1).run()
    heard = [next(records), next(records)]
    records.close()
    assert Recording(new).length == 0.2
    assert said(Engine(Recording(new), ears, hop=0.1).run()) == said(heard)


def test_an_interrupt_waits_for_the_instant_at_hand(model_folder, new):
    models = [load(model_folder(name=name)) for name in ("one", "two")]
    engine = Engine(Recorder(Script([tone(0, 1600), tone(1600, 1600)]), new), models, hop=0.1)
    records = engine.run()
    heard = [next(records)]
    assert engine.interrupt()
    assert not engine.interrupt(), "a second one does not wait"
    with pytest.raises(KeyboardInterrupt):
        heard.extend(records)
    assert [r.model for r in said(heard)] == ["one", "two"]
    assert said(Engine(Recording(new), models, hop=0.1).run()) == said(heard)


# The folder


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_can_read_it(tmp_path):
    folder = tmp_path / "parent" / "new"
    passed_on(Script([tone(0, 100)]), folder)
    old = tmp_path / "old"
    old.mkdir(0o755)
    passed_on(Script([MidiBlock(0, 9, (), 0.0)], "midi"), old)
    for made in (folder, old):
        assert mode(made) == 0o700
        assert {mode(path) for path in made.iterdir()} == {0o600}
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["recording.json", "sound-000000000000.flac"]


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
    notes = tuple(TimedMessage(at, mido.Message("note_on", note=note)) for at, note in struck)
    end = 2**28 + 20_000  # 4.7 hours: more than one number of a MIDI file can say
    passed_on(Script([MidiBlock(0, end, notes, 0.0)], "midi"), tmp_path)
    file = mido.MidiFile(tmp_path / "notes.mid")
    assert file.ticks_per_beat * 1_000_000 / 500_000 == STREAM_RATE
    at = np.cumsum([message.time for message in file.tracks[0]])
    sounding = [m.type == "note_on" for m in file.tracks[0]]
    assert at[sounding].tolist() == [position for position, _ in struck]
    assert at[-1] == end
    assert (
        content(replayed(tmp_path, block=10**8))[1:3]
        == content([MidiBlock(0, end, notes, 0.0)])[1:3]
    )


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "song").write_text("mine")
    source = Script([])
    for path in (tmp_path, tmp_path / "song", tmp_path / "song" / "deeper"):
        with pytest.raises(UserError, match="name a new folder") as told, Recorder(source, path):
            pass
        assert len(str(told.value).splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["song"]
    assert not source.is_open


def test_a_source_that_does_not_open_leaves_no_folder(tmp_path):
    with pytest.raises(UserError), Recorder(AudioFile(tmp_path / "none.wav"), tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer, "save", full)
    source = Script([])
    with pytest.raises(UserError, match="No space left"), Recorder(source, tmp_path):
        pass
    assert not source.is_open


# Disks that are full or slow


class Disk:
    """Takes so many bytes of sound or notes, or none while it is held up."""

    def __init__(self, monkeypatch, room=10**9):
        self.room = room
        self.free = threading.Event()
        self.free.set()
        self.real = sound.write_all
        for module in (sound, sys.modules["realtime.recording.notes"]):
            monkeypatch.setattr(module, "write_all", self.write_all)

    def write_all(self, file: io.FileIO, data: bytes) -> None:
        self.free.wait()
        taken, self.room = data[: self.room], self.room - len(data)
        self.real(file, taken)
        if self.room < 0:
            self.room = 0
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(params=["audio", "midi"])
def listeners(request):
    """A stream and the models for it."""
    name = "ears" if request.param == "audio" else "players"
    return request.param, request.getfixturevalue(name)


@pytest.mark.parametrize("room", [0, 3, 50, 200, 30_000, 41_000])
def test_a_full_disk_ends_the_recording_alone(room, listeners, new, monkeypatch):
    stream, models = listeners
    items = [tone(n * 1600, 1600) for n in range(20)]
    if stream == "midi":
        room = min(room, 300)
        monkeypatch.setattr(writer, "_FLUSH", 0.0)
        items = [_scale(block.position, block.end) for block in items]
    whole = said(Engine(Script(items, stream), models, hop=HOP).run())
    Disk(monkeypatch, room)
    *records, summary = Engine(Recorder(Script(items, stream), new), models, hop=HOP).run()
    events = [r for r in records if isinstance(r, Event)]
    assert [e.kind for e in events] == ["recording-failed"]
    assert "No space left" in events[0].text
    assert len([r for r in said(records) if isinstance(r, Prediction)]) == len(whole)
    assert summary.seconds == 2.0
    # What was written can be replayed and says what was said, but for the last, shorter hop.
    again = said(Engine(Recording(new), models, hop=HOP).run())[:-1]
    kept = [r for r in said(records) if isinstance(r, Prediction)]
    assert again == kept[: len(again)]
    assert (len(again) > 0) == (room >= 30_000 or (stream == "midi" and room >= 50))


def _scale(start, end):
    note = 40 + start // 1600 % 40
    struck = mido.Message("note_on", note=note), mido.Message("note_off", note=note)
    return MidiBlock(
        start, end, (TimedMessage(start, struck[0]), TimedMessage(end - 1, struck[1])), 0.0
    )


def test_a_stalled_disk_holds_up_nobody_and_shows_as_a_gap(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "WAITING", 4)
    disk = Disk(monkeypatch)
    items = [tone(n * 1600, 1600) for n in range(40)]
    with Recorder(Script(items, live=True), tmp_path) as recorder:
        heard = []
        for item in recorder:
            heard.append(item)
            if len(heard) == 3:
                disk.free.clear()
            if len(heard) == 30:
                disk.free.set()
                while recorder._writer._inbox.qsize():  # it catches up
                    time.sleep(0.01)
    dropped = [item for item in heard if isinstance(item, Event)]
    assert {e.kind for e in dropped} == {"dropped"}
    kept = content(replayed(tmp_path))
    assert len(kept[0]) >= 2, "there is a gap"
    assert len(kept[3]) == len(dropped)
    samples = sum(len(part) // 4 for part in kept[2])
    assert samples + sum(e.count for e in dropped) == 64_000
    assert sum(len(item.samples) for item in heard if isinstance(item, AudioBlock)) == 64_000


def test_a_file_waits_for_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "WAITING", 4)
    disk = Disk(monkeypatch)
    disk.free.clear()
    threading.Timer(0.3, disk.free.set).start()
    items = [tone(n * 100, 100) for n in range(50)]
    heard = passed_on(Script(items), tmp_path)
    assert content(replayed(tmp_path)) == content(heard)
    assert len(heard) == 50


def test_a_disk_that_never_answers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("realtime.recording.recorder._PATIENCE", 0.1)
    disk = Disk(monkeypatch)
    disk.free.clear()
    with Recorder(Script([tone(0, 100)]), tmp_path) as recorder:
        list(recorder)
        (told,) = recorder.ended(100)
    assert told.kind == "recording-failed"
    disk.free.set()


# Ends without warning

LISTEN = """
import sys, time
import numpy as np
from realtime.recording import Recorder
from realtime.records import AudioBlock, MidiBlock, TimedMessage
import mido

class Endless:
    name, live, length, stream = "endless", True, None, sys.argv[2]
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def __iter__(self):
        begun, position = time.perf_counter(), 0
        while True:
            time.sleep(0.02)
            end = int((time.perf_counter() - begun) * 16000)
            if self.stream == "audio":
                ramp = np.arange(position, end, dtype=np.float32) % 1000 / 1024
                yield AudioBlock(position, ramp, time.perf_counter())
            else:
                note = TimedMessage(position, mido.Message("note_on", note=position // 320 % 128))
                yield MidiBlock(position, end, (note,), time.perf_counter())
            position = end
            print(end, flush=True)

with Recorder(Endless(), sys.argv[1]) as recorder:
    for _ in recorder: pass
"""


@pytest.mark.parametrize("stream", ["audio", "midi"])
def test_a_killed_recording_can_be_replayed_up_to_the_last_second(stream, tmp_path):
    folder = tmp_path / "new"
    argv = [sys.executable, "-c", LISTEN, str(folder), stream]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) > 4 * STREAM_RATE:
                break
        process.kill()
        end = int(line)
    recording = Recording(folder)
    assert not recording.index.complete
    starts, kept, parts, _ = content(replayed(folder))
    assert starts == [0]
    assert kept > end - 2 * STREAM_RATE
    if stream == "audio":
        expected = np.arange(kept, dtype=np.float32) % 1000 / 1024
        assert np.array_equal(np.frombuffer(parts[0], np.float32), expected)
    else:
        assert len(parts[0]) > 50
        mido.MidiFile(folder / "notes.mid")


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_in_order(number, tmp_path, capsys):
    if not hasattr(signal, number):
        pytest.skip(f"no {number} here")
    folder = tmp_path / "new"
    argv = [sys.executable, "-m", "realtime.cli", "--file", str(DEMO / "prelude.ogg"), "--json"]
    argv += ["--pace", "real", "--task", "instrument", "--record", str(folder), "--hop", "0.1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(9):
            process.stdout.readline()
        process.send_signal(getattr(signal, number))
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"")
    assert json.loads(out.splitlines()[-1])["type"] == "summary"
    assert Recording(folder).index.complete
    argv = ["--file", str(folder), "--json", "--task", "instrument", "--hop", "0.1"]
    assert cli.main(argv) == 0
    assert lines(capsys.readouterr().out) == lines((folder / "predictions.jsonl").read_text())


def lines(text):
    """Predictions and events of JSON lines, without what a replay cannot repeat."""
    records = [json.loads(line) for line in text.splitlines()]
    return [
        {key: value for key, value in record.items() if key not in ("latency_ms", "source")}
        for record in records
        if record["type"] in ("prediction", "event")
    ]


# The command line


def test_record_and_replay_from_the_command_line(tmp_path, capsys):
    folder = str(tmp_path / "new")
    argv = ["--json", "--hop", "0.5", "--task", "instrument"]
    prelude = str(DEMO / "prelude.ogg")
    assert cli.main(["--file", prelude, "--duration", "1.7", "--record", folder, *argv]) == 0
    live = capsys.readouterr().out
    assert (tmp_path / "new" / "predictions.jsonl").read_text() == live
    assert cli.main(["--file", folder, *argv]) == 0
    assert lines(capsys.readouterr().out) == lines(live)
    for sources in ([prelude], [prelude, prelude]):  # the folder is not empty; one at a time
        assert cli.main(["--file", *sources, "--record", folder, *argv]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert (tmp_path / "new" / "predictions.jsonl").read_text() == live


def test_predictions_are_written_once_there_is_one(tmp_path):
    sink = Predictions(tmp_path / "later")
    sink.emit(Start("1", "script", ("tiny",), True))
    sink.close()
    assert not (tmp_path / "later").exists()


# Recordings from elsewhere


@pytest.fixture
def recorded(tmp_path):
    folder = tmp_path / "recorded"
    items = [tone(0, 9000), event("overflow", 9000), tone(12_000, 5000)]
    passed_on(Script(items), folder)
    return folder


def change(folder, **values):
    path = folder / "recording.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    "values",
    [
        {"version": 2},
        {"rate": 48_000},
        {"stream": "smell"},
        {"segments": 3},
        {"segments": [{"position": -1, "end": 5, "file": "a"}]},
        {"segments": [{"position": 0, "end": 5, "file": "../a"}]},
        {"segments": [{"position": 0, "end": 10**18, "file": "a"}]},
        {"segments": [{"position": 0, "end": None, "file": "a"}] * 2},
        {"events": [{"at": 0, "t": "now", "kind": "x", "text": "", "count": 0}]},
        {"events": [{"at": 0, "t": 1e999, "kind": "x", "text": "", "count": 0}]},
        {"skipped": [{"due": 0.5, "kind": "x", "text": "", "count": 0}]},
    ],
    ids=str,
)
def test_what_cannot_be_is_one_line(recorded, values):
    change(recorded, **values)
    with pytest.raises(UserError, match=r"recording\.json") as told:
        open_file(recorded)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, "null", "\udcff"], ids=range(6))
def test_a_damaged_description_is_one_line(recorded, text):
    (recorded / "recording.json").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(UserError, match=r"recording\.json"):
        Recording(recorded)


def test_a_folder_without_a_recording_is_no_recording(tmp_path):
    with pytest.raises(UserError, match="folder"):
        open_file(tmp_path)
    with pytest.raises(UserError, match=r"recording\.json"):
        Recording(tmp_path)


def test_missing_and_damaged_sound_is_told_after_the_good_part(recorded):
    second = recorded / "sound-000000012000.flac"
    data = second.read_bytes()
    short = recorded.with_name("short.flac")
    soundfile.write(short, np.zeros(400), STREAM_RATE)
    first, _ = soundfile.read(recorded / "sound-000000000000.flac", dtype="float32")
    for damaged in (None, b"", data[:200], data[:-500], short.read_bytes()):
        second.unlink()
        if damaged is not None:
            second.write_bytes(damaged)
        items = []
        with Recording(recorded) as recording, pytest.raises(UserError, match=r"12000\.flac"):
            items.extend(recording)
        assert content(items)[2][0] == first.tobytes()
        second.touch()


def test_damaged_notes_are_one_line(tmp_path):
    passed_on(Script([_scale(0, 1600), _scale(1600, 3200)], "midi"), tmp_path)
    path = tmp_path / "notes.mid"
    data = path.read_bytes()
    for damaged in (b"", b"RIFF" + data, data[:-9], data[:40] + b"\xf7" * 9):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=r"notes\.mid"):
            replayed(tmp_path)
    path.unlink()
    with pytest.raises(UserError, match=r"notes\.mid"):
        replayed(tmp_path)


def test_cutting():
    notes = _scale(100, 200)
    head, rest = cut(notes, 199)
    assert (head.position, head.end, rest.position, rest.end) == (100, 199, 199, 200)
    assert head.messages + rest.messages == notes.messages
    head, rest = cut(tone(100, 100), 500)
    assert (len(head.samples), rest.position, len(rest.samples)) == (100, 200, 0)
