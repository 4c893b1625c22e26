"""The shipped networks in every form they have, with random weights, as fast as trained ones.

``python -m benchmarks.forms`` makes what is missing; it takes a minute or two.
"""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from realtime import features
from realtime.features.chords import chord_matrix
from realtime.inference import Network
from realtime.records import STREAM_RATE
from realtime.registry import Manifest, read_manifest, shipped
from realtime.streaming import Ear, Steps

ROOT = Path(__file__).parents[1]
STREAM = "stream"
STRUCK = 0.03
"""Share of keys that are struck in a frame."""

SAMPLES = 20
"""Windows for the int8 converters: random ones, because only the speed counts."""


def manifests() -> list[Manifest]:
    """Of the shipped models."""
    return [read_manifest(folder) for folder in shipped()]


def of(manifest: Manifest) -> tuple[str, ...]:
    """The forms that a model has.

    One that reads the numbers of patterns has no int8 form: 256 steps cannot tell 12,000 numbers
    apart, and next to them nothing would be left of what describes a chord, which is 1 at most.
    """
    if _reads_patterns(manifest):
        return ("float32", "dynamic")
    return ("float32", "dynamic", "int8")


def carries(manifest: Manifest) -> bool:
    """Whether a model has a form that carries its state on, beside those that read windows."""
    from training import stepwise
    from training.presets import PRESETS

    return stepwise.suits(PRESETS[manifest.name])


def follows(manifest: Manifest) -> bool:
    """Whether a model can follow a stream frame by frame, in the form that ships or another."""
    return manifest.streaming or carries(manifest)


def hop(manifest: Manifest, network: Network) -> tuple[Callable[[], np.ndarray], str]:
    """A hop of 0.25 s of a network that follows a stream, and what is done in it."""
    window = windows(manifest)[0]
    frames = 0.25 * STREAM_RATE / manifest.feature["hop"]
    if network.function("hear") is None:
        steps = Steps(network)
        rows = window[: steps.rows[0]]
        summary = np.zeros(2 * steps.units + steps.kinds, np.float32)
        due = round(frames / len(rows))

        def carry() -> np.ndarray:
            state = (np.zeros((1, steps.units), np.float32),) * 2
            for _ in range(due):
                out = steps.run(rows, state)
                state = out["h"], out["c"]
            return steps.answer(summary)

        return carry, f"{due} steps of {len(rows)} frames and an answer"
    ear = Ear(network)
    rows = window[: ear.rows[0]]
    keys = (np.random.default_rng(0).random(ear.keys) < STRUCK).astype(np.float32)
    due = math.ceil(frames / ear.told)

    def hear() -> np.ndarray:
        for _ in range(due):
            ear.hear(rows)
        return ear.judge(keys)

    return hear, f"{due} frames heard and the keys of a window judged"


def path(manifest: Manifest, runtime: str, form: str) -> Path:
    """Where a form of a model's network lies; its name changes with the network."""
    about = [manifest.feature, manifest.training["network"], len(manifest.labels)]
    about += [manifest.streaming]
    about += [version("ai-edge-litert"), version("tensorflow")]
    mark = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:12]
    return ROOT / "build" / "forms" / f"{manifest.name}-{mark}-{form}.{runtime}"


def make() -> None:
    """Make the forms that are missing, in a process of its own: TensorFlow stays out of ours."""
    wanted = [path(m, "tflite", form) for m in manifests() for form in of(m)]
    wanted += [path(m, "onnx", "float32") for m in manifests()]
    wanted += [path(m, "tflite", STREAM) for m in manifests() if carries(m)]
    if not all(p.exists() for p in wanted):
        subprocess.run([sys.executable, "-m", "benchmarks.forms"], cwd=ROOT, check=True)


def windows(manifest: Manifest) -> np.ndarray:
    """Random windows, float32 (``SAMPLES``, *shape); of chance music where patterns are read.

    What a network looks up in a table is to lie all over it, as in music: numbers below 1 would all
    be its first row, which never leaves the cache.
    """
    rng, feature = np.random.default_rng(0), features.build(manifest.feature)
    if not _reads_patterns(manifest):
        return rng.random((SAMPLES, *feature.shape), dtype=np.float32)
    return np.stack([_chance_music(feature, rng) for _ in range(SAMPLES)])


def _reads_patterns(manifest: Manifest) -> bool:
    return getattr(features.build(manifest.feature), "patterns", False)


def _chance_music(feature: Any, rng: np.random.Generator) -> np.ndarray:
    """A full window of chords of one to five notes, all over the keyboard."""
    length = feature.shape[0]
    starts = np.cumsum(rng.choice([0.1, 0.15, 0.2, 0.4, 0.8], length))
    onsets = np.repeat(starts, rng.integers(1, 6, length))
    pitches = rng.integers(30, 90, len(onsets))
    held = rng.uniform(0.05, 1, len(onsets))
    return chord_matrix(onsets, held, pitches, length=length, chord=feature.chord)


def _tflite(manifest: Manifest, keras: Any) -> None:
    from training import export, networks, stepwise
    from training.presets import PRESETS

    network, drawn = manifest.training["network"], windows(manifest)
    labels = list(manifest.labels)
    inputs: Any = SimpleNamespace(shape=drawn.shape[1:], labels=labels)
    inputs.draw = lambda n, rng: (drawn, None)
    preset = replace(next(iter(PRESETS.values())), network=network, feature=manifest.feature)
    model = networks.build(network, inputs.shape, len(labels), keras)
    for form in of(manifest):
        file = path(manifest, "tflite", form)
        if not file.exists():
            print(f"converting {manifest.name} to TFLite, {form}", flush=True)
            file.write_bytes(export.convert(model, preset, inputs, form))
    file = path(manifest, "tflite", STREAM)
    if carries(manifest) and not file.exists():
        print(f"converting {manifest.name} to its streaming form", flush=True)
        file.write_bytes(stepwise.convert(model, PRESETS[manifest.name], None))


def _onnx(manifest: Manifest) -> None:
    """Float32, and onnxruntime's own quantised forms, as far as the model has them."""
    import tensorflow as tf
    import tf2onnx
    import tf_keras
    from onnxruntime import quantization as ort

    from training import networks

    drawn = windows(manifest)
    network = manifest.training["network"]
    model = networks.build(network, drawn.shape[1:], len(manifest.labels), tf_keras)
    function = tf.function(lambda x: model(x, training=False))
    signature = [tf.TensorSpec((1, *drawn.shape[1:]), tf.float32, name="x")]
    print(f"converting {manifest.name} to ONNX", flush=True)
    proto, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=17)
    float32 = path(manifest, "onnx", "float32")
    float32.write_bytes(proto.SerializeToString())
    ort.quantize_dynamic(
        float32, path(manifest, "onnx", "dynamic"), weight_type=ort.QuantType.QInt8
    )
    if "int8" not in of(manifest):
        return
    examples = iter([{"x": window[None]} for window in drawn])
    ort.quantize_static(
        float32,
        path(manifest, "onnx", "int8"),
        SimpleNamespace(get_next=lambda: next(examples, None)),
        per_channel=True,
    )


if __name__ == "__main__":
    import keras

    (ROOT / "build" / "forms").mkdir(parents=True, exist_ok=True)
    for manifest in manifests():
        _tflite(manifest, keras)
        if not path(manifest, "onnx", "float32").exists():
            try:
                _onnx(manifest)
            except ImportError as error:
                print(f"no ONNX forms: {error}")
