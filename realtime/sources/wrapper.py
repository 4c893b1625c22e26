"""A source around another one, which it answers for."""

from __future__ import annotations

from typing import Literal

from realtime.sources import Source


class Wrapper:
    """Has the name and the nature of the source within.

    Args:
        source: What it stands around.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def name(self) -> str:
        """The source's."""
        return self._source.name

    @property
    def stream(self) -> Literal["audio", "midi"]:
        """The source's."""
        return self._source.stream

    @property
    def live(self) -> bool:
        """The source's."""
        return self._source.live

    @property
    def length(self) -> float | None:
        """The source's."""
        return self._source.length

    @property
    def latency(self) -> float:
        """The source's, in seconds; 0 for one that has none to tell."""
        latency: float = getattr(self._source, "latency", 0.0)
        return latency
