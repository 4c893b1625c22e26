"""Plots of odd measurements: labels that look like formulas, folds without validation."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import plots

pytest.importorskip("matplotlib")


def test_labels_are_no_formulas(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    plots.confusion(path, {"labels": [r"a$\frac$", "b"], "confusion": [[0, 0], [1, 2]]})
    assert path.read_bytes().startswith(b"\x89PNG")


def test_folds_without_validation(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    epoch = {"loss": 1.0, "accuracy": 0.5}
    valid = epoch | {"valid_loss": 1.0, "valid_accuracy": 0.5}
    plots.learning_by_fold(path, [[epoch], [valid, valid]])
    assert path.read_bytes().startswith(b"\x89PNG")
