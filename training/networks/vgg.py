"""Stacked 3 x 3 convolutions with pooling between: the CNN for instrument families."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Literal

MOMENTS = 4
"""Averages over time for each filter, with the head of that name."""


def build(
    x: Any,
    keras: ModuleType,
    *,
    blocks: Sequence[Sequence[int]],
    dropout: float,
    dense: int,
    head: Literal["flatten", "average", "moments"] = "average",
    batch_norm: bool = True,
) -> Any:
    """Blocks of convolutions, 2 x 2 max-pooling after all but the last, a dense layer.

    With ``blocks=((32, 32), (128, 128), (128,)), dropout=0.2, dense=512, head="flatten",
    batch_norm=False`` it is the second seed paper's optimised CNN. An average over what the last
    block found needs far fewer weights than ``flatten`` and does not care where a note begins.
    ``moments`` are four averages over time for each filter, with weights that are learned, and so
    tell what came last from what came before.

    Args:
        x: (batch, height, width, 1).
        keras: ``keras`` or ``tf_keras``.
        blocks: Filters of each convolution, block by block.
        dropout: After each block and before the output.
        dense: Units of the dense layer.
        head: What stands between the last block and the dense layer.
        batch_norm: Normalise after each convolution.
    """
    layers = keras.layers
    for i, filters in enumerate(blocks):
        for n in filters:
            x = layers.Conv2D(n, 3, padding="same", use_bias=not batch_norm)(x)
            x = layers.BatchNormalization()(x) if batch_norm else x
            x = layers.ReLU()(x)
        x = layers.MaxPooling2D(2)(x) if i < len(blocks) - 1 else x
        x = layers.Dropout(dropout)(x)
    if head == "moments":
        _, steps, bands, _ = x.shape
        x = layers.AveragePooling2D((1, bands))(x)
        x = layers.DepthwiseConv2D((steps, 1), depth_multiplier=MOMENTS)(x)
    x = layers.GlobalAveragePooling2D()(x) if head == "average" else layers.Flatten()(x)
    x = layers.Dense(dense, activation="relu")(x)
    return layers.Dropout(dropout)(x)
