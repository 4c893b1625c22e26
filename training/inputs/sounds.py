"""Windows of single instruments: notes and phrases, as a microphone would hear them."""

from __future__ import annotations

import os
from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.features import build, extract
from training.audio import load
from training.augment import sound
from training.augment.background import background
from training.augment.picture import elsewhere, follow
from training.datasets import Dataset
from training.inputs import Progress
from training.inputs.pool import Pool, Shard, targets
from training.work import Jobs

SHARD = 500
BACKGROUND = 0.1
"""Share of windows that hold no instrument, for which every label is equally wrong."""

TOGETHER = 0.15
"""Share of windows in which another sound of the same label plays too, for one between theirs."""


class SoundInputs:
    """Augmented windows of labelled sounds.

    Every label is equally likely; within it, every data set that has it, recordings in folders
    together being one; within that, every instrument: so neither a large set nor an instrument with
    many notes drowns the others.

    Args:
        data: Labelled sound files.
        feature: Description of an audio feature whose windows lie in [0, 1].
        windows: Size of the pool.
        content: Fingerprint of the files; without one a pool is known by their names alone.
        jobs: By whom it is made.
        seed: Of every choice.
    """

    changed = True

    def __init__(
        self,
        data: Dataset,
        feature: dict[str, Any],
        *,
        windows: int,
        content: str = "",
        jobs: Jobs = 1,
        seed: int = 0,
    ) -> None:
        self.labels = data.labels
        self.feature = feature
        self.shape: tuple[int, ...] = build(feature).shape
        self.left_out = dict(data.left_out)
        self._tree = _tree(data, self.labels)
        self._seed = seed
        key = {
            "files": sorted(str(e.path.resolve()) for e in data.examples),
            "feature": feature,
            "windows": windows,
            "seed": seed,
            **({"content": content} if content else {}),
        }
        shards = max(1, windows // SHARD)
        self._pool = Pool("sounds", key, self._make, shards=shards, jobs=jobs)

    def prepare(self, progress: Progress) -> None:
        """Make the pool."""
        self._pool.prepare(progress)
        self.left_out |= self._pool.left_out

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Windows and targets; see ``Inputs``."""
        chosen = rng.integers(len(self._pool.labels), size=n)
        known = self._pool.labels[chosen] >= 0
        windows = self._read(chosen)
        others = self._read(rng.permutation(chosen))
        for window, earlier, sounds in zip(windows, others, known, strict=True):
            if sounds:
                follow(window, earlier, rng)
            elsewhere(window, rng)
        return windows, targets(self._pool.labels[chosen], len(self.labels))

    def _read(self, rows: np.ndarray) -> np.ndarray:
        windows = np.stack([self._pool.window(int(i)) for i in rows])
        return windows.astype(np.float32) / np.float32(255)

    def _make(self, k: int) -> Shard:
        rng = np.random.default_rng([self._seed, k])
        feature: Any = build(self.feature)
        windows = np.zeros((SHARD, *self.shape), np.uint8)
        labels = np.full(SHARD, -1, np.int64)
        left_out: dict[str, str] = {}
        for i in range(SHARD):
            if rng.random() < BACKGROUND:
                samples = background(feature.window_samples, rng)
            else:
                labels[i] = rng.integers(len(self.labels))
                samples = self._sound(int(labels[i]), feature.window_samples, rng, left_out)
            windows[i] = np.round(extract(feature, samples) * 255)
        return windows, labels, left_out

    def _sound(
        self, label: int, n: int, rng: np.random.Generator, left_out: dict[str, str]
    ) -> np.ndarray:
        samples = self._played(label, n, rng, left_out)
        if rng.random() < TOGETHER:
            other = self._played(label, n, rng, left_out)
            samples = samples + other * np.float32(rng.uniform(0, 1))
        return sound.record(samples, rng)

    def _played(
        self, label: int, n: int, rng: np.random.Generator, left_out: dict[str, str]
    ) -> np.ndarray:
        """Sound of one instrument of a label, float32 (n,), before it is recorded."""
        for _ in range(1000):
            origins = self._tree[label]
            instruments = origins[int(rng.integers(len(origins)))]
            notes = instruments[int(rng.integers(len(instruments)))]

            def draw(notes: list[Path] = notes) -> np.ndarray:
                return _clip(notes[int(rng.integers(len(notes)))])

            try:
                samples = sound.place(draw, n, rng)
            except UserError as error:
                path, _, reason = str(error).partition(": ")
                left_out[path] = reason
                continue
            if float(np.abs(samples).max()) > 1e-3:  # it may lie outside, or have died away
                return samples
        raise UserError(f"label {self.labels[label]!r}: hardly any of its files hold a sound")


@lru_cache(maxsize=2048)
def _clip(path: Path) -> np.ndarray:
    """A file from its first audible sample on, at most 12 s, peak 1."""
    samples = load(path, 12.0)
    level = np.abs(samples)
    peak = float(level.max())
    if peak < 1e-4:
        raise UserError(f"{path}: silent")
    start = max(0, int(np.argmax(level > 0.01 * peak)) - 160)
    return samples[start:] / np.float32(peak)


def _tree(data: Dataset, labels: list[str]) -> list[list[list[list[Path]]]]:
    """Absolute paths by label, origin and instrument, in the order in which they were given."""
    tree: list[dict[str, dict[str, list[Path]]]] = [
        defaultdict(lambda: defaultdict(list)) for _ in labels
    ]
    for e in sorted(data.examples, key=lambda e: str(e.path)):
        origin = "folders" if e.origin.startswith("folders:") else e.origin
        tree[labels.index(e.label)][origin][e.group].append(Path(os.path.abspath(e.path)))
    return [[list(g.values()) for g in origins.values()] for origins in tree]
