"""MIDI files as a person would play them."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
from chance_notes import notes
from hypothesis import given
from hypothesis import strategies as st

from training.datasets.midi import load
from training.judging.conditions import perform
from training.judging.notes import neutral, played


def test_neutral_changes_what_no_player_brings_along_and_nothing_else() -> None:
    before, after = notes(), neutral(notes(), np.random.default_rng(1))
    np.testing.assert_array_equal(before.onsets, after.onsets)
    np.testing.assert_array_equal(before.pitches, after.pitches)
    assert len(np.unique(after.velocities)) > 10
    assert not after.programs.any()


@given(st.integers(0, 20))
def test_played_keeps_every_note_and_about_the_tempo(seed: int) -> None:
    before, after = notes(seed=seed), played(notes(seed=seed), np.random.default_rng(seed))
    assert sorted(after.pitches.tolist()) == sorted(before.pitches.tolist())
    assert (np.diff(after.onsets) >= 0).all()
    assert (after.durations > 0).all()
    assert 0.7 < after.onsets[-1] / np.ptp(before.onsets) < 1.4


@pytest.mark.parametrize("condition", ["neutral", "played"])
def test_a_file_is_performed_alike_each_time(condition: str, tmp_path: Path) -> None:
    track = mido.MidiTrack()
    for i in range(40):
        track.append(mido.Message("note_on", note=50 + i % 9, velocity=70))
        track.append(mido.Message("note_off", note=50 + i % 9, time=120))
    mido.MidiFile(tracks=[track]).save(tmp_path / "a.mid")
    runs = []
    for _ in range(2):
        with perform(tmp_path / "a.mid", condition=condition) as source:
            runs.append([m for block in source for m in block.messages])
    assert runs[0] == runs[1]
    assert sum(m.message.type == "note_on" for m in runs[0]) == len(load(tmp_path / "a.mid"))
