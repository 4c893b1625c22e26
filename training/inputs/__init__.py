"""Where a network's training batches come from.

Each kind of input turns a data set into windows of one feature, computed by ``realtime.features``,
with fresh augmentation. What is costly is made once, into a pool on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np

from training.datasets import Dataset
from training.presets import Preset
from training.work import Jobs

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps are done, and of how many."""


def untold(what: str, done: int, total: int) -> None:
    """Progress that nobody asks for."""


class Inputs(Protocol):
    """A source of training batches.

    Attributes:
        labels: Names of the classes, in the order of the network's outputs.
        feature: The feature's description, as a manifest holds it.
        shape: Shape of one window.
        left_out: Files that could not be used, and why.
        changed: Whether windows of sound are changed by ``augment.picture.elsewhere``.
    """

    labels: list[str]
    feature: dict[str, Any]
    shape: tuple[int, ...]
    left_out: dict[str, str]
    changed: bool

    def prepare(self, progress: Progress) -> None:
        """Do what must be done once before the first batch; takes up where it was stopped."""
        ...

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Windows, float32 (n, *shape), and targets, float32 (n, len(labels))."""
        ...


@runtime_checkable
class Struck(Inputs, Protocol):
    """Inputs that know which keys are struck in their windows.

    Attributes:
        windows: How many there are, where nothing is changed in them.
    """

    windows: int

    def struck(
        self, n: int, frames: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Windows of so many frames, float32 (n, frames, bands), and keys (n, frames, keys)."""
        ...

    def all(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Every window there is, as it is, and targets; some at a time."""
        ...

    def played(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Keys of performances without their sound, bool (n, frames, keys), and targets."""
        ...


def make(preset: Preset, data: Dataset, *, jobs: Jobs, seed: int) -> Inputs:
    """The inputs that a preset asks for.

    Args:
        preset: What is to be trained.
        data: What to train it on.
        jobs: Who makes windows.
        seed: Of every choice.
    """
    if preset.inputs == "sounds":
        from training.inputs.sounds import SoundInputs
        from training.provenance import fingerprint

        # Sounds of one's own are recorded again under the same names.
        content = fingerprint(data) if preset.start else ""
        return SoundInputs(
            data, preset.feature, windows=preset.pool, content=content, jobs=jobs, seed=seed
        )
    from training.inputs.pieces import NoteInputs, PieceSoundInputs

    if preset.inputs == "notes":
        return NoteInputs(data, preset.feature)
    from training.render import find_soundfonts

    return PieceSoundInputs(
        data,
        preset.feature,
        fonts=find_soundfonts(),
        windows=preset.pool,
        jobs=jobs,
        seed=seed,
    )
