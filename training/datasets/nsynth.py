"""NSynth's layout: ``examples.json`` beside ``audio/NAME.wav`` (or ``.flac``)."""

from __future__ import annotations

import json
import os
from pathlib import Path

from realtime.errors import UserError
from training.datasets import Dataset, Example, tree

FAMILIES = (
    "bass",
    "brass",
    "flute",
    "guitar",
    "keyboard",
    "mallet",
    "organ",
    "reed",
    "string",
    "vocal",
)
"""NSynth's instrument families without synth_lead, which has no test notes (Engel et al., 2017)."""

SOURCES = ("acoustic", "electronic", "synthetic")
"""How a note was made: played, played on something electric, or by a synthesizer."""

NUMBERS = {3: "three", 10: "ten"}

SPLITS = {"nsynth-train": "train", "nsynth-valid": "valid", "nsynth-test": "test"}


def read(folder: Path) -> Dataset:
    """Read one split's folder, or a folder that holds ``nsynth-train``, ``-valid``, ``-test``.

    Notes of synth_lead, notes without a sound file and malformed entries are left out by name.

    Raises:
        UserError: There is no readable ``examples.json``.
    """
    return _read(folder, "family", FAMILIES)


def read_sources(folder: Path) -> Dataset:
    """Read the same, labelled by source: acoustic, electronic or synthetic; with synth_lead.

    Raises:
        UserError: There is no readable ``examples.json``.
    """
    return _read(folder, "source", SOURCES)


def _read(folder: Path, what: str, labels: tuple[str, ...]) -> Dataset:
    inside = [folder / name for name in SPLITS if os.path.isdir(folder / name)]
    data = Dataset([])
    for part in inside or [folder]:
        _read_split(part, data, what, labels)
    return data


def _read_split(folder: Path, data: Dataset, what: str, labels: tuple[str, ...]) -> None:
    index = folder / "examples.json"
    try:
        entries = json.loads(index.read_text("utf-8"))
    except OSError as error:
        raise UserError(
            f"{index}: cannot be read ({error.strerror}); NSynth's layout has it beside audio/"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{index}: not JSON ({error}); fetch it again") from error
    if not isinstance(entries, dict):
        raise UserError(f"{index}: not a JSON object of notes by name; fetch it again")
    audio = folder / "audio"
    present = {path.name: path for path in tree.inside(audio)} if os.path.isdir(audio) else {}
    split = SPLITS.get(folder.name, "")
    for name, entry in entries.items():
        label = entry.get(f"instrument_{what}_str") if isinstance(entry, dict) else None
        path = present.get(f"{name}.wav") or present.get(f"{name}.flac")
        if label not in labels:
            data.left_out[name] = f"{what} {label!r} is none of the {NUMBERS[len(labels)]}"
        elif path is None:
            data.left_out[name] = f"no {name}.wav or .flac in {audio}"
        else:
            group = str(entry.get("instrument_str") or name.rsplit("-", 2)[0])
            data.examples.append(Example(path, label, group, split))
