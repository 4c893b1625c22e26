"""A model's card, with its plots: what a stranger needs to judge it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from realtime.registry import Manifest
from training import plots
from training.markdown import per_class, table

KINDS = {"cnn": "convolutional network", "lstm": "LSTM", "crnn": "CNN-LSTM hybrid"}


def write(folder: Path, manifest: Manifest, work: Path | None = None) -> None:
    """Write ``README.md`` and the plots into a model folder.

    Args:
        folder: Model folder.
        manifest: What it holds.
        work: Folder of the checkpoint, for the learning curve; the one that is there stays if None.
    """
    lines = [
        f"# {manifest.name}",
        "",
        f"A {KINDS.get(manifest.kind, manifest.kind)} that names the {manifest.task}: "
        f"{', '.join(manifest.labels)}.",
        "",
        "## What it reads",
        "",
        *table(("parameter", "value"), list(manifest.feature.items())),
        "",
        f"It is stored as `{manifest.file}`, {manifest.size / 1e6:.2f} MB, {manifest.quantisation} "
        f"quantisation. {_quantised(manifest.figures.get('quantised'))}",
        "",
        "## What it was trained on",
        "",
        f"{manifest.training['files']} files "
        f"({_counts(manifest.training['files_by_label'])}), augmented as the live world needs it: "
        f"see `training/augment`. {manifest.training['left_out']} files were left out.",
        "",
        *[f"- {licence}" for licence in manifest.training["licences"]],
        "",
        "Built by",
        "",
        "```",
        str(manifest.training["command"]),
        "```",
        "",
        "## How good it is",
        "",
    ]
    held_out: dict[str, Any] = manifest.figures.get("held_out", {})
    if not held_out:
        lines += ["It has not been judged on anything it was not trained on.", ""]
    for i, (name, figures) in enumerate(held_out.items()):
        lines += _figures(name, figures, calibrated=i == 0)
        plot = f"confusion-{name.replace(':', '-')}.png"
        plots.confusion(folder / plot, figures)
        lines += [f"![Confusion matrix on {name}]({plot})", ""]
    learning = folder / "learning.png"
    if work and (history := work / "history.json").exists():
        plots.learning(learning, json.loads(history.read_text("utf-8")))
    if learning.exists():
        lines += ["![Loss and accuracy by epoch, on augmented windows](learning.png)", ""]
    notes = folder / "notes.md"
    if notes.exists():
        lines += ["## Notes", "", notes.read_text("utf-8").strip(), ""]
    (folder / "README.md").write_text("\n".join(lines), "utf-8")


def _quantised(figures: dict[str, float] | None) -> str:
    if not figures:
        return ""
    return (
        f"On {figures['windows']:.0f} augmented training windows it is right in "
        f"{figures['accuracy']:.1%} of the cases, the float32 network in "
        f"{figures['accuracy_float32']:.1%}; the two agree in {figures['same_label']:.1%}. "
        f"It takes {figures['size_ratio']:.0%} of the size."
    )


def _figures(name: str, figures: dict[str, Any], *, calibrated: bool) -> list[str]:
    sure = (
        f"Expected calibration error {figures['ece']:.3f}"
        + (", cross-validated over two halves, as the temperature was fitted here" * calibrated)
        + "."
    )
    if chance := figures.get("ece_by_chance"):
        sure += f" Perfect confidences would show {chance:.3f} on so few windows."
    files = ""
    if "by_file" in figures:
        by_file = figures["by_file"]
        files = f" Whole files: **{by_file['accuracy']:.1%}** of {by_file['n']}."
    return [
        f"### {name}",
        "",
        f"Windows: **{figures['accuracy']:.1%}** of {figures['n']}, macro F1 "
        f"{figures['macro_f1']:.3f}.{files} {sure}",
        "",
        *per_class(figures),
        "",
        _confusions(figures),
        "",
    ]


def _confusions(figures: dict[str, Any]) -> str:
    """The three commonest mistakes in words."""
    matrix = np.array(figures["confusion"])
    np.fill_diagonal(matrix, 0)
    order = np.argsort(matrix, axis=None)[::-1][:3]
    names = figures["labels"]
    pairs = [divmod(int(i), len(names)) for i in order]
    said = [f"{names[a]} for {names[b]} ({matrix[a, b]})" for a, b in pairs if matrix[a, b]]
    return f"It most often takes {', '.join(said)}." if said else "It made no mistake here."


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{label} {n}" for label, n in counts.items())
