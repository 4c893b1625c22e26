"""How the page words what was measured, the same in every section."""

from __future__ import annotations

from typing import Any

NOT_MEASURED = "not measured"


def section(title: str, text: str, body: list[str]) -> list[str]:
    """Lines of a section; without a body it says that this was not measured."""
    told = [text, ""] if text and body else []
    return [f"## {title}", "", *told, *(body or [NOT_MEASURED.capitalize() + "."]), ""]


def windows_and_files(figures: dict[str, Any] | None) -> str:
    """Accuracy of windows and, where there is such, of whole files."""
    if figures is None:
        return NOT_MEASURED
    return " / ".join(f"{accuracy:.3f}" for accuracy in accuracies(figures))


def accuracies(figures: dict[str, Any]) -> list[float]:
    """The same as numbers."""
    files = figures.get("by_file")
    return [figures["accuracy"], *([files["accuracy"]] if files else [])]


def folds(m: dict[str, Any] | None) -> str:
    """Accuracy under a protocol and on how much it rests."""
    if m is None:
        return NOT_MEASURED
    number = f"{m['folds']} fold{'s' * (m['folds'] > 1)}"
    return (
        f"{m['accuracy']:.3f} (of {tested(m)} windows tested in {number}; {m['windows']} in all, "
        f"{m['epochs']} epochs)"
    )


def tested(m: dict[str, Any]) -> int:
    """Windows in the test parts of all folds."""
    return sum(fold["parts"]["test"] for fold in m["by_fold"])


def spread(m: dict[str, Any]) -> str:
    """Mean accuracy of the folds and, where there are several, its deviation between them."""
    deviation = f" ± {m['deviation']:.3f}" if m["folds"] > 1 else ""
    return f"{m['accuracy']:.3f}{deviation}"


def likely(figures: dict[str, Any], of: str) -> str:
    """Where the accuracy of windows would lie for others like them, 19 times in 20."""
    if "interval" not in figures:
        return ""
    low, high = figures["interval"]
    return f" ({low:.2f} to {high:.2f} for others like these {figures['groups']} {of})"


def on(quantised: dict[str, Any]) -> str:
    """Which windows a quantised network and the float one were asked about."""
    return str(quantised.get("on", "augmented training windows"))


def delay(seconds: float | None) -> str:
    """Time until a change of instrument is noticed; None where over half never are."""
    return "over 6 s" if seconds is None else f"{seconds:.2f} s"
