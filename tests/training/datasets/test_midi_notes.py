"""What training reads from a MIDI file is what the engine hears of it."""

import mido
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime.errors import UserError
from realtime.features import NoteSequence
from realtime.records import STREAM_RATE
from realtime.sources.midi_file import MidiFile
from training.datasets.midi import Notes, load, merge_doublings

TICKS = 480


def on(note, time=0, channel=0, velocity=64):
    return mido.Message("note_on", note=note, time=time, channel=channel, velocity=velocity)


def off(note, time=0, channel=0):
    return mido.Message("note_off", note=note, time=time, channel=channel)


def save(path, *tracks):
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(path)
    return path


def heard(path):
    """Notes as the engine hears them: onset, duration, pitch, velocity."""
    notes = NoteSequence(length=8_000)
    with MidiFile(path) as source:
        for block in source:
            notes.push(block.messages, block.end)
    return sorted(zip(*(column.tolist() for column in notes.notes()), strict=True))


def loaded(path):
    n = load(path)
    columns = (n.onsets, n.durations, n.pitches, n.velocities)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def assert_same(path):
    live, trained = heard(path), loaded(path)
    assert [note[2:] for note in trained] == [note[2:] for note in live]
    times = [np.array([note[:2] for note in notes]) for notes in (trained, live)]
    np.testing.assert_allclose(*times, atol=2.5 / STREAM_RATE)


@st.composite
def part(draw, channel):
    """A track with one voice a key: notes of a channel never overlap on a key."""
    events, free = [], dict.fromkeys(range(60, 64), 0)
    at = 0
    # Ticks are 1.04 ms; the steps stay clear of the 20 ms at which a doubling ends.
    steps = st.sampled_from([0, 5, 10, 60, 240, 960])
    for step, pitch, held in draw(
        st.lists(st.tuples(steps, st.integers(60, 63), st.sampled_from([1, 30, 240, 2_000])))
    ):
        at = max(at + step, free[pitch])
        events += [(at, 1, pitch), (at + held, 0, pitch)]
        free[pitch] = at + held + 60
    events.sort()
    track, last = [mido.Message("program_change", program=channel * 8, channel=channel)], 0
    for tick, kind, pitch in events:
        make = on if kind else off
        track.append(make(pitch, tick - last, channel))
        last = tick
    return track


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tracks=st.tuples(part(0), part(1), part(9)), tempi=st.lists(st.integers(200_000, 900_000)))
def test_training_and_engine_agree_on_the_notes(tracks, tempi, tmp_path):
    tempo = [
        mido.MetaMessage("set_tempo", tempo=t, time=700 * (i > 0)) for i, t in enumerate(tempi)
    ]
    path = save(tmp_path / "song.mid", tempo, *tracks)
    if not any(m.type == "note_on" for track in tracks[:2] for m in track):
        with pytest.raises(UserError, match="no notes"):
            load(path)
        return
    notes = load(path)
    # A doubling may be chained; then it is a matter of samples which strike counts.
    live = heard(path)
    assert len(notes) == len(live)
    assert_same(path)


def test_voices_that_meet_on_a_key(tmp_path):
    quarter, half = TICKS, 2 * TICKS
    cases = {
        "together, one longer": ([on(60), off(60, quarter)], [on(60), off(60, half)]),
        "one while the other lasts": ([on(60), off(60, half)], [on(60, quarter), off(60, half)]),
        "a short one inside": ([on(60), off(60, 3 * half)], [on(60, half), off(60, quarter)]),
    }
    for name, (first, second) in cases.items():
        other = [m.copy(channel=1) for m in second]
        path = save(tmp_path / f"{name}.mid", first, other)
        assert_same(path)


def test_programs_drums_and_velocities(tmp_path):
    lead = [mido.Message("program_change", program=40, channel=2), on(70, 0, 2, 101)]
    lead += [off(70, TICKS, 2)]
    path = save(tmp_path / "song.mid", lead, [on(36, 0, 9), off(36, 10, 9)], [on(50), off(50, 99)])
    notes = load(path)
    assert notes.pitches.tolist() == [50, 70]
    assert notes.programs.tolist() == [0, 40]
    assert notes.velocities.tolist() == [64, 101]
    assert notes.onsets.dtype == notes.durations.dtype == np.float64


def test_files_without_notes_or_that_are_none(tmp_path):
    drums = save(tmp_path / "drums.mid", [on(36, 0, 9), off(36, 10, 9)])
    rubbish = tmp_path / "rubbish.mid"
    rubbish.write_bytes(b"MThd nothing of the kind")
    for path in (drums, rubbish, tmp_path / "missing.mid", tmp_path):
        with pytest.raises(UserError) as caught:
            load(path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


NOTES = st.lists(
    st.tuples(st.floats(0, 3), st.floats(0, 2), st.integers(60, 62)), min_size=1, max_size=30
)


@given(NOTES)
def test_merged_notes_could_be_played_on_one_keyboard(raw):
    onsets, durations, pitches = (np.array(column) for column in zip(*raw, strict=True))
    ones = np.ones(len(raw), np.int64)
    notes = merge_doublings(Notes(onsets, durations, pitches, ones, ones))
    assert np.all(np.diff(notes.onsets) >= 0)
    for pitch in range(60, 63):
        ends_before = (onsets + durations)[pitches == pitch].max(initial=0)
        key = notes.take(notes.pitches == pitch)
        ends = key.onsets + key.durations
        assert np.all(np.diff(key.onsets) > 0.02)
        assert np.all(ends[:-1] <= key.onsets[1:] + 1e-9)
        assert set(key.onsets.tolist()) <= set(onsets[pitches == pitch].tolist())
        if len(key):
            assert ends[-1] == pytest.approx(ends_before)
