"""``recording.json``: what a recording holds."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import realtime
from realtime.errors import UserError
from realtime.files import private, whole
from realtime.records import STREAM_RATE, Event
from realtime.text import printable

INDEX = "recording.json"
VERSION = 1
_LARGEST = 64 << 20  # bytes
_LONGEST = 366 * 86_400 * STREAM_RATE  # samples; what claims to be longer is no recording


@dataclass(slots=True)
class Segment:
    """A gapless stretch of the stream.

    Attributes:
        position: Stream position of its start.
        end: Stream position after it; None while it is being written.
        file: Name of the file in the folder that holds it.
    """

    position: int
    end: int | None
    file: str


@dataclass(frozen=True, slots=True)
class Told:
    """An event and the stream position that had been reached when it was told."""

    at: int
    event: Event


@dataclass(slots=True)
class Index:
    """What ``recording.json`` says.

    Attributes:
        source: Name of what was listened to.
        stream: Whether it holds sound or notes.
        begun: When, as ISO 8601.
        segments: In order, none overlapping.
        events: In the order in which they were told.
        skipped: Windows that were left out to catch up, by the position at which they were due.
        complete: Whether it was ended in order.
    """

    source: str
    stream: Literal["audio", "midi"]
    begun: str = ""
    segments: list[Segment] = field(default_factory=list)
    events: list[Told] = field(default_factory=list)
    skipped: dict[int, Event] = field(default_factory=dict)
    complete: bool = False


def save(folder: Path, index: Index) -> None:
    """Replace ``recording.json`` in one step, so that it is whole at any moment.

    Raises:
        OSError: It cannot be written; the one that was there stays.
    """
    values = {
        "format": "rt-classify recording",
        "version": VERSION,
        "program": realtime.__version__,
        "source": index.source,
        "stream": index.stream,
        "rate": STREAM_RATE,
        "begun": index.begun,
        "complete": index.complete,
        "segments": [
            {"position": s.position, "end": s.end, "file": s.file} for s in index.segments
        ],
        "events": [
            {"at": told.at, "t": told.event.t, **_said(told.event)} for told in index.events
        ],
        "skipped": [{"due": due, **_said(event)} for due, event in index.skipped.items()],
    }
    text = json.dumps(values, indent=1)
    with whole(folder / INDEX) as part, open(part, "w", encoding="utf-8", opener=private) as file:
        file.write(text)


def load(folder: Path) -> Index:
    """Read ``recording.json``, which may come from anyone.

    Raises:
        UserError: It is missing, unreadable, or says what cannot be.
    """
    path = folder / INDEX
    where = printable(str(path))
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise UserError(f"{where}: no such file, or none of ours; give a recording's folder")
        values = json.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise UserError(f"{where}: cannot be read ({reason}); allow it, or copy it again") from None
    except (ValueError, RecursionError):
        raise UserError(f"{where}: is damaged; use a complete copy of the recording") from None
    try:
        return _index(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = printable(str(error)) or type(error).__name__
        raise UserError(
            f"{where}: is no recording that this version can replay ({what}); use the version that "
            "wrote it, or a complete copy"
        ) from None


def _said(event: Event) -> dict[str, Any]:
    return {"kind": event.kind, "text": event.text, "count": event.count}


def _index(values: Any) -> Index:
    if values["version"] != VERSION or values["rate"] != STREAM_RATE:
        raise ValueError(f"version {values['version']} at {values['rate']} Hz")
    source, stream = printable(str(values["source"])), values["stream"]
    if stream not in ("audio", "midi"):
        raise ValueError("its stream is neither audio nor midi")
    index = Index(source, stream, str(values["begun"]), complete=bool(values["complete"]))
    reached = 0
    for value in values["segments"]:
        segment = Segment(_position(value["position"], reached), value["end"], value["file"])
        reached = segment.position
        if segment.end is not None:
            reached = _position(segment.end, reached)
        elif value is not values["segments"][-1]:
            raise ValueError("a segment without an end is not the last one")
        name = segment.file
        if not isinstance(name, str) or Path(name).name != name or not name.isprintable():
            raise ValueError("a file lies outside the folder")
        index.segments.append(segment)
    at = 0
    for value in values["events"]:
        at = _position(value["at"], at)
        index.events.append(Told(at, _event(value, float(value["t"]), source)))
    for value in values["skipped"]:
        due = _position(value["due"], 0)
        index.skipped[due] = _event(value, due / STREAM_RATE, source)
    return index


def _position(value: Any, least: int) -> int:
    if type(value) is not int or not least <= value <= _LONGEST:
        raise ValueError("positions must be whole numbers in order")
    return value


def _event(value: Any, t: float, source: str) -> Event:
    if not math.isfinite(t):
        raise ValueError("a time is no number")
    count = value["count"]
    if type(count) is not int:
        raise ValueError("a count is no whole number")
    return Event(printable(str(value["kind"])), t, printable(str(value["text"])), source, count)
