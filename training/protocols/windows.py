"""Windows cut as the papers cut them: computed once, kept in a file that is read in place."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.features import build, extract
from realtime.files import whole
from realtime.records import STREAM_RATE
from training.datasets import Dataset, Example
from training.inputs import Progress
from training.inputs.pool import VERSION
from training.lock import alone
from training.performance import messages
from training.progress import say
from training.protocols.plans import Plan
from training.work import Jobs, in_order

ARRAY, DONE, LOCK = "windows.npy", "done.json", "lock"
CHUNKS = {"sounds": 200, "notes": 50, "piece-sounds": 10}
"""Files whose windows are computed and kept together: what a run that is stopped has to do again.

Synthesising a piece takes seconds, reading a note or a MIDI file milliseconds.
"""

NOTES_A_WINDOW = 100
SEQUENCES = 10
"""Sequences kept of each MIDI file, one note apart: the first paper's "first 1000 rows"."""

SEGMENT = 10
"""Seconds of a segment of a piece."""

SEGMENTS_A_LABEL = 1000


@dataclass(slots=True)
class Windows:
    """Labelled windows of one feature.

    Attributes:
        labels: Names of the classes.
        x: (n, *shape), on disk; see ``_type``.
        y: Label number of each, int64 (n,).
        files: Number of the file that each comes from, int64 (n,).
        groups: Number of its instrument or work, int64 (n,).
        keys: Which stretch of which file each is, the same for all that cut it alike, str (n,).
        left_out: Files that could not be used, and why.
    """

    labels: list[str]
    x: np.ndarray
    y: np.ndarray
    files: np.ndarray
    groups: np.ndarray
    keys: np.ndarray
    left_out: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Windows at some rows, float32 (n, *shape)."""
        return np.asarray(self.x[rows], np.float32)


def cut(
    plan: Plan, data: Dataset, *, most: int | None, jobs: Jobs, seed: int, progress: Progress
) -> Windows:
    """Cut the windows of a plan, or open those that were cut before.

    What a window holds follows from its file, the plan's feature and ``seed`` alone; the cache is
    kept under a name made of these. A run that was stopped goes on after the last ``CHUNKS`` files
    that it had done.

    - ``sounds``: the first seconds of each file.
    - ``notes``: ten sequences of 100 notes from the beginning of each file, each a note on.
    - ``piece-sounds``: each file synthesised, its peak brought to 1, cut into 10 s; at most 1000 a
      label, chosen by chance.

    Args:
        plan: What reads them.
        data: Labelled files.
        most: Windows a label at most, chosen by chance; for trying things out.
        jobs: By whom they are cut.
        seed: Of the choice.
        progress: Told how far it has come.

    Raises:
        UserError: A label has no usable file.
    """
    left_out = dict(data.left_out)
    labels = data.labels
    examples = sorted(data.examples, key=lambda e: str(e.path))
    wanted, groups = _choose(plan, examples, labels, most=most, seed=seed, left_out=left_out)
    key = {
        "version": VERSION,
        "feature": plan.feature,
        "files": [[str(e.path.resolve()), *_stamp(e.path), w] for e, w in wanted],
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]
    folder = Path("build") / "windows" / f"{plan.feature['kind']}-{digest}"
    shape = build(plan.feature).shape
    counts = [len(w) for _, w in wanted]
    folder.mkdir(0o700, parents=True, exist_ok=True)  # recordings are in it
    # Two that begin at once, as in a search that is shared, would clear what the other has written.
    with alone(folder / LOCK, lambda: say("waiting for another process that cuts the windows")):
        x, bad = _fill(folder, plan, wanted, (sum(counts), *shape), jobs=jobs, progress=progress)
    number = {e.path: i for i, (e, _) in enumerate(wanted)}
    left_out |= bad
    keep = np.repeat([str(e.path) not in bad for e, _ in wanted], counts)
    windows = Windows(
        labels,
        x,
        np.repeat([labels.index(e.label) for e, _ in wanted], counts),
        np.repeat([number[e.path] for e, _ in wanted], counts),
        np.repeat([groups[e.path] for e, _ in wanted], counts),
        np.array([f"{_name(e.path)}#{plan.reads}-{start}" for e, w in wanted for start in w]),
        left_out,
    )
    if not keep.all():
        windows = _only(windows, np.flatnonzero(keep))
    for i, label in enumerate(labels):
        if not np.any(windows.y == i):
            raise UserError(f"label {label!r}: none of its files can be used")
    return windows


def in_common(first: Windows, second: Windows) -> tuple[Windows, Windows]:
    """Two sets of windows of the same data, of the files that are in both alone.

    The second gets the first's numbers of instruments or works, so that both are split alike: which
    works resemble each other depends on the files that are asked about.
    """
    names = [[key.rpartition("#")[0] for key in w.keys.tolist()] for w in (first, second)]
    both = set(names[0]) & set(names[1])
    a, b = (
        windows
        if both.issuperset(mine)
        else _only(windows, np.flatnonzero([n in both for n in mine]))
        for windows, mine in zip((first, second), names, strict=True)
    )
    group = dict(zip(names[0], first.groups.tolist(), strict=True))
    return a, replace(b, groups=np.array([group[n] for n in names[1] if n in both], np.int64))


def _only(windows: Windows, rows: np.ndarray) -> Windows:
    return Windows(
        windows.labels,
        _Rows(windows.x, rows),  # type: ignore[arg-type]  # indexed by rows, as the array is
        windows.y[rows],
        windows.files[rows],
        windows.groups[rows],
        windows.keys[rows],
        windows.left_out,
    )


class _Rows:
    """Some rows of an array on disk, without a copy of them."""

    def __init__(self, x: np.ndarray, rows: np.ndarray) -> None:
        self._x, self._rows = x, rows
        self.shape = (len(rows), *x.shape[1:])

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        result: np.ndarray = self._x[self._rows[rows]]
        return result


def _choose(
    plan: Plan,
    examples: Sequence[Example],
    labels: Sequence[str],
    *,
    most: int | None,
    seed: int,
    left_out: dict[str, str],
) -> tuple[list[tuple[Example, list[int]]], dict[Path, int]]:
    """Which windows of which files, and each file's group."""
    numbers: dict[str, int] = {}
    groups: dict[Path, int] = {}
    available: list[tuple[Example, int]] = []
    if plan.reads == "sounds":
        available = [(e, 1) for e in examples]
        groups = {e.path: numbers.setdefault(e.group, len(numbers)) for e in examples}
    else:
        from training.datasets import works
        from training.datasets.midi import load

        pieces = []
        for e in examples:
            try:
                notes = load(e.path)
            except UserError as error:
                left_out[str(e.path)] = str(error).partition(": ")[2]
                continue
            if plan.reads == "notes":
                n = min(SEQUENCES, len(notes) - NOTES_A_WINDOW + 1)
                problem = f"only {len(notes)} notes" if n < 1 else ""
            else:
                n = int((notes.onsets + notes.durations).max() // SEGMENT)
                problem = f"shorter than {SEGMENT} s" if n < 1 else ""
            if problem:
                left_out[str(e.path)] = problem
            else:
                available.append((e, n))
                pieces.append(notes)
        works_of = works.groups(pieces).tolist() if pieces else []
        groups = {e.path: g for (e, _), g in zip(available, works_of, strict=True)}
    limit = SEGMENTS_A_LABEL if plan.reads == "piece-sounds" else None
    limit = most if limit is None else min(limit, most or limit)
    rng = np.random.default_rng([seed, 1])
    chosen: list[tuple[Example, list[int]]] = []
    for label in labels:
        places = [
            (i, k) for i, (e, n) in enumerate(available) if e.label == label for k in range(n)
        ]
        if limit is not None and len(places) > limit:
            kept = sorted(rng.permutation(len(places))[:limit].tolist())
            places = [places[j] for j in kept]
        by_file: dict[int, list[int]] = {}
        for i, k in places:
            by_file.setdefault(i, []).append(k)
        chosen += [(available[i][0], starts) for i, starts in by_file.items()]
    return chosen, groups


def _fill(
    folder: Path,
    plan: Plan,
    wanted: Sequence[tuple[Example, list[int]]],
    shape: tuple[int, ...],
    *,
    jobs: Jobs,
    progress: Progress,
) -> tuple[np.ndarray, dict[str, str]]:
    """The array on disk, computed from where it was left, and the files that are bad."""
    x, done, left_out = _begun(folder, shape, _type(plan.feature))
    row = sum(len(starts) for _, starts in wanted[:done])
    rest = wanted[done:]
    size = CHUNKS[plan.reads]
    parts = [rest[i : i + size] for i in range(0, len(rest), size)]
    tasks = [[(os.path.abspath(e.path), starts) for e, starts in part] for part in parts]
    compute = partial(_compute, plan.reads, plan.feature)
    if rest:
        progress("files", done, len(wanted))
    for part, made in zip(parts, in_order(compute, tasks, jobs), strict=True):
        for (example, starts), result in zip(part, made, strict=True):
            if isinstance(result, str):
                left_out[str(example.path)] = result
            else:
                x[row : row + len(starts)] = result
            row += len(starts)
        done += len(part)
        x.flush()
        with whole(folder / DONE) as new:
            new.write_text(json.dumps({"files": done, "left_out": left_out}), "utf-8")
        progress("files", done, len(wanted))
    return np.lib.format.open_memmap(folder / ARRAY, mode="r"), left_out


def _type(feature: dict[str, Any]) -> type[np.floating]:
    """float16 is enough for what was measured, and not for numbers of patterns."""
    return np.float32 if feature.get("patterns") else np.float16


def _begun(
    folder: Path, shape: tuple[int, ...], kind: type[np.floating]
) -> tuple[np.memmap, int, dict[str, str]]:
    """The array on disk, how many files are in it, and those that are bad.

    Raises:
        UserError: They are damaged.
    """
    array, done = folder / ARRAY, folder / DONE
    if not array.exists() or not done.exists():
        return np.lib.format.open_memmap(array, "w+", kind, shape), 0, {}
    try:
        x = np.lib.format.open_memmap(array, mode="r+")
        state = json.loads(done.read_text("utf-8"))
        files, left_out = int(state["files"]), dict(state["left_out"])
    except Exception as error:  # a header is Python source, and fails in as many ways
        reason = (str(error).splitlines() or ["no reason"])[0]
        raise UserError(f"{array}: damaged ({reason}); delete {folder}, it is made anew") from error
    if (x.dtype, x.shape) != (kind, shape) or files < 0:
        raise UserError(f"{array}: damaged (other windows); delete {folder}, it is made anew")
    return x, files, {name: str(reason) for name, reason in left_out.items()}


def _compute(
    reads: str, feature: dict[str, Any], part: Sequence[tuple[str, list[int]]]
) -> list[np.ndarray | str]:
    """Windows of each file, (n, *shape), or what is wrong with it."""
    made: Any = build(feature)
    results: list[np.ndarray | str] = []
    readers = {"sounds": _sounds, "notes": _sequences, "piece-sounds": _segments}
    for path, starts in part:
        try:
            windows = np.stack(list(readers[reads](made, Path(path), starts)))
            results.append(windows.astype(_type(feature)))
        except UserError as error:
            results.append(str(error).partition(": ")[2] or str(error))
    return results


def _sounds(feature: Any, path: Path, starts: Sequence[int]) -> Iterator[np.ndarray]:
    from training.audio import load

    n = feature.window_samples
    samples = load(path, n / STREAM_RATE)[:n]
    yield extract(feature, np.pad(samples, (0, n - len(samples))))


def _sequences(feature: Any, path: Path, starts: Sequence[int]) -> Iterator[np.ndarray]:
    """The same 100 notes, whatever the feature makes of them."""
    from training.datasets.midi import load

    notes = load(path)
    for start in starts:
        part = notes.take(slice(start, start + NOTES_A_WINDOW))
        sent = messages(replace(part, onsets=part.onsets - part.onsets[0]))
        feature.reset()
        feature.push(sent, sent[-1].position)
        yield feature.window()


def _segments(feature: Any, path: Path, starts: Sequence[int]) -> Iterator[np.ndarray]:
    from realtime.sources.midi_file import MidiFile
    from realtime.synth import Synth

    n = SEGMENT * STREAM_RATE
    with Synth() as synth, MidiFile(path, strict=False) as source:
        parts = [synth.render(block.messages, block.end) for block in source]
    samples = np.concatenate(parts)
    samples = samples / np.float32(max(1e-6, np.abs(samples).max()))
    for k in starts:
        segment = samples[k * n : (k + 1) * n]
        yield extract(feature, np.pad(segment, (0, n - len(segment))))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        info = path.stat()
    except OSError:
        return (0, 0)
    return (info.st_size, info.st_mtime_ns)


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
