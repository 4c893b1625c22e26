"""A ring buffer whose recent past is always one contiguous view."""

from __future__ import annotations

import numpy as np


class Ring:
    """The last ``capacity`` rows of a stream, readable without a copy.

    Every row is written twice, ``capacity`` apart, so that any stretch of the recent past lies
    contiguously in memory (the layout that friture uses for audio).

    One thread may ``write`` and one other may ``read``, without a lock between them:

    - The writer never waits, and allocates nothing.
    - ``read`` returns whole rows in order, never one that a later write has touched: it looks again
      after copying whether the writer came too close, and if so begins anew.
    - Rows that were overwritten before they were read are counted, so that rows returned and rows
      lost always add up to the position.

    ``latest`` gives a view, and ``reset`` forgets: both are for the thread that writes. Positions
    count rows since the ring was made and never wrap.

    Args:
        capacity: Rows kept, at least 1.
        shape: Shape of a row; () for plain samples.
        fill: Value of the rows "before" the stream began: a number, or a row.

    Raises:
        ValueError: ``capacity`` is below 1.

    Example:
        >>> ring = Ring(4)
        >>> ring.write(np.array([1, 2, 3, 4, 5], np.float32))
        >>> ring.latest(3)
        array([3., 4., 5.], dtype=float32)
    """

    def __init__(
        self, capacity: int, shape: tuple[int, ...] = (), fill: float | np.ndarray = 0.0
    ) -> None:
        if capacity < 1:
            raise ValueError(f"a ring needs a capacity of at least 1, not {capacity}")
        self.capacity = capacity
        self.fill = fill
        self._rows = np.full((2 * capacity, *shape), fill, np.float32)
        self._written = 0  # rows completely written
        self._claimed = 0  # rows that a write under way may already have touched

    @property
    def written(self) -> int:
        """Rows written since the ring was made or reset."""
        return self._written

    def write(self, rows: np.ndarray) -> None:
        """Append rows, float32 (n, *shape). Of more than ``capacity`` rows only the last stay."""
        total = len(rows)
        start = self._written + max(0, total - self.capacity)
        rows = rows[-self.capacity :] if total > self.capacity else rows
        self._claimed = self._written + total
        at = start % self.capacity
        head = min(len(rows), self.capacity - at)
        buffer, capacity = self._rows, self.capacity
        buffer[at : at + head] = rows[:head]
        buffer[at + capacity : at + capacity + head] = rows[:head]
        if head < len(rows):
            rest = len(rows) - head
            buffer[:rest] = rows[head:]
            buffer[capacity : capacity + rest] = rows[head:]
        self._written = self._claimed

    def latest(self, n: int, back: int = 0) -> np.ndarray:
        """The ``n`` rows that end ``back`` rows before the newest, oldest first, without a copy.

        The view changes with the next ``write``. Rows from before the stream began hold ``fill``.

        Args:
            n: Rows wanted.
            back: Newest rows to leave out; ``n + back`` is at most ``capacity``.

        Raises:
            ValueError: More rows are asked for than the ring keeps.
        """
        if n + back > self.capacity:
            raise ValueError(f"{n + back} rows asked of a ring of {self.capacity}")
        end = (self._written - back) % self.capacity + self.capacity
        return self._rows[end - n : end]

    def read(self, position: int, limit: int | None = None) -> tuple[np.ndarray, int, int]:
        """Copy what was written since ``position``, for a reader in another thread.

        Args:
            position: Rows already read.
            limit: Most rows to return; all of them by default.

        Returns:
            The rows, the position after them, and how many rows between ``position`` and the first
            one returned were overwritten before they could be read.
        """
        while True:
            written = self._written
            start = max(position, written - self.capacity)
            end = written if limit is None else min(written, start + limit)
            at = start % self.capacity
            rows = self._rows[at : at + end - start].copy()
            # A write that began meanwhile may have reached into what was just copied.
            if self._claimed - self.capacity <= start:
                return rows, end, start - position

    def reset(self) -> None:
        """Forget everything, as if the ring were new."""
        self._rows[:] = self.fill
        self._written = self._claimed = 0
