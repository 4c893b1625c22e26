"""Training on a fold: it goes on where it stopped, and stops when it is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import checkpoint
from training.checkpoint import read_history
from training.protocols import trainer
from training.protocols.folds import Trial
from training.protocols.plans import PLANS, Training

pytestmark = pytest.mark.usefixtures("tiny", "tensorflow")


def test_a_fold_goes_on_where_it_stopped(sounds: str, made) -> None:
    plan = PLANS["instrument-lstm-paper"]
    plan = replace(plan, training=replace(plan.training, epochs=4))
    trial = Trial(plan, made(plan, sounds), "honest")
    fold = trial.split(0)
    whole = [e.loss for e in trainer.train(plan, trial.windows, fold, Path("whole"))]
    broken = trainer.train(plan, trial.windows, fold, Path("broken"))
    first = [next(broken).loss, next(broken).loss]
    broken.close()
    rest = [e.loss for e in trainer.train(plan, trial.windows, fold, Path("broken"))]
    assert first + rest == pytest.approx(whole, rel=1e-4)
    assert not list(trainer.train(plan, trial.windows, fold, Path("broken")))
    assert len(list(Path("broken").glob("epoch-*.keras"))) == 1


def test_training_stops_when_patience_is_over(sounds: str, made) -> None:
    plan = PLANS["instrument-lstm-paper"]
    training = Training(epochs=50, batch=8, rate=1e-9, patience=2)
    plan = replace(plan, training=training, network=plan.network | {"dropout": 0.0})
    windows = made(plan, sounds)
    fold = Trial(plan, windows, "paper").split(0)
    epochs = list(trainer.train(plan, windows, fold, Path("work")))
    assert len(epochs) < 50
    losses = [row["valid_loss"] for row in read_history(Path("work"))]
    assert len(losses) - 1 - int(np.argmin(losses)) == 2


def test_files_are_named_in_training_alone(pieces: str, made) -> None:
    plan = PLANS["composer-cnn-bands"]
    windows = made(plan, pieces)
    plan = replace(plan, training=replace(plan.training, epochs=3, batch=4))
    fold = Trial(plan, windows, "paper").split(0)
    whole = [e.loss for e in trainer.train(plan, windows, fold, Path("whole"))]
    broken = [next(trainer.train(plan, windows, fold, Path("broken"))).loss]
    broken += [e.loss for e in trainer.train(plan, windows, fold, Path("broken"))]
    assert broken == pytest.approx(whole, rel=1e-3)
    assert len(checkpoint.read(Path("whole"))[0].outputs) == 2
    rows = read_history(Path("whole"))
    assert all(0 <= row["accuracy"] <= 1 and row["valid_loss"] > 0 for row in rows)
    for best in (True, False):  # a fold may have no validation part
        if not best:
            Path("whole/best.keras").unlink()
        said = trainer.predict(trainer.trained(Path("whole")), windows, fold.test)
        assert said.shape == (len(fold.test), len(windows.labels))
        np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-3)


@given(st.integers(1, 9), st.floats(0.1, 2), st.integers(0, 99))
def test_mixed_windows_are_told_as_they_are(n: int, beta: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    eye = np.eye(n, dtype=np.float32)
    pictures = np.repeat(eye[:, :, None], 2, axis=2)  # each shows its own label
    x, labels, weights = trainer._mixed([pictures, eye, np.full(n, 2, np.float32)], beta, rng)
    np.testing.assert_array_equal(x[:, :, 1], labels)
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert (np.diag(labels) >= 0.499).all()
    np.testing.assert_allclose(weights, 2, atol=1e-6)
    assert x.dtype == labels.dtype == np.float32


def test_a_window_that_begins_elsewhere_holds_the_same() -> None:
    window = np.arange(48, dtype=np.float32).reshape(12, 4) / 48
    starts = set()
    for seed in range(40):
        other = trainer._augmented(window.copy(), "rolls", np.random.default_rng(seed))
        assert other.shape == window.shape
        plain = trainer._augmented(window.copy(), "none", np.random.default_rng(seed))
        np.testing.assert_array_equal(plain, window)
        starts.add(int(np.argmax(other.max(axis=1))))
    assert len(starts) > 5
