"""Changes of label, and how long a tiny network takes to notice them."""

from __future__ import annotations

import itertools

import numpy as np

from training.datasets import read_all
from training.judging import splices


def test_a_stream_changes_label_each_time(sounds: str) -> None:
    stream = splices.splice(read_all([sounds]), np.random.default_rng(0))
    labels = [label for _, label in stream.changes]
    assert all(a != b for a, b in itertools.pairwise(labels))
    with stream as source:
        heard = np.concatenate([b.samples for b in source])
    hz = {"ape": 220, "bee": 440, "cat": 660}
    for at, label in stream.changes:  # each label's sine begins where the change is said to be
        spectrum = np.abs(np.fft.rfft(heard[at : at + 4000]))
        assert abs(spectrum.argmax() * 4 - hz[label]) <= 8


def test_delays_are_counted_from_the_change(sounds: str, model_folder) -> None:
    found = splices.delays(
        model_folder(), read_all([sounds]), streams=1, seed=0, progress=lambda *_: None
    )
    assert found["changes"] == splices.CHANGES
    for how in ("window", "smoothed"):
        assert 0 <= found[how]["noticed"] <= 1
        median = found[how]["median"]
        assert median is None or 0 < median <= splices.SECONDS + 0.3
