"""What a trained network hands on to one that is to learn other sounds.

Ten files a label are too few to learn what an instrument's sound is made of; the shipped networks
know that already. All their layers but the last are where a network for a person's own sounds
begins (transfer learning; Yosinski et al., 2014).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError

FILE = "start.npz"


def write(folder: Path, model: Any) -> None:
    """Keep a network's weights, all but its last layer's, as float16 beside its model.

    Args:
        folder: Model folder.
        model: Trained ``keras.Model``.
    """
    weights = [w.astype(np.float16) for layer in model.layers[:-1] for w in layer.get_weights()]
    np.savez_compressed(folder / FILE, *weights)


def digest(folder: Path) -> str:
    """What tells the weights that a network left from others.

    Raises:
        UserError: There are none.
    """
    path = folder / FILE
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise _unreadable(path, error) from error


def begin(model: Any, folder: Path) -> None:
    """Give a new network the weights that a trained one left, but for its last layer.

    Args:
        model: Untrained ``keras.Model`` of the same network, with labels of its own.
        folder: Model folder that ``write`` wrote to.

    Raises:
        UserError: There are none, they are damaged, or they belong to another network.
    """
    path = folder / FILE
    try:
        with np.load(path, allow_pickle=False) as file:
            weights = [file[name].astype(np.float32) for name in file.files]
    except Exception as error:  # zip and header fail in as many ways
        raise _unreadable(path, error) from error
    wanted = [w.shape for layer in model.layers[:-1] for w in layer.get_weights()]
    if [w.shape for w in weights] != wanted:
        raise UserError(f"{path}: belongs to another network; install the program again")
    for layer in model.layers[:-1]:
        count = len(layer.get_weights())
        layer.set_weights(weights[:count])
        del weights[:count]


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(f"{path}: cannot be read ({error}); install the program again")
