"""A network in training on disk, whole at whatever moment the training is stopped.

The log says how many epochs are over, and each network bears the number of its epoch: of a network
and a log that are written one after the other, none is ever taken for the other's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from realtime.errors import UserError
from realtime.files import whole

LOG = "history.json"

EAR = "ear"
"""Within the folder of a network that is built on an ear, the folder of that ear's own network."""

UNNUMBERED = "last.keras"
"""What the network was called before, whatever its epoch; such a checkpoint is gone on with."""

History = list[dict[str, float]]
"""Loss, accuracy and seconds of each epoch so far."""


def read_history(folder: Path) -> History:
    """The log; empty where no epoch is over.

    Raises:
        UserError: It is damaged.
    """
    path = folder / LOG
    try:
        history: History = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); move {folder} away") from error
    return history


def network(folder: Path) -> Path | None:
    """The file of the network after the last whole epoch; None where there is none."""
    epochs = len(read_history(folder))
    for path in (_numbered(folder, epochs), folder / UNNUMBERED):
        if epochs and path.exists():
            return path
    return None


def read(folder: Path) -> tuple[Any, History]:
    """What there is to go on with.

    Returns:
        The ``keras.Model`` with its optimizer, and the log; None and an empty log where training
        has to begin.
    """
    last = network(folder)
    return (_load(last), read_history(folder)) if last else (None, [])


def save(folder: Path, model: Any, history: History) -> None:
    """Keep a network after an epoch; those before it go once the log counts this one.

    Args:
        folder: Where the checkpoint lies.
        model: Compiled ``keras.Model``.
        history: A row for each epoch, this one included.
    """
    now = _numbered(folder, len(history))
    write(now, model)
    with whole(folder / LOG) as part:
        part.write_text(json.dumps(history), "utf-8")
    for other in {*folder.glob("epoch-*.keras"), folder / UNNUMBERED} - {now}:
        other.unlink(missing_ok=True)


def keep(folder: Path, model: Any, epochs: int) -> None:
    """Keep a network for good, as one that ends a cycle of the learning rate."""
    write(_cycle(folder, epochs), model)


def average(folder: Path, ends: Sequence[int]) -> Any:
    """The ``keras.Model`` whose weights are the mean of those of kept networks.

    Args:
        folder: Where the checkpoint lies.
        ends: Epochs after which each was kept.

    Raises:
        UserError: One is not there.
    """
    models = []
    for path in (_cycle(folder, epochs) for epochs in ends):
        if not path.exists():
            raise UserError(f"{path}: is missing; move {folder} away to train anew")
        models.append(_load(path))
    *_, last = models
    last.set_weights(
        [sum(w) / len(w) for w in zip(*(m.get_weights() for m in models), strict=True)]
    )
    return last


def write(path: Path, model: Any) -> None:
    """Write a ``keras.Model`` in one step."""
    with whole(path) as part:
        model.save(part)


def _load(path: Path) -> Any:
    import keras

    from training.networks import own_layers

    return keras.models.load_model(path, custom_objects=own_layers(keras))


def _cycle(folder: Path, epochs: int) -> Path:
    return folder / f"cycle-{epochs}.keras"


def _numbered(folder: Path, epochs: int) -> Path:
    return folder / f"epoch-{epochs}.keras"
