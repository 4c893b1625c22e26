"""How long a model takes to notice that another instrument plays."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from realtime.engine import Engine
from realtime.errors import UserError
from realtime.records import STREAM_RATE, Prediction
from realtime.registry import load
from training.audio import load as read_sound
from training.datasets import Dataset
from training.inputs import Progress
from training.performance import Playback

SECONDS = 6.0
"""How long an instrument plays before another takes over."""

PACE = (0.5, 2.0)
"""Seconds from one of its notes to the next."""

CHANGES = 20
"""Changes of a stream."""

FADE = STREAM_RATE // 50


class BrokenNoteError(UserError):
    """A note cannot be read.

    Attributes:
        path: Its file.
    """

    def __init__(self, path: Path, told: str) -> None:
        super().__init__(told)
        self.path = path


class Stream(Playback):
    """Instruments that follow each other, as a source of sound.

    Attributes:
        changes: Where each instrument begins, in samples, and its label.
    """

    def __init__(self, samples: np.ndarray, changes: list[tuple[int, str]]) -> None:
        super().__init__("splices", samples)
        self.changes = changes


def splice(data: Dataset, rng: np.random.Generator) -> Stream:
    """Notes of one instrument for six seconds, then of one of another label, and so on.

    Args:
        data: Labelled notes or phrases.
        rng: Source of chance.

    Raises:
        BrokenNoteError: One that was chosen cannot be read.
        UserError: There are fewer than two labels.
    """
    by_label: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for e in sorted(data.examples, key=lambda e: str(e.path)):
        by_label[e.label][e.group].append(e.path)
    if len(by_label) < 2:
        raise UserError("a change of instrument needs sounds of two labels at least")
    n = round(SECONDS * STREAM_RATE)
    # Changes fall anywhere between two predictions.
    starts = np.arange(CHANGES + 1) * n + rng.integers(0, STREAM_RATE // 4, CHANGES + 1)
    starts[0] = 0
    samples = np.zeros(int(starts[-1]) + n, np.float32)
    ends = [*starts[1:].tolist(), len(samples)]
    changes: list[tuple[int, str]] = []
    label = ""
    for start, end in zip(starts.tolist(), ends, strict=True):
        label = str(rng.choice([name for name in by_label if name != label]))
        groups = list(by_label[label].values())
        notes = groups[int(rng.integers(len(groups)))]
        at = start
        while at < end:
            length = min(round(rng.uniform(*PACE) * STREAM_RATE), end - at)
            note = _note(notes[int(rng.integers(len(notes)))])[:length].copy()
            fade = min(FADE, len(note))
            note[len(note) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
            samples[at : at + len(note)] = note
            at += length
        changes.append((start, label))
    return Stream(samples, changes)


def delays(
    folder: Path,
    data: Dataset,
    *,
    streams: int,
    seed: int,
    progress: Progress,
    left_out: dict[str, str],
) -> dict[str, Any]:
    """Time from each change of instrument to the first right prediction.

    Both what a window says (once it is ``live``) and what the smoothed probabilities say are
    measured, at the model's own hop. A change that is never noticed before the next counts as
    longer than any.

    Args:
        folder: Model folder.
        data: Labelled notes or phrases that the model was not trained on.
        streams: Streams of 20 changes each.
        seed: Of the streams.
        progress: Told how far it has come.
        left_out: Told the notes that cannot be judged on, and why.

    Returns:
        ``changes``, and for ``window`` and ``smoothed`` the ``median`` and ``p90`` in seconds
        (None where more go unnoticed), the share ``noticed``, and the share of all predictions
        after the first change that were ``right``.

    Raises:
        UserError: The model cannot be loaded, or two labels with notes that can be read are not
            there.
    """
    model = load(folder)
    known = data.labelled(model.manifest.labels)
    left_out |= known.left_out
    found: dict[str, list[float]] = {"window": [], "smoothed": []}
    right: dict[str, list[bool]] = {"window": [], "smoothed": []}
    for k in range(streams):
        stream = _of_good_notes(known, [seed, k], left_out)
        run = Engine(stream, [model], hop=model.manifest.hop_s).run()
        said = [p for p in run if isinstance(p, Prediction)]
        ends = [at for at, _ in stream.changes[1:]] + [round((stream.length or 0) * STREAM_RATE)]
        for (at, label), end in list(zip(stream.changes, ends, strict=True))[1:]:
            mine = [p for p in said if at / STREAM_RATE < p.t <= end / STREAM_RATE]
            hits = {
                "window": [p.state == "live" and p.label == label for p in mine],
                "smoothed": [max(p.smoothed, key=p.smoothed.__getitem__) == label for p in mine],
            }
            for how, hit in hits.items():
                first = next((p.t for p, h in zip(mine, hit, strict=True) if h), np.inf)
                found[how].append(first - at / STREAM_RATE)
                right[how] += hit
        progress("streams", k + 1, streams)
    return {
        "changes": len(found["window"]),
        "seconds": SECONDS,
        **{
            how: _summed(np.array(times)) | {"right": round(float(np.mean(right[how])), 4)}
            for how, times in found.items()
        },
    }


def _of_good_notes(data: Dataset, seed: list[int], left_out: dict[str, str]) -> Stream:
    """A stream begun again without each note in it that cannot be read; ``data`` loses those."""
    while True:
        try:
            return splice(data, np.random.default_rng(seed))
        except BrokenNoteError as broken:
            left_out[str(broken.path)] = str(broken).partition(": ")[2]
            data.examples = [e for e in data.examples if e.path != broken.path]


def _summed(times: np.ndarray) -> dict[str, float | None]:
    def quantile(q: float) -> float | None:
        value = float(np.quantile(times, q, method="lower"))
        return round(value, 3) if np.isfinite(value) else None

    return {
        "median": quantile(0.5),
        "p90": quantile(0.9),
        "noticed": round(float(np.isfinite(times).mean()), 4),
    }


def _note(path: Path) -> np.ndarray:
    """A note from its first audible sample on, peak 1/2."""
    try:
        samples = read_sound(path, 5.0)
    except UserError as error:
        raise BrokenNoteError(path, str(error)) from error
    level = np.abs(samples)
    peak = max(1e-6, float(level.max()))
    start = max(0, int(np.argmax(level > 0.01 * peak)) - STREAM_RATE // 100)
    return samples[start:] * np.float32(0.5 / peak)
