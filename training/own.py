"""Sounds of one's own: a CNN and an LSTM from a folder of files a label."""

from __future__ import annotations

from dataclasses import dataclass, replace

from realtime.errors import UserError
from training.datasets import Dataset
from training.presets import PRESETS, Preset, Schedule

LEAST, ENOUGH = 4, 10
"""Files a label needs to be trained and judged at all, and to give a result worth having."""

FOLDS = 4
"""Parts that are kept out of training in turn, so that every file is judged."""

BASES = ("instrument-cnn", "instrument-lstm")
"""Shipped networks that are taught the new labels."""

SCHEDULES = {
    "cnn": Schedule(epochs=6, windows=3_000, rate=2e-3, mixed_precision=True),
    "lstm": Schedule(epochs=15, windows=3_000, rate=3e-3),
}
"""Windows are drawn once, not for each epoch: what they are read by stays the same."""

POOL = 3_000
"""Windows made of the files; a few sounds hold no more to learn."""

FOLD_WINDOWS = 1_000
"""The same for a fold."""


@dataclass(frozen=True, slots=True)
class Fold:
    """What to train a network on, and what to judge it by.

    Attributes:
        train: Files that it learns from.
        judge: Files of other instruments or takes than those.
    """

    train: Dataset
    judge: Dataset


def presets(name: str) -> list[Preset]:
    """The shipped instrument networks, trained on to name something else under another name."""
    return [
        replace(
            PRESETS[base],
            name=f"{name}-{PRESETS[base].kind}",
            task=name,
            start=base,
            teacher="",  # which names instruments alone
            schedule=SCHEDULES[PRESETS[base].kind],
            pool=POOL,
            gated=False,  # what is foreign to instruments may be just what is to be named
        )
        for base in BASES
    ]


def check(data: Dataset) -> None:
    """See that there are files enough to learn from.

    Raises:
        UserError: There are fewer than two labels, or a label has fewer than ``LEAST`` files.
    """
    data.check_labels()
    few = {label: n for label, n in data.counts.items() if n < LEAST}
    if few:
        named = ", ".join(f"{label} has {n}" for label, n in sorted(few.items()))
        raise UserError(f"too few files to learn from: {named}; {LEAST} a label at least")


def warnings(data: Dataset) -> list[str]:
    """Where there is too little data to learn well or to judge well, a line each."""
    told = [
        f"{label} has only {n} files: expect little below {ENOUGH}"
        for label, n in sorted(data.counts.items())
        if n < ENOUGH
    ]
    for label, group in _of_one(data).items():
        told.append(
            f"{label}: by their names all files are of one player or instrument, "
            f"{group.partition('/')[2]!r}: how well others are told is not measured"
        )
    return told


def folds(data: Dataset, seed: int) -> list[Fold]:
    """Keep each group of every label out of training once.

    Where a label's files all belong to one group, such as one player, its files are divided
    instead. No fold lacks a label in training; some may lack one that has few groups in judging.

    Args:
        data: Labelled sound files, ``FOLDS`` a label at least.
        seed: Of the choice.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    examples = sorted(data.examples, key=lambda e: str(e.path))
    of_one = _of_one(data)
    labels = [e.label for e in examples]
    groups = [str(e.path) if e.label in of_one else e.group for e in examples]
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    return [
        Fold(
            Dataset([examples[i] for i in train], data.left_out),
            Dataset([examples[i] for i in judge]),
        )
        for train, judge in parts.split(examples, labels, groups)
    ]


def _of_one(data: Dataset) -> dict[str, str]:
    """Labels whose files all belong to one group, with that group."""
    groups = {label: {e.group for e in data.examples if e.label == label} for label in data.labels}
    return {label: found.pop() for label, found in groups.items() if len(found) == 1}
