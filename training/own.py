"""Sounds of one's own: a CNN and an LSTM from a folder of files a label."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from realtime.errors import UserError
from training.datasets import Dataset, Example
from training.presets import PRESETS, Preset

LEAST, ENOUGH = 4, 10
"""Files a label needs to be trained and judged at all, and to give a result worth having."""

KEPT_OUT = 0.2
"""Share of each label's files that the networks are judged on instead."""

EPOCHS = {"instrument-cnn": 12, "instrument-lstm": 16}
WINDOWS = 2048
"""A few minutes of training on one core; fewer sounds hold less to learn."""

POOL = 6_000


@dataclass(frozen=True, slots=True)
class Split:
    """What to train on, what to judge by, and what a person should know of it.

    Attributes:
        train: Files that the networks learn from.
        judge: Files that they are judged on, of other instruments or takes than those.
        warnings: Where there is too little data, a line each.
    """

    train: Dataset
    judge: Dataset
    warnings: list[str]


def presets(name: str) -> list[Preset]:
    """The shipped instrument networks, trained on to name something else under another name."""
    return [
        replace(
            PRESETS[base],
            name=f"{name}-{PRESETS[base].kind}",
            task=name,
            start=base,
            teacher="",  # which names instruments alone
            schedule=replace(PRESETS[base].schedule, epochs=epochs, windows=WINDOWS, carried=False),
            pool=POOL,
            gated=False,  # what is foreign to instruments may be just what is to be named
        )
        for base, epochs in EPOCHS.items()
    ]


def split(data: Dataset, seed: int) -> Split:
    """Keep some groups of every label out of training.

    Where a label's files all belong to one group, such as one player, its files are divided
    instead, and a warning says that the result will look better than it is.

    Args:
        data: Labelled sound files.
        seed: Of the choice.

    Raises:
        UserError: There are fewer than two labels, or a label has fewer than ``LEAST`` files.
    """
    if len(data.labels) < 2:
        raise UserError(f"only one label, {data.labels[0]!r}: a folder a label, two at least")
    few = {label: n for label, n in data.counts.items() if n < LEAST}
    if few:
        named = ", ".join(f"{label} has {n}" for label, n in sorted(few.items()))
        raise UserError(f"too few files to learn from: {named}; {LEAST} a label at least")
    warnings = [
        f"{label} has only {n} files: expect little below {ENOUGH}"
        for label, n in sorted(data.counts.items())
        if n < ENOUGH
    ]
    rng = np.random.default_rng(seed)
    train: list[Example] = []
    judge: list[Example] = []
    for label in data.labels:
        groups: dict[str, list[Example]] = defaultdict(list)
        for e in sorted(data.examples, key=lambda e: str(e.path)):
            if e.label == label:
                groups[e.group].append(e)
        if len(groups) == 1:
            (name, files), *_ = groups.items()
            warnings.append(f"{label}: all files belong to {name!r}, so it is judged on its own")
            groups = {str(e.path): [e] for e in files}
        wanted = max(1, round(KEPT_OUT * data.counts[label]))
        kept: list[Example] = []
        order = [list(groups)[i] for i in rng.permutation(len(groups))]
        for group in order[:-1]:  # one stays to learn from
            if len(kept) < wanted:
                kept += groups.pop(group)
        judge += kept
        train += [e for files in groups.values() for e in files]
    return Split(Dataset(train, data.left_out), Dataset(judge), warnings)
