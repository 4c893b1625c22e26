"""The dashboard in a real terminal, as a person meets it: typed, watched, worked with, ended."""

from __future__ import annotations

import re
import shlex
import sys
import time

import numpy as np
import pytest
import soundfile
from rich.cells import cell_len
from tmux import Tmux

SIZES = [(80, 24), (160, 48)]
HALVES = re.compile(r"(\w+) +[━╸─]+ +\d+%.* (\w+) +[━╸─]+ +\d+%")
"""A label with its bar in the left column, and one in the right."""


@pytest.fixture
def tmux():
    opened = []

    def tmux(width, height):
        opened.append(Tmux(width, height))
        return opened[-1]

    yield tmux
    for each in opened:
        each.close()


def run(*arguments):
    command = shlex.join([sys.executable, "-m", "realtime.cli", *map(str, arguments)])
    return f"clear; {command}; echo status $?"


def shows(*words):
    return lambda lines: all(word in "\n".join(lines) for word in words)


def lacks(*words):
    return lambda lines: not any(word in "\n".join(lines) for word in words)


def labels(lines):
    """The labels that stand in both columns, row by row."""
    rows = [match.groups() for line in lines if (match := HALVES.search(line))]
    return [left for left, right in rows if left == right]


def is_whole(lines, width, height):
    """Whether a frame fills the window: nothing wider, nothing twice, nothing of an older one."""
    text = "\n".join(lines)
    return (
        len(lines) == height
        and max(map(cell_len, lines)) < width
        and lines[0].startswith(" rt-classify  ")
        and cell_len(lines[0]) == width - 1
        and text.count("rt-classify  ") == text.count("q quit") == 1
        and [line for line in lines if line][-1].endswith("? keys")
    )


def ended(lines):
    return any(re.fullmatch(r"status \d+", line) for line in lines)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_it_is_watched_and_ended(tmux, size):
    it = tmux(*size)
    it.type(run("--file", "demo/prelude.ogg"))
    rows = 10 if size == SIZES[1] else 3
    lines = it.wait(lambda lines: len(labels(lines)) >= rows)
    assert is_whole(it.lines(joined=True), *size), "\n".join(lines)
    assert len(set(labels(lines))) == rows
    assert any("  CNN  " in line and "  LSTM  " in line for line in lines)
    assert re.search(r"● playing   0:0\d / 1:04$", lines[0])
    assert it.is_taken()
    it.press("q")
    lines = it.wait(ended)
    assert "status 0" in lines
    top = next(i for i, line in enumerate(lines) if line.startswith("╭─ demo/prelude.ogg "))
    bottom = next(i for i, line in enumerate(lines) if line.startswith("╰─ 0:0"))
    assert {cell_len(line) for line in lines[top : bottom + 1]} == {min(100, size[0])}
    heard = [line.split()[1] for line in lines[top + 2 : bottom]]
    assert heard == ["composer-cnn", "instrument-cnn", "instrument-lstm"]
    assert "losses 0" in lines[bottom]
    assert "times real time" in lines[bottom]
    it.wait(lambda _: it.is_given_back())


@pytest.fixture
def fading(tmp_path):
    """A sound of two seconds, and a minute of silence."""
    sound = np.zeros(16_000 * 62)
    sound[:32_000] = np.random.default_rng(0).normal(0, 0.1, 32_000)
    path = tmp_path / "fading.wav"
    soundfile.write(path, sound, 16_000)
    return path


def test_keys(tmux, fading, model_folder):
    animals = [
        model_folder(name=f"animal-{kind}", kind=kind, task="animal") for kind in ("cnn", "lstm")
    ]
    weather = model_folder(name="weather-cnn", labels=("sun", "rain", "snow"), task="weather")
    models = [word for folder in (*animals, weather) for word in ("--model", folder)]
    it = tmux(80, 24)
    it.type(run("--file", fading, *models))
    it.wait(shows("── Animal ──", "── Weather ──", "so far"))

    it.press("m")
    it.wait(lacks("── Weather ──"))
    it.press("m")
    it.wait(lacks("── Animal ──"))
    it.press("m")
    it.wait(shows("── Animal ──", "── Weather ──"))

    it.press("?")
    lines = it.wait(shows("── Keys ──", "pause, and go on", "── What it shows ──"))
    assert lacks("── Animal ──")(lines)
    it.press("?")
    it.wait(shows("── Animal ──"))

    it.press("Space")
    then = clock(it.wait(shows("‖ paused")))
    until = time.monotonic() + 2.5
    while time.monotonic() < until:  # what was on its way may still come
        assert clock(it.lines()) <= then + 1
    it.press("Space")
    it.wait(lambda lines: "● playing" in lines[0] and clock(lines) > then + 1)

    it.wait(lambda lines: "○ silent" in "\n".join(lines))
    assert shows("so far")(it.lines())  # what was heard is not forgotten in silence
    it.press("r")
    it.wait(lacks("so far"))

    it.press("q")
    assert "status 0" in it.wait(ended)


def clock(lines):
    minutes, seconds = re.search(r"(\d+):(\d\d) / 1:02$", lines[0]).groups()
    return 60 * int(minutes) + int(seconds)


def test_the_window_changes_its_size(tmux):
    it = tmux(80, 24)
    it.type(run("--file", "demo/prelude.ogg", "--task", "instrument"))
    it.wait(lambda lines: len(labels(lines)) == 7 and is_whole(lines, 80, 24))
    for width, height, rows in [(160, 48, 10), (60, 15, 0), (80, 24, 7)]:
        it.resize(width, height)
        lines = it.wait(
            lambda lines, size=(width, height): is_whole(lines, *size) and "CNN" in "".join(lines)
        )
        assert len(labels(lines)) == rows, "\n".join(lines)
    it.press("q")
    assert "status 0" in it.wait(ended)
    it.wait(lambda _: it.is_given_back())
