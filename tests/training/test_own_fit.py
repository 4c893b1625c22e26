"""A shipped network is taught other labels: what learns, what stays, and how it is judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_models import NETWORKS

from training import networks, own, own_fit, start
from training.evaluate import Heard
from training.fit import trained
from training.presets import Schedule

keras = pytest.importorskip("keras")

SHAPE = (32, 16)

TINY = NETWORKS | {
    "instrument-cnn": NETWORKS["instrument-cnn"] | {"blocks": [[4], [4, 4]], "head": "moments"}
}
"""Next to no weights, in layers like those that ship."""


class Bright:
    """Windows that are bright in one half or in the other."""

    labels = ("high", "low")
    shape = SHAPE

    def draw(self, n, rng):
        which = rng.integers(2, size=n)
        windows = rng.random((n, *SHAPE), np.float32) * 0.2
        windows[which == 0, :, :8] += 0.5
        windows[which == 1, :, 8:] += 0.5
        return windows, np.eye(2, dtype=np.float32)[which]


@pytest.fixture(params=["cnn", "lstm"])
def preset(request, monkeypatch, tmp_path):
    """A preset that begins with a tiny network."""
    [preset] = (p for p in own.presets("own") if p.kind == request.param)
    schedule = Schedule(epochs=8, windows=256, batch=16, rate=1e-2)
    preset = replace(preset, network=TINY[preset.start], schedule=schedule)
    shipped = tmp_path / "shipped" / preset.start
    shipped.mkdir(parents=True)
    start.write(shipped, networks.build(preset.network, SHAPE, 10, keras))
    monkeypatch.setattr(own_fit, "SHIPPED", shipped.parent)
    return preset


def test_the_last_layers_learn_and_the_others_stay(preset, tmp_path):
    epochs = list(own_fit.train(preset, Bright(), tmp_path, seed=1))
    assert [e.number for e in epochs] == list(range(1, 9))
    assert epochs[-1].loss < epochs[0].loss

    network = trained(tmp_path, preset)
    begun = networks.build(preset.network, SHAPE, 2, keras)
    start.begin(begun, own_fit.SHIPPED / preset.start)
    same = [
        all(map(np.array_equal, new.get_weights(), old.get_weights()))
        for new, old in zip(network.layers, begun.layers, strict=True)
        if new.get_weights()
    ]
    learned = own_fit.LEARNED[preset.kind]
    assert same == [True] * (len(same) - learned) + [False] * learned
    windows, targets = Bright().draw(50, np.random.default_rng(2))
    said = network.predict(windows, verbose=0).argmax(axis=1)
    assert np.mean(said == targets.argmax(axis=1)) > 0.9

    assert not list(own_fit.train(preset, Bright(), tmp_path, seed=1)), "it is finished"


def heard(truth, said):
    return Heard(
        ["high", "low"],
        np.array(truth),
        np.eye(2)[said],
        np.arange(len(truth)),
        np.array(truth),
        np.array(said),
    )


def test_what_the_folds_heard_counts_together():
    together = own_fit._together([heard([0, 1], [0, 1]), heard([1], [0]), heard([0], [0])])
    assert together.files.tolist() == [0, 1, 2, 3]
    assert together.file_truth.tolist() == [0, 1, 1, 0]
    assert own_fit.verdict(together) == (
        "3 of 4 files right, each heard by a network that had not learned from it; "
        "expect 30% to 95% of others like them"
    )
