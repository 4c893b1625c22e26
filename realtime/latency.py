"""How long the stages take: a stopwatch, and percentiles of the newest measurements."""

from __future__ import annotations

import time

import numpy as np

from realtime.records import STAGES, Latency


class Stopwatch:
    """Adds up the time spent in a stage, in seconds of ``time.perf_counter``."""

    def __init__(self) -> None:
        self._total = 0.0
        self._started = 0.0

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._total += time.perf_counter() - self._started

    def take(self) -> float:
        """The time so far; begins again at nothing."""
        total, self._total = self._total, 0.0
        return total


class Percentiles:
    """p50, p95 and p99 of each stage over the newest predictions.

    Args:
        keep: Predictions remembered; memory does not grow beyond them.
    """

    def __init__(self, keep: int = 4096) -> None:
        self._rows = np.zeros((keep, len(STAGES)), np.float32)
        self._count = 0

    def add(self, latency: Latency) -> None:
        """Remember one prediction's latency."""
        row = self._rows[self._count % len(self._rows)]
        row[:] = latency.capture, latency.features, latency.inference, latency.total
        self._count += 1

    def summary(self) -> dict[str, dict[str, float]]:
        """Milliseconds by stage and percentile; empty before the first prediction."""
        if not self._count:
            return {}
        rows = self._rows[: min(self._count, len(self._rows))]
        points = np.percentile(rows, [50, 95, 99], axis=0)
        return {
            stage: {"p50": float(p50), "p95": float(p95), "p99": float(p99)}
            for stage, (p50, p95, p99) in zip(STAGES, points.T, strict=True)
        }
