"""Epochs of freshly drawn windows, a checkpoint after each, gone on with where they stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training import bfloat16, checkpoint
from training.inputs import Progress, untold
from training.presets import Schedule

Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]
"""Draws the windows of an epoch and what is to be said of them."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch came to.

    Attributes:
        number: From 1.
        of: Epochs in all.
        loss: Mean training loss.
        accuracy: On its own augmented windows, which are harder than real ones.
        seconds: Time it took.
        part: What was trained, where that is a part of a network; else nothing.
    """

    number: int
    of: int
    loss: float
    accuracy: float
    seconds: float
    part: str = ""


def epochs(
    model: Any,
    history: checkpoint.History,
    schedule: Schedule,
    folder: Path,
    *,
    draw: Draw,
    compiled: Callable[[int], None],
    seed: int,
    part: str = "",
    progress: Progress = untold,
) -> Iterator[Epoch]:
    """Train a network for the epochs that are missing, and tell of each as it ends.

    Args:
        model: ``keras.Model``: untrained, or as the last whole epoch left it.
        history: A row for each epoch so far; those that follow are added.
        schedule: How it is trained.
        folder: Where the checkpoint lies; made if it is not there.
        draw: Where the windows of an epoch come from.
        compiled: Compiles the model for training from that many epochs to the next restart.
        seed: Of dropout and windows.
        part: See ``Epoch``.
        progress: Told of an epoch's windows while it lasts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(len(history) + 1, schedule.epochs + 1):
        started = time.perf_counter()
        if number == 1 or number - 1 in schedule.restarts:
            compiled(number - 1)
        seed_dropout(model, seed * 100_003 + number)
        windows, targets = draw(np.random.default_rng([seed, number]))
        callbacks = [telling(progress, number, len(windows), schedule.batch)]
        if schedule.carried:
            callbacks.append(_begin_anew(model, [seed, number]))
        result = model.fit(
            windows,
            targets,
            batch_size=schedule.batch,
            shuffle=False,
            verbose=0,
            callbacks=callbacks,
        ).history
        epoch = Epoch(
            number,
            schedule.epochs,
            float(result["loss"][0]),
            float(result["accuracy"][0]),
            time.perf_counter() - started,
            part,
        )
        history.append({"loss": epoch.loss, "accuracy": epoch.accuracy, "seconds": epoch.seconds})
        if schedule.averaged > 1 and number in schedule.ends:
            checkpoint.keep(folder, model, number)
        checkpoint.save(folder, model, history)
        yield epoch


def optimizer(schedule: Schedule, begun: int = 0) -> Any:
    """The ``keras`` optimizer from one restart to the next.

    Args:
        schedule: How a network is trained.
        begun: Epochs before.
    """
    return adamw(schedule.rate, schedule.decay, steps_from(schedule, begun))


def adamw(rate: float, decay: float, steps: int) -> Any:
    """The ``keras`` optimizer AdamW, whose rate rises at once and falls along half a cosine."""
    import keras

    falling = keras.optimizers.schedules.CosineDecay(
        rate / 10, steps, warmup_target=rate, warmup_steps=steps // 50
    )
    return keras.optimizers.AdamW(falling, weight_decay=decay, clipnorm=1.0)


def steps_from(schedule: Schedule, begun: int) -> int:
    """Steps until the next restart, or the end."""
    until = min([*(r for r in schedule.restarts if r > begun), schedule.epochs])
    return (until - begun) * -(-schedule.windows // schedule.batch)


@contextmanager
def precision(*, mixed: bool) -> Iterator[None]:
    """Let networks that are built meanwhile compute in bfloat16 where that is faster, or not."""
    import keras

    half = mixed and bfloat16.faster()
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if half else "float32")
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy("float32")


def seed_dropout(model: Any, seed: int) -> None:
    """Let dropout depend on the epoch alone, so that a resumed run is the one that was stopped."""
    for i, layer in enumerate(model.layers):
        if hasattr(layer, "seed_generator"):
            layer.seed_generator.state.assign([seed, i])


def telling(progress: Progress, number: int, windows: int, batch: int) -> Any:
    """A callback that tells of an epoch's windows, but for the last: those are told as an epoch.

    Args:
        progress: Told of them.
        number: The epoch's.
        windows: How many it has.
        batch: Windows a step.
    """
    import keras

    def tell(step: int, logs: Any = None) -> None:
        if (done := (step + 1) * batch) < windows:
            progress(f"epoch {number}, windows", done, windows)

    return keras.callbacks.LambdaCallback(on_train_batch_end=tell)


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
