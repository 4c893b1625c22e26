"""Training: epochs of freshly drawn windows, a checkpoint after each, resumed where it stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.features import build
from realtime.quiet import quiet_stderr
from realtime.registry import SHIPPED
from training import checkpoint, networks
from training.distil import Teacher
from training.inputs import Inputs, lessons
from training.presets import Preset


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch came to.

    Attributes:
        number: From 1.
        of: Epochs in all.
        loss: Mean training loss.
        accuracy: On its own augmented windows, which are harder than real ones.
        seconds: Time it took.
    """

    number: int
    of: int
    loss: float
    accuracy: float
    seconds: float


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


def train(preset: Preset, inputs: Inputs, folder: Path, *, seed: int = 0) -> Iterator[Epoch]:
    """Train a network and tell of each epoch as it ends.

    After each, ``folder`` holds the network, its optimizer and a log (see ``checkpoint``). Called
    again after an interruption it goes on from there, with the windows it would have drawn; once
    finished it yields nothing.

    Args:
        preset: What to build and how.
        inputs: Prepared source of windows.
        folder: Where the checkpoint lies.
        seed: Of weights and windows.

    Raises:
        UserError: The checkpoint is damaged, or of a network with other inputs or labels, or its
            teacher cannot be loaded.
    """
    schedule = preset.schedule
    inputs = lessons(inputs, preset)
    teacher = Teacher(SHIPPED / preset.teacher, preset.taught) if preset.teacher else None
    folder.mkdir(parents=True, exist_ok=True)
    model, history = checkpoint.read(folder)
    if model is None:
        model = untrained(preset, inputs, seed)
        prepare(model, preset)
    elif model.input_shape[1:] != inputs.shape or model.output_shape[1:] != (len(inputs.labels),):
        raise UserError(
            f"{folder}: holds a network for other labels or another feature; "
            f"move it away, or choose --work"
        )
    for number in range(len(history) + 1, schedule.epochs + 1):
        started = time.perf_counter()
        if number - 1 in schedule.restarts:
            prepare(model, preset, number - 1)
        rng = np.random.default_rng([seed, number])
        seed_dropout(model, seed * 100_003 + number)
        windows, targets = inputs.draw(schedule.windows, rng)
        if teacher is not None:
            targets = teacher.soften(windows, targets)
        result = model.fit(
            windows,
            targets,
            batch_size=schedule.batch,
            shuffle=False,
            verbose=0,
            callbacks=[_begin_anew(model, [seed, number])] if schedule.carried else [],
        ).history
        epoch = Epoch(
            number,
            schedule.epochs,
            float(result["loss"][0]),
            float(result["accuracy"][0]),
            time.perf_counter() - started,
        )
        history.append({"loss": epoch.loss, "accuracy": epoch.accuracy, "seconds": epoch.seconds})
        if schedule.averaged > 1 and number in schedule.ends:
            checkpoint.keep(folder, model, number)
        checkpoint.save(folder, model, history)
        yield epoch


def trained(folder: Path, preset: Preset) -> Any:
    """The network that was trained, for whole windows: a ``keras.Model``."""
    import keras

    schedule = preset.schedule
    if schedule.averaged > 1:
        model = checkpoint.average(folder, schedule.ends)
    else:
        model, _ = checkpoint.read(folder)
    shape = build(preset.feature).shape if preset.crop else None
    return networks.rebuilt(model, preset.network, keras, shape=shape)


def seed_dropout(model: Any, seed: int) -> None:
    """Let dropout depend on the epoch alone, so that a resumed run is the one that was stopped."""
    for i, layer in enumerate(model.layers):
        if hasattr(layer, "seed_generator"):
            layer.seed_generator.state.assign([seed, i])


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
    keras.mixed_precision.set_global_policy(
        "mixed_bfloat16" if schedule.mixed_precision else "float32"
    )
    batch = schedule.batch if schedule.carried else None
    model = networks.build(preset.network, inputs.shape, len(inputs.labels), keras, batch=batch)
    keras.mixed_precision.set_global_policy("float32")
    networks.settle(model, _steps(preset, 0))
    return model


def _begin_anew(model: Any, seed: list[int]) -> Any:
    """A callback that lets every other batch, by chance, and the first begin from nothing."""
    import keras

    rng = np.random.default_rng([*seed, 1])
    stateful = [layer for layer in model.layers if getattr(layer, "stateful", False)]

    def begin(step: int, logs: Any = None) -> None:
        if step == 0 or rng.random() < 0.5:
            for layer in stateful:
                layer.reset_state()

    return keras.callbacks.LambdaCallback(on_train_batch_begin=begin)


def prepare(model: Any, preset: Preset, begun: int = 0) -> None:
    """Give a network the optimizer with which it is trained from one restart to the next.

    Args:
        model: New or trained ``keras.Model``.
        preset: Its preset.
        begun: Epochs before.
    """
    import keras

    schedule, steps = preset.schedule, _steps(preset, begun)
    rate = keras.optimizers.schedules.CosineDecay(
        schedule.rate / 10, steps, warmup_target=schedule.rate, warmup_steps=steps // 50
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=schedule.decay, clipnorm=1.0),
        keras.losses.CategoricalCrossentropy(label_smoothing=schedule.smoothing),
        metrics=["accuracy"],
    )


def _steps(preset: Preset, begun: int) -> int:
    """Steps until the next restart, or the end."""
    schedule = preset.schedule
    until = min([*(r for r in schedule.restarts if r > begun), schedule.epochs])
    return (until - begun) * -(-schedule.windows // schedule.batch)
