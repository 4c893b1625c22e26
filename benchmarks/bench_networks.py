"""A window to a prediction: each network's forms, and the same graphs in onnxruntime."""

from __future__ import annotations

import time
from statistics import median

import pytest

from benchmarks import forms
from benchmarks.table import duration
from realtime.inference import Network

MANIFESTS = forms.manifests()
TWICE = {"cnn": 4.0}
"""How many times faster than float32 the shipped form should be; others twice."""


@pytest.fixture(scope="session", autouse=True)
def made():
    forms.make()


def in_litert(manifest, form):
    network = Network(forms.path(manifest, "tflite", form).read_bytes())
    window = forms.windows(manifest)[0]
    return lambda: network.predict(window)


def in_onnxruntime(ort, manifest, form):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = str(forms.path(manifest, "onnx", form))
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    window = forms.windows(manifest)[:1]
    return lambda: session.run(None, {"x": window})


def usual(action, times=30):
    """Median seconds a call."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return median(taken[3:])


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda m: m.name)
def test_against_float32(compare, manifest):
    form = manifest.quantisation
    compare(
        f"{manifest.name}: {form} against float32 in LiteRT",
        in_litert(manifest, form),
        in_litert(manifest, "float32"),
        times_less=TWICE.get(manifest.kind, 2.0),
        rounds=150,
        inside="one window, set, invoked and read; random weights.",
    )


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda m: m.name)
def test_forms(benchmark, add, manifest):
    taken = {}

    def each():
        for form in forms.of(manifest):
            taken[form] = usual(in_litert(manifest, form))

    benchmark.pedantic(each, rounds=1)
    add(
        f"{manifest.name}: shipped form ({manifest.quantisation}) in LiteRT",
        taken[manifest.quantisation] * 1e3,
        unit="ms",
        detail=", ".join(f"{form} {duration(t)}" for form, t in taken.items()),
        method="median of 27 calls after 3, one form after the other; one thread. One window, "
        "set, invoked and read; random weights. A network that reads numbers of patterns has no "
        "int8 form, which cannot hold them.",
    )


@pytest.mark.parametrize("manifest", filter(forms.follows, MANIFESTS), ids=lambda m: m.name)
def test_frame_by_frame(compare, manifest):
    form = forms.STREAM if forms.carries(manifest) else manifest.quantisation
    hop, told = forms.hop(manifest, Network(forms.path(manifest, "tflite", form).read_bytes()))
    compare(
        f"{manifest.name}: a hop of 0.25 s frame by frame, against the window in the shipped form "
        f"({manifest.quantisation})",
        hop,
        in_litert(manifest, manifest.quantisation),
        rounds=150,
        inside=f"{told}; theirs: one window, set, invoked and read; random weights.",
    )


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda m: m.name)
def test_against_onnxruntime(compare, peer, manifest):
    what = f"{manifest.name}: shipped form in LiteRT, against the fastest in onnxruntime"
    ort = peer("onnxruntime", what)
    found = [f for f in forms.of(manifest) if forms.path(manifest, "onnx", f).exists()]
    if not found:
        peer("tf2onnx", what)
    sessions = {form: in_onnxruntime(ort, manifest, form) for form in found}
    fastest = min(found, key=lambda form: usual(sessions[form]))
    compare(
        f"{what} ({fastest})",
        in_litert(manifest, manifest.quantisation),
        sessions[fastest],
        at_most=1.0,
        rounds=150,
        inside="one window in, one row of probabilities out; random weights. onnxruntime: float32, "
        "its dynamic and, where the network has one, its static int8 form (QDQ, per channel) are "
        "tried, all optimisations on.",
    )
