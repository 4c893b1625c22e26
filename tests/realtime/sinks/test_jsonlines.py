import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.records import Latency, ModelSummary, Prediction, Summary
from realtime.sinks.jsonlines import JsonLines


def written(*records):
    stream = io.StringIO()
    sink = JsonLines(stream)
    for record in records:
        sink.emit(record)
    sink.close()
    assert not stream.closed

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    lines = stream.getvalue().splitlines()
    return [json.loads(line, parse_constant=refuse) for line in lines]


def test_start(make):
    [start] = written(make.start(models=("a-cnn", "b-lstm")))
    assert start == {
        "type": "start",
        "version": "1.2.3",
        "source": "song.wav",
        "models": ["a-cnn", "b-lstm"],
    }


def test_prediction_keeps_the_contract(make):
    [record] = written(make.prediction(p=0.123456, t=8.00004))
    assert list(record) == [
        "type",
        "model",
        "task",
        "t",
        "window",
        "state",
        "label",
        "p",
        "probs",
        "smoothed",
        "latency_ms",
        "source",
    ]
    assert record["p"] == record["probs"]["reed"] == 0.1235
    assert record["t"] == 8.0
    assert record["latency_ms"] == {
        "capture": 1.0,
        "features": 0.5,
        "inference": 2.25,
        "total": 3.75,
    }


def test_a_window_without_sound_has_no_label(make):
    [record] = written(make.prediction(label=None, probs={}, smoothed={}, p=0.0))
    assert record["label"] is None


def test_event(make):
    [record] = written(make.event("overflow", "lost", t=1.5, count=3))
    assert record == {
        "type": "event",
        "kind": "overflow",
        "t": 1.5,
        "text": "lost",
        "source": "song.wav",
        "count": 3,
    }


def test_summary_keeps_the_contract(make):
    [record] = written(make.summary())
    assert list(record) == [
        "type",
        "source",
        "models",
        "seconds",
        "dropped",
        "overflows",
        "realtime_factor",
        "xruns",
    ]
    model = record["models"]["instrument-cnn"]
    assert list(model) == ["label", "probs", "windows", "latency_ms", "warming"]
    assert list(model["latency_ms"]) == ["p50", "p95", "p99", "stages"]
    assert model["latency_ms"]["p95"] == model["latency_ms"]["stages"]["total"]["p95"] == 2.5


def test_a_summary_of_nothing():
    nothing = Summary("x", {"m": ModelSummary(None, {}, 0, {})}, 0.0, 0, 0, math.nan)
    [record] = written(nothing)
    assert record["models"]["m"]["latency_ms"] == {
        "p50": None,
        "p95": None,
        "p99": None,
        "stages": {},
    }
    assert record["realtime_factor"] is None


def test_signals_are_left_out(make):
    assert written(make.signal(), make.signal(notes=(60,))) == []


def test_each_record_is_one_flushed_line(make):
    raw = io.BytesIO()
    sink = JsonLines(io.TextIOWrapper(raw, encoding="ascii"))
    sink.emit(make.start(source="caf\u00e9\n\x1b[2J\udcff.wav"))
    assert raw.getvalue().count(b"\n") == 1
    assert json.loads(raw.getvalue())["source"] == "caf\u00e9\n\x1b[2J\udcff.wav"


@given(
    st.dictionaries(st.text(), st.floats(width=32), max_size=5),
    st.floats(),
    st.tuples(st.floats(), st.floats()),
)
def test_any_numbers_give_strict_json(probs, number, window):
    floats = {label: np.float32(p) for label, p in probs.items()}
    latency = Latency(number, number, number, number)
    [record] = written(
        Prediction("m", "t", number, window, "live", None, number, floats, probs, latency, "s")
    )
    for label, p in probs.items():
        if math.isfinite(p):
            assert record["smoothed"][label] == pytest.approx(p, abs=5.1e-5)
        else:
            assert record["smoothed"][label] is None
