"""Label tracks as Audacity itself reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from audacity import Audacity

from realtime.cli import main
from realtime.sinks.labels import Labels

DEMO = Path(__file__).parents[3] / "demo"


@pytest.fixture
def audacity(tmp_path):
    program = Audacity(tmp_path / "home")
    yield program
    program.close()


def lines(path):
    """What a label file says, as Audacity would: start, end and text."""
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    return [[float(start), float(end), text] for start, end, text in rows]


def same(read, written):
    """Whether labels are the same; Audacity tells six digits of a time."""
    return [(text, *map(pytest.approx, times)) for *times, text in written] == [
        (text, *times) for *times, text in read
    ]


@pytest.mark.slow
def test_audacity_reads_what_was_written(audacity, make, tmp_path):
    for name in ("prelude.ogg", "prelude.mid"):
        labels = tmp_path / f"{name}.txt"
        assert main(["--file", str(DEMO / name), "--no-dashboard", "--labels", str(labels)]) == 0
    odd = Labels(tmp_path / "odd.txt")
    odd.emit(make.prediction(t=8.0, label='Dvořák "é"\t\n😀'))
    odd.emit(make.prediction("mute", t=8.0, state="silent"))
    odd.close()

    files = sorted(tmp_path.glob("*.txt"))
    assert len(files) == 3 + 2 + 2
    audacity.do(f"Import2: Filename={DEMO / 'prelude.ogg'}")
    for number, path in enumerate(files, start=1):
        audacity.import_labels(path)
        tracks = audacity.labels()
        assert len(tracks) == number
        assert same(tracks[-1], lines(path)), path.name
    assert sum(map(len, tracks)) > 20
    assert tracks[files.index(tmp_path / "odd.mute.txt")] == []
