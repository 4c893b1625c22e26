"""NSynth's layout: ``examples.json`` beside ``audio/NAME.wav`` (or ``.flac``)."""

from __future__ import annotations

import json
from pathlib import Path

from realtime.errors import UserError
from training.datasets import Dataset, Example

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

SPLITS = {"nsynth-train": "train", "nsynth-valid": "valid", "nsynth-test": "test"}


def read(folder: Path) -> Dataset:
    """Read one split's folder, or a folder that holds ``nsynth-train``, ``-valid``, ``-test``.

    Notes of synth_lead, notes without a sound file and malformed entries are left out by name.

    Raises:
        UserError: There is no readable ``examples.json``.
    """
    inside = [folder / name for name in SPLITS if (folder / name).is_dir()]
    data = Dataset([])
    for part in inside or [folder]:
        _read_split(part, data)
    return data


def _read_split(folder: Path, data: Dataset) -> None:
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
    present = (
        {p.name: p for p in (folder / "audio").iterdir()} if (folder / "audio").is_dir() else {}
    )
    split = SPLITS.get(folder.name, "")
    for name, entry in entries.items():
        family = entry.get("instrument_family_str") if isinstance(entry, dict) else None
        path = present.get(f"{name}.wav") or present.get(f"{name}.flac")
        if family not in FAMILIES:
            data.left_out[name] = f"family {family!r} is none of the ten"
        elif path is None:
            data.left_out[name] = f"no {name}.wav or .flac in {folder / 'audio'}"
        else:
            group = str(entry.get("instrument_str") or name.rsplit("-", 2)[0])
            data.examples.append(Example(path, family, group, split))
