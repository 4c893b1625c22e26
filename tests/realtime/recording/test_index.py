"""Descriptions that come from elsewhere."""

from __future__ import annotations

import json

import pytest

from realtime.errors import UserError
from realtime.recording import Recording
from realtime.sources.open import open_file


def change(folder, **values):
    path = folder / "recording.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    "values",
    [
        {"version": 2},
        {"rate": 48_000},
        {"stream": "smell"},
        {"segments": 3},
        {"segments": [{"position": -1, "end": 5, "file": "a"}]},
        {"segments": [{"position": 0, "end": 5, "file": "../a"}]},
        {"segments": [{"position": 0, "end": 10**18, "file": "a"}]},
        {"segments": [{"position": 0, "end": None, "file": "a"}] * 2},
        {"events": [{"at": 0, "t": "now", "kind": "x", "text": "", "count": 0}]},
        {"events": [{"at": 0, "t": 1e999, "kind": "x", "text": "", "count": 0}]},
        {"skipped": [{"due": 0.5, "kind": "x", "text": "", "count": 0}]},
    ],
    ids=str,
)
def test_what_cannot_be_is_one_line(recorded, values):
    change(recorded, **values)
    with pytest.raises(UserError, match=r"recording\.json") as told:
        open_file(recorded)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, "null", "\udcff"], ids=range(6))
def test_a_damaged_description_is_one_line(recorded, text):
    (recorded / "recording.json").write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(UserError, match=r"recording\.json"):
        Recording(recorded)


def test_a_folder_without_a_recording_is_no_recording(tmp_path):
    with pytest.raises(UserError, match="folder"):
        open_file(tmp_path)
    with pytest.raises(UserError, match=r"recording\.json"):
        Recording(tmp_path)
