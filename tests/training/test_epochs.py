"""What is told of an epoch while it lasts."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from training.epochs import epochs
from training.presets import Schedule


def test_an_epochs_windows_are_told_but_the_last(tmp_path) -> None:
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    told: list[tuple[str, int, int]] = []

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return rng.random((10, 3), np.float32), np.eye(2, dtype=np.float32)[
            rng.integers(2, size=10)
        ]

    done = epochs(
        model,
        [],
        Schedule(epochs=2, windows=10, batch=4),
        tmp_path,
        draw=draw,
        compiled=lambda begun: model.compile(
            "sgd", "categorical_crossentropy", metrics=["accuracy"]
        ),
        seed=0,
        progress=lambda *progress: told.append(progress),
    )
    assert [epoch.number for epoch in done] == [1, 2]
    assert told == [(f"epoch {n}, windows", k, 10) for n in (1, 2) for k in (4, 8)]
