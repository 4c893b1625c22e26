"""The Python interface: iterate over what the models say of a source."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Literal

from realtime.engine import Engine
from realtime.errors import UserError
from realtime.records import Prediction
from realtime.registry import Model, find_all, load, read_manifest, shipped
from realtime.sources import Source


def choose(
    stream: Literal["audio", "midi"],
    *,
    task: str | None = None,
    models: Sequence[str] = (),
    threads: int = 1,
) -> list[Model]:
    """Load the models that suit a stream.

    Args:
        stream: What is listened to.
        task: ``instrument``, ``composer`` or ``all``. By default all of them for sound, and the
            composers for MIDI, whose instruments are only the synthesizer's.
        models: Names, model folders, or folders of several, or just one; they override ``task``.
        threads: Threads that one inference may use.

    Raises:
        UserError: A model does not exist or cannot be loaded, or none suits the stream.
    """
    if models:
        models = [models] if isinstance(models, str) else models  # one name is meant as such
        loaded = [load(f, threads=threads) for name in models for f in find_all(name)]
        names = [m.manifest.name for m in loaded]
        if len(set(names)) < len(names):
            raise UserError(f"models must have different names, not {', '.join(names)}")
        return loaded
    wanted = task or ("composer" if stream == "midi" else "all")
    chosen = []
    for folder in shipped():
        if wanted in ("all", read_manifest(folder).task):
            model = load(folder, threads=threads)
            if stream == "midi" or model.stream == "audio":
                chosen.append(model)
    if not chosen:
        raise UserError(
            f"no shipped model does task {wanted!r}; there are instrument, composer and all, or "
            "name a model"
        )
    return chosen


def classify(
    source: Source,
    *,
    task: str | None = None,
    models: Sequence[str] = (),
    hop: float = 0.25,
    pace: Literal["real", "fast"] = "fast",
    soundfont: str | None = None,
    threads: int = 1,
) -> Iterator[Prediction]:
    """Listen to a source and yield each model's predictions as they come.

    Closing the iterator, or leaving the loop and dropping it, closes the source; no thread or file
    stays open.

    Args:
        source: ``Microphone``, ``MidiPort``, ``AudioFile``, ``MidiFile`` or ``RawStdin``.
        task: ``instrument``, ``composer`` or ``all``; see ``choose``.
        models: Names of shipped models, or model folders; they override ``task``.
        hop: Seconds of stream time between predictions.
        pace: ``real`` replays a file as it was played, ``fast`` as fast as possible.
        soundfont: SoundFont through which networks hear MIDI; the embedded default otherwise.
        threads: Threads that one inference may use.

    Raises:
        UserError: The source, a model or an argument is at fault.

    Example:
        >>> from realtime import AudioFile, classify
        >>> for prediction in classify(AudioFile("flute.wav"), task="instrument", hop=4):
        ...     print(prediction.t, prediction.model, f"{sum(prediction.probs.values()):.1f}")
        4.0 instrument-cnn 1.0
        4.0 instrument-lstm 1.0
    """
    if isinstance(source, str | os.PathLike):
        name = os.fspath(source)
        raise UserError(f"{name}: give a source, such as AudioFile({name!r}), not a name")
    chosen = choose(source.stream, task=task, models=models, threads=threads)
    engine = Engine(source, chosen, hop=hop, pace=pace, soundfont=soundfont)
    records = engine.run()
    try:
        for record in records:
            if isinstance(record, Prediction):
                yield record
    finally:
        records.close()
