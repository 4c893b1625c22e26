"""A tree of files through the command line: results, tables, failures, and going on."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib import import_module

import pytest

from realtime import cli
from realtime.batch.hear import Heard
from realtime.batch.tree import find
from realtime.errors import UserError

PROGRESS = re.compile(r"rt-classify: \d+ of \d+ files(, \d+ failed)?(, \d+ min left)?$")
"""Lines that a slow machine gets and a fast one does not."""


@pytest.fixture
def batch(tree, how, tmp_path, capsys):
    """Runs the command line over the tree; gives its status, what it said, and the folder."""

    def batch(*more, out=tmp_path / "out", jobs="2"):
        argv = ["--file", str(tree), "--out", str(out), "--model", *how.models]
        status = cli.main([*argv, *(("--jobs", jobs) if jobs else ()), *more])
        said = capsys.readouterr().err.splitlines()
        return status, [line for line in said if not PROGRESS.match(line)], out

    return batch


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def times_left_out(lines):
    records = [json.loads(line) for line in lines]
    for record in records:
        record.pop("latency_ms", None)
        record.pop("realtime_factor", None)
        for model in record.get("models", {}) if record["type"] == "summary" else ():
            record["models"][model].pop("latency_ms")
    return records


def test_each_file_has_a_result_as_if_heard_alone(batch, tree, how, capsys):
    status, said, out = batch()
    assert status == 2
    assert said[0] == f"rt-classify: 12 of 13 files heard: {out}/results.csv"
    assert said[1].startswith(f"rt-classify: 1 file failed: {out}/failed.csv")
    assert len(said) == 2
    table = rows(out / "results.csv")
    assert len(table) == 12
    first = table[0]
    assert first["file"] == "player 0/take-00.wav"
    assert first["tiny"] in ("ape", "bee", "cat")
    assert (float(first["seconds"]), int(first["tiny windows"])) == (1.0, 4)
    [failure] = rows(out / "failed.csv")
    assert failure["file"] == "broken.wav"
    assert "\n" not in failure["reason"]
    path = tree / "player 1" / "take-04.wav"
    assert cli.main(["--file", str(path), "--json", "--model", *how.models]) == 0
    alone = capsys.readouterr().out.splitlines()
    kept = (out / "results" / "player 1" / "take-04.wav.jsonl").read_text().splitlines()
    assert times_left_out(kept) == times_left_out(alone)
    assert not list(out.rglob("*.part"))


def test_files_of_a_kind_do_not_come_all_at_once(batch, monkeypatch):
    order = []

    def nobody(files, how, jobs):
        for found in files:
            order.append(found.name)
            yield found, Heard(failure="not heard")

    monkeypatch.setattr(sys.modules["realtime.batch.run"], "processes", nobody)
    batch()
    assert len(order) == 13
    assert order != sorted(order)


@pytest.mark.skipif(sys.platform == "win32", reason="such names do not exist there")
def test_a_reason_does_not_repeat_a_name_that_cannot_be_shown(batch, tree):
    (tree / "broken.wav").rename(tree / "two\nlines.wav")
    _, _, out = batch()
    [failure] = rows(out / "failed.csv")
    assert failure["file"] == "two?lines.wav"
    assert "lines" not in failure["reason"]


def test_it_goes_on_where_it_was(batch, tree, monkeypatch):
    (tree / "broken.wav").unlink()
    _, _, out = batch()
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.jsonl")}
    lost = out / "results" / "player 0" / "take-03.wav.jsonl"
    lost.unlink()
    changed = tree / "player 2" / "take-05.wav"
    later = time.time() + 5
    os.utime(changed, (later, later))
    status, said, _ = batch()
    assert status == 0
    assert said[0].endswith("10 of 12 files are done already")
    again = {path for path in out.rglob("*.jsonl") if path.stat().st_mtime_ns != kept[path]}
    assert again == {lost, out / "results" / "player 2" / "take-05.wav.jsonl"}
    assert not (out / "failed.csv").exists()


def test_other_settings_are_refused(batch):
    batch()
    status, said, _ = batch("--hop", "0.5")
    assert status == 2
    assert "other settings" in said[-1]


def test_a_folder_without_results_is_anyone_s(batch, monkeypatch):
    monkeypatch.setattr("realtime.batch.cluster.WAIT", 0.1)
    pytest.importorskip("distributed")
    status, (line,), _ = batch("--dask", "tcp://127.0.0.1:9", jobs=None)
    assert status == 2
    assert "no scheduler answers" in line
    assert batch("--hop", "2")[0] == 2  # one file of the tree is broken
    assert "other settings" in batch()[1][-1]


def test_the_first_midi_file_of_a_tree_changes_no_settings(how, monkeypatch):
    module, asked = import_module("realtime.batch.run"), []  # the package has a function run
    monkeypatch.setattr(module, "choose", lambda stream, **_: asked.append(stream) or [])
    module._settings(how)
    assert asked == ["midi", "audio"]


def test_a_failed_file_is_tried_again(batch, tree):
    batch()
    (tree / "broken.wav").write_bytes((tree / "player 0" / "take-00.wav").read_bytes())
    status, _, out = batch()
    assert status == 0
    assert len(rows(out / "results.csv")) == 13
    assert not (out / "failed.csv").exists()


def test_ctrl_c_keeps_what_is_done(tree, how, tmp_path):
    out = tmp_path / "out"
    argv = [sys.executable, "-m", "realtime.cli", "--file", str(tree), "--out", str(out)]
    argv += ["--model", *how.models, "--jobs", "1", "--hop", "0.01"]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 60
        while not list(out.rglob("*.jsonl")) and time.monotonic() < end:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    done = len(list(out.rglob("*.jsonl")))
    assert re.search(rf"stopped after {done} of 13 files(, 1 failed)?; the same command", err)
    assert "Traceback" not in err
    again = subprocess.run(argv, stderr=subprocess.PIPE, text=True, check=False)
    assert f"{done} of 13 files are done already" in again.stderr
    assert len(rows(out / "results.csv")) == 12


def test_names_as_long_as_a_folder_takes(batch, tree):
    for kind in ("a", "b"):
        sound = (tree / "player 0" / "take-00.wav").read_bytes()
        (tree / f"{'n' * 249}{kind}.wav").write_bytes(sound)
    status, _, out = batch()
    assert status == 2  # for the broken file
    assert len(rows(out / "failed.csv")) == 1
    assert len(rows(out / "results.csv")) == 14
    _, said, _ = batch()
    assert said[0].endswith("14 of 15 files are done already")


def test_a_result_that_a_loss_of_power_emptied_is_made_again(batch, tree):
    (tree / "broken.wav").unlink()
    _, _, out = batch()
    (out / "results" / "player 0" / "take-03.wav.jsonl").write_text("")
    status, said, _ = batch()
    assert status == 0
    assert said[0].endswith("11 of 12 files are done already")
    assert len(rows(out / "results.csv")) == 12


def test_results_that_cannot_be_written(batch, tmp_path):
    (tmp_path / "file").write_text("")
    status, said, _ = batch(out=tmp_path / "file")
    assert status == 2
    assert len(said) == 1


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (("--mic", "--out", "x"), "--out goes with --file"),
        (("--file", "-", "--out", "x"), "add --file DIR"),
        (("--file", "x", "--json", "--out", "x"), "leave out --json"),
        (("--file", "x", "--jobs", "0", "--out", "x"), "at least 1"),
        (("--file", "nowhere", "--out", "x"), "no such file or folder"),
        (("--file", ".ci", "--out", "x"), "no file in it ends in"),
        (("--file", "x", "--jobs", "2"), "add --out"),
        (("--file", "x", "--dask", "tcp://a"), "add --out"),
    ],
)
def test_a_bad_request_is_one_line(argv, word, capsys):
    assert cli.main([*argv]) == 2
    err = capsys.readouterr().err
    assert word in err
    assert len(err.splitlines()) == 1


def test_a_bad_model_is_told_once(tree, tmp_path, capsys):
    argv = ["--file", str(tree), "--out", str(tmp_path / "out"), "--model", "nothing"]
    assert cli.main(argv) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_finding(tree, tmp_path, monkeypatch):
    found = find([str(tree)])
    assert len(found) == 13
    assert found == sorted(found, key=lambda each: each.name)
    (tree / "loop").symlink_to(tree)
    assert find([str(tree)]) == found
    one, two = tree / "player 0", tree / "player 1"
    both = find([str(one), str(two), str(one)])
    assert len({each.name for each in both}) == len(both) == 8
    assert both[0].name == "player 0/take-00.wav"
    [single] = find([str(one / "take-00.wav")])
    assert single.name == "take-00.wav"
    (tree / "gone.mid").symlink_to(tree / "nowhere")
    assert "gone.mid" in {each.name for each in find([str(tree)])}
    with pytest.raises(UserError):
        find([str(tree / "nowhere")])
