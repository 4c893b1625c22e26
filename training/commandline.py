"""The options of ``rt-train``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from realtime.config import Parser
from realtime.errors import UserError
from training import results
from training.judging.conditions import AS_IS, CONDITIONS, Kind, of_kind

LARGEST_SEED = 40_000
"""Epochs are seeded with a hundred thousand times that, which must fit 32 bits."""


def parser() -> Parser:
    """The command line; ``command`` holds which of its commands was asked for.

    It raises ``UserError`` where a command line is at fault.
    """
    made = Parser(
        prog="rt-train", description="renders data, trains, exports and judges the networks."
    )
    commands = made.add_subparsers(required=True, dest="command", metavar="COMMAND")

    fit = commands.add_parser("fit", help="train a model and export it")
    fit.add_argument("model", help="a preset such as instrument-cnn, or a new name for own sounds")
    _data(fit)
    _trained_model(fit)
    _work(fit)
    _protocol(fit, folds=1)
    _results(fit)
    fit.set_defaults(folds=None, results=None)  # so that they can be refused

    _protocol_commands(commands)
    _judging_commands(commands)
    render = commands.add_parser("render", help="render notes and phrases from SoundFonts")
    render.add_argument("out", type=Path, help="folder to write, in NSynth's layout")
    render.add_argument(
        "--soundfont", type=Path, action="append", metavar="FILE", help="repeatable"
    )
    render.add_argument(
        "--notes",
        type=_whole(0),
        default=45,
        metavar="N",
        help="notes of each program and font (45)",
    )
    render.add_argument(
        "--long", type=_whole(0), default=20, metavar="N", help="long notes of each (20)"
    )
    render.add_argument(
        "--phrases", type=_whole(0), default=15, metavar="N", help="phrases of each (15)"
    )
    render.add_argument("--synths", action="store_true", help="add synthesizers, for source-cnn")
    _seed(render)

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
        "--out",
        type=Path,
        default=Path("my-sounds"),
        metavar="FOLDER",
        help="of labels (default: my-sounds)",
    )
    collect.add_argument("--clips", type=_whole(1), default=10, metavar="N", help="how many (10)")
    collect.add_argument(
        "--seconds", type=float, default=4.0, metavar="S", help="length of each (4)"
    )
    collect.add_argument(
        "--countdown", type=float, default=3.0, metavar="S", help="seconds before each (3)"
    )
    return made


def refuse(args: argparse.Namespace, names: Sequence[str], why: str) -> None:
    """See that options which would do nothing are not given.

    Args:
        args: What ``parser`` made of a command line.
        names: Options that are empty by default, as ``args`` has them.
        why: What they are for, and what to do.

    Raises:
        UserError: One is given.
    """
    given = [
        f"--{name.replace('_', '-')}" for name in names if getattr(args, name) not in (None, [])
    ]
    if given:
        raise UserError(f"{', '.join(given)}: {why}")


def _protocol_commands(commands: Any) -> None:
    compare = commands.add_parser("compare", help="test two models over the same folds")
    compare.add_argument("first", help="a preset")
    compare.add_argument("second", help="another")
    _data(compare)
    _protocol(compare, folds=5)
    _results(compare)
    _work(compare)

    tune = commands.add_parser("tune", help="search a preset's settings with Keras Tuner")
    tune.add_argument("model", help="a preset")
    _data(tune)
    _protocol(tune)
    _results(tune)
    tune.add_argument(
        "--trials", type=_whole(1), default=5, metavar="N", help="settings to try (5)"
    )
    tune.add_argument(
        "--runs", type=_whole(1), default=2, metavar="N", help="networks trained of each (2)"
    )
    _work(tune)

    export = commands.add_parser("export", help="make a model folder of a checkpoint")
    export.add_argument("model", help="a preset that fit has trained")
    _data(export)
    _trained_model(export)
    export.add_argument(
        "--quantisation",
        choices=("int8", "dynamic", "float32"),
        help="form of the weights, if not the preset's",
    )
    _protocol(export)
    export.add_argument(
        "--fold", type=_whole(0), metavar="N", help="fold of the protocol to export (0)"
    )
    _work(export)


def _judging_commands(commands: Any) -> None:
    evaluate = commands.add_parser("evaluate", help="judge a model folder on labelled files")
    evaluate.add_argument("model", help="name of a shipped model, or a model folder")
    _data(evaluate)
    evaluate.add_argument(
        "--split", metavar="NAME", help="only train, valid, dev or test of the data"
    )
    evaluate.add_argument(
        "--jobs", type=_whole(1, 256), default=1, metavar="N", help="processes (1)"
    )
    evaluate.add_argument("--json", action="store_true", help="one JSON object on stdout")
    evaluate.add_argument(
        "--condition",
        choices=(AS_IS, *CONDITIONS),
        default=AS_IS,
        help=f"the files as they are; MIDI files as {_told('notes')}; or sound files as "
        f"{_told('sound')}",
    )
    what = evaluate.add_mutually_exclusive_group()
    what.add_argument(
        "--seconds-heard", action="store_true", help="accuracy after 4, 10, 30, 60 s and the whole"
    )
    what.add_argument(
        "--splices",
        type=_whole(1),
        metavar="N",
        help="time to notice a change of instrument, N streams",
    )
    what.add_argument(
        "--foreign",
        action="store_true",
        help="the data are kinds of sound that it should not name: how many windows are unknown",
    )
    evaluate.add_argument(
        "--results", type=Path, metavar="FOLDER", help="to keep the figures in, for report"
    )

    describe = commands.add_parser(
        "describe", help="write a model's card and the metadata in its file anew"
    )
    describe.add_argument("models", nargs="+", metavar="MODEL", help="a name or a model folder")
    _results(describe, "of measurements")

    report = commands.add_parser("report", help="one page of all figures, with plots")
    _results(report, "of measurements")
    report.add_argument(
        "--out",
        type=Path,
        default=Path("docs") / "judging.md",
        metavar="FILE",
        help="the page (docs/judging.md)",
    )


def _told(kind: Kind) -> str:
    return ", ".join(f"{name} ({CONDITIONS[name].told})" for name in of_kind(kind))


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        action="append",
        required=True,
        metavar="LAYOUT:FOLDER",
        help="nsynth:, nsynth-source:, composers: or folders: and a folder; repeatable",
    )


def _trained_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--held-out",
        action="append",
        default=[],
        metavar="LAYOUT:FOLDER",
        help="data to calibrate with (the first) and to report on; repeatable",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="to write (default: models/MODEL; build/models/MODEL-PROTOCOL under a protocol)",
    )
    parser.add_argument("--tuned", type=Path, metavar="FILE", help="settings that tune found")


def _protocol(parser: argparse.ArgumentParser, folds: int | None = None) -> None:
    parser.add_argument(
        "--protocol",
        choices=("paper", "honest"),
        help="fixed windows, split at random as the seed papers did, or by work or instrument",
    )
    if folds:
        parser.add_argument(
            "--folds",
            type=_whole(1),
            default=folds,
            metavar="N",
            help=f"folds of the protocol ({folds})",
        )
    parser.add_argument(
        "--epochs",
        type=_whole(1),
        metavar="N",
        help="epochs of the protocol, if not the preset's",
    )
    parser.add_argument("--most", type=_whole(1), metavar="N", help="windows a label at most")


def _results(
    parser: argparse.ArgumentParser, told: str = "for the protocol's figures, which report reads"
) -> None:
    parser.add_argument(
        "--results",
        type=Path,
        default=results.FOLDER,
        metavar="FOLDER",
        help=f"{told} ({results.FOLDER})",
    )


def _work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--work",
        type=Path,
        metavar="FOLDER",
        help="for checkpoints (default: build/fit; build/protocols under a protocol)",
    )
    parser.add_argument(
        "--jobs",
        type=_whole(1, 256),
        default=1,
        metavar="N",
        help="processes that make windows (1)",
    )
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="a Dask scheduler whose workers make windows instead"
    )
    parser.add_argument(
        "--threads", type=_whole(1, 64), default=1, metavar="N", help="threads that train (1)"
    )
    _seed(parser)


def _seed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed",
        type=_whole(0, LARGEST_SEED),
        default=0,
        metavar="N",
        help="of all that is left to chance (0)",
    )


def _whole(least: int, most: int = 10**9) -> Callable[[str], int]:
    """Reads a whole number within bounds."""

    def read(text: str) -> int:
        if text.isascii() and text.isdecimal() and least <= int(text[:20]) <= most:
            return int(text)
        upper = f" to {most}" if most < 10**9 else " on"
        raise argparse.ArgumentTypeError(f"must be a whole number from {least}{upper}")

    return read
