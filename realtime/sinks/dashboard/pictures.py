"""Rolling pictures of the last seconds: a spectrogram for sound, a piano roll for MIDI."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.text import Text

from realtime.records import Signal
from realtime.sinks.dashboard.look import ORANGE, QUIET, SKY, Look
from realtime.sinks.dashboard.scene import HISTORY_SECONDS

# Magma (van der Walt and Smith, matplotlib; CC0) at nine points: its lightness grows evenly, so it
# reads the same for every kind of colour vision and in grey.
MAGMA = np.array(
    [
        (0x00, 0x00, 0x04),
        (0x1D, 0x11, 0x47),
        (0x51, 0x12, 0x7C),
        (0x83, 0x26, 0x81),
        (0xB7, 0x37, 0x79),
        (0xE7, 0x52, 0x63),
        (0xFC, 0x89, 0x61),
        (0xFE, 0xC4, 0x88),
        (0xFC, 0xFD, 0xBF),
    ]
)
LEVELS = 24
"""Colours in use: few enough that neighbours are often equal, which keeps a frame short to send."""

DYNAMICS = 60.0
"""Decibels from the darkest to the lightest."""

GUTTER = 4
"""Cells at the left of a piano roll for the names of its octaves."""


def palette(level: int) -> Color:
    """The colour for a level, 0 to ``LEVELS - 1``."""
    at = level / (LEVELS - 1) * (len(MAGMA) - 1)
    red, green, blue = (np.interp(at, range(len(MAGMA)), MAGMA[:, i]) for i in range(3))
    return Color.from_rgb(red, green, blue)


def spectrogram(
    look: Look, signals: Sequence[Signal], now: float, *, width: int, rows: int
) -> list[Text]:
    """The bands of the last seconds, newest at the right, lowest at the bottom."""
    heard = [(signal.t, signal.bands) for signal in signals if signal.bands is not None]
    if not heard or width < 1 or rows < 1:
        return [Text()] * rows
    times = [t for t, _ in heard]
    bands = np.nan_to_num(np.array([b for _, b in heard]), nan=-120.0, neginf=-120.0)
    pixels = 2 * rows if look.picture_colours else rows
    # Groups of bands where there are more than pixels; where there are fewer, each fills several.
    first = np.arange(pixels) * bands.shape[1] // pixels
    bands = np.maximum.reduceat(bands, first, axis=1)
    picture = rolling(times, bands, now, width, empty=-np.inf)[:, ::-1].T
    # The scale follows the loudest in steps, so that it moves seldom.
    top = np.clip(np.ceil(bands.max() / 10) * 10, -50.0, 0.0)
    shades = LEVELS if look.picture_colours else len(look.glyphs.shades)
    scaled = np.clip((picture - top) / DYNAMICS + 1, 0.0, 1.0)
    levels = np.round(scaled * (shades - 1)).astype(int)
    if look.picture_colours:
        return [_painted(*pair) for pair in zip(levels[::2], levels[1::2], strict=True)]
    return [Text("".join(look.glyphs.shades[level] for level in row)) for row in levels]


def piano_roll(
    look: Look, signals: Sequence[Signal], now: float, *, width: int, rows: int
) -> list[Text]:
    """The notes of the last seconds, newest at the right; what sounds now is set off."""
    played = [signal for signal in signals if signal.notes is not None]
    across = width - GUTTER
    pitches = [pitch for signal in played for pitch in signal.notes or ()]
    if not pitches or across < 1 or rows < 1:
        return [Text()] * rows
    keys = np.zeros((len(played), 128), dtype=bool)
    for index, signal in enumerate(played):
        keys[index, [pitch for pitch in signal.notes or () if 0 <= pitch < 128]] = True
    edges = _edges(min(pitches), max(pitches), 2 * rows)
    pixels = np.stack([keys[:, a:b].any(axis=1) for a, b in pairwise(edges)], axis=1)
    heard = rolling([s.t for s in played], pixels, now, across, empty=False)[:, ::-1].T
    lines = []
    for row, (upper, lower) in enumerate(zip(heard[::2], heard[1::2], strict=True)):
        bottom = 2 * (rows - 1 - row)
        line = Text(_octave(edges[bottom], edges[bottom + 2]).ljust(GUTTER), style=QUIET)
        cells = "".join(look.glyphs.pixels[index] for index in upper + 2 * lower)
        lines.append(line.append(cells[:-1], SKY).append(cells[-1], ORANGE))
    return lines


def rolling(
    times: Sequence[float],
    values: np.ndarray,
    now: float,
    width: int,
    *,
    empty: float | bool,
    seconds: float = HISTORY_SECONDS,
) -> np.ndarray:
    """Lays a signal out in columns of equal time, the newest last.

    The columns lie at fixed stream times, so that the picture moves by whole columns and what has
    been drawn does not change.

    Args:
        times: When each row of ``values`` ends, in seconds, rising.
        values: Shape (len(times), n).
        now: Stream time that must be in the last column.
        width: Columns.
        empty: What stands where there is no signal.
        seconds: What the columns cover together.

    Returns:
        The highest value of each column, shape (width, n).
    """
    step = seconds / width
    edges = (np.ceil(now / step - 1e-6) + np.arange(-width, 1)) * step
    # A row reaches back to the one before, so the row after a column's end belongs to it too.
    begin = np.searchsorted(times, edges[:-1], side="right")
    end = np.searchsorted(times, edges[1:], side="left") + 1
    columns = np.full((width, values.shape[1]), empty, dtype=values.dtype)
    for column, (a, b) in enumerate(zip(begin, end, strict=True)):
        if a < len(times) and edges[column + 1] > 0:
            columns[column] = values[a:b].max(axis=0)
    return columns


def note_name(pitch: int) -> str:
    """A MIDI pitch by name; 60 is C4."""
    names = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
    return f"{names[pitch % 12]}{pitch // 12 - 1}"


def _edges(lowest: int, highest: int, pixels: int) -> list[int]:
    """Where each pixel's pitches begin, and the last one ends; whole octaves, two at least."""
    bottom = lowest // 12 * 12
    octaves = max(2, highest // 12 + 1 - bottom // 12)
    each = -(-12 * octaves // pixels)
    return [min(128, bottom + each * pixel) for pixel in range(pixels + 1)]


def _octave(begin: int, end: int) -> str:
    """The name of the C that begins in a range of pitches; empty without one."""
    lowest = -(-begin // 12) * 12
    return note_name(lowest) if lowest < end else ""


def _painted(upper: np.ndarray, lower: np.ndarray) -> Text:
    """A row of half blocks: the upper half in the text's colour, the lower in the ground's."""
    line = Text()
    starts = [0, *(np.flatnonzero(np.diff(upper) | np.diff(lower)) + 1), len(upper)]
    for start, end in pairwise(starts):
        line.append("▀" * int(end - start), _half_block(int(upper[start]), int(lower[start])))
    return line


@cache
def _half_block(upper: int, lower: int) -> Style:
    return Style.from_color(palette(upper), palette(lower))
