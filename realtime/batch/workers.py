"""Who hears the files: processes of this machine, or a Dask cluster.

Both take files one by one, a few ahead of what they are working on, and give the outcomes as they
come, in any order. A worker that dies costs nothing but time: its files are heard again elsewhere,
and a file that kills whoever hears it is given up.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import islice

from realtime.batch.cluster import KilledError, each
from realtime.batch.hear import Heard, How, hear
from realtime.batch.tree import Found

AHEAD = 2
"""Files given to each worker: one to hear and one to go on with."""

KILLED = "killed the process that heard it, twice; perhaps it needs more memory than there is"

Outcomes = Iterator[tuple[Found, Heard]]


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes(files: Iterable[Found], how: How, jobs: int) -> Outcomes:
    """Hear files in processes of this machine.

    Args:
        files: What to hear.
        how: How to.
        jobs: Processes.
    """
    waiting = iter(files)
    while True:
        orphans: list[Found] = []
        yield from _hear_until_one_dies(waiting, how, jobs, orphans)
        if not orphans:
            return
        for found in orphans:  # alone, so that it is clear which one does it
            again: list[Found] = []
            yield from _hear_until_one_dies(iter([found]), how, 1, again)
            if again:
                yield found, Heard(failure=KILLED)


def _hear_until_one_dies(
    waiting: Iterator[Found], how: How, jobs: int, orphans: list[Found]
) -> Outcomes:
    """Hear files until there are no more, or a process dies; ``orphans`` then holds what it left.

    The processes are started afresh, not forked: TFLite's threads do not survive a fork.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, initializer=_begin)
    doing: dict[Future[Heard], Found] = {}
    try:
        while True:
            more = 0 if orphans else AHEAD * jobs - len(doing)
            for found in islice(waiting, more):
                try:
                    doing[pool.submit(hear, str(found.path), how)] = found
                except BrokenProcessPool:
                    orphans.append(found)
                    break
            if not doing:
                return
            for future in wait(doing, return_when=FIRST_COMPLETED).done:
                found = doing.pop(future)
                try:
                    yield found, future.result()
                except BrokenProcessPool:
                    orphans.append(found)
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """What a process does before it hears its first file."""
    # Ctrl-C reaches all processes of a terminal: only the first one decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What the workers would print is about files; the first process tells it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    threading.Thread(target=_end_with_the_first, daemon=True).start()


def _end_with_the_first() -> None:
    """End when the first process is killed: the pool would have this one wait for it for ever."""
    first = multiprocessing.parent_process()
    if first is not None:
        first.join()
        os._exit(1)


def cluster(files: Iterable[Found], how: How, address: str) -> Outcomes:
    """Hear files on a Dask cluster, whose workers have this package and see the same paths.

    Args:
        files: What to hear.
        how: How to.
        address: Of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises:
        UserError: See ``realtime.batch.cluster.each``.
    """
    for outcome in each(partial(_hear, how=how), files, address):
        if isinstance(outcome.error, KilledError):
            yield outcome.thing, Heard(failure=KILLED)
        elif outcome.error is not None:
            what = f"{type(outcome.error).__name__}: {outcome.error}"
            yield outcome.thing, Heard(failure=f"the worker cannot hear it: {what}")
        elif outcome.result is not None:
            yield outcome.thing, outcome.result


def _hear(found: Found, how: How) -> Heard:
    return hear(str(found.path), how)
