"""Where records go: each sink takes every record of a run and keeps what it can use."""

from __future__ import annotations

from typing import Protocol

from realtime.records import Record


class Sink(Protocol):
    """Takes the records of a run, in order, from one thread.

    Three attributes are optional: ``signals``, True for a sink that wants ``Signal`` records too;
    ``lost``, how many records it could not pass on, told at the end of the run; and ``patience``,
    how many seconds it may take to finish.
    """

    def emit(self, record: Record) -> None:
        """Takes one record. It may be slow: an ``Outlet`` keeps it from holding up the engine."""

    def close(self) -> None:
        """Finishes the output. Called once, after the last record or after ``emit`` raised."""
