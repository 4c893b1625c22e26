"""What a person gives to train on, and what is kept to judge by: neither is part of the other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from realtime.errors import UserError
from realtime.text import printable
from training import results
from training.datasets import Dataset, Example, read, read_all, works
from training.datasets.composers import COMPOSERS
from training.progress import name_left_out, say


def to_learn(layouts: list[str]) -> Dataset:
    """The data sets to train on as one: of a set that names its splits, ``train`` alone.

    Says what that leaves, which files are left out, and which composers are missing.

    Args:
        layouts: As ``datasets.read`` takes them.

    Raises:
        UserError: One cannot be read.
    """
    data = read_all(layouts)
    split = {e.origin for e in data.examples if e.split == "train"}
    kept = [e for e in data.examples if e.split == "train" or e.origin not in split]
    for layout in dict.fromkeys(layouts):
        of, files = (sum(e.origin == layout for e in part) for part in (data.examples, kept))
        if files < of:
            say(f"{layout}: trained on its split train alone, {files} of {of} files")
    data.examples = kept
    name_left_out(data.left_out)
    missing = [name for name in COMPOSERS if name not in data.labels]
    if missing and all(layout.startswith("composers:") for layout in layouts):
        say(f"warning: nothing by {', '.join(missing)}: a model of this data never names them")
    return data


def to_judge(layouts: list[str], learned: Dataset) -> dict[str, Dataset]:
    """The data sets to judge by, by their names. Says which of their works are trained on, too.

    Args:
        layouts: As ``datasets.read`` takes them.
        learned: What is trained on.

    Raises:
        UserError: One cannot be read, or a file or an instrument of it is trained on, too.
    """
    kept = {results.short(layout): read(layout) for layout in layouts}
    if kept:
        examples = [e for data in kept.values() for e in data.examples]
        _apart(learned.examples, examples)
        _tell_works(_pieces(learned.examples), _pieces(examples))
    return kept


def _apart(learned: Sequence[Example], kept: Sequence[Example]) -> None:
    """See that nothing is on both sides.

    Instruments are NSynth's: a player of other sounds goes by the names of files, which mean
    nothing beyond their folder.
    """
    _none_of("files", _files(learned) & _files(kept))
    _none_of("instruments", _instruments(learned) & _instruments(kept))


def _tell_works(learned: Sequence[Path], kept: Sequence[Path]) -> None:
    """Warn of other versions of a work; what resembles it need not be one, and is judged by."""
    both = works.shared(learned, kept) if learned and kept else {}
    for path, other in both.items():
        say(
            f"warning: {printable(str(path))}: the work is trained on, too, in "
            f"{printable(str(other))}: it flatters the figures"
        )


def _pieces(examples: Iterable[Example]) -> list[Path]:
    return [e.path for e in examples if e.origin.startswith("composers:")]


def _none_of(what: str, both: set[str]) -> None:
    if both:
        raise UserError(
            f"--held-out: {what} that are in --data, too: {len(both)}, such as "
            f"{printable(min(both))}; keep what is to judge out of --data"
        )


def _files(examples: Iterable[Example]) -> set[str]:
    return {os.path.realpath(e.path) for e in examples}


def _instruments(examples: Iterable[Example]) -> set[str]:
    return {e.group for e in examples if e.origin.startswith("nsynth")}
