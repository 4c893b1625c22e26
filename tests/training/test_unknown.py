"""The gate that tells what a network knows from what it does not."""

from __future__ import annotations

import numpy as np
import pytest

from training import networks, unknown
from training.fit import quiet_tensorflow

pytest.importorskip("tensorflow")

SHAPE = (12, 8)


class Rising:
    """Windows of two known kinds: energy in the lower or the upper half of the bands."""

    labels = ("low", "high")
    feature = {"kind": "stub"}  # noqa: RUF012  as a manifest holds it
    shape = SHAPE
    changed = True

    def draw(self, n, rng):
        kind = rng.integers(2, size=n)
        windows = rng.uniform(0, 0.2, (n, *SHAPE)).astype(np.float32)
        windows[kind == 0, :, :4] += 0.8
        windows[kind == 1, :, 4:] += 0.8
        return windows, np.eye(2, dtype=np.float32)[kind]


@pytest.fixture
def setting(monkeypatch):
    """A network, what it was made for, and windows of a kind that it should not know."""
    quiet_tensorflow(1)
    import keras

    keras.utils.set_random_seed(0)
    model = networks.build(
        {"name": "vgg", "blocks": [[4], [8]], "dropout": 0.0, "dense": 16}, SHAPE, 2, keras
    )
    rng = np.random.default_rng(0)
    foreign = rng.uniform(0.3, 0.7, (200, *SHAPE)).astype(np.float32)
    monkeypatch.setattr(unknown, "KNOWN", 300)
    monkeypatch.setattr(unknown, "foreign_windows", lambda *_, **__: {"even": foreign.copy()})
    return model, Rising(), foreign, keras


def test_foreign_windows_come_out_as_any_label_and_known_ones_stay(setting):
    model, inputs, foreign, keras = setting
    gate = unknown.fit_gate(model, inputs, jobs=1, progress=lambda *_: None)
    gated = networks.gated(model, gate, keras)
    known, _ = inputs.draw(200, np.random.default_rng(5))
    before, after = (m.predict(known, verbose=0) for m in (model, gated))
    assert np.mean(before.argmax(axis=1) == after.argmax(axis=1)) > 0.98
    np.testing.assert_allclose(after.sum(axis=1), 1, atol=1e-5)
    faded = np.abs(gated.predict(foreign, verbose=0) - 0.5).max(axis=1)
    raw = np.abs(model.predict(foreign, verbose=0) - 0.5).max(axis=1)
    kept = np.abs(after - 0.5).max(axis=1) / np.maximum(np.abs(before - 0.5).max(axis=1), 1e-9)
    assert np.median(faded / np.maximum(raw, 1e-9)) < 0.3
    assert np.median(kept) > 0.7


def test_weights_fit_into_eight_bits(setting):
    model, inputs, *_ = setting
    gate = unknown.fit_gate(model, inputs, jobs=1, progress=lambda *_: None)
    used = np.abs(gate.weights)[np.abs(gate.weights) > 0]
    assert used.max() < 127 * np.median(used)


def test_one_window_in_twenty_may_be_called_unknown():
    best = np.linspace(0.5, 1.0, 101)
    probs = np.stack([best, 1 - best], axis=1)
    assert unknown.threshold(probs) == pytest.approx(0.525)
    assert np.mean(best < unknown.threshold(probs)) <= unknown.FALSE_ALARMS
