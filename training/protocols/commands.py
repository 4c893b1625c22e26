"""The commands of ``rt-train`` that run protocols: fit, compare and tune."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from realtime.errors import UserError
from training import results
from training.datasets import Dataset, read_all
from training.fit import Epoch, quiet_tensorflow
from training.inputs import Progress
from training.protocols import PROTOCOLS, plans
from training.protocols import compare as comparing
from training.protocols.folds import Outcome, Trial, summary
from training.protocols.plans import Plan
from training.protocols.tune import tune as search
from training.protocols.tune import tuned
from training.protocols.windows import Windows, cut

Say = Callable[[str], None]


def fit(args: argparse.Namespace, say: Say, tick: Progress) -> None:
    """Train and test a plan over folds, and export the first fold's network."""
    from realtime.registry import read_manifest
    from training.evaluate import listen, report
    from training.ship import LICENCES

    plan = _plan(args, args.model)
    trial, data = _trial(args, plan, say, tick)
    tested = _run(trial, args.folds, say)
    found = summary(tested)
    folder = args.out or Path("build") / "models" / f"{plan.name}-{trial.protocol}"
    command = _command("fit", [args.model], args)
    licences = sorted({LICENCES[layout.partition(":")[0]] for layout in args.data})
    say("exporting")
    trial.export(0, folder, command=command, licences=licences)
    manifest = read_manifest(folder)
    held_out = {}
    for layout in args.held_out:
        heard = listen(folder, read_all([layout]), jobs=args.jobs, progress=tick)
        held_out[results.short(layout)] = report(heard)
    values = {
        **_described(args, trial, data, command),
        **found,
        "quantised": manifest.figures["quantised"] | {"size": manifest.size},
        "held_out": held_out,
    }
    path = results.keep(args.results, "folds", f"{plan.name}-{trial.protocol}", values)
    say(
        f"{plan.name}, {trial.protocol} protocol ({PROTOCOLS[trial.protocol]}): accuracy "
        f"{found['accuracy']:.3f}, F1 {found['macro_f1']:.3f} over {found['folds']} folds"
    )
    for name, figures in held_out.items():
        say(f"{name}: accuracy {figures['accuracy']:.3f} of {figures['n']} windows")
    say(f"{folder}: {manifest.size / 1e6:.2f} MB; figures in {path}")


def export(args: argparse.Namespace, say: Say, tick: Progress) -> None:
    """Make a model folder of a fold that was trained before."""
    from training.ship import LICENCES

    plan = _plan(args, args.model)
    trial, _ = _trial(args, plan, say, tick)
    work = trial.work(args.fold)
    if not (work / "tested.json").exists():
        raise UserError(f"{work}: not trained; rt-train fit {plan.name} with the same options does")
    if args.quantisation:
        trial = replace(trial, quantisation=args.quantisation)
    folder = args.out or Path("build") / "models" / f"{plan.name}-{trial.protocol}"
    licences = sorted({LICENCES[layout.partition(":")[0]] for layout in args.data})
    command = _command("export", [args.model], args)
    manifest = trial.export(args.fold, folder, command=command, licences=licences)
    told = manifest.figures["quantised"]
    say(
        f"{folder}: {manifest.size / 1e6:.2f} MB, {manifest.quantisation}; {told['accuracy']:.3f} "
        f"of {told['windows']} test windows right, float32 {told['accuracy_float32']:.3f}"
    )


def compare(args: argparse.Namespace, say: Say, tick: Progress) -> None:
    """Run two plans over the same folds and test whether they differ."""
    tested: list[list[Outcome]] = []
    for name in (args.first, args.second):
        trial, data = _trial(args, _plan(args, name), say, tick)
        tested.append(_run(trial, args.folds, say))
        described = _described(args, trial, data, "")
        # What fit measured of the same holds more and stays.
        results.keep(
            args.results,
            "folds",
            f"{name}-{trial.protocol}",
            described | summary(tested[-1]),
            replace=False,
        )
    found = comparing.compare(tested[0], tested[1])
    names = [args.first, args.second]
    described |= {"model": names, "command": _command("compare", names, args)}
    name = f"{args.first}-{args.second}-{described['protocol']}"
    summaries = [summary(t) for t in tested]
    path = results.keep(
        args.results, "compare", name, described | found | {"means": summaries_of(summaries)}
    )
    test = found["wilcoxon"]
    low, high = found["interval"]
    say(
        f"{args.first} {summaries[0]['accuracy']:.3f}, {args.second} "
        f"{summaries[1]['accuracy']:.3f} over {args.folds} folds, "
        f"{described['protocol']} protocol"
    )
    say(
        f"difference {found['difference']:+.3f}, 95% interval {low:+.3f} to {high:+.3f} "
        f"({found['items']} {found['paired']}, {found['clusters']} clusters)"
    )
    say(
        f"Wilcoxon signed-rank p = {test['p']:.4f}; {args.folds} folds cannot go below "
        f"{test['least_p']:.4f}"
    )
    say(f"figures in {path}")


def summaries_of(found: list[dict[str, Any]]) -> list[dict[str, float]]:
    """The means alone: the folds' own figures lie with each plan's measurement."""
    names = ("accuracy", "deviation", "precision", "recall", "macro_f1")
    return [{name: f[name] for name in names} for f in found]


def tune(args: argparse.Namespace, say: Say, tick: Progress) -> None:
    """Search a plan's space."""
    plan = _plan(args, args.model)
    trial, data = _trial(args, plan, say, tick)

    def epoch(number: int, done: Epoch) -> None:
        say(f"setting {number}/{args.trials}: {_told(done)}")

    found = search(trial, trials=args.trials, runs=args.runs, say=epoch)
    if found is None:
        say("the search is over; its chief has the results")
        return
    command = _command("tune", [args.model], args)
    values = {**_described(args, trial, data, command), **found}
    path = results.keep(args.results, "tune", f"{plan.name}-{trial.protocol}", values)
    for row in found["trials"]:
        say(f"  {row['valid_accuracy']:.3f}  {row['settings']}")
    say(f"best: {found['best']}; use them with --tuned {path}")


def _plan(args: argparse.Namespace, name: str) -> Plan:
    plan = plans.find(name)
    if getattr(args, "tuned", None):
        plan = tuned(plan, args.tuned)
    if args.epochs:
        plan = replace(plan, training=replace(plan.training, epochs=args.epochs))
    return plan


def _trial(args: argparse.Namespace, plan: Plan, say: Say, tick: Progress) -> tuple[Trial, Dataset]:
    data = read_all(args.data)
    windows: Windows = cut(
        plan, data, most=args.most, jobs=args.dask or args.jobs, seed=args.seed, progress=tick
    )
    for name, reason in list(windows.left_out.items())[:20]:
        say(f"left out: {name}: {reason}")
    if windows.left_out:
        say(f"{len(windows.left_out)} files left out")
    trial = Trial(plan, windows, args.protocol or "paper", args.seed)
    trial.split(0)  # a label that cannot be split is told before anything is trained
    say(f"{plan.name}: {len(windows)} windows of {len(set(windows.files.tolist()))} files")
    quiet_tensorflow(args.threads)
    return trial, data


def _run(trial: Trial, folds: int, say: Say) -> list[Outcome]:
    tested = []
    for number in range(folds):
        done = trial.run(number, lambda n, e: say(f"fold {n + 1}/{folds}: {_told(e)}"))
        say(f"fold {number + 1}/{folds}: test accuracy {done.figures['accuracy']:.3f}")
        tested.append(done)
    return tested


def _told(epoch: Epoch) -> str:
    left = (epoch.of - epoch.number) * epoch.seconds / 60
    return (
        f"epoch {epoch.number}/{epoch.of}  loss {epoch.loss:.3f}  accuracy {epoch.accuracy:.3f}  "
        f"{epoch.seconds:.0f} s  {left:.0f} min left"
    )


def _described(
    args: argparse.Namespace, trial: Trial, data: Dataset, command: str
) -> dict[str, Any]:
    """What was run on how much, so that a figure from less than everything says so."""
    plan, windows = trial.plan, trial.windows
    return {
        "model": plan.name,
        "task": plan.task,
        "architecture": plan.kind,
        "protocol": trial.protocol,
        "data": [results.short(layout) for layout in args.data],
        "files": len(set(windows.files.tolist())),
        "windows": len(windows),
        "left_out": len(windows.left_out),
        "most": args.most,
        "epochs": plan.training.epochs,
        "command": command,
    }


def _command(verb: str, names: list[str], args: argparse.Namespace) -> str:
    """The command that gives the same figures again."""
    words = ["rt-train", verb, *names, "--protocol", args.protocol or "paper"]
    words += [w for layout in args.data for w in ("--data", results.short(layout))]
    words += [
        w for layout in getattr(args, "held_out", []) for w in ("--held-out", results.short(layout))
    ]
    for option in ("folds", "epochs", "most", "trials", "runs"):
        value = getattr(args, option, None)
        words += [f"--{option}", str(value)] if value else []
    return " ".join([*words, "--seed", str(args.seed)])
