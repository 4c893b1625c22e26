"""The streaming form of a trained LSTM: the same weights, a step at a time.

``realtime.streaming`` says what that is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from realtime.quiet import quiet_stderr
from training.networks import Gate
from training.networks.recurrent import FLATTEN
from training.presets import Preset

SUFFIX = "-stream"
"""Of the name of a model's streaming form, which lies beside the model."""


def convert(model: Any, preset: Preset, gate: Gate | None) -> bytes:
    """Convert a network of one LSTM layer, as ``recurrent.build`` makes it, to its streaming form.

    Args:
        model: Trained ``keras.Model`` with dense layers a frame, a count beside the LSTM layer, and
            a head that reads its average and its last step.
        preset: What it was built from.
        gate: Fades its answers; none by default.

    Returns:
        Content of a ``.tflite`` file with the signatures ``step`` and ``answer``.
    """
    import tensorflow as tf

    rows, bands = preset.network["stack"], model.input_shape[2]
    units, kinds = preset.network["units"][0], preset.network["counts"]
    *each, kind, dense, last = _layers(model, "Dense")
    norms = _layers(model, "BatchNormalization")
    normed = [_folded(layer, norm) for layer, norm in zip(each, norms, strict=True)]
    kind, dense, last = (layer.get_weights() for layer in (kind, dense, last))
    ((kernel, recurrent, bias),) = (layer.get_weights() for layer in _layers(model, "LSTM"))
    any_label = 1 / model.output_shape[-1]

    def linear(x: Any, layer: Sequence[np.ndarray]) -> Any:
        weights, constant = layer
        return tf.matmul(x, weights) + constant

    def step(rows: Any, h: Any, c: Any) -> dict[str, Any]:
        x = tf.reshape(rows, rows.shape[1:])
        for layer in normed:
            x = tf.nn.relu(linear(x, layer))
        x = tf.reshape(x, (1, -1))
        gates = tf.matmul(x, kernel) + tf.matmul(h, recurrent) + bias
        let_in, keep, new, out = tf.split(gates, 4, axis=1)
        c = tf.sigmoid(keep) * c + tf.sigmoid(let_in) * tf.tanh(new)
        return {"h": tf.sigmoid(out) * tf.tanh(c), "c": c, "found": tf.nn.relu(linear(x, kind))}

    def answer(summary: Any) -> dict[str, Any]:
        read, found = summary[:, : 2 * units], FLATTEN * summary[:, 2 * units :]
        x = tf.concat([read, found / (1 + found)], axis=1)
        x = tf.nn.relu(linear(x, dense))
        probs = tf.nn.softmax(linear(x, last))
        if gate is not None:
            known = tf.sigmoid(tf.matmul(x, gate.weights[:, None]) + gate.bias)
            probs = (probs - any_label) * known + any_label
        return {"probs": probs}

    state = tf.TensorSpec((1, units))
    functions = {
        "step": tf.function(step).get_concrete_function(
            rows=tf.TensorSpec((1, rows, bands)), h=state, c=state
        ),
        "answer": tf.function(answer).get_concrete_function(
            summary=tf.TensorSpec((1, 2 * units + kinds))
        ),
    }
    with tempfile.TemporaryDirectory() as folder, quiet_stderr():
        tf.saved_model.save(tf.Module(), folder, signatures=functions)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(functions))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        content: bytes = converter.convert()
    return content


def suits(preset: Preset) -> bool:
    """Whether a preset's network has a streaming form."""
    return preset.schedule.carried


def _layers(model: Any, kind: str) -> list[Any]:
    return [layer for layer in model.layers if layer.__class__.__name__ == kind]


def _folded(dense: Any, norm: Any) -> tuple[np.ndarray, np.ndarray]:
    """Weights and constant of a dense layer without one, and of the batch norm after it."""
    gamma, beta, mean, variance = norm.get_weights()
    scale = gamma / np.sqrt(variance + norm.epsilon)
    (weights,) = dense.get_weights()
    return (weights * scale).astype(np.float32), (beta - mean * scale).astype(np.float32)
