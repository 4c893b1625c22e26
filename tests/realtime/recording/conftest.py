"""Where to record to, and models that listen."""

from __future__ import annotations

import pytest
from scripted import Script, event, passed_on, tone

from realtime.registry import load

CHORDS = {"kind": "chords", "length": 4, "chord": 0.04}


@pytest.fixture
def new(tmp_path):
    """A folder that is not there yet."""
    return tmp_path / "recordings" / "new"


@pytest.fixture
def ears(model_folder):
    return [load(model_folder())]


@pytest.fixture
def players(model_folder):
    return [load(model_folder(name="chords", feature=CHORDS))]


@pytest.fixture
def recorded(tmp_path):
    folder = tmp_path / "recorded"
    items = [tone(0, 9000), event("overflow", 9000), tone(12_000, 5000)]
    passed_on(Script(items), folder)
    return folder
