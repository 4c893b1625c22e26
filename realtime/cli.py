"""``rt-classify``: listens to a microphone, a MIDI port or files, and says what it hears."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from realtime import __version__
from realtime.errors import UserError

if TYPE_CHECKING:
    from types import FrameType

    from realtime.engine import Engine
    from realtime.sinks.outlet import Outlet
    from realtime.sources import Source

_ENDS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def main(argv: list[str] | None = None) -> int:
    """Run ``rt-classify``.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        Exit status: 0 done, 2 the request or its input is at fault, 130 interrupted.
    """
    args = _parser().parse_args(argv)
    try:
        _hang_up_like_ctrl_c()
        if args.list_devices:
            return _list_devices()
        if args.benchmark:
            return _benchmark(args)
        if args.check:
            return _check(args)
        return _listen(args)
    except UserError as error:
        print(f"rt-classify: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rt-classify",
        description="Listen to music with a CNN and an LSTM, and see what each of them hears.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")

    source = parser.add_argument_group("what to listen to").add_mutually_exclusive_group(
        required=True
    )
    source.add_argument(
        "--mic",
        nargs="?",
        const="",
        metavar="DEVICE",
        help="a microphone: part of its name, or its index; the default input otherwise",
    )
    source.add_argument(
        "--midi-port",
        nargs="?",
        const="",
        metavar="PORT",
        help="a MIDI port: part of its name; the only port otherwise",
    )
    source.add_argument(
        "--midi-virtual", metavar="NAME", help="open a MIDI port that other programs connect to"
    )
    source.add_argument(
        "--file",
        nargs="+",
        metavar="PATH",
        help="sound (.wav .flac .ogg .mp3 .aiff) or MIDI files (.mid .midi), or folders that "
        "--record wrote; '-' reads raw float32 16 kHz mono from stdin",
    )
    source.add_argument("--list-devices", action="store_true", help="list microphones and ports")
    source.add_argument(
        "--benchmark", action="store_true", help="time the models here: hops and streams they keep"
    )

    live = parser.add_argument_group("live sources")
    live.add_argument("--channel", default="mix", metavar="N|mix", help="channel of a microphone")
    live.add_argument("--midi-api", metavar="API", help="such as alsa, jack, coremidi or winmm")
    live.add_argument("--through", metavar="PORT", help="pass on what is played to another port")
    live.add_argument(
        "--exit-on-disconnect", action="store_true", help="end when the device vanishes"
    )
    live.add_argument(
        "--check", action="store_true", help="try level and speed for 5 s, and say if all is well"
    )

    how = parser.add_argument_group("how to listen")
    how.add_argument(
        "--task",
        metavar="instrument|composer|all",
        help="default: all for sound, composer for MIDI",
    )
    how.add_argument(
        "--model", action="append", default=[], metavar="NAME_OR_FOLDER", help="repeatable"
    )
    how.add_argument("--hop", type=float, default=0.25, metavar="SECONDS", help="default 0.25")
    how.add_argument("--duration", type=_seconds, metavar="SECONDS", help="stop after so much")
    how.add_argument(
        "--pace",
        choices=("real", "fast"),
        help="replay files as played, or as fast as possible (default: real with the dashboard)",
    )
    how.add_argument("--soundfont", metavar="FILE", help="through which MIDI is heard")
    how.add_argument("--threads", type=int, default=1, help="threads a network may use")

    out = parser.add_argument_group("where to put it")
    out.add_argument("--json", action="store_true", help="JSON lines on stdout, nothing else")
    out.add_argument("--csv", metavar="FILE", help="a row for each prediction")
    out.add_argument(
        "--record", metavar="FOLDER", help="keep what is heard; --file FOLDER replays it"
    )
    out.add_argument("--no-dashboard", action="store_true", help="plain lines of text")
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _listen(args: argparse.Namespace) -> int:
    from realtime.api import choose
    from realtime.engine import Engine
    from realtime.records import Start

    if args.threads < 1:
        raise UserError(f"--threads {args.threads}: at least 1")
    sources, failures = _sources(args)
    if not sources:
        raise UserError(failures[0])
    if args.record is not None:
        sources = _recorded(sources, args.record)
    show = _shows_dashboard(args)
    pace: Literal["real", "fast"] = args.pace or ("real" if show else "fast")
    chosen = {
        stream: choose(stream, task=args.task, models=args.model, threads=args.threads)
        for stream in dict.fromkeys(source.stream for source in sources)
    }
    used = {m.manifest.name: m for models in chosen.values() for m in models}
    names = ", ".join(s.name for s in sources)
    live = any(s.live for s in sources)
    details = {
        "lengths": {s.name: s.length for s in sources},
        "tasks": {name: m.manifest.task for name, m in used.items()},
    }
    with _outlets(args, show, wait=not live) as outlets:
        for outlet in outlets:
            outlet.put(Start(__version__, names, tuple(used), live, details))
        for source in sources:
            try:
                engine = Engine(
                    source,
                    chosen[source.stream],
                    hop=args.hop,
                    soundfont=args.soundfont,
                    duration=args.duration,
                    pace=pace,
                    signals=show,
                )
                _run(engine, outlets)
            except UserError as error:
                failures.append(str(error))
    for failure in failures:
        print(f"rt-classify: {failure}", file=sys.stderr)
    return 2 if failures else 0


def _run(engine: Engine, outlets: list[Outlet]) -> None:
    """Pass on an engine's records until it ends, is interrupted or nobody listens any more."""
    records = engine.run()

    def hand_over() -> None:
        for record in records:
            for outlet in outlets:
                outlet.put(record)
            if outlets[0].ended:
                records.close()

    try:
        with _interrupted_between_items(engine):
            hand_over()
    except KeyboardInterrupt as interrupt:
        # It may have struck between two records; told of it, the engine still sums up.
        try:
            record = records.throw(interrupt)
            for outlet in outlets:
                outlet.put(record)
            hand_over()
        finally:
            records.close()


@contextmanager
def _interrupted_between_items(engine: Engine) -> Iterator[None]:
    """Let a signal wait for what the engine is working on; a second one does not wait.

    So no instant is predicted by half, and a recording can be replayed to its last prediction.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        if not engine.interrupt():
            signal.default_int_handler(number, frame)

    before = {number: signal.signal(number, handle) for number in _ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _recorded(sources: list[Source], folder: str) -> list[Source]:
    from realtime.recording import Recorder

    if len(sources) > 1:
        raise UserError(f"--record keeps one source, not {len(sources)}; record them one by one")
    return [Recorder(source, folder) for source in sources]


def _check(args: argparse.Namespace) -> int:
    from realtime.api import choose
    from realtime.check import check

    if args.file or args.json or args.csv or args.record:
        raise UserError(
            "--check tries a microphone or a MIDI port and shows text: leave out --file, --json, "
            "--csv and --record"
        )
    args.exit_on_disconnect = True  # nothing to wait for
    (source,), _ = _sources(args)
    models = choose(source.stream, task=args.task, models=args.model, threads=args.threads)
    for line in check(source, models, hop=args.hop, seconds=args.duration or 5.0):
        print(line, flush=True)
    return 0


def _benchmark(args: argparse.Namespace) -> int:
    from realtime.api import choose
    from realtime.benchmark import benchmark
    from realtime.registry import load, shipped

    if args.task or args.model:
        models = choose("midi", task=args.task, models=args.model, threads=args.threads)
    else:
        models = [load(folder, threads=args.threads) for folder in shipped()]
    for line in benchmark(models, hop=args.hop, threads=args.threads):
        print(line, flush=True)
    return 0


def _sources(args: argparse.Namespace) -> tuple[list[Source], list[str]]:
    """The sources asked for, and what is wrong with those that cannot be had."""
    if args.file:
        from realtime.sources.open import open_file

        sources: list[Source] = []
        failures = []
        for path in args.file:
            try:
                sources.append(open_file(path))
            except UserError as error:
                failures.append(str(error))
        return sources, failures
    if args.mic is not None:
        from realtime.sources.microphone import Microphone

        device = int(args.mic) if args.mic.isdigit() else args.mic or None
        channel = args.channel if args.channel == "mix" else _channel(args.channel)
        return [Microphone(device, channel=channel, exit_on_disconnect=args.exit_on_disconnect)], []
    from realtime.sources.midi_port import MidiPort

    return [
        MidiPort(
            args.midi_port or None,
            api=args.midi_api,
            virtual=args.midi_virtual,
            through=args.through,
            exit_on_disconnect=args.exit_on_disconnect,
        )
    ], []


def _channel(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise UserError(f"--channel {text}: a number from 1, or mix")
    return int(text)


def _shows_dashboard(args: argparse.Namespace) -> bool:
    if args.json or args.no_dashboard or not sys.stdout.isatty():
        return False
    from rich.console import Console

    console = Console()
    return console.is_terminal and not console.is_dumb_terminal


@contextmanager
def _outlets(args: argparse.Namespace, dashboard: bool, *, wait: bool) -> Iterator[list[Outlet]]:
    """The sinks asked for, stdout's first, each behind its inbox; closed at the end."""
    from realtime.sinks import Sink
    from realtime.sinks.outlet import Outlet

    sinks: list[Sink] = []
    if args.json:
        from realtime.sinks.jsonlines import JsonLines

        sinks.append(JsonLines(sys.stdout))
    elif dashboard:
        from realtime.sinks.dashboard import Dashboard

        sinks.append(Dashboard())
    else:
        from realtime.sinks.plain import Plain

        sinks.append(Plain(sys.stdout))
    if args.record is not None:
        from realtime.recording import Predictions

        sinks.append(Predictions(args.record))
    if args.csv:
        from realtime.sinks.csvfile import CsvFile

        sinks.append(CsvFile(args.csv))
    outlets = [Outlet(sink, wait=wait) for sink in sinks]
    try:
        yield outlets
    finally:
        slow = [outlet for outlet in outlets if not outlet.ended]  # no reader went away from these
        for outlet in outlets:
            outlet.close()
        for outlet in slow:
            if outlet.dropped:
                told = f"{outlet.name} was too slow: {outlet.dropped} records left out"
                print(f"rt-classify: {told}", file=sys.stderr)
    for outlet in outlets:
        if outlet.failed is not None:
            raise UserError(f"{outlet.name}: {outlet.failed}; the records after it are lost")


def _list_devices() -> int:
    from realtime.sources.devices import list_devices
    from realtime.text import printable

    found = list_devices()
    print("Microphones and other inputs:")
    for device in found.audio:
        mark = "*" if device.default else " "
        print(
            f" {mark} {device.index:3}  {device.name}  "
            f"({device.api}, {device.channels} ch, {device.rate} Hz)"
        )
    if not found.audio:
        print("   none")
    print("MIDI ports:")
    ports = [(system.label, port) for system in found.midi for port in system.inputs]
    for label, port in ports:
        print(f" {'*' if port == found.port else ' '} {printable(port)}  ({label})")
    if not ports:
        print("   none")
    for problem in found.problems:
        print(f"! {problem}")
    if found.port is not None or any(device.default for device in found.audio):
        print("* is taken when none is named")
    return 0


def _hang_up_like_ctrl_c() -> None:
    """Let SIGTERM and a closed terminal end a run as cleanly as Ctrl-C does."""
    for number in _ENDS:
        signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    sys.exit(main())
