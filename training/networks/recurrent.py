"""Stacked LSTM layers: for instrument families over frames, for composers over notes."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Literal

FLATTEN = 4.0
"""What averages are multiplied with before they are flattened."""


def build(
    x: Any,
    keras: ModuleType,
    *,
    units: Sequence[int],
    dropout: float,
    dense: int,
    dense_dropout: float = 0.0,
    head: Literal["flatten", "last", "average", "both"] = "average",
    stack: int = 1,
    frames: Sequence[int] = (),
    counts: int = 0,
) -> Any:
    """LSTM layers with dropout between, a dense layer; more before and beside them if asked for.

    With ``units=(32, 32, 32, 128, 128), dropout=0.3, dense=512, dense_dropout=0.5,
    head="flatten"`` it is the second seed paper's optimised LSTM; with ``units=(32, 120, 240),
    dropout=0.2, dense=120, head="last"`` the first one's. The average over all steps learns faster
    than the last step alone, which has to remember everything.

    Args:
        x: (batch, steps, features). Where the batch has a fixed size, the LSTM layers go on from
            the state in which the batch before left them.
        keras: ``keras`` or ``tf_keras``.
        units: Units of each LSTM layer.
        dropout: After each LSTM layer.
        dense: Units of the dense layer.
        dense_dropout: After the dense layer.
        head: What the dense layer sees of the last LSTM layer's steps; ``both`` is the last beside
            the average, for what changes within a window.
        stack: Rows of the input read in one step: a divisor of ``steps``. Fewer steps are faster,
            and what lies far apart is easier to relate (Sak et al., 2015).
        frames: Units of dense layers that read each row by itself, before ``stack``, with batch
            norm: what an LSTM's gates alone find hard to tell apart.
        counts: Kinds of steps that are counted over the window beside the LSTM layers, through a
            function that flattens as counts grow; none by default. See ``patterns``.
    """
    layers = keras.layers
    for n in frames:
        x = layers.BatchNormalization()(layers.Dense(n, use_bias=False)(x))
        x = layers.ReLU()(x)
    if stack > 1:
        x = layers.Reshape((x.shape[1] // stack, x.shape[2] * stack))(x)
    counted = count(layers.Dense(counts, activation="relu")(x), layers) if counts else None
    for i, n in enumerate(units):
        every = head != "last" or i < len(units) - 1
        x = layers.LSTM(n, return_sequences=every, stateful=x.shape[0] is not None)(x)
        x = layers.Dropout(dropout)(x)
    if head == "flatten":
        x = layers.Flatten()(x)
    elif head == "average":
        x = layers.GlobalAveragePooling1D()(x)
    elif head == "both":
        last = layers.Flatten()(layers.Cropping1D((x.shape[1] - 1, 0))(x))
        x = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), last])
    if counted is not None:
        x = layers.Concatenate()([x, counted])
    x = layers.Dense(dense, activation="relu")(x)
    return layers.Dropout(dense_dropout)(x)


def count(found: Any, layers: Any) -> Any:
    """How much of each kind a window holds: its average, flattened as it grows.

    So what is rare tells more than its share, which an average alone would drown.

    Args:
        found: (batch, steps, kinds), at least 0.
        layers: ``keras.layers`` or ``tf_keras.layers``.

    Returns:
        (batch, kinds), 0 to below 1.
    """
    exact = {"dtype": "float32"}
    average = layers.GlobalAveragePooling1D(**exact)(found)
    return layers.Activation("softsign", **exact)(layers.Rescaling(FLATTEN, **exact)(average))
