"""Records as the engine makes them, for every sink to swallow."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from realtime.records import Event, Latency, ModelSummary, Prediction, Signal, Start, Summary

INSTRUMENTS = [
    "bass",
    "brass",
    "flute",
    "guitar",
    "keyboard",
    "mallet",
    "organ",
    "reed",
    "string",
    "vocal",
]
COMPOSERS = [
    "Bach",
    "Bartok",
    "Byrd",
    "Chopin",
    "Handel",
    "Hummel",
    "Mendelssohn",
    "Mozart",
    "Schumann",
]
MODELS = ("instrument-cnn", "instrument-lstm", "composer-cnn")


def probabilities(labels, favourite, p=0.6):
    rest = (1 - p) / (len(labels) - 1)
    return {label: p if label == favourite else rest for label in labels}


def prediction(model="instrument-cnn", label="reed", p=0.6, t=8.0, **changes):
    labels = INSTRUMENTS if model.startswith("instrument") else COMPOSERS
    probs = probabilities(labels, label, p) if label in labels else {label: p}
    fields = {
        "model": model,
        "task": model.partition("-")[0],
        "t": t,
        "window": (t - 4.0, t),
        "state": "live",
        "label": label,
        "p": p,
        "probs": probs,
        "smoothed": probs,
        "latency": Latency(1.0, 0.5, 2.25, 3.75),
        "source": "song.wav",
    }
    return Prediction(**fields | changes)


def signal(t=8.0, *, level=-20.0, peak=0.5, notes=None, bands=64, length=None):
    picture = None if notes is not None else np.linspace(-70, -20, bands, dtype=np.float32)
    return Signal(t, level, peak, picture, notes, length)


def summary(source="song.wav", models=MODELS, **changes):
    latency = {
        stage: {"p50": 1.5, "p95": 2.5, "p99": 3.5}
        for stage in ("capture", "features", "inference", "total")
    }
    labels = {"instrument": (INSTRUMENTS, "reed"), "composer": (COMPOSERS, "Mendelssohn")}
    models = {
        name: ModelSummary(
            labels[name.partition("-")[0]][1],
            probabilities(*labels[name.partition("-")[0]], 0.9),
            42,
            latency,
        )
        for name in models
    }
    fields = {
        "source": source,
        "models": models,
        "seconds": 12.5,
        "dropped": 0,
        "overflows": 0,
        "realtime_factor": 25.0,
    }
    return Summary(**fields | changes)


def start(source="song.wav", models=MODELS, live=False, **details):
    return Start("1.2.3", source, tuple(models), live, details)


def event(kind="notice", text="all is well", t=3.0, count=0):
    return Event(kind, t, text, "song.wav", count)


@pytest.fixture(scope="session")
def make():
    """Makers of records."""
    return SimpleNamespace(
        prediction=prediction, signal=signal, summary=summary, start=start, event=event
    )
