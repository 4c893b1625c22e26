"""Training on a fold: it goes on where it stopped, and stops when it is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

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
