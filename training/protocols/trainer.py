"""Training on a fold's fixed windows: a checkpoint after each epoch, resumed where it stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from training import checkpoint, networks
from training.augment import papers
from training.augment.picture import colour, mask
from training.epochs import Epoch, adamw, precision, seed_dropout, telling
from training.inputs import Progress, untold
from training.protocols.plans import Plan, Training
from training.protocols.splits import Fold
from training.protocols.windows import Windows

MEASURED = 2000
"""Training windows from which the scale of the input is taken."""


def train(
    plan: Plan,
    windows: Windows,
    fold: Fold,
    folder: Path,
    *,
    seed: int = 0,
    progress: Progress = untold,
) -> Iterator[Epoch]:
    """Train a network on a fold and tell of each epoch as it ends.

    After each, ``folder`` holds the network, its optimizer and a log (see ``checkpoint``). Where
    there is a validation part it holds ``best.keras`` too, the network at the lowest validation
    loss. Called again after an interruption it goes on; once finished it yields nothing.

    Args:
        plan: What to build and how.
        windows: All windows.
        fold: Which of them to use.
        folder: Where the checkpoint lies.
        seed: Of weights and order.
        progress: Told of an epoch's windows while it lasts.
    """
    training = plan.training
    folder.mkdir(parents=True, exist_ok=True)
    model, history = checkpoint.read(folder)
    if model is None:
        model = _new_model(plan, windows, fold, seed)
    judged = _answer(model)
    if judged is not model:
        judged.compile(loss=_loss(training), metrics=["accuracy"])
    while len(history) < training.epochs and not _patience_over(history, training.patience):
        number = len(history) + 1
        started = time.perf_counter()
        order = np.random.default_rng([seed, fold.number, number]).permutation(fold.train)
        seed_dropout(model, seed * 100_003 + number)
        drawn = batches(windows, order, training, seed=[seed, fold.number, number, 1])
        told = [telling(progress, number, len(order), training.batch)]
        result = model.fit(drawn, shuffle=False, verbose=0, callbacks=told).history
        accuracy = next(values[0] for name, values in result.items() if name.endswith("accuracy"))
        row = {"loss": float(result["loss"][0]), "accuracy": float(accuracy)}
        if len(fold.valid):
            loss, accuracy = judged.evaluate(batches(windows, fold.valid, training), verbose=0)
            if loss < min((r["valid_loss"] for r in history), default=np.inf):
                checkpoint.write(folder / "best.keras", judged)
            row |= {"valid_loss": float(loss), "valid_accuracy": float(accuracy)}
        row["seconds"] = time.perf_counter() - started
        history.append(row)
        checkpoint.save(folder, model, history)
        yield Epoch(number, training.epochs, row["loss"], row["accuracy"], row["seconds"])


def trained(folder: Path) -> Any:
    """The network to be tested: at its lowest validation loss, or else the last one."""
    import keras

    best = folder / "best.keras"
    if best.exists():
        return keras.models.load_model(best, compile=False)
    return _answer(checkpoint.read(folder)[0])


def predict(model: Any, windows: Windows, rows: np.ndarray) -> np.ndarray:
    """What a network says of some rows, float32 (n, n_labels)."""
    parts = [rows[i : i + 64] for i in range(0, len(rows), 64)]
    return np.concatenate([np.asarray(model(windows.take(p), training=False)) for p in parts])


def compiled(plan: Plan, windows: Windows, fold: Fold) -> Any:
    """An untrained network, ready to be fitted; it has two answers with ``Training.files``."""
    import keras

    training = plan.training
    shape = tuple(windows.x.shape[1:])
    with precision(mixed=training.mixed_precision):
        model = networks.build(plan.network, shape, len(windows.labels), keras)
    if plan.network.get("standardise"):
        measured = np.random.default_rng(fold.number).permutation(fold.train)[:MEASURED]
        networks.standardise(model, windows.take(measured))
    steps = training.epochs * -(-len(fold.train) // training.batch)
    networks.settle(model, steps)
    optimizer, loss = _optimizer(training, steps), _loss(training)
    if not training.files:
        model.compile(optimizer, loss, metrics=["accuracy"])
        return model
    files = keras.layers.Dense(_n_files(windows), activation="softmax", dtype="float32")
    both = keras.Model(model.input, [model.output, files(model.layers[-1].input)])
    weights = [1.0, training.files]
    both.compile(optimizer, [loss, loss], loss_weights=weights, metrics=[["accuracy"], []])
    return both


def batches(windows: Windows, rows: np.ndarray, training: Training, *, seed: Any = None) -> Any:
    """Batches read from disk as they are needed.

    Args:
        windows: All windows.
        rows: Which, in which order.
        training: Batch, weights and augmentation.
        seed: Of the augmentation. Without one, for validation, there is none, nor any weights, and
            no file is asked for.

    Returns:
        A ``keras.utils.PyDataset``.
    """
    import keras

    weights = np.array([training.weights.get(label, 1.0) for label in windows.labels], np.float32)
    eye = np.eye(len(windows.labels), dtype=np.float32)
    files = np.arange(_n_files(windows) if training.files else 0)
    size = training.batch

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return (len(rows) + size - 1) // size

        def __getitem__(self, i: int) -> tuple[Any, ...]:
            part = rows[i * size : (i + 1) * size]
            x, y = windows.take(part), windows.y[part]
            if seed is None:
                return x, eye[y]
            rng = np.random.default_rng([*seed, i])
            for j in range(len(x)):
                x[j] = _augmented(x[j], training.augmentation, rng)
            file = (windows.files[part][:, None] == files).astype(np.float32)
            told = [x, eye[y], weights[y], file]
            if training.mixup:
                told = _mixed(told, training.mixup, rng)
            x, label, weight, file = told
            return x, (label, file) if training.files else label, weight

    return Batches()


def _new_model(plan: Plan, windows: Windows, fold: Fold, seed: int) -> Any:
    import keras

    keras.utils.set_random_seed(seed * 1009 + fold.number)
    return compiled(plan, windows, fold)


def _answer(model: Any) -> Any:
    """The network that names labels alone."""
    import keras

    return model if len(model.outputs) == 1 else keras.Model(model.input, model.outputs[0])


def _n_files(windows: Windows) -> int:
    return int(windows.files.max()) + 1


def _augmented(window: np.ndarray, how: str, rng: np.random.Generator) -> np.ndarray:
    if how == "pictures":
        return papers.change(window, rng)
    if how == "rolls":
        window = np.roll(window, rng.integers(len(window)), axis=0)
        mask(window, rng)
    if how in ("filters", "rolls"):
        colour(window, rng)
        mask(window, rng)
    return window


def _mixed(told: list[np.ndarray], beta: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Each row of a batch and of what is told of it, mixed with another row's; its own prevails."""
    n = len(told[0])
    share = rng.beta(beta, beta, n).astype(np.float32)
    share = np.maximum(share, 1 - share)
    other = rng.permutation(n)
    shares = [share.reshape(-1, *[1] * (part.ndim - 1)) for part in told]
    return [s * part + (1 - s) * part[other] for s, part in zip(shares, told, strict=True)]


def _loss(training: Training) -> Any:
    import keras

    return keras.losses.CategoricalCrossentropy(label_smoothing=training.smoothing)


def _optimizer(training: Training, steps: int) -> Any:
    import keras

    optimizers = keras.optimizers
    if training.optimizer == "adam":
        return optimizers.Adam(training.rate)
    if training.optimizer == "adamax":
        return optimizers.Adamax(training.rate)
    return adamw(training.rate, training.decay, steps)


def _patience_over(history: list[dict[str, float]], patience: int) -> bool:
    if not patience or not history or "valid_loss" not in history[0]:
        return False
    losses = [row["valid_loss"] for row in history]
    return len(losses) - 1 - int(np.argmin(losses)) >= patience
