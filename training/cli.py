"""``rt-train``: renders data, trains, exports and judges the networks."""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realtime.errors import UserError
from realtime.text import printable

if TYPE_CHECKING:
    from training.datasets import Dataset
    from training.presets import Preset


def main(argv: list[str] | None = None) -> int:
    """Run ``rt-train``.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        Exit status: 0 done, 2 the request or its data is at fault, 130 interrupted.
    """
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args) or 0)
    except UserError as error:
        print(f"rt-train: {printable(str(error))}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "realtime", "training"):
            raise
        print(
            f"rt-train: needs the package {missing}: install the extra, pip install '.[train]'",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("rt-train: stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rt-train", description=__doc__.split(": ", 1)[1])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    fit = commands.add_parser("fit", help="train a model and export it")
    fit.add_argument("model", help="a preset such as instrument-cnn, or a new name for own sounds")
    _data(fit)
    fit.add_argument(
        "--held-out",
        action="append",
        default=[],
        metavar="LAYOUT:FOLDER",
        help="data to calibrate with (the first) and to report on; repeatable",
    )
    fit.add_argument("--out", type=Path, help="folder to write (default: models/MODEL)")
    fit.add_argument("--work", type=Path, help="folder for checkpoints (default: build/fit)")
    _work(fit)
    _protocol(fit, folds=1)
    _results(fit)
    fit.add_argument("--tuned", type=Path, metavar="FILE", help="settings that tune found")
    fit.set_defaults(run=_fit)

    _protocol_commands(commands)
    _judging_commands(commands)
    render = commands.add_parser("render", help="render notes and phrases from SoundFonts")
    render.add_argument("out", type=Path, help="folder to write, in NSynth's layout")
    render.add_argument("--soundfont", type=Path, action="append", help="repeatable")
    render.add_argument("--notes", type=int, default=45, help="notes of each program and font")
    render.add_argument("--phrases", type=int, default=15, help="phrases of each")
    render.add_argument("--synths", action="store_true", help="add synthesizers, for source-cnn")
    render.add_argument("--seed", type=int, default=0)
    render.set_defaults(run=_render)

    collect = commands.add_parser("collect", help="record labelled clips from a microphone")
    collect.add_argument(
        "--mic",
        nargs="?",
        const="",
        default="",
        metavar="DEVICE",
        help="part of its name, or its index; the default input otherwise",
    )
    collect.add_argument("--label", required=True, metavar="NAME", help="what the clips are of")
    collect.add_argument(
        "--out", type=Path, default=Path("my-sounds"), help="folder of labels (default: my-sounds)"
    )
    collect.add_argument("--clips", type=int, default=10, help="how many (10)")
    collect.add_argument("--seconds", type=float, default=4.0, help="length of each (4)")
    collect.add_argument("--countdown", type=float, default=3.0, help="seconds before each (3)")
    collect.set_defaults(run=_collect)
    return parser


def _protocol_commands(commands: Any) -> None:
    compare = commands.add_parser("compare", help="test two models over the same folds")
    compare.add_argument("first", help="a preset")
    compare.add_argument("second", help="another")
    _data(compare)
    _protocol(compare, folds=5)
    _results(compare)
    _work(compare)
    compare.set_defaults(run=_compare)

    tune = commands.add_parser("tune", help="search a preset's settings with Keras Tuner")
    tune.add_argument("model", help="a preset")
    _data(tune)
    _protocol(tune)
    _results(tune)
    tune.add_argument("--trials", type=int, default=5, help="settings to try (5)")
    tune.add_argument("--runs", type=int, default=2, help="networks trained of each (2)")
    _work(tune)
    tune.set_defaults(run=_tune)

    export = commands.add_parser("export", help="make a model folder of a checkpoint")
    export.add_argument("model", help="a preset that fit has trained")
    _data(export)
    export.add_argument("--held-out", action="append", default=[], metavar="LAYOUT:FOLDER")
    export.add_argument("--quantisation", choices=("int8", "dynamic", "float32"))
    export.add_argument("--out", type=Path, help="model folder to write (default: models/MODEL)")
    export.add_argument("--work", type=Path, help="folder for checkpoints (default: build/fit)")
    _protocol(export)
    export.add_argument("--tuned", type=Path, metavar="FILE", help="settings that tune found")
    export.add_argument("--fold", type=int, default=0, help="fold of the protocol to export (0)")
    _work(export)
    export.set_defaults(run=_export)


def _judging_commands(commands: Any) -> None:
    evaluate = commands.add_parser("evaluate", help="judge a model folder on labelled files")
    evaluate.add_argument("model", help="name of a shipped model, or a model folder")
    _data(evaluate)
    evaluate.add_argument("--split", help="only train, valid, dev or test of the data")
    evaluate.add_argument("--jobs", type=int, default=1, help="processes")
    evaluate.add_argument("--json", action="store_true", help="one JSON object on stdout")
    evaluate.add_argument(
        "--condition",
        choices=("as-is", "neutral", "played"),
        default="as-is",
        help="MIDI files as they are, on one piano, or with a player's timing too",
    )
    evaluate.add_argument(
        "--seconds-heard", action="store_true", help="accuracy after 4, 10, 30, 60 s and the whole"
    )
    evaluate.add_argument(
        "--splices", type=int, metavar="N", help="time to notice a change of instrument, N streams"
    )
    evaluate.add_argument("--results", type=Path, help="folder to keep the figures in, for report")
    evaluate.set_defaults(run=_evaluate)

    describe = commands.add_parser(
        "describe", help="write a model's card and the metadata in its file anew"
    )
    describe.add_argument("models", nargs="+", metavar="MODEL", help="a name or a model folder")
    describe.add_argument(
        "--results", type=Path, default=Path("reports"), help="measurements (reports)"
    )
    describe.set_defaults(run=_describe)

    report = commands.add_parser("report", help="one page of all figures, with plots")
    report.add_argument("--results", type=Path, default=Path("reports"), help="measurements")
    report.add_argument("--out", type=Path, default=Path("docs") / "judging.md", help="the page")
    report.set_defaults(run=_report)


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        action="append",
        required=True,
        metavar="LAYOUT:FOLDER",
        help="nsynth:, nsynth-source:, composers: or folders: and a folder; repeatable",
    )


def _protocol(parser: argparse.ArgumentParser, folds: int | None = None) -> None:
    parser.add_argument(
        "--protocol",
        choices=("paper", "honest"),
        help="fixed windows, split at random as the seed papers did, or by work or instrument",
    )
    if folds:
        parser.add_argument(
            "--folds", type=int, default=folds, help=f"folds of the protocol ({folds})"
        )
    parser.add_argument("--epochs", type=int, help="epochs of the protocol, if not the preset's")
    parser.add_argument("--most", type=int, metavar="N", help="windows a label at most")


def _results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("reports"),
        help="folder for the protocol's figures, which report reads (reports)",
    )


def _work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=int, default=1, help="processes that make windows")
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="a Dask scheduler whose workers make windows instead"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads that train")
    parser.add_argument("--seed", type=int, default=0)


def _compare(args: argparse.Namespace) -> None:
    from training.protocols import commands

    commands.compare(args, _say, Ticker())


def _tune(args: argparse.Namespace) -> None:
    from training.protocols import commands

    commands.tune(args, _say, Ticker())


def _fit(args: argparse.Namespace) -> None:
    from training import catalogue, datasets, own
    from training.protocols.plans import PLANS

    if args.protocol or args.model in PLANS:
        from training.protocols import commands

        commands.fit(args, _say, Ticker())
        return
    data = datasets.read_all(args.data)
    held_out = _held_out(args)
    if args.model in catalogue.names():
        folder = args.out or Path("models") / args.model
        _build(args, catalogue.find(args.model), data, held_out, folder)
        return
    if any(not layout.startswith("folders:") for layout in args.data):
        known = ", ".join([*catalogue.names(), *PLANS])
        raise UserError(
            f"no preset {args.model!r}; there are {known}, or give your own sounds "
            f"as folders:FOLDER, with a folder a label in it"
        )
    if not re.fullmatch(r"[\w.-]+", args.model):
        raise UserError(f"{args.model!r}: a name of letters, digits, dots and dashes, please")
    parts = own.split(data, args.seed)
    for warning in parts.warnings:
        _say(f"warning: {printable(warning)}")
    out = args.out or Path("models") / args.model
    for preset in own.presets(args.model):
        held = {"files kept out": parts.judge, **held_out}
        _build(args, preset, parts.train, held, out / preset.name)
    _say(f"listen with: rt-classify --mic --model {args.out or args.model}")


def _export(args: argparse.Namespace) -> None:
    from training import catalogue, datasets
    from training.protocols.plans import PLANS

    if args.protocol or args.model in PLANS:
        from training.protocols import commands

        commands.export(args, _say, Ticker())
        return
    preset = catalogue.find(args.model)
    if not (_checkpoints(args, preset) / "last.keras").exists():
        raise UserError(
            f"{_checkpoints(args, preset)}: no checkpoint; rt-train fit {preset.name} makes one"
        )
    if args.quantisation:
        preset = replace(preset, quantisation=args.quantisation)
    folder = args.out or Path("models") / preset.name
    data = datasets.read_all(args.data)
    _build(args, preset, data, _held_out(args), folder, trained=True)


def _build(
    args: argparse.Namespace,
    preset: Preset,
    data: Dataset,
    held_out: dict[str, Dataset],
    folder: Path,
    *,
    trained: bool = False,
) -> None:
    """Train one network, if it is not, and write its folder."""
    from training import inputs, ship
    from training.fit import quiet_tensorflow, train

    _say(f"{preset.name}: {len(data.examples)} files: {_counts(data.counts)}")
    source = inputs.make(preset, data, jobs=args.dask or args.jobs, seed=args.seed)
    source.prepare(Ticker())
    _name_left_out(source.left_out)
    quiet_tensorflow(args.threads)
    work = _checkpoints(args, preset)
    for epoch in () if trained else train(preset, source, work, seed=args.seed):
        left = (epoch.of - epoch.number) * epoch.seconds / 60
        _say(
            f"epoch {epoch.number}/{epoch.of}  loss {epoch.loss:.3f}  "
            f"accuracy {epoch.accuracy:.3f}  {epoch.seconds:.0f} s  {left:.0f} min left"
        )
    _say("exporting")
    manifest = ship.ship(
        preset,
        source,
        work,
        folder,
        data=data,
        layouts=args.data,
        held_out=held_out,
        command=_command(args),
        jobs=args.jobs,
        progress=Ticker(),
    )
    _say(f"{folder}: {manifest.size / 1e6:.2f} MB; {ship.headline(manifest)}")


def _checkpoints(args: argparse.Namespace, preset: Preset) -> Path:
    return Path(args.work or Path("build") / "fit") / preset.name


def _held_out(args: argparse.Namespace) -> dict[str, Dataset]:
    from training import datasets, results

    return {results.short(layout): datasets.read(layout) for layout in args.held_out}


def _command(args: argparse.Namespace) -> str:
    """The command that builds the same model again."""
    words = ["rt-train", "fit", args.model]
    words += [word for layout in args.data for word in ("--data", layout)]
    words += [word for layout in args.held_out for word in ("--held-out", layout)]
    return " ".join([*words, "--seed", str(args.seed)])


def _evaluate(args: argparse.Namespace) -> None:
    from training.judging import commands

    _name_left_out(commands.evaluate(args, Ticker()))


def _describe(args: argparse.Namespace) -> None:
    from training.describe import describe

    for name in args.models:
        for manifest in describe(name, args.results):
            _say(f"{manifest.name}: card and metadata written")


def _report(args: argparse.Namespace) -> None:
    from training.judging import commands

    commands.report(args, _say)


def _name_left_out(left_out: dict[str, str]) -> None:
    for name, reason in list(left_out.items())[:20]:
        _say(f"left out: {printable(name)}: {printable(reason)}")
    if left_out:
        _say(f"{len(left_out)} files left out")


def _render(args: argparse.Namespace) -> None:
    from training.render import find_soundfonts, render

    tick = Ticker()
    fonts = args.soundfont or find_soundfonts()
    _say(f"SoundFonts: {', '.join(f.name for f in fonts)}")
    for done, total in render(
        args.out,
        fonts,
        notes=args.notes,
        phrases=args.phrases,
        synths=args.synths,
        seed=args.seed,
    ):
        tick("instruments", done, total)


def _collect(args: argparse.Namespace) -> None:
    from realtime.sources.microphone import Microphone
    from training.collect import Display, clip_folder, collect

    if args.clips < 1 or not 0.1 <= args.seconds <= 600 or not 0 <= args.countdown <= 600:
        raise UserError("--clips at least 1, --seconds 0.1 to 600, --countdown 0 to 600")
    display = Display(args.clips)
    with Microphone(int(args.mic) if args.mic.isdigit() else args.mic or None) as source:
        folder = clip_folder(args.out, args.label)
        _say(
            f"{source.name}: {args.clips} clips of {args.seconds:g} s into {printable(str(folder))}"
        )
        for clip in collect(
            source,
            folder,
            clips=args.clips,
            seconds=args.seconds,
            countdown=args.countdown,
            tell=display.moment,
        ):
            display.clip(clip)


class Ticker:
    """Says how far long work has come, at most every ten seconds, and how long it will take."""

    def __init__(self) -> None:
        self._begun: tuple[float, int] | None = None
        self._said = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Take notice that ``done`` of ``total`` are done."""
        now = time.monotonic()
        if self._begun is None:
            self._begun = (now, done)
        started, first = self._begun
        if done == total or (now - self._said > 10 and done > first):
            left = (now - started) / max(1, done - first) * (total - done) / 60
            _say(f"{what}: {done} of {total}, {left:.0f} min left")
            self._said = now


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{label} {n}" for label, n in sorted(counts.items()))


def _say(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
