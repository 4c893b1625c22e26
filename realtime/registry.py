"""Model folders: a network, and a manifest that says what it needs and how it did."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from realtime import features
from realtime.errors import UserError
from realtime.inference import Network
from realtime.text import printable

MANIFEST = "model.json"
LARGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``model.json`` says.

    Attributes:
        name: Name of the model, as its folder is called.
        task: What it names: ``instrument``, ``composer`` or a task of the user's own.
        kind: ``cnn``, ``lstm`` or another kind of network.
        labels: Names of the outputs, in order.
        feature: What it reads: ``kind`` and every parameter of ``realtime.features``.
        window_s: Seconds of sound it sees; None for notes.
        hop_s: Seconds between windows that suit it.
        quantisation: ``float32``, ``dynamic`` or ``int8``.
        calibration: ``temperature`` that its probabilities are flattened with, and
            ``unknown_below``, the probability under which its best label counts for nothing.
        smoothing_s: Time constant of the smoothed probabilities, in seconds.
        file: Name of the network's file in the folder.
        sha256: Its hash, hexadecimal.
        size: Its size in bytes.
        training: Data, licences and the command that built it.
        figures: What it was measured at.
    """

    name: str
    task: str
    kind: str
    labels: tuple[str, ...]
    feature: dict[str, Any]
    window_s: float | None
    hop_s: float
    quantisation: str
    calibration: dict[str, float]
    smoothing_s: float
    file: str
    sha256: str
    size: int
    training: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is loaded and fits its manifest."""

    manifest: Manifest
    network: Network

    @property
    def stream(self) -> Literal["audio", "midi"]:
        """What it listens to."""
        return features.KINDS[self.manifest.feature["kind"]].stream


def shipped() -> list[Path]:
    """Folders of the models that come with the program."""
    import models

    return sorted(p.parent for p in Path(models.__path__[0]).glob(f"*/{MANIFEST}"))


def find(name: str) -> Path:
    """The folder of a shipped model, or a folder given by its path.

    Raises:
        UserError: There is neither.
    """
    for folder in shipped():
        if folder.name == name:
            return folder
    if Path(name).is_dir():
        return Path(name)
    known = ", ".join(f.name for f in shipped()) or "none"
    raise UserError(f"{printable(name)}: no such model; shipped are {known}, or name a folder")


def read_manifest(folder: Path) -> Manifest:
    """Read ``model.json``.

    Raises:
        UserError: It is missing, no JSON, or lacks something.
    """
    path = folder / MANIFEST
    where = printable(str(path))
    try:
        values = json.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise UserError(f"{where}: cannot be read ({reason}); a model folder needs one") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not JSON; export the model again with rt-train") from error
    problem = _problem(values)
    if problem:
        raise UserError(f"{where}: {printable(problem)}; export the model again with rt-train")
    known = {k: v for k, v in values.items() if k in Manifest.__dataclass_fields__}
    known["labels"] = tuple(printable(label) for label in values["labels"])
    known["name"], known["task"] = printable(values["name"]), printable(values["task"])
    return Manifest(**known)


def load(folder: Path, *, threads: int = 1) -> Model:
    """Load a model folder and check it against its manifest.

    The network's bytes are hashed and then run from memory, so what runs is what was checked.

    Args:
        folder: Holds ``model.json`` and the network.
        threads: Threads that one inference may use.

    Raises:
        UserError: A file is missing, the hash is wrong, or manifest and network do not fit.
    """
    manifest = read_manifest(folder)
    path = folder / manifest.file
    where = printable(str(path))
    try:
        content = path.read_bytes() if path.stat().st_size <= LARGEST else b""
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise UserError(f"{where}: cannot be read ({reason}); the model needs it") from error
    if len(content) != manifest.size or hashlib.sha256(content).hexdigest() != manifest.sha256:
        raise UserError(
            f"{where}: not the file that {MANIFEST} describes (size or SHA-256 differs); "
            f"restore it or export the model again"
        )
    feature = features.build(manifest.feature)
    try:
        network = Network(content, threads=threads)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    if network.input_shape != feature.shape:
        raise UserError(
            f"{where}: reads windows of {network.input_shape}, but the feature in {MANIFEST} "
            f"gives {feature.shape}; export the model again"
        )
    if network.outputs != len(manifest.labels):
        raise UserError(
            f"{where}: has {network.outputs} outputs, but {MANIFEST} names {len(manifest.labels)} "
            f"labels; export the model again"
        )
    return Model(manifest, network)


def _problem(values: Any) -> str | None:
    """What is wrong with the content of a manifest, if anything."""
    if not isinstance(values, dict):
        return "not an object"
    types: dict[str, type | tuple[type, ...]] = {
        "name": str,
        "task": str,
        "kind": str,
        "labels": list,
        "feature": dict,
        "window_s": (int, float, type(None)),
        "hop_s": (int, float),
        "quantisation": str,
        "calibration": dict,
        "smoothing_s": (int, float),
        "file": str,
        "sha256": str,
        "size": int,
    }
    for key, kind in types.items():
        if key not in values:
            return f"lacks {key!r}"
        if not isinstance(values[key], kind) or isinstance(values[key], bool):
            return f"{key!r} is of the wrong type"
    labels, numbers = values["labels"], [*values["calibration"].values(), values["hop_s"]]
    checks = {
        "'labels' must be different names": labels
        and all(isinstance(x, str) for x in labels)
        and len(set(labels)) == len(labels),
        "'file' must lie in the folder itself": values["file"] == Path(values["file"]).name
        and "\\" not in values["file"],
        "'calibration' must hold numbers": all(isinstance(x, int | float) for x in numbers),
        "'temperature' and 'hop_s' must be positive": all(
            x > 0 for x in (values["calibration"].get("temperature", 1), values["hop_s"])
        ),
    }
    return next((problem for problem, fine in checks.items() if not fine), None)
