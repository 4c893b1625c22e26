"""The run itself: find, hear what is not yet heard, keep, sum up."""

from __future__ import annotations

import random
from argparse import Namespace
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any, Literal

from realtime import __version__
from realtime.api import choose
from realtime.batch.folder import FAILED, TABLE, Folder
from realtime.batch.hear import How
from realtime.batch.progress import Progress
from realtime.batch.tree import Found, find
from realtime.batch.workers import cluster, cores, processes
from realtime.errors import UserError
from realtime.text import printable, tell

OTHER_OUTPUTS = ("json", "csv", "record", "labels", "plot", "osc", "mqtt", "sink", "pace")


def run(args: Namespace) -> int:
    """Hear all files below ``args.file`` and write the results to ``args.out``.

    Returns:
        Exit status: 0 if every file was heard, 2 if some failed.

    Raises:
        UserError: The request is at fault, or results cannot be written.
    """
    if not args.file or "-" in args.file:
        raise UserError("--out takes the results of many files: add --file DIR")
    for name in OTHER_OUTPUTS:
        if getattr(args, name):
            raise UserError(f"--out writes all there is about each file; leave out --{name}")
    if args.jobs is not None and args.jobs < 1:
        raise UserError(f"--jobs {args.jobs}: at least 1")
    how = How(args.task, tuple(args.model), args.hop, args.duration, args.soundfont, args.threads)
    files = find(args.file)
    folder = Folder(args.out, _settings(how))
    todo = [found for found in files if not folder.has(found)]
    # A byte of MIDI takes a thousand times as long as one of sound: only when all kinds come mixed
    # does what is done tell how long the rest will take.
    random.Random(0).shuffle(todo)
    if len(todo) < len(files):
        tell(f"{len(files) - len(todo)} of {len(files)} files are done already")
    failed: dict[str, str] = {}
    stopped: BaseException | None = None
    try:
        _hear(todo, how, args, folder, failed)
    except BaseException as error:
        stopped = error
        raise
    finally:
        rows = folder.sum_up(files, failed)
        where = printable(args.out)
        if stopped is None:
            tell(f"{rows} of {len(files)} files heard: {where}/{TABLE}")
        elif rows or failed or isinstance(stopped, KeyboardInterrupt):  # else only why
            broken = f", {len(failed)} failed" if failed else ""
            tell(
                f"stopped after {rows} of {len(files)} files{broken}; the same command goes on "
                "from here"
            )
    if failed:
        which = "1 file" if len(failed) == 1 else f"{len(failed)} files"
        raise UserError(f"{which} failed: {where}/{FAILED} says why; mend or remove what did")
    return 0


def _hear(
    todo: Sequence[Found], how: How, args: Namespace, folder: Folder, failed: dict[str, str]
) -> None:
    if not todo:
        return
    if args.dask is not None:
        outcomes = cluster(todo, how, args.dask)
    else:
        outcomes = processes(todo, how, min(args.jobs or cores(), len(todo)))
    progressed = Progress(len(todo), sum(found.size for found in todo))
    with progressed as progress, closing(outcomes):  # type: ignore[type-var]  # in fact a generator
        for found, heard in outcomes:
            if heard.failure:
                failed[found.name] = heard.failure
            else:
                folder.keep(found, heard.content)
            progress.step(found.size, failed=bool(heard.failure))


def _settings(how: How) -> dict[str, Any]:
    """What results depend on; loads the models once, so that a bad request is told once.

    Those for sound and for MIDI, whatever there is today: files of the other kind may be added.
    """
    streams: tuple[Literal["audio", "midi"], ...] = ("midi", "audio")
    used = {
        model.manifest.name: model.manifest.sha256
        for stream in streams
        for model in choose(stream, task=how.task, models=how.models, threads=how.threads)
    }
    settings = asdict(how)
    del settings["threads"]  # the same results, sooner or later
    return {"version": __version__, **settings, "models": used}
