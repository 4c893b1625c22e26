"""Recording and replaying from the command line."""

from __future__ import annotations

from scripted import DEMO, lines

from realtime import cli
from realtime.recording import Predictions
from realtime.records import Start


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
