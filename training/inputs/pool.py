"""A pool of training windows on disk, made in shards by several processes or machines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.files import whole
from training.inputs import Progress
from training.work import Jobs, each

VERSION = 5
"""Raised whenever the same key would make other windows than before."""

Shard = tuple[np.ndarray, np.ndarray, dict[str, str]]
"""Windows uint8 (n, …), labels int64 (n,), and the files that could not be used with the reason."""


def cache_folder() -> Path:
    """Where pools live: ``build/pools`` below the working folder."""
    return Path("build") / "pools"


def targets(labels: np.ndarray, n_labels: int) -> np.ndarray:
    """What a network is to say of windows, float32 (n, n_labels).

    Args:
        labels: int64 (n,); -1 for a sound that is of none, so that each is equally wrong.
        n_labels: How many there are.
    """
    sure = np.eye(n_labels, dtype=np.float32)
    return np.concatenate([sure, np.full((1, n_labels), 1 / n_labels, np.float32)])[labels]


class Pool:
    """Shards of windows and their labels.

    A shard is made once, from its own seed, and kept under a name that follows from everything it
    was made from; so a stopped run goes on where it was, other data makes another pool, and it does
    not matter who makes which. They come back here to be kept, wherever they were made.

    Args:
        name: What it holds, for the folder's name.
        key: All that the content depends on; anything JSON can hold.
        make: Makes a shard from its number; on a cluster the paths in it must be absolute.
        shards: How many there are.
        jobs: By whom they are made.
    """

    def __init__(
        self, name: str, key: Any, make: Callable[[int], Shard], *, shards: int, jobs: Jobs
    ) -> None:
        digest = hashlib.sha256(json.dumps([VERSION, key], sort_keys=True).encode()).hexdigest()[
            :12
        ]
        self.folder = cache_folder() / f"{name}-{digest}"
        self._make, self._shards, self._jobs = make, shards, jobs
        self._windows: list[np.ndarray] = []
        self.labels = np.zeros(0, np.int64)
        self.left_out: dict[str, str] = {}

    def prepare(self, progress: Progress) -> None:
        """Make the shards that are missing and open all of them."""
        self.folder.mkdir(0o700, parents=True, exist_ok=True)  # recordings are in it
        missing = [k for k in range(self._shards) if not self._path(k).exists()]
        done = self._shards - len(missing)
        progress("windows", done, self._shards)
        made = each(self._make, missing, self._jobs) if missing else ()
        for k, shard in made:
            self._save(k, shard)
            done += 1
            progress("windows", done, self._shards)
        shards = [self._load(k) for k in range(self._shards)]
        self._windows = [windows for windows, _, _ in shards]
        self.labels = np.concatenate([labels for _, labels, _ in shards])
        for _, _, left_out in shards:
            self.left_out |= left_out

    def window(self, i: int) -> np.ndarray:
        """Window ``i`` as it was made, uint8; read from disk."""
        size = len(self._windows[0])
        return self._windows[i // size][i % size]

    def _save(self, k: int, shard: Shard) -> None:
        windows, labels, left_out = shard
        path = self._path(k)
        np.save(path.with_suffix(".labels.npy"), labels)
        path.with_suffix(".json").write_text(json.dumps(left_out), "utf-8")
        with whole(path) as part:  # the last of a shard's files: with it, the shard is whole
            np.save(part, windows)

    def _load(self, k: int) -> Shard:
        """Open a shard without pickle, and without taking memory for what a header claims.

        Raises:
            UserError: It is damaged.
        """
        path = self._path(k)
        try:
            windows = np.lib.format.open_memmap(path, mode="r")
            labels = np.lib.format.open_memmap(path.with_suffix(".labels.npy"), mode="r")
            left_out = json.loads(path.with_suffix(".json").read_text("utf-8"))
        except Exception as error:  # a header is Python source, and fails in as many ways
            raise self._damaged(path, str(error)) from error
        if (windows.dtype, labels.dtype, labels.shape) != (np.uint8, np.int64, windows.shape[:1]):
            raise self._damaged(path, "its numbers are of another kind")
        if not isinstance(left_out, dict):
            raise self._damaged(path, "the list of files left out is none")
        return windows, labels, {name: str(reason) for name, reason in left_out.items()}

    def _damaged(self, path: Path, what: str) -> UserError:
        reason = (what.splitlines() or ["no reason"])[0]
        return UserError(f"{path}: damaged ({reason}); delete {self.folder}, it is made anew")

    def _path(self, k: int) -> Path:
        return self.folder / f"{k:04d}.npy"
