"""The command line as scripts and people use it, over real files and the shipped models."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from realtime import cli
from realtime.records import STREAM_RATE
from realtime.registry import find, read_manifest

DEMO = Path(__file__).parents[2] / "demo"
PRELUDE, PRELUDE_MIDI = str(DEMO / "prelude.ogg"), str(DEMO / "prelude.mid")
INSTRUMENTS = ["instrument-cnn", "instrument-lstm"]
COMPOSERS = ["composer-cnn", "composer-lstm"]


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, list[dict], str]:
    """Exit status, JSON records and stderr of one run with ``--json``."""
    status = cli.main([*argv, "--json"])
    out, err = capsys.readouterr()
    return status, [json.loads(line, parse_constant=pytest.fail) for line in out.splitlines()], err


def of_type(records: list[dict], kind: str) -> list[dict]:
    return [r for r in records if r["type"] == kind]


def without_times(records: list[dict]) -> list[dict]:
    """Predictions without what depends on the machine."""
    kept = of_type(records, "prediction")
    return [{k: v for k, v in r.items() if k != "latency_ms"} for r in kept]


@pytest.fixture
def short(tmp_path: Path) -> str:
    """Five seconds of the prelude."""
    samples, rate = soundfile.read(PRELUDE)
    path = tmp_path / "short.flac"
    soundfile.write(path, samples[: 5 * rate], rate)
    return str(path)


@pytest.mark.parametrize(
    ("path", "models"),
    [(PRELUDE, [*INSTRUMENTS, "composer-cnn"]), (PRELUDE_MIDI, COMPOSERS)],
    ids=["sound", "MIDI"],
)
def test_every_model_that_applies_is_heard(path: str, models: list[str], capsys) -> None:
    status, records, err = run(capsys, "--file", path, "--hop", "2", "--duration", "14")
    assert (status, err) == (0, "")
    assert [r["type"] for r in (records[0], records[-1])] == ["start", "summary"]
    assert sorted(records[0]["models"]) == sorted(models)
    predictions = of_type(records, "prediction")
    for name in models:
        mine = [r for r in predictions if r["model"] == name]
        assert [r["t"] for r in mine] == [2, 4, 6, 8, 10, 12, 14]
        for r in mine:
            assert r["window"][0] <= r["window"][1] <= r["t"]
            assert r["state"] in ("live", "warming", "silent", "unknown")
            assert sum(r["probs"].values()) == pytest.approx(1, abs=1e-3)
            assert r["probs"][r["label"]] == max(r["probs"].values())
            assert set(r["latency_ms"]) == {"capture", "features", "inference", "total"}
        manifest = read_manifest(find(name))
        # The piece begins with fewer chords than composer-lstm reads.
        full = manifest.window_s is not None and manifest.window_s <= 14
        known = mine[-1]["p"] >= manifest.calibration["unknown_below"]
        assert mine[-1]["state"] == (("live" if known else "unknown") if full else "warming")
        told = records[-1]["models"][name]
        assert told["windows"] == 7
        assert told["label"] in told["probs"]
        assert {"p50", "p95", "p99"} <= set(told["latency_ms"])
    assert records[-1]["seconds"] == pytest.approx(14)


def test_all_four_hear_midi_when_asked(capsys) -> None:
    argv = ("--file", PRELUDE_MIDI, "--task", "all", "--hop", "5", "--duration", "5")
    _, records, _ = run(capsys, *argv)
    assert sorted(records[0]["models"]) == sorted(INSTRUMENTS + COMPOSERS)


@pytest.mark.parametrize("path", [PRELUDE, PRELUDE_MIDI], ids=["sound", "MIDI"])
def test_real_pace_says_the_same_as_fast(path: str, capsys) -> None:
    argv = ("--file", path, "--hop", "0.5", "--duration", "1.7")
    fast = run(capsys, *argv, "--pace", "fast")[1]
    real = run(capsys, *argv, "--pace", "real")[1]
    assert without_times(fast) == without_times(real)
    assert without_times(fast)[-1]["t"] == pytest.approx(1.7)


def test_stdin_says_the_same_as_the_file(short: str, tmp_path: Path, capsys) -> None:
    samples, _ = soundfile.read(short, dtype="float32")
    argv = [sys.executable, "-m", "realtime.cli", "--file", "-", "--json", "--hop", "1"]
    raw = samples.astype("<f4").tobytes()
    done = subprocess.run(argv, input=raw, capture_output=True, check=True)
    piped = [json.loads(line) for line in done.stdout.splitlines()]
    filed = run(capsys, "--file", short, "--hop", "1")[1]
    same = [{**r, "source": ""} for r in without_times(piped)]
    assert same == [{**r, "source": ""} for r in without_times(filed)]


def test_several_files_have_one_start_and_a_summary_each(short: str, capsys) -> None:
    _, records, _ = run(capsys, "--file", short, PRELUDE, "--hop", "2", "--duration", "4")
    assert len(of_type(records, "start")) == 1
    assert [r["source"] for r in of_type(records, "summary")] == [short, PRELUDE]
    assert {r["source"] for r in of_type(records, "prediction")} == {short, PRELUDE}


def test_one_bad_file_does_not_stop_the_others(short: str, tmp_path: Path, capsys) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"")
    argv = ("--file", str(bad), "missing.mid", "what.xyz", short, "--hop", "2")
    status, records, err = run(capsys, *argv)
    assert status == 2
    assert [r["source"] for r in of_type(records, "summary")] == [short]
    lines = err.splitlines()
    assert len(lines) == 3
    for name in ("bad.wav", "missing.mid", "what.xyz"):
        assert sum(name in line for line in lines) == 1


def test_a_file_that_cannot_be_heard_is_told_before_the_others(short, monkeypatch, capsys) -> None:
    told, hear = [], cli._hear

    def listen(*args, **options):
        told.extend(capsys.readouterr().err.splitlines())
        return hear(*args, **options)

    monkeypatch.setattr(cli, "_hear", listen)
    assert cli.main(["--file", short, "missing.mid", "--hop", "2"]) == 2
    (line,) = told
    assert "missing.mid: no such file" in line
    assert capsys.readouterr().err == ""


def test_a_path_without_its_option_is_told_which(capsys) -> None:
    assert cli.main(["--json", "song.wav"]) == 2
    assert "song.wav: a file is named by --file" in capsys.readouterr().err


def _wav(path: Path, samples: np.ndarray) -> str:
    soundfile.write(path, samples, STREAM_RATE, subtype="FLOAT")
    return str(path)


def _midi(path: Path, *messages: mido.Message) -> str:
    mido.MidiFile(tracks=[mido.MidiTrack(messages)]).save(path)
    return str(path)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda d: str(d / "none.wav"), "none.wav"),
        (str, "folder"),
        (lambda d: (d / "empty.flac").write_bytes(b"") or str(d / "empty.flac"), "empty"),
        (lambda d: (d / "text.wav").write_text("hello" * 99) and str(d / "text.wav"), "text.wav"),
        (lambda d: _wav(d / "nan.wav", np.full(9000, np.nan)), "nan.wav"),
        (lambda d: _wav(d / "nothing.wav", np.zeros(0)), "nothing.wav"),
        (lambda d: _midi(d / "mute.mid", mido.Message("program_change")), "no notes"),
        (lambda d: _midi(d / "stuck.mid", mido.Message("note_on")), "stuck.mid"),
    ],
    ids=["missing", "folder", "empty", "text", "NaN", "no samples", "no notes", "stuck note"],
)
def test_a_bad_file_is_one_line_and_2(make, word: str, tmp_path: Path, capsys) -> None:
    status, records, err = run(capsys, "--file", make(tmp_path))
    assert status == 2
    assert len(err.splitlines()) == 1
    assert word in err
    assert not of_type(records, "prediction")


@pytest.mark.parametrize(
    "argv",
    [
        ("--model", "nothing"),
        ("--task", "cooking"),
        ("--hop", "0"),
        ("--threads", "0"),
        ("--model", "composer-lstm"),
    ],
    ids=" ".join,
)
def test_a_bad_request_is_one_line_and_2(argv: tuple[str, ...], short: str, capsys) -> None:
    status, records, err = run(capsys, "--file", short, *argv)
    assert (status, records) == (2, [])
    assert len(err.splitlines()) == 1


def test_plain_text_where_stdout_is_no_terminal(short: str, capsys) -> None:
    assert cli.main(["--file", short, "--hop", "1"]) == 0
    out = capsys.readouterr().out
    assert "Summary" in out
    assert "\x1b" not in out


def test_csv_beside_json(short: str, tmp_path: Path, capsys) -> None:
    rows = tmp_path / "rows.csv"
    records = run(capsys, "--file", short, "--hop", "1", "--csv", str(rows))[1]
    assert len(rows.read_text().splitlines()) == 1 + len(of_type(records, "prediction"))


def test_a_csv_that_cannot_be_written_is_one_line(short: str, tmp_path: Path, capsys) -> None:
    assert cli.main(["--file", short, "--csv", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_a_slow_sink_missed_is_told(short: str, monkeypatch, capsys) -> None:
    from realtime.sinks.outlet import Outlet

    class Slow(Outlet):
        """Lost three records, as a live run's inbox does when its reader is slow."""

        def close(self, timeout: float | None = None) -> None:
            super().close(timeout)
            self.dropped += 3

    monkeypatch.setattr("realtime.sinks.outlet.Outlet", Slow)
    assert cli.main(["--file", short, "--json", "--hop", "1"]) == 0
    assert "3 records left out" in capsys.readouterr().err


def test_a_reader_that_goes_away_ends_the_run(short: str) -> None:
    argv = [sys.executable, "-m", "realtime.cli", "--file", PRELUDE, "--json", "--hop", "0.05"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


def test_an_output_that_fails_late_is_named_with_its_file(short: str, tmp_path, capsys) -> None:
    taken = tmp_path / "song.instrument-cnn.txt"
    taken.mkdir()
    argv = ("--file", short, "--model", "instrument-cnn", "--labels", str(tmp_path / "song.txt"))
    status, records, err = run(capsys, *argv)
    assert (status, records[-1]["type"]) == (2, "summary")
    (line,) = err.splitlines()
    assert f"Labels: {taken}: " in line
    assert "Errno" not in line


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


@FULL
@pytest.mark.reliability
def test_a_full_disk_under_stdout_leaves_the_other_outputs_alone(short: str, tmp_path) -> None:
    rows = tmp_path / "rows.csv"
    argv = ["--file", short, "--model", "instrument-cnn", "--json", "--csv", str(rows)]
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "realtime.cli", *argv]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert len(rows.read_text().splitlines()) == 1 + 20  # 5 s, four times a second
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert "No space left on device; the records after it are lost" in line


@FULL
def test_a_full_disk_under_nothing_but_stdout_ends_the_run(monkeypatch, capsys) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        argv = ["--file", PRELUDE, "--model", "instrument-cnn", "--json", "--pace", "real"]
        assert cli.main(argv) == 2  # and not after a minute
    assert len(capsys.readouterr().err.splitlines()) == 1


@FULL
@pytest.mark.parametrize("option", ["--list-devices", "--print-config"])
def test_a_list_that_cannot_be_printed_is_one_line(option: str, monkeypatch, capsys) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert cli.main([option]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "stdout" in line


@pytest.mark.parametrize(
    "argv",
    [
        ("--mic", "\u00b2"),
        ("--mic", "9" * 5000),
        ("--mic", "--channel", "\u00b2"),
        ("--mic", "--channel", "9" * 5000),
        ("--file", PRELUDE, "--osc", "127.0.0.1:" + "9" * 5000),
        ("--file", PRELUDE, "--duration", "1e308"),
        ("--file", PRELUDE, "--duration", "nan"),
        ("--file", PRELUDE, "--duration", "abc"),
        ("--file", PRELUDE, "--hop", "1e308"),
        ("--file", PRELUDE, "--threads", "9" * 5000),
    ],
    ids=lambda argv: " ".join(argv)[:40],
)
def test_odd_numbers_are_one_line(argv: tuple[str, ...], capsys) -> None:
    assert cli.main([*argv]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "_" not in line.partition(";")[0]  # no name of ours


def test_less_than_a_sample_is_summed_up_too(short: str, capsys) -> None:
    argv = ("--file", short, "--model", "instrument-cnn", "--duration", "1e-9")
    status, records, err = run(capsys, *argv)
    assert (status, err, records[-1]["type"]) == (0, "", "summary")


def test_ctrl_c_sums_up_and_is_130() -> None:
    import signal

    argv = [sys.executable, "-m", "realtime.cli", "--file", PRELUDE, "--json", "--pace", "real"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(4):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["type"] == "summary"
    assert err == b""


@pytest.mark.reliability
@pytest.mark.parametrize("path", [PRELUDE, PRELUDE_MIDI], ids=["sound", "MIDI"])
def test_a_recording_that_ended_early_is_told_at_the_end(path, tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    for module in ("sound", "notes"):
        monkeypatch.setattr(f"realtime.recording.{module}.write_all", full)
    folder = tmp_path / "new"
    argv = ("--file", path, "--duration", "3", "--hop", "1", "--record", str(folder))
    status, records, err = run(capsys, *argv)
    assert (status, records[-1]["seconds"]) == (2, 3.0)
    (line,) = err.splitlines()
    assert f"{folder}: the recording ended early (No space left on device); make room" in line


def test_pictures_and_labels_of_a_file(short: str, tmp_path: Path, capsys) -> None:
    pytest.importorskip("matplotlib")
    picture, labels = tmp_path / "short.svg", tmp_path / "short.txt"
    argv = ("--file", short, "--task", "instrument", "--plot", str(picture))
    status, records, err = run(capsys, *argv, "--labels", str(labels))
    assert (status, err) == (0, "")
    assert "signal" not in {r["type"] for r in records}
    assert picture.read_text().startswith("<?xml")
    assert (tmp_path / "short.instrument-cnn.txt").read_text().endswith("%\n")


@pytest.mark.parametrize("option", ["--record", "--labels", "--plot"])
def test_what_tells_of_one_source_takes_one(option: str, short: str, tmp_path, capsys) -> None:
    assert cli.main(["--file", short, PRELUDE, option, str(tmp_path / "it.png")]) == 2
    assert "one source, not 2" in capsys.readouterr().err
    assert not (tmp_path / "it.png").exists()
