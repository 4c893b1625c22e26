"""MIDI files in one folder a composer."""

from __future__ import annotations

import os
from pathlib import Path

from training.datasets import Dataset, Example, tree

COMPOSERS = (
    "bach",
    "bartok",
    "byrd",
    "chopin",
    "handel",
    "hummel",
    "mendelssohn",
    "mozart",
    "schumann",
)
MIDI = (".mid", ".midi")
SPLITS = ("train", "dev", "valid", "test")


def read(folder: Path) -> Dataset:
    """Read ``COMPOSER/…/NAME.mid``, where ``train``, ``dev`` or ``test`` may lie above COMPOSER.

    Files by anyone else, and files that are no MIDI, are left out by name. Each file is a group of
    its own here; ``training.datasets.works`` finds files that hold the same work.
    """
    data = Dataset([])
    inside = [folder / split for split in SPLITS if os.path.isdir(folder / split)]
    for part in inside or [folder]:
        split = part.name if part.name in SPLITS else ""
        for composer in filter(os.path.isdir, tree.inside(part)):
            for path in tree.below(composer, "MIDI", MIDI, data.left_out):
                if composer.name.lower() not in COMPOSERS:
                    data.left_out[str(path)] = f"{composer.name!r} is none of the nine composers"
                else:
                    label = composer.name.lower()
                    data.examples.append(Example(path, label, str(path), split))
    return data
