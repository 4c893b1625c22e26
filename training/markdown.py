"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def table(head: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Lines of a table; none where there are no rows.

    Args:
        head: Names of its columns.
        rows: A cell for each of them.
    """
    if not rows:
        return []
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return lines + [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]


def per_class(figures: dict[str, Any]) -> list[str]:
    """Lines of the table of every label that was there to be heard.

    Args:
        figures: Hold ``per_class``, as ``training.evaluate.report`` gives it.
    """
    return table(
        ("label", "windows", "precision", "recall", "F1"),
        [
            (label, row["n"], f"{row['precision']:.2f}", f"{row['recall']:.2f}", f"{row['f1']:.2f}")
            for label, row in figures["per_class"].items()
            if row["n"]
        ],
    )
