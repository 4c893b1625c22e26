"""Functions of TensorFlow as one TFLite file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from realtime.quiet import quiet_stderr

Examples = Callable[[], Iterator[Any]]


def convert(
    functions: Mapping[str, Any],
    owners: Sequence[Any],
    *,
    quantised: bool = True,
    examples: Examples | None = None,
) -> bytes:
    """Convert functions to a file that has them all, by their names, and their weights once.

    The first by the alphabet is the one that a program runs which does not ask for names.

    Args:
        functions: ``tf.ConcreteFunction`` by name; each takes tensors by name and gives a
            dictionary of them.
        owners: The models whose weights they use.
        quantised: Whether weights are kept in 8 bits.
        examples: Yields a function's name and its inputs by name, for every function many times;
            activations are then kept in 8 bits too.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder, quiet_stderr():  # it writes pages
        holder = tf.Module()
        holder.owners = list(owners)
        tf.saved_model.save(holder, folder, signatures=dict(functions))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[*functions])
        if quantised:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if examples is not None:
            converter.representative_dataset = examples
        content: bytes = converter.convert()
    return content
