"""Plain text, for a stdout that is no terminal, for logs and for screen readers."""

from __future__ import annotations

from typing import TextIO

from realtime.records import Event, Prediction, Record, Start, Summary
from realtime.sinks.textstream import TextStream
from realtime.text import printable


class Plain:
    """Writes a line when what a model says changes, not one for every window.

    No colours and no control characters, whatever the names and labels hold. The stream is left
    open.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = TextStream(stream)
        self._width = 0
        self._source = ""
        self._live = False
        self._said: dict[str, str] = {}

    def emit(self, record: Record) -> None:
        """Writes what is new in a record."""
        match record:
            case Start():
                self._start(record)
            case Prediction():
                self._prediction(record)
            case Event():
                self._line(f"{record.t:9.2f} s  {record.kind}: {record.text}")
            case Summary():
                self._summary(record)

    def close(self) -> None:
        """Leaves the stream as it is: every line is already out."""

    def _line(self, text: str) -> None:
        self._stream.line(printable(text))

    def _start(self, start: Start) -> None:
        self._source, self._live = start.source, start.live
        self._width = max(map(len, start.models), default=0)
        models = ", ".join(start.models) or "no model"
        self._line(f"rt-classify {start.version}: {start.source}, heard by {models}")

    def _prediction(self, prediction: Prediction) -> None:
        if prediction.source != self._source:
            self._source = prediction.source
            self._line(prediction.source)
        label = prediction.label
        if prediction.smoothed:  # what holds for more than a window is what is worth a line
            label = max(prediction.smoothed, key=prediction.smoothed.__getitem__)
        live = prediction.state == "live" and label is not None
        says = label if live and label is not None else prediction.state
        if self._said.get(prediction.model) == says:
            return
        self._said[prediction.model] = says
        p = prediction.smoothed.get(says, prediction.p)
        text = f"{says} {p:.0%}" if live else says
        self._line(f"{prediction.t:9.2f} s  {prediction.model:<{self._width}}  {text}")

    def _summary(self, summary: Summary) -> None:
        self._said.clear()
        self._line("")
        self._line(f"Summary of {summary.source}")
        rows: list[tuple[str, ...]] = [
            ("model", "heard", "probability", "windows", "p50 ms", "p95 ms", "p99 ms")
        ]
        for name, model in summary.models.items():
            total = model.latency.get("total", {})
            rows.append(
                (
                    name,
                    (model.label or "nothing") + " (warming)" * model.warming,
                    f"{model.probs.get(model.label, 0.0):.0%}" if model.label else "-",
                    str(model.windows),
                    *(f"{total[p]:.1f}" if p in total else "-" for p in ("p50", "p95", "p99")),
                )
            )
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            names = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
            numbers = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
            self._line("  " + "  ".join(names + numbers))
        xruns = f", {summary.xruns} xruns" if summary.xruns else ""
        pace = "" if self._live else f"{summary.realtime_factor:.1f} times real time, "
        self._line(
            f"  {summary.seconds:.1f} s heard, {pace}{summary.dropped} dropped, "
            f"{summary.overflows} overflows{xruns}"
        )
