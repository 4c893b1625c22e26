"""``--benchmark``: which models keep up on this machine, at which hop, and how many streams."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterator, Sequence
from typing import Literal

from realtime.check import TIGHT, Speed, time_models
from realtime.registry import Model
from realtime.text import printable

_SHORTEST_HOP = 0.01


def benchmark(models: Sequence[Model], *, hop: float, threads: int) -> Iterator[str]:
    """Time each model by itself, then those that would listen together.

    Everything runs as it would live, features, engine and all, but at full speed. It takes two to
    three seconds a line.

    Args:
        models: Loaded models.
        hop: Seconds between predictions.
        threads: Threads that each network was given; only told.

    Yields:
        Lines of text.

    Raises:
        UserError: ``hop`` is out of range, or a model cannot be used.
    """
    cores = os.cpu_count() or 1
    yield (
        f"{platform.machine()}, {cores} core{'s' * (cores > 1)}, Python "
        f"{platform.python_version()}; {threads} thread{'s' * (threads > 1)} a network"
    )
    yield f"{'':28}  {'a hop takes':^17}  {'shortest':>8}  {'streams a core':>14}"
    yield f"{'':28}  {'usually':>8} {'at times':>8}  {'hop':>8}  {f'at {hop:g} s':>14}"
    slow = []
    for name, stream, group in _groups(models):
        speed = time_models(group, stream, hop)
        yield _line(name, speed)
        for notice in speed.notices:
            yield f"  note: {printable(notice)}"
        if speed.worst > TIGHT * speed.hop:
            slow.append(name)
    if slow:
        yield f"Too slow here at {hop:g} s: {', '.join(slow)}; raise --hop to the shortest above"
    else:
        yield f"All of them keep up at {hop:g} s"


def shortest_hop(speed: Speed) -> float:
    """Seconds between predictions that leave other programs room, in hundredths."""
    return max(_SHORTEST_HOP, math.ceil(speed.worst / TIGHT * 100) / 100)


def streams(speed: Speed) -> int:
    """Streams that one core carries at the hop that was timed, with the same room."""
    return math.floor(TIGHT * speed.hop / speed.usual)


def _line(name: str, speed: Speed) -> str:
    return (
        f"{printable(name):<28}  {speed.usual * 1e3:5.1f} ms {speed.worst * 1e3:5.1f} ms  "
        f"{shortest_hop(speed):6.2f} s  {streams(speed):14}"
    )


def _groups(
    models: Sequence[Model],
) -> Iterator[tuple[str, Literal["audio", "midi"], Sequence[Model]]]:
    """Each model by itself; the tasks, and all that listen to sound or to MIDI."""
    for model in models:
        yield model.manifest.name, model.stream, [model]
    sound = [m for m in models if m.stream == "audio"]
    tasks = dict.fromkeys(m.manifest.task for m in models)
    for task in tasks:
        pair = [m for m in models if m.manifest.task == task]
        notes = any(m.stream == "midi" for m in pair)
        if len(pair) > 1:
            yield f"{task} on {'MIDI' if notes else 'sound'}", "midi" if notes else "audio", pair
    if len({m.manifest.task for m in sound}) > 1:
        yield "all on sound", "audio", sound
