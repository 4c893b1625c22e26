"""Two things measured side by side: a busy machine slows both, and their ratio stays.

The clock counts the process's CPU time, unless told otherwise, because other programs' turns on a
busy machine would fall on one side only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

Action = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Pairs:
    """What interleaved rounds gave.

    Attributes:
        ratio: Median of ours / peer, each from one round.
        low: Its lower quartile.
        high: Its upper quartile.
        ours: Median seconds a call.
        peer: Median seconds a call.
        rounds: Pairs timed.
        calls: Calls of ours and of the peer in a round.
        clock: What was counted, for a person.
    """

    ratio: float
    low: float
    high: float
    ours: float
    peer: float
    rounds: int
    calls: tuple[int, int]
    clock: str

    @property
    def times_less(self) -> float:
        """How many times less ours takes."""
        return 1 / self.ratio


def interleave(
    benchmark: Any,
    ours: Action,
    peer: Action,
    *,
    rounds: int = 200,
    part: float = 0.002,
    wall: bool = False,
) -> Pairs:
    """Time ours, peer, ours, peer … and take the median of each round's ratio.

    Both are called some ten times to warm up. One round calls each as often as fills ``part``
    seconds, so that a call that disturbs the caches does not slow only the one that follows it.

    Args:
        benchmark: The fixture of pytest-benchmark; it does the rounds and keeps their statistics.
        ours: Ours; called without arguments.
        peer: The peer, likewise.
        rounds: Pairs.
        part: Seconds that each half of a round should take at least; 0 calls once.
        wall: Count wall time, as where one side waits for a thread or process.
    """
    clock = time.perf_counter if wall else time.process_time
    calls = _calls(ours, part, clock), _calls(peer, part, clock)
    taken: list[tuple[float, float]] = []

    def both() -> None:
        start = clock()
        for _ in range(calls[0]):
            ours()
        between = clock()
        for _ in range(calls[1]):
            peer()
        taken.append(((between - start) / calls[0], (clock() - between) / calls[1]))

    benchmark.pedantic(both, rounds=rounds, warmup_rounds=1)
    del taken[0]  # the warm-up
    ratios = [a / b for a, b in taken]
    low, _, high = quantiles(ratios, n=4)
    return Pairs(
        ratio=median(ratios),
        low=low,
        high=high,
        ours=median(a for a, _ in taken),
        peer=median(b for _, b in taken),
        rounds=rounds,
        calls=calls,
        clock="wall time" if wall else "CPU time",
    )


def _calls(action: Action, part: float, clock: Callable[[], float]) -> int:
    """How many calls fill ``part`` seconds; warms up on the way."""
    if part == 0:
        return 1
    times = []
    for _ in range(10):
        start = clock()
        action()
        times.append(clock() - start)
    return max(1, round(part / max(min(times), 1e-9)))
