"""One page of figures, made of the measurements that the other commands left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from realtime.errors import UserError
from realtime.registry import Manifest, read_manifest, shipped
from training.card import confusion, pyplot, table

Measured = list[dict[str, Any]]

NOT_MEASURED = "not measured"
SPLITS = {"composer": "`composers/dev`", "instrument": "`nsynth-valid`"}
HELD_OUT = {"composer": "composers:dev", "instrument": "nsynth:nsynth-valid"}
REPORTED = {
    "composer-cnn-paper": 0.87,
    "composer-lstm-paper": 0.89,
    "instrument-cnn-paper-base": 0.963,
    "instrument-cnn-paper": 0.971,
    "instrument-lstm-paper-base": 0.932,
    "instrument-lstm-paper": 0.960,
}
"""Accuracies that the seed papers give for their systems, under their own protocols."""

TO_REACH = {
    ("composer", "lstm"): (0.97, (0.70, 0.90)),
    ("composer", "cnn"): (0.95, (0.65, 0.85)),
    ("instrument", "cnn"): (0.985, (0.90,)),
    ("instrument", "lstm"): (0.98, (0.87,)),
}
"""By task and kind of network: under the paper's protocol, and on what was never heard (windows,
whole files)."""


def write(measured: Measured, path: Path) -> Path:
    """Write the page and, in a folder of its name, the plots.

    Args:
        measured: What ``training.results.read`` found.
        path: Markdown file.

    Raises:
        UserError: They cannot be written.
    """
    plots = path.with_suffix("")
    try:
        plots.mkdir(parents=True, exist_ok=True)
        manifests = {m.name: m for m in map(read_manifest, shipped())}
        current = [m for m in measured if not _stale(m, manifests)]
        stale = len(measured) - len(current)
        measured = current
        lines = [
            "# How the models were judged",
            "",
            "Made by `rt-train report` from the measurements in `reports/`; the commands that made "
            "those stand at the end. *Paper* protocols split windows at random, as the seed papers "
            "did, and leak: a test window's neighbours, piece or instrument were trained on. "
            "*Honest* ones split the same windows by work or by instrument. Models that ship are "
            "judged through `realtime`, on music and instruments that they never heard.",
            "",
            *_told_stale(stale),
            "## Figures to reach",
            "",
            *_targets(measured, manifests),
            "",
            *_protocols(measured),
            *_comparisons(measured),
            *_live(measured, plots),
            *_conditions(measured),
            *_seconds(measured, plots),
            *_splices(measured),
            *_quantised(measured, manifests),
            *_tuned(measured),
            *_pictures(measured, plots),
            *_commands(measured),
        ]
        path.write_text("\n".join(lines).rstrip() + "\n", "utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from error
    return path


def _stale(m: dict[str, Any], manifests: dict[str, Manifest]) -> bool:
    """Whether it was measured on a network that another one has replaced since."""
    shipped = manifests.get(m["model"]) if isinstance(m.get("model"), str) else None
    return bool(shipped and m.get("sha256") and m["sha256"] != shipped.sha256)


def _told_stale(n: int) -> list[str]:
    text = f"{n} measurements are of networks that no longer ship, and are left out: repeat them."
    return [text, ""] if n else []


def _targets(measured: Measured, manifests: dict[str, Manifest]) -> list[str]:
    rows: list[tuple[str, ...]] = []
    for (task, kind), (target, _) in TO_REACH.items():
        paper = f"{task}-{kind}-paper"
        runs = _of(measured, "folds", task=task, protocol="paper", architecture=kind)
        own = next((m for m in runs if m["model"] == paper), None)
        best = max(runs, key=lambda m: float(m["accuracy"]), default=None)
        rows.append(
            (
                f"{task} {kind.upper()}, the paper's protocol (leaks)",
                f"{REPORTED[paper]}",
                f"≥ {target}",
                _run(own),
                f"{_run(best)}, `{best['model']}`" if best else NOT_MEASURED,
                _verdict(best["accuracy"] >= target if best else None),
            )
        )
    for (task, kind), (_, targets) in TO_REACH.items():
        own = next(
            iter(_of(measured, "folds", model=f"{task}-{kind}-paper", protocol="paper")), None
        )
        seen = (own or {}).get("held_out", {}).get(HELD_OUT[task])
        live = _evaluation(measured, f"{task}-{kind}", HELD_OUT[task])
        values = _values(live)[: len(targets)] if live else []
        told = " / ".join(f"{v:.3f}" for v in values) + f" of {live['n']} windows" if live else ""
        reached = bool(values) and all(v >= t for v, t in zip(values, targets, strict=False))
        what = "window / whole file" if len(targets) > 1 else "notes"
        rows.append(
            (
                f"{task} {kind.upper()}, never heard ({SPLITS[task]}), {what}",
                {"composer": "", "instrument": {"cnn": "0.743", "lstm": "0.716"}[kind]}[task]
                + " on the full test split" * (task == "instrument"),
                " / ".join(f"≥ {t:.2f}" for t in targets),
                " / ".join(f"{v:.3f}" for v in _values(seen)) if seen else NOT_MEASURED,
                f"{told}, `{live['model']}`" if live else NOT_MEASURED,
                _verdict(reached if live else None),
            )
        )
    for condition, most in (("neutral", 3.0), ("played", 6.0)):
        lost = _lost(measured, condition)
        rows.append(
            (
                f"composers: points lost from as-is to {condition}, windows",
                "",
                f"≤ {most:g}",
                "",
                "; ".join(f"{v:+.1f} `{name}`" for name, v in lost.items()) or NOT_MEASURED,
                _verdict(max(lost.values()) <= most if len(lost) > 1 else None),
            )
        )
    rows.append(_splice_row(measured))
    rows += _shipped_rows(manifests)
    head: tuple[str, ...] = (
        "what",
        "seed",
        "to reach",
        "the paper's preset here",
        "best here",
        "reached",
    )
    return table(head, rows)


def _splice_row(measured: Measured) -> tuple[str, ...]:
    found = _of(measured, "splices")
    told = [
        f"{_delay(m['window']['median'])} (smoothed {_delay(m['smoothed']['median'])}) "
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


def _shipped_rows(manifests: dict[str, Manifest]) -> list[tuple[str, ...]]:
    errors, lost = {}, {}
    for name, manifest in manifests.items():
        first = next(iter(manifest.figures.get("held_out", {}).values()), None)
        if first:
            errors[name] = float(first["ece"])
        if quantised := manifest.figures.get("quantised"):
            points = 100 * (quantised["accuracy_float32"] - quantised["accuracy"])
            lost[name] = (points, float(quantised["size_ratio"]))
    return [
        (
            "ECE after calibration, cross-validated",
            "",
            "≤ 0.05",
            "",
            "; ".join(f"{e:.3f} `{name}`" for name, e in errors.items()) or NOT_MEASURED,
            _verdict(max(errors.values()) <= 0.05 if errors else None),
        ),
        (
            "quantised against float: points lost / share of the size",
            "",
            "≤ 1.0 / ≤ 0.3",
            "",
            "; ".join(f"{p:+.1f} / {s:.2f} `{n}`" for n, (p, s) in lost.items()) or NOT_MEASURED,
            _verdict(all(p <= 1 and s <= 0.3 for p, s in lost.values()) if lost else None),
        ),
    ]


def _protocols(measured: Measured) -> list[str]:
    rows = [
        (
            f"`{m['model']}`",
            m["protocol"],
            m["files"],
            m["windows"],
            f"{m['folds']} x {m['epochs']}",
            f"{m['accuracy']:.3f} ± {m['deviation']:.3f}",
            f"{m['precision']:.3f}",
            f"{m['recall']:.3f}",
            f"{m['macro_f1']:.3f}",
            REPORTED.get(m["model"], "") if m["protocol"] == "paper" else "",
        )
        for m in _of(measured, "folds")
    ]
    head: tuple[str, ...] = (
        "preset",
        "protocol",
        "files",
        "windows",
        "folds x epochs",
        "accuracy ± deviation",
    )
    head += ("precision", "recall", "F1", "the paper reports")
    return _section(
        "The seed papers' protocols",
        "Means over the folds. Presets that end in `-paper` are the papers' systems, the others "
        "our own networks on the same windows, without the augmentation of sound that the live "
        "models get. The papers trained 50 epochs on 87,500 notes, 100 on up to 1,000 segments a "
        "composer, and 300 on note sequences: rows with fewer are what this machine had time for.",
        table(head, rows) if rows else [],
    )


def _comparisons(measured: Measured) -> list[str]:
    rows = [
        (
            f"`{m['model'][0]}` against `{m['model'][1]}`",
            m["protocol"],
            len(m["accuracies"][0]),
            f"{m['means'][0]['accuracy']:.3f} / {m['means'][1]['accuracy']:.3f}",
            f"{m['means'][0]['macro_f1']:.3f} / {m['means'][1]['macro_f1']:.3f}",
            f"{m['difference']:+.3f} ({m['interval'][0]:+.3f} to {m['interval'][1]:+.3f})",
            f"{m['items']} {m['paired']}, {m['clusters']} clusters",
            f"{m['wilcoxon']['p']:.4f}",
            f"{m['wilcoxon']['least_p']:.4f}",
        )
        for m in _of(measured, "compare")
    ]
    head: tuple[str, ...] = (
        "two systems",
        "protocol",
        "folds",
        "accuracy",
        "F1",
        "difference (95% interval)",
    )
    head += ("paired over", "Wilcoxon p", "least p with so many folds")
    return _section(
        "CNN against LSTM",
        "The interval comes from a paired bootstrap that draws instruments or works; Wilcoxon's "
        "signed-rank test pairs the folds' accuracies.",
        table(head, rows) if rows else [],
    )


def _live(measured: Measured, plots: Path) -> list[str]:
    found = [m for m in _of(measured, "evaluate") if m["condition"] == "as-is"]
    lines: list[str] = []
    for m in found:
        rows = [
            (label, c["n"], f"{c['precision']:.2f}", f"{c['recall']:.2f}", f"{c['f1']:.2f}")
            for label, c in m["per_class"].items()
            if c["n"]
        ]
        plot = _plot(plots, f"confusion {m['model']} {m['data']}")
        confusion(plot, m)
        files = m.get("by_file")
        whole = f" Whole files: **{files['accuracy']:.1%}** of {files['n']}." if files else ""
        lines += [
            f"### `{m['model']}` on {m['data']}",
            "",
            f"Windows: **{m['accuracy']:.1%}** of {m['n']}, macro F1 {m['macro_f1']:.3f}, expected "
            f"calibration error {m['ece']:.3f}.{whole}",
            "",
            *table(("label", "windows", "precision", "recall", "F1"), rows),
            "",
            f"![Confusion matrix of {m['model']} on {m['data']}]({plots.name}/{plot.name})",
            "",
        ]
    return _section("The models that ship", "", lines)


def _conditions(measured: Measured) -> list[str]:
    rows = []
    for name in sorted({m["model"] for m in _of(measured, "evaluate") if _is_composer(m)}):
        found = {m["condition"]: m for m in _of(measured, "evaluate", model=name)}
        cells = [_accuracies(found.get(c)) for c in ("as-is", "neutral", "played")]
        rows.append((f"`{name}`", *cells))
    return _section(
        "Composers by what they wrote, not by how the file was made",
        "Windows / whole files. *Neutral*: every part on one piano, with a player's velocities. "
        "*Played*: rubato, onsets off the beat and articulation on top.",
        table(("model", "as-is", "neutral", "played"), rows) if rows else [],
    )


def _seconds(measured: Measured, plots: Path) -> list[str]:
    found = _of(measured, "seconds")
    if not found:
        return _section("Accuracy against seconds heard", "", [])
    marks = list(found[0]["accuracy"])
    rows = [
        (f"`{m['model']}`", m["condition"], m["n"], *(f"{m['accuracy'][k]:.3f}" for k in marks))
        for m in found
    ]
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    for m, style in zip(found, ["-o", "--s", "-.^", ":v"] * len(found), strict=False):
        name = f"{m['model']}, {m['condition']}"
        axes.plot(range(len(marks)), [m["accuracy"][k] for k in marks], style, label=name)
    names = [k if k == "whole" else f"{k} s" for k in marks]
    axes.set_xticks(range(len(marks)), names)
    axes.set_ylim(0, 1)
    axes.set_ylabel("files named right")
    axes.legend(frameon=False)
    plot = _plot(plots, "seconds heard")
    figure.savefig(plot, dpi=80)
    plt.close(figure)
    head: tuple[str, ...] = (
        "model",
        "condition",
        "files",
        *(k if k == "whole" else f"{k} s" for k in marks),
    )
    return _section(
        "Accuracy against seconds heard",
        "Whole files, by the evidence that `realtime/decision.py` has gathered until then.",
        [*table(head, rows), "", f"![The same as a plot]({plots.name}/{plot.name})"],
    )


def _splices(measured: Measured) -> list[str]:
    rows = [
        (
            f"`{m['model']}`",
            m["data"],
            m["changes"],
            *(
                cell
                for how in ("window", "smoothed")
                for cell in (
                    _delay(m[how]["median"]),
                    _delay(m[how]["p90"]),
                    f"{m[how]['noticed']:.1%}",
                )
            ),
        )
        for m in _of(measured, "splices")
    ]
    head: tuple[str, ...] = ("model", "notes of", "changes", "window: median", "90%", "noticed")
    head += ("smoothed: median", "90%", "noticed")
    return _section(
        "A change of instrument",
        "An instrument plays notes for 6 s, then one of another family. The time runs from the "
        "change to the first right prediction; what is never noticed counts as longer than any.",
        table(head, rows) if rows else [],
    )


def _quantised(measured: Measured, manifests: dict[str, Manifest]) -> list[str]:
    found = [
        (m["model"], m["quantised"], m["quantised"]["size"])
        for m in _of(measured, "folds")
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
            f"{q['windows']:.0f}",
            f"{q['accuracy_float32']:.3f}",
            f"{q['accuracy']:.3f}",
            f"{q['same_label']:.1%}",
        )
        for name, q, size in found
    ]
    head: tuple[str, ...] = (
        "model",
        "size",
        "of float",
        "windows",
        "float32",
        "quantised",
        "same label",
    )
    return _section(
        "Float against quantised",
        "Under a protocol on test windows of the first fold; of the models that ship on augmented "
        "training windows.",
        table(head, rows) if rows else [],
    )


def _tuned(measured: Measured) -> list[str]:
    lines: list[str] = []
    for m in _of(measured, "tune"):
        rows = [
            (", ".join(f"{k} {v}" for k, v in row["settings"].items()), row["valid_accuracy"])
            for row in m["trials"]
        ]
        told = f"{m['runs']} runs each, {m['epochs']} epochs, {m['windows']} windows"
        lines += [f"`{m['model']}`, {told}:", "", *table(("settings", "accuracy"), rows), ""]
    return _section("Tuning", "Validation accuracy, random search with Keras Tuner.", lines)


def _pictures(measured: Measured, plots: Path) -> list[str]:
    lines: list[str] = []
    for m in _of(measured, "folds"):
        title = f"`{m['model']}`, {m['protocol']} protocol"
        matrix = _plot(plots, f"confusion {m['model']} {m['protocol']}")
        confusion(matrix, m)
        curves = _plot(plots, f"learning {m['model']} {m['protocol']}")
        _curves(curves, m)
        lines += [
            f"### {title}",
            "",
            f"![Confusion matrix, all folds together]({plots.name}/{matrix.name})",
            f"![Loss and accuracy by epoch]({plots.name}/{curves.name})",
            "",
        ]
    return _section("Confusion matrices and learning curves", "", lines)


def _curves(path: Path, m: dict[str, Any]) -> None:
    plt = pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.2), layout="constrained")
    for fold in m["by_fold"]:
        history = fold["history"]
        epochs = range(1, len(history) + 1)
        for axes, name in ((left, "loss"), (right, "accuracy")):
            axes.plot(epochs, [h[name] for h in history], color="#0072B2", alpha=0.6)
            if f"valid_{name}" in history[0]:
                valid = [h[f"valid_{name}"] for h in history]
                axes.plot(epochs, valid, "--", color="#D55E00", alpha=0.6)
    for axes, name in ((left, "loss"), (right, "accuracy")):
        axes.set_xlabel("epoch")
        axes.set_title(name)
        axes.set_ylim(bottom=0)
    left.plot([], color="#0072B2", label="training")
    if any("valid_loss" in fold["history"][0] for fold in m["by_fold"]):
        left.plot([], "--", color="#D55E00", label="validation")
    left.legend(frameon=False)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _commands(measured: Measured) -> list[str]:
    commands = [m["command"] for m in measured if m.get("command")]
    return _section(
        "The commands",
        "Data sets are named without their folders; `fit` and `compare` keep what they measure in "
        "`reports/`, `evaluate` with `--results reports`.",
        ["```", *commands, "```"] if commands else [],
    )


def _section(title: str, text: str, body: list[str]) -> list[str]:
    told = [text, ""] if text and body else []
    return [f"## {title}", "", *told, *(body or [NOT_MEASURED.capitalize() + "."]), ""]


def _of(measured: Measured, kind: str, **wanted: str) -> Measured:
    """Measurements of a kind that say so and so."""
    return [
        m for m in measured if m["kind"] == kind and all(m.get(k) == v for k, v in wanted.items())
    ]


def _evaluation(measured: Measured, model: str, data: str) -> dict[str, Any] | None:
    found = _of(measured, "evaluate", model=model, data=data, condition="as-is")
    return next(iter(found), None)


def _lost(measured: Measured, condition: str) -> dict[str, float]:
    """Points of windows' accuracy that the composer models lose under a condition."""
    lost = {}
    for model in ("composer-cnn", "composer-lstm"):
        found = {m["condition"]: m for m in _of(measured, "evaluate", model=model)}
        if {"as-is", condition} <= found.keys():
            lost[model] = 100 * (found["as-is"]["accuracy"] - found[condition]["accuracy"])
    return lost


def _is_composer(m: dict[str, Any]) -> bool:
    return str(m["data"]).startswith("composers:")


def _values(figures: dict[str, Any]) -> list[float]:
    """Accuracy of windows and, where there is such, of whole files."""
    files = figures.get("by_file")
    return [figures["accuracy"], *([files["accuracy"]] if files else [])]


def _accuracies(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return NOT_MEASURED
    return " / ".join(f"{v:.3f}" for v in _values(figures))


def _run(m: dict[str, Any] | None) -> str:
    """A protocol's accuracy and on how much it rests."""
    if m is None:
        return NOT_MEASURED
    folds = f"{m['folds']} fold{'s' * (m['folds'] > 1)}"
    return f"{m['accuracy']:.3f} ({folds} of {m['windows']} windows, {m['epochs']} epochs)"


def _verdict(reached: bool | None) -> str:
    return {None: "", True: "yes", False: "no"}[reached]


def _delay(seconds: float | None) -> str:
    return "over 6 s" if seconds is None else f"{seconds:.2f} s"


def _plot(plots: Path, name: str) -> Path:
    words = "".join(c if c.isalnum() else "-" for c in name.lower())
    return plots / f"{words}.png"
