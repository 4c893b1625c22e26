"""Labelled clips from a microphone, for ``rt-train fit --data folders:DIR``."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from realtime.errors import UserError
from realtime.records import STREAM_RATE, Event
from realtime.sources import Source
from realtime.text import printable

QUIETEST = -45.0
"""dBFS that the loudest tenth of a second of a clip must reach to be kept."""

TRIES = 3
"""Clips in a row that may be too quiet."""

BAR = 30
"""Cells of the level meter."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a person sees while a clip is made.

    Attributes:
        clip: Number of the clip, from 1.
        left: Seconds until it begins, when ``recording`` is False; else until it ends.
        recording: Whether it has begun.
        level: Of the newest block, in dBFS.
        peak: Highest absolute sample of it.
    """

    clip: int
    left: float
    recording: bool
    level: float
    peak: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that was made.

    Attributes:
        path: Its file; None if it was not kept.
        fault: What is wrong with it, empty if nothing is.
    """

    path: Path | None
    fault: str = ""


def clip_folder(out: Path, label: str) -> Path:
    """The folder of a label's clips, made if it is not there.

    Raises:
        UserError: The label cannot name a folder, or it cannot be made.
    """
    plain = label.strip() == label and printable(label) == label
    if not label or label.startswith(".") or not plain or any(c in label for c in '/\\:*?"<>|'):
        raise UserError(f"--label {printable(label)!r}: must be a plain name, such as snare")
    folder = out / label
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        where = printable(str(folder))
        raise UserError(f"{where}: cannot be made ({error.strerror}); choose --out") from error
    return folder


def collect(
    source: Source,
    folder: Path,
    *,
    clips: int,
    seconds: float,
    countdown: float,
    tell: Callable[[Moment], None],
) -> Iterator[Clip]:
    """Record clips one after another, each after a countdown.

    All times are the stream's own: nothing piles up, and a clip holds exactly its seconds. A clip
    in which sound was lost, or that is too quiet, is made again.

    Args:
        source: An entered source of sound.
        folder: Where the clips go, numbered on from those that are there.
        clips: How many.
        seconds: Length of each.
        countdown: Seconds before each.
        tell: Called for every block.

    Yields:
        Each clip as it is made, kept or not.

    Raises:
        UserError: Nothing is heard, the source ends, or a file cannot be written.
    """
    wanted, ahead = round(seconds * STREAM_RATE), round(countdown * STREAM_RATE)
    made, quiet = 0, 0
    parts: list[np.ndarray] = []
    at = -ahead  # samples since the clip began
    for item in source:
        if isinstance(item, Event):
            if at > 0 and item.kind in ("overflow", "disconnected", "invalid"):
                yield Clip(None, f"{item.kind}: {item.text}")
            if item.kind != "notice":
                parts, at = [], -ahead
            continue
        samples = getattr(item, "samples", None)
        if samples is None:
            raise UserError(f"{source.name}: gives notes, not sound; name a microphone")
        parts.append(samples[max(0, -at) : max(0, wanted - at)])
        at += len(samples)
        left = -at if at < 0 else wanted - at
        level, peak = _level(samples), float(np.abs(samples).max(initial=0))
        tell(Moment(made + 1, max(0, left) / STREAM_RATE, at >= 0, level, peak))
        if at < wanted:
            continue
        clip = _keep(np.concatenate(parts), folder)
        yield clip
        quiet = 0 if clip.path else quiet + 1
        if quiet == TRIES:
            raise UserError(
                f"{source.name}: nothing is heard; raise its gain, or see rt-classify --mic --check"
            )
        made += clip.path is not None
        if made == clips:
            return
        parts, at = [], -ahead
    raise UserError(f"{source.name}: ended after {made} of {clips} clips; plug it in and go on")


def _keep(samples: np.ndarray, folder: Path) -> Clip:
    tenth = STREAM_RATE // 10
    loudest = max(_level(samples[i : i + tenth]) for i in range(0, len(samples), tenth))
    if loudest < QUIETEST:
        return Clip(None, f"too quiet ({loudest:.0f} dBFS)")
    clipped = int(np.sum(np.abs(samples) >= 0.999))
    path = _next_name(folder)
    try:
        soundfile.write(path, samples, STREAM_RATE, subtype="PCM_16")
    except (OSError, soundfile.SoundFileError) as error:
        path.unlink(missing_ok=True)
        raise UserError(
            f"{printable(str(path))}: cannot be written ({error}); make room"
        ) from error
    return Clip(path, f"clipped in {clipped} samples: play softer or turn down" if clipped else "")


def _next_name(folder: Path) -> Path:
    """The first free number, claimed by an empty file."""
    number = 1
    while True:
        path = folder / f"{folder.name}-{number:03}.wav"
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            number += 1
        except OSError as error:
            where = printable(str(path))
            raise UserError(
                f"{where}: cannot be written ({error.strerror}); choose --out"
            ) from error
        else:
            return path


def _level(samples: np.ndarray) -> float:
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return 10 * math.log10(power) if power > 1e-12 else -120.0


class Display:
    """Shows moments on one line of a terminal, and elsewhere a line when a clip begins."""

    def __init__(self, clips: int) -> None:
        self._clips = clips
        self._live = sys.stderr.isatty()
        self._begun = 0

    def moment(self, moment: Moment) -> None:
        """Shows the countdown or what is left of the clip, and the level."""
        if not self._live:
            if moment.recording and moment.clip != self._begun:
                self._begun = moment.clip
                print(f"clip {moment.clip} of {self._clips}: play", file=sys.stderr, flush=True)
            return
        phase = "play!" if moment.recording else "ready"
        filled = round(BAR * min(1.0, max(0.0, 1 + moment.level / 60)))
        bar = "#" * filled + "." * (BAR - filled)
        clip = "CLIP" if moment.peak >= 0.999 else "    "
        line = (
            f"clip {moment.clip} of {self._clips}  {phase} {math.ceil(moment.left):2}  "
            f"[{bar}] {moment.level:4.0f} dBFS {clip}"
        )
        print(f"\r{line}", end="", file=sys.stderr, flush=True)

    def clip(self, clip: Clip) -> None:
        """Tells what became of a clip."""
        told = (
            "again: " + clip.fault if clip.path is None else f"{clip.path}  {clip.fault}".rstrip()
        )
        start = "\r\x1b[K" if self._live else ""
        print(f"{start}{printable(told)}", file=sys.stderr, flush=True)
