"""The last part of ``rt-train fit``: export, calibrate, judge, and write the model's folder."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime.registry import SHIPPED, Manifest
from training import card, distil, export, start, stepwise, unknown
from training.datasets import Dataset, licences
from training.evaluate import Heard, calibration_chance, calibration_error, listen, report
from training.fit import trained
from training.inputs import Inputs, Progress
from training.presets import Preset
from training.progress import name_left_out

COMPARED = 1000
"""Augmented training windows on which the quantised network is held against the float one, where
there is no held-out data."""


def ship(
    preset: Preset,
    inputs: Inputs,
    work: Path,
    folder: Path,
    *,
    data: Dataset,
    layouts: list[str],
    held_out: dict[str, Dataset],
    command: str,
    jobs: int,
    progress: Progress,
    measured: dict[str, Heard] | None = None,
) -> Manifest:
    """Make a model folder of a trained network.

    The temperature is fitted on the first held-out set, and so is the threshold for ``unknown``.
    The calibration error given for that set is cross-validated: each half of its files is measured
    with the temperature of the other half.

    Args:
        preset: What was trained.
        inputs: What it was trained on.
        work: Folder of its checkpoint.
        folder: Model folder to write.
        data: The training data, to be counted in the card.
        layouts: Where that came from.
        held_out: Data sets it was not trained on, by name.
        command: How to build it again.
        jobs: Processes that judge it.
        progress: Told how far that has come.
        measured: What networks trained likewise heard of data that they were not trained on, by
            name; it counts as the first held-out set.
    """
    model = trained(work, preset)
    gate = unknown.fit_gate(model, inputs, jobs=jobs, progress=progress) if preset.gated else None
    content = export.convert(model, preset, inputs, preset.quantisation, gate)
    exact = export.convert(model, preset, inputs, "float32", gate)
    figures: dict[str, Any] = {}
    training = {
        "command": command,
        "files": len(data.examples),
        "files_by_label": dict(sorted(data.counts.items())),
        "left_out": len(inputs.left_out),
        "licences": licences(layouts, preset.start),
        "schedule": asdict(preset.schedule),
        "network": preset.network,
    }
    if preset.ear:
        training["ear"] = asdict(preset.ear)
    if preset.start:
        training["start"] = preset.start
    if preset.teacher:
        digest = distil.digest(SHIPPED / preset.teacher)
        training["teacher"] = {"name": preset.teacher, "sha256": digest}
    calibration = {"temperature": 1.0, "unknown_below": preset.unknown_below}

    def write(folder: Path, content: bytes) -> Manifest:
        return export.write(
            folder,
            preset,
            inputs.labels,
            content,
            calibration=calibration,
            training=training,
            figures=figures,
        )

    write(folder, content)
    heard = (measured or {}) | {
        name: listen(folder, known, jobs=jobs, progress=progress)
        for name, known in held_out.items()
    }
    for each in heard.values():
        name_left_out(each.left_out)
    size_ratio = round(len(content) / len(exact), 3)
    if held_out:
        name = next(iter(held_out))
        with tempfile.TemporaryDirectory() as beside:
            write(Path(beside), exact)
            meant = listen(Path(beside), held_out[name], jobs=jobs, progress=progress)
        figures["quantised"] = _compare(heard[name].probs, meant.probs, meant.truth)
        figures["quantised"] |= {"on": name, "size_ratio": size_ratio}
    else:
        figures["quantised"] = _compare_training(content, exact, inputs)
        figures["quantised"]["size_ratio"] = size_ratio
    if heard:
        first = next(iter(heard.values()))
        calibration["temperature"] = round(export.temperature(first.probs, first.truth), 3)
        crossed = round(_crossed(first), 4)
        heard = {k: _scaled(h, calibration["temperature"]) for k, h in heard.items()}
        first = next(iter(heard.values()))
        calibration["unknown_below"] = unknown.threshold(first.probs)
        chance = round(calibration_chance(first.probs), 4)
        figures["held_out"] = {name: report(h) for name, h in heard.items()}
        figures["held_out"][next(iter(heard))] |= {"ece": crossed, "ece_by_chance": chance}
    if gate is not None:
        others = unknown.foreign_windows(
            preset.feature, unknown.JUDGED, unknown.JUDGE, jobs=jobs, progress=progress
        )
        figures["unknown"] = _unknown(content, calibration, heard, others)
    manifest = write(folder, content)
    card.write(folder, manifest, work)
    if stepwise.suits(preset):
        form = stepwise.convert(model, preset, gate)
        _ship_streaming(folder, manifest, form, held_out, jobs=jobs, progress=progress)
    if preset.inputs == "sounds" and not preset.start:
        start.write(folder, model)
    return manifest


def _ship_streaming(
    folder: Path,
    manifest: Manifest,
    content: bytes,
    held_out: dict[str, Dataset],
    *,
    jobs: int,
    progress: Progress,
) -> None:
    """Write the streaming form's folder beside the model's own, judged on the same data."""
    beside = folder.with_name(manifest.name + stepwise.SUFFIX)
    form = replace(manifest, name=beside.name, streaming=True, quantisation="dynamic", figures={})
    form = export.keep(beside, form, content)
    heard = {
        name: listen(beside, known, jobs=jobs, progress=progress)
        for name, known in held_out.items()
    }
    if heard:
        figures = {"held_out": {name: report(h) for name, h in heard.items()}}
        form = export.keep(beside, replace(form, figures=figures), content)
    card.write(beside, form)


def headline(manifest: Manifest) -> str:
    """The figures in a line."""
    held_out = manifest.figures.get("held_out", {})
    parts = []
    for name, figures in held_out.items():
        files = f", files {figures['by_file']['accuracy']:.3f}" if "by_file" in figures else ""
        parts.append(f"{name}: windows {figures['accuracy']:.3f}{files}, ECE {figures['ece']:.3f}")
    return "; ".join(parts) or "not judged: no --held-out data"


def _compare(said: np.ndarray, meant: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """What a quantised network says of windows beside what the float one does, (n, n_labels)."""
    labels, exact = said.argmax(axis=1), meant.argmax(axis=1)
    return {
        "windows": len(truth),
        "accuracy": round(float(np.mean(labels == truth)), 4),
        "accuracy_float32": round(float(np.mean(exact == truth)), 4),
        "same_label": round(float(np.mean(labels == exact)), 4),
    }


def _compare_training(content: bytes, exact: bytes, inputs: Inputs) -> dict[str, Any]:
    windows, targets = inputs.draw(COMPARED, np.random.default_rng(COMPARED))
    known = targets.max(axis=1) > 0.5
    said, meant = (export.outputs(network, windows[known]) for network in (content, exact))
    return _compare(said, meant, targets[known].argmax(axis=1))


def _unknown(
    content: bytes,
    calibration: dict[str, float],
    heard: dict[str, Heard],
    others: dict[str, np.ndarray],
) -> dict[str, dict[str, float]]:
    """Share of windows that are called unknown: of held-out data, and of foreign sounds by kind.

    Foreign windows are read as a whole, also by a network that follows a stream.
    """

    def share(probs: np.ndarray) -> float:
        return round(float(np.mean(probs.max(axis=1) < calibration["unknown_below"])), 4)

    return {
        "held_out": {name: share(h.probs) for name, h in heard.items()},
        "foreign": {
            kind: share(_temper(export.outputs(content, windows), calibration["temperature"]))
            for kind, windows in others.items()
        },
    }


def _crossed(heard: Heard) -> float:
    """Calibration error of each half of the files at the temperature of the other half."""
    half = np.random.default_rng(0).permutation(len(heard.file_truth)) % 2
    in_first = half[heard.files] == 0
    if in_first.all() or not in_first.any():
        return calibration_error(heard.probs, heard.truth)
    probs = heard.probs.copy()
    for mine in (in_first, ~in_first):
        t = export.temperature(heard.probs[~mine], heard.truth[~mine])
        probs[mine] = _temper(heard.probs[mine], t)
    return calibration_error(probs, heard.truth)


def _scaled(heard: Heard, temperature: float) -> Heard:
    return replace(heard, probs=_temper(heard.probs, temperature))


def _temper(probs: np.ndarray, temperature: float) -> np.ndarray:
    powers = np.maximum(probs, 1e-9) ** (1 / temperature)
    heard = probs.any(axis=1, keepdims=True)  # what lay under the level gate stays without answer
    return np.where(heard, powers / powers.sum(axis=1, keepdims=True), 0.0)
