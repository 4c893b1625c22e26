"""What breaks while the program runs is named, counted, and survived or ended cleanly."""

from __future__ import annotations

import datetime
import errno
import os
import re
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from tiny_models import write_folder

from realtime import registry
from realtime.engine import FAILURES, Engine
from realtime.errors import UserError
from realtime.inference import InferenceError
from realtime.records import STREAM_RATE, Event, Prediction, Summary
from realtime.sinks.csvfile import CsvFile
from realtime.sinks.outlet import Outlet
from realtime.sources.audio_file import AudioFile
from realtime.sources.midi_file import MidiFile
from realtime.sources.raw import RawStdin

PRELUDE = Path(__file__).resolve().parents[2] / "demo" / "prelude.mid"


@pytest.fixture
def sound(tmp_path):
    """A file of four seconds of noise."""
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 64_000), STREAM_RATE)
    return path


@pytest.fixture
def model(tmp_path):
    return registry.load(write_folder(tmp_path / "tiny"))


def outcome(listening, act=lambda record: None):
    """Records of a run, and the line that ended it, if any."""
    records = []
    try:
        for record in listening.run():
            act(record)
            records.append(record)
    except UserError as error:
        return records, str(error)
    return records, ""


def of(kind, records):
    return [r for r in records if isinstance(r, kind)]


class Failing:
    """A network that gives no answer to some of the windows."""

    def __init__(self, network, fails):
        self.network, self.fails, self.asked = network, fails, 0

    def predict(self, window):
        self.asked += 1
        if self.fails(self.asked):
            raise InferenceError("it does not want to")
        return self.network.predict(window)


def failing(model, fails):
    return registry.Model(model.manifest, Failing(model.network, fails))


class TestNetwork:
    def test_one_that_fails_once_costs_one_window(self, sound, model, tried):
        whole, _ = outcome(Engine(AudioFile(sound), [model]))
        records, error = outcome(Engine(AudioFile(sound), [failing(model, lambda n: n == 5)]))
        assert not error
        (event,) = of(Event, records)
        assert (event.kind, event.count, event.t) == ("inference-failed", 1, 1.25)
        assert event.text == "tiny gave no answer (it does not want to)"
        assert records[-1].dropped == 1
        said = [(p.t, p.probs) for p in of(Prediction, records)]
        assert said == [(p.t, p.probs) for p in of(Prediction, whole) if p.t != 1.25]
        tried("a network that fails once", cases=1, losses="1 window", came="goes on")

    def test_one_that_always_fails_is_asked_no_more_and_the_others_go_on(self, sound, model):
        other = registry.Model(model.manifest, model.network)
        object.__setattr__(other, "manifest", _renamed(model.manifest, "other"))
        broken = failing(model, lambda n: True)
        records, error = outcome(Engine(AudioFile(sound), [broken, other]))
        assert not error
        assert broken.network.asked == FAILURES
        assert [e.kind for e in of(Event, records)] == ["inference-failed"] * FAILURES
        assert "asked no more" in of(Event, records)[-1].text
        assert {p.model for p in of(Prediction, records)} == {"other"}
        assert len(of(Prediction, records)) == 16
        assert records[-1].dropped == FAILURES

    def test_when_none_answers_the_run_is_summed_up_and_ends_in_one_line(self, sound, model):
        records, error = outcome(Engine(AudioFile(sound), [failing(model, lambda n: n > 3)]))
        assert "no network answers any more" in error
        assert len(of(Prediction, records)) == 3
        assert isinstance(records[-1], Summary)
        assert records[-1].dropped == FAILURES

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_an_answer_that_is_no_number_is_none(self, model, value):
        window = np.full(model.network.input_shape, value, np.float32)
        with pytest.raises(InferenceError, match="finite"):
            model.network.predict(window)


def _renamed(manifest, name):
    from dataclasses import replace

    return replace(manifest, name=name)


class TestFiles:
    @pytest.mark.skipif(os.name == "nt", reason="open files cannot be deleted there")
    def test_one_that_is_deleted_is_heard_to_its_end(self, sound, model, tried):
        whole, _ = outcome(Engine(AudioFile(sound), [model]))
        records, error = outcome(
            Engine(AudioFile(sound, block=160), [model]), lambda _: sound.unlink(missing_ok=True)
        )
        assert not error
        assert [p.probs for p in of(Prediction, records)] == [
            p.probs for p in of(Prediction, whole)
        ]
        tried("a file deleted meanwhile", cases=1, came="heard to its end")

    def test_one_that_is_cut_short_is_heard_up_to_there(self, sound, model, tried):
        def cut(record):
            if getattr(record, "t", 0) == 1.0:
                os.truncate(sound, 60_000)  # 1.9 s

        records, error = outcome(Engine(AudioFile(sound, block=160), [model]), cut)
        assert "is cut off or damaged after" in error
        assert 1.0 <= records[-1].seconds < 4.0
        assert isinstance(records[-1], Summary)
        tried("a file cut short meanwhile", cases=1, came="heard up to there, and one line")

    def test_one_that_grows_is_heard_as_its_header_says(self, sound, model, tried):
        def grow(record):
            with sound.open("ab") as file:
                file.write(bytes(3200))

        records, error = outcome(Engine(AudioFile(sound, block=160), [model]), grow)
        assert not error
        assert records[-1].seconds == 4.0
        tried("a file that grows", cases=1, came="heard as long as its header says")

    def test_raw_samples_that_still_grow_are_heard_to_where_they_are(self, tmp_path, model):
        path = tmp_path / "raw"
        noise = np.random.default_rng(0).normal(0, 0.1, 8_000).astype("<f4").tobytes()
        path.write_bytes(noise)

        def grow(record):
            if getattr(record, "t", 9) <= 0.25:
                with path.open("ab") as file:
                    file.write(noise)

        with path.open("rb") as stream:
            records, error = outcome(Engine(RawStdin(stream, block=100), [model]), grow)
        assert not error
        assert records[-1].seconds == 1.0

    def test_notes_are_read_before_they_are_played(self, tmp_path):
        path = tmp_path / "song.mid"
        path.write_bytes(PRELUDE.read_bytes())
        with MidiFile(PRELUDE) as whole, MidiFile(path) as source:
            path.write_bytes(b"")
            expected = [b.messages for b in whole]
            assert [b.messages for b in source] == expected


class TestSinks:
    def test_one_that_raises_leaves_the_others_alone(self, sound, model, tried):
        class Broken:
            def emit(self, record):
                raise RuntimeError("no")

            def close(self):
                raise RuntimeError("no, again")

        class Fine:
            def __init__(self):
                self.got = []

            def emit(self, record):
                self.got.append(record)

            def close(self):
                pass

        fine = Fine()
        outlets = [Outlet(Broken(), wait=True), Outlet(fine, wait=True)]
        records, error = outcome(
            Engine(AudioFile(sound), [model]), lambda r: [o.put(r) for o in outlets]
        )
        for outlet in outlets:
            outlet.close()
        assert not error
        assert fine.got == records
        assert str(outlets[0].failed) == "no"
        tried("a sink that raises", cases=1, came="named at the end; the others get everything")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_a_full_disk_under_the_csv_file(self, sound, model, run, tried):
        folder = write_folder(sound.parent / "model")
        done = run("--file", sound, "--json", "--csv", "/dev/full", "--model", folder)
        assert done.status == 2
        assert len(done.err) == 1
        assert "No space left" in done.err[0]
        tried("a full disk under --csv", cases=1, came="one line before it begins")

    def test_a_disk_that_fills_up_under_the_csv_file(self, sound, model, tmp_path, monkeypatch):
        sink = CsvFile(tmp_path / "out.csv")
        outlet, rest = Outlet(sink, wait=True), iter([True] * 5)

        def writerow(row, writerow=sink._rows.writerow):
            if not next(rest, False):
                raise OSError(errno.ENOSPC, "No space left on device")
            writerow(row)

        sink._rows = SimpleNamespace(writerow=writerow)
        records, error = outcome(Engine(AudioFile(sound), [model]), outlet.put)
        outlet.close()
        assert not error
        assert len(of(Prediction, records)) == 16
        assert "No space left" in str(outlet.failed)
        assert len((tmp_path / "out.csv").read_text("utf-8").splitlines()) == 6

    def test_a_csv_file_is_readable_up_to_the_fault(self, tmp_path, sound, model):
        sink = CsvFile(tmp_path / "out.csv")
        for record in Engine(AudioFile(sound), [model]).run():
            sink.emit(record)
        lines = (tmp_path / "out.csv").read_text("utf-8").splitlines()  # not closed
        assert len(lines) == 17


class TestClocks:
    def test_the_time_of_day_may_jump(self, sound, model, monkeypatch, tried):
        whole, _ = outcome(Engine(AudioFile(sound), [model]))
        now = iter(range(10**9, 0, -3600))
        monkeypatch.setattr(time, "time", lambda: next(now))

        class Jumping(datetime.datetime):
            @classmethod
            def now(cls, tz=None):
                return cls.fromtimestamp(next(now), tz)

        monkeypatch.setattr(datetime, "datetime", Jumping)
        records, error = outcome(Engine(AudioFile(sound), [model], pace="real", duration=0.5))
        assert not error
        assert [p.probs for p in of(Prediction, records)] == [
            p.probs for p in of(Prediction, whole) if p.t <= 0.5
        ]
        tried("a time of day that jumps back", cases=1, came="no difference")

    def test_nothing_that_matters_is_timed_by_the_time_of_day(self):
        assert time.get_clock_info("perf_counter").monotonic
        timed = re.compile(r"\btime\.time\(|datetime\.(now|today|utcnow)\(")
        package = Path(registry.__file__).parent
        found = [p.name for p in package.rglob("*.py") if timed.search(p.read_text("utf-8"))]
        assert found == ["recorder.py"], "only a recording's date is the time of day"
