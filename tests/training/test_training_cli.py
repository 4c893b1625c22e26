"""What the command line tells of a machine that lacks something."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from realtime.errors import UserError
from realtime.sources.microphone import Microphone
from training import cli


def test_a_missing_package_is_one_line(
    model_folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    (tmp_path / "sounds" / "ape").mkdir(parents=True)
    soundfile.write(tmp_path / "sounds" / "ape" / "a.wav", np.zeros(1600), 16_000)
    monkeypatch.setitem(sys.modules, "joblib", None)
    argv = ["evaluate", str(model_folder()), "--data", f"folders:{tmp_path / 'sounds'}"]
    assert cli.main(argv) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "rt-train: needs the package joblib: install the extra, pip install '.[train]'"


def test_without_a_microphone_no_folder_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def none(self: Microphone) -> Microphone:
        raise UserError("no microphone")

    monkeypatch.setattr(Microphone, "__enter__", none)
    assert cli.main(["collect", "--label", "snare", "--out", str(tmp_path / "mine")]) == 2
    assert "no microphone" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()
