"""Sources that never end, made of a minute of music."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from realtime.records import STREAM_RATE, AudioBlock
from realtime.sources.audio_file import AudioFile

PRELUDE = Path(__file__).parents[1] / "demo" / "prelude.ogg"


def minute() -> np.ndarray:
    """A minute of piano, float32 at 16 kHz."""
    with AudioFile(PRELUDE) as source:
        return np.concatenate([block.samples for block in source])


class Loop:
    """The same music again and again.

    Args:
        music: float32 (n,).
        seconds: How long it goes on.
        block: Samples a block; 512 are 32 ms.
        start: With it, a live source: its first sample comes at this ``time.perf_counter()``, and
            it goes on by itself.
    """

    stream: Literal["audio", "midi"] = "audio"
    name = "loop"
    length = None

    def __init__(
        self,
        music: np.ndarray,
        seconds: float = float("inf"),
        *,
        block: int = 512,
        start: float | None = None,
    ) -> None:
        whole = len(music) - len(music) % block
        self._blocks = [music[i : i + block] for i in range(0, whole, block)]
        self._end, self._start = seconds * STREAM_RATE, start
        self.live = start is not None

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[AudioBlock]:
        position = 0
        while position < self._end:
            for samples in self._blocks:
                captured = time.perf_counter()
                if self._start is not None:
                    captured = self._start + (position + len(samples)) / STREAM_RATE
                    while (wait := captured - time.perf_counter()) > 0:
                        time.sleep(wait)
                yield AudioBlock(position, samples, captured)
                position += len(samples)
                if position >= self._end:
                    return
