"""What a TFLite file says of itself to other tools: TensorFlow Lite's standard metadata.

Netron, MediaPipe and code generators read it: names, descriptions, and the labels as a file, zipped
onto the end, so that ``unzip`` reads them too. Google's writer for it lives in MediaPipe, which
brings OpenCV along; the few tables needed here are written with the flatbuffers runtime instead.

Source: ``mediapipe/tasks/metadata/metadata_schema.fbs`` of github.com/google-ai-edge/mediapipe.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from realtime import features
from realtime.records import STREAM_RATE
from realtime.registry import Manifest

ENTRY, SCHEMA = b"TFLITE_METADATA", b"M001"
PARSER = "1.0.0"
"""The oldest reader that knows every field written here."""

LABELS, FEATURE = "labels.txt", "feature.json"
DESCRIPTIONS, TENSOR_AXIS_LABELS = 1, 2  # AssociatedFileType
FEATURE_PROPERTIES = 1  # ContentProperties

FIELDS = {
    "ModelMetadata": (
        "name",
        "description",
        "version",
        "subgraph_metadata",
        "author",
        "license",
        "associated_files",
        "min_parser_version",
    ),
    "SubGraphMetadata": ("name", "description", "input_tensor_metadata", "output_tensor_metadata"),
    "TensorMetadata": (
        "name",
        "description",
        "dimension_names",
        "content",
        "process_units",
        "stats",
        "associated_files",
    ),
    "Content": ("content_properties_type", "content_properties"),
    "FeatureProperties": (),
    "AssociatedFile": ("name", "description", "type"),
}
"""The schema's tables, as far as they are written: a field's place is its number."""


def attach(content: bytes, manifest: Manifest) -> bytes:
    """Give a network the metadata that follows from its manifest, in place of what it has.

    The input is marked as a feature, not as audio, for it is no waveform that a tool could feed;
    ``feature.json`` tells how to compute it, and from sound of which rate.

    Args:
        content: Content of a ``.tflite`` file.
        manifest: What it is; its ``file``, ``sha256`` and ``size`` do not matter.

    Returns:
        Content of a ``.tflite`` file that gives the same answers. The same arguments, or what was
        returned before in place of ``content``, give the same bytes.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as tflite

    model = tflite.ModelT.InitFromPackedBuf(content)
    entries = {entry.name: entry for entry in model.metadata or []}
    if ENTRY in entries:
        buffer = model.buffers[entries[ENTRY].buffer]
    else:
        buffer = tflite.BufferT()
        model.buffers.append(buffer)
        model.metadata = [
            *entries.values(),
            tflite.MetadataT(name=ENTRY, buffer=len(model.buffers) - 1),
        ]
    buffer.data = list(_described(manifest))
    builder = flatbuffers.Builder(len(content) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return _with_files(
        bytes(builder.Output()),
        {
            LABELS: "\n".join(manifest.labels),
            FEATURE: json.dumps(_input(manifest), indent=1, ensure_ascii=False),
        },
    )


def _input(manifest: Manifest) -> dict[str, Any]:
    """What a tool must know to compute the input."""
    stream = features.kind_of(manifest.feature["kind"]).stream
    sound = {"sample_rate": STREAM_RATE, "channels": 1, "seconds": manifest.window_s}
    return {"stream": stream, **(sound if stream == "audio" else {}), "feature": manifest.feature}


@dataclass(frozen=True, slots=True)
class _Table:
    """A table to be written: texts, numbers of a byte, tables, and lists of tables by field."""

    name: str
    values: dict[str, Any]


def _described(manifest: Manifest) -> bytes:
    """The metadata as a flatbuffer."""
    import flatbuffers

    given = _input(manifest)
    kind = manifest.feature["kind"]
    parameters = ", ".join(f"{k} {v}" for k, v in manifest.feature.items() if k != "kind")
    heard = (
        f"the last {manifest.window_s:g} s of {STREAM_RATE} Hz mono sound"
        if given["stream"] == "audio"
        else "the last notes played"
    )
    window = _Table(
        "TensorMetadata",
        {
            "name": "window",
            "description": f"{kind} of {heard}: {parameters}. It is computed by realtime.features "
            f"of rt-classify; {FEATURE} holds the same for programs.",
            "content": _Table(
                "Content",
                {
                    "content_properties_type": FEATURE_PROPERTIES,
                    "content_properties": _Table("FeatureProperties", {}),
                },
            ),
            "associated_files": [_file(FEATURE, "How the input is computed.", DESCRIPTIONS)],
        },
    )
    probabilities = _Table(
        "TensorMetadata",
        {
            "name": "probabilities",
            "description": "How likely each label is, not yet calibrated; they add up to 1.",
            "associated_files": [_file(LABELS, "A label a line.", TENSOR_AXIS_LABELS)],
        },
    )
    graph = {"input_tensor_metadata": [window], "output_tensor_metadata": [probabilities]}
    model = {
        "name": manifest.name,
        "description": f"Names the {manifest.task} in {heard}: {', '.join(manifest.labels)}.",
        "subgraph_metadata": [_Table("SubGraphMetadata", graph)],
        "author": "rt-classify",
        "min_parser_version": PARSER,
    }
    if manifest.training.get("licences"):
        model["license"] = "Trained on: " + "; ".join(manifest.training["licences"])
    builder = flatbuffers.Builder(1024)
    builder.Finish(_write(builder, _Table("ModelMetadata", model)), SCHEMA)
    return bytes(builder.Output())


def _file(name: str, description: str, kind: int) -> _Table:
    return _Table("AssociatedFile", {"name": name, "description": description, "type": kind})


def _write(builder: Any, value: str | list[_Table] | _Table) -> int:
    """Write a value, those that it refers to first, as the format wants it; returns its offset."""
    if isinstance(value, str):
        return int(builder.CreateString(value))
    if isinstance(value, list):
        offsets = [_write(builder, each) for each in value]
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
        return int(builder.EndVector())
    fields = FIELDS[value.name]
    places = {
        fields.index(name): each if isinstance(each, int) else _write(builder, each)
        for name, each in value.values.items()
    }
    numbers = {fields.index(name) for name, each in value.values.items() if isinstance(each, int)}
    builder.StartObject(len(fields))
    for place, each in places.items():
        if place in numbers:
            builder.PrependUint8Slot(place, each, 0)
        else:
            builder.PrependUOffsetTRelativeSlot(place, each, 0)
    return int(builder.EndObject())


def _with_files(content: bytes, files: dict[str, str]) -> bytes:
    """Zip files onto the end, uncompressed and without a date: readers and hashes want it so."""
    whole = io.BytesIO(content)
    with zipfile.ZipFile(whole, "a", zipfile.ZIP_STORED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return whole.getvalue()
