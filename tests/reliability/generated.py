"""Strategies: bytes that are nearly right, and bytes that are not."""

from __future__ import annotations

import json
import struct

import fuzz_targets
from hypothesis import strategies as st

ODD = [
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b"\x7f\xff\xff\xff",
    b"\1\0\0\0",
    b"\0\0\0\1",
    b"\xff" * 8,
    struct.pack("<f", float("nan")),
    struct.pack("<f", float("inf")),
    b"\x1b[2J\n",
]
NUMBERS = [0, -1, 1, 2, 127, 128, 2**15, 2**31 - 1, -(2**31), 2**63, 10**30, 1e308, -1e-308]
TEXTS = ["", "..", "../model.tflite", "/etc/passwd", "\x1b]0;x\x07", "[red]", "\u202e", "a\0b"]
SCALARS = st.one_of(
    st.sampled_from([None, True, False, [], {}, float("nan"), float("inf"), *NUMBERS, *TEXTS]),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@st.composite
def mutated(draw, target: str) -> bytes:
    """One of the target's seeds after a few changes, many of them near its beginning."""
    data = bytearray(draw(st.sampled_from(fuzz_targets.seeds(target))))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 4]))):
        far = draw(st.sampled_from([64, 512, len(data), len(data)]))
        at = draw(st.integers(0, max(0, min(far, len(data)) - 1)))
        kind = draw(st.sampled_from(["set", "put", "odd", "cut", "drop", "again"]))
        if kind == "set":
            data[at : at + 1] = bytes([draw(st.integers(0, 255))])
        elif kind == "odd":
            odd = draw(st.sampled_from(ODD))
            data[at : at + len(odd)] = odd
        elif kind == "put":
            data[at:at] = draw(st.sampled_from(ODD) | st.binary(max_size=16))
        elif kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[at : at + draw(st.integers(1, 64))]
        else:
            data[at:at] = data[at : at + draw(st.integers(1, 512))]
    return bytes(data)


@st.composite
def misshapen(draw, target: str) -> bytes:
    """One of the target's JSON seeds with other values, keys and shapes in places."""
    texts = [seed.lstrip(b"\0\1\2") for seed in fuzz_targets.seeds(target)]
    text = draw(st.sampled_from([text for text in texts if text.startswith(b"{")]))
    values = json.loads(text)
    for _ in range(draw(st.integers(1, 3))):
        at = values
        while True:
            keys = list(at) if isinstance(at, dict) else range(len(at))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(at[key], dict | list) and at[key] and draw(st.booleans()):
                at = at[key]
                continue
            if isinstance(at, dict) and draw(st.integers(0, 4)) == 0:
                del at[key]
            else:
                at[key] = draw(VALUES)
            break
    prefix = b"\0" if target == "recordings" else b""
    return prefix + json.dumps(values).encode("utf-8", "surrogatepass")


@st.composite
def music(draw) -> bytes:
    """A MIDI file of well-formed parts that need not make sense together."""
    number = st.integers(0, 2**28 - 1).map(_number)
    delta = st.integers(0, 500).map(_number) | number
    byte = st.integers(0, 127)
    event = st.one_of(
        st.tuples(st.integers(0x80, 0xEF), byte, byte).map(
            lambda e: bytes(e[:2] if e[0] & 0xE0 == 0xC0 else e)
        ),
        st.tuples(byte, byte).map(bytes),  # running status
        st.integers(0, 2**24 - 1).map(lambda tempo: b"\xff\x51\3" + tempo.to_bytes(3, "big")),
        st.binary(max_size=9).map(lambda text: b"\xff\1" + bytes([len(text)]) + text),
        st.binary(max_size=9).map(lambda text: b"\xf0" + bytes([len(text)]) + text),
        st.just(b"\xff\x2f\0"),
        st.binary(max_size=3),
    )
    tracks = []
    for _ in range(draw(st.integers(0, 3))):
        pairs = draw(st.lists(st.tuples(delta, event), max_size=30))
        body = b"".join(part for pair in pairs for part in pair)
        length = len(body) + draw(st.sampled_from([0, 0, 0, 1, -1, 2**31]))
        tracks.append(b"MTrk" + (max(0, length) & 0xFFFFFFFF).to_bytes(4, "big") + body)
    kind, division = draw(st.integers(0, 2)), draw(st.integers(0, 0xFFFF))
    count = draw(st.sampled_from([len(tracks), len(tracks), 0, 0xFFFF]))
    return b"MThd\0\0\0\6" + struct.pack(">HHH", kind, count, division) + b"".join(tracks)


def _number(value: int) -> bytes:
    out = bytes([value & 0x7F])
    while value := value >> 7:
        out = bytes([value & 0x7F | 0x80]) + out
    return out


@st.composite
def malformed(draw) -> bytes:
    """A network whose frame is sound and whose content is not."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as tfl

    data = draw(st.sampled_from(fuzz_targets.seeds("networks")))
    model = tfl.ModelT.InitFromObj(tfl.Model.GetRootAs(data, 0))
    graph = model.subgraphs[0]
    pick = st.sampled_from
    odd = st.sampled_from([-1, 0, 1, 2, 3, 7, 100, 65_536, 2**20, 2**31 - 1, -(2**31)])
    for _ in range(draw(st.integers(1, 2))):
        tensor, operator = draw(pick(graph.tensors)), draw(pick(graph.operators))
        index = odd | st.integers(0, len(graph.tensors) - 1)
        match draw(st.integers(0, 7)):
            case 0 if tensor.shape is not None and len(tensor.shape):
                tensor.shape = [draw(odd) if draw(st.booleans()) else int(n) for n in tensor.shape]
            case 1:
                tensor.type = draw(st.integers(0, 17))
            case 2:
                tensor.buffer = draw(st.integers(0, len(model.buffers) - 1) | st.just(2**31))
            case 3:
                operator.inputs = [
                    draw(index) if draw(st.booleans()) else int(i) for i in operator.inputs
                ]
            case 4:
                operator.outputs = [draw(index)]
            case 5:
                operator.opcodeIndex = draw(pick([0, len(model.operatorCodes) - 1, 9999]))
            case 6:
                code = draw(pick(model.operatorCodes))
                code.builtinCode = draw(st.integers(0, 209))
                code.deprecatedBuiltinCode = min(127, code.builtinCode)
            case _:
                tensor.shape = []
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def strategy(target: str) -> st.SearchStrategy[bytes]:
    """What a target is to be given."""
    kinds = [mutated(target), mutated(target), st.binary(max_size=300)]
    if target in ("manifests", "examples_json", "recordings"):
        kinds += [misshapen(target), misshapen(target)]
    if target == "midi_files":
        kinds += [music(), music()]
    if target == "networks":
        kinds += [malformed(), malformed(), malformed()]
    return st.one_of(kinds)
