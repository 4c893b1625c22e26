"""The streaming form of a trained LSTM: the same weights, a step at a time.

``realtime.streaming`` says what that is.
"""

from __future__ import annotations

from typing import Any

from training import networks, tflite
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
        Content of a ``.tflite`` file with the functions ``step`` and ``answer``.
    """
    import tensorflow as tf
    import tf_keras

    twin = networks.rebuilt(model, preset.network, tf_keras)
    *each, kind, dense, last = _layers(twin, "Dense")
    norms = _layers(twin, "BatchNormalization")
    (lstm,) = _layers(twin, "LSTM")
    rows, bands = preset.network["stack"], twin.input_shape[2]
    units, kinds, any_label = lstm.units, kind.units, 1 / last.units

    def step(rows: Any, h: Any, c: Any) -> dict[str, Any]:
        x = rows
        for layer, norm in zip(each, norms, strict=True):
            x = tf.nn.relu(norm(layer(x), training=False))
        x = tf.reshape(x, (1, -1))
        h, (_, c) = lstm.cell(x, [h, c])
        return {"h": h, "c": c, "found": kind(x)}

    def answer(summary: Any) -> dict[str, Any]:
        read, found = summary[:, : 2 * units], summary[:, 2 * units :]
        x = tf.concat([read, tf.nn.softsign(FLATTEN * found)], axis=1)
        probs = last(dense(x))
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
    return tflite.convert(functions, [twin])


def suits(preset: Preset) -> bool:
    """Whether a preset's network has a streaming form: one that was trained to carry its state."""
    network = preset.network
    return (
        preset.schedule.carried
        and network["name"] == "lstm"
        and network.get("head") == "both"
        and len(network["units"]) == 1
        and network.get("counts", 0) > 0
    )


def _layers(model: Any, kind: str) -> list[Any]:
    return [layer for layer in model.layers if layer.__class__.__name__ == kind]
