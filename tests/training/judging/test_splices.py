"""Changes of label, and how long a tiny network takes to notice them."""

from __future__ import annotations

import itertools
from pathlib import Path

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


def test_a_broken_note_is_named_and_the_others_are_played(sounds: str, model_folder) -> None:
    folder = Path(sounds.partition(":")[2])
    (folder / "bee" / "bee1_x.wav").write_bytes(b"RIFF nothing")
    for label in ("dog", "cow"):
        (folder / label).mkdir()
        (folder / label / "broken.wav").write_bytes(b"")
    left_out: dict[str, str] = {}
    found = splices.delays(
        model_folder(labels=("ape", "bee", "cat", "dog")),
        read_all([sounds]),
        streams=1,
        seed=0,
        progress=lambda *_: None,
        left_out=left_out,
    )
    assert found["changes"] == splices.CHANGES
    told = {f"{Path(path).parent.name}/{Path(path).name}": why for path, why in left_out.items()}
    assert sorted(told) == ["bee/bee1_x.wav", "cow/broken.wav", "dog/broken.wav"]
    assert told["cow/broken.wav"] == "label 'cow' is none of the model's"
    assert told["bee/bee1_x.wav"].startswith("cannot be read as sound")


def test_delays_are_counted_from_the_change(sounds: str, model_folder) -> None:
    found = splices.delays(
        model_folder(), read_all([sounds]), streams=1, seed=0, progress=lambda *_: None, left_out={}
    )
    assert found["changes"] == splices.CHANGES
    for how in ("window", "smoothed"):
        assert 0 <= found[how]["noticed"] <= 1
        median = found[how]["median"]
        assert median is None or 0 < median <= splices.SECONDS + 0.3
