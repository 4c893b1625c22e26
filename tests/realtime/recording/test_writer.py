"""Disks that are full, slow or gone."""

from __future__ import annotations

import errno
import io
import sys
import threading
import time

import pytest
from scripted import HOP, Script, content, event, passed_on, replayed, said, scale, tone

from realtime.engine import Engine
from realtime.recording import Recorder, Recording, sound, writer
from realtime.records import AudioBlock, Event, Prediction

pytestmark = pytest.mark.reliability


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
        items = [scale(block.position, block.end) for block in items]
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


def test_what_was_told_before_the_disk_was_full_is_kept(tmp_path, monkeypatch):
    Disk(monkeypatch, room=30_000)
    told = event("notice", 1600)
    heard = passed_on(
        Script([tone(0, 1600), told, *(tone(n * 1600, 1600) for n in range(1, 20))]), tmp_path
    )
    kinds = [item.kind for item in heard if isinstance(item, Event)]
    assert kinds[0] == "notice"
    assert set(kinds[1:]) <= {"recording-failed"}, "told if the disk is full before the end"
    assert [kept.event.kind for kept in Recording(tmp_path).index.events] == ["notice"]


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
    assert {e.kind for e in dropped} == {"recording-gap"}
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
