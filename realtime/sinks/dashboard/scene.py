"""What the dashboard knows: the latest of everything, gathered from the records."""

from __future__ import annotations

from collections import deque

from realtime.records import Event, Latency, Prediction, Record, Signal, Start, Summary

HISTORY_SECONDS = 10.0
"""How far the rolling picture looks back."""

LATENCIES = 200
"""Predictions over which latency percentiles are taken."""

CLIP_SECONDS = 2.0
"""How long a peak stays in sight."""


class Scene:
    """The state that a frame is drawn from; it draws nothing itself.

    Attributes:
        version: Grows with every record, so that an unchanged scene need not be drawn again.
        start: What the run began with.
        source: What is heard now; with several files it changes.
        t: Stream time of the source in seconds.
        predictions: The latest of each model, for this source.
        signals: The last ``HISTORY_SECONDS`` of this source, oldest first.
        latencies: The last ``LATENCIES`` predictions of the run.
        dropped: Windows and records left out so far.
        overflows: Times that captured sound or MIDI was lost so far.
        events: The last few events.
        connected: False between a disconnection and the reconnection.
        summaries: One for each source that has ended.
    """

    def __init__(self) -> None:
        self.version = 0
        self.start: Start | None = None
        self.source = ""
        self.t = 0.0
        self.predictions: dict[str, Prediction] = {}
        self.signals: deque[Signal] = deque()
        self.latencies: deque[Latency] = deque(maxlen=LATENCIES)
        self.dropped = 0
        self.overflows = 0
        self.events: deque[Event] = deque(maxlen=5)
        self.connected = True
        self.summaries: list[Summary] = []
        self._ended = False

    @property
    def live(self) -> bool:
        """True for a microphone or a port, False for a file."""
        return self.start is not None and self.start.live

    @property
    def length(self) -> float | None:
        """Length of the source in seconds, from ``details["lengths"]`` of the start record."""
        lengths = self.start.details.get("lengths", {}) if self.start else {}
        return lengths.get(self.source)

    @property
    def status(self) -> str:
        """What the source is doing, in a word."""
        if not self.connected:
            return "disconnected"
        if self._ended:
            return "finished"
        if not self.signals and not self.predictions:
            return "starting"
        return "listening" if self.live else "playing"

    @property
    def tasks(self) -> dict[str, list[str]]:
        """The models of each task, in the order they were named."""
        tasks: dict[str, list[str]] = {}
        names = self.start.models if self.start else ()
        for name in (*names, *(name for name in self.predictions if name not in names)):
            tasks.setdefault(self._task(name), []).append(name)
        return tasks

    @property
    def peak(self) -> float:
        """Highest sample of the last ``CLIP_SECONDS``."""
        return max((s.peak for s in self.signals if s.t > self.t - CLIP_SECONDS), default=0.0)

    def update(self, record: Record) -> None:
        """Takes in a record."""
        self.version += 1
        match record:
            case Start():
                self.start = record
                self.source = record.source
            case Signal():
                self._signal(record)
            case Prediction():
                self._prediction(record)
            case Event():
                self._event(record)
            case Summary():
                self.summaries.append(record)
                self.source = record.source
                self._ended = True

    def _signal(self, signal: Signal) -> None:
        if self._ended or (self.signals and signal.t < self.signals[-1].t):
            self._next_source()
        self.t = max(self.t, signal.t)
        self.signals.append(signal)
        while self.signals[0].t < self.t - HISTORY_SECONDS - 1:
            self.signals.popleft()

    def _prediction(self, prediction: Prediction) -> None:
        # A signal has no source: what came since the last summary is already the new one's.
        if self._ended or (self.predictions and prediction.source != self.source):
            self._next_source()
        self.source = prediction.source
        self.t = max(self.t, prediction.t)
        self.predictions[prediction.model] = prediction
        self.latencies.append(prediction.latency)

    def _event(self, event: Event) -> None:
        self.events.append(event)
        if event.kind == "dropped":
            self.dropped += max(event.count, 1)
        elif event.kind == "overflow":
            self.overflows += 1
        elif event.kind == "disconnected":
            self.connected = False
        elif event.kind == "reconnected":
            self.connected = True

    def _next_source(self) -> None:
        self.t = 0.0
        self.predictions.clear()
        self.signals.clear()
        self._ended = False
        self.connected = True

    def _task(self, model: str) -> str:
        if model in self.predictions:
            return self.predictions[model].task
        tasks = self.start.details.get("tasks", {}) if self.start else {}
        return tasks.get(model) or model.rpartition("-")[0] or model
