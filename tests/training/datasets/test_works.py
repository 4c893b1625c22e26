from dataclasses import replace

import numpy as np
import pytest

from training.datasets import works
from training.datasets.midi import Notes


def piece(seed, n=300):
    """A melody over chords."""
    rng = np.random.default_rng(seed)
    onsets = np.repeat(np.cumsum(rng.choice([0.25, 0.5], n)), 3)
    top = 72 + np.clip(np.cumsum(rng.integers(-4, 5, n)), -12, 12)
    pitches = np.stack((top - 24, top - 12, top), axis=1).ravel()
    ones = np.ones(len(onsets), np.int64)
    return Notes(onsets, 0.2 * ones, pitches, 64 * ones, 0 * ones)


def moved(notes, semitones=0, tempo=1.0, part=slice(None)):
    notes = notes.take(part)
    return Notes(
        notes.onsets * tempo,
        notes.durations * tempo,
        notes.pitches + semitones,
        notes.velocities,
        notes.programs,
    )


def after(first, second):
    """One piece after the other."""
    later = moved(second)
    later.onsets[:] += first.onsets[-1] + 1
    columns = ("onsets", "durations", "pitches", "velocities", "programs")
    pairs = ((getattr(first, c), getattr(later, c)) for c in columns)
    return Notes(*(np.concatenate(pair) for pair in pairs))


def test_a_copy_in_another_key_and_tempo_is_the_same_work():
    pieces = [piece(1), piece(2), moved(piece(1), semitones=-5, tempo=1.3)]
    numbers = works.groups(pieces)
    assert numbers.shape == (3,)
    assert numbers[0] == numbers[2] != numbers[1]


def test_different_pieces_are_different_works():
    assert len(set(works.groups([piece(seed) for seed in range(12)]).tolist())) == 12


def test_a_part_of_a_work_belongs_to_it():
    whole = piece(3)
    part = moved(whole, part=slice(300, 600))
    assert len(set(works.groups([whole, part, piece(4)]).tolist())) == 2


def test_what_resembles_the_same_third_piece_is_one_work():
    first, second = piece(5), piece(6)
    assert len(set(works.groups([first, second]).tolist())) == 2
    assert len(set(works.groups([first, second, after(first, second)]).tolist())) == 1


def test_a_figure_that_everyone_writes_says_nothing():
    """A scale, say, in ten pieces that have nothing else in common."""
    ones = np.ones(40, np.int64)
    scale = Notes(np.arange(40) * 0.25, 0.2 * ones, np.arange(40) % 20 + 60, 64 * ones, 0 * ones)
    pieces = [after(piece(seed, n=60), scale) for seed in range(10)]
    assert len(set(works.groups(pieces).tolist())) == 10
    assert len(set(works.groups(pieces[:5]).tolist())) == 1, "the scale is too short to matter"


@pytest.mark.parametrize("n", [0, 1, 5, 11])
def test_pieces_too_short_to_compare_stay_by_themselves(n):
    short = piece(7).take(slice(0, n))
    assert len(set(works.groups([short, short, piece(8)]).tolist())) == 3


def other_hand(notes, share, seed):
    """The same piece as somebody else typed it: some notes of the top line are others."""
    rng = np.random.default_rng(seed)
    pitches = notes.pitches.copy()
    top = np.arange(2, len(pitches), 3)
    pitches[rng.choice(top, int(share * len(top)), replace=False)] += 1
    return replace(moved(notes, tempo=1.2), pitches=pitches)


def test_another_sequencing_is_the_same_work():
    """Found by the order in which what little is alike comes; by how much, it would not be."""
    pieces = [piece(seed, n=1500) for seed in range(4)]
    numbers = works.groups([*pieces, other_hand(pieces[2], 0.18, seed=0)])
    assert numbers[4] == numbers[2]
    assert len(set(numbers.tolist())) == 4


def test_pieces_that_share_a_passage_now_and_then_are_two():
    rng = np.random.default_rng(0)
    first, second = piece(7, n=1500), piece(8, n=1500)
    for at, to in zip(range(0, 4500, 450), rng.permutation(range(0, 4500, 450)), strict=True):
        second.pitches[to : to + 45] = first.pitches[at : at + 45]
    assert len(set(works.groups([first, second]).tolist())) == 2
