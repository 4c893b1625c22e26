"""How good a model folder is on labelled files, heard through the engine that people run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from realtime.engine import Engine
from realtime.errors import UserError
from realtime.records import Prediction, Summary
from realtime.registry import Model, load, read_manifest
from realtime.sources import Source
from training.datasets import Dataset, Example
from training.inputs import Progress
from training.statistics import interval

LONGEST_HOP = 10.0
"""Most seconds between the windows that count. They follow each other without overlap, but those of
a minute of sound, or of notes, which would be too few to tell much."""

FILE_HOP = 1.0
"""Seconds between the windows whose evidence names a whole file, as in a live session."""


@dataclass(slots=True)
class Heard:
    """What a model said of every file.

    Attributes:
        labels: The model's labels.
        truth: Label number of each window, int64 (n,).
        probs: Calibrated probabilities of each window, float64 (n, n_labels); all 0 for one that
            lay under the level gate.
        files: File number of each window, int64 (n,).
        file_truth: Label number of each file, int64 (n_files,).
        file_said: What it is named by the evidence at its end, int64 (n_files,); -1 for nothing.
        left_out: Files that could not be heard, and why.
        file_groups: Number of its instrument or work, int64 (n_files,); empty where not known.
    """

    labels: list[str]
    truth: np.ndarray
    probs: np.ndarray
    files: np.ndarray
    file_truth: np.ndarray
    file_said: np.ndarray
    left_out: dict[str, str] = field(default_factory=dict)
    file_groups: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))


def listen(
    folder: Path,
    data: Dataset,
    *,
    jobs: int,
    progress: Progress,
    opened: Callable[[Path], Source] | None = None,
) -> Heard:
    """Play every file to a model.

    A window that is full counts; of a file too short for one, the last window does.

    Args:
        folder: Model folder.
        data: Labelled files, sound or MIDI.
        jobs: Processes.
        progress: Told how far it has come.
        opened: Makes a source of a path; ``open_source`` by default.

    Raises:
        UserError: The model cannot be loaded, or no file could be heard.
    """
    from joblib import Parallel, delayed

    manifest = read_manifest(folder)
    load(folder)
    labels = list(manifest.labels)
    data = data.labelled(labels)
    known, left_out = data.examples, data.left_out
    parts = [known[i : i + 25] for i in range(0, len(known), 25)]
    work = Parallel(n_jobs=jobs, return_as="generator")
    results: list[tuple[Example, list[list[float]], str | None, str]] = []
    for part in work(delayed(_listen_to)(folder, part, opened or open_source) for part in parts):
        results += part
        progress("files", len(results), len(known))
    truth: list[int] = []
    probs: list[list[float]] = []
    files: list[int] = []
    file_truth: list[int] = []
    file_said: list[int] = []
    groups: dict[str, int] = {}
    file_groups: list[int] = []
    for example, windows, label, problem in results:
        if problem:
            left_out[str(example.path)] = problem
            continue
        number = labels.index(example.label)
        truth += [number] * len(windows)
        files += [len(file_truth)] * len(windows)
        probs += windows
        file_truth.append(number)
        file_said.append(-1 if label is None else labels.index(label))
        file_groups.append(groups.setdefault(example.group, len(groups)))
    if not truth:
        reasons = sorted(left_out.values(), key=lambda told: not told.startswith("label"))
        reason = next(iter(reasons), "there are none")
        raise UserError(f"no file that {folder.name} can be judged on ({reason})")
    return Heard(
        labels,
        np.array(truth),
        np.array(probs),
        np.array(files),
        np.array(file_truth),
        np.array(file_said),
        left_out,
        np.array(file_groups),
    )


def _listen_to(
    folder: Path, examples: Sequence[Example], opened: Callable[[Path], Source]
) -> list[tuple[Example, list[list[float]], str | None, str]]:
    """Windows' probabilities, the file's label, or what is wrong with it, for each file."""
    model = load(folder)
    results = []
    for example in examples:
        windows: list[list[float]] = []
        label = None
        problem = ""
        try:
            windows, label = hear(model, opened(example.path))
            if len(windows) > 1:
                label = file_label(model, opened(example.path))
            problem = "" if windows else "too short to be heard"
        except UserError as error:
            problem = str(error).partition(": ")[2] or str(error)
        results.append((example, windows, label, problem))
    return results


def hear(model: Model, source: Source) -> tuple[list[list[float]], str | None]:
    """Probabilities of the windows that count, and the label of all of them.

    Raises:
        UserError: The source cannot be read.
    """
    length = model.manifest.window_s
    hop = min(length or LONGEST_HOP, LONGEST_HOP)
    windows: list[Prediction] = []
    label = None
    for record in Engine(source, [model], hop=hop).run():
        if isinstance(record, Prediction):
            windows.append(record)
        elif isinstance(record, Summary):
            label = record.models[model.manifest.name].label
    full = [p for p in windows if p.state != "warming" and p.label is not None]
    if length is not None:  # the last window of a file may lie within the one before
        full = [p for p in full if p.t >= length and abs(p.t / hop - round(p.t / hop)) < 1e-6]
    return [list(p.probs.values()) for p in full or windows[-1:]], label


def file_label(model: Model, source: Source, seconds: float | None = None) -> str | None:
    """What a file is named in a live session; None for nothing.

    Args:
        model: Who hears it.
        source: The file.
        seconds: How much of it is heard; all by default.

    Raises:
        UserError: It cannot be read.
    """
    for record in Engine(source, [model], hop=FILE_HOP, duration=seconds).run():
        if isinstance(record, Summary):
            return record.models[model.manifest.name].label
    return None


def open_source(path: Path) -> Source:
    """A file as the data sets hold them; hobbyists' MIDI with hanging notes is repaired."""
    from realtime.sources.midi_file import MidiFile
    from realtime.sources.open import open_file

    if path.suffix.lower() in (".mid", ".midi"):
        return MidiFile(path, strict=False)
    return open_file(path)


def report(heard: Heard) -> dict[str, Any]:
    """The figures of an evaluation, ready for JSON.

    Returns:
        ``n``, ``unheard`` (windows under the level gate, which count as missed), ``accuracy``,
        ``macro_f1``, ``labels``, ``confusion`` (rows are the truth; without what was unheard),
        ``per_class``, ``ece`` over 15 bins, ``by_file`` where files hold several windows, and
        where instruments or works are known their number, ``groups``, and the 95% ``interval`` of
        ``accuracy`` over others like them.
    """
    said = answers(heard.probs)
    n_labels = len(heard.labels)
    confusion = np.zeros((n_labels, n_labels), np.int64)
    np.add.at(confusion, (heard.truth[said >= 0], said[said >= 0]), 1)
    hits = np.diag(confusion)
    windows = np.bincount(heard.truth, minlength=n_labels)
    precision = hits / np.maximum(1, confusion.sum(axis=0))
    recall = hits / np.maximum(1, windows)
    f1 = 2 * precision * recall / np.maximum(1e-12, precision + recall)
    present = windows > 0
    figures: dict[str, Any] = {
        "n": len(said),
        "unheard": int(np.sum(said < 0)),
        "accuracy": _rounded(np.mean(said == heard.truth)),
        "macro_f1": _rounded(f1[present].mean()),
        "labels": heard.labels,
        "confusion": confusion.tolist(),
        "per_class": {
            label: {
                "n": int(windows[i]),
                "precision": _rounded(precision[i]),
                "recall": _rounded(recall[i]),
                "f1": _rounded(f1[i]),
            }
            for i, label in enumerate(heard.labels)
        },
        "ece": _rounded(calibration_error(heard.probs, heard.truth)),
    }
    if len(heard.files) > len(heard.file_truth):
        figures["by_file"] = {
            "n": len(heard.file_truth),
            "accuracy": _rounded(np.mean(heard.file_said == heard.file_truth)),
        }
    if len(heard.file_groups):
        groups = heard.file_groups[heard.files]
        figures["groups"] = len(np.unique(groups))
        figures["interval"] = list(interval(said == heard.truth, groups))
    return figures


def answers(probs: np.ndarray) -> np.ndarray:
    """The likeliest label of each window.

    Args:
        probs: (n, n_labels).

    Returns:
        Label numbers, int64 (n,); -1 where all are 0, for a window under the level gate.
    """
    return np.where(probs.any(axis=1), probs.argmax(axis=1), -1)


def calibration_error(probs: np.ndarray, truth: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error (Guo et al., 2017): confidence against accuracy, bin by bin.

    Args:
        probs: (n, n_labels).
        truth: Label numbers, (n,).
        bins: Of equal width over the confidence.
    """
    confidence, right = probs.max(axis=1), answers(probs) == truth
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    groups: dict[int, list[int]] = defaultdict(list)
    for i, b in enumerate(bin_of.tolist()):
        groups[b].append(i)
    gaps = [len(g) * abs(right[g].mean() - confidence[g].mean()) for g in groups.values()]
    return float(sum(gaps) / len(truth))


def calibration_chance(probs: np.ndarray, draws: int = 200) -> float:
    """The calibration error that confidences which are exactly right would show by chance.

    Few windows do not fall as their probabilities say; no network can be told to be better than
    this. Windows of the same file err together, which makes it larger still.

    Args:
        probs: (n, n_labels).
        draws: Sets of windows, right or wrong at random, to average over.
    """
    rng = np.random.default_rng(0)
    confidence = probs.max(axis=1)
    errors = []
    for _ in range(draws):
        right = rng.random(len(probs)) < confidence
        errors.append(calibration_error(probs, np.where(right, answers(probs), -1)))
    return float(np.mean(errors))


def _rounded(value: float) -> float:
    return round(float(value), 4)
