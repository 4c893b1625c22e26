"""Convolutions that hear which keys are struck, and a count of the patterns that these make."""

from __future__ import annotations

import math
from functools import cache
from types import ModuleType
from typing import Any

from realtime.errors import UserError
from realtime.features.chords import PACE, STEP, STEPS
from training.networks.patterns import look_up
from training.networks.recurrent import count

KEYS = 85
"""Keys that are heard, from A0 (MIDI 21) to A7."""

BANDS = 3 * KEYS + 1
"""Bands of the picture that is heard: three a semitone from A0."""

BESIDE = 3
"""Frames on either side of one that an ear reads to tell of it: two, and one more."""

SURE = 0.4
"""Probability from which a key counts as struck."""

HASHED = 4093
"""Numbers over which patterns of too many kinds are spread; a prime."""

TABLES = (2048, STEPS**2, STEPS**2, HASHED, STEPS**2, 8 * 20, HASHED, PACE**2)
"""How many patterns of each kind there are, as in ``realtime.features.chords``."""


def ear(
    x: Any,
    keras: ModuleType,
    *,
    filters: int,
    colours: int,
    units: int,
    dropout: float,
) -> Any:
    """How likely each key is struck in each frame, after Kelz et al. (2016).

    A few filters of 5 frames x 7 bands see a key's own bands; what they find in all keys is then
    read together, since a tone's overtones lie in the bands of others.

    Args:
        x: (batch, frames, ``BANDS``, 1), a picture.
        keras: ``keras`` or ``tf_keras``.
        filters: Filters of the first layer.
        colours: What is kept of them for each key.
        units: Of the two layers that read all keys of a frame, the first of them of three frames.
        dropout: After each of these.

    Returns:
        (batch, frames, ``KEYS``), float32, 0 to 1.

    Raises:
        UserError: The picture has more or fewer bands.
    """
    layers = keras.layers
    if x.shape[2] != BANDS:
        raise UserError(f"an ear hears {BANDS} bands, three a semitone from A0, not {x.shape[2]}")

    def normal(layer: Any, x: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization()(layer(x)))

    x = layers.ZeroPadding2D(((2, 2), (3, 0)))(x)  # a filter's middle is the band of its key
    x = normal(layers.Conv2D(filters, (5, 7), strides=(1, 3), use_bias=False), x)
    x = normal(layers.Conv2D(colours, 1, use_bias=False), x)
    x = layers.Reshape((-1, KEYS * colours))(x)
    for width in (3, 1):
        x = normal(layers.Conv1D(units, width, padding="same", use_bias=False), x)
        x = layers.Dropout(dropout)(x)
    return layers.Dense(KEYS, activation="sigmoid", dtype="float32")(x)


def read(
    struck: Any,
    keras: ModuleType,
    *,
    rows: int,
    embedding: int,
    pattern_dropout: float,
    dropout: float,
    dense: int,
) -> Any:
    """A bag of the patterns that struck keys make: see ``patterns.build``, which adds an LSTM.

    Args:
        struck: (batch, frames, ``KEYS``), from 0 to 1; see ``SURE``.
        keras: ``keras`` or ``tf_keras``.
        rows: Chords of a window that are counted, the last ones.
        embedding: Numbers that a pattern is looked up as.
        pattern_dropout: Share of patterns that are left out in training.
        dropout: Around the dense layer.
        dense: Units of the dense layer.
    """
    layers = keras.layers
    numbers = patterns_layer(keras)(rows, dtype="float32", name="patterns")(struck)
    joined = look_up(numbers, keras, sum(TABLES) + 1, embedding, pattern_dropout)
    counted = count(layers.ReLU(dtype="float32")(joined), layers)
    both = layers.Dropout(dropout, dtype="float32")(counted)
    both = layers.Dense(dense, activation="relu", dtype="float32")(both)
    return layers.Dropout(dropout, dtype="float32")(both)


def build(x: Any, keras: ModuleType, *, ear: dict[str, Any], **reading: Any) -> Any:
    """An ear, and what reads the keys that it hears. They are trained apart: see ``training.ear``.

    A network that hears and judges in one learns from each window's one label, slowly; an ear
    learns from every key in every frame, and what is left is a table of patterns that are the same
    in every key, which notes alone can teach as well.

    Args:
        x: (batch, frames, ``BANDS``, 1); see ``ear``.
        keras: ``keras`` or ``tf_keras``.
        ear: What the ear is made of: all parameters of ``ear`` by name.
        reading: All parameters of ``read``.
    """
    return read(_EAR(x, keras, **ear), keras, **reading)


_EAR = ear  # a parameter of ``build`` bears the name


@cache
def patterns_layer(keras: ModuleType) -> Any:
    """The class of the layer that numbers patterns, for ``keras`` or ``tf_keras``.

    It takes (batch, frames, ``KEYS``) and gives int32 (batch, rows, kinds) up to ``sum(TABLES)``:
    the patterns that end with each chord, as ``realtime.features.chords`` describes them, the last
    chord in the last row. ``sum(TABLES)`` itself is none: a pattern that would begin before the
    first chord, or a row without a chord. A chord is what is struck in one frame.
    """
    import tensorflow as tf

    class Patterns(keras.layers.Layer):  # type: ignore[name-defined]  # whichever Keras it is
        def __init__(self, rows: int, **options: Any) -> None:
            super().__init__(**options)
            self.rows = rows

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "rows": self.rows}

        def call(self, struck: Any) -> Any:
            return _number(tf, tf.cast(struck >= SURE, tf.int32), self.rows)

    return Patterns


def _number(tf: Any, struck: Any, rows: int) -> Any:
    """``patterns_layer`` of the keys that are struck: int32 (batch, frames, keys), 0 or 1."""
    keys, at = _chords(tf, struck, rows)
    present = at > 0
    bass = tf.argmax(keys, axis=2, output_type=tf.int32)
    top = KEYS - 1 - tf.argmax(keys[:, :, ::-1], axis=2, output_type=tf.int32)
    code = _from_bass(tf, keys, bass)
    bass_step, top_step = _step(tf, bass), _step(tf, top)
    ratio = _pace(tf, at)
    notes, span = tf.reduce_sum(keys, axis=2), top - bass

    def ago(values: Any, by: int) -> Any:
        return _ago(tf, values, by)

    chords = (ago(code, 1) * 2048 + code) * STEPS + bass_step
    turns = (ago(top_step, 2) * STEPS + ago(top_step, 1)) * STEPS + top_step
    widths = tf.minimum(tf.maximum(notes, 1) - 1, 7) * 20 + tf.minimum(span // 3, 19)
    found = (
        (code, 0),
        (bass_step * STEPS + top_step, 1),
        (ago(top_step, 1) * STEPS + top_step, 2),
        (chords % HASHED, 1),
        (ago(bass_step, 1) * STEPS + bass_step, 2),
        (widths, 0),
        (turns % HASHED, 3),
        (ago(ratio, 1) * PACE + ratio, 3),
    )
    numbers, offset = [], 0
    for (values, needs), size in zip(found, TABLES, strict=True):
        whole = ago(present, needs) if needs else present
        numbers.append(tf.where(whole, values + offset, sum(TABLES)))
        offset += size
    return tf.stack(numbers, axis=2)


def _chords(tf: Any, struck: Any, rows: int) -> tuple[Any, Any]:
    """The last chords, (batch, rows, keys), and the frames they are in, from 1; 0 for no chord."""
    frames = struck.shape[1]
    number = tf.range(1, frames + 1, dtype=tf.int32)
    at = tf.where(tf.reduce_max(struck, axis=2) > 0, number, 0)
    last = tf.math.top_k(tf.cast(at, tf.float32), min(rows, frames))  # the last one first
    at, order = tf.cast(last.values, tf.int32)[:, ::-1], last.indices[:, ::-1]
    keys = tf.gather(struck, order, batch_dims=1)
    return keys, at


def _from_bass(tf: Any, keys: Any, bass: Any) -> Any:
    """Which pitch classes a chord has beside its bass's, as a number of 11 bits."""
    octaves = -(-KEYS // 12)
    wide = tf.pad(keys, [[0, 0], [0, 0], [0, 12 * octaves - KEYS]])
    classes = tf.reduce_max(tf.reshape(wide, (-1, keys.shape[1], octaves, 12)), axis=2)
    above = (bass[:, :, None] + tf.range(1, 12, dtype=tf.int32)) % 12
    built = tf.gather(classes, above, batch_dims=2)
    return tf.reduce_sum(built * tf.constant([1 << i for i in range(11)]), axis=2)


def _step(tf: Any, line: Any) -> Any:
    """Steps of a line in semitones, 0 to ``STEPS`` - 1, wider ones as the widest."""
    step = line - _ago(tf, line, 1)
    return tf.minimum(tf.maximum(step, -STEP), STEP) + STEP


def _pace(tf: Any, at: Any) -> Any:
    """Each time between chords over the one before it, in half octaves, 0 to ``PACE`` - 1."""
    time = tf.cast(tf.maximum(at - _ago(tf, at, 1), 1), tf.float32)
    ratio = tf.math.log(time / tf.maximum(_ago(tf, time, 1), 1.0)) * (2 / math.log(2))
    middle = PACE // 2
    return tf.cast(tf.clip_by_value(tf.round(ratio), -middle, middle), tf.int32) + middle


def _ago(tf: Any, values: Any, by: int) -> Any:
    """Values of so many rows before; 0, or false, in the first ones."""
    return tf.pad(values[:, :-by], [[0, 0], [by, 0]])
