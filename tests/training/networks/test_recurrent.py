"""The LSTM over frames: what it may read beside, and that export can rebuild it."""

from __future__ import annotations

import numpy as np
import pytest

from training import networks
from training.fit import quiet_tensorflow
from training.networks.recurrent import count

keras = pytest.importorskip("keras")

SHAPE = (8, 6)
TINY = {"name": "lstm", "units": [4], "dropout": 0.1, "dense": 8, "head": "both", "stack": 2}
FULL = TINY | {"frames": [5, 4], "counts": 3}


@pytest.fixture(scope="module", autouse=True)
def _seeded():
    quiet_tensorflow(1)
    keras.utils.set_random_seed(0)


def windows(n=3):
    return np.random.default_rng(0).normal(size=(n, *SHAPE)).astype(np.float32)


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def trained(model):
    """Gives every layer weights of its own, so that none can be taken for another."""
    rng = np.random.default_rng(1)
    for layer in model.layers:
        layer.set_weights(
            [
                rng.normal(0, 0.5, w.shape) if w.ndim > 1 else rng.uniform(0.1, 1, w.shape)
                for w in layer.get_weights()  # a variance is positive
            ]
        )
    return model


HEADS = [
    FULL | {"head": head, "units": units}
    for head in ("flatten", "last", "average", "both")
    for units in ([4], [4, 4])
]


@pytest.mark.parametrize("spec", [TINY, TINY | {"frames": [5]}, TINY | {"counts": 3}, *HEADS])
def test_export_can_rebuild_it(spec):
    tf_keras = pytest.importorskip("tf_keras")
    model = trained(networks.build(spec, SHAPE, 3, keras))
    twin = networks.rebuilt(model, spec, tf_keras)
    said = np.asarray(model(windows()))
    assert np.ptp(said, axis=0).max() > 1e-3  # else any weights would do
    np.testing.assert_allclose(np.asarray(twin(windows())), said, atol=1e-5)


def test_frames_and_counts_are_left_out_unless_asked_for():
    plain, full = networks.build(TINY, SHAPE, 3, keras), networks.build(FULL, SHAPE, 3, keras)
    assert not {"BatchNormalization", "Activation"} & set(kinds(plain))
    assert kinds(full).count("BatchNormalization") == 2
    assert kinds(full).count("LSTM") == kinds(plain).count("LSTM") == 1


def test_frames_read_each_row_by_itself():
    model = networks.build(FULL, SHAPE, 3, keras)
    rows = keras.Model(
        model.input, next(x for x in model.layers if type(x).__name__ == "Reshape").input
    )
    given = windows(1)
    changed = given.copy()
    changed[0, 5] += 1
    differ = (np.asarray(rows(changed)) != np.asarray(rows(given))).any(axis=(0, 2))
    assert differ.tolist() == [row == 5 for row in range(SHAPE[0])]


def test_what_is_counted_reaches_the_answer_past_the_lstm():
    model = trained(networks.build(FULL, SHAPE, 3, keras))
    before = np.asarray(model(windows()))
    for layer in model.layers:
        if type(layer).__name__ == "LSTM":
            layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    after = np.asarray(model(windows()))
    assert not np.allclose(before, after, atol=1e-6)
    assert np.ptp(after, axis=0).max() > 1e-6  # the LSTM now says nothing, and windows still differ


def counted(times, strength=1.0, steps=60):
    """What ``count`` gives for a kind that is found in so many steps of a window."""
    found = np.zeros((1, steps, 1), np.float32)
    found[0, :times] = strength
    return float(np.asarray(count(keras.ops.convert_to_tensor(found), keras.layers))[0, 0])


def test_what_is_never_found_counts_for_nothing():
    assert counted(0) == 0


@pytest.mark.parametrize("strength", [0.1, 1, 100])
def test_counts_grow_ever_more_slowly_and_stay_below_one(strength):
    counts = [counted(times, strength) for times in range(61)]
    steps = np.diff(counts)
    assert (steps > 0).all()
    assert (np.diff(steps) < 1e-6).all()  # the rounding of float32
    assert steps[-1] < steps[0]
    assert 0 < counts[1] < counts[-1] < 1


def test_what_is_found_seldom_is_not_drowned():
    share = counted(6) / counted(60)
    assert share > 2 * 6 / 60  # an average would give a tenth


def test_it_does_not_matter_when_a_kind_is_found():
    found = np.random.default_rng(0).random((1, 10, 4), np.float32)
    forwards = np.asarray(count(keras.ops.convert_to_tensor(found), keras.layers))
    backwards = np.asarray(count(keras.ops.convert_to_tensor(found[:, ::-1]), keras.layers))
    np.testing.assert_allclose(forwards, backwards, rtol=1e-5)
