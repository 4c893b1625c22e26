"""What flows through the engine: blocks in, predictions, events and summaries out.

Stream time is counted in samples at ``STREAM_RATE``, for sound and for MIDI alike, so that a replay
at full speed sees the same instants as the live run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import mido
    import numpy as np

STREAM_RATE = 16_000
"""Samples a second of every stream inside the engine; sources resample to it."""

LONGEST = 1e9
"""Seconds that a run may be told to last: thirty years, a count of samples that can be had."""

HOPS = (0.01, 3600)
"""The least and the most seconds between predictions."""

State = Literal["live", "warming", "silent", "unknown"]


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """Consecutive mono samples of a stream.

    Attributes:
        position: Index of the first sample in stream time, at ``STREAM_RATE``.
        samples: float32, shape (n,), full scale at ±1. The receiver must not write to it.
        captured: ``time.perf_counter()`` when the last sample arrived from the device, in seconds.
    """

    position: int
    samples: np.ndarray
    captured: float

    @property
    def end(self) -> int:
        """Position just after the last sample."""
        return self.position + len(self.samples)


@dataclass(frozen=True, slots=True)
class TimedMessage:
    """A MIDI message and the stream position at which it sounds."""

    position: int
    message: mido.Message


@dataclass(frozen=True, slots=True)
class MidiBlock:
    """All the MIDI messages of a stretch of stream time, in order; often none.

    Attributes:
        position: Start of the stretch, in samples at ``STREAM_RATE``.
        end: End of the stretch. Messages lie in ``position <= m.position < end``.
        messages: The messages of the stretch.
        captured: ``time.perf_counter()`` when the stretch was complete, in seconds.
    """

    position: int
    end: int
    messages: tuple[TimedMessage, ...]
    captured: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing comes for now: the device is away. Only live sources pause.

    Attributes:
        position: Stream time as it goes on meanwhile, in samples at ``STREAM_RATE``.
    """

    position: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Where the time went between the last sound of a window and its prediction, in milliseconds.

    Attributes:
        capture: From the arrival of the window's last sample to the start of the work on it.
        features: Streaming features of this hop, shared by the models that read them, and what
            networks that follow the stream read of it.
        inference: This model's network.
        total: From the arrival of the last sample to the finished prediction.
        device: What the device and its driver say they add before the arrival; not in ``total``.
    """

    capture: float
    features: float
    inference: float
    total: float
    device: float = 0.0


STAGES = ("capture", "features", "inference", "total")
"""The parts of ``Latency`` that are told for every prediction, and summed up."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one model says of one window.

    Attributes:
        model: Name of the model.
        task: ``"instrument"``, ``"composer"`` or a task of the user's own.
        t: Stream time at which the prediction was due, in seconds.
        window: Start and end of what the model saw, in seconds of stream time.
        state: ``warming`` until a whole window has been heard, ``silent`` below the level gate,
            ``unknown`` when no label is likely enough, else ``live``.
        label: The most likely label, or None when the window holds nothing at all.
        p: Calibrated probability of ``label``, 0 to 1.
        probs: Calibrated probability of every label.
        smoothed: The same, smoothed over the last windows; what a display should show.
        latency: Time spent in each stage.
        source: Name of the source, where several are classified in one run.
        evidence: What all windows so far favour together, as probabilities; empty before the first.
            Windows that were not full count until the first that is, which holds what they heard.
    """

    model: str
    task: str
    t: float
    window: tuple[float, float]
    state: State
    label: str | None
    p: float
    probs: dict[str, float]
    smoothed: dict[str, float]
    latency: Latency
    source: str
    evidence: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the stream rather than in it: a loss, a reconnection, a notice.

    Attributes:
        kind: ``overflow``, ``xrun``, ``dropped``, ``disconnected``, ``reconnected``,
            ``moved``, ``inference-failed``, ``notice`` …
        t: Stream time in seconds.
        text: One line for a person.
        source: Name of the source.
        count: How many samples, windows or messages it concerns; 0 where that means nothing.
    """

    kind: str
    t: float
    text: str
    source: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Signal:
    """What the stream itself looks like, for meters and rolling pictures.

    Attributes:
        t: Stream time in seconds at the end of the stretch it describes.
        level: Root mean square of the sound in dBFS; -120 at most quiet.
        peak: Highest absolute sample, 0 to 1 and above when clipped.
        bands: float32 (n_bands,) in dBFS from low to high, for a rolling spectrogram; None for
            MIDI.
        notes: Pitches sounding now; None for sound.
        length: Seconds that the whole stream lasts; None where that is not known.
    """

    t: float
    level: float
    peak: float
    bands: np.ndarray | None
    notes: tuple[int, ...] | None
    length: float | None = None


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """All of a stream as one model heard it.

    Attributes:
        label: The label that the accumulated evidence favours; None if nothing was heard.
        probs: The evidence as probabilities over the labels.
        windows: Windows classified.
        latency: Percentiles p50, p95 and p99 of each stage and of the total, in milliseconds.
        warming: Whether no whole window was heard, so that ``label`` is but a first guess.
    """

    label: str | None
    probs: dict[str, float]
    windows: int
    latency: dict[str, dict[str, float]]
    warming: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of a source.

    Attributes:
        source: Its name.
        models: One summary a model.
        seconds: Stream time heard.
        dropped: Windows that were left out to keep up, or that a network gave no answer to.
        overflows: Times that captured sound or MIDI was overwritten before it was read.
        realtime_factor: Stream time over wall time.
        xruns: Times that the device said something was late or lost, however little.
    """

    source: str
    models: dict[str, ModelSummary]
    seconds: float
    dropped: int
    overflows: int
    realtime_factor: float
    xruns: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of a run: what is heard and by which models."""

    version: str
    source: str
    models: tuple[str, ...]
    live: bool
    details: dict[str, Any] = field(default_factory=dict)


Record = Start | Signal | Prediction | Event | Summary
