"""Convolutions that forget when something sounded, and not how high: a CNN for fixed pitches."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any


def build(
    x: Any,
    keras: ModuleType,
    *,
    stem: int,
    blocks: Sequence[Sequence[int]],
    dense: int,
    dropout: float,
) -> Any:
    """Blocks of 3 x 3 convolutions, then for each filter and band its mean and its maximum in time.

    A global average also forgets in which band a filter found something, and so in which register
    and key a piece is played.

    Args:
        x: (batch, frames, bands, 1).
        keras: ``keras`` or ``tf_keras``.
        stem: Filters of a first 5 x 5 convolution of stride 2, pooled over two frames.
        blocks: Filters of each convolution, block by block, with 2 x 2 max-pooling between.
        dense: Units of the dense layer.
        dropout: Before the dense layer and before the output.
    """
    layers = keras.layers

    def normal(x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization()(x))

    x = normal(layers.Conv2D(stem, 5, 2, padding="same", use_bias=False)(x))
    x = layers.MaxPooling2D((2, 1))(x)
    for i, block in enumerate(blocks):
        x = layers.MaxPooling2D(2)(x) if i else x
        for n in block:
            x = normal(layers.Conv2D(n, 3, padding="same", use_bias=False)(x))
    steps = x.shape[1]
    each = [pool((steps, 1))(x) for pool in (layers.AveragePooling2D, layers.MaxPooling2D)]
    x = layers.Dropout(dropout)(layers.Flatten()(layers.Concatenate()(each)))
    x = normal(layers.Dense(dense, use_bias=False)(x))
    return layers.Dropout(dropout)(x)
