"""The sections with plots: every picture that the page shows lies beside it."""

from __future__ import annotations

import re
from pathlib import Path

from training.judging import pictures


def shown(lines: list[str], folder: Path) -> list[str]:
    """Names of the pictures in some lines, all of which were drawn."""
    found = [m[1] for line in lines if (m := re.search(r"\]\(page/(.+)\)", line))]
    for name in found:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    return found


def test_a_confusion_matrix_of_each_model(tmp_path: Path, evaluation) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    neutral = evaluation | {"condition": "neutral"}
    lines = pictures.live([evaluation, neutral], folder)
    assert shown(lines, folder) == ["confusion-composer-lstm-composers-dev.png"]
    assert "| a | 7 | 0.80 | 0.70 | 0.75 |" in lines
    assert any(line.endswith("Whole files: **95.0%** of 4.") for line in lines)


def test_confusions_and_learning_of_each_protocol(tmp_path: Path, folds) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    assert shown(pictures.folds([folds], folder), folder) == [
        "confusion-instrument-cnn-paper-paper.png",
        "learning-instrument-cnn-paper-paper.png",
    ]


def test_seconds_heard_as_table_and_plot(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    found = {"kind": "seconds", "model": "m", "condition": "as-is", "n": 6}
    lines = pictures.seconds([found | {"accuracy": {"4": 0.5, "whole": 0.75}}], folder)
    assert "| model | condition | files | 4 s | whole |" in lines
    assert "| `m` | as-is | 6 | 0.500 | 0.750 |" in lines
    assert shown(lines, folder) == ["seconds-heard.png"]
