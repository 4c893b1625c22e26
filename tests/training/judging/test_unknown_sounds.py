"""How often a model knows that it does not know."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from tiny_models import write_folder

from realtime.errors import UserError
from realtime.records import STREAM_RATE
from training.cli import main
from training.datasets import read_all
from training.judging.foreign import unknown


def quiet(*_):
    """Progress that nobody needs."""


@pytest.fixture
def sounds(tmp_path):
    """Two kinds of sound: two files of one, one of the other, and a file of silence."""
    rng = np.random.default_rng(0)
    for name, seconds in (("bird/lark", 1.0), ("bird/owl", 0.1), ("whale/orca", 1.0)):
        path = tmp_path / "wild" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, rng.normal(0, 0.1, int(seconds * STREAM_RATE)), STREAM_RATE)
    soundfile.write(tmp_path / "wild" / "bird" / "night.wav", np.zeros(STREAM_RATE), STREAM_RATE)
    return f"folders:{tmp_path / 'wild'}"


def model(folder, below):
    return write_folder(folder, calibration={"temperature": 1.0, "unknown_below": below})


def test_what_is_sure_enough_passes_and_all_else_is_unknown(sounds, tmp_path):
    data = read_all([sounds])
    left_out = {}

    def ask(name, below):
        folder = model(tmp_path / name, below)
        return unknown(folder, data, jobs=1, progress=quiet, left_out=left_out)

    sure = ask("sure", 0.01)
    assert (sure["files"], sure["n"], sure["unknown"]) == (3, 7, 0)  # of 0.256 s
    assert sum(sure["taken_for"].values()) == 7
    assert {k: (v["files"], v["n"]) for k, v in sure["kinds"].items()} == {
        "bird": (2, 4),
        "whale": (1, 3),
    }
    assert list(left_out.values()) == ["nothing in it is above the level gate"]
    doubting = ask("doubting", 1.01)
    assert (doubting["unknown"], doubting["taken_for"]) == (1, {})


def test_one_that_names_everything_is_not_asked(sounds, tmp_path):
    folder = model(tmp_path / "one", 0.0)
    with pytest.raises(UserError, match="never says unknown"):
        unknown(folder, read_all([sounds]), jobs=1, progress=quiet, left_out={})


def test_the_command_tells_each_kind_and_keeps_the_figures(sounds, tmp_path, capsys):
    folder = str(model(tmp_path / "one", 1.01))
    results = tmp_path / "results"
    request = ["evaluate", folder, "--data", sounds, "--foreign", "--results", str(results)]
    assert main(request) == 0
    told = capsys.readouterr()
    assert "unknown: 100.0%" in told.out
    assert "whale        100.0% of 3 windows" in told.out
    assert "night.wav" in told.err
    (kept,) = results.glob("foreign-*.json")
    assert '"command": "rt-train evaluate one --data folders:wild --foreign"' in kept.read_text()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--condition", "room"], "leave out --condition"),
        (["--splices", "2"], "not allowed with"),
    ],
)
def test_a_bad_request_is_one_line(more, words, sounds, tmp_path, capsys):
    folder = str(model(tmp_path / "one", 0.5))
    assert main(["evaluate", folder, "--data", sounds, "--foreign", *more]) == 2
    told = capsys.readouterr().err.strip()
    assert words in told
    assert len(told.splitlines()) == 1
