"""How often a model knows that it does not know: on sounds that none of its labels fits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from realtime.errors import UserError
from realtime.registry import load, read_manifest
from training.datasets import Dataset, Example
from training.evaluate import hear, open_source
from training.inputs import Progress


def unknown(
    folder: Path, data: Dataset, *, jobs: int, progress: Progress, left_out: dict[str, str]
) -> dict[str, Any]:
    """Play sounds that are no instrument, or no music, and count what passes for a label.

    A window that is full counts; of a file too short for one, the last window does. What lies under
    the level gate is silence, and left aside.

    Args:
        folder: Model folder.
        data: Sound files; their labels are kinds of sound.
        jobs: Processes.
        progress: Told how far it has come.
        left_out: Told the files that cannot be heard, and why.

    Returns:
        ``files`` and ``n`` windows, the share that was ``unknown``, for each of ``kinds`` the same,
        and ``taken_for``, the windows that passed by the label they passed for.

    Raises:
        UserError: The model cannot be loaded or has no unknown, or no file could be heard.
    """
    from joblib import Parallel, delayed

    manifest = read_manifest(folder)
    below = manifest.calibration.get("unknown_below")
    if not below:
        raise UserError(f"{manifest.name} never says unknown: it is of no use to ask it")
    load(folder)
    kinds: dict[str, list[np.ndarray]] = {}
    work = Parallel(n_jobs=jobs, return_as="generator")
    answers = work(delayed(_answers)(folder, e) for e in data.examples)
    for done, (example, said) in enumerate(zip(data.examples, answers, strict=True), start=1):
        progress("files", done, len(data.examples))
        if isinstance(said, str):
            left_out[str(example.path)] = said
        else:
            kinds.setdefault(example.label, []).append(said)
    if not kinds:
        reason = next(iter(left_out.values()), "there are none")
        raise UserError(f"no file that {manifest.name} can be judged on ({reason})")
    files = [probs for parts in kinds.values() for probs in parts]
    heard = np.concatenate(files)
    passed = heard[heard.max(axis=1) >= below].argmax(axis=1).tolist()
    taken = Counter(manifest.labels[i] for i in passed)
    return {
        **_share(files, below),
        "kinds": {kind: _share(parts, below) for kind, parts in sorted(kinds.items())},
        "taken_for": dict(taken.most_common()),
    }


def _answers(folder: Path, example: Example) -> np.ndarray | str:
    """Probabilities of a file's windows, (n, n_labels), or why there are none."""
    try:
        windows, _ = hear(load(folder), open_source(example.path))
    except UserError as error:
        return str(error).partition(": ")[2] or str(error)
    audible = [probs for probs in windows if any(probs)]
    return np.array(audible) if audible else "nothing in it is above the level gate"


def _share(parts: list[np.ndarray], below: float) -> dict[str, Any]:
    best = np.concatenate(parts).max(axis=1)
    return {"files": len(parts), "n": len(best), "unknown": round(float(np.mean(best < below)), 4)}
