"""The commands of ``rt-train`` that run protocols: fit, export, compare and tune."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from realtime.errors import UserError
from training import given, results
from training.datasets import Dataset, licences
from training.epochs import Epoch
from training.fit import quiet_tensorflow
from training.progress import IN_EPOCHS, Ticker, epoch_line, name_left_out, say
from training.protocols import PROTOCOLS, plans
from training.protocols import compare as comparing
from training.protocols.folds import Outcome, Trial, summary
from training.protocols.plans import Plan
from training.protocols.tune import role, tuned
from training.protocols.tune import tune as search
from training.protocols.windows import Windows, cut, in_common


def fit(args: argparse.Namespace) -> None:
    """Train and test a plan over folds, and export the first fold's network."""
    from realtime.registry import read_manifest
    from training.evaluate import listen, report

    plan = _plan(args, args.model)
    data = given.to_learn(args.data)
    kept = given.to_judge(args.held_out, data)
    trial = _trial(args, plan, data)
    tested = _run(trial, args.folds or 1)
    found = summary(tested)
    folder, name = _folder(args, trial), _name(args, plan)
    command = _command("fit", [args.model], args)
    say("exporting")
    trial.export(0, folder, command=command, licences=licences(args.data))
    manifest = read_manifest(folder)
    held_out = {}
    for layout, sounds in kept.items():
        heard = listen(folder, sounds, jobs=args.jobs, progress=Ticker())
        name_left_out(heard.left_out)
        held_out[layout] = report(heard)
    values = {
        **_described(args, trial, command),
        **found,
        "quantised": manifest.figures["quantised"] | {"size": manifest.size},
        "held_out": held_out,
    }
    if args.tuned:
        values["tuned"] = json.loads(args.tuned.read_text("utf-8"))["best"]
    reports = args.results or results.FOLDER
    path = results.keep(reports, "folds", f"{name}-{trial.protocol}", values)
    say(
        f"{name}, {trial.protocol} protocol ({PROTOCOLS[trial.protocol]}): accuracy "
        f"{found['accuracy']:.3f}, F1 {found['macro_f1']:.3f} over {found['folds']} folds"
    )
    for layout, figures in held_out.items():
        say(f"{layout}: accuracy {figures['accuracy']:.3f} of {figures['n']} windows")
    say(f"{folder}: {manifest.size / 1e6:.2f} MB; figures in {path}")


def export(args: argparse.Namespace) -> None:
    """Make a model folder of a fold that was trained before."""
    plan = _plan(args, args.model)
    trial = _trial(args, plan, given.to_learn(args.data))
    fold = args.fold or 0
    work = trial.work(fold)
    if not (work / "tested.json").exists():
        raise UserError(f"{work}: not trained; rt-train fit {plan.name} with the same options does")
    if args.quantisation:
        trial = replace(trial, quantisation=args.quantisation)
    folder = _folder(args, trial)
    command = _command("export", [args.model], args)
    manifest = trial.export(fold, folder, command=command, licences=licences(args.data))
    told = manifest.figures["quantised"]
    say(
        f"{folder}: {manifest.size / 1e6:.2f} MB, {manifest.quantisation}; {told['accuracy']:.3f} "
        f"of {told['windows']} test windows right, float32 {told['accuracy_float32']:.3f}"
    )


def compare(args: argparse.Namespace) -> None:
    """Run two plans over the same folds and test whether they differ."""
    compared = [_plan(args, name) for name in (args.first, args.second)]
    data = given.to_learn(args.data)
    tested: list[list[Outcome]] = []
    whole = [_trial(args, plan, data) for plan in compared]
    shared = in_common(whole[0].windows, whole[1].windows)
    for alone, windows in zip(whole, shared, strict=True):
        trial = replace(alone, windows=windows)
        tested.append(_run(trial, args.folds))
        described = _described(args, trial, "")
        # What fit measured of the same holds more and stays.
        results.keep(
            args.results,
            "folds",
            f"{trial.plan.name}-{trial.protocol}",
            described | summary(tested[-1]),
            replace=False,
        )
    found = comparing.compare(tested[0], tested[1])
    names = [args.first, args.second]
    described |= {"model": names, "command": _command("compare", names, args)}
    name = f"{args.first}-{args.second}-{described['protocol']}"
    summaries = [summary(t) for t in tested]
    path = results.keep(
        args.results, "compare", name, described | found | {"means": _means(summaries)}
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


def _means(found: list[dict[str, Any]]) -> list[dict[str, float]]:
    """The means alone: the folds' own figures lie with each plan's measurement."""
    names = ("accuracy", "deviation", "precision", "recall", "macro_f1")
    return [{name: f[name] for name in names} for f in found]


def tune(args: argparse.Namespace) -> None:
    """Search a plan's space."""
    shared = role()  # told before any window is cut
    plan = _plan(args, args.model)
    trial = _trial(args, plan, given.to_learn(args.data))
    if shared == "chief":
        say("hands out settings to tuners, and ends when the last of them has")
    elif shared:
        say("trains the settings that the chief hands out")

    def epoch(number: int, done: Epoch) -> None:
        say(f"setting {number}/{args.trials}: {epoch_line(done)}")

    found = search(trial, trials=args.trials, runs=args.runs, say=epoch, progress=Ticker(IN_EPOCHS))
    if found is None:
        say("the search is over; its chief has the results")
        return
    command = _command("tune", [args.model], args)
    values = {**_described(args, trial, command), **found}
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


def _name(args: argparse.Namespace, plan: Plan) -> str:
    """What is measured: a preset with other settings than its own is another thing."""
    return f"{plan.name}-tuned" if getattr(args, "tuned", None) else plan.name


def _folder(args: argparse.Namespace, trial: Trial) -> Path:
    name = f"{_name(args, trial.plan)}-{trial.protocol}"
    folder: Path = args.out or Path("build") / "models" / name
    return folder


def _trial(args: argparse.Namespace, plan: Plan, data: Dataset) -> Trial:
    data.check_labels()
    windows: Windows = cut(
        plan, data, most=args.most, jobs=args.dask or args.jobs, seed=args.seed, progress=Ticker()
    )
    name_left_out(windows.left_out, told=data.left_out)
    trial = Trial(plan, windows, args.protocol or "paper", args.seed)
    if args.work:
        trial = replace(trial, root=args.work)
    trial.split(0)  # a label that cannot be split is told before anything is trained
    say(f"{plan.name}: {len(windows)} windows of {len(set(windows.files.tolist()))} files")
    quiet_tensorflow(args.threads)
    return trial


def _run(trial: Trial, folds: int) -> list[Outcome]:
    tested = []
    for number in range(folds):
        done = trial.run(
            number,
            lambda n, e: say(f"fold {n + 1}/{folds}: {epoch_line(e)}"),
            Ticker(IN_EPOCHS),
        )
        say(f"fold {number + 1}/{folds}: test accuracy {done.figures['accuracy']:.3f}")
        tested.append(done)
    return tested


def _described(args: argparse.Namespace, trial: Trial, command: str) -> dict[str, Any]:
    """What was run on how much, so that a figure from less than everything says so."""
    plan, windows = trial.plan, trial.windows
    return {
        "model": _name(args, plan),
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
    words += ["--tuned", args.tuned.name] if getattr(args, "tuned", None) else []
    for option in ("folds", "epochs", "most", "trials", "runs"):
        value = getattr(args, option, None)
        words += [f"--{option}", str(value)] if value else []
    return " ".join([*words, "--seed", str(args.seed)])
