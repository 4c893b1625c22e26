import numpy as np
import pytest
from hypothesis import given
from players import few, on, playing

from realtime.features import NoteSequence
from realtime.features.notes import WIDTHS, note_matrix


def test_an_empty_window_holds_nothing():
    notes = NoteSequence(length=4)
    notes.push([], 5_000)
    assert not notes.window().any()
    assert (notes.start, notes.end, notes.full) == (5_000, 5_000, False)


def test_a_window_starts_with_its_first_note_and_fills_from_the_end():
    notes = NoteSequence(length=3, columns=("pitch",))
    notes.push([on(100, 40), on(9_000, 50)], 10_000)
    assert notes.window()[:, 0] == pytest.approx([0, 40 / 127, 50 / 127])
    assert (notes.start, notes.end, notes.full) == (100, 10_000, False)
    notes.push([on(20_000, 60), on(30_000, 70)], 31_000)
    assert notes.window()[:, 0] == pytest.approx([50 / 127, 60 / 127, 70 / 127])
    assert (notes.start, notes.end, notes.full) == (9_000, 31_000, True)


def test_each_column_is_what_it_says():
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


@few
@given(playing())
def test_the_window_is_that_of_all_notes_ever_heard(performance):
    messages, end = performance
    rolling, everything = NoteSequence(length=5), NoteSequence(length=1_000)
    for feature in (rolling, everything):
        feature.push(messages, end)
    expected = note_matrix(*everything.notes(), length=5, columns=rolling.columns, chord=0.04)
    assert np.array_equal(rolling.window(), expected)


def test_everything_stays_about_0_to_1():
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


def test_an_unknown_column_is_refused():
    with pytest.raises(ValueError, match="unknown note column 'colour'"):
        NoteSequence(columns=("pitch", "colour"))
