"""The networks, each a function that builds it with whichever Keras it is given.

Training uses Keras 3. Export rebuilds the same network in ``tf_keras`` and copies the weights,
because only there does an LSTM convert to TFLite's fused operator.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from realtime.errors import UserError
from training.networks import hybrid, mixed, recurrent, vgg

BUILDERS: dict[str, Callable[..., Any]] = {
    "vgg": vgg.build,
    "mixed": mixed.build,
    "lstm": recurrent.build,
    "crnn": hybrid.build,
    "crnn1d": hybrid.build_1d,
}
SEQUENTIAL = ("lstm", "crnn1d")
"""Networks that read (steps, features); the others read a picture with one channel."""

STANDARDISE = "standardise"


def build(spec: dict[str, Any], shape: tuple[int, ...], n_labels: int, keras: ModuleType) -> Any:
    """Build an untrained network.

    Args:
        spec: ``{"name": "vgg" | "mixed" | "lstm" …}`` with the parameters of that builder; with
            ``"standardise": True`` each column of a window is first brought to mean 0 and deviation
            1, see ``standardise``.
        shape: Shape of one window.
        n_labels: Outputs, a softmax over them.
        keras: ``keras`` or ``tf_keras``.

    Returns:
        A ``keras.Model`` from float32 (batch, *shape) to (batch, n_labels).

    Raises:
        UserError: No such network.
    """
    params = {key: value for key, value in spec.items() if key not in ("name", "standardise")}
    if spec.get("name") not in BUILDERS:
        raise UserError(f"unknown network {spec.get('name')!r}; known: {', '.join(BUILDERS)}")
    inputs = keras.Input(shape)
    x = inputs
    if spec.get("standardise"):
        x = keras.layers.BatchNormalization(
            center=False, scale=False, trainable=False, dtype="float32", name=STANDARDISE
        )(x)
    if spec["name"] not in SEQUENTIAL:
        x = keras.layers.Reshape((*shape, 1))(x)
    x = BUILDERS[spec["name"]](x, keras, **params)
    outputs = keras.layers.Dense(n_labels, activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs)


def standardise(model: Any, windows: np.ndarray) -> None:
    """Give a new network the mean and variance of its input, where it asks for them.

    MFCC are no small numbers; the network carries their scale with it, so that a window is all that
    it needs when it runs.

    Args:
        model: ``keras.Model`` of ``build``.
        windows: Training windows, float32 (n, steps, features).
    """
    for layer in model.layers:
        if layer.name == STANDARDISE:
            axes = tuple(range(windows.ndim - 1))
            layer.set_weights([windows.mean(axis=axes), windows.var(axis=axes)])
