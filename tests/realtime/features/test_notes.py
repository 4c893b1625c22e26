from itertools import pairwise

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.features import ChordSequence, NoteSequence
from realtime.features.notes import CHORD_WIDTH, WIDTHS, chord_matrix, chords, note_matrix
from realtime.records import STREAM_RATE, TimedMessage

SECOND = STREAM_RATE


def on(at, note, velocity=64, channel=0):
    return TimedMessage(at, mido.Message("note_on", note=note, velocity=velocity, channel=channel))


def off(at, note, channel=0):
    return TimedMessage(at, mido.Message("note_off", note=note, channel=channel))


def control(at, number, value=0, channel=0):
    message = mido.Message("control_change", control=number, value=value, channel=channel)
    return TimedMessage(at, message)


def heard(*messages, now, length=100):
    """Notes as (onset, duration, pitch) in samples."""
    notes = NoteSequence(length=length)
    notes.push(messages, now)
    onsets, durations, pitches, _ = notes.notes()
    scaled = [np.round(x * STREAM_RATE).astype(int).tolist() for x in (onsets, durations)]
    return list(zip(*scaled, pitches.tolist(), strict=True))


MAKERS = {
    "on": lambda at, channel, note: on(at, note, 1 + (at * 37 + note) % 127, channel),
    "off": lambda at, channel, note: off(at, note, channel),
    "zero": lambda at, channel, note: on(at, note, 0, channel),
    "silence": lambda at, channel, note: control(at, 120 + 3 * (note % 2), 0, channel),
    "pedal": lambda at, channel, note: control(at, 64, note, channel),
}
GESTURES = st.tuples(
    st.sampled_from([0, 0, 1, 100, 320, 321, 5_000]),
    st.sampled_from(["on", "on", "on", "off", "off", "zero", "silence", "pedal"]),
    st.sampled_from([0, 1, 9]),
    st.integers(59, 62),
)


@st.composite
def playing(draw):
    """A player's messages with their positions, and where the stream ends."""
    at, messages = 0, []
    for gap, kind, channel, note in draw(st.lists(GESTURES, max_size=40)):
        at += gap
        messages.append(MAKERS[kind](at, channel, note))
    return messages, at + draw(st.integers(1, 5_000))


def push_in_cuts(feature, messages, end, cuts):
    cuts = sorted({c for c in cuts if c < end} | {end})
    at = 0
    for cut in cuts:
        feature.push([m for m in messages if at <= m.position < cut], cut)
        at = cut


few = settings(max_examples=60)
CUTS = st.lists(st.integers(0, 60_000), max_size=12)


class TestTracking:
    def test_a_note_lasts_while_its_key_is_down(self):
        assert heard(on(0, 60), off(800, 60), on(900, 64), on(1500, 64, 0), now=9999) == [
            (0, 800, 60),
            (900, 600, 64),
        ]

    def test_a_note_still_sounding_lasts_until_now(self):
        notes = NoteSequence(length=4)
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
        notes = NoteSequence(length=3)
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
    def test_the_window_is_that_of_all_notes_ever_heard(self, performance):
        messages, end = performance
        rolling, everything = NoteSequence(length=5), NoteSequence(length=1_000)
        for feature in (rolling, everything):
            feature.push(messages, end)
        expected = note_matrix(*everything.notes(), length=5, columns=rolling.columns, chord=0.04)
        assert np.array_equal(rolling.window(), expected)

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


class TestWindows:
    def test_an_empty_window_holds_nothing(self):
        for feature in (NoteSequence(length=4), ChordSequence(length=4)):
            feature.push([], 5_000)
            assert not feature.window().any()
            assert (feature.start, feature.end, feature.full) == (5_000, 5_000, False)

    def test_a_window_starts_with_its_first_note_and_fills_from_the_end(self):
        notes = NoteSequence(length=3, columns=("pitch",))
        notes.push([on(100, 40), on(9_000, 50)], 10_000)
        assert notes.window()[:, 0] == pytest.approx([0, 40 / 127, 50 / 127])
        assert (notes.start, notes.end, notes.full) == (100, 10_000, False)
        notes.push([on(20_000, 60), on(30_000, 70)], 31_000)
        assert notes.window()[:, 0] == pytest.approx([50 / 127, 60 / 127, 70 / 127])
        assert (notes.start, notes.end, notes.full) == (9_000, 31_000, True)

    def test_each_column_is_what_it_says(self):
        columns = list(WIDTHS)
        matrix = note_matrix(
            np.array([1.0, 1.5, 1.53]),
            np.array([0.35, 20.0, 0.05]),
            np.array([60, 67, 64]),
            np.array([127, 64, 0]),
            length=4,
            columns=columns,
            chord=0.04,
        )
        assert matrix.shape == (4, sum(WIDTHS.values()))
        assert not matrix[0].any()
        at = dict(zip(columns, np.cumsum([0, *WIDTHS.values()]), strict=False))
        # 64 and 67 are one chord, so they are sorted by pitch.
        assert matrix[1:, at["pitch"]] == pytest.approx(np.array([60, 64, 67]) / 127)
        chroma = matrix[1:, at["chroma"] : at["chroma"] + 12]
        assert chroma.sum(axis=1).tolist() == [1, 1, 1]
        assert chroma.argmax(axis=1).tolist() == [0, 4, 7]
        assert matrix[1:, at["interval"]] == pytest.approx([0, 4 / 24, 3 / 24])
        assert matrix[1:, at["ioi"]] == pytest.approx([0, np.log2(11) / 8, 0])
        assert matrix[1:, at["duration"]] == pytest.approx([3 / 8, 1 / 8, 1])
        assert matrix[1:, at["seconds"]] == pytest.approx([0.035, 0.005, 1])
        assert matrix[1:, at["velocity"]] == pytest.approx([1, 0, 64 / 127])

    def test_chords_show_keys_classes_gap_and_mean_duration(self):
        matrix = chord_matrix(
            np.array([0.0, 0.03, 1.0]),
            np.array([0.05, 0.25, 0.05]),
            np.array([21, 108, 60]),
            length=3,
            chord=0.04,
        )
        assert matrix.shape == (3, CHORD_WIDTH)
        assert not matrix[0].any()
        assert np.flatnonzero(matrix[1]).tolist() == [0, 87, 88, 88 + 9, 101, 102]
        assert np.flatnonzero(matrix[2]).tolist() == [39, 88, 100, 101, 102]
        assert matrix[1:, 100] == pytest.approx([0, np.log2(21) / 8])
        assert matrix[1:, 101] == pytest.approx([2 / 8, 1 / 8])

    @few
    @given(playing(), st.integers(1, 8))
    def test_of_chords_too_the_last_ones_count(self, performance, length):
        messages, end = performance
        feature = ChordSequence(length=length)
        feature.push(messages, end)
        onsets, durations, pitches, _ = feature.notes()
        every = chord_matrix(onsets, durations, pitches, length=100, chord=feature.chord)
        window = feature.window()
        assert np.array_equal(window, every[-length:])
        assert feature.full == (window[0, 102] == 1 or len(onsets) == length * 6)
        # A chord is written once, and the flag tells it from an empty row.
        rows = int(every[:, 102].sum())
        assert rows == len(np.unique(chords(onsets, pitches, feature.chord)[1]))

    def test_thick_chords_fill_a_window_too(self):
        feature = ChordSequence(length=4)
        for i in range(20):
            notes = [on(i * SECOND, 40 + k) for k in range(9)]
            feature.push([*notes, *(off(i * SECOND + 99, 40 + k) for k in range(9))], i * SECOND)
        feature.window()
        assert feature.full

    @given(
        st.lists(st.floats(0, 0.2), min_size=1, max_size=30),
        st.sampled_from([0.0, 0.01, 0.04, 0.5]),
    )
    def test_chords_are_no_wider_than_told_and_split_nothing_closer(self, gaps, spread):
        onsets = np.cumsum(gaps)
        pitches = np.random.default_rng(0).integers(21, 109, len(onsets))
        order, starts = chords(onsets, pitches, spread)
        assert sorted(order.tolist()) == list(range(len(onsets)))
        assert np.all(onsets[order] - starts <= spread)
        assert np.all(onsets[order] >= starts)
        distinct = np.unique(starts)
        assert np.all(np.diff(distinct) > spread)
        assert np.all(np.diff(starts) >= 0)
        for start in distinct:
            assert np.all(np.diff(pitches[order][starts == start]) >= 0)

    def test_a_chord_is_as_wide_as_told(self):
        together = np.array([0.0, 0.25, 0.5])
        order, starts = chords(together, np.array([60, 50, 40]), 0.25)
        assert order.tolist() == [1, 0, 2]
        assert starts.tolist() == [0, 0, 0.5]

    def test_everything_stays_about_0_to_1(self):
        rng = np.random.default_rng(0)
        onsets = np.sort(rng.uniform(0, 1e4, 200))
        matrix = note_matrix(
            onsets,
            rng.exponential(30, 200),
            rng.integers(0, 128, 200),
            rng.integers(0, 128, 200),
            length=64,
            columns=list(WIDTHS),
            chord=0.04,
        )
        assert matrix.min() >= -1
        assert matrix.max() <= 1

    def test_an_unknown_column_is_refused(self):
        with pytest.raises(ValueError, match="unknown note column 'colour'"):
            NoteSequence(columns=("pitch", "colour"))
