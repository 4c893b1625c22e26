"""The ear, and the patterns that are counted of what it hears."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import NETWORKS

from realtime.errors import UserError
from realtime.features import build
from realtime.features.chords import COLUMNS, PATTERNS, STEPS, chord_matrix
from realtime.features.chords import TABLES as CHORD_TABLES
from training import networks
from training.fit import quiet_tensorflow
from training.networks.heard import HASHED as HASHES
from training.networks.heard import KEYS, TABLES, patterns_layer
from training.presets import PICTURE, PRESETS

keras = pytest.importorskip("keras")

TINY = NETWORKS["composer-cnn"]
FRAMES, ROWS = 40, 12
HASHED = (3, 6)
NONE = -1


@pytest.fixture(scope="module", autouse=True)
def _seeded():
    quiet_tensorflow(1)
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def model():
    return networks.build(TINY, (FRAMES, 256), 3, keras)


def roll(seed: int, low: int = 0, high: int = KEYS, density: float = 0.5) -> np.ndarray:
    """Chance music: keys from ``low`` to below ``high`` in some of the frames."""
    rng = np.random.default_rng(seed)
    keys = np.zeros((FRAMES, KEYS), np.float32)
    for frame in np.flatnonzero(rng.random(FRAMES) < density):
        keys[frame, rng.integers(low, high, rng.integers(1, 9))] = 1
    return keys


def numbers(keys: np.ndarray, rows: int = ROWS) -> np.ndarray:
    """Patterns of each chord, counted within their kind; -1 for none."""
    given = np.asarray(patterns_layer(keras)(rows)(keys[None]))[0]
    assert given.dtype == np.int32
    return np.where(given == sum(TABLES), NONE, given - offsets(TABLES))


def offsets(tables) -> np.ndarray:
    return np.cumsum([0, *tables[:-1]])


def as_notes(keys: np.ndarray, rows: int = ROWS) -> np.ndarray:
    """The same by what reads a MIDI stream."""
    frames, pitches = np.nonzero(keys)
    held = np.full(len(frames), 0.1)
    made = chord_matrix(frames * 0.1, held, pitches + 21, length=rows, chord=0.04)
    found = made[:, COLUMNS:].astype(np.int64)
    return np.where(found == PATTERNS - 1, NONE, found - offsets(CHORD_TABLES))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from([0.1, 0.25, 0.9]))
def test_patterns_are_those_of_the_notes(seed: int, density: float) -> None:
    keys = roll(seed, density=density)
    rows = FRAMES  # the window's first chord may not be the first that was played
    heard, read = numbers(keys, rows), as_notes(keys, rows)
    np.testing.assert_array_equal(heard == NONE, read == NONE)
    exact = [kind for kind in range(len(TABLES)) if kind not in HASHED]
    np.testing.assert_array_equal(heard[:, exact], read[:, exact])
    code, bass, top = read[:, 0], read[:, 1] // STEPS, read[:, 1] % STEPS
    chords = (np.roll(code, 1) * 2048 + code) * STEPS + bass
    turns = (np.roll(top, 2) * STEPS + np.roll(top, 1)) * STEPS + top
    for kind, pattern in zip(HASHED, (chords, turns), strict=True):  # spread otherwise
        there = heard[:, kind] != NONE
        np.testing.assert_array_equal(heard[there, kind], pattern[there] % HASHES)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(-20, 20))
def test_patterns_are_the_same_in_every_key(seed: int, by: int) -> None:
    keys = roll(seed, low=25, high=60)
    np.testing.assert_array_equal(numbers(keys), numbers(np.roll(keys, by, axis=1)))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_every_pattern_is_in_its_table(seed: int) -> None:
    found = numbers(roll(seed, density=0.9))
    assert (found >= NONE).all()
    assert (found < np.array(TABLES)).all()


def test_the_last_chords_are_kept() -> None:
    keys = roll(1, density=0.9)
    kept = np.flatnonzero(keys.any(axis=1))[-ROWS:]
    alone = np.zeros_like(keys)
    alone[kept] = keys[kept]
    assert np.count_nonzero(keys.any(axis=1)) > ROWS
    np.testing.assert_array_equal(numbers(keys), numbers(alone))


def test_silence_has_no_pattern(model) -> None:
    assert (numbers(np.zeros((FRAMES, KEYS), np.float32)) == NONE).all()
    said = np.asarray(model(np.zeros((1, FRAMES, 256), np.float32)))
    assert np.isfinite(said).all()
    assert said.sum() == pytest.approx(1, abs=1e-5)


def test_a_key_is_heard_in_its_own_bands() -> None:
    ear = networks.ear(TINY["ear"] | {"filters": 1}, 256, keras)
    (first,) = [layer for layer in ear.layers if layer.__class__.__name__ == "Conv2D"][:1]
    middle = np.zeros(first.get_weights()[0].shape, np.float32)
    middle[2, 3] = 1
    first.set_weights([middle])
    given = np.random.default_rng(0).random((2, FRAMES, 256)).astype(np.float32)
    heard = np.asarray(keras.Model(ear.inputs, first.output)(given))[..., 0]
    np.testing.assert_allclose(heard, given[:, :, ::3][:, :, :KEYS], atol=1e-6)


def test_other_pictures_are_refused() -> None:
    with pytest.raises(UserError, match="an ear hears 256 bands, three a semitone from A0, not 64"):
        networks.build(TINY, (FRAMES, 64), 3, keras)


def test_an_ear_and_what_reads_it_are_one_network() -> None:
    ear = networks.ear(TINY["ear"], 256, keras)
    reader = networks.build(networks.reader(TINY), (FRAMES, KEYS), 3, keras)
    rng = np.random.default_rng(0)
    for part in (ear, reader):  # new networks' batch norm would hide an exchange
        part.set_weights([w + rng.normal(0, w.ndim > 1, w.shape) for w in part.get_weights()])
    whole = networks.joined(ear, reader, TINY, keras)
    assert whole.input_shape == (None, FRAMES, 256)
    pictures = rng.random((4, FRAMES, 256)).astype(np.float32)
    apart = np.asarray(reader(ear(pictures)))
    np.testing.assert_allclose(np.asarray(whole(pictures)), apart, atol=1e-6)
    assert np.ptp(apart, axis=0).max() > 0


def test_likely_keys_and_struck_ones_are_read_alike() -> None:
    reader = networks.build(networks.reader(TINY), (FRAMES, KEYS), 3, keras)
    keys = roll(2)
    likely = np.where(keys > 0, 0.41, 0.39)
    said = np.asarray(reader(np.stack([keys, likely]).astype(np.float32)))
    np.testing.assert_array_equal(said[0], said[1])


def test_export_can_rebuild_it(model) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    twin = networks.rebuilt(model, TINY, tf_keras)
    given = np.random.default_rng(1).random((3, FRAMES, 256)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(twin(given)), np.asarray(model(given)), atol=1e-6)


def test_the_preset_reads_what_its_feature_gives() -> None:
    preset = PRESETS["composer-cnn"]
    shape = build(PICTURE).shape
    model = networks.build(preset.network, shape, 9, keras)
    assert model.input_shape == (None, *shape)
    assert model.output_shape == (None, 9)
