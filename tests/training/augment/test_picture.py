"""Changes to pictures of sound."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.augment.picture import FOLLOWING, RUMBLING, elsewhere, follow, rumble

SEEDS = st.integers(0, 2**32 - 1)


def picture(seed: int, frames: int = 40, bands: int = 16) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(0.3, 0.3, (frames, bands)), 0, 1).astype(np.float32)


@given(SEEDS)
def test_changes_stay_in_range_and_depend_on_chance_alone(seed):
    changed = []
    for _ in range(2):
        window, rng = picture(seed), np.random.default_rng(seed)
        for _ in range(4):
            follow(window, picture(seed + 1), rng)
            elsewhere(window, rng)
        assert window.min() >= 0
        assert window.max() <= 1
        changed.append(window)
    np.testing.assert_array_equal(*changed)


@given(SEEDS)
def test_what_comes_before_ends_once_and_is_no_louder(seed):
    own, earlier = picture(seed), picture(seed + 1)
    window = own.copy()
    follow(window, earlier, np.random.default_rng(seed))
    kept = (window == own).all(axis=1)
    change = len(kept) - int(np.argmin(kept[::-1])) if not kept.all() else 0
    np.testing.assert_array_equal(window[change:], own[change:])
    assert change <= 0.92 * len(own) + 1
    assert not window[:change][earlier[:change] == 0].any()  # silence stays silence
    assert window.max() <= own.max()


def test_a_sound_that_has_died_away_is_not_replaced():
    window = picture(0)
    window[5:] *= 0.1
    for seed in range(200):
        changed = window.copy()
        follow(changed, picture(1), np.random.default_rng(seed))
        np.testing.assert_array_equal(changed, window)


def test_some_windows_begin_with_another_sound_and_most_do_not():
    rng = np.random.default_rng(0)
    own, earlier = picture(0), picture(1)
    changed = 0
    for _ in range(1000):
        window = own.copy()
        follow(window, earlier, rng)
        changed += not np.array_equal(window, own)
    assert abs(changed / 1000 - FOLLOWING) < 0.05


def test_a_rumble_lies_in_the_lowest_bands_and_the_rest_may_sink_beneath_it():
    rumbling = 0
    for seed in range(400):
        own = picture(seed, bands=64)
        window = own.copy()
        rumble(window, np.random.default_rng(seed))
        if np.array_equal(window, own):
            continue
        rumbling += 1
        assert window.max() <= own.max() + 1e-6
        sunk = own[:, 5:] - window[:, 5:]
        kept = sunk[window[:, 5:] > 0]
        np.testing.assert_allclose(kept, kept.max(), atol=1e-6)  # all by the same
        assert kept.max() < 0.5
    assert abs(rumbling / 400 - RUMBLING) < 0.08
