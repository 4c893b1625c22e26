"""Convolutions that find what is local, an LSTM that follows it: the papers' "future work"."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any


def build(
    x: Any,
    keras: ModuleType,
    *,
    filters: Sequence[int],
    units: Sequence[int],
    dropout: float,
    dense: int,
) -> Any:
    """3 x 3 convolutions with 2 x 2 pooling, then LSTM layers over what is left of time.

    Args:
        x: (batch, steps, bands, 1).
        keras: ``keras`` or ``tf_keras``.
        filters: Of each convolution; each is followed by pooling.
        units: Of each LSTM layer; the dense layer sees the average over all steps.
        dropout: After each layer and before the output.
        dense: Units of the dense layer.
    """
    layers = keras.layers
    for n in filters:
        x = layers.Conv2D(n, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Dropout(dropout)(layers.MaxPooling2D(2)(x))
    _, steps, bands, channels = x.shape
    return _follow(layers.Reshape((steps, bands * channels))(x), layers, units, dropout, dense)


def build_1d(
    x: Any,
    keras: ModuleType,
    *,
    filters: Sequence[int],
    units: Sequence[int],
    dropout: float,
    dense: int,
) -> Any:
    """The same over a sequence: convolutions of three steps, pooling by two after the first.

    Args:
        x: (batch, steps, features).
        keras: ``keras`` or ``tf_keras``.
        filters: Of each convolution.
        units: Of each LSTM layer.
        dropout: After each layer and before the output.
        dense: Units of the dense layer.
    """
    layers = keras.layers
    for i, n in enumerate(filters):
        x = layers.Conv1D(n, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = x if i else layers.MaxPooling1D(2)(x)
        x = layers.Dropout(dropout)(x)
    return _follow(x, layers, units, dropout, dense)


def _follow(x: Any, layers: Any, units: Sequence[int], dropout: float, dense: int) -> Any:
    for n in units:
        x = layers.Dropout(dropout)(layers.LSTM(n, return_sequences=True)(x))
    x = layers.Dense(dense, activation="relu")(layers.GlobalAveragePooling1D()(x))
    return layers.Dropout(dropout)(x)
