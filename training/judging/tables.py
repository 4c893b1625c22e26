"""The sections of the page that are tables.

Each function takes the measurements and returns Markdown lines.
"""

from __future__ import annotations

from realtime.registry import Manifest
from training.judging.conditions import AS_IS, Kind, kind_of, legend, of_kind
from training.judging.targets import REPORTED
from training.judging.wording import delay, on, section, spread, tested, windows_and_files
from training.markdown import literal, table
from training.results import Measured, of


def protocols(measured: Measured) -> list[str]:
    """What every preset reached under the seed papers' protocols."""
    rows = [
        (
            f"`{m['model']}`",
            m["protocol"],
            m["files"],
            m["windows"],
            f"{m['folds']} x {m['epochs']}",
            tested(m),
            spread(m),
            f"{m['precision']:.3f}",
            f"{m['recall']:.3f}",
            f"{m['macro_f1']:.3f}",
            REPORTED.get(m["model"], "") if m["protocol"] == "paper" else "",
        )
        for m in of(measured, "folds")
    ]
    head = (
        "preset",
        "protocol",
        "files",
        "windows",
        "folds x epochs",
        "tested",
        "accuracy ± deviation",
        "precision",
        "recall",
        "F1",
        "the paper reports",
    )
    return section(
        "The seed papers' protocols",
        "Means over the folds. Presets that end in `-paper` are the papers' systems, the others "
        "our own networks on the same windows, without the augmentation of sound that the live "
        "models get. The papers trained 50 epochs on 87,500 notes, 100 on up to 1,000 segments a "
        "composer, and 300 on note sequences: rows with fewer are what this machine had time for.",
        table(head, rows),
    )


def comparisons(measured: Measured) -> list[str]:
    """Two systems over the same folds."""
    rows = [
        (
            f"`{m['model'][0]}` against `{m['model'][1]}`",
            m["protocol"],
            f"{len(m['accuracies'][0])} x {m['epochs']}",
            m["windows"],
            f"{m['means'][0]['accuracy']:.3f} / {m['means'][1]['accuracy']:.3f}",
            f"{m['means'][0]['macro_f1']:.3f} / {m['means'][1]['macro_f1']:.3f}",
            f"{m['difference']:+.3f} ({m['interval'][0]:+.3f} to {m['interval'][1]:+.3f})",
            f"{m['items']} {m['paired']}, {m['clusters']} clusters",
            f"{m['wilcoxon']['p']:.4f}",
            f"{m['wilcoxon']['least_p']:.4f}",
        )
        for m in of(measured, "compare")
    ]
    head = (
        "two systems",
        "protocol",
        "folds x epochs",
        "windows",
        "accuracy",
        "F1",
        "difference (95% interval)",
        "paired over",
        "Wilcoxon p",
        "least p with so many folds",
    )
    return section(
        "CNN against LSTM",
        "The interval comes from a paired bootstrap that draws instruments or works; Wilcoxon's "
        "signed-rank test pairs the folds' accuracies, which share most of their training data, so "
        "that its p is lower than it should be.",
        table(head, rows),
    )


def conditions(measured: Measured) -> list[str]:
    """Every model by the condition of the files, notes and sounds apart."""
    text = "Windows / whole files."
    notes = "Composers by what they wrote, not by how the file was made"
    sound = "Sounds as a live microphone hears them"
    return [
        *_conditions(measured, "notes", notes, text),
        *_conditions(measured, "sound", sound, text),
    ]


def _conditions(measured: Measured, kind: Kind, title: str, text: str) -> list[str]:
    names = of_kind(kind)
    found: dict[tuple[str, str], Measured] = {}
    for m in of(measured, "evaluate"):
        if kind_of(m["data"]) == kind:
            found.setdefault((m["model"], m["data"]), []).append(m)
    rows = []
    for (model, data), mine in sorted(found.items()):
        by_name = {m["condition"]: m for m in mine}
        cells = [windows_and_files(by_name.get(name)) for name in (AS_IS, *names)]
        rows.append((f"`{model}`", literal(data), *cells))
    head = ("model", "data", AS_IS, *names)
    return section(title, f"{text} {legend(names)}", table(head, rows))


def splices(measured: Measured) -> list[str]:
    """How soon a change of instrument is noticed."""
    rows = [
        (
            f"`{m['model']}`",
            literal(m["data"]),
            m["changes"],
            *(
                cell
                for how in ("window", "smoothed")
                for cell in (
                    delay(m[how]["median"]),
                    delay(m[how]["p90"]),
                    f"{m[how]['noticed']:.1%}",
                    f"{m[how]['right']:.1%}",
                )
            ),
        )
        for m in of(measured, "splices")
    ]
    head = (
        "model",
        "notes of",
        "changes",
        "window: median",
        "90%",
        "noticed",
        "right",
        "smoothed: median",
        "90%",
        "noticed",
        "right",
    )
    return section(
        "A change of instrument",
        "An instrument plays notes for 6 s, then one of another family. The time runs from the "
        "change to the first right prediction; what is never noticed counts as longer than any. "
        "*Right*: share of all predictions, those just after a change too.",
        table(head, rows),
    )


def foreign(measured: Measured) -> list[str]:
    """How many windows of sounds that no label fits are told to be unknown."""
    rows = [
        (
            f"`{m['model']}`",
            literal(m["data"]),
            m["files"],
            m["n"],
            f"{m['unknown']:.1%}",
            ", ".join(f"{literal(k)} {row['unknown']:.0%}" for k, row in m["kinds"].items()),
            ", ".join(f"{literal(k)} {n}" for k, n in list(m["taken_for"].items())[:3]),
        )
        for m in of(measured, "foreign")
    ]
    head = ("model", "sounds of", "files", "windows", "unknown", "by kind", "taken for")
    return section(
        "Sounds that no label fits",
        "Recordings of what is no instrument, none of which any model or its gate was trained on.",
        table(head, rows),
    )


def quantised(measured: Measured, manifests: dict[str, Manifest]) -> list[str]:
    """What quantisation costs, and what it saves."""
    found = [
        (
            m["model"],
            {"on": "test windows of the first fold"} | m["quantised"],
            m["quantised"]["size"],
        )
        for m in of(measured, "folds")
        if "quantised" in m
    ]
    found += [
        (m.name, m.figures["quantised"], m.size)
        for m in manifests.values()
        if m.figures.get("quantised")
    ]
    rows = [
        (
            f"`{name}`",
            f"{size / 1e6:.2f} MB",
            f"{q['size_ratio']:.2f}",
            literal(on(q)),
            f"{q['windows']:.0f}",
            f"{q['accuracy_float32']:.3f}",
            f"{q['accuracy']:.3f}",
            f"{q['same_label']:.1%}",
        )
        for name, q, size in found
    ]
    head = (
        "model",
        "size",
        "of float",
        "judged on",
        "windows",
        "float32",
        "quantised",
        "same label",
    )
    return section("Float against quantised", "", table(head, rows))


def tuned(measured: Measured) -> list[str]:
    """Settings that were tried, and how good each was."""
    lines: list[str] = []
    for m in of(measured, "tune"):
        rows = [
            (", ".join(f"{k} {v}" for k, v in row["settings"].items()), row["valid_accuracy"])
            for row in m["trials"]
        ]
        runs = f"{m['runs']} run{'s' * (m['runs'] > 1)} each"
        told = f"{runs}, {m['epochs']} epochs, {m['windows']} windows"
        lines += [f"`{m['model']}`, {told}:", "", *table(("settings", "accuracy"), rows), ""]
    return section("Tuning", "Validation accuracy, random search with Keras Tuner.", lines)
