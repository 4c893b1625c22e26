"""``--json``: one JSON object a line."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TextIO

from realtime.records import STAGES, Event, ModelSummary, Prediction, Record, Start, Summary
from realtime.sinks.textstream import TextStream


class JsonLines:
    """Writes each record but the signal's as one line of strict JSON, flushed at once.

    What is not a finite number becomes ``null``. The stream is left open.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = TextStream(stream)

    def emit(self, record: Record) -> None:
        """Writes a line, unless the contract has none for this record."""
        content = fields(record)
        if content is not None:
            self._stream.line(line(content))

    def close(self) -> None:
        """Leaves the stream as it is: every line is already out."""


def line(content: dict[str, Any]) -> str:
    """What ``fields`` gave, as one line of JSON."""
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def fields(record: Record) -> dict[str, Any] | None:
    """What a record's line holds: strict JSON values, None for a signal, which has no line."""
    match record:
        case Start():
            return {
                "type": "start",
                "version": record.version,
                "source": record.source,
                "models": list(record.models),
            }
        case Prediction():
            return {
                "type": "prediction",
                "model": record.model,
                "task": record.task,
                "t": _number(record.t, 4),
                "window": [_number(edge, 4) for edge in record.window],
                "state": record.state,
                "label": record.label,
                "p": _number(record.p, 4),
                "probs": _numbers(record.probs, 4),
                "smoothed": _numbers(record.smoothed, 4),
                "latency_ms": _numbers({s: getattr(record.latency, s) for s in STAGES}, 3),
                "source": record.source,
            }
        case Event():
            return {
                "type": "event",
                "kind": record.kind,
                "t": _number(record.t, 4),
                "text": record.text,
                "source": record.source,
                "count": record.count,
            }
        case Summary():
            return {
                "type": "summary",
                "source": record.source,
                "models": {name: _model(model) for name, model in record.models.items()},
                "seconds": _number(record.seconds, 3),
                "dropped": record.dropped,
                "overflows": record.overflows,
                "realtime_factor": _number(record.realtime_factor, 3),
                "xruns": record.xruns,
            }
    return None


def _model(summary: ModelSummary) -> dict[str, Any]:
    stages = {stage: _numbers(values, 3) for stage, values in summary.latency.items()}
    total = stages.get("total", {})
    return {
        "label": summary.label,
        "probs": _numbers(summary.probs, 4),
        "windows": summary.windows,
        "latency_ms": {p: total.get(p) for p in ("p50", "p95", "p99")} | {"stages": stages},
        "warming": summary.warming,
    }


def _numbers(values: Mapping[str, float], digits: int) -> dict[str, float | None]:
    return {name: _number(value, digits) for name, value in values.items()}


def _number(value: float, digits: int) -> float | None:
    """A Python float (the value may be NumPy's), without a negative zero; None if not finite."""
    return round(float(value), digits) + 0.0 if math.isfinite(value) else None
