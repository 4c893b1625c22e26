from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from players import control, few, off, on, playing

from realtime.features import ChordSequence, NoteSequence
from realtime.features.tracker import ROUNDING, Tracker, chords, log_time
from realtime.records import STREAM_RATE


def heard(*messages, now, keep=100):
    """Notes as (onset, duration, pitch) in samples."""
    notes = Tracker(keep, 0.04)
    notes.push(messages, now)
    onsets, durations, pitches, _ = notes.notes()
    scaled = [np.round(x * STREAM_RATE).astype(int).tolist() for x in (onsets, durations)]
    return list(zip(*scaled, pitches.tolist(), strict=True))


def push_in_cuts(feature, messages, end, cuts):
    cuts = sorted({c for c in cuts if c < end} | {end})
    at = 0
    for cut in cuts:
        feature.push([m for m in messages if at <= m.position < cut], cut)
        at = cut


CUTS = st.lists(st.integers(0, 60_000), max_size=12)


class TestTracking:
    def test_a_note_lasts_while_its_key_is_down(self):
        assert heard(on(0, 60), off(800, 60), on(900, 64), on(1500, 64, 0), now=9999) == [
            (0, 800, 60),
            (900, 600, 64),
        ]

    def test_a_note_still_sounding_lasts_until_now(self):
        notes = Tracker(4, 0.04)
        notes.push([on(100, 60)], 1_100)
        assert notes.notes()[1].tolist() == [1_000 / STREAM_RATE]
        notes.push([], 2_100)
        assert notes.notes()[1].tolist() == [2_000 / STREAM_RATE]
        assert notes.sounding == (60,)
        notes.push([off(2_500, 60)], 9_000)
        assert notes.notes()[1].tolist() == [2_400 / STREAM_RATE]
        assert notes.sounding == ()

    def test_the_sustain_pedal_does_not_stretch_notes(self):
        messages = [control(0, 64, 127), on(0, 60), off(500, 60), control(9_000, 64, 0)]
        assert heard(*messages, now=9_999) == [(0, 500, 60)]

    def test_a_key_that_two_parts_strike_at_once_is_one_note_until_both_let_go(self):
        messages = [on(0, 60), on(320, 60, channel=1), off(5_000, 60), off(8_000, 60, channel=1)]
        assert heard(*messages, now=9_999) == [(0, 8_000, 60)]

    def test_struck_a_moment_later_it_is_a_repetition(self):
        messages = [on(0, 60), on(321, 60, channel=1), off(5_000, 60), off(8_000, 60, channel=1)]
        assert heard(*messages, now=9_999) == [(0, 321, 60), (321, 7_679, 60)]

    def test_doublings_are_counted_from_the_note_that_stays(self):
        struck = [on(at, 60, channel=c) for c, at in enumerate((0, 200, 400))]
        assert [note[0] for note in heard(*struck, now=9_999)] == [0, 400]

    def test_drums_are_left_out(self):
        assert heard(on(0, 60, channel=9), off(5, 60, channel=9), now=99) == []
        assert heard(on(0, 60), off(50, 60, channel=9), off(80, 60), now=99) == [(0, 80, 60)]

    @pytest.mark.parametrize("number", [120, 123])
    def test_all_notes_off_ends_what_its_channel_holds(self, number):
        messages = [on(0, 60), on(0, 64), on(0, 67, channel=1), control(700, number)]
        assert heard(*messages, now=900) == [(0, 700, 60), (0, 700, 64), (0, 900, 67)]

    def test_stray_releases_mean_nothing(self):
        assert heard(off(0, 60), on(10, 60), off(20, 60, channel=3), now=100) == [(10, 90, 60)]

    def test_only_the_last_notes_are_kept_and_all_are_counted(self):
        notes = Tracker(3, 0.04)
        for i in range(50):
            notes.push([on(i * 1000, 40 + i), off(i * 1000 + 500, 40 + i)], i * 1000 + 999)
        assert notes.heard == 50
        assert notes.notes()[2].tolist() == [87, 88, 89]

    @few
    @given(playing(), CUTS)
    def test_the_stream_may_be_cut_anywhere(self, performance, cuts):
        messages, end = performance
        for make in (NoteSequence, ChordSequence):
            whole, cut = make(length=9), make(length=9)
            whole.push(messages, end)
            push_in_cuts(cut, messages, end, cuts)
            assert np.array_equal(whole.window(), cut.window())
            assert (whole.start, whole.end, whole.full) == (cut.start, cut.end, cut.full)
            assert (whole.heard, whole.sounding) == (cut.heard, cut.sounding)

    @few
    @given(playing())
    def test_notes_are_in_order_and_never_overlap_on_a_key(self, performance):
        messages, end = performance
        notes = heard(*messages, now=end)
        assert [n[0] for n in notes] == sorted(n[0] for n in notes)
        for pitch in range(128):
            key = [n for n in notes if n[2] == pitch]
            for (at, held, _), (following, _, _) in pairwise(key):
                assert at + held <= following
                assert following - at > 320
        assert all(held >= 0 for _, held, _ in notes)

    @few
    @given(playing(), playing())
    def test_reset_is_a_fresh_start(self, before, after):
        for make in (NoteSequence, ChordSequence):
            used, fresh = make(length=6), make(length=6)
            used.push(*before)
            used.window()
            used.reset()
            assert (used.heard, used.start, used.end, used.full) == (0, 0, 0, False)
            for feature in (used, fresh):
                feature.push(*after)
            assert np.array_equal(used.window(), fresh.window())
            assert used.sounding == fresh.sounding


class TestChords:
    @given(
        st.lists(st.floats(0, 0.2), min_size=1, max_size=30),
        st.sampled_from([0.0, 0.01, 0.04, 0.5]),
    )
    def test_they_are_no_wider_than_told_and_split_nothing_closer(self, gaps, spread):
        onsets = np.cumsum(gaps)
        pitches = np.random.default_rng(0).integers(21, 109, len(onsets))
        order, starts = chords(onsets, pitches, spread)
        assert sorted(order.tolist()) == list(range(len(onsets)))
        assert np.all(onsets[order] - starts <= spread + 2 * ROUNDING)
        assert np.all(onsets[order] >= starts)
        distinct = np.unique(starts)
        assert np.all(np.diff(distinct) > spread)
        assert np.all(np.diff(starts) >= 0)
        for start in distinct:
            assert np.all(np.diff(pitches[order][starts == start]) >= 0)

    @given(st.integers(0, 10**7))
    def test_two_notes_are_a_chord_wherever_in_the_stream_they_lie(self, at):
        onsets = np.array([at, at + 640]) / STREAM_RATE
        assert len(set(chords(onsets, np.array([60, 64]), 0.04)[1])) == 1

    def test_a_chord_is_as_wide_as_told(self):
        together = np.array([0.0, 0.25, 0.5])
        order, starts = chords(together, np.array([60, 50, 40]), 0.25)
        assert order.tolist() == [1, 0, 2]
        assert starts.tolist() == [0, 0, 0.5]


def test_times_go_from_0_to_1_by_octaves():
    seconds = np.array([-1, 0, 0.05, 0.35, 12.75, 12.8, 1e6])
    assert log_time(seconds) == pytest.approx([0, 0, 1 / 8, 3 / 8, 1, 1, 1])
    assert log_time(np.array([12.0])) < 1
