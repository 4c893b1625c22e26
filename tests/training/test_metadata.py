"""The metadata in a TFLite file, read by means that know nothing of what wrote it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as tflite
from needs import need

from realtime.inference import Network
from realtime.registry import load, read_manifest, shipped
from training import cli, results
from training.metadata import attach

SCHEMA = """
table FeatureProperties { }
table AudioProperties { sample_rate:uint; channels:uint; }
table Content { content_properties:ContentProperties; range:ValueRange; }
table AssociatedFile { name:string; description:string; type:AssociatedFileType; locale:string;
    version:string; }
table TensorMetadata { name:string; description:string; dimension_names:[string]; content:Content;
    process_units:[ProcessUnit]; stats:Stats; associated_files:[AssociatedFile]; }
table SubGraphMetadata { name:string; description:string; input_tensor_metadata:[TensorMetadata];
    output_tensor_metadata:[TensorMetadata]; associated_files:[AssociatedFile]; }
table ModelMetadata { name:string; description:string; version:string;
    subgraph_metadata:[SubGraphMetadata]; author:string; license:string;
    associated_files:[AssociatedFile]; min_parser_version:string; }
"""
"""From Google's ``metadata_schema.fbs``, of the fields before any that are left out here."""

ENUMS = {"AssociatedFileType": ("UNKNOWN", "DESCRIPTIONS", "TENSOR_AXIS_LABELS")}
UNIONS = {
    "ContentProperties": ("", "FeatureProperties", "ImageProperties", "BoundingBoxProperties")
}
TABLES = {
    name: re.findall(r"(\w+):([\w\[\]]+);", body)
    for name, body in re.findall(r"table (\w+) {(.*?)}", SCHEMA, re.DOTALL)
}


def table(kind: str, at: flatbuffers.table.Table) -> dict[str, Any]:
    """All fields of a table by the schema's text; a union takes two places, its kind before it."""
    found: dict[str, Any] = {}
    place = 4
    for name, type_ in TABLES[kind]:
        if type_ in UNIONS:
            number = at.Get(flatbuffers.number_types.Uint8Flags, at.Pos + at.Offset(place))
            place += 2
            found[name] = UNIONS[type_][number]
        elif offset := at.Offset(place):
            found[name] = field(type_, at, at.Pos + offset)
        place += 2
    return found


def field(type_: str, at: flatbuffers.table.Table, position: int) -> Any:
    if type_ == "string":
        return at.String(position).decode()
    if type_ in ENUMS:
        return ENUMS[type_][at.Get(flatbuffers.number_types.Int8Flags, position)]
    if type_.startswith("["):
        first, n = at.Vector(position - at.Pos), at.VectorLen(position - at.Pos)
        return [field(type_[1:-1], at, first + 4 * i) for i in range(n)]
    return table(type_, flatbuffers.table.Table(at.Bytes, at.Indirect(position)))


def read(content: bytes) -> dict[str, Any]:
    """What a file's metadata says."""
    model = tflite.ModelT.InitFromPackedBuf(content)
    (number,) = [m.buffer for m in model.metadata if m.name == b"TFLITE_METADATA"]
    data = bytes(model.buffers[number].data)
    assert data[4:8] == b"M001"
    root = flatbuffers.encode.Get(flatbuffers.packer.uoffset, data, 0)
    return table("ModelMetadata", flatbuffers.table.Table(data, root))


def files(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize("folder", shipped(), ids=lambda folder: folder.name)
def test_a_shipped_model_says_what_it_is(folder):
    manifest = read_manifest(folder)
    content = (folder / manifest.file).read_bytes()
    said = read(content)
    assert said["name"] == manifest.name
    assert said["license"].endswith(manifest.training["licences"][-1])
    (graph,) = said["subgraph_metadata"]
    (given,), (result,) = graph["input_tensor_metadata"], graph["output_tensor_metadata"]
    assert given["content"] == {"content_properties": "FeatureProperties"}
    (labels,) = result["associated_files"]
    assert labels["type"] == "TENSOR_AXIS_LABELS"
    assert files(content)[labels["name"]].split("\n") == list(manifest.labels)
    (feature,) = given["associated_files"]
    how = json.loads(files(content)[feature["name"]])
    assert how["feature"] == manifest.feature
    if manifest.window_s:
        assert (how["sample_rate"], how["channels"], how["seconds"]) == (
            16_000,
            1,
            manifest.window_s,
        )
        assert "16000 Hz" in given["description"]
    else:
        assert how["stream"] == "midi"
    assert attach(content, manifest) == content, "rt-train describe makes another file of it"


@pytest.mark.parametrize("folder", shipped(), ids=lambda folder: folder.name)
def test_unzip_finds_what_is_attached(folder):
    need("unzip")
    manifest = read_manifest(folder)
    path = folder / manifest.file

    def unzip(*argv):
        return subprocess.run(["unzip", *argv], capture_output=True, text=True, check=True).stdout

    assert "No errors detected" in unzip("-t", path)  # nor a warning of bytes before the archive
    assert unzip("-p", path, "labels.txt").split("\n") == list(manifest.labels)
    assert json.loads(unzip("-p", path, "feature.json"))["feature"] == manifest.feature


def test_the_answers_stay_what_they_are(model_folder):
    folder = model_folder()
    model = load(folder)
    content = (folder / "model.tflite").read_bytes()
    described = attach(content, model.manifest)
    assert "license" not in read(described)
    twin, rng = Network(described), np.random.default_rng(0)
    for _ in range(5):
        window = rng.random(twin.input_shape, np.float32)
        assert np.array_equal(model.network.predict(window), twin.predict(window))


def test_what_it_said_before_is_replaced(model_folder, network):
    manifest = read_manifest(model_folder(name="first"))
    other = read_manifest(model_folder(name="second", labels=("naïve", "bee", "cat")))
    content = network((17, 5), 3)[0]
    assert attach(attach(content, manifest), other) == attach(content, other)
    assert files(attach(content, other))["labels.txt"] == "naïve\nbee\ncat"


def test_describe_writes_folder_and_figures_anew(model_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained = {"files": 2, "files_by_label": {"ape": 2}, "left_out": 0, "licences": ["none"]}
    folder = model_folder(training={**trained, "command": "rt-train fit tiny"})
    before = read_manifest(folder)
    results.keep(tmp_path / "reports", "folds", "tiny", {"sha256": before.sha256})
    assert cli.main(["describe", str(folder)]) == 0
    now = load(folder).manifest  # which checks size and hash
    assert now.sha256 != before.sha256
    assert read((folder / now.file).read_bytes())["name"] == "tiny"
    assert results.read(tmp_path / "reports")[0]["sha256"] == now.sha256
    assert "rt-train fit tiny" in (folder / "README.md").read_text()
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    assert cli.main(["describe", str(folder)]) == 0
    assert kept == {path: path.read_bytes() for path in folder.iterdir()}


def test_describe_of_nothing_is_one_line(capsys):
    assert cli.main(["describe", "nothing"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
