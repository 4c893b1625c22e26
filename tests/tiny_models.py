"""Networks and model folders made here, so that no test waits for a trained model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

MFCC = {"kind": "mfcc", "window": 4096, "n_fft": 512, "hop": 256, "n_mels": 20, "n_mfcc": 5}
NOTES = {"kind": "notes", "length": 8, "columns": ["pitch", "ioi", "duration"], "chord": 0.04}


class Graph:
    """A TFLite file in the making: tensors and operators by their numbers."""

    def __init__(self):
        from ai_edge_litert import schema_py_generated as tfl

        self.tfl = tfl
        self.model, self.graph = tfl.ModelT(), tfl.SubGraphT()
        self.model.version, self.model.subgraphs = 3, [self.graph]
        self.model.buffers, self.model.operatorCodes = [tfl.BufferT()], []
        self.graph.tensors, self.graph.operators = [], []

    def tensor(self, shape, values=None, kind="float32"):
        data, made = self.tfl.BufferT(), self.tfl.TensorT()
        if values is not None:
            data.data = np.frombuffer(values.tobytes(), np.uint8)
        self.model.buffers.append(data)
        made.shape, made.buffer = list(shape), len(self.model.buffers) - 1
        made.name, made.type = b"t%d" % made.buffer, getattr(self.tfl.TensorType, kind.upper())
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def operator(self, name, inputs, output, options):
        code, made = self.tfl.OperatorCodeT(), self.tfl.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(self.tfl.BuiltinOperator, name)
        code.version = 1
        self.model.operatorCodes.append(code)
        made.opcodeIndex = len(self.model.operatorCodes) - 1
        made.inputs, made.outputs, made.builtinOptions = inputs, [output], options
        made.builtinOptionsType = getattr(self.tfl.BuiltinOptions, type(options).__name__[:-1])
        self.graph.operators.append(made)
        return output

    def reshape(self, values, shape, kind="float32"):
        sizes = self.tensor((len(shape),), np.array(shape, np.int32), "int32")
        options = self.tfl.ReshapeOptionsT()
        return self.operator("RESHAPE", [values, sizes], self.tensor(shape, kind=kind), options)

    def content(self, given, result):
        import flatbuffers

        self.graph.inputs, self.graph.outputs = [given], [result]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


NETWORKS: dict[str, dict[str, Any]] = {
    "instrument-cnn": {"name": "vgg", "blocks": [[4], [4]], "dropout": 0.1, "dense": 8},
    "instrument-lstm": {
        "name": "lstm",
        "units": [4],
        "dropout": 0.1,
        "dense": 8,
        "head": "both",
        "stack": 2,
        "frames": [8],
        "counts": 4,
    },
    "composer-cnn": {
        "name": "heard",
        "ear": {"filters": 2, "colours": 1, "units": 4, "dropout": 0.1},
        "rows": 16,
        "embedding": 4,
        "pattern_dropout": 0.1,
        "dropout": 0.1,
        "dense": 8,
    },
    "composer-lstm": {
        "name": "patterns",
        "embedding": 4,
        "pattern_dropout": 0.1,
        "units": 4,
        "stack": 2,
        "dropout": 0.1,
        "dense": 8,
    },
}
"""For each model that ships a network of its kind that is next to nothing."""


def tiny_network(shape, outputs, *, seed=0, batch=1, keep_batch=True, kind="float32"):
    """A TFLite file that flattens a window, multiplies it by a random matrix and takes a softmax.

    With another ``kind`` than float32 it only flattens; without ``keep_batch`` it adds an axis.

    Returns its bytes, the matrix (outputs, n) and the bias (outputs,).
    """
    n, rng, graph = int(np.prod(shape)), np.random.default_rng(seed), Graph()
    matrix = (rng.normal(size=(outputs, n)) / np.sqrt(n)).astype(np.float32)
    bias = rng.normal(0, 0.1, outputs).astype(np.float32)
    window = graph.tensor((batch, *shape), kind=kind)
    result = graph.reshape(window, (batch, n), kind)
    if kind == "float32":
        weights = [graph.tensor(matrix.shape, matrix), graph.tensor(bias.shape, bias)]
        options = graph.tfl.FullyConnectedOptionsT()
        logits = graph.tensor((batch, outputs))
        graph.operator("FULLY_CONNECTED", [result, *weights], logits, options)
        softmax = graph.tfl.SoftmaxOptionsT()
        softmax.beta = 1.0
        result = graph.operator("SOFTMAX", [logits], graph.tensor((batch, outputs)), softmax)
    if not keep_batch:
        result = graph.reshape(result, (1, batch, outputs))
    return graph.content(window, result), matrix, bias


def write_folder(
    folder: Path,
    feature: dict[str, Any] = MFCC,
    labels: tuple[str, ...] = ("ape", "bee", "cat"),
    content: bytes | None = None,
    **changes: Any,
) -> Path:
    """Makes a model folder with a tiny network that fits its feature; returns its path."""
    from realtime.features import build

    if content is None:
        content = tiny_network(build(feature).shape, len(labels))[0]
    manifest = {
        "name": folder.name,
        "task": "instrument",
        "kind": "cnn",
        "labels": list(labels),
        "feature": feature,
        "window_s": 0.256,
        "hop_s": 0.25,
        "quantisation": "float32",
        "calibration": {"temperature": 1.5, "unknown_below": 0.2},
        "smoothing_s": 1.0,
        "file": "model.tflite",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "training": {"data": "none"},
        "figures": {},
    }
    folder.mkdir()
    (folder / "model.tflite").write_bytes(content)
    (folder / "model.json").write_text(json.dumps(manifest | changes), "utf-8")
    return folder
