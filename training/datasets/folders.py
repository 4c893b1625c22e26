"""Sound files in one folder a label, so that anyone can train on sounds of his own."""

from __future__ import annotations

import os
from pathlib import Path

from realtime.text import printable
from training.datasets import Dataset, Example, tree

SOUND = {".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif"}


def read(folder: Path) -> Dataset:
    """Read ``LABEL/…/NAME.wav``.

    What stands before the first underscore of a file's name is taken for its instrument or player
    (``cello_E3_15_forte.mp3``), and a split never divides it; a name without one stands for itself.
    A label is what can be shown of its folder's name, as it is wherever a model is loaded.
    """
    data = Dataset([])
    for inside in filter(os.path.isdir, tree.inside(folder)):
        label = printable(inside.name)
        for path in tree.below(inside, "sound", SOUND, data.left_out):
            group = f"{inside.name}/{path.stem.split('_')[0]}"
            data.examples.append(Example(path, label, group))
    return data
