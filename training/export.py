"""From a trained network to a model folder: TFLite, quantised, with its manifest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from realtime.errors import UserError
from realtime.inference import Network
from realtime.quiet import quiet_stderr
from realtime.records import STREAM_RATE
from realtime.registry import MANIFEST, Manifest
from training import framewise, metadata, networks
from training.inputs import Inputs
from training.presets import Preset

Quantisation = Literal["float32", "dynamic", "int8"]
FILE = "model.tflite"
EXAMPLES = 300
"""Windows that show the int8 converter how large activations get."""


def convert(
    model: Any,
    preset: Preset,
    inputs: Inputs,
    quantisation: Quantisation,
    gate: networks.Gate | None = None,
) -> bytes:
    """Convert a Keras 3 network to TFLite, with a batch of 1.

    The network is built again in ``tf_keras``, in float32, and given the weights: there an LSTM
    becomes TFLite's fused operator, where Keras 3's becomes a loop that runs at half the speed. One
    with an ear can also follow a stream, see ``framewise``.

    Args:
        model: Trained ``keras.Model``.
        preset: What it was built from.
        inputs: Where windows for the int8 converter come from.
        quantisation: ``int8`` quantises activations too, ``dynamic`` weights alone.
        gate: What tells sounds that the network knows from others; none by default.

    Returns:
        Content of a ``.tflite`` file, float32 in and out.

    Raises:
        UserError: The network needs operators that TFLite alone does not have.
    """
    drawn: list[np.ndarray] | None = None
    if quantisation == "int8":
        drawn = [w[None] for w in inputs.draw(EXAMPLES, np.random.default_rng(EXAMPLES))[0]]
    make = framewise.convert if framewise.suits(preset) else _window_alone
    try:
        return make(model, preset, gate, quantised=quantisation != "float32", examples=drawn)
    except Exception as error:  # and raises whatever it likes
        raise UserError(f"the network cannot be converted to TFLite: {error}") from error


def _window_alone(
    model: Any,
    preset: Preset,
    gate: networks.Gate | None,
    *,
    quantised: bool,
    examples: list[np.ndarray] | None,
) -> bytes:
    """Convert a network that reads windows, and nothing else; see ``framewise.convert``."""
    import tensorflow as tf
    import tf_keras

    twin = networks.rebuilt(model, preset.network, tf_keras)
    if gate is not None:
        twin = networks.gated(twin, gate, tf_keras)
    signature = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    function = tf.function(lambda x: twin(x, training=False), input_signature=[signature])
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], twin
    )
    if quantised:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if examples is not None:
        converter.representative_dataset = lambda: ([w] for w in examples)
    with quiet_stderr():  # its C++ side writes pages
        content: bytes = converter.convert()
    return content


def write(
    folder: Path,
    preset: Preset,
    labels: list[str],
    content: bytes,
    *,
    calibration: dict[str, float],
    training: dict[str, Any],
    figures: dict[str, Any],
) -> Manifest:
    """Write a model folder: the network, with its metadata, and ``model.json``.

    Raises:
        UserError: The folder cannot be written.
    """
    feature = preset.feature
    window = None
    if preset.inputs != "notes":
        from realtime.features import build

        listening: Any = build(feature)
        window = listening.window_samples / STREAM_RATE
    manifest = Manifest(
        name=preset.name,
        task=preset.task,
        kind=preset.kind,
        labels=tuple(labels),
        feature=feature,
        window_s=window,
        hop_s=0.25,
        quantisation=preset.quantisation,
        calibration=calibration,
        smoothing_s=preset.smoothing_s,
        file=FILE,
        sha256="",
        size=0,
        streaming=framewise.suits(preset),
        training=training,
        figures=figures,
    )
    return keep(folder, manifest, content)


def keep(folder: Path, manifest: Manifest, content: bytes) -> Manifest:
    """Write a network into its folder, with metadata that follows from the manifest.

    Args:
        folder: Model folder; made if it is not there.
        manifest: What to write, but for the network's hash and size.
        content: The network.

    Returns:
        The manifest as it was written.

    Raises:
        UserError: The folder cannot be written.
    """
    content = metadata.attach(content, manifest)
    manifest = replace(manifest, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / manifest.file).write_bytes(content)
        text = json.dumps(asdict(manifest), indent=2, ensure_ascii=False)
        (folder / MANIFEST).write_text(text + "\n", "utf-8")
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror})") from error
    return manifest


def temperature(raw: np.ndarray, truth: np.ndarray) -> float:
    """The temperature that makes probabilities most honest: the least log loss.

    Args:
        raw: Softmax outputs, (n, n_labels).
        truth: Label numbers, (n,).
    """
    logs = np.log(np.maximum(raw.astype(np.float64), 1e-9))

    def loss(t: float) -> float:
        scaled = logs / t
        peak = scaled.max(axis=1, keepdims=True)
        norm = np.log(np.exp(scaled - peak).sum(axis=1)) + peak[:, 0]
        return float(np.mean(norm - scaled[np.arange(len(truth)), truth]))

    grid = np.exp(np.linspace(np.log(0.3), np.log(5), 141))
    return float(grid[int(np.argmin([loss(t) for t in grid]))])


def outputs(content: bytes, windows: np.ndarray) -> np.ndarray:
    """What a TFLite network says of windows, float32 (n, n_labels)."""
    network = Network(content)
    return np.stack([network.predict(w).copy() for w in windows])
