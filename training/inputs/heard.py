"""Windows of struck keys: what an ear hears of sound, and what is played without any."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.inputs import Progress, Struck
from training.networks.heard import KEYS, SURE


class HeardInputs:
    """What a network learns from that reads the keys which an ear hears.

    Half of the windows are what it heard of sound; as it learns no more, it hears each but once.
    The others hold the keys of performances that nobody rendered. There is no end of those, and
    chords and lines are learned from keys that are surely right.

    Args:
        inputs: Prepared source of sound and of performances.
        ear: ``keras.Model`` from pictures to keys, see ``training.ear``.
    """

    HEARD = 0.5
    """Share of windows that the ear heard."""

    BEGUN = 0.4
    """Share of windows in which someone has only just begun to play."""

    changed = False

    def __init__(self, inputs: Struck, ear: Any) -> None:
        self.labels, self.feature, self.left_out = inputs.labels, inputs.feature, inputs.left_out
        self.shape: tuple[int, ...] = (inputs.shape[0], KEYS)
        self._inputs, self._ear = inputs, ear
        self._heard = np.zeros((0, self.shape[0], -(-KEYS // 8)), np.uint8)
        self._targets = np.zeros((0, len(self.labels)), np.float32)

    def prepare(self, progress: Progress) -> None:
        """Let the ear hear all sound there is; what it hears is kept, a bit for each key."""
        heard, targets, done = [], [], 0
        total = self._inputs.windows
        for pictures, meant in self._inputs.all():
            likely = self._ear.predict(pictures, batch_size=8, verbose=0)
            heard.append(np.packbits(likely >= SURE, axis=2))
            targets.append(meant)
            done += len(meant)
            progress("windows heard", done, total)
        self._heard, self._targets = np.concatenate(heard), np.concatenate(targets)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Windows and targets; see ``Inputs``."""
        keys = np.empty((n, *self.shape), np.float32)
        targets = np.empty((n, len(self.labels)), np.float32)
        by_ear = rng.random(n) < self.HEARD
        chosen = rng.integers(len(self._heard), size=int(by_ear.sum()))
        keys[by_ear] = np.unpackbits(self._heard[chosen], axis=2, count=KEYS)
        targets[by_ear] = self._targets[chosen]
        keys[~by_ear], targets[~by_ear] = self._inputs.played(n - len(chosen), rng)
        frames = self.shape[0]
        for j in np.flatnonzero(rng.random(n) < self.BEGUN):
            keys[j, : rng.integers(1, frames - frames // 8)] = 0
        return keys, targets
