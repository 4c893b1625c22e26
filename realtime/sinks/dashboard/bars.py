"""Bars: what each model hears, side by side, and how loud it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from rich.text import Text

from realtime.records import Prediction
from realtime.sinks.dashboard.look import (
    FAINT,
    GREEN,
    ORANGE,
    QUIET,
    SKY,
    STATE_COLOURS,
    VERMILLION,
    Look,
    beside,
)
from realtime.sinks.dashboard.pictures import rolling
from realtime.sinks.dashboard.scene import TREND_SECONDS, Said

GAP = 2
"""Cells between two columns."""

NARROWEST = 32
"""Cells that a model's column needs."""

LABEL_WIDTH = 14
"""Cells that a label may take."""

TREND_FROM = 14
"""Cells for a bar from which on it shares them with the curve of the last minute."""

LONGEST_TREND = 60
"""Cells of that curve at most: one a second."""

METER_FLOOR = -60.0
"""dBFS at the left end of the level meter."""


def columns(models: int, width: int) -> int:
    """How many models fit next to each other."""
    return max(1, min(models, (width + GAP) // (NARROWEST + GAP)))


def bar(look: Look, fraction: float, width: int, style: str) -> Text:
    """A horizontal bar on its track; halves of a cell count."""
    fraction = fraction if math.isfinite(fraction) else 0.0
    halves = round(min(max(fraction, 0.0), 1.0) * width * 2)
    text = Text(look.glyphs.bar * (halves // 2) + look.glyphs.half_bar * (halves % 2), style=style)
    return text.append(look.glyphs.track * (width - text.cell_len), FAINT)


def leader(prediction: Prediction | None) -> str | None:
    """The label that a model holds most likely now, smoothed; None if it says nothing."""
    if prediction is None or not prediction.smoothed:
        return None
    return max(prediction.smoothed, key=prediction.smoothed.__getitem__)


def ranking(predictions: Sequence[Prediction], rows: int) -> list[str]:
    """The labels worth showing, the same for all models of a task so that rows compare.

    When there is room for all of them, each keeps its place. Otherwise the models' favourites come
    first and the others follow by likelihood in steps of 5 %, so that small changes move nothing.
    """
    labels = list(dict.fromkeys(label for p in predictions for label in p.smoothed))
    if len(labels) <= rows:
        return labels
    leaders = [leader(p) for p in predictions]

    def place(label: str) -> tuple[int, int, int]:
        best = max(p.smoothed.get(label, 0.0) for p in predictions)
        step = round(best * 20) if math.isfinite(best) else 0
        first = leaders.index(label) if label in leaders else len(leaders)
        return first, -step, labels.index(label)

    return sorted(labels, key=place)[:rows]


def task_rows(
    look: Look,
    models: dict[str, Prediction | None],
    history: Mapping[str, Sequence[Said]],
    *,
    width: int,
    rows: int,
) -> list[Text]:
    """A task: for each model a name and its bars, in as many columns as fit.

    Args:
        look: How to draw.
        models: What each model says; None before it says anything.
        history: What each said before.
        width: Cells.
        rows: Rows of bars under each model's name.
    """
    across = columns(len(models), width)
    known = [prediction for prediction in models.values() if prediction is not None]
    if len(models) == 1 and columns(2, width) == 2:
        return _alone(look, *next(iter(models.items())), history, width=width, rows=rows)
    labels = ranking(known, rows)
    cell = (width - GAP * (across - 1)) // across
    blocks = [
        [
            model_heading(look, name, prediction, cell),
            *model_bars(look, prediction, labels, cell, history.get(name, ())),
        ]
        for name, prediction in models.items()
    ]
    lines: list[Text] = []
    for first in range(0, len(blocks), across):
        group = [block + [Text()] * (rows + 1 - len(block)) for block in blocks[first:][:across]]
        joined = group[0]
        for index, block in enumerate(group[1:], start=1):
            joined = beside(joined, block, cell * index + GAP * (index - 1), GAP)
        lines += joined
    return lines


def task_height(models: int, width: int, rows: int) -> int:
    """How many lines ``task_rows`` gives."""
    return math.ceil(models / columns(models, width)) * (rows + 1)


def model_heading(look: Look, name: str, prediction: Prediction | None, width: int) -> Text:
    """A model's name, its state in words, sign and colour, and what its evidence favours so far."""
    short = name.rpartition("-")[2]
    text = Text("  ").append(look.name(short.upper() if short in {"cnn", "lstm"} else name), "bold")
    if prediction is None:
        return text.append("  waiting", QUIET)
    sign, colour = look.glyphs.states[prediction.state], STATE_COLOURS[prediction.state]
    words = {"warming": "warming up"}.get(prediction.state, prediction.state)
    text.append(f"  {sign} ", colour).append(words, colour)
    return text.append_text(_so_far(look, prediction, width - text.cell_len))


def _so_far(look: Look, prediction: Prediction, width: int) -> Text:
    """The label that all windows together favour, at the right; nothing where it does not fit."""
    evidence = prediction.evidence
    label = max(evidence, key=evidence.__getitem__, default=None)
    room = width - len("  so far  100%")
    if label is None or room < 4 or not math.isfinite(evidence[label]):
        return Text()
    said = Text("so far ", QUIET).append(look.name(label, min(room, LABEL_WIDTH)), "default")
    said.append(f" {evidence[label]:4.0%}", QUIET)
    return Text(" " * (width - said.cell_len)).append_text(said)


def model_bars(
    look: Look,
    prediction: Prediction | None,
    labels: Sequence[str],
    width: int,
    history: Sequence[Said] = (),
) -> list[Text]:
    """One bar a label: the smoothed probability, in percent too, and its course until now."""
    if prediction is None:
        return []
    favourite = leader(prediction)
    live = prediction.state == "live"
    name_width = min(LABEL_WIDTH, max((len(label) for label in labels), default=0))
    room = max(0, width - name_width - 8)
    course = min(LONGEST_TREND, room // 2) if room >= TREND_FROM else 0
    curves = (
        trends(look, history, labels, prediction.t, course - 1) if course else [""] * len(labels)
    )
    lines = []
    for label, curve in zip(labels, curves, strict=True):
        p = prediction.smoothed.get(label, 0.0)
        first = label == favourite and prediction.state in {"live", "warming"}
        style = SKY if first and live else QUIET
        line = Text(f"{look.glyphs.leader} " if first else "  ", style=SKY)
        shown = look.name(label, name_width)
        line.append(shown, "bold default" if first else "default")
        line.append(" " * (name_width + 1 - Text(shown).cell_len))
        line.append_text(bar(look, p, room - course, style))
        percent = f"{p:5.0%}" if math.isfinite(p) else "    -"
        line.append(percent, "bold default" if first else QUIET)
        lines.append(line.append(f" {curve}", style) if course else line)
    return lines


def trends(
    look: Look, history: Sequence[Said], labels: Sequence[str], now: float, width: int
) -> list[str]:
    """For each label its probability over the last ``TREND_SECONDS``, as a curve of one line."""
    if not history:
        return [" " * width] * len(labels)
    values = np.array([[said.probs.get(label, 0.0) for label in labels] for said in history])
    values = np.clip(np.nan_to_num(values), 0.0, 1.0)
    times = [said.t for said in history]
    columns = rolling(times, values, now, width, empty=0.0, seconds=TREND_SECONDS)
    heights = look.glyphs.heights
    levels = np.round(columns * (len(heights) - 1)).astype(int)
    return ["".join(heights[level] for level in row) for row in levels.T]


def agreement(
    look: Look, predictions: Sequence[Prediction | None], share: float | None = None
) -> Text:
    """What the models of a task agree on, or that they differ, and how often they agreed.

    Args:
        look: How to draw.
        predictions: What each model says.
        share: The part of the last minute in which they agreed.
    """
    heard = [leader(p) for p in predictions if p is not None and p.state == "live"]
    said = list(dict.fromkeys(label for label in heard if label is not None))
    if len(heard) < 2 or not said:
        return Text()
    if len(said) == 1:
        text = Text(f"{look.glyphs.agree} ", GREEN).append("agree on ", "default")
    else:
        text = Text(f"{look.glyphs.differ} ", ORANGE).append("differ: ", "default")
    between = f" {look.glyphs.between} "
    text.append(between.join(look.name(label, LABEL_WIDTH) for label in said), "bold default")
    if share is not None:
        text.append(f"{between}agreed {share:.0%}", QUIET)
    return text


def decibels(amplitude: float) -> float:
    """An amplitude, 1 at full scale, in dBFS; -120 at most quiet."""
    if not amplitude > 1e-6 or not math.isfinite(amplitude):
        return -120.0
    return 20 * math.log10(amplitude)


def meter(look: Look, level: float, peak: float, width: int) -> Text:
    """The level as a bar, and as words: level, recent peak, and CLIP when it was too loud."""
    level = level if math.isfinite(level) else -120.0
    clipped = peak >= 1.0
    words = Text(f" {level:4.0f} dBFS", "default")
    words.append(f"  peak {decibels(peak):4.0f}" if width >= 40 else "", QUIET)
    words.append("  CLIP" if clipped else " " * 6, f"bold {VERMILLION}")
    style = VERMILLION if clipped else GREEN
    room = max(0, width - words.cell_len - 6)
    line = Text("level ", QUIET)
    return line.append_text(bar(look, 1 - level / METER_FLOOR, room, style)).append_text(words)


def _alone(
    look: Look,
    name: str,
    prediction: Prediction | None,
    history: Mapping[str, Sequence[Said]],
    *,
    width: int,
    rows: int,
) -> list[Text]:
    """A task's only model: its labels run on into the second column."""
    cell = (width - GAP) // 2
    labels = ranking([prediction] if prediction else [], 2 * rows)
    bars = model_bars(look, prediction, labels, cell, history.get(name, ()))
    lines = [model_heading(look, name, prediction, width)]
    lines += beside(bars[:rows], bars[rows:], cell, GAP)
    return lines + [Text()] * (rows + 1 - len(lines))
