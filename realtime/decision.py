"""From what a network says of one window to what a person should be told over time."""

from __future__ import annotations

import math

import numpy as np

from realtime.records import State
from realtime.registry import Manifest


class Decision:
    """Calibration, states, smoothing and evidence of one model on one stream.

    Args:
        manifest: Gives labels, temperature, ``unknown_below`` and the smoothing's time constant.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.labels = manifest.labels
        self._temperature = float(manifest.calibration.get("temperature", 1.0))
        self._unknown_below = float(manifest.calibration.get("unknown_below", 0.0))
        self._time_constant = manifest.smoothing_s
        self._sum = np.zeros(len(self.labels))
        self._weight = 0.0  # how much of a full average the sum holds so far
        self._fade = 1.0
        self._whole = _Evidence(len(self.labels))
        self._partial = _Evidence(len(self.labels))

    def calibrate(self, raw: np.ndarray) -> np.ndarray:
        """Probabilities after temperature scaling (Guo et al., 2017), float64 (n_labels,).

        A softmax over logits / T is the given softmax to the power 1 / T, normalised.
        """
        logs = np.log(np.maximum(raw.astype(np.float64), 1e-9)) / self._temperature
        return _softmax(logs)

    def state(self, probs: np.ndarray | None, *, full: bool, silent: bool) -> State:
        """What a window's prediction is worth.

        Args:
            probs: Calibrated probabilities; None when there was nothing to ask about.
            full: Whether a whole window has been heard.
            silent: Whether nothing is sounding now.
        """
        if silent:
            return "silent"
        if not full or probs is None:
            return "warming"
        return "unknown" if probs.max() < self._unknown_below else "live"

    def smooth(self, probs: np.ndarray | None, seconds: float) -> np.ndarray:
        """Exponential average of the probabilities; towards nothing while there is silence.

        Args:
            probs: Calibrated probabilities, or None in silence.
            seconds: Stream time since the last window.

        Returns:
            float64 (n_labels,). Sums to 1 at most.
        """
        keep = math.exp(-seconds / self._time_constant) if self._time_constant > 0 else 0.0
        self._sum *= keep
        self._weight *= keep
        if probs is None:
            self._fade *= keep
        else:
            self._sum += (1 - keep) * probs
            self._weight += 1 - keep
            self._fade = 1.0
        return self.smoothed

    @property
    def smoothed(self) -> np.ndarray:
        """The smoothed probabilities as they stand, float64 (n_labels,)."""
        return self._fade * self._sum / max(self._weight, 1e-300)

    def weigh(self, probs: np.ndarray, *, full: bool) -> None:
        """Add a window to the evidence.

        The first full window holds all that those before it heard, and takes their place.

        Args:
            probs: Calibrated probabilities.
            full: Whether a whole window has been heard.
        """
        if full:
            self._partial.clear()
        (self._whole if full else self._partial).add(probs)

    @property
    def evidence(self) -> np.ndarray | None:
        """All windows together, float64 (n_labels,); None before the first.

        The geometric mean of their probabilities: one window that rules a label out counts, and
        overlapping windows are not taken for independent ones.
        """
        windows = self._whole.windows + self._partial.windows
        return _softmax((self._whole.logs + self._partial.logs) / windows) if windows else None

    def best(self, probs: np.ndarray | None) -> tuple[str | None, float]:
        """The most likely label and its probability; None and 0 when there is nothing."""
        if probs is None:
            return None, 0.0
        i = int(probs.argmax())
        return self.labels[i], float(probs[i])

    def named(self, probs: np.ndarray | None) -> dict[str, float]:
        """Probabilities by label; all 0 when there is nothing."""
        values = [0.0] * len(self.labels) if probs is None else probs.tolist()
        return dict(zip(self.labels, values, strict=True))

    def forget(self) -> None:
        """Begin the evidence anew."""
        self._whole.clear()
        self._partial.clear()

    def reset(self) -> None:
        """Forget what is smoothed, as after a gap. The evidence stays."""
        self._sum[:] = 0
        self._weight = 0.0
        self._whole.take(self._partial)  # no window to come holds what those heard


class _Evidence:
    """Sum of the logarithms of windows' probabilities."""

    def __init__(self, n_labels: int) -> None:
        self.logs = np.zeros(n_labels)
        self.windows = 0

    def add(self, probs: np.ndarray) -> None:
        self.logs += np.log(np.maximum(probs, 1e-6))
        self.windows += 1

    def take(self, other: _Evidence) -> None:
        """Add all of another's windows, and leave it empty."""
        self.logs += other.logs
        self.windows += other.windows
        other.clear()

    def clear(self) -> None:
        self.logs[:] = 0
        self.windows = 0


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()
