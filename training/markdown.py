"""Names, tables and pages in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from realtime.text import printable

PIPE = r"\|"
"""One that does not begin the next cell."""


def literal(name: str) -> str:
    """A name from outside as it is written, whatever Markdown or HTML is in it."""
    return re.sub(r"([\\`*\[\]])", r"\\\1", name.replace("&", "&amp;").replace("<", "&lt;"))


def page(lines: Iterable[str]) -> str:
    """The text of a page; as it may be shown on a terminal too, no name in it does any harm."""
    return "\n".join(map(printable, lines))


def table(head: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Lines of a table; none where there are no rows.

    Args:
        head: Names of its columns.
        rows: A cell for each of them.
    """
    if not rows:
        return []
    lines = [_row(head), f"|{' --- |' * len(head)}"]
    return lines + [_row(row) for row in rows]


def per_class(figures: dict[str, Any]) -> list[str]:
    """Lines of the table of every label that was there to be heard.

    Args:
        figures: Hold ``per_class``, as ``training.evaluate.report`` gives it.
    """
    return table(
        ("label", "windows", "precision", "recall", "F1"),
        [
            (
                literal(label),
                row["n"],
                f"{row['precision']:.2f}",
                f"{row['recall']:.2f}",
                f"{row['f1']:.2f}",
            )
            for label, row in figures["per_class"].items()
            if row["n"]
        ],
    )


def _row(cells: tuple[Any, ...]) -> str:
    return f"| {' | '.join(str(cell).replace('|', PIPE) for cell in cells)} |"
