from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from players import few, off, on, playing

from realtime.features import ChordSequence
from realtime.features.chords import COLUMNS, HIGHEST, LOWEST, PATTERNS, TABLES, chord_matrix
from realtime.features.tracker import chords
from realtime.records import STREAM_RATE

SECOND = STREAM_RATE
NONE = PATTERNS - 1
WIDTHS = {
    "built": 12,
    "bass step": 25,
    "top step": 25,
    "from the bass before": 12,
    "struck": 12,
    "notes": 1,
    "span": 1,
    "bass": 1,
    "top": 1,
    "different": 2,
    "time": 1,
    "held": 1,
    "pace": 1,
    "again": 6,
    "there": 1,
}
ENDS = dict(zip(WIDTHS, accumulate(WIDTHS.values()), strict=True))
OFFSETS = np.cumsum([0, *TABLES[:-1]])
NEEDS = (0, 1, 2, 1, 2, 0, 3, 3)
"""Chords before it without which a row has no pattern of a kind."""


def column(matrix, name):
    """Columns of a name, one of them as a vector."""
    found = matrix[:, ENDS[name] - WIDTHS[name] : ENDS[name]]
    return found[:, 0] if WIDTHS[name] == 1 else found


def ones(rows):
    """Which columns of each row are not 0."""
    return [np.flatnonzero(row).tolist() for row in rows]


def matrix_of(notes, length, chord=0.04, patterns=True):
    """The matrix of notes as (onset, duration, pitch)."""
    onsets, durations, pitches = (np.array(values) for values in zip(*notes, strict=True))
    return chord_matrix(
        onsets, durations, pitches.astype(int), length=length, chord=chord, patterns=patterns
    )


def line(*pitches, step=0.5):
    """Notes one after the other."""
    return [(i * step, 0.25, pitch) for i, pitch in enumerate(pitches)]


# Times are parts of 128, so that moving a piece rounds nothing: what is equal is equal to the bit.
# A gap of 2 belongs to the chord, one of 3 times 2 no longer does.
PART = 1 / 128
NOTES = st.tuples(
    st.sampled_from([0, 0, 2, 16, 32, 50, 64, 400]), st.integers(0, 300), st.integers(45, 62)
)


def piece(values):
    onsets = accumulate(gap for gap, _, _ in values)
    return [
        (at * PART, held * PART, pitch) for at, (_, held, pitch) in zip(onsets, values, strict=True)
    ]


PIECES = st.lists(NOTES, min_size=1, max_size=60).map(piece)
LENGTHS = st.integers(1, 40)


def count(notes):
    onsets, _, pitches = (np.array(values) for values in zip(*notes, strict=True))
    return len(np.unique(chords(onsets, pitches, 0.04)[1]))


class TestColumns:
    """A C major chord, G under which B stands, C and a high E, and a G alone."""

    MATRIX = matrix_of(
        [
            (0.0, 0.02, 67),
            (0.01, 0.05, 60),
            (0.03, 0.08, 64),
            (0.5, 0.3, 59),
            (0.5, 0.4, 67),
            (1.5, 0.75, 48),
            (1.5, 0.75, 88),
            (1.75, 0.0, 67),
        ],
        length=5,
    )
    ROWS = MATRIX[1:]

    def test_there_are_as_many_as_told(self):
        assert self.MATRIX.shape == (5, COLUMNS + len(TABLES))
        assert self.MATRIX.dtype == np.float32
        assert sum(WIDTHS.values()) == COLUMNS

    def test_a_row_without_a_chord_holds_nothing(self):
        assert not self.MATRIX[0, :COLUMNS].any()
        assert column(self.MATRIX, "there").tolist() == [0, 1, 1, 1, 1]

    def test_pitch_classes_are_counted_from_the_bass(self):
        assert ones(column(self.ROWS, "built")) == [[0, 4, 7], [0, 8], [0, 4], [0]]

    def test_and_from_the_bass_of_the_chord_before(self):
        # The first chord has none before it and is counted from its own.
        before = column(self.ROWS, "from the bass before")
        assert ones(before) == [[0, 4, 7], [7, 11], [1, 5], [7]]

    def test_steps_are_those_of_the_bass_and_the_top_at_most_an_octave(self):
        bass, top = (column(self.ROWS, f"{part} step") for part in ("bass", "top"))
        assert ones(bass) == [[12], [12 - 1], [12 - 11], [12 + 12]]
        assert ones(top) == [[12], [12], [12 + 12], [12 - 12]]
        assert bass.sum() == top.sum() == 4

    def test_pitch_classes_are_remembered(self):
        struck = np.zeros((4, 12))
        struck[0, [0, 4, 7]] = 1, 1, 1  # from C: C, E, G
        struck[1, [0, 1, 5, 8]] = 1, 1, 1, 2  # from B: B, C, E, G
        struck[2, [0, 4, 7, 11]] = 2, 2, 2, 1  # from C: C, E, G, B
        struck[3, [0, 4, 5, 9]] = 3, 1, 2, 2  # from G: G, B, C, E
        assert column(self.ROWS, "struck") == pytest.approx(struck / 4)
        assert column(self.ROWS, "different") == pytest.approx(
            np.array([[3, 3], [4, 4], [4, 4], [4, 4]]) / 12
        )

    def test_notes_span_bass_and_top(self):
        assert column(self.ROWS, "notes") == pytest.approx(np.array([3, 2, 2, 1]) / 8)
        assert column(self.ROWS, "span") == pytest.approx(np.array([7, 8, 40, 0]) / 60)
        assert column(self.ROWS, "bass") == pytest.approx(np.array([39, 38, 27, 46]) / 87)
        assert column(self.ROWS, "top") == pytest.approx(np.array([46, 46, 67, 46]) / 87)

    def test_times_since_the_chord_before_held_and_their_ratio(self):
        assert column(self.ROWS, "time") == pytest.approx(np.log2([1, 11, 21, 6]) / 8)
        assert column(self.ROWS, "held") == pytest.approx([1 / 8, 3 / 8, 4 / 8, 0])
        assert column(self.ROWS, "pace") == pytest.approx([0, 0, 1 / 4, -2 / 4])

    def test_keys_struck_again_are_shares_of_the_chord(self):
        again = np.zeros((4, 6))
        again[1, 0] = 1 / 2  # the upper G, one chord before
        again[3, [1, 2]] = 1  # the same G, two and three before
        assert column(self.ROWS, "again") == pytest.approx(again)

    def test_patterns_are_numbered_table_after_table(self):
        def spread(value):
            return (value * 2654435761 % 2**32) >> 20

        codes = [2**3 + 2**6, 2**7, 2**3, 0]  # what is built above the bass, a bit a semitone
        bass, top = (None, 11, 1, 24), (None, 12, 24, 0)
        assert sum(TABLES) == NONE
        numbers = self.ROWS[:, COLUMNS:].astype(int) - OFFSETS
        numbers[self.ROWS[:, COLUMNS:] == NONE] = -1
        expected = [
            codes,
            [-1, *(b * 25 + t for b, t in zip(bass[1:], top[1:], strict=True))],
            [-1, -1, 12 * 25 + 24, 24 * 25],
            [-1, *(spread((codes[i - 1] * 2048 + codes[i]) * 25 + bass[i]) for i in (1, 2, 3))],
            [-1, -1, 11 * 25 + 1, 1 * 25 + 24],
            [2 * 20 + 7 // 3, 20 + 8 // 3, 20 + 40 // 3, 0],
            [-1, -1, -1, spread((12 * 25 + 24) * 25)],
            [-1, -1, -1, (6 + 2) * 13 + 6 - 4],  # twice as long, then a quarter, in half octaves
        ]
        assert numbers.T.tolist() == expected
        assert (self.MATRIX[0, COLUMNS:] == NONE).all()

    def test_memory_is_16_and_32_chords_long(self):
        matrix = matrix_of(line(61, *[60] * 40), length=50)[9:]
        struck = column(matrix, "struck")
        assert struck[:, 1].tolist() == [0, *[1 / 4] * 15, *[0] * 25]
        assert struck[1:, 0].tolist() == [1 / 4, 2 / 4, 3 / 4, *[1] * 37]  # at most 1
        different = np.round(column(matrix, "different") * 12)
        assert different[:, 0].tolist() == [1, *[2] * 15, *[1] * 25]
        assert different[:, 1].tolist() == [1, *[2] * 31, *[1] * 9]

    def test_a_figure_that_goes_round_is_heard_at_its_own_lag(self):
        again = column(matrix_of(line(*[48, 55, 64, 55] * 4), length=16), "again")
        assert again[-1].tolist() == [0, 1, 0, 1, 1, 1]  # 1, 2, 3, 4, 6 and 8 before
        assert again[-2].tolist() == [0, 0, 0, 1, 0, 1]
        assert again[3].tolist() == [0, 1, 0, 0, 0, 0]  # no further back than the first

    def test_thick_and_wide_chords_count_as_the_thickest(self):
        chord = [(0.0, 0.1, pitch) for pitch in range(30, 106, 7)]
        (row,) = matrix_of(chord, length=1)
        assert row[ENDS["notes"] - 1] == 1
        assert row[ENDS["span"] - 1] == pytest.approx(70 / 60)
        assert row[COLUMNS + 5] - OFFSETS[5] == 7 * 20 + 19

    def test_keys_beyond_a_pianos_count_as_its_outermost(self):
        beyond, outermost = line(0, 60, 127), line(LOWEST, 60, HIGHEST)
        matrix = matrix_of(beyond, 3)
        assert np.array_equal(matrix, matrix_of(outermost, 3))
        assert column(matrix, "bass")[[0, 2]].tolist() == [0, 1]

    def test_ratios_of_times_are_told_apart_up_to_three_octaves(self):
        times = np.cumsum([0, 1, 32, 1, 1, 2])
        matrix = matrix_of([(at, 0, 60) for at in times.tolist()], length=6)
        assert column(matrix, "pace").tolist() == [0, 0, 1, -1, 0, 1 / 4]
        assert (matrix[3:, -1] - OFFSETS[-1]).tolist() == [12 * 13 + 0, 0 * 13 + 6, 6 * 13 + 8]

    def test_everything_stays_about_0_to_1(self):
        rng = np.random.default_rng(0)
        onsets = np.sort(rng.uniform(0, 100, 400)).tolist()
        values = rng.exponential(3, 400).tolist(), rng.integers(0, 128, 400).tolist()
        matrix = matrix_of(list(zip(onsets, *values, strict=True)), length=256, patterns=False)
        assert matrix.min() >= -1
        assert matrix.max() <= 87 / 60


class TestMatrix:
    @few
    @given(PIECES, LENGTHS, st.integers(LOWEST - 45, HIGHEST - 62))
    def test_in_another_key_only_bass_and_top_differ(self, notes, length, up):
        matrix = matrix_of(notes, length)
        moved = matrix_of([(at, held, pitch + up) for at, held, pitch in notes], length)
        for name in ("bass", "top"):
            there = column(matrix, "there") == 1
            shift = (column(moved, name) - column(matrix, name))[there]
            assert shift == pytest.approx(np.full(there.sum(), up / 87), abs=1e-6)
            for each in (matrix, moved):
                column(each, name)[:] = 0
        assert np.array_equal(matrix, moved)

    @few
    @given(PIECES, PIECES, LENGTHS, st.integers(6, 400))
    def test_the_last_chords_look_the_same_whatever_came_before(self, before, after, length, pause):
        length = min(length, count(after))
        begins = before[-1][0] + pause * PART
        whole = [*before, *((begins + at, held, pitch) for at, held, pitch in after)]
        assert np.array_equal(matrix_of(whole, length), matrix_of(after, length))

    @few
    @given(PIECES, st.integers(0, 9))
    def test_rows_in_front_are_empty(self, notes, more):
        n = count(notes)
        matrix = matrix_of(notes, n + more)
        assert not matrix[:more, :COLUMNS].any()
        assert (matrix[:more, COLUMNS:] == NONE).all()
        assert (column(matrix, "there")[more:] == 1).all()
        assert np.array_equal(matrix[more:], matrix_of(notes, n))

    @few
    @given(PIECES, LENGTHS)
    def test_a_pattern_is_one_of_its_own_table_or_none(self, notes, length):
        matrix = matrix_of(notes, length)
        empty = length - int(column(matrix, "there").sum())
        tables = zip(matrix[:, COLUMNS:].T, OFFSETS, TABLES, NEEDS, strict=True)
        for numbers, offset, size, needs in tables:
            # There is none where it would begin before the first chord.
            assert (numbers[: empty + needs] == NONE).all()
            found = numbers[empty + needs :]
            assert ((found >= offset) & (found < offset + size)).all()
            assert np.array_equal(found, np.round(found))

    @few
    @given(PIECES, LENGTHS)
    def test_without_patterns_the_rest_is_the_same(self, notes, length):
        plain = matrix_of(notes, length, patterns=False)
        assert plain.shape == (length, COLUMNS)
        assert np.array_equal(plain, matrix_of(notes, length)[:, :COLUMNS])

    @few
    @given(PIECES, LENGTHS, st.floats(0.6, 4))
    def test_at_another_tempo_only_times_differ(self, notes, length, slower):
        # Chords are struck at once here, and are far enough apart to stay chords when faster.
        starts = chords(*(np.array([note[i] for note in notes]) for i in (0, 2)), 0.04)
        times = dict(zip(starts[0].tolist(), starts[1].tolist(), strict=True))
        notes = [(times[i], held, pitch) for i, (_, held, pitch) in enumerate(notes)]
        notes = [(2 * at, held, pitch) for at, held, pitch in notes]
        stretched = [(slower * at, slower * held, pitch) for at, held, pitch in notes]
        matrix, other = matrix_of(notes, length), matrix_of(stretched, length)
        assert column(other, "pace") == pytest.approx(column(matrix, "pace"), abs=1e-6)
        for each in (matrix, other):
            for name in ("time", "held", "pace"):
                column(each, name)[:] = 0
            each[:, -1] = 0  # the pattern of times
        assert np.array_equal(matrix, other)

    def test_the_same_turn_has_the_same_number_wherever_it_comes(self):
        turn, other = (60, 64, 62, 67), (60, 64, 61, 68)
        matrix = matrix_of(line(50, *turn, 50, *other, 50, *turn), length=15)
        first, different, again = matrix[4, COLUMNS:], matrix[9, COLUMNS:], matrix[14, COLUMNS:]
        assert np.array_equal(first, again)
        assert np.flatnonzero(first != different).tolist() == [1, 2, 3, 4, 6]


class TestSequence:
    def test_an_empty_window_holds_nothing(self):
        feature = ChordSequence(length=4)
        feature.push([], 5_000)
        window = feature.window()
        assert not window[:, :COLUMNS].any()
        assert (window[:, COLUMNS:] == NONE).all()
        assert (feature.start, feature.end, feature.full) == (5_000, 5_000, False)

    @pytest.mark.parametrize("patterns", [True, False])
    def test_a_window_has_the_shape_that_it_says(self, patterns):
        feature = ChordSequence(length=4, patterns=patterns)
        assert feature.shape == (4, COLUMNS + 8 * patterns)
        for end in (SECOND, 2 * SECOND):  # without a chord, and with one
            assert feature.window().shape == feature.shape
            assert feature.window().dtype == np.float32
            feature.push([on(end - 99, 60)], end)

    @few
    @given(playing(), st.integers(1, 8), st.booleans())
    def test_it_is_the_matrix_of_the_last_notes(self, performance, length, patterns):
        messages, end = performance
        feature = ChordSequence(length=length, patterns=patterns)
        feature.push(messages, end)
        onsets, durations, pitches, _ = feature.notes()
        window = feature.window()
        assert np.array_equal(
            window,
            chord_matrix(
                onsets, durations, pitches, length=length, chord=feature.chord, patterns=patterns
            ),
        )
        assert feature.full == (window[0, COLUMNS - 1] == 1 or len(onsets) == length * 6)
        # A chord is written once, and the flag tells it from an empty row.
        every = chord_matrix(onsets, durations, pitches, length=100, chord=feature.chord)
        starts = np.unique(chords(onsets, pitches, feature.chord)[1])
        assert int(column(every, "there").sum()) == len(starts)
        begins = starts[-length:][0] if len(starts) else end / STREAM_RATE
        assert feature.start == round(begins * STREAM_RATE)

    def test_thick_chords_fill_a_window_too(self):
        feature = ChordSequence(length=4)
        for i in range(20):
            notes = [on(i * SECOND, 40 + k) for k in range(9)]
            feature.push([*notes, *(off(i * SECOND + 99, 40 + k) for k in range(9))], i * SECOND)
        feature.window()
        assert feature.full
