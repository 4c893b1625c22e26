"""The table that ``make bench`` prints: what was to be reached, and what was."""

from __future__ import annotations

import json
import os
import platform
import textwrap
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PEERS = (
    "numpy",
    "ai-edge-litert",
    "librosa",
    "kaldi-native-fbank",
    "pymicro-features",
    "essentia",
    "onnxruntime",
    "tf2onnx",
    "keras",
    "tensorflow",
    "pyopen-wakeword",
    "pymicro-wakeword",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        what: What was measured, against whom.
        reached: The figure; None where a peer is not installed.
        goal: What is to be reached; None where nothing is.
        least: Whether ``goal`` is a least rather than a most.
        unit: What the figure counts: ``x`` for a ratio.
        spread: Its quartiles, where it is a median of ratios.
        detail: The times behind it.
        method: Warm-up, rounds, threads, and what is inside the timed part.
    """

    what: str
    reached: float | None
    goal: float | None = None
    least: bool = False
    unit: str = "x"
    spread: tuple[float, float] | None = None
    detail: str = ""
    method: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal was reached; None where there is none."""
        if self.goal is None or self.reached is None:
            return None
        return self.reached >= self.goal if self.least else self.reached <= self.goal

    @property
    def goal_text(self) -> str:
        """The goal for a person."""
        if self.goal is None:
            return ""
        return f"{'>=' if self.least else '<='} {self.goal:g} {self.unit}".replace(" x", "")

    @property
    def reached_text(self) -> str:
        """The figure for a person."""
        if self.reached is None:
            return "skipped"
        text = f"{self.reached:.3g}" if self.reached < 1000 else f"{self.reached:.0f}"
        return f"{text} {self.unit}".replace(" x", "")


def duration(seconds: float) -> str:
    """Seconds for a person."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"


def lines(rows: Iterable[Row]) -> list[str]:
    """The table as Markdown, the methods below it."""
    rows = list(rows)
    table = ["| what | to reach | reached | quartiles | times |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        mark = {True: "", False: " (missed)", None: ""}[row.met]
        spread = f"{row.spread[0]:.3g} to {row.spread[1]:.3g}" if row.spread else ""
        table.append(
            f"| {row.what} | {row.goal_text} | {row.reached_text}{mark} | {spread} | {row.detail} |"
        )
    methods = [""]
    for method in dict.fromkeys(row.method for row in rows if row.method):
        about = [row.what for row in rows if row.method == method]
        methods += textwrap.wrap(
            f"- {'; '.join(about)}: {method}", 100, subsequent_indent="  ", break_on_hyphens=False
        )
    return [*table, *methods, "", machine(), versions()]


def machine() -> str:
    """Where it was measured, and how busy the machine was."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
    except OSError:
        pass
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"Machine: {name}, {os.cpu_count()} cores{load}; Python {platform.python_version()} on "
        f"{platform.system()}."
    )


def versions() -> str:
    """The peers and their versions."""
    found = []
    for name in PEERS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return "Versions: " + ", ".join(found) + "."


def write(rows: Iterable[Row], folder: Path) -> None:
    """Write the table as ``speed.md`` and ``speed.json``."""
    rows = list(rows)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "speed.md").write_text("\n".join(lines(rows)) + "\n", "utf-8")
    values = [asdict(row) | {"met": row.met} for row in rows]
    content = {"machine": machine(), "versions": versions(), "rows": values}
    (folder / "speed.json").write_text(json.dumps(content, indent=2) + "\n", "utf-8")
