"""The commands of ``rt-train`` that judge models: evaluate and report."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from realtime.errors import UserError
from realtime.registry import find, read_manifest
from realtime.text import printable
from training import results
from training.datasets import Dataset, read_all
from training.evaluate import listen
from training.evaluate import report as figures_of
from training.judging import foreign, seconds, splices
from training.judging import report as page
from training.judging.conditions import AS_IS, check, perform
from training.progress import Ticker, name_left_out, say


def evaluate(args: argparse.Namespace) -> None:
    """Judge a model folder and print the figures."""
    folder = find(args.model)
    manifest = read_manifest(folder)
    name = manifest.name
    data = read_all(args.data)
    if args.split:
        data = data.only(args.split)
    check(args.condition, data, manifest)
    _spliced(data, args)
    _strange(data, args)
    opened = partial(perform, condition=args.condition)
    left_out = dict(data.left_out)
    kind = "evaluate"
    found: dict[str, Any]
    if args.splices:
        kind = "splices"
        found = splices.delays(
            folder, data, streams=args.splices, seed=0, progress=Ticker(), left_out=left_out
        )
    elif args.foreign:
        kind = "foreign"
        found = foreign.unknown(folder, data, jobs=args.jobs, progress=Ticker(), left_out=left_out)
    elif args.seconds_heard:
        kind = "seconds"
        found = seconds.heard(
            folder, data, opened=opened, jobs=args.jobs, progress=Ticker(), left_out=left_out
        )
    else:
        heard = listen(folder, data, jobs=args.jobs, progress=Ticker(), opened=opened)
        left_out = heard.left_out
        found = figures_of(heard)
    split = f" {args.split}" if args.split else ""
    condition = {} if args.condition == AS_IS else {"condition": args.condition}
    values = {"model": name, "data": " ".join(args.data) + split, **condition, **found}
    if args.results:
        names = [results.short(layout) for layout in args.data]
        kept = values | {"data": " ".join(names) + split, "condition": args.condition}
        kept |= {"command": _command(args, names), "sha256": manifest.sha256}
        title = f"{name}-{'-'.join(names)}{split}-{args.condition}"
        results.keep(args.results, kind, title, kept)
    if args.json:
        json.dump(values, sys.stdout, allow_nan=False)
        print()
    else:
        {
            "evaluate": _print,
            "seconds": _print_seconds,
            "splices": _print_splices,
            "foreign": _print_foreign,
        }[kind](values)
    name_left_out(left_out)


def report(args: argparse.Namespace) -> None:
    """Write the page."""
    path = page.write(results.read(args.results), args.out)
    say(f"{path}, with its plots in {path.with_suffix('')}")


def _spliced(data: Dataset, args: argparse.Namespace) -> None:
    if not args.splices:
        return
    if all(e.path.suffix.lower() in (".mid", ".midi") for e in data.examples):
        raise UserError("--splices: only sounds can be spliced; name nsynth: or folders: data")
    if args.condition != AS_IS:
        raise UserError("--splices: notes are spliced as they are; leave out --condition")


def _strange(data: Dataset, args: argparse.Namespace) -> None:
    if not args.foreign:
        return
    if any(e.path.suffix.lower() in (".mid", ".midi") for e in data.examples):
        raise UserError("--foreign: notes are always somebody's; name sounds as folders: data")
    if args.condition != AS_IS:
        raise UserError("--foreign: sounds are heard as they are; leave out --condition")


def _command(args: argparse.Namespace, names: list[str]) -> str:
    words = ["rt-train", "evaluate", Path(args.model).name]
    words += [word for name in names for word in ("--data", name)]
    words += ["--split", args.split] if args.split else []
    words += ["--condition", args.condition] if args.condition != AS_IS else []
    words += ["--seconds-heard"] if args.seconds_heard else []
    words += ["--splices", str(args.splices)] if args.splices else []
    words += ["--foreign"] if args.foreign else []
    return " ".join(words)


def _print(figures: dict[str, Any]) -> None:
    print(printable(f"{figures['model']} on {figures['data']}: {figures['n']} windows"))
    if figures["unheard"]:
        print(f"{figures['unheard']} of them under the level gate: missed")
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


def _print_seconds(figures: dict[str, Any]) -> None:
    print(printable(f"{figures['model']} on {figures['data']}: {figures['n']} files"))
    for mark, accuracy in figures["accuracy"].items():
        print(f"  {mark if mark == 'whole' else mark + ' s':>6}  {accuracy:.3f}")


def _print_splices(figures: dict[str, Any]) -> None:
    changes = f"{figures['changes']} changes of instrument"
    print(printable(f"{figures['model']} on {figures['data']}: {changes}"))
    for how in ("window", "smoothed"):
        row = figures[how]
        median = "over half go unnoticed" if row["median"] is None else f"{row['median']:.2f} s"
        print(
            f"  {how:8}  median {median}, noticed within 6 s: {row['noticed']:.1%}, "
            f"right all in all: {row['right']:.1%}"
        )


def _print_foreign(figures: dict[str, Any]) -> None:
    heard = f"{figures['n']} windows of {figures['files']} files"
    print(printable(f"{figures['model']} on {figures['data']}: {heard}"))
    print(f"unknown: {figures['unknown']:.1%}")
    for kind, row in figures["kinds"].items():
        print(printable(f"  {kind:12} {row['unknown']:.1%} of {row['n']} windows"))
    for label, n in figures["taken_for"].items():
        print(printable(f"  {n} passed for {label}"))
