"""What a model gets wrong, told from its figures, for whoever thinks of using it."""

from __future__ import annotations

from typing import Any

import numpy as np

from realtime.registry import Manifest
from training.markdown import literal
from training.results import Measured, of

WEAK = 0.5
"""Recall or precision below which a label is named as failing."""

LOST = 0.02
"""Accuracy that a condition may cost without being named."""

PROMPT = 1.0
"""Seconds to the right label after a change, in half of the cases, above which a model is slow."""

CALIBRATED = 0.05
"""Calibration error above which the probabilities are named as off."""

MOST = 5
"""Confusions, and kinds of foreign sound, that are named."""


def confusions(figures: dict[str, Any]) -> list[str]:
    """The commonest mistakes, the most frequent first: what is taken for what, and how often.

    Args:
        figures: Holds ``labels`` and ``confusion``; rows are the truth.
    """
    matrix = np.array(figures["confusion"])
    of = matrix.sum(axis=1)
    np.fill_diagonal(matrix, 0)
    names = [literal(label) for label in figures["labels"]]
    pairs = [divmod(int(i), len(names)) for i in np.argsort(-matrix, axis=None, kind="stable")]
    return [
        f"{names[a]} for {names[b]}: {matrix[a, b]} of {of[a]} windows ({matrix[a, b] / of[a]:.0%})"
        for a, b in pairs[:MOST]
        if matrix[a, b]
    ]


def failings(manifest: Manifest, measured: Measured) -> list[str]:
    """Where the figures say that a model fails, a sentence each.

    Args:
        manifest: The model's; ``figures`` is what it was measured at when it was exported.
        measured: What ``rt-train evaluate`` measured of it since.
    """
    held_out = next(iter(manifest.figures.get("held_out", {}).values()), None)
    told = [*(_labels(held_out) if held_out else ()), *_conditions(measured)]
    told += [*_seconds(measured), *_changes(measured)]
    if held_out and held_out["ece"] > CALIBRATED:
        told.append(
            f"Its probabilities are off by {100 * held_out['ece']:.0f} points on average: 90% does "
            "not mean nine times in ten."
        )
    return [*told, *_foreign(measured), _unknown(manifest)]


def _labels(figures: dict[str, Any]) -> list[str]:
    told = []
    rows = {label: row for label, row in figures["per_class"].items() if row["n"]}
    missed = [(row["recall"], label) for label, row in rows.items() if row["recall"] < WEAK]
    if missed:
        named = ", ".join(
            f"{literal(label)} ({recall:.0%} found)" for recall, label in sorted(missed)
        )
        told.append(f"It misses most windows of {named}.")
    wrong = [(row["precision"], label) for label, row in rows.items() if row["precision"] < WEAK]
    if wrong:
        named = ", ".join(f"{literal(label)} ({right:.0%} right)" for right, label in sorted(wrong))
        told.append(f"It is wrong more often than not when it says {named}.")
    return told


def _conditions(measured: Measured) -> list[str]:
    judged = of(measured, "evaluate")
    told = []
    for plain in of(judged, "evaluate", condition="as-is"):
        for other in judged:
            lost = plain["accuracy"] - other["accuracy"]
            if other["data"] == plain["data"] and lost > LOST:
                told.append(
                    f"On {plain['data']} it loses {100 * lost:.1f} points under the condition "
                    f"*{other['condition']}*."
                )
    return told


def _seconds(measured: Measured) -> list[str]:
    return [
        f"It needs time: {m['accuracy'][first]:.0%} of the files of {m['data']} are right after "
        f"{first} s, {m['accuracy']['whole']:.0%} after all of them."
        for m in of(measured, "seconds")
        for first in list(m["accuracy"])[:1]
    ]


def _changes(measured: Measured) -> list[str]:
    told = []
    for m in of(measured, "splices"):
        median, noticed = m["window"]["median"], m["window"]["noticed"]
        late = f"more than {m['seconds']:g} s" if median is None else f"{median:.1f} s or more"
        missed = f"{1 - noticed:.0%} of the changes it does not notice within {m['seconds']:g} s."
        if median is None or median > PROMPT:
            told.append(
                f"It is slow to notice a change: in half of the cases {late} pass, and {missed}"
            )
        elif noticed < 1:
            told.append(f"It notices most changes soon, but {missed}")
    return told


def _foreign(measured: Measured) -> list[str]:
    told = []
    for m in of(measured, "foreign"):
        if m["unknown"] < 1:
            most = ", ".join(literal(label) for label in list(m["taken_for"])[:2])
            told.append(
                f"Of {m['data']}, which it should not name, {1 - m['unknown']:.0%} of "
                f"{m['n']} windows pass for a label, mostly {most}."
            )
    return told


def _unknown(manifest: Manifest) -> str:
    if not manifest.calibration.get("unknown_below"):
        return "It never says that it does not know: whatever it hears gets one of its labels."
    known = manifest.figures.get("unknown", {}).get("foreign")
    if not known:
        return "How often it takes other sounds for one of its labels was not measured."
    passing = sorted(((1 - share, kind) for kind, share in known.items()), reverse=True)
    named = ", ".join(f"{literal(kind)} {share:.0%}" for share, kind in passing[:MOST] if share > 0)
    return (
        f"Of the kinds of sound that its gate was fitted on, some pass for a label: {named} of the "
        "windows."
        if named
        else "None of the kinds of sound that its gate was fitted on passed for one of its labels."
    )
