"""The networks, each a function that builds it with whichever Keras it is given.

Training uses Keras 3. Export rebuilds the same network in ``tf_keras`` and copies the weights,
because only there does an LSTM convert to TFLite's fused operator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from realtime import plugins
from realtime.errors import UserError
from training.networks import bands, heard, hybrid, mixed, patterns, recurrent, vgg

BUILDERS: dict[str, Callable[..., Any]] = {
    "vgg": vgg.build,
    "mixed": mixed.build,
    "bands": bands.build,
    "heard": heard.build,
    "keys": heard.read,
    "lstm": recurrent.build,
    "patterns": patterns.build,
    "crnn": hybrid.build,
    "crnn1d": hybrid.build_1d,
}
SEQUENTIAL = ("keys", "lstm", "patterns", "crnn1d")
"""Networks that read (steps, features); the others read a picture with one channel."""

STANDARDISE = "standardise"


@dataclass(frozen=True, slots=True)
class Gate:
    """A logistic regression on the summary that a network makes of a window: see ``summary``.

    Attributes:
        weights: float32 (n,).
        bias: Its constant.
    """

    weights: np.ndarray
    bias: float


def build(
    spec: dict[str, Any],
    shape: tuple[int, ...],
    n_labels: int,
    keras: ModuleType,
    *,
    batch: int | None = None,
) -> Any:
    """Build an untrained network.

    Args:
        spec: ``{"name": "vgg" | "mixed" | "lstm" …}``, or a name that an installed package adds,
            with the parameters of that builder; with ``"standardise": True`` each column of a
            window is first brought to mean 0 and deviation 1, see ``standardise``.
        shape: Shape of one window.
        n_labels: Outputs, a softmax over them.
        keras: ``keras`` or ``tf_keras``.
        batch: Windows at a time, for a network whose LSTM layers go on from where the windows
            before left them; by default any number, each from nothing.

    Returns:
        A ``keras.Model`` from float32 (batch, *shape) to (batch, n_labels).

    Raises:
        UserError: No such network.
    """
    params = {key: value for key, value in spec.items() if key not in ("name", "standardise")}
    name = spec.get("name")
    added = plugins.names("training.networks") if name not in BUILDERS else []
    if name not in [*BUILDERS, *added]:
        known = ", ".join([*BUILDERS, *added])
        raise UserError(f"unknown network {name!r}; known: {known}")
    builder = plugins.load("training.networks", name) if name in added else BUILDERS[name]
    inputs = keras.Input(shape, batch_size=batch)
    x = inputs
    if spec.get("standardise"):
        x = keras.layers.BatchNormalization(
            center=False, scale=False, trainable=False, dtype="float32", name=STANDARDISE
        )(x)
    if name not in SEQUENTIAL:
        x = keras.layers.Reshape((*shape, 1))(x)
    x = builder(x, keras, **params)
    outputs = keras.layers.Dense(n_labels, activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs)


def rebuilt(model: Any, spec: dict[str, Any], keras: ModuleType) -> Any:
    """A trained network built once more, for any number of windows, with the same weights.

    Args:
        model: What ``build`` made, trained.
        spec: What it was built from.
        keras: Which Keras to build it with.
    """
    return _assembled([model], build(spec, model.input_shape[1:], model.output_shape[-1], keras))


def ear(spec: dict[str, Any], bands: int, keras: ModuleType) -> Any:
    """Build an ear that is to be taught.

    Args:
        spec: Parameters of ``heard.ear``.
        bands: Of a frame.
        keras: ``keras`` or ``tf_keras``.

    Returns:
        A ``keras.Model`` from float32 (batch, frames, bands), any number of frames, to (batch,
        frames, keys).
    """
    inputs = keras.Input((None, bands))
    x = keras.layers.Reshape((-1, bands, 1))(inputs)
    return keras.Model(inputs, heard.ear(x, keras, **spec))


def reader(spec: dict[str, Any]) -> dict[str, Any]:
    """What reads the keys that the ear of a network hears: that network without its ear.

    Args:
        spec: Of a network that is built on an ear; see ``heard.build``.
    """
    return {key: value for key, value in spec.items() if key != "ear"} | {"name": "keys"}


def joined(ear: Any, reader: Any, spec: dict[str, Any], keras: ModuleType) -> Any:
    """An ear that was taught and what was trained to read it, as one network.

    Args:
        ear: What ``ear`` made.
        reader: What ``build`` made of the ``reader`` of a network.
        spec: Of that network.
        keras: Which Keras to build it with.
    """
    shape = (reader.input_shape[1], ear.input_shape[2])
    return _assembled([ear, reader], build(spec, shape, reader.output_shape[-1], keras))


def parted(model: Any, spec: dict[str, Any], keras: ModuleType) -> tuple[Any, Any]:
    """An ear and what reads it, of a network that ``joined`` made of them.

    Args:
        model: That network.
        spec: Of it.
        keras: Which Keras to build them with.
    """
    _, frames, bands = model.input_shape
    hears = ear(spec["ear"], bands, keras)
    reads = build(reader(spec), (frames, heard.KEYS), model.output_shape[-1], keras)
    halves = [layer for half in (hears, reads) for layer in _weighted(half)]
    for old, new in zip(_weighted(model), halves, strict=True):
        new.set_weights(old.get_weights())
    return hears, reads


def _assembled(parts: Sequence[Any], model: Any) -> Any:
    """The network, with the weights of the networks that it is made of, one after the other."""
    layers = [layer for part in parts for layer in _weighted(part)]
    for old, new in zip(layers, _weighted(model), strict=True):
        new.set_weights(old.get_weights())
    return model


def _weighted(model: Any) -> list[Any]:
    """Layers that hold weights: a checkpoint may lack others that its network has since."""
    return [layer for layer in model.layers if layer.get_weights()]


def own_layers(keras: ModuleType) -> dict[str, Any]:
    """The classes of layers that Keras does not have, by name: what loading a network asks for."""
    return {"Patterns": heard.patterns_layer(keras)}


def summary(model: Any) -> Any:
    """What a network's dense layers read: all that it found in a window, (batch, n).

    The first of them keeps only what tells one label from another, not what tells a sound from all
    that has labels.

    Args:
        model: What ``build`` made.
    """
    *hidden, last = [x for x in model.layers if x.__class__.__name__ == "Dense"]
    flat = [layer for layer in hidden if len(layer.output.shape) == 2]
    return (flat or [last])[-1].input


def gated(model: Any, gate: Gate, keras: ModuleType) -> Any:
    """A network whose answers fade to "any label" as far as a sound is unlike what it knows.

    By the law of total probability: with the probability that the gate gives, the sound is one of
    those the network was trained on and its answer counts; else every label is equally likely.

    Args:
        model: What ``build`` made.
        gate: Reads the summary that ``model`` makes.
        keras: The Keras that ``model`` was built with.
    """
    known = keras.layers.Dense(1, activation="sigmoid", dtype="float32")
    familiar = known(summary(model))
    known.set_weights([gate.weights[:, None], np.array([gate.bias], np.float32)])
    any_label = 1 / model.output.shape[-1]
    return keras.Model(model.inputs, (model.output - any_label) * familiar + any_label)


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


def settle(model: Any, steps: int) -> None:
    """Let batch norm forget its first guess in time, however few steps a small set gives.

    Args:
        model: New ``keras.Model``.
        steps: Steps it will be trained for.
    """
    for layer in model.layers:
        if hasattr(layer, "momentum"):
            layer.momentum = max(0.0, min(0.99, 1 - 20 / steps))
