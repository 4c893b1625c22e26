"""The figures to reach, and how far the networks are."""

from __future__ import annotations

from typing import Any

from realtime.registry import Manifest
from training.judging.wording import (
    NOT_MEASURED,
    accuracies,
    delay,
    folds,
    likely,
    on,
    windows_and_files,
)
from training.markdown import table
from training.results import Measured, of

Row = tuple[str, ...]

SPLITS = {"composer": "`composers/dev`", "instrument": "`nsynth-valid`"}
HELD_OUT = {"composer": "composers:dev", "instrument": "nsynth:nsynth-valid"}
GROUPS = {"composer": "works", "instrument": "instruments"}
REPORTED = {
    "composer-cnn-paper": 0.87,
    "composer-lstm-paper": 0.89,
    "instrument-cnn-paper-base": 0.963,
    "instrument-cnn-paper": 0.971,
    "instrument-lstm-paper-base": 0.932,
    "instrument-lstm-paper": 0.960,
}
"""Accuracies that the seed papers give for their systems, under their own protocols."""

REPORTED_UNHEARD = {
    ("instrument", "cnn"): "0.743 on the full test split",
    ("instrument", "lstm"): "0.716 on the full test split",
}
"""The same for NSynth's test split; for composers they have none."""

TO_REACH = {
    ("composer", "lstm"): (0.97, (0.70, 0.90)),
    ("composer", "cnn"): (0.95, (0.65, 0.85)),
    ("instrument", "cnn"): (0.985, (0.90,)),
    ("instrument", "lstm"): (0.98, (0.87,)),
}
"""By task and kind of network: under the paper's protocol, and on what was never heard (windows,
whole files)."""


def targets(measured: Measured, manifests: dict[str, Manifest]) -> list[str]:
    """Lines of the table of everything that is to be reached.

    Args:
        measured: What was measured of networks as they are now.
        manifests: The models that ship, by name.
    """
    head = ("what", "seed", "to reach", "the paper's preset here", "best here", "reached")
    rows = [_protocol_row(measured, task, kind) for task, kind in TO_REACH]
    rows += [_unheard_row(measured, task, kind) for task, kind in TO_REACH]
    rows += [_condition_row(measured, "neutral", 3.0), _condition_row(measured, "played", 6.0)]
    rows += [_splice_row(measured), _calibration_row(manifests), _quantisation_row(manifests)]
    return table(head, rows)


def _protocol_row(measured: Measured, task: str, kind: str) -> Row:
    paper, (target, _) = f"{task}-{kind}-paper", TO_REACH[task, kind]
    runs = of(measured, "folds", task=task, protocol="paper", architecture=kind)
    own = next((m for m in runs if m["model"] == paper), None)
    best = max(runs, key=lambda m: float(m["accuracy"]), default=None)
    return (
        f"{task} {kind.upper()}, the paper's protocol (leaks)",
        f"{REPORTED[paper]}",
        f"≥ {target}",
        folds(own),
        f"{folds(best)}, `{best['model']}`" if best else NOT_MEASURED,
        _verdict(best["accuracy"] >= target if best else None),
    )


def _unheard_row(measured: Measured, task: str, kind: str) -> Row:
    _, wanted = TO_REACH[task, kind]
    model, data = f"{task}-{kind}", HELD_OUT[task]
    runs = of(measured, "folds", model=f"{model}-paper")
    runs.sort(key=lambda m: m["protocol"] != "paper")  # trained on more
    own = [m.get("held_out", {}) for m in runs]
    live = _first(of(measured, "evaluate", model=model, data=data, condition="as-is"))
    best, reached = NOT_MEASURED, None
    if live:
        values = accuracies(live)[: len(wanted)]
        best = " / ".join(f"{v:.3f}" for v in values) + f" of {live['n']} windows, `{model}`"
        best += likely(live, GROUPS[task])
        reached = all(v >= w for v, w in zip(values, wanted, strict=False))
    what = "window / whole file" if len(wanted) > 1 else "notes"
    return (
        f"{task} {kind.upper()}, never heard ({SPLITS[task]}), {what}",
        REPORTED_UNHEARD.get((task, kind), ""),
        " / ".join(f"≥ {w:.2f}" for w in wanted),
        windows_and_files(_first([m[data] for m in own if data in m])),
        best,
        _verdict(reached),
    )


def _condition_row(measured: Measured, condition: str, most: float) -> Row:
    lost = _lost(measured, condition)
    return (
        f"composers: points lost from as-is to {condition}, windows",
        "",
        f"≤ {most:g}",
        "",
        "; ".join(f"{v:+.1f} `{name}`" for name, v in lost.items()) or NOT_MEASURED,
        _verdict(max(lost.values()) <= most if len(lost) > 1 else None),
    )


def _splice_row(measured: Measured) -> Row:
    found = of(measured, "splices")
    told = [
        f"{delay(m['window']['median'])} (smoothed {delay(m['smoothed']['median'])}) "
        f"`{m['model']}`, {m['changes']} changes"
        for m in found
    ]
    medians = [m["window"]["median"] for m in found]
    worst = 99.0 if None in medians else max(medians, default=99.0)
    return (
        "median time to the right family after a change of instrument",
        "",
        "≤ 1.0 s",
        "",
        "; ".join(told) or NOT_MEASURED,
        _verdict(worst <= 1.0 if len(found) > 1 else None),
    )


def _calibration_row(manifests: dict[str, Manifest]) -> Row:
    held_out = {name: m.figures.get("held_out", {}) for name, m in manifests.items()}
    first = {name: next(iter(sets.values())) for name, sets in held_out.items() if sets}
    errors = {name: figures["ece"] for name, figures in first.items()}
    told = [
        f"{figures['ece']:.3f} `{name}`"
        + (f" ({chance:.3f} by chance alone)" if (chance := figures.get("ece_by_chance")) else "")
        for name, figures in first.items()
    ]
    return (
        "ECE after calibration, cross-validated",
        "",
        "≤ 0.05",
        "",
        "; ".join(told) or NOT_MEASURED,
        _verdict(max(errors.values()) <= 0.05 if errors else None),
    )


def _quantisation_row(manifests: dict[str, Manifest]) -> Row:
    lost = {}
    for name, manifest in manifests.items():
        if told := manifest.figures.get("quantised"):
            points = round(100 * (told["accuracy_float32"] - told["accuracy"]), 2)
            lost[name] = (points, told["size_ratio"], on(told))
    return (
        "quantised against float: points lost / share of the size",
        "",
        "≤ 1.0 / ≤ 0.3",
        "",
        "; ".join(f"{p:+.1f} / {s:.2f} `{n}`, {where}" for n, (p, s, where) in lost.items())
        or NOT_MEASURED,
        _verdict(all(p <= 1 and s <= 0.3 for p, s, _ in lost.values()) if lost else None),
    )


def _lost(measured: Measured, condition: str) -> dict[str, float]:
    """Points of windows' accuracy that the composer models lose under a condition."""
    lost = {}
    for model in ("composer-cnn", "composer-lstm"):
        found = {m["condition"]: m for m in of(measured, "evaluate", model=model)}
        if {"as-is", condition} <= found.keys():
            lost[model] = 100 * (found["as-is"]["accuracy"] - found[condition]["accuracy"])
    return lost


def _verdict(reached: bool | None) -> str:
    return {None: "", True: "yes", False: "no"}[reached]


def _first(found: Measured) -> dict[str, Any] | None:
    return next(iter(found), None)
