"""Sound files in one folder a label, so that anyone can train on sounds of his own."""

from __future__ import annotations

from pathlib import Path

from training.datasets import Dataset, Example

SOUND = {".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif"}


def read(folder: Path) -> Dataset:
    """Read ``LABEL/…/NAME.wav``.

    What stands before the first underscore of a file's name is taken for its instrument or player
    (``cello_E3_15_forte.mp3``), and a split never divides it; a name without one stands for itself.
    """
    data = Dataset([])
    for label in sorted(p for p in folder.iterdir() if p.is_dir()):
        for path in sorted(label.rglob("*")):
            if path.suffix.lower() in SOUND:
                group = f"{label.name}/{path.stem.split('_')[0]}"
                data.examples.append(Example(path, label.name, group))
            elif path.is_file():
                data.left_out[str(path)] = "not a sound file"
    return data
