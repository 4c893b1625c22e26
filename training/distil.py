"""What a network learns from another that knows better: its answers beside the right ones.

A label says only which instrument it is; a trained network's answer also says what it resembles.
Taught by both, a network that learns slowly learns faster (Hinton, Vinyals and Dean, 2015).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from realtime.errors import UserError
from realtime.registry import load, read_manifest
from training.presets import Preset


def digest(folder: Path) -> str:
    """What tells a teacher from others: the hash of its network.

    Raises:
        UserError: There is none.
    """
    return read_manifest(folder).sha256[:16]


class Teacher:
    """A shipped model whose answers stand beside the labels.

    Args:
        folder: Its model folder.
        preset: What it is to teach.
        labels: The labels of the network that learns.

    Raises:
        UserError: It cannot be loaded, or reads or names something else.
    """

    def __init__(self, folder: Path, preset: Preset, labels: list[str]) -> None:
        model = load(folder)
        if model.manifest.feature != preset.feature or list(model.manifest.labels) != labels:
            raise UserError(
                f"{folder}: reads or names something else than {preset.name} does, and cannot "
                f"teach it; train it anew with the same data first"
            )
        self._network = model.network
        self._share = preset.taught

    def soften(self, windows: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Targets that are partly the teacher's answers.

        Args:
            windows: float32 (n, *shape).
            targets: float32 (n, n_labels), each row sums to 1.
        """
        said = np.stack([self._network.predict(window).copy() for window in windows])
        return (1 - self._share) * targets + self._share * said
