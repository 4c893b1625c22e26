"""Data sets on disk: what lies where, and what had to be left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from realtime.errors import UserError

LICENCES = {
    "nsynth": (
        "NSynth (CC BY 4.0, Google) or notes rendered from SoundFonts (MIT, GPL-2, public domain)"
    ),
    "nsynth-source": "NSynth (CC BY 4.0, Google), labelled by source",
    "folders": (
        "notes of the Philharmonia Orchestra (CC BY-SA 3.0) or of tonejs-instruments (CC BY 3.0), "
        "or sounds of one's own"
    ),
    "composers": "MIDI files by various hobbyists, no licence stated; most works public domain",
}
"""What the data of each layout may be used for, as far as is known."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled file.

    Attributes:
        path: The sound or MIDI file.
        label: What it is, one of the data set's labels.
        group: The instrument, work or player it comes from; a split never divides a group.
        split: ``train``, ``valid``, ``test`` … where the folder names say so, else empty.
        origin: The data set it was read from, for balancing several.
    """

    path: Path
    label: str
    group: str
    split: str = ""
    origin: str = ""


@dataclass(slots=True)
class Dataset:
    """Examples and, by name, the files that were left out and why."""

    examples: list[Example]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """The labels that occur, in alphabetical order."""
        return sorted({e.label for e in self.examples})

    @property
    def counts(self) -> Counter[str]:
        """Examples a label."""
        return Counter(e.label for e in self.examples)

    def check_labels(self) -> None:
        """See that there is something to tell apart.

        Raises:
            UserError: There are fewer than two labels.
        """
        if len(self.labels) < 2:
            raise UserError(f"only one label, {self.labels[0]!r}: give data of two at least")

    def only(self, split: str) -> Dataset:
        """The examples of one split.

        Raises:
            UserError: The data set has no such split.
        """
        chosen = [e for e in self.examples if e.split == split]
        if not chosen:
            known = sorted({e.split for e in self.examples if e.split})
            raise UserError(f"no split {split!r} in the data; it has {', '.join(known) or 'none'}")
        return Dataset(chosen, self.left_out)

    def labelled(self, labels: Collection[str]) -> Dataset:
        """The examples of a model's labels; the others are left out by name."""
        known = [e for e in self.examples if e.label in labels]
        others = {
            str(e.path): f"label {e.label!r} is none of the model's"
            for e in self.examples
            if e.label not in labels
        }
        return Dataset(known, self.left_out | others)


def read(layout: str) -> Dataset:
    """Find the files of a data set.

    Args:
        layout: ``nsynth:FOLDER``, ``nsynth-source:FOLDER``, ``composers:FOLDER`` or
            ``folders:FOLDER``.

    Raises:
        UserError: The layout or folder does not exist, cannot be read, or holds nothing of its
            kind.
    """
    from training.datasets import composers, folders, nsynth

    readers = {
        "nsynth": nsynth.read,
        "nsynth-source": nsynth.read_sources,
        "composers": composers.read,
        "folders": folders.read,
    }
    kind, separator, folder = layout.partition(":")
    if not separator or kind not in readers:
        raise UserError(f"{layout!r}: say the layout too, as in {':FOLDER, '.join(readers)}:FOLDER")
    path = Path(os.path.expanduser(folder))
    if not os.path.isdir(path):  # nor where its name is too long, or a folder above is locked
        raise UserError(f"{path}: no such folder, or none that can be reached")
    data = readers[kind](path)
    if not data.examples:
        reason = next(iter(data.left_out.values()), "it is empty")
        raise UserError(f"{path}: nothing to use in the {kind} layout ({reason})")
    data.examples = [replace(e, origin=layout) for e in data.examples]
    return data


def read_all(layouts: list[str]) -> Dataset:
    """Several data sets as one; see ``read``."""
    merged = Dataset([])
    for layout in layouts:
        data = read(layout)
        merged.examples += data.examples
        merged.left_out |= data.left_out
    return merged


def licences(layouts: list[str], start: str = "") -> list[str]:
    """The licences of several data sets, each once.

    Args:
        layouts: Where they came from.
        start: The shipped model whose layers were trained further, if any: then the data is
            somebody's own.
    """
    if start:
        return ["sounds of one's own", f"what {start} was trained on: see its card"]
    return sorted({LICENCES[layout.partition(":")[0]] for layout in layouts})
