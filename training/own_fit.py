"""How sounds of one's own are learned, from ten files a label, in a few minutes.

Most of a shipped network stays as it is: it turns sound into what tells instruments apart, and
tells doors apart by it, too. Only the last layers learn. So all windows are read once, up to there,
and an epoch takes a second. That makes it cheap to train again without each quarter of the files,
and so to judge on every file.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime.registry import SHIPPED
from training import checkpoint, export, fit, inputs, own, start
from training.datasets import Dataset
from training.epochs import Epoch
from training.evaluate import Heard, listen
from training.fit import trained
from training.inputs import Inputs, Progress, untold
from training.presets import Preset

JUDGED = "files kept out in turn"

LEARNED = {"cnn": 7, "lstm": 2}
"""Layers with weights that learn: two dense ones, and the last block of convolutions."""


def train(preset: Preset, source: Inputs, folder: Path, *, seed: int = 0) -> Iterator[Epoch]:
    """Teach a shipped network other labels, and tell of each epoch; see ``fit.train``.

    A run that was stopped begins anew, as it takes less than a minute; once finished it yields
    nothing.

    Args:
        preset: What to build and how; it says which network to start from.
        source: Prepared source of windows.
        folder: Where the checkpoint is to lie.
        seed: Of weights and windows.

    Raises:
        UserError: The weights to start from cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if checkpoint.network(folder):
        return
    model, tail, read, targets = _begin(preset, source, seed)
    history = []
    for number in range(1, preset.schedule.epochs + 1):
        started = time.perf_counter()
        result = tail.fit(read, targets, batch_size=preset.schedule.batch, verbose=0).history
        seconds = time.perf_counter() - started
        loss, accuracy = result["loss"][0], result["accuracy"][0]
        history.append({"loss": loss, "accuracy": accuracy, "seconds": seconds})
        yield Epoch(number, preset.schedule.epochs, loss, accuracy, seconds)
    checkpoint.save(folder, model, history)


def crossed(
    preset: Preset, data: Dataset, source: Inputs, *, jobs: int, seed: int, progress: Progress
) -> Heard:
    """Train a network without each part of the files in turn, and hear that part with it.

    Args:
        preset: What is to be judged.
        data: All files.
        source: Prepared windows of them: it knows which files are of no use.
        jobs: Processes.
        seed: Of folds, weights and windows.
        progress: Told how far it has come.

    Returns:
        What was heard in all files; its probabilities are not calibrated.

    Raises:
        UserError: Without the files that cannot be used there are too few.
    """
    good = [e for e in data.examples if os.path.abspath(e.path) not in source.left_out]
    own.check(Dataset(good))
    schedule = replace(preset.schedule, windows=own.FOLD_WINDOWS)
    small = replace(preset, pool=own.FOLD_WINDOWS, schedule=schedule)
    folds = own.folds(Dataset(good), seed)
    progress("folds", 0, len(folds))
    heard = []
    for number, fold in enumerate(folds, start=1):
        without = inputs.make(small, fold.train, jobs=jobs, seed=seed)
        without.prepare(untold)
        heard.append(_hear(small, without, fold.judge, jobs=jobs, seed=seed))
        progress("folds", number, len(folds))
    return _together(heard)


def verdict(heard: Heard) -> str:
    """How good the result is, for a person who knows no statistics.

    What to expect is Wilson's interval (1927): there the true share lies, 19 times in 20.
    """
    from scipy.stats import binomtest

    n, right = len(heard.file_truth), int(np.sum(heard.file_said == heard.file_truth))
    low, high = binomtest(right, n).proportion_ci(method="wilson")
    return (
        f"{right} of {n} files right, each heard by a network that had not learned from it; "
        f"expect {low:.0%} to {high:.0%} of others like them"
    )


def _hear(preset: Preset, source: Inputs, known: Dataset, *, jobs: int, seed: int) -> Heard:
    """Train a network and let it hear files, as people will run it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in train(preset, source, folder, seed=seed):
            pass
        content = export.convert(trained(folder, preset), preset, source, "float32")
        export.write(
            folder,
            preset,
            source.labels,
            content,
            calibration={"temperature": 1.0, "unknown_below": 0.0},
            training={},
            figures={},
        )
        return listen(folder, known, jobs=jobs, progress=untold)


def _together(parts: Sequence[Heard]) -> Heard:
    """What several networks of the same labels heard, as if one had."""
    first = np.cumsum([0, *(len(part.file_truth) for part in parts)])
    return Heard(
        parts[0].labels,
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.probs for part in parts]),
        np.concatenate([part.files + n for part, n in zip(parts, first, strict=False)]),
        np.concatenate([part.file_truth for part in parts]),
        np.concatenate([part.file_said for part in parts]),
        {path: why for part in parts for path, why in part.left_out.items()},
    )


def _begin(preset: Preset, source: Inputs, seed: int) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    """The network, the part of it that learns, what that part reads of windows, and targets."""
    import keras

    model = fit.untrained(preset, source, seed)
    start.begin(model, SHIPPED / preset.start)
    with_weights = [i for i, layer in enumerate(model.layers) if layer.get_weights()]
    cut = with_weights[-LEARNED[preset.kind]]
    body = keras.Model(model.inputs, model.layers[cut].input)
    reads = x = keras.Input(body.output.shape[1:])
    for layer in model.layers[cut:]:
        x = layer(x)
    tail = keras.Model(reads, x)
    fit.prepare(tail, preset)
    windows, targets = source.draw(preset.schedule.windows, np.random.default_rng(seed))
    return model, tail, body.predict(windows, batch_size=64, verbose=0), targets
