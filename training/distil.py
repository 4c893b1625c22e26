"""What a network learns from another that knows better: its answers beside the right ones.

A label says only which instrument it is; a trained network's answer also says what it resembles.
Taught by both, a network that learns slowly learns faster (Hinton, Vinyals and Dean, 2015).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from realtime.registry import load, read_manifest
from training.presets import Preset


def digest(folder: Path) -> str:
    """What tells a teacher from others: the hash of its network.

    Raises:
        UserError: There is none.
    """
    return read_manifest(folder).sha256[:16]


def suits(folder: Path, preset: Preset, labels: list[str]) -> bool:
    """Whether a shipped model reads and names what a preset does, for these labels.

    Raises:
        UserError: Its manifest cannot be read.
    """
    manifest = read_manifest(folder)
    return manifest.feature == preset.feature and list(manifest.labels) == labels


class Teacher:
    """A shipped model whose answers stand beside the labels.

    Args:
        folder: Its model folder; see ``suits``.
        share: Weight of its answers, the labels' being the rest.

    Raises:
        UserError: It cannot be loaded.
    """

    def __init__(self, folder: Path, share: float) -> None:
        self._network = load(folder).network
        self._share = share

    def soften(self, windows: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Mix what the teacher says into the targets, but for windows that are of no label.

        That these are none is certain; the teacher may take some of them for one.

        Args:
            windows: float32 (n, *shape).
            targets: float32 (n, n_labels), each row sums to 1.

        Returns:
            float32 (n, n_labels), each row sums to 1.
        """
        mixed = targets.copy()
        for i in np.flatnonzero(targets.max(axis=1) > targets.min(axis=1)):
            said = self._network.predict(windows[i])
            said = said / said.sum()  # in 8 bits it sums to about 1
            mixed[i] = (1 - self._share) * targets[i] + self._share * said
        return mixed
