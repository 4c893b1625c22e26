"""The exported step against the Keras network that it was made from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from stream_forms import assert_blocks_do_not_matter, moved
from tiny_models import write_folder

from realtime.errors import UserError
from realtime.inference import Network
from realtime.registry import load
from realtime.streaming import Steps
from training import networks, stepwise
from training.networks import Gate
from training.presets import PRESETS

pytest.importorskip("tensorflow")

FRAMES, BANDS = 12, 6
FEATURE = {
    "kind": "spectrogram",
    "frames": FRAMES,
    "bands": BANDS,
    "n_fft": 512,
    "win_length": 500,
    "hop": 470,
}
SPEC = {
    "name": "lstm",
    "units": [5],
    "dropout": 0.1,
    "dense": 7,
    "head": "both",
    "stack": 2,
    "frames": [8, 6],
    "counts": 9,
}
PRESET = replace(PRESETS["instrument-lstm"], network=SPEC)
LABELS = ("ape", "bee", "cat")


@pytest.fixture(scope="module")
def made():
    """A network whose batch norm has moved, a gate, and its streaming form."""
    model = moved(SPEC, (FRAMES, BANDS), len(LABELS))
    rng = np.random.default_rng(0)
    gate = Gate(rng.normal(size=2 * 5 + 9).astype(np.float32), 0.1)
    return model, gate, stepwise.convert(model, PRESET, gate)


def test_from_silence_a_window_step_by_step_is_the_window_at_once(made):
    import keras

    model, gate, content = made
    network = Network(content)
    steps = Steps(network)
    assert (list(steps.rows), steps.units, steps.kinds) == ([2, BANDS], 5, 9)
    windows = np.random.default_rng(1).uniform(size=(5, FRAMES, BANDS)).astype(np.float32)
    meant = networks.gated(model, gate, keras).predict(windows, verbose=0)
    for window, probs in zip(windows, meant, strict=True):
        state = (np.zeros((1, 5), np.float32),) * 2
        outs = []
        for i in range(0, FRAMES, 2):
            out = steps.run(window[i : i + 2], state)
            state = out["h"], out["c"]
            outs.append(out)
        average = [np.mean([o[name][0] for o in outs], axis=0) for name in ("h", "found")]
        said = network.predict(np.concatenate([average[0], outs[-1]["h"][0], average[1]]))
        assert said == pytest.approx(probs, abs=0.02)  # weights in 8 bits


def test_a_run_says_the_same_for_any_block_size(made, tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "apes", FEATURE, LABELS, made[2], streaming=True)
    assert_blocks_do_not_matter(folder, monkeypatch)


def test_a_manifest_that_does_not_fit_is_refused(made, tmp_path):
    other = FEATURE | {"bands": BANDS + 1}
    for name, feature, streams, why in (
        ("bands", other, True, "takes steps of 2 rows of 6"),
        ("window", FEATURE, False, "reads windows of"),
        ("flag", FEATURE, "yes", "'streaming' must be true or false"),
    ):
        folder = write_folder(tmp_path / name, feature, LABELS, made[2], streaming=streams)
        with pytest.raises(UserError, match=why):
            load(folder)
    plain = write_folder(tmp_path / "plain", FEATURE, LABELS, streaming=True)
    with pytest.raises(UserError, match="no functions 'step' and 'answer'"):
        load(plain)


def test_only_networks_that_learned_to_go_on_have_one():
    assert [name for name, p in PRESETS.items() if stepwise.suits(p)] == ["instrument-lstm"]
    deeper = replace(PRESET, network=SPEC | {"units": [5, 5]})
    assert not stepwise.suits(deeper)
