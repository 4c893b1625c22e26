"""What stays on the screen when the run has ended."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from realtime.records import ModelSummary, Summary
from realtime.sinks.dashboard.look import GREEN, ORANGE, QUIET, VERMILLION, Look, clock
from realtime.sinks.dashboard.scene import Scene

WIDEST = 100
"""Cells that the panel takes at most; beyond, its columns would drift apart."""


class Closing:
    """The end of a run: what each model heard in each source, and the last events."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        look = Look.of(console, options)
        width = min(options.max_width, WIDEST)
        summaries = self._scene.summaries
        totals = _totals(look, summaries, self._scene.live)
        if not summaries:
            yield Text(f"Ended after {clock(self._scene.t)} without a result.", QUIET)
        elif len(summaries) == 1:
            title = summaries[0].source
            yield _panel(look, _models(look, summaries[0]), title, totals, width)
        else:
            title = f"{len(summaries)} {'sources' if self._scene.live else 'files'}"
            yield _panel(look, _files(look, summaries), title, totals, width)
        for event in self._scene.events:
            text = Text(f"{clock(event.t)}  ", QUIET).append(f"{look.name(event.kind)}: ", ORANGE)
            yield text.append(look.name(event.text))


def _panel(look: Look, table: Table, title: str, totals: Text, width: int) -> Panel:
    return Panel(
        table,
        box=box.ROUNDED,
        title=Text(look.name(title, max(0, width - 8)), "bold default"),
        title_align="left",
        subtitle=totals,
        subtitle_align="left",
        border_style=QUIET,
        width=width,
    )


def _models(look: Look, summary: Summary) -> Table:
    """One source: a row for each model."""
    table = Table(box=None, pad_edge=False, expand=True, header_style=QUIET)
    table.add_column("model", overflow="fold")
    table.add_column("heard", overflow="fold", style="bold")
    table.add_column("", ratio=1)
    for heading in ("windows", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(heading, justify="right", no_wrap=True, overflow="crop")
    for name, model in summary.models.items():
        total = model.latency.get("total", {})
        label, p = _heard(look, model)
        figures = (f"{total[key]:.1f}" if key in total else "-" for key in ("p50", "p95", "p99"))
        table.add_row(Text(look.name(name)), Text(label), p, str(model.windows), *figures)
    return table


def _files(look: Look, summaries: Sequence[Summary]) -> Table:
    """Several sources: a row for each, and a column for each model."""
    table = Table(box=None, pad_edge=False, expand=True, header_style=QUIET)
    table.add_column("file", overflow="fold", ratio=1)
    models = list(dict.fromkeys(name for summary in summaries for name in summary.models))
    for name in models:
        table.add_column(Text(look.name(name)), overflow="fold")
    for summary in summaries:
        heard = [
            " ".join(_heard(look, summary.models[name])) if name in summary.models else ""
            for name in models
        ]
        table.add_row(Text(look.name(summary.source)), *map(Text, heard))
    return table


def _heard(look: Look, model: ModelSummary) -> tuple[str, str]:
    """What a model heard, and how likely it was."""
    if model.label is None:
        return "nothing", ""
    p = f"{model.probs.get(model.label, 0.0):.0%}"
    return look.name(model.label), p + " warming" * model.warming


def _totals(look: Look, summaries: Sequence[Summary], live: bool) -> Text:
    between = (f" {look.glyphs.between} ", QUIET)
    seconds = sum(summary.seconds for summary in summaries)
    wall = sum(s.seconds / s.realtime_factor for s in summaries if s.realtime_factor > 0)
    dropped = sum(summary.dropped for summary in summaries)
    overflows = sum(summary.overflows for summary in summaries)
    xruns = sum(summary.xruns for summary in summaries)
    losses = f"dropped {dropped}, overflows {overflows}" if dropped or overflows or xruns else ""
    losses += f", xruns {xruns}" if xruns else ""
    pace = f"{seconds / wall if wall else 0.0:.1f} times real time"
    return Text.assemble(
        (f"{clock(seconds)} heard", "default"),
        between,
        (losses or "losses 0", VERMILLION if losses else GREEN),
        *(() if live else (between, (pace, "default"))),
    )
