"""An LSTM over chords, beside a count of the patterns that they make."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from realtime.features.chords import COLUMNS, PATTERNS, TABLES
from training.networks.recurrent import count


def build(
    x: Any,
    keras: ModuleType,
    *,
    embedding: int,
    pattern_dropout: float,
    units: int,
    stack: int,
    dropout: float,
    dense: int,
) -> Any:
    """Two readings of the same chords, joined before a dense layer.

    The LSTM follows what the chords are and how they go on. Beside it each chord's patterns are
    looked up in a table, joined with a linear map of what the chord is, and averaged over the
    window, through a function that flattens as counts grow: a turn that a composer uses twice tells
    more than its share. That is a bag of n-grams with learned weights (Joulin et al., 2016), and it
    learns a style from far fewer pieces than the LSTM does alone. Rows in front of a window that is
    not yet full count as chords without any pattern.

    Args:
        x: (batch, chords, columns) of ``realtime.features.chords``, with patterns.
        keras: ``keras`` or ``tf_keras``.
        embedding: Numbers that a pattern is looked up as, and a chord is mapped to.
        pattern_dropout: Share of patterns that are left out in training.
        units: Units of the LSTM.
        stack: Chords that the LSTM reads in one step: a divisor of their number.
        dropout: Before and after the LSTM, and around the dense layer.
        dense: Units of the dense layer.
    """
    layers = keras.layers
    length, kinds = x.shape[1], len(TABLES)
    wide = layers.Reshape((length, COLUMNS + kinds, 1))(x)
    described = layers.Reshape((length, COLUMNS))(layers.Cropping2D((0, (0, kinds)))(wide))
    numbers = layers.Reshape((length, kinds))(layers.Cropping2D((0, (COLUMNS, 0)))(wide))
    numbers = layers.ReLU(PATTERNS - 1.0)(numbers)  # no window may reach outside the table

    joined = look_up(numbers, keras, PATTERNS, embedding, pattern_dropout)
    found = layers.ReLU()(layers.Add()([joined, layers.Dense(embedding)(described)]))
    counted = count(found, layers)

    read = layers.Dropout(dropout)(layers.Dense(embedding, activation="relu")(described))
    read = layers.Reshape((length // stack, embedding * stack))(read)
    followed = layers.LSTM(units, return_sequences=True)(read)
    followed = layers.GlobalAveragePooling1D()(layers.Dropout(dropout)(followed))

    both = layers.Dropout(dropout)(layers.Concatenate()([counted, followed]))
    both = layers.Dense(dense, activation="relu")(both)
    return layers.Dropout(dropout)(both)


def look_up(numbers: Any, keras: ModuleType, table: int, embedding: int, dropout: float) -> Any:
    """What a table says of all patterns that end with each chord, added up.

    Args:
        numbers: (batch, chords, kinds), below ``table``.
        keras: ``keras`` or ``tf_keras``.
        table: How many patterns there are.
        embedding: Numbers that a pattern is looked up as.
        dropout: Share of patterns that are left out in training.

    Returns:
        float32 (batch, chords, embedding).
    """
    layers = keras.layers
    _, length, kinds = numbers.shape
    start = keras.initializers.RandomNormal(stddev=0.05)
    exact = {"dtype": "float32"}  # sums of so many would be coarse in fewer bits
    found = layers.Embedding(table, embedding, embeddings_initializer=start, **exact)(numbers)
    found = layers.Dropout(dropout, noise_shape=(None, length, kinds, 1), **exact)(found)
    found = layers.AveragePooling2D((1, kinds), **exact)(found)
    joined = layers.Rescaling(kinds, **exact)(found)  # their sum
    return layers.Reshape((length, embedding), **exact)(joined)
