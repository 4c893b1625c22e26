"""Against what a network was trained with. Last of all, because it brings TensorFlow in."""

from __future__ import annotations

import os

import pytest

from benchmarks import forms
from realtime.registry import find, load


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return keras


MANIFESTS = forms.manifests()


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda m: m.name)
def test_against_keras(compare, keras, manifest):
    ours = load(find(manifest.name)).network
    window = forms.windows(manifest)[0]
    compare(
        f"{manifest.name}: against keras.Model.predict, one window",
        lambda: ours.predict(window),
        predicting(keras, manifest),
        times_less=20,
        rounds=30,
        part=0,
        wall=True,
        inside="one window in, one row of probabilities out; Keras in float32 with random weights "
        "on TensorFlow.",
    )


@pytest.mark.parametrize("manifest", [m for m in MANIFESTS if m.streaming], ids=lambda m: m.name)
def test_frame_by_frame_against_keras(compare, keras, manifest):
    hop, told = forms.hop(manifest, load(find(manifest.name)).network)
    compare(
        f"{manifest.name}: a hop of 0.25 s as live, against keras.Model.predict, one window",
        hop,
        predicting(keras, manifest),
        times_less=20,
        rounds=30,
        part=0,
        wall=True,
        inside=f"{told}; Keras as for a window.",
    )


def predicting(keras, manifest):
    """A call of ``keras.Model.predict`` on a window."""
    from training import networks

    windows = forms.windows(manifest)
    network = manifest.training["network"]
    model = networks.build(network, windows.shape[1:], len(manifest.labels), keras)
    return lambda: model.predict(windows[:1], verbose=0)
