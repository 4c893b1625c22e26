"""Hears one file from its beginning to its end; runs in the workers."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from realtime import __version__
from realtime.api import choose
from realtime.engine import Engine
from realtime.errors import UserError
from realtime.records import Start
from realtime.registry import Model
from realtime.sinks.jsonlines import fields, line
from realtime.sources.open import open_file
from realtime.text import printable

_loaded = threading.local()
"""Models of a thread: interpreters must not be shared between threads."""


@dataclass(frozen=True, slots=True)
class How:
    """How to listen: the options of the command line that matter to a file."""

    task: str | None = None
    models: tuple[str, ...] = ()
    hop: float = 0.25
    duration: float | None = None
    soundfont: str | None = None
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a file.

    Attributes:
        content: All its records as ``--json`` writes them; empty if it failed.
        failure: Why it failed, in one line; empty if it did not.
    """

    content: str = ""
    failure: str = ""


def hear(path: str, how: How) -> Heard:
    """Hear a file. Whatever is wrong with it is told, not raised."""
    try:
        source = open_file(path)
        models = _models(source.stream, how)
        names = tuple(model.manifest.name for model in models)
        engine = Engine(source, models, hop=how.hop, soundfont=how.soundfont, duration=how.duration)
        records = [Start(__version__, source.name, names, False), *engine.run()]
    except UserError as error:
        return Heard(failure=printable(str(error)).removeprefix(f"{printable(path)}: "))
    except Exception as error:  # one file in thousands must not stop the others
        return Heard(failure=f"a bug, please report it: {type(error).__name__}: {error}")
    lines = [line(content) for record in records if (content := fields(record)) is not None]
    return Heard(content="\n".join(lines) + "\n")


def _models(stream: str, how: How) -> list[Model]:
    """The models for a stream, loaded once in each thread."""
    cache: dict[tuple[str, How], list[Model]] = _loaded.__dict__.setdefault("models", {})
    if (stream, how) not in cache:
        chosen = choose(
            "midi" if stream == "midi" else "audio",
            task=how.task,
            models=how.models,
            threads=how.threads,
        )
        cache[stream, how] = chosen
    return cache[stream, how]
