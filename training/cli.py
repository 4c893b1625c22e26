"""``rt-train``: renders data, trains, exports and judges the networks."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.errors import UserError
from realtime.registry import SHIPPED
from realtime.text import printable
from training import commandline
from training.progress import IN_EPOCHS, Ticker, epoch_line, name_left_out, say

if TYPE_CHECKING:
    from training.datasets import Dataset
    from training.presets import Preset

EXTRA = {
    "flatbuffers",
    "grpc",
    "joblib",
    "keras",
    "keras_tuner",
    "librosa",
    "matplotlib",
    "scipy",
    "sklearn",
    "symusic",
    "tensorflow",
    "tf_keras",
}
"""What the extra ``train`` brings, by the names to import."""

PROTOCOL_ONLY = "only under a protocol; add --protocol paper or honest, or leave it out"
"""Why an option is refused that would do nothing."""


def main(argv: list[str] | None = None) -> int:
    """Run ``rt-train``.

    Args:
        argv: Arguments without the program's name; those of the process by default.

    Returns:
        Exit status: 0 done, 2 the request or its data is at fault, 130 interrupted.
    """
    try:
        args = commandline.parser().parse_args(argv)
        _run(args)
    except UserError as error:
        print(f"rt-train: {printable(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("rt-train: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _run(args: argparse.Namespace) -> None:
    """Run a command; the packages that it needs are imported by whatever needs them.

    Raises:
        UserError: The request or its data is at fault, or such a package is not installed.
    """
    try:
        COMMANDS[args.command](args)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise
        raise UserError(
            f"{args.command} needs the package {missing}: install the extra, pip install '.[train]'"
        ) from error


def _compare(args: argparse.Namespace) -> None:
    from training.protocols import commands

    commands.compare(args)


def _tune(args: argparse.Namespace) -> None:
    from training.protocols import commands

    commands.tune(args)


def _fit(args: argparse.Namespace) -> None:
    from training import catalogue, given, own
    from training.protocols.plans import PLANS

    if args.protocol or args.model in PLANS:
        from training.protocols import commands

        commands.fit(args)
        return
    commandline.refuse(args, ("folds", "epochs", "most", "tuned", "results"), PROTOCOL_ONLY)
    known = catalogue.names()
    if args.model not in known:
        _check_own(args, [*known, *PLANS])
    data = given.to_learn(args.data)
    held_out = given.to_judge(args.held_out, data)
    out = args.out or Path("models") / args.model
    if args.model in known:
        _build(args, catalogue.find(args.model), data, held_out, out)
        return
    own.check(data)
    for warning in own.warnings(data):
        say(f"warning: {printable(warning)}")
    for preset in own.presets(args.model):
        _build(args, preset, data, held_out, out / preset.name)
    say(f"listen with: rt-classify --mic --model {args.out or args.model}")


def _check_own(args: argparse.Namespace, known: list[str]) -> None:
    """See that what is no preset can be a name for sounds of one's own."""
    if any(not layout.startswith("folders:") for layout in args.data):
        raise UserError(
            f"no preset {args.model!r}; there are {', '.join(known)}, or give your own sounds "
            f"as folders:FOLDER, with a folder a label in it"
        )
    if not re.fullmatch(r"[\w.-]+", args.model):
        raise UserError(f"{args.model!r}: a name of letters, digits, dots and dashes, please")


def _export(args: argparse.Namespace) -> None:
    from training import catalogue, given
    from training.protocols.plans import PLANS

    if args.protocol or args.model in PLANS:
        from training.protocols import commands

        commandline.refuse(args, ("held_out",), "fit judges under a protocol; leave it out")
        commands.export(args)
        return
    commandline.refuse(args, ("fold", "epochs", "most", "tuned"), PROTOCOL_ONLY)
    preset = catalogue.find(args.model)
    if args.quantisation:
        preset = replace(preset, quantisation=args.quantisation)
    folder = args.out or Path("models") / preset.name
    data = given.to_learn(args.data)
    held_out = given.to_judge(args.held_out, data)
    _build(args, preset, data, held_out, folder, trained=True)


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
    from training import distil, fit, inputs, own_fit, provenance, ship

    data.check_labels()
    say(f"{preset.name}: {len(data.examples)} files: {_counts(data.counts)}")
    if preset.teacher and not distil.suits(SHIPPED / preset.teacher, preset, data.labels):
        say(f"{preset.teacher} names or reads something else, and is not asked to teach")
        preset = replace(preset, teacher="")
    work = _checkpoints(args, preset)
    take = provenance.check if trained else provenance.claim
    if told := take(work, provenance.describe(preset, data, args.seed)):
        say(told)
    source = inputs.make(preset, data, jobs=args.dask or args.jobs, seed=args.seed)
    source.prepare(Ticker())
    name_left_out(source.left_out, told=data.left_out)
    fit.quiet_tensorflow(args.threads)
    measured = {}
    if preset.start:
        heard = own_fit.crossed(
            preset, data, source, jobs=args.jobs, seed=args.seed, progress=Ticker()
        )
        measured[own_fit.JUDGED] = heard
        say(f"{preset.name}: {own_fit.verdict(heard)}")
    learn = own_fit.train if preset.start else partial(fit.train, progress=Ticker(IN_EPOCHS))
    for epoch in () if trained else learn(preset, source, work, seed=args.seed):
        say(epoch_line(epoch))
    say("exporting")
    manifest = ship.ship(
        preset,
        source,
        work,
        folder,
        data=data,
        layouts=args.data,
        measured=measured,
        held_out=held_out,
        command=_command(args),
        jobs=args.jobs,
        progress=Ticker(),
    )
    say(f"{folder}: {manifest.size / 1e6:.2f} MB; {ship.headline(manifest)}")


def _checkpoints(args: argparse.Namespace, preset: Preset) -> Path:
    return Path(args.work or Path("build") / "fit") / preset.name


def _command(args: argparse.Namespace) -> str:
    """The command that builds the same model again."""
    words = ["rt-train", "fit", args.model]
    words += [word for layout in args.data for word in ("--data", layout)]
    words += [word for layout in args.held_out for word in ("--held-out", layout)]
    return " ".join([*words, "--seed", str(args.seed)])


def _evaluate(args: argparse.Namespace) -> None:
    from training.judging import commands

    commands.evaluate(args)


def _describe(args: argparse.Namespace) -> None:
    from training.describe import describe

    for name in args.models:
        for manifest, known in describe(name, args.results):
            say(f"{manifest.name}: card, with {known} measurements, and metadata written")


def _report(args: argparse.Namespace) -> None:
    from training.judging import commands

    commands.report(args)


def _render(args: argparse.Namespace) -> None:
    from training.render import find_soundfonts, render

    tick = Ticker()
    fonts = args.soundfont or find_soundfonts()
    say(f"SoundFonts: {', '.join(f.name for f in fonts)}")
    for done, total in render(
        args.out,
        fonts,
        notes=args.notes,
        long=args.long,
        phrases=args.phrases,
        synths=args.synths,
        seed=args.seed,
    ):
        tick("instruments", done, total)


def _collect(args: argparse.Namespace) -> None:
    from realtime.sources.microphone import Microphone
    from training.collect import Display, clip_folder, collect

    if not 0.1 <= args.seconds <= 600 or not 0 <= args.countdown <= 600:
        raise UserError("--seconds must be 0.1 to 600, --countdown 0 to 600")
    display = Display(args.clips)
    with Microphone(int(args.mic) if args.mic.isdecimal() else args.mic or None) as source:
        folder = clip_folder(args.out, args.label)  # none stays where there is no microphone
        say(
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


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{label} {n}" for label, n in sorted(counts.items()))


COMMANDS = {
    "fit": _fit,
    "compare": _compare,
    "tune": _tune,
    "export": _export,
    "evaluate": _evaluate,
    "describe": _describe,
    "report": _report,
    "render": _render,
    "collect": _collect,
}
"""What each command of the command line does."""


if __name__ == "__main__":
    sys.exit(main())
