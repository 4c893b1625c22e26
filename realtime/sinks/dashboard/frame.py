"""The frame: what goes where, from a small terminal to a large one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.text import Text

from realtime.records import Summary
from realtime.sinks.dashboard.bars import (
    LABEL_WIDTH,
    agreement,
    columns,
    meter,
    task_height,
    task_rows,
)
from realtime.sinks.dashboard.explained import explained
from realtime.sinks.dashboard.look import (
    GREEN,
    ORANGE,
    QUIET,
    SKY,
    VERMILLION,
    Look,
    beside,
    clock,
    fit,
)
from realtime.sinks.dashboard.pictures import note_name, piano_roll, spectrogram
from realtime.sinks.dashboard.scene import HISTORY_SECONDS, Scene

MARGIN = 1
"""Empty cells at each side."""

SIDE_WIDTH = 30
"""Cells of the latencies beside the picture."""

SIDE_HEIGHT = 7
"""Lines of the latencies: heading, columns, four stages, losses."""

TALLEST = 24
"""Lines of the picture, with its heading, at most."""

STATUS_COLOURS = {
    "starting": QUIET,
    "listening": GREEN,
    "playing": GREEN,
    "finished": SKY,
    "paused": ORANGE,
    "changing device": ORANGE,
    "disconnected": VERMILLION,
}


@dataclass(frozen=True)
class Plan:
    """How many lines each part gets.

    Attributes:
        bars: Rows of bars under each model's name, for each task.
        signal: The picture and what stands beside it, with its heading; 0 for none.
        done: Files that have ended, a line each.
        gap: Empty lines above each part.
        foot: Empty lines above the footer.
    """

    bars: dict[str, int]
    signal: int
    done: int
    gap: int
    foot: int


def plan(height: int, scene: Scene, width: int) -> Plan:
    """Shares out the lines: first what must be seen, then room to breathe, then detail."""
    groups = {task: task_height(len(models), width, 0) for task, models in scene.tasks.items()}
    wanted = {task: _rows_wanted(scene, models, width) for task, models in scene.tasks.items()}

    def cost(rows: int) -> int:
        """Lines for one more row of bars in every task that still has labels to show."""
        return sum(groups[task] for task in groups if wanted[task] > rows)

    most = max(wanted.values(), default=0)
    rows = 1
    # Two lines of header and one of footer; a heading a task; a name and a bar a model.
    free = height - 3 - len(groups) - 2 * sum(groups.values())
    signal = SIDE_HEIGHT if free >= SIDE_HEIGHT else 0
    free -= signal
    while rows < min(3, most) and free >= cost(rows):
        rows, free = rows + 1, free - cost(rows)
    parts = len(groups) + (signal > 0)
    done = min(len(scene.summaries), 1 if height < 30 else 4, max(0, free))
    free -= done
    gap = 1 if free >= parts else 0
    free -= gap * parts
    foot = 1 if gap and free >= 1 else 0
    free -= foot
    while free > 0:
        more_rows = rows < most and free >= cost(rows)
        more_signal = 0 < signal < TALLEST
        # Whichever has the smaller part of what it could use.
        if more_rows and (not more_signal or rows / most <= signal / (2 * SIDE_HEIGHT)):
            rows, free = rows + 1, free - cost(rows)
        elif more_signal:
            signal, free = signal + 1, free - 1
        else:
            break
    foot += free  # what is left keeps the footer at the bottom
    return Plan({task: min(rows, wanted[task]) for task in wanted}, signal, done, gap, foot)


def frame(scene: Scene, look: Look, width: int, height: int) -> list[Text]:
    """Draws the scene.

    Args:
        scene: What to show.
        look: How to draw on this terminal.
        width: Cells in a line; every line has exactly as many.
        height: Lines at most.
    """
    inner = max(1, width - 2 * MARGIN)
    margin = " " * MARGIN
    if scene.help:
        page = [_header(scene, look, inner), Text(), *explained(look, scene, inner)]
        page += [Text()] * (height - 1 - len(page))
        page = [*page[: height - 1], _footer(scene, look, inner)]
        return [fit(Text(margin).append_text(line), width) for line in page[:height]]
    parts = plan(height, scene, inner)
    done = scene.summaries[len(scene.summaries) - parts.done :] if parts.done else []
    lines = [_result(scene, look, summary, inner) for summary in done]
    lines += [_header(scene, look, inner), _progress(scene, look, inner)]
    for task, models in scene.tasks.items():
        predictions = {name: scene.predictions.get(name) for name in models}
        lines += [Text()] * parts.gap
        note = agreement(look, list(predictions.values()), scene.agreement(models))
        lines.append(look.rule(task.title(), note, inner))
        lines += task_rows(look, predictions, scene.history, width=inner, rows=parts.bars[task])
    if parts.signal:
        lines += [Text()] * parts.gap
        lines += _signal(scene, look, inner, parts.signal)
    lines += [Text()] * parts.foot
    lines.append(_footer(scene, look, inner))
    return [fit(Text(margin).append_text(line), width) for line in lines[:height]]


def _result(scene: Scene, look: Look, summary: Summary, width: int) -> Text:
    """What came of a file that has ended: its name, and for each task what the models heard."""
    text = Text(f"{look.glyphs.agree} ", GREEN).append(look.name(summary.source, width // 2))
    for task, names in scene.tasks.items():
        labels = [summary.models[name].label for name in names if name in summary.models]
        heard = dict.fromkeys(look.name(label, LABEL_WIDTH) for label in labels if label)
        if heard:
            text.append(f"  {look.name(task)} ", QUIET).append(
                f" {look.glyphs.differ} ".join(heard)
            )
    return text


def _rows_wanted(scene: Scene, models: list[str], width: int) -> int:
    known = [scene.predictions[name] for name in models if name in scene.predictions]
    labels = max((len(prediction.smoothed) for prediction in known), default=0)
    if len(models) == 1 and columns(2, width) == 2:
        labels = -(-labels // 2)
    return labels or 3  # the labels are known from the first prediction on


def _header(scene: Scene, look: Look, width: int) -> Text:
    status = scene.status
    still = scene.paused or scene.changing or not scene.connected
    sign = look.glyphs.still if still else look.glyphs.states["live"]
    right = Text(f"{sign} {status}", STATUS_COLOURS[status])
    time = clock(scene.t) + (f" / {clock(scene.length)}" if scene.length else "")
    right.append(f"   {time}", "bold default")
    left = Text("rt-classify  ", QUIET)
    left.append(look.name(scene.source, max(0, width - 15 - right.cell_len)), "bold default")
    if scene.summaries and not scene.live:
        left.append(f"  {len(scene.summaries)} done", QUIET)
    fit(left, max(0, width - right.cell_len - 1))
    return left.append(" ").append_text(right)


def _progress(scene: Scene, look: Look, width: int) -> Text:
    if not scene.length:
        return Text(look.glyphs.rule * width, QUIET)
    played = round(width * min(1.0, max(0.0, scene.t / scene.length)))
    line = Text(look.glyphs.bar * played, SKY)
    return line.append(look.glyphs.rule * (width - played), QUIET)


def _signal(scene: Scene, look: Look, width: int, height: int) -> list[Text]:
    """The picture, with the latencies beside it where there is room."""
    side = SIDE_WIDTH if width >= 2 * SIDE_WIDTH + 2 else 0
    across = width - side - 2 if side else width
    signal = scene.signals[-1] if scene.signals else None
    seconds = Text(f"last {HISTORY_SECONDS:.0f} s", QUIET)
    if signal is not None and signal.notes is not None:
        names = " ".join(note_name(pitch) for pitch in signal.notes)
        lines = [look.rule("Notes", Text(names[: across - 16]) if names else seconds, across)]
        lines += piano_roll(look, scene.signals, scene.t, width=across, rows=height - 1)
    else:
        level, peak = (signal.level, scene.peak) if signal else (-120.0, 0.0)
        lines = [look.rule("Sound", seconds, across), meter(look, level, peak, across)]
        lines += spectrogram(look, scene.signals, scene.t, width=across, rows=height - 2)
    return beside(lines, _latencies(scene, look, side), across, 2) if side else lines


def _latencies(scene: Scene, look: Look, width: int) -> list[Text]:
    device = scene.latencies[-1].device if scene.latencies else 0.0
    unit = f"device {device:.0f}, ms" if device else "ms"
    lines = [look.rule("Latency", Text(unit, QUIET), width)]
    lines.append(Text(" " * 12 + "".join(f"{p:>6}" for p in ("p50", "p95", "p99")), QUIET))
    for stage, values in percentiles(scene).items():
        numbers = "".join(f"{value:6.1f}" if value < 9999 else "  >10s" for value in values)
        total = stage == "total"
        lines.append(
            Text(f"{stage:<12}", "default" if total else QUIET).append(
                numbers or "     -" * 3, "bold default" if total else "default"
            )
        )
    return [*lines, _losses(scene, look)]


def percentiles(scene: Scene) -> dict[str, list[float]]:
    """p50, p95 and p99 of each stage over the last predictions, in milliseconds."""
    stages = ("capture", "features", "inference", "total")
    if not scene.latencies:
        return {stage: [] for stage in stages}
    times = [[getattr(latency, stage) for stage in stages] for latency in scene.latencies]
    figures = np.percentile(times, (50, 95, 99), axis=0)
    return {stage: list(figures[:, index]) for index, stage in enumerate(stages)}


def _losses(scene: Scene, look: Look) -> Text:
    counts = {"dropped": scene.dropped, "overflows": scene.overflows, "xruns": scene.xruns}
    said = [f"{word} {count}" for word, count in counts.items() if count]
    if not said:
        return Text("losses      ", QUIET).append("     0", "default")
    words = f" {look.glyphs.between} ".join(said)
    return Text(words if len(words) <= SIDE_WIDTH else " ".join(said), f"bold {VERMILLION}")


def _footer(scene: Scene, look: Look, width: int) -> Text:
    """The last event at the left, what the keyboard does at the right."""
    keys = Text("q quit   space pause   ? keys" if scene.keys else "Ctrl-C ends", QUIET)
    room = max(0, width - keys.cell_len - 2)
    text = Text()
    if scene.events:
        event = scene.events[-1]
        text.append(f"{clock(event.t)}  ", QUIET).append(f"{look.name(event.kind)}: ", ORANGE)
        text.append(look.name(event.text, max(0, room - text.cell_len)))
    return fit(text, room).append("  ").append_text(keys)
