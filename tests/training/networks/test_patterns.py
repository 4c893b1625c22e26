"""The network that counts patterns: what it reads, and that export can rebuild it."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_models import NETWORKS

from realtime.features import build
from realtime.features.chords import COLUMNS, PATTERNS, TABLES, chord_matrix
from training import networks
from training.fit import quiet_tensorflow
from training.presets import PRESETS

keras = pytest.importorskip("keras")

TINY = NETWORKS["composer-lstm"]
SHAPE = (8, COLUMNS + len(TABLES))


@pytest.fixture(scope="module")
def model():
    quiet_tensorflow(1)
    keras.utils.set_random_seed(0)
    return networks.build(TINY, SHAPE, 3, keras)


def windows(n):
    """Windows of chance music: the first with as many chords as rows, the others with fewer."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(n):
        chords = SHAPE[0] - i
        onsets = np.repeat(np.cumsum(rng.choice([0.1, 0.2, 0.5], chords)), 3)
        pitches = rng.integers(30, 90, len(onsets))
        held = rng.uniform(0, 1, len(onsets))
        made.append(chord_matrix(onsets, held, pitches, length=SHAPE[0], chord=0.04))
    return np.stack(made)


def silence():
    """A window before the first chord."""
    window = np.zeros((1, *SHAPE), np.float32)
    window[..., COLUMNS:] = PATTERNS - 1
    return window


def test_it_gives_a_probability_of_each_label(model):
    said = np.asarray(model(windows(3)))
    assert said.shape == (3, 3)
    assert (said > 0).all()
    assert said.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.ptp(said, axis=0).min() > 0  # no two windows are the same to it


@pytest.mark.parametrize("training", [False, True])
def test_without_a_chord_it_still_answers(model, training):
    said = np.asarray(model(silence(), training=training))
    assert np.isfinite(said).all()
    assert said.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("level", [-1e3, 1e6])
def test_no_window_reaches_outside_the_table(model, level):
    assert np.isfinite(np.asarray(model(np.full((1, *SHAPE), level, np.float32)))).all()


@pytest.mark.parametrize("kind", range(len(TABLES)))
def test_it_looks_up_each_pattern(model, kind):
    some, none = silence(), silence()
    some[0, -1, COLUMNS + kind] = 0
    assert not np.array_equal(np.asarray(model(some)), np.asarray(model(none)))


def test_export_can_rebuild_it(model):
    # Export copies weights from layer to layer in their order, which may not differ.
    tf_keras = pytest.importorskip("tf_keras")
    twin = networks.rebuilt(model, TINY, tf_keras)
    given = np.concatenate((windows(3), silence()))
    np.testing.assert_allclose(np.asarray(twin(given)), np.asarray(model(given)), atol=1e-6)


def test_the_preset_reads_what_its_feature_gives():
    preset = PRESETS["composer-lstm"]
    shape = build(preset.feature).shape
    model = networks.build(preset.network, shape, 9, keras)
    assert model.input_shape == (None, *shape)
    assert model.output_shape == (None, 9)
