"""Training a network of a preset: its ear first, where it has one, then all that is built on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.quiet import quiet_stderr
from realtime.registry import SHIPPED
from training import checkpoint, ear, networks
from training.distil import Teacher
from training.epochs import Epoch, epochs, optimizer, precision, steps_from
from training.inputs import Inputs, Progress, Struck, untold
from training.inputs.heard import HeardInputs
from training.presets import Preset


def quiet_tensorflow(threads: int) -> None:
    """Import TensorFlow without its banner, on so many threads."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():  # its C++ side tells what it found before it reads that
        import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        pass  # it already runs, on as many threads as it was given first


def train(
    preset: Preset,
    inputs: Inputs,
    folder: Path,
    *,
    seed: int = 0,
    progress: Progress = untold,
) -> Iterator[Epoch]:
    """Train a network and tell of each epoch as it ends.

    After each, ``folder`` holds the network, its optimizer and a log (see ``checkpoint``). Called
    again after an interruption it goes on from there, with the windows it would have drawn; once
    finished it yields nothing.

    Args:
        preset: What to build and how.
        inputs: Prepared source of windows.
        folder: Where the checkpoint lies.
        seed: Of weights and windows.
        progress: Told of an epoch's windows, and how much an ear has heard.

    Raises:
        UserError: The checkpoint is damaged, or of a network with other inputs or labels, its
            teacher cannot be loaded, or these inputs do not tell what an ear is to hear.
    """
    teacher = Teacher(SHIPPED / preset.teacher, preset.taught) if preset.teacher else None
    if preset.ear:
        if not isinstance(inputs, Struck):
            raise UserError(f"preset {preset.name!r}: {preset.inputs} cannot teach an ear")
        yield from ear.teach(
            preset.network["ear"], preset.ear, inputs, folder, seed=seed, progress=progress
        )
        inputs = HeardInputs(inputs, ear.taught(folder))
        preset = replace(preset, network=networks.reader(preset.network), ear=None)
    model, history = checkpoint.read(folder)
    if model is None:
        model = untrained(preset, inputs, seed)
    elif model.input_shape[1:] != inputs.shape or model.output_shape[1:] != (len(inputs.labels),):
        raise UserError(
            f"{folder}: holds a network for other labels or another feature; "
            f"move it away, or choose --work"
        )
    if isinstance(inputs, HeardInputs) and len(history) < preset.schedule.epochs:
        inputs.prepare(progress)

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        windows, targets = inputs.draw(preset.schedule.windows, rng)
        return windows, teacher.soften(windows, targets) if teacher else targets

    yield from epochs(
        model,
        history,
        preset.schedule,
        folder,
        draw=draw,
        compiled=lambda begun: prepare(model, preset, begun),
        seed=seed,
        progress=progress,
    )


def trained(folder: Path, preset: Preset) -> Any:
    """The network that was trained, for any number of windows: a ``keras.Model``."""
    import keras

    schedule = preset.schedule
    if schedule.averaged > 1:
        model = checkpoint.average(folder, schedule.ends)
    else:
        model, _ = checkpoint.read(folder)
    if preset.ear:
        return networks.joined(ear.taught(folder), model, preset.network, keras)
    return networks.rebuilt(model, preset.network, keras)


def untrained(preset: Preset, inputs: Inputs, seed: int) -> Any:
    """A new network for what a preset says, a ``keras.Model``.

    Args:
        preset: What to build, and for how long it will be trained.
        inputs: Give the shape of its windows and its labels.
        seed: Of the weights.
    """
    import keras

    schedule = preset.schedule
    keras.utils.set_random_seed(seed)
    batch = schedule.batch if schedule.carried else None
    with precision(mixed=schedule.mixed_precision):
        model = networks.build(preset.network, inputs.shape, len(inputs.labels), keras, batch=batch)
    networks.settle(model, steps_from(schedule, 0))
    return model


def prepare(model: Any, preset: Preset, begun: int = 0) -> None:
    """Give a network the optimizer with which it is trained from one restart to the next.

    Args:
        model: New or trained ``keras.Model``.
        preset: Its preset.
        begun: Epochs before.
    """
    import keras

    schedule = preset.schedule
    model.compile(
        optimizer(schedule, begun),
        keras.losses.CategoricalCrossentropy(label_smoothing=schedule.smoothing),
        metrics=["accuracy"],
    )
