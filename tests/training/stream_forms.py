"""What the tests of exported networks that follow a stream have in common."""

from __future__ import annotations

import numpy as np

from realtime.engine import Engine
from realtime.records import Prediction
from realtime.registry import load
from training import networks, performance


def moved(spec, shape, n_labels):
    """A network whose batch norm is not what it begins with, so that it counts."""
    import keras

    keras.utils.set_random_seed(0)
    model = networks.build(spec, shape, n_labels, keras)
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if layer.__class__.__name__ == "BatchNormalization":
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return model


def assert_blocks_do_not_matter(folder, monkeypatch):
    """A run of a model folder says the same to the last bit however its sound is cut."""
    samples = np.random.default_rng(2).normal(0, 0.1, 50_000).astype(np.float32)
    said = []
    for block in (160, 1600, 50_000):
        monkeypatch.setattr(performance, "BLOCK", block)
        run = Engine(performance.Playback("noise", samples), [load(folder)]).run()
        said.append([list(p.probs.values()) for p in run if isinstance(p, Prediction)])
    assert len(said[0]) == 13  # the last where the sound ends
    assert said[0] == said[1] == said[2]
