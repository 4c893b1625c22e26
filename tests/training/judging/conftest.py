"""Sounds of three labels in a folder of their own, and measurements as commands keep them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile


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


@pytest.fixture
def evaluation() -> dict[str, Any]:
    """What ``rt-train evaluate`` keeps."""
    return {
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


@pytest.fixture
def folds() -> dict[str, Any]:
    """What ``rt-train fit --protocol paper`` keeps."""
    epoch = {"loss": 1.0, "accuracy": 0.5}
    valid = epoch | {"valid_loss": 2.0, "valid_accuracy": 0.4}
    return {
        "kind": "folds",
        "model": "instrument-cnn-paper",
        "task": "instrument",
        "architecture": "cnn",
        "protocol": "paper",
        "files": 48,
        "windows": 96,
        "folds": 2,
        "epochs": 3,
        "accuracy": 0.9,
        "deviation": 0.01,
        "precision": 0.8,
        "recall": 0.7,
        "macro_f1": 0.6,
        "labels": ["a", "b"],
        "confusion": [[5, 2], [1, 2]],
        "by_fold": [
            {"history": [epoch], "parts": {"train": 80, "valid": 6, "test": 10}},
            {"history": [valid, valid], "parts": {"train": 81, "valid": 6, "test": 9}},
        ],
    }
