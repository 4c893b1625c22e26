"""What a network does not know: the gate before its answers, and the threshold for ``unknown``.

A softmax is sure of itself on sounds that it never heard. What its dense layers read tells them
apart far better: a logistic regression on it, the gate, is fitted on training windows against
sounds of other kinds, and built into the exported network, whose answers it fades to "any label".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from realtime import features
from realtime.records import STREAM_RATE
from training import networks
from training.augment import foreign
from training.augment.picture import elsewhere
from training.inputs import Inputs, Progress
from training.networks import Gate
from training.render import find_soundfonts

KNOWN = 4000
"""Training windows that the gate is fitted on, some of which hold no instrument."""

FOREIGN = 1200
"""Seconds of each kind of foreign sound that it is fitted on."""

JUDGED = 400
"""Seconds of each kind that the figures are measured on."""

FALSE_ALARMS = 0.05
"""Share of held-out windows that may be called unknown, whatever it saves."""

FIT, JUDGE = 1, 2
"""Seeds: what is judged on was not fitted on."""


def foreign_windows(
    spec: dict[str, Any], seconds: int, seed: int, *, jobs: int, progress: Progress
) -> dict[str, np.ndarray]:
    """Windows of every kind of foreign sound.

    Args:
        spec: Description of an audio feature.
        seconds: How much of each kind.
        seed: Of every choice.
        jobs: Processes.
        progress: Told how far it has come.

    Returns:
        float32 (n, *shape) by kind.
    """
    from joblib import Parallel, delayed

    window: Any = features.build(spec)
    count = max(1, round(seconds * STREAM_RATE / window.window_samples))
    names = list(foreign.kinds(find_soundfonts()))
    work = Parallel(n_jobs=jobs, return_as="generator")
    made: dict[str, np.ndarray] = {}
    for name, windows in zip(
        names, work(delayed(_windows)(spec, name, count, seed) for name in names), strict=True
    ):
        made[name] = windows
        progress("kinds of foreign sound", len(made), len(names))
    return made


def _windows(spec: dict[str, Any], name: str, count: int, seed: int) -> np.ndarray:
    make = foreign.kinds(find_soundfonts())[name]
    feature: Any = features.build(spec)
    rng = np.random.default_rng([seed, *name.encode()])
    drawn = (foreign.draw(make, feature.window_samples, rng) for _ in range(count))
    return np.stack([features.extract(feature, samples) for samples in drawn])


def fit_gate(model: Any, inputs: Inputs, *, jobs: int, progress: Progress) -> Gate:
    """Fit a gate on training windows against foreign ones, both changed as in training.

    Args:
        model: Trained ``keras.Model`` whose last layer is the softmax.
        inputs: What it was trained on; an audio feature.
        jobs: Processes that make foreign windows.
        progress: Told how far that has come.
    """
    import keras
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(FIT)
    windows, targets = inputs.draw(KNOWN, rng)
    others = foreign_windows(inputs.feature, FOREIGN, FIT, jobs=jobs, progress=progress)
    strange = np.concatenate(list(others.values()))
    for window in strange if inputs.changed else ():  # or else these changes would count
        elsewhere(window, rng)
    reader = keras.Model(model.inputs, networks.summary(model))
    parts = [reader.predict(each, batch_size=16, verbose=0) for each in (windows, strange)]
    read = np.concatenate(parts).astype(np.float64)
    known = np.concatenate([targets.max(axis=1) > 0.5, np.zeros(len(strange), bool)])
    # One scale for all that is read: a scale for each would give what hardly ever moves weights so
    # large that nothing is left of the others in 8 bits.
    middle, scale = read.mean(axis=0), float(read.std())
    regression = LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000)
    regression.fit((read - middle) / scale, known)
    weights = regression.coef_[0] / scale
    bias = float(regression.intercept_[0] - weights @ middle)
    return Gate(weights.astype(np.float32), bias)


def threshold(probs: np.ndarray) -> float:
    """The probability that the best label of all but ``FALSE_ALARMS`` of the windows reaches.

    Args:
        probs: Calibrated, of sounds that the model should know, (n, n_labels).
    """
    return round(float(np.quantile(probs.max(axis=1), FALSE_ALARMS)), 3)
