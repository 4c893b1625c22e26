"""A model's card, with its plots: what a stranger needs to judge it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from realtime.registry import Manifest
from training import plots
from training.checkpoint import read_history
from training.failings import confusions, failings
from training.judging.conditions import AS_IS, CONDITIONS, kind_of, legend, of_kind
from training.judging.wording import on
from training.markdown import literal, page, per_class, table
from training.results import Measured, of

KINDS = {"cnn": "convolutional network", "lstm": "LSTM", "crnn": "CNN-LSTM hybrid"}

USES = {
    "instrument": (
        "one instrument at a time, notes or phrases of it, through a microphone or from files",
        "several instruments at once, as in most finished recordings: it was not trained on any",
    ),
    "composer": (
        "a piece by one of these composers, played or from a file",
        "anybody else's music, for which it would name one of these all the same, nor for "
        "questions of authorship: it knows the pieces it was trained on better than the composers",
    ),
}
"""What a task is for, and what it is not for."""

OWN_USE = (
    "sounds like those it was trained on, recorded in the same way",
    "anything else: it only knows its own labels, and rooms and microphones that it heard",
)


def write(
    folder: Path, manifest: Manifest, work: Path | None = None, measured: Measured | None = None
) -> None:
    """Write ``README.md`` and the plots into a model folder.

    Args:
        folder: Model folder.
        manifest: What it holds.
        work: Folder of the checkpoint, for the learning curve; the one that is there stays if None.
        measured: What ``rt-train evaluate`` measured of this very network.
    """
    measured = measured or []
    held_out: dict[str, Any] = manifest.figures.get("held_out", {})
    lines = [
        f"# {manifest.name}",
        "",
        f"A {KINDS.get(manifest.kind, literal(manifest.kind))} that names "
        f"{'sounds' if _own(manifest) else f'the {literal(manifest.task)}'}: "
        f"{', '.join(map(literal, manifest.labels))}.",
        "",
        *_use(manifest),
        *_reads(manifest),
        *_trained(manifest.training),
        "## How good it is",
        "",
    ]
    if not held_out:
        lines += ["It has not been judged on anything it was not trained on.", ""]
    for i, (name, figures) in enumerate(held_out.items()):
        lines += _figures(name, figures, calibrated=i == 0)
        # Without what could lead out of the folder, or end the link to it.
        plot = re.sub(r"[^\w.-]+", "-", f"confusion-{name}.png")
        plots.confusion(folder / plot, figures)
        lines += [f"![Confusion matrix on {literal(name)}]({plot})", ""]
    lines += [*_conditions(measured), *_seconds(measured), *_changes(measured)]
    lines += _foreign(measured)
    learning = folder / "learning.png"
    if work and (history := read_history(work)):
        plots.learning(learning, history)
    if learning.exists():
        lines += ["![Loss and accuracy by epoch, on augmented windows](learning.png)", ""]
    if held_out:
        lines += ["## Known confusions", ""]
    for name, figures in held_out.items():
        pairs = [f"- {pair}" for pair in confusions(figures)] or ["- none"]
        lines += [f"On {literal(name)} it takes", "", *pairs, ""]
    lines += ["## What fails", "", *(f"- {told}" for told in failings(manifest, measured)), ""]
    notes = folder / "notes.md"
    if notes.exists():
        lines += ["## Notes", "", *notes.read_text("utf-8").strip().split("\n"), ""]
    (folder / "README.md").write_text(page(lines), "utf-8")


def _use(manifest: Manifest) -> list[str]:
    fit, unfit = USES.get(manifest.task, OWN_USE)
    source = "--mic" if manifest.window_s else "--midi-port"
    asked = manifest.task if _own(manifest) else manifest.name  # a pair in one folder
    return [
        "## Intended use",
        "",
        f"It is for {fit}. It is not for {unfit}.",
        "",
        "```",
        f"rt-classify {source} --model {asked}",
        "```",
        "",
    ]


def _own(manifest: Manifest) -> bool:
    """Whether it is one of a pair for somebody's own sounds, in a folder called as their task."""
    return "start" in manifest.training


def _reads(manifest: Manifest) -> list[str]:
    heard = f"{manifest.window_s:g} s of sound" if manifest.window_s else "the last notes played"
    reads = f"A window of {heard} at a time, as this feature:"
    if manifest.streaming and "ear" in manifest.training.get("network", {}):
        reads = (
            "Each row of this feature once: it hears which keys are struck in it, and judges those "
            f"of the last {heard}. (That is what the file's functions `hear` and `judge` do. What "
            "other programs run, unless they ask for another, is `classify`: it reads a window.)"
        )
    elif manifest.streaming:
        reads = (
            "Each row of this feature once: it carries its state on, so what it says rests on all "
            f"that was heard since the stream began, and on the last {heard} most:"
        )
    return [
        "## What it reads",
        "",
        reads,
        "",
        *table(("parameter", "value"), list(manifest.feature.items())),
        "",
        f"It is stored as `{manifest.file}`, {manifest.size / 1e6:.2f} MB, {manifest.quantisation} "
        f"quantisation. {_quantised(manifest.figures.get('quantised'))}".rstrip(),
        "",
    ]


def _trained(training: dict[str, Any]) -> list[str]:
    lines = ["## What it was trained on", ""]
    if "files" in training:
        lines += [
            f"{training['files']} files ({_counts(training['files_by_label'])}), augmented as the "
            f"live world needs it: see `training/augment`. {training['left_out']} files were left "
            "out.",
            "",
        ]
    if ear := training.get("ear"):
        lines += [
            "Its first layers were taught before which keys are struck, with "
            f"{ear['epochs'] * ear['windows']:,} stretches of 10 s, and kept as they were.",
            "",
        ]
    if teacher := training.get("teacher"):
        lines += [
            f"Beside the labels it learned from what `{teacher['name']}` said of each window, in "
            f"the version whose SHA-256 begins with {teacher['sha256']}.",
            "",
        ]
    licences = training.get("licences") or ["data of which the manifest does not tell"]
    lines += [*(f"- {literal(licence)}" for licence in licences), ""]
    if "command" in training:
        lines += ["Built by", "", "```", str(training["command"]), "```", ""]
    return lines


def _quantised(figures: dict[str, Any] | None) -> str:
    if not figures:
        return ""
    return (
        f"On {figures['windows']:.0f} windows ({literal(on(figures))}) it is right in "
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
        f"### {literal(name)}",
        "",
        f"Windows: **{figures['accuracy']:.1%}** of {figures['n']}, macro F1 "
        f"{figures['macro_f1']:.3f}.{files} {sure}",
        "",
        *per_class(figures),
        "",
    ]


def _conditions(measured: Measured) -> list[str]:
    order = [AS_IS, *CONDITIONS]
    judged = [m for m in of(measured, "evaluate") if m["condition"] in order]
    judged.sort(key=lambda m: (m["data"], order.index(m["condition"])))
    lines = ["### By condition", ""]
    if not judged:
        return [*lines, "Not measured.", ""]
    lines += [
        "Measured by `rt-train evaluate` with the engine as people run it; it may have changed "
        "since the network was exported.",
        "",
    ]
    done = {m["condition"] for m in judged}
    for kind in sorted({kind_of(m["data"]) for m in judged}):
        missing = [name for name in (AS_IS, *of_kind(kind)) if name not in done]
        told = legend([name for name in of_kind(kind) if name in done])
        told += f" Not measured: {', '.join(missing)}." * bool(missing)
        lines += [told.strip(), ""]
    rows = [
        (
            literal(m["data"]),
            m["condition"],
            m["n"],
            f"{m['accuracy']:.1%}",
            f"{m['by_file']['accuracy']:.1%} of {m['by_file']['n']}" if "by_file" in m else "",
            f"{m['macro_f1']:.3f}",
            f"{m['ece']:.3f}",
        )
        for m in judged
    ]
    head = ("data", "condition", "windows", "right", "files right", "macro F1", "ECE")
    lines += [*table(head, rows), ""]
    if len(judged) > 1:
        found = {f"{m['data']}, {m['condition']}": m["per_class"] for m in judged}
        labels = [label for label, row in judged[0]["per_class"].items() if row["n"]]
        recalls = [
            (
                literal(label),
                *(f"{row[label]['recall']:.2f}" for row in found.values() if label in row),
            )
            for label in labels
        ]
        lines += ["Share of each label's windows that were found:", ""]
        lines += [*table(("label", *found), recalls), ""]
    return lines


def _seconds(measured: Measured) -> list[str]:
    heard = of(measured, "seconds")
    if not heard:
        return []
    marks = list(heard[0]["accuracy"])
    rows = [
        (
            literal(m["data"]),
            m["condition"],
            m["n"],
            *(f"{m['accuracy'][mark]:.1%}" for mark in marks),
        )
        for m in heard
    ]
    names = (mark if mark == "whole" else f"{mark} s" for mark in marks)
    return [
        "### By seconds heard",
        "",
        "Files named right by the evidence until then.",
        "",
        *table(("data", "condition", "files", *names), rows),
        "",
    ]


def _changes(measured: Measured) -> list[str]:
    rows = [
        (
            literal(m["data"]),
            m["changes"],
            f"over {m['seconds']:g} s" if said["median"] is None else f"{said['median']:.2f} s",
            f"{said['noticed']:.1%}",
            f"{said['right']:.1%}",
            how,
        )
        for m in of(measured, "splices")
        for how, said in (("a window", m["window"]), ("smoothed", m["smoothed"]))
    ]
    if not rows:
        return []
    return [
        "### After a change of instrument",
        "",
        "Time to the first right answer when notes of another label follow, and how many of all "
        "answers were right.",
        "",
        *table(("data", "changes", "median", "noticed", "right", "by"), rows),
        "",
    ]


def _foreign(measured: Measured) -> list[str]:
    rows = [
        (literal(m["data"]), literal(kind), row["files"], row["n"], f"{row['unknown']:.1%}")
        for m in of(measured, "foreign")
        for kind, row in m["kinds"].items()
    ]
    if not rows:
        return []
    return [
        "### Sounds that it should not name",
        "",
        "Recordings, none of which it or its gate was trained on.",
        "",
        *table(("data", "kind", "files", "windows", "unknown"), rows),
        "",
    ]


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{literal(label)} {n}" for label, n in counts.items())
