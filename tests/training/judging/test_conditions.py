"""Which condition fits which files and which model, and that all of them are told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tiny_models import NOTES

from realtime.errors import UserError
from realtime.registry import read_manifest
from training.datasets import Dataset, Example
from training.judging.conditions import AS_IS, CONDITIONS, check, of_kind

OPTIONS = Path(__file__).parents[3] / "docs" / "options.md"


def files(*names: str) -> Dataset:
    return Dataset([Example(Path(name), "a", name) for name in names])


MIDI, SOUND = files("a.mid", "b.MIDI"), files("a.wav", "b.mp3")


def test_each_kind_fits_its_own_files(model_folder) -> None:
    listens = read_manifest(model_folder())
    reads = read_manifest(model_folder(NOTES, name="reads", window_s=None))
    for name in of_kind("notes"):
        check(name, MIDI, listens)  # through the synthesizer
        check(name, MIDI, reads)
    for name in of_kind("sound"):
        check(name, SOUND, listens)
    for data in (MIDI, SOUND, files("a.mid", "a.wav")):
        check(AS_IS, data, listens)


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("notes", SOUND, "only MIDI files"),
        ("notes", files("a.mid", "a.wav"), "only MIDI files"),
        ("sound", MIDI, "only sound files"),
        ("sound", files("a.mid", "a.wav"), "only sound files"),
    ],
)
def test_a_condition_of_other_files_is_refused(kind, data, words, model_folder) -> None:
    listens = read_manifest(model_folder())
    for name in of_kind(kind):
        with pytest.raises(UserError, match=f"--condition {name}: {words}"):
            check(name, data, listens)


def test_a_model_that_reads_notes_hears_no_room(model_folder) -> None:
    reads = read_manifest(model_folder(NOTES, window_s=None))
    for data in (SOUND, MIDI):
        with pytest.raises(UserError, match=r"tiny reads notes .* it takes neutral or played"):
            check("room", data, reads)


def test_the_docs_tell_of_each_condition_in_the_same_words() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| ([^|]+) \|$", OPTIONS.read_text("utf-8"), re.M)
    told = {name: condition.told for name, condition in CONDITIONS.items()}
    assert dict(rows) == {AS_IS: "the files as they are", **told}
