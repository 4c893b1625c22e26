"""The sinks that a command line asks for."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from realtime.errors import UserError
from realtime.sinks import Sink
from realtime.text import printable

ONE_SOURCE = ("record", "labels", "plot")
"""Options whose output tells of one source: its times begin at 0 only once."""


def one_source(args: Namespace, sources: int) -> None:
    """Refuse several sources where the output is of one.

    Raises:
        UserError: There are several.
    """
    for option in ONE_SOURCE:
        if sources > 1 and getattr(args, option) is not None:
            raise UserError(f"--{option} keeps one source, not {sources}; take them one by one")


def choose(args: Namespace, screen: Callable[[], Sink] | None) -> list[Sink]:
    """Open the sinks, stdout's first.

    Args:
        args: The command line's options.
        screen: Makes the dashboard; None where there is none.

    Raises:
        UserError: One of them cannot be had, or would overwrite what is listened to.
    """
    _spare_sources(args)
    sinks = [_stdout(args, screen)]
    if args.record is not None:
        from realtime.recording import Predictions

        sinks.append(Predictions(args.record))
    if args.csv:
        from realtime.sinks.csvfile import CsvFile

        sinks.append(CsvFile(args.csv))
    if args.labels:
        from realtime.sinks.labels import Labels

        sinks.append(Labels(args.labels))
    if args.plot:
        from realtime.sinks.plot import Plot

        sinks.append(Plot(args.plot))
    if args.osc:
        from realtime.sinks.osc import Osc

        sinks.append(Osc(args.osc))
    if args.mqtt:
        from realtime.sinks.mqtt import Mqtt

        sinks.append(Mqtt(args.mqtt))
    for what in args.sink:
        from realtime.plugins import made

        sinks.append(made("realtime.sinks", what))
    return sinks


def _spare_sources(args: Namespace) -> None:
    """Refuse an output that is a file to be heard."""
    for source in args.file or ():
        for option in ("csv", "plot", "labels"):
            path = getattr(args, option)
            if path is not None and _would_replace(option, Path(path), Path(source)):
                where = printable(str(path))
                raise UserError(f"--{option} {where}: is what you listen to; name another file")


def _would_replace(option: str, path: Path, source: Path) -> bool:
    if option == "labels":  # song.txt becomes song.MODEL.txt
        named = source.name.startswith(f"{path.stem}.") and source.suffix == path.suffix
        return named and _same(path.parent, source.parent) and os.path.exists(source)
    return _same(path, source)


def _same(one: Path, other: Path) -> bool:
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


def wants_signals(sinks: list[Sink]) -> bool:
    """Whether any sink asks, with ``signals = True``, for what the stream looks like."""
    return any(getattr(sink, "signals", False) for sink in sinks)


def _stdout(args: Namespace, screen: Callable[[], Sink] | None) -> Sink:
    if args.json:
        from realtime.sinks.jsonlines import JsonLines

        return JsonLines(sys.stdout)
    if screen is not None:
        return screen()
    from realtime.sinks.plain import Plain

    return Plain(sys.stdout)
