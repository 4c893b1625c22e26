"""VGG, residual and dense blocks in a row: the first seed paper's CNN for composers."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any


def build(
    x: Any,
    keras: ModuleType,
    *,
    vgg: Sequence[Sequence[int]],
    residual: Sequence[int],
    dense_blocks: Sequence[int],
    growth: int,
    dense: int,
    dropout: float,
    weight_decay: float = 1e-4,
    vgg_norm: bool = False,
    stem: int = 0,
) -> Any:
    """Three kinds of blocks, with 2 x 2 max-pooling between, a global average, a dense layer.

    The paper gives the kinds of blocks and the layers around them, not how many there are nor how
    wide they are; those are chosen here for two cores.

    Args:
        x: (batch, height, width, 1).
        keras: ``keras`` or ``tf_keras``.
        vgg: Filters of the 3 x 3 convolutions stacked in each block, each with a ReLU (Simonyan
            and Zisserman, 2014).
        residual: Filters of each residual block: two convolutions, added to a shortcut (He et al.,
            2015).
        dense_blocks: Layers of each dense block: 1 x 1 bottleneck and 3 x 3, concatenated to what
            came before (Huang et al., 2016).
        growth: Filters that each layer of a dense block adds.
        dense: Units of the dense layer.
        dropout: Before the output.
        weight_decay: L2 penalty on every convolution and the dense layer.
        vgg_norm: Batch norm in those blocks too, which that study's did not have.
        stem: Filters of a first 5 x 5 convolution of stride 2, pooled too; none by default. At full
            size a picture costs more than all that follows.
    """
    layers, decay = keras.layers, keras.regularizers.L2(weight_decay)

    def conv(x: Any, n: int, size: int = 3, stride: int = 1, *, bias: bool = False) -> Any:
        return layers.Conv2D(
            n, size, stride, padding="same", use_bias=bias, kernel_regularizer=decay
        )(x)

    if stem:
        x = layers.ReLU()(layers.BatchNormalization()(conv(x, stem, 5, 2)))
        x = layers.MaxPooling2D(2)(x)
    for block in vgg:
        for n in block:
            x = conv(x, n, bias=not vgg_norm)
            x = layers.ReLU()(layers.BatchNormalization()(x) if vgg_norm else x)
        x = layers.MaxPooling2D(2)(x)
    for n in residual:
        shortcut = layers.BatchNormalization()(conv(x, n, 1))
        y = layers.ReLU()(layers.BatchNormalization()(conv(x, n)))
        y = layers.BatchNormalization()(conv(y, n))
        x = layers.MaxPooling2D(2)(layers.ReLU()(layers.Add()([y, shortcut])))
    for i, depth in enumerate(dense_blocks):
        x = layers.MaxPooling2D(2)(x) if i else x
        for _ in range(depth):
            y = conv(layers.ReLU()(layers.BatchNormalization()(x)), 4 * growth, 1)
            y = conv(layers.ReLU()(layers.BatchNormalization()(y)), growth)
            x = layers.Concatenate()([x, y])
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(dense, activation="relu", kernel_regularizer=decay)(x)
    return layers.Dropout(dropout)(x)
