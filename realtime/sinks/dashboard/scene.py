"""What the dashboard knows: the latest of everything, gathered from the records."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from realtime.records import Event, Latency, Prediction, Record, Signal, Start, Summary

HISTORY_SECONDS = 10.0
"""How far the rolling picture looks back."""

TREND_SECONDS = 60.0
"""How far the history of the probabilities looks back."""

TREND_STEP = 0.2
"""Seconds between two entries of that history at least."""

LATENCIES = 200
"""Predictions over which latency percentiles are taken."""

CLIP_SECONDS = 2.0
"""How long a peak stays in sight."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said at an instant.

    Attributes:
        t: Stream time in seconds.
        probs: Smoothed probabilities by label.
        leader: The likeliest label; None unless the model was sure enough to be live.
    """

    t: float
    probs: dict[str, float]
    leader: str | None


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
        dropped: Windows left out so far, or that a network gave no answer to.
        overflows: Times that captured sound or MIDI was lost so far.
        xruns: Times that the device was late so far.
        events: The last few events.
        connected: False between a disconnection and the reconnection.
        summaries: One for each source that has ended.
        history: What each model said in the last ``TREND_SECONDS`` of this source, oldest first.
        focus: The only task to show; None for all.
        help: Whether the keys are explained instead.
        paused: Whether a person takes a pause.
        keys: Whether there is a keyboard to press keys on.
        changing: Whether a person asked for the next device, and it is not heard yet.
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
        self.xruns = 0
        self.events: deque[Event] = deque(maxlen=5)
        self.connected = True
        self.summaries: list[Summary] = []
        self.history: dict[str, deque[Said]] = {}
        self.focus: str | None = None
        self.help = False
        self.paused = False
        self.keys = False
        self.changing = False
        self._ended = False

    @property
    def live(self) -> bool:
        """True for a microphone or a port, False for a file."""
        return self.start is not None and self.start.live

    @property
    def length(self) -> float | None:
        """Length of the source in seconds, if it is known."""
        return self.signals[-1].length if self.signals else None

    @property
    def status(self) -> str:
        """What the source is doing, in a word or two."""
        if self.changing:
            return "changing device"
        if not self.connected:
            return "disconnected"
        if self.paused:
            return "paused"
        if self._ended:
            return "finished"
        if not self.signals and not self.predictions:
            return "starting"
        return "listening" if self.live else "playing"

    @property
    def tasks(self) -> dict[str, list[str]]:
        """The models of each task to show, in the order they were named."""
        tasks = self.all_tasks
        return {self.focus: tasks[self.focus]} if self.focus in tasks else tasks

    @property
    def all_tasks(self) -> dict[str, list[str]]:
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

    def next_task(self) -> None:
        """Shows the next task alone, and after the last one all of them."""
        tasks = [None, *self.all_tasks]
        if len(tasks) > 2:  # with a single task there is nothing to leave out
            at = tasks.index(self.focus) if self.focus in tasks else 0
            self.focus = tasks[(at + 1) % len(tasks)]

    def agreement(self, models: list[str]) -> float | None:
        """In what part of the last ``TREND_SECONDS`` all these models led with the same label.

        Only instants at which at least two of them were live count; None if there are none.
        """
        by_time: dict[float, list[str]] = {}
        for name in models:
            for said in self.history.get(name, ()):
                if said.leader is not None:
                    by_time.setdefault(said.t, []).append(said.leader)
        compared = [leaders for leaders in by_time.values() if len(leaders) > 1]
        if not compared:
            return None
        return sum(len(set(leaders)) == 1 for leaders in compared) / len(compared)

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
        self._remember(prediction)

    def _remember(self, prediction: Prediction) -> None:
        probs = prediction.smoothed
        leader = max(probs, key=probs.__getitem__) if probs else None
        history = self.history.setdefault(prediction.model, deque())
        if not history or prediction.t - history[-1].t > TREND_STEP - 1e-6:
            live = prediction.state == "live"
            history.append(Said(prediction.t, probs, leader if live else None))
        while history[0].t < prediction.t - TREND_SECONDS - 1:
            history.popleft()

    def _event(self, event: Event) -> None:
        self.events.append(event)
        if event.kind in ("dropped", "inference-failed"):
            self.dropped += max(event.count, 1)
        elif event.kind == "overflow":
            self.overflows += 1
        elif event.kind == "xrun":
            self.xruns += max(event.count, 1)
        elif event.kind == "disconnected":
            self.connected = False
        elif event.kind == "reconnected":
            self.connected = True

    def _next_source(self) -> None:
        self.t = 0.0
        self.predictions.clear()
        self.history.clear()
        self.signals.clear()
        self._ended = self.changing = False
        self.connected = True

    def _task(self, model: str) -> str:
        if model in self.predictions:
            return self.predictions[model].task
        tasks = self.start.details.get("tasks", {}) if self.start else {}
        return tasks.get(model) or model.rpartition("-")[0] or model
