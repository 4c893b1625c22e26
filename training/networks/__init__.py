"""The networks, each a function that builds it with whichever Keras it is given.

Training uses Keras 3. Export rebuilds the same network in ``tf_keras`` and copies the weights,
because only there does an LSTM convert to TFLite's fused operator.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from realtime.errors import UserError
from training.networks import mixed, recurrent, vgg

BUILDERS: dict[str, Callable[..., Any]] = {
    "vgg": vgg.build,
    "mixed": mixed.build,
    "lstm": recurrent.build,
}


def build(spec: dict[str, Any], shape: tuple[int, ...], n_labels: int, keras: ModuleType) -> Any:
    """Build an untrained network.

    Args:
        spec: ``{"name": "vgg" | "mixed" | "lstm", …}`` with the parameters of that builder.
        shape: Shape of one window.
        n_labels: Outputs, a softmax over them.
        keras: ``keras`` or ``tf_keras``.

    Returns:
        A ``keras.Model`` from float32 (batch, *shape) to (batch, n_labels).

    Raises:
        UserError: No such network.
    """
    params = {key: value for key, value in spec.items() if key != "name"}
    if spec.get("name") not in BUILDERS:
        raise UserError(f"unknown network {spec.get('name')!r}; known: {', '.join(BUILDERS)}")
    inputs = keras.Input(shape)
    x = inputs
    if spec["name"] != "lstm":
        x = keras.layers.Reshape((*shape, 1))(x)
    x = BUILDERS[spec["name"]](x, keras, **params)
    outputs = keras.layers.Dense(n_labels, activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs)
