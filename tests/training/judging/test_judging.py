"""Judging a tiny network on tiny sounds, through the engine."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from training import cli, results
from training.datasets import read_all
from training.judging import splices
from training.judging.report import write


@pytest.fixture
def sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    t = np.arange(16_000) / 16_000
    for k, label in enumerate(("ape", "bee", "cat")):
        for i in range(2):
            path = tmp_path / "sounds" / label / f"{label}{i}_x.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, 0.5 * np.sin(2 * np.pi * 220 * (k + 1) * t), 16_000)
    return f"folders:{tmp_path / 'sounds'}"


def test_a_stream_changes_label_each_time(sounds: str) -> None:
    stream = splices.splice(read_all([sounds]), np.random.default_rng(0))
    labels = [label for _, label in stream.changes]
    assert all(a != b for a, b in itertools.pairwise(labels))
    with stream as source:
        heard = np.concatenate([b.samples for b in source])
    hz = {"ape": 220, "bee": 440, "cat": 660}
    for at, label in stream.changes:  # each label's sine begins where the change is said to be
        spectrum = np.abs(np.fft.rfft(heard[at : at + 4000]))
        assert abs(spectrum.argmax() * 4 - hz[label]) <= 8


def test_delays_are_counted_from_the_change(sounds: str, model_folder) -> None:
    found = splices.delays(
        model_folder(), read_all([sounds]), streams=1, seed=0, progress=lambda *_: None
    )
    assert found["changes"] == splices.CHANGES
    for how in ("window", "smoothed"):
        assert 0 <= found[how]["noticed"] <= 1
        median = found[how]["median"]
        assert median is None or 0 < median <= splices.SECONDS + 0.3


def test_seconds_heard(sounds: str, model_folder, capsys) -> None:
    folder = str(model_folder())
    argv = ["evaluate", folder, "--data", sounds, "--seconds-heard", "--results", "reports"]
    assert cli.main([*argv, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["accuracy"]) == ["4", "10", "30", "60", "whole"]
    assert found["n"] == 6
    # Every file lasts a second: more time adds nothing.
    assert len(set(found["accuracy"].values())) == 1
    (kept,) = results.read(Path("reports"))
    assert kept["accuracy"] == found["accuracy"]
    assert str(Path.cwd()) not in json.dumps(kept)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--condition", "played"], "only MIDI"),
        (["--results", "sounds/ape/ape0_x.wav"], "cannot be written"),
    ],
)
def test_a_bad_request_is_one_line(
    options: list[str], words: str, sounds: str, model_folder, capsys
) -> None:
    assert cli.main(["evaluate", str(model_folder()), "--data", sounds, *options]) == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


def test_a_row_without_measurement_says_so(tmp_path: Path) -> None:
    page = write([], tmp_path / "page.md").read_text()
    target = [line for line in page.splitlines() if line.startswith("| composer LSTM, the paper")]
    assert "not measured" in target[0]


def test_the_page_tells_what_was_measured(tmp_path: Path) -> None:
    evaluation = {
        "kind": "evaluate",
        "model": "composer-lstm",
        "data": "composers:dev",
        "condition": "as-is",
        "n": 10,
        "accuracy": 0.7,
        "macro_f1": 0.6,
        "ece": 0.05,
        "labels": ["a", "b"],
        "confusion": [[5, 2], [1, 2]],
        "per_class": {"a": {"n": 7, "precision": 0.8, "recall": 0.7, "f1": 0.75}},
        "by_file": {"n": 4, "accuracy": 0.95},
        "command": "rt-train evaluate composer-lstm",
    }
    neutral = evaluation | {"condition": "neutral", "accuracy": 0.65}
    replaced = evaluation | {"condition": "played", "sha256": "of a network that is gone"}
    page = write([evaluation, neutral, replaced], tmp_path / "page.md").read_text()
    assert "1 measurements are of networks that no longer ship" in page
    (row,) = [x for x in page.splitlines() if x.startswith("| composer LSTM, never heard")]
    assert "0.700 / 0.950 of 10 windows" in row
    assert row.endswith("| yes |")
    (lost,) = [x for x in page.splitlines() if "as-is to neutral" in x]
    assert "+5.0 `composer-lstm`" in lost
    assert (tmp_path / "page" / "confusion-composer-lstm-composers-dev.png").exists()
