"""How an ear is taught which keys are struck, before a network is built on it.

See ``training.networks.heard``. A window has one composer, but some 30,000 keys in its frames that
are struck or are not: so an ear learns in minutes what it would take a network days to find out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from training import checkpoint, networks
from training.epochs import Epoch, epochs, optimizer, precision
from training.inputs import Progress, Struck, untold
from training.networks.heard import SURE
from training.presets import Schedule

FRAMES = 128
"""Frames of the windows that it is taught with: 10 s."""


def teach(
    spec: dict[str, Any],
    schedule: Schedule,
    inputs: Struck,
    folder: Path,
    *,
    seed: int,
    progress: Progress = untold,
) -> Iterator[Epoch]:
    """Teach an ear, and tell of each epoch; see ``fit.train``.

    What is told as accuracy is the intersection over union of the keys struck and heard.

    Args:
        spec: What it is made of: parameters of ``networks.heard.ear``.
        schedule: How it is taught.
        inputs: Prepared source of windows.
        folder: Where the checkpoint of the network lies that is built on it; its own lies in that.
        seed: Of weights and windows.
        progress: Told of an epoch's windows while it lasts.

    Raises:
        UserError: The checkpoint is damaged.
    """
    model, history = checkpoint.read(folder / checkpoint.EAR)
    if model is None:
        model = _untaught(spec, schedule, inputs.shape[1], seed)

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return inputs.struck(schedule.windows, FRAMES, rng)

    def compiled(begun: int) -> None:
        import keras

        model.compile(
            optimizer(schedule, begun),
            keras.losses.BinaryCrossentropy(),
            metrics=[keras.metrics.BinaryIoU([1], threshold=SURE, name="accuracy")],
        )

    yield from epochs(
        model,
        history,
        schedule,
        folder / checkpoint.EAR,
        draw=draw,
        compiled=compiled,
        seed=seed,
        part="ear",
        progress=progress,
    )


def taught(folder: Path) -> Any:
    """The ear of a network whose checkpoint lies in a folder: a ``keras.Model``."""
    model, _ = checkpoint.read(folder / checkpoint.EAR)
    return model


def _untaught(spec: dict[str, Any], schedule: Schedule, bands: int, seed: int) -> Any:
    import keras

    keras.utils.set_random_seed(seed)
    with precision(mixed=schedule.mixed_precision):
        return networks.ear(spec, bands, keras)
