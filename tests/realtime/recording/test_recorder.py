"""A source that is recorded while an engine listens to it."""

from __future__ import annotations

import errno
import os
import stat

import pytest
from scripted import HOP, Script, passed_on, said, tone

from realtime.engine import Engine
from realtime.errors import UserError
from realtime.recording import Recorder, Recording, writer
from realtime.records import Event, MidiBlock
from realtime.registry import load
from realtime.sources.audio_file import AudioFile


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
