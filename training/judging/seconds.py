"""How often a model is right after so many seconds of a piece, by the evidence until then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from realtime.errors import UserError
from realtime.registry import load, read_manifest
from realtime.sources import Source
from training.datasets import Dataset, Example
from training.evaluate import file_label
from training.inputs import Progress

MARKS: tuple[float | None, ...] = (4, 10, 30, 60, None)


def heard(
    folder: Path,
    data: Dataset,
    *,
    opened: Callable[[Path], Source],
    jobs: int,
    progress: Progress,
    left_out: dict[str, str],
) -> dict[str, Any]:
    """Play each file for 4, 10, 30 and 60 s and to its end, and take what the summary says.

    A file that is shorter counts with all it has. One of which nothing was heard counts as wrong.

    Args:
        folder: Model folder.
        data: Labelled files.
        opened: Makes a source of a path.
        jobs: Processes.
        progress: Told how far it has come.
        left_out: Told the files that cannot be judged on, and why.

    Returns:
        ``n`` files, how many are ``left_out``, and ``accuracy`` by seconds, ``"whole"`` for the
        whole file.

    Raises:
        UserError: The model cannot be loaded, or no file could be heard.
    """
    from joblib import Parallel, delayed

    labels = read_manifest(folder).labels
    load(folder)
    data = data.labelled(labels)
    left_out |= data.left_out
    known = data.examples
    work = Parallel(n_jobs=jobs, return_as="generator")
    rows = work(delayed(_said)(folder, e, opened) for e in known)
    good = []
    for done, (e, said) in enumerate(zip(known, rows, strict=True), start=1):
        if isinstance(said, str):
            left_out[str(e.path)] = said
        else:
            good.append((e.label, said))
        progress("files", done, len(known))
    if not good:
        raise UserError(f"no file that {folder.name} can be judged on")
    accuracy = {}
    for i, mark in enumerate(MARKS):
        right = sum(said[i] == label for label, said in good)
        accuracy["whole" if mark is None else f"{mark:g}"] = round(right / len(good), 4)
    return {"n": len(good), "left_out": len(left_out), "accuracy": accuracy}


def _said(
    folder: Path, example: Example, opened: Callable[[Path], Source]
) -> list[str | None] | str:
    """The label after each mark, or why the file cannot be heard."""
    model = load(folder)
    try:
        return [file_label(model, opened(example.path), mark) for mark in MARKS]
    except UserError as error:
        return str(error).partition(": ")[2] or str(error)
