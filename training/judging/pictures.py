"""The sections of the page that show plots, which are drawn on the way.

Each function takes the measurements and the folder of the plots, and returns Markdown lines.
"""

from __future__ import annotations

from pathlib import Path

from training import plots
from training.judging.wording import section
from training.markdown import per_class, table
from training.results import Measured, of


def live(measured: Measured, folder: Path) -> list[str]:
    """How the models that ship do on music that they never heard."""
    lines: list[str] = []
    for m in of(measured, "evaluate", condition="as-is"):
        plot = _file(folder, f"confusion {m['model']} {m['data']}")
        plots.confusion(plot, m)
        files = m.get("by_file")
        whole = f" Whole files: **{files['accuracy']:.1%}** of {files['n']}." if files else ""
        lines += [
            f"### `{m['model']}` on {m['data']}",
            "",
            f"Windows: **{m['accuracy']:.1%}** of {m['n']}, macro F1 {m['macro_f1']:.3f}, expected "
            f"calibration error {m['ece']:.3f}.{whole}",
            "",
            *per_class(m),
            "",
            _shown(f"Confusion matrix of {m['model']} on {m['data']}", plot),
            "",
        ]
    return section("The models that ship", "", lines)


def seconds(measured: Measured, folder: Path) -> list[str]:
    """Accuracy against how much of a file was heard."""
    lines: list[str] = []
    if found := of(measured, "seconds"):
        told = {mark: mark if mark == "whole" else f"{mark} s" for mark in found[0]["accuracy"]}
        rows = [
            (f"`{m['model']}`", m["condition"], m["n"], *(f"{m['accuracy'][k]:.3f}" for k in told))
            for m in found
        ]
        plot = _file(folder, "seconds heard")
        plots.seconds_heard(
            plot,
            [
                (f"{m['model']}, {m['condition']}", {told[k]: m["accuracy"][k] for k in told})
                for m in found
            ],
        )
        lines = [
            *table(("model", "condition", "files", *told.values()), rows),
            "",
            _shown("The same as a plot", plot),
        ]
    return section(
        "Accuracy against seconds heard",
        "Whole files, by the evidence that `realtime/decision.py` has gathered until then.",
        lines,
    )


def folds(measured: Measured, folder: Path) -> list[str]:
    """Confusions and learning of what was trained under a protocol."""
    lines: list[str] = []
    for m in of(measured, "folds"):
        matrix = _file(folder, f"confusion {m['model']} {m['protocol']}")
        plots.confusion(matrix, m)
        curves = _file(folder, f"learning {m['model']} {m['protocol']}")
        plots.learning_by_fold(curves, [fold["history"] for fold in m["by_fold"]])
        lines += [
            f"### `{m['model']}`, {m['protocol']} protocol",
            "",
            _shown("Confusion matrix, all folds together", matrix),
            _shown("Loss and accuracy by epoch", curves),
            "",
        ]
    return section("Confusion matrices and learning curves", "", lines)


def _file(folder: Path, name: str) -> Path:
    words = "".join(c if c.isalnum() else "-" for c in name.lower())
    return folder / f"{words}.png"


def _shown(what: str, plot: Path) -> str:
    """A picture on the page, beside which the folder of the plots lies."""
    return f"![{what}]({plot.parent.name}/{plot.name})"
