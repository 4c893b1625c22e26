"""``rt-train describe``: writes anew what a model folder says of itself, to people and programs."""

from __future__ import annotations

import os
from pathlib import Path

from realtime.errors import UserError
from realtime.registry import Manifest, find_all, load
from training import card, export, results


def describe(name: str, measurements: Path) -> list[tuple[Manifest, int]]:
    """Write the metadata in a model's TFLite file and its card as they follow from what is known.

    The network stays what it is; since its file changes, what was measured of it is kept under the
    new hash.

    Args:
        name: A shipped model, or a model folder, or one that holds several.
        measurements: Folder of the measurements, see ``training.results``.

    Returns:
        The manifests as they are now, each with how many measurements its card tells.

    Raises:
        UserError: There are no measurements, the model cannot be loaded, or something cannot be
            written.
    """
    if not os.path.isdir(measurements):
        raise UserError(
            f"{measurements}: no folder of measurements, and a card without them would tell less; "
            "name it with --results"
        )
    described = []
    for folder in find_all(name):
        before = load(folder).manifest
        now = export.keep(folder, before, (folder / before.file).read_bytes())
        if now.sha256 != before.sha256:
            results.follow(measurements, before.sha256, now.sha256)
        measured = results.about(measurements, now.sha256)
        card.write(folder, now, measured=measured)
        described.append((now, len(measured)))
    return described
