"""The exported halves of a network with an ear against the Keras network they were made from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from stream_forms import assert_blocks_do_not_matter, moved
from tiny_models import NETWORKS, write_folder

from realtime import probe
from realtime.engine import FAILURES, Engine
from realtime.errors import UserError
from realtime.inference import Function, InferenceError, Network
from realtime.records import STREAM_RATE, Event
from realtime.registry import load
from realtime.streaming import Ear
from training import framewise, networks, performance
from training.networks import Gate
from training.networks.heard import BANDS, BESIDE, KEYS
from training.presets import PRESETS

pytest.importorskip("tensorflow")

FRAMES = 40
FEATURE = {
    "kind": "spectrogram",
    "frames": FRAMES,
    "bands": BANDS,
    "n_fft": 4096,
    "win_length": 3940,
    "hop": 1226,
}
SPEC = NETWORKS["composer-cnn"]
PRESET = replace(PRESETS["composer-cnn"], network=SPEC)
LABELS = ("ape", "bee", "cat")


@pytest.fixture(scope="module")
def made():
    """A network whose batch norm has moved, a gate, and its file in 32 bits."""
    model = moved(SPEC, (FRAMES, BANDS), len(LABELS))
    rng = np.random.default_rng(0)
    gate = Gate(rng.normal(size=SPEC["embedding"]).astype(np.float32), 0.1)
    return model, gate, framewise.convert(model, PRESET, gate, quantised=False)


@pytest.fixture(scope="module")
def windows():
    return np.random.default_rng(1).uniform(size=(5, FRAMES, BANDS)).astype(np.float32)


def test_who_asks_for_no_function_gets_the_answer_to_a_window(made, windows):
    import keras

    model, gate, content = made
    network = Network(content)
    assert network.input_shape == (FRAMES, BANDS)
    meant = networks.gated(model, gate, keras).predict(windows, verbose=0)
    for window, probs in zip(windows, meant, strict=True):
        assert network.predict(window) == pytest.approx(probs, abs=1e-4)


def test_its_halves_one_after_the_other_are_the_whole(made, windows):
    import keras

    model, _, content = made
    network = Network(content)
    ear = Ear(network)
    assert (ear.rows, ear.told, ear.keys) == ([2 * BESIDE + 1, BANDS], 1, [FRAMES, KEYS])
    hears, _ = networks.parted(model, SPEC, keras)
    for window in windows:
        keys = hears.predict(window[None], verbose=0)[0]
        inner = range(BESIDE, FRAMES - BESIDE)
        each = [ear.hear(window[i - BESIDE : i + BESIDE + 1]) for i in inner]
        assert np.concatenate(each) == pytest.approx(keys[BESIDE:-BESIDE], abs=1e-4)
        assert ear.judge(keys) == pytest.approx(network.predict(window), abs=1e-4)


def test_its_weights_are_stored_once(made):
    model, _, content = made
    assert len(content) < 1.5 * 4 * model.count_params() + 40_000


def test_it_can_be_quantised_wholly(windows):
    import keras

    keras.utils.set_random_seed(1)
    model = networks.build(SPEC, (FRAMES, BANDS), len(LABELS), keras)
    content = framewise.convert(model, PRESET, None, quantised=True, examples=windows[:, None])
    assert Network(content).predict(windows[0]).sum() == pytest.approx(1, abs=0.02)
    assert Ear(Network(content)).told == 1


def test_a_run_says_the_same_for_any_block_size(made, tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "apes", FEATURE, LABELS, made[2], streaming=True)
    assert_blocks_do_not_matter(folder, monkeypatch)


def test_a_feature_that_does_not_fit_is_refused(made, tmp_path):
    other = write_folder(tmp_path / "a", FEATURE | {"frames": 41}, LABELS, made[2], streaming=True)
    with pytest.raises(UserError, match="7 frames of 256 bands and judges 40, which does not"):
        load(other)


def test_a_network_from_elsewhere_is_tried_with_all_its_functions(made, monkeypatch, capsys):
    monkeypatch.setattr(probe, "_limit", lambda: None)
    tried = []

    def fails(self, **arrays):
        tried.append(set(arrays))
        if "keys" in arrays:
            raise InferenceError("broken")

    monkeypatch.setattr(Function, "__call__", fails)
    assert probe.trial(made[2]) == 2
    assert "gives no answer (broken)" in capsys.readouterr().out
    assert tried == [{"window"}, {"rows"}, {"keys"}]


def test_one_that_is_asked_no_more_hears_no_more(made, tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "apes", FEATURE, LABELS, made[2], streaming=True)
    calls = 0

    def fails(self, rows):
        nonlocal calls
        calls += 1
        raise InferenceError("deaf")

    monkeypatch.setattr(Ear, "hear", fails)
    other = write_folder(tmp_path / "bees", FEATURE, LABELS)
    noise = np.random.default_rng(2).normal(0, 0.1, 160_000).astype(np.float32)
    records = list(Engine(performance.Playback("noise", noise), [load(folder), load(other)]).run())
    told = [r for r in records if isinstance(r, Event)]
    assert len(told) == FAILURES
    assert "it is asked no more" in told[-1].text
    assert calls <= 0.25 * FAILURES * STREAM_RATE / FEATURE["hop"] + 1


def test_only_networks_with_an_ear_have_these_functions():
    assert [name for name, p in PRESETS.items() if framewise.suits(p)] == ["composer-cnn"]
