"""``rt-classify``: listens to a microphone, a MIDI port or files, and says what it hears."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Literal

from realtime import __version__, commandline
from realtime.config import options, said, written
from realtime.errors import UserError
from realtime.requests import refuse_unsuitable
from realtime.sinks.textstream import TextStream
from realtime.text import tell

if TYPE_CHECKING:
    from types import FrameType

    from realtime.controls import Controls
    from realtime.engine import Engine
    from realtime.recording import Recorder
    from realtime.records import Start
    from realtime.sinks import Sink
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
    try:
        parser = commandline.parser()
        args = options(parser, argv, exclusive=commandline.SOURCES)
        return _do(args, said(parser, argv).keys())
    except UserError as error:
        tell(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # nobody reads what is printed any more, as after `| head`
        return 0


def _do(args: Namespace, given: AbstractSet[str]) -> int:
    _hang_up_like_ctrl_c()
    if args.print_config:
        _print([written(args)])
        return 0
    refuse_unsuitable(args, given)
    if args.list_devices:
        from realtime.sources.devices import lines, list_devices

        _print(lines(list_devices()))
        return 0
    if args.benchmark:
        return _benchmark(args)
    if args.check:
        return _check(args)
    if args.out is not None:
        from realtime.batch import run as run_batch

        return run_batch(args)
    return _listen(args, given)


def _listen(args: Namespace, given: AbstractSet[str]) -> int:
    from realtime.api import choose
    from realtime.controls import Controls
    from realtime.engine import Engine
    from realtime.records import Start
    from realtime.sinks.choose import choose as choose_sinks
    from realtime.sinks.choose import one_source, wants_signals
    from realtime.sources.choose import choose as choose_sources

    if args.jobs is not None or args.dask is not None:
        raise UserError("--jobs and --dask are for many files: add --out FOLDER")
    sources, failures = choose_sources(args)  # faults that show before anything is heard
    for failure in failures:
        tell(failure)
    if not sources:
        return 2
    one_source(args, len(sources))
    if "soundfont" in given and all(source.stream == "audio" for source in sources):
        raise UserError("--soundfont is what MIDI is heard through; leave it out for sound")
    show = _shows_dashboard(args)
    live = any(source.live for source in sources)
    controls = Controls(live=live, recording=args.record is not None)
    pace: Literal["real", "fast"] = args.pace or ("real" if show else "fast")
    chosen = {
        stream: choose(stream, task=args.task, models=args.model, threads=args.threads)
        for stream in dict.fromkeys(source.stream for source in sources)
    }
    used = {m.manifest.name: m for models in chosen.values() for m in models}
    names = ", ".join(s.name for s in sources)
    details = {"tasks": {name: m.manifest.task for name, m in used.items()}}
    sinks = choose_sinks(args, partial(_dashboard, controls) if show else None)
    signals = wants_signals(sinks)
    start = Start(__version__, names, tuple(used), live, details)
    recorders: list[Recorder] = []

    def engine(source: Source) -> Engine:
        return Engine(
            _wrapped(source, args, controls, recorders),
            chosen[source.stream],
            hop=args.hop,
            soundfont=args.soundfont,
            duration=args.duration,
            pace=pace,
            signals=signals,
            hold=controls.hold,
        )

    later: list[str] = []  # told at once, unless the dashboard has the screen
    told = later.append if show else tell
    try:
        with controls.stoppable(), _outlets(sinks, wait=not live) as outlets:
            failed = _hear(sources, engine, outlets, controls, start=start, told=told)
    finally:
        ended_early = [recorder.failure for recorder in recorders if recorder.failure]
        for failure in (*later, *ended_early):
            tell(failure)
    return 2 if failures or failed or ended_early else 0


def _hear(
    sources: list[Source],
    engine_for: Callable[[Source], Engine],
    outlets: list[Outlet],
    controls: Controls,
    *,
    start: Start,
    told: Callable[[str], object],
) -> bool:
    """Hear sources one after another, and the devices that a person steps to.

    Args:
        sources: What to hear.
        engine_for: Makes the engine for one of them.
        outlets: Where the records go.
        controls: What the person wishes meanwhile.
        start: Passed on as soon as there is an engine, so not where none can do what is asked.
        told: Is given a line for each source that cannot be heard to its end.

    Returns:
        Whether there was any such.
    """
    failed = started = False
    while sources:
        source, *sources = sources
        try:
            engine = engine_for(source)
            if not started:
                started = True
                for outlet in outlets:
                    outlet.put(start)
            with controls.over(engine):
                _run(engine, outlets)
            if source.live:
                break  # what is left are devices to step to
        except UserError as error:
            if source.live and sources:
                _notice(error, source, outlets)
            else:
                failed = True
                told(str(error))
        except KeyboardInterrupt:
            wish = controls.granted()
            if wish is None:
                raise
            if wish == "quit":
                break
            sources = _devices_after(source, outlets)
    return failed


def _devices_after(source: Source, outlets: list[Outlet]) -> list[Source]:
    """The devices to step to; only the present one, with a notice, where there are none to tell."""
    from realtime.sources.following import following

    try:
        return following(source)
    except UserError as error:
        _notice(error, source, outlets)
        return [source]


def _notice(error: UserError, source: Source, outlets: list[Outlet]) -> None:
    """Tell of what is at fault while the run goes on."""
    from realtime.records import Event

    for outlet in outlets:
        outlet.put(Event("notice", 0.0, str(error), source.name))


def _run(engine: Engine, outlets: list[Outlet]) -> None:
    """Pass on an engine's records until it ends, is interrupted or nobody listens any more.

    Nobody does when the reader of stdout has left, as ``| head`` does, or when every output has
    failed. One that failed, as on a full disk, is told at the end and leaves the others alone.
    """
    records = engine.run()

    def hand_over() -> None:
        for record in records:
            for outlet in outlets:
                outlet.put(record)
            first, *_ = outlets
            if (first.ended and first.failed is None) or all(each.ended for each in outlets):
                records.close()

    try:
        with _interrupted_between_items(engine, outlets):
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
def _interrupted_between_items(engine: Engine, outlets: list[Outlet]) -> Iterator[None]:
    """Let a signal wait for what the engine is working on; a second one does not wait.

    So no instant is predicted by half, and a recording can be replayed to its last prediction. It
    does not wait for a sink that is stuck.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        for outlet in outlets:
            outlet.hurry()
        if not engine.interrupt():
            signal.default_int_handler(number, frame)

    before = {number: signal.signal(number, handle) for number in _ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wrapped(
    source: Source, args: Namespace, controls: Controls, recorders: list[Recorder]
) -> Source:
    """A source as the engine hears it: with the pauses that a person takes, and recorded.

    A recorder is added to ``recorders``.
    """
    if source.live:
        from realtime.sources.hold import Holdable

        source = Holdable(source, controls.hold)
    if args.record is not None:
        from realtime.recording import Recorder

        source = Recorder(source, args.record)
        recorders.append(source)
    return source


def _check(args: Namespace) -> int:
    from realtime.api import choose
    from realtime.check import check
    from realtime.sources.choose import choose as choose_sources

    if args.file:
        raise UserError("--check tries a microphone or a MIDI port: leave out --file")
    args.exit_on_disconnect = True  # nothing to wait for
    (source,), _ = choose_sources(args)
    models = choose(source.stream, task=args.task, models=args.model, threads=args.threads)
    _print(check(source, models, hop=args.hop, seconds=args.duration or 5.0))
    return 0


def _benchmark(args: Namespace) -> int:
    from realtime.api import choose
    from realtime.benchmark import benchmark
    from realtime.registry import load, shipped

    if args.task or args.model:
        models = choose("midi", task=args.task, models=args.model, threads=args.threads)
    else:
        models = [load(folder, threads=args.threads) for folder in shipped()]
    _print(benchmark(models, hop=args.hop, threads=args.threads))
    return 0


def _shows_dashboard(args: Namespace) -> bool:
    if args.json or args.no_dashboard or not sys.stdout.isatty():
        return False
    from rich.console import Console

    console = Console()
    return console.is_terminal and not console.is_dumb_terminal


def _dashboard(controls: Controls) -> Sink:
    from realtime.sinks.dashboard import Dashboard

    return Dashboard(controls=controls)


@contextmanager
def _outlets(sinks: list[Sink], *, wait: bool) -> Iterator[list[Outlet]]:
    """The sinks, each behind its inbox; closed at the end."""
    from realtime.sinks.outlet import Outlet

    outlets = [Outlet(sink, wait=wait) for sink in sinks]
    try:
        yield outlets
    finally:
        slow = [outlet for outlet in outlets if not outlet.ended]  # no reader went away from these
        for outlet in outlets:
            outlet.close()
        for outlet in slow:
            if outlet.dropped:
                tell(f"{outlet.name} was too slow: {outlet.dropped} records left out")
        for outlet in outlets:
            if outlet.lost:
                tell(f"{outlet.name} could not pass on {outlet.lost} records")
    for outlet in outlets:
        if outlet.failed is not None:
            reason = getattr(outlet.failed, "strerror", None) or str(outlet.failed)
            if file := getattr(outlet.failed, "filename", None):
                reason = f"{file}: {reason}"
            raise UserError(
                f"{outlet.name}: {reason}; the records after it are lost: make room, or mend what "
                "it writes to"
            )


def _print(lines: Iterable[str]) -> None:
    """Print lines as they come.

    Raises:
        UserError: They cannot be printed.
        BrokenPipeError: Nobody reads them any more.
    """
    out = TextStream(sys.stdout)
    for line in lines:
        try:
            out.line(line)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UserError(
                f"stdout: cannot be written to ({error.strerror}); make room, or print elsewhere"
            ) from error


def _hang_up_like_ctrl_c() -> None:
    """Let SIGTERM and a closed terminal end a run as cleanly as Ctrl-C does."""
    for number in _ENDS:
        signal.signal(number, signal.default_int_handler)


if __name__ == "__main__":
    sys.exit(main())
