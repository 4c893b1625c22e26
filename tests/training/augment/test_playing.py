import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.augment.playing import humanise
from training.datasets.midi import Notes

SCORES = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.01, 0.25, 0.5, 3.0]), st.floats(0.01, 4), st.integers(21, 108)
    ),
    min_size=1,
    max_size=40,
)


def score(raw, start=5.0):
    gaps, durations, pitches = (np.array(column) for column in zip(*raw, strict=True))
    velocities = np.full(len(raw), 64)
    return Notes(start + np.cumsum(gaps), durations, pitches, velocities, np.arange(len(raw)))


@given(SCORES, st.integers(0, 2**32))
def test_a_performance_is_one_that_could_be(raw, seed):
    notes = score(raw)
    kept = [column.copy() for column in (notes.onsets, notes.durations, notes.pitches)]
    played = humanise(notes, np.random.default_rng(seed))
    assert 1 <= len(played) <= len(notes)
    assert played.onsets[0] == 0
    assert np.all(np.diff(played.onsets) >= 0)
    assert np.all(played.durations > 0)
    assert np.isfinite(played.onsets).all()
    assert played.pitches.min() >= 21
    assert played.pitches.max() <= 108
    assert played.velocities.min() >= 10
    assert played.velocities.max() <= 120
    # All in the same new key; every note is one of the score's, by its program.
    shift = played.pitches - notes.pitches[played.programs]
    assert len(set(shift.tolist())) == 1
    assert abs(shift[0]) <= 6
    assert len(set(played.programs.tolist())) == len(played)
    # The score is not written to.
    for column, before in zip((notes.onsets, notes.durations, notes.pitches), kept, strict=True):
        assert np.array_equal(column, before)


@given(SCORES, st.integers(0, 99))
def test_chance_is_all_that_it_depends_on(raw, seed):
    one, other = (humanise(score(raw, s), np.random.default_rng(seed)) for s in (0.0, 0.0))
    for name in ("onsets", "durations", "pitches", "velocities", "programs"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_music_beyond_the_piano_keeps_its_key():
    raw = [(0.5, 0.4, 10), (0.5, 0.4, 120)]
    for seed in range(10):
        played = humanise(score(raw), np.random.default_rng(seed))
        assert set(played.pitches.tolist()) <= {10, 120}


def test_every_change_is_made_now_and_then_and_none_always():
    rng = np.random.default_rng(0)
    n = 64
    raw = [(0.5, 0.4, 60 + i % 5) for i in range(n)]
    plays = [humanise(score(raw), rng) for _ in range(150)]
    lengths = np.array([len(p) for p in plays])
    tempi = np.array([p.onsets[-1] / (0.5 * (n - 1)) for p in plays])
    keys = {int(p.pitches[0]) for p in plays}
    assert 0.3 < np.mean(lengths == n) < 0.8
    assert lengths.min() > 0.8 * n
    assert tempi.min() < 0.8
    assert tempi.max() > 1.3
    assert len(keys) > 8
    even = np.mean([np.ptp(np.diff(p.onsets)) < 1e-9 for p in plays if len(p) == n])
    assert 0.02 < even < 0.4
    ratios = np.array([np.median(p.durations) / np.median(np.diff(p.onsets)) for p in plays])
    assert ratios.min() < 0.6
    assert ratios.max() > 1.1
