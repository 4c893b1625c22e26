"""``rt-train``: renders data, trains, exports and judges the networks."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from realtime.errors import UserError
from realtime.text import printable


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
    except KeyboardInterrupt:
        print("rt-train: stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rt-train", description=__doc__.split(": ", 1)[1])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    fit = commands.add_parser("fit", help="train a model and export it")
    fit.add_argument("model", help="name of a preset, such as instrument-cnn")
    _data(fit)
    fit.add_argument(
        "--held-out",
        action="append",
        default=[],
        metavar="LAYOUT:FOLDER",
        help="data to calibrate with (the first) and to report on; repeatable",
    )
    fit.add_argument("--out", type=Path, help="model folder to write (default: models/MODEL)")
    fit.add_argument("--work", type=Path, help="checkpoints (default: build/fit/MODEL)")
    fit.add_argument("--jobs", type=int, default=1, help="processes that make windows")
    fit.add_argument("--threads", type=int, default=1, help="threads that train")
    fit.add_argument("--seed", type=int, default=0)
    fit.set_defaults(run=_fit)

    evaluate = commands.add_parser("evaluate", help="judge a model folder on labelled files")
    evaluate.add_argument("model", help="name of a shipped model, or a model folder")
    _data(evaluate)
    evaluate.add_argument("--split", help="only train, valid, dev or test of the data")
    evaluate.add_argument("--jobs", type=int, default=1, help="processes")
    evaluate.add_argument("--json", action="store_true", help="one JSON object on stdout")
    evaluate.set_defaults(run=_evaluate)

    render = commands.add_parser("render", help="render notes and phrases from SoundFonts")
    render.add_argument("out", type=Path, help="folder to write, in NSynth's layout")
    render.add_argument("--soundfont", type=Path, action="append", help="repeatable")
    render.add_argument("--notes", type=int, default=45, help="notes of each program and font")
    render.add_argument("--phrases", type=int, default=15, help="phrases of each")
    render.add_argument("--seed", type=int, default=0)
    render.set_defaults(run=_render)
    return parser


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        action="append",
        required=True,
        metavar="LAYOUT:FOLDER",
        help="nsynth:, composers: or folders: and a folder; repeatable",
    )


def _fit(args: argparse.Namespace) -> None:
    from training import datasets, inputs, ship
    from training.fit import quiet_tensorflow, train
    from training.presets import PRESETS

    preset = PRESETS.get(args.model)
    if preset is None:
        raise UserError(f"no preset {args.model!r}; there are {', '.join(PRESETS)}")
    data = datasets.read_all(args.data)
    _say(f"{len(data.examples)} files: {_counts(data.counts)}")
    source = inputs.make(preset, data, jobs=args.jobs, seed=args.seed)
    source.prepare(Ticker())
    _name_left_out(source.left_out)
    quiet_tensorflow(args.threads)
    work = args.work or Path("build") / "fit" / preset.name
    for epoch in train(preset, source, work, seed=args.seed):
        left = (epoch.of - epoch.number) * epoch.seconds / 60
        _say(
            f"epoch {epoch.number}/{epoch.of}  loss {epoch.loss:.3f}  "
            f"accuracy {epoch.accuracy:.3f}  {epoch.seconds:.0f} s  {left:.0f} min left"
        )
    _say("exporting")
    folder = args.out or Path("models") / preset.name
    manifest = ship.ship(
        preset,
        source,
        work,
        folder,
        data=data,
        layouts=args.data,
        held_out=args.held_out,
        command=_command(args),
        jobs=args.jobs,
        progress=Ticker(),
    )
    _say(f"{folder}: {manifest.size / 1e6:.2f} MB; {ship.headline(manifest)}")


def _command(args: argparse.Namespace) -> str:
    """The command that builds the same model again."""
    words = ["rt-train", "fit", args.model]
    words += [word for layout in args.data for word in ("--data", layout)]
    words += [word for layout in args.held_out for word in ("--held-out", layout)]
    return " ".join([*words, "--seed", str(args.seed)])


def _evaluate(args: argparse.Namespace) -> None:
    from realtime.registry import find, read_manifest
    from training import datasets
    from training.evaluate import listen, report

    folder = find(args.model)
    data = datasets.read_all(args.data)
    if args.split:
        data = data.only(args.split)
    heard = listen(folder, data, jobs=args.jobs, progress=Ticker())
    _name_left_out(heard.left_out)
    figures = {
        "model": read_manifest(folder).name,
        "data": " ".join(args.data) + (f" {args.split}" if args.split else ""),
        **report(heard),
    }
    if args.json:
        json.dump(figures, sys.stdout, allow_nan=False)
        print()
        return
    print(printable(f"{figures['model']} on {figures['data']}: {figures['n']} windows"))
    print(f"accuracy {figures['accuracy']:.3f}, macro F1 {figures['macro_f1']:.3f}")
    print(f"expected calibration error {figures['ece']:.3f}")
    if "by_file" in figures:
        print(f"whole files: {figures['by_file']['accuracy']:.3f} of {figures['by_file']['n']}")
    for label, row in figures["per_class"].items():
        if row["n"]:
            print(
                f"  {printable(label):12} precision {row['precision']:.2f}  "
                f"recall {row['recall']:.2f}  F1 {row['f1']:.2f}  ({row['n']})"
            )


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
        args.out, fonts, notes=args.notes, phrases=args.phrases, seed=args.seed
    ):
        tick("instruments", done, total)


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
