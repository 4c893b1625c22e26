"""Model folders: a network, and a manifest that says what it needs and how it did."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from realtime import features
from realtime.errors import UserError
from realtime.inference import Network
from realtime.probe import probe
from realtime.streaming import check
from realtime.text import printable

MANIFEST = "model.json"
SHIPPED = Path(__file__).resolve().parents[1] / "models"  # not imported: many have such a module
NAMES = ("composer-cnn", "composer-lstm", "instrument-cnn", "instrument-lstm")
"""Models that come with the program: whoever works in its folder trains others beside them."""

LARGEST = 64 << 20
MOST_THREADS = 64  # each network starts as many at once; what no machine has would only starve it
LARGEST_MANIFEST = 1 << 20  # what is parsed takes up to thirty times its size


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
        hop_s: Seconds between windows that it is judged with; how often it is asked is up to
            whoever listens.
        quantisation: ``float32``, ``dynamic`` or ``int8``.
        calibration: ``temperature`` that its probabilities are flattened with, and
            ``unknown_below``, the probability under which its best label counts for nothing.
        smoothing_s: Time constant of the smoothed probabilities, in seconds.
        file: Name of the network's file in the folder.
        sha256: Its hash, hexadecimal.
        size: Its size in bytes.
        streaming: Whether it follows the stream frame by frame instead of reading windows, see
            ``realtime.streaming``.
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
    streaming: bool = False
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
        stream: Literal["audio", "midi"] = features.kind_of(self.manifest.feature["kind"]).stream
        return stream


def shipped() -> list[Path]:
    """Folders of the models that come with the program, as far as they are there."""
    return [SHIPPED / name for name in NAMES if os.path.isfile(SHIPPED / name / MANIFEST)]


def find(name: str) -> Path:
    """The folder of a shipped model, of one beside them or in ``models`` here, or one by its path.

    Raises:
        UserError: There is none.
    """
    # What may not be read, or is longer than a name can be, counts as not there: that is why the
    # functions of os.path are asked, whose answer is never an exception.
    if name and name == Path(name).name != "..":  # else it is a path
        for folder in (SHIPPED / name, Path("models") / name):
            if os.path.isfile(folder / MANIFEST) or _inside(folder):
                return folder
    if os.path.isdir(name):
        return Path(name)
    known = ", ".join(f.name for f in shipped()) or "none"
    said = printable(name) or "a model without a name"
    raise UserError(f"{said}: no such model; shipped are {known}, or name a folder")


def find_all(name: str) -> list[Path]:
    """The same, and of a folder that holds several model folders all of them.

    Raises:
        UserError: There is neither.
    """
    folder = find(name)
    inside = _inside(folder)
    return inside if inside and not os.path.lexists(folder / MANIFEST) else [folder]


def read_manifest(folder: Path) -> Manifest:
    """Read ``model.json``.

    Raises:
        UserError: It is missing, no JSON, or lacks something.
    """
    path = folder / MANIFEST
    where = printable(str(path))
    try:
        values = json.loads(_content(path, LARGEST_MANIFEST).decode("utf-8"))
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise UserError(f"{where}: cannot be read ({reason}); a model folder needs one") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not JSON; export the model again with rt-train") from error
    problem = next(_problems(values), None)
    if problem:
        raise UserError(f"{where}: {printable(problem)}; export the model again with rt-train")
    known = {k: v for k, v in values.items() if k in Manifest.__dataclass_fields__}
    known["labels"] = tuple(printable(label) for label in values["labels"])
    known["name"], known["task"] = printable(values["name"]), printable(values["task"])
    return Manifest(**known)


def load(folder: Path, *, threads: int = 1) -> Model:
    """Load a model folder and check it against its manifest.

    The network's bytes are hashed and then run from memory, so what runs is what was checked. One
    that did not come with the program is first tried in a process of its own: a hash says that a
    file is the one that was described, not that it does no harm.

    Args:
        folder: Holds ``model.json`` and the network.
        threads: Threads that one inference may use, 1 to ``MOST_THREADS``.

    Raises:
        UserError: ``threads`` is out of range, a file is missing, the hash is wrong, manifest and
            network do not fit, or the network crashes, hangs or gives no answer.
    """
    if not 1 <= threads <= MOST_THREADS:
        raise UserError(f"--threads {threads}: choose 1 to {MOST_THREADS}")
    manifest = read_manifest(folder)
    path = folder / manifest.file
    where = printable(str(path))
    try:
        content = _content(path, LARGEST)
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise UserError(f"{where}: cannot be read ({reason}); the model needs it") from error
    if len(content) != manifest.size or hashlib.sha256(content).hexdigest() != manifest.sha256:
        raise UserError(
            f"{where}: not the file that {MANIFEST} describes (size or SHA-256 differs); "
            f"restore it or export the model again"
        )
    try:
        feature = features.build(manifest.feature)
    except UserError as error:
        told = printable(f"{folder / MANIFEST}: {error}")
        raise UserError(f"{told}; export the model again") from error
    try:
        if folder.resolve() not in [SHIPPED / name for name in NAMES]:
            probe(content)
        network = Network(content, threads=threads)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    if manifest.streaming:
        try:
            check(network, feature)
        except UserError as error:
            raise UserError(f"{where}: {error}; export the model again") from error
    elif network.input_shape != feature.shape:
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


def _inside(folder: Path) -> list[Path]:
    """The model folders in a folder; none where it cannot be looked into."""
    try:
        return sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
    except OSError:
        return []


def _content(path: Path, largest: int) -> bytes:
    """What is in a file; nothing where it is larger than makes sense, or a pipe without an end."""
    info = path.stat()
    if not stat.S_ISREG(info.st_mode) or info.st_size > largest:
        return b""
    return path.read_bytes()


def _problems(values: Any) -> Iterator[str]:
    """What is wrong with the content of a manifest; each test relies on those before it."""
    if not isinstance(values, dict):
        yield "not an object"
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
            yield f"lacks {key!r}"
        if not isinstance(values[key], kind) or isinstance(values[key], bool):
            yield f"{key!r} is of the wrong type"
    labels, file, calibration = values["labels"], values["file"], values["calibration"]
    if not labels or not all(isinstance(label, str) for label in labels):
        yield "'labels' must be names"
    if len({printable(label) for label in labels}) < len(labels):
        yield "'labels' must be different names"
    if file != Path(file).name or file in ("", "..") or "\\" in file or not file.isprintable():
        yield "'file' must lie in the folder itself"
    numbers = [*calibration.values(), values["hop_s"], values["smoothing_s"]]
    if not all(isinstance(x, int | float) and abs(x) < 1e6 for x in numbers):  # neither is NaN
        yield "'calibration', 'hop_s' and 'smoothing_s' must be numbers"
    if not 0.01 <= calibration.get("temperature", 1) <= 100:
        yield "'temperature' must lie between 0.01 and 100"
    if not isinstance(values.get("streaming", False), bool):
        yield "'streaming' must be true or false"
    if values["hop_s"] <= 0:
        yield "'hop_s' must be positive"
