"""A network with an ear in the form in which it hears every frame of a stream once.

``realtime.streaming`` says what that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from training import networks, tflite
from training.networks import Gate
from training.networks.heard import BESIDE
from training.presets import Preset


def suits(preset: Preset) -> bool:
    """Whether a preset's network has an ear."""
    return "ear" in preset.network


def convert(
    model: Any,
    preset: Preset,
    gate: Gate | None,
    *,
    quantised: bool,
    examples: Sequence[np.ndarray] | None = None,
) -> bytes:
    """Convert such a network to a file that reads whole windows, and can hear frame by frame too.

    Args:
        model: Trained ``keras.Model`` of ``networks.joined``.
        preset: What it was built from.
        gate: Fades its answers; none by default.
        quantised: Whether weights are kept in 8 bits.
        examples: Windows, (1, frames, bands), that show how large activations get, which are then
            kept in 8 bits too.

    Returns:
        Content of a ``.tflite`` file with the functions ``classify``, which reads a window and is
        what runs unless another is asked for, and its two halves ``hear`` and ``judge``.
    """
    import tensorflow as tf
    import tf_keras

    ear, reader = networks.parted(model, preset.network, tf_keras)
    if gate is not None:
        reader = networks.gated(reader, gate, tf_keras)
    (_, frames, bands), (_, *keys) = model.input_shape, reader.input_shape

    def classify(window: Any) -> dict[str, Any]:
        return {"probs": reader(ear(window, training=False), training=False)}

    def hear(rows: Any) -> dict[str, Any]:
        return {"keys": ear(rows, training=False)[:, BESIDE:-BESIDE]}

    def judge(keys: Any) -> dict[str, Any]:
        return {"probs": reader(keys, training=False)}

    functions = {
        function.__name__: tf.function(function).get_concrete_function(tf.TensorSpec((1, *shape)))
        for function, shape in (
            (classify, (frames, bands)),
            (hear, (2 * BESIDE + 1, bands)),
            (judge, keys),
        )
    }

    shown = None if examples is None else partial(_shown, examples, ear)
    return tflite.convert(functions, [ear, reader], quantised=quantised, examples=shown)


def _shown(windows: Sequence[np.ndarray], ear: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Windows as what each function takes of them; see ``tflite.convert``."""
    for window in windows:
        yield "classify", {"window": window}
        yield "hear", {"rows": window[:, : 2 * BESIDE + 1]}
        yield "judge", {"keys": ear(window, training=False).numpy()}
